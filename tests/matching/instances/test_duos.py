"""Pricing over whole teams against enumeration; the parts of a problem against the whole."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from matching.instances import Instance
from matching.instances.problem import scaled
from matching.solvers.pairs.budget import Budget
from matching.solvers.pairs.columns import generate, scale_of
from matching.solvers.pairs.cover import cover, plan_worth
from matching.solvers.pairs.duos import Duos, Teams, Worth
from matching.solvers.pairs.flow import greatest_sum, with_greatest_fill
from matching.solvers.pairs.model import Pairs
from matching.solvers.pairs.split import joined, split


def random_pairs(seed: int, n: int = 5, m: int = 6) -> Pairs:
    generator = np.random.default_rng(seed)
    instance = Instance.create(
        generator.integers(-3, 12, (n, m)),
        conflict=generator.random((n, m)) < 0.3,
        demand=generator.integers(0, 3, n),
        capacity=generator.integers(0, 3, m),
    )
    pairs = with_greatest_fill(scaled(instance, ()).pairs)
    return replace(pairs, base=generator.integers(-2, 3, n))


def every_team(duos: Duos) -> Teams:
    """All teams of everybody, by enumeration."""
    rows = []
    for person in range(duos.n):
        able = np.flatnonzero(duos.pairs.allowed[person]).tolist()
        void = [duos.m] if duos.n_void else []
        if duos.pairs.demand[person] == 2:
            rows += [(person, *team) for team in combinations(able + void, 2)]
            rows += [(person, duos.m, duos.m)] if void else []
        elif duos.pairs.demand[person] == 1:
            rows += [(person, -1, server) for server in able + void]
        else:
            rows.append((person, -1, -1))
    table = np.array(rows, dtype=np.int64)
    return Teams(person=table[:, 0], first=table[:, 1], second=table[:, 2])


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize(("weight_sum", "weight_short"), [(1, None), (0, None), (0, 1), (1, 3)])
def test_the_best_team_at_any_prices_is_the_best_of_all(seed: int, weight_sum: int, weight_short: int | None) -> None:
    duos = Duos(random_pairs(seed))
    generator = np.random.default_rng(seed + 1000)
    teams = every_team(duos)
    for _ in range(4):
        t = int(generator.integers(-4, 20))
        met_from = t - int(generator.integers(0, 4)) if weight_short else None
        worth = Worth(weight_sum=weight_sum, weight_short=weight_short, t=t, met_from=met_from)
        prices = generator.integers(0, 40, duos.m + 1)
        allowed = teams.at(duos.may_be(teams, worth))
        profit = duos.profits(allowed, worth, prices, 4)
        best, offered, gains = duos.price(worth, prices, 4, 3)
        for person in range(duos.n):
            own = profit[allowed.person == person]
            if len(own):
                assert best[person] == own.max()
            else:
                assert duos.has_none(best[person : person + 1])
        assert duos.profits(offered, worth, prices, 4).tolist() == gains.tolist()
        assert duos.may_be(offered, worth).all()
        if duos.has_none(best):
            continue
        near = duos.near_best(worth, prices, 4, 12, 10_000)
        assert near is not None
        within = allowed.at(profit >= best[allowed.person] - 12)
        assert _rows(near[0]) == _rows(within)


def _rows(teams: Teams) -> set[tuple[int, int, int]]:
    return set(zip(teams.person.tolist(), teams.first.tolist(), teams.second.tolist(), strict=True))


@pytest.mark.parametrize("seed", range(30))
def test_the_relaxation_bounds_and_the_search_finds_the_best_sum(seed: int) -> None:
    pairs = replace(random_pairs(seed), base=np.zeros(5, dtype=np.int64))
    duos, budget = Duos(pairs), Budget(time_limit_s=30)
    plan = greatest_sum(pairs).chosen
    own = duos.of_plan(plan)
    assert duos.plan_of(own).tolist() == plan.tolist()
    worth = Worth(weight_sum=1, t=-1000)
    relaxed = generate(duos, worth, own, None, budget)
    assert relaxed is not None
    assert relaxed.bound is not None
    assert relaxed.bound >= plan_worth(duos, worth, plan) * scale_of(duos)
    found = cover(duos, worth, relaxed, None, budget, seed=0)
    assert found.chosen is not None
    assert int(found.chosen.sum()) == pairs.n_units
    assert plan_worth(duos, worth, found.chosen) == found.bound == int(pairs.totals(plan).sum())


@pytest.mark.parametrize("seed", range(20))
def test_the_parts_of_a_problem_make_up_the_whole(seed: int) -> None:
    pairs = random_pairs(seed, 8, 9)
    county = np.random.default_rng(seed).integers(0, 3, 17)
    pairs = with_greatest_fill(replace(pairs, allowed=pairs.allowed & (county[:8, None] == county[None, 8:])))
    parts = split(pairs)
    assert sorted(row for part in parts for row in part.people.tolist()) == list(range(8))
    assert sum(part.pairs.n_units for part in parts) == pairs.n_units
    plans = [greatest_sum(part.pairs).chosen for part in parts]
    whole = joined(pairs, parts, plans)
    assert not (whole & ~pairs.allowed).any()
    assert int(pairs.totals(whole).sum()) == int(pairs.totals(greatest_sum(pairs).chosen).sum())
