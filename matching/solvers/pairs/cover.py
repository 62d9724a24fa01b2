"""Integer search over teams of two by CP-SAT: one team per person, one worker, a fixed seed, deterministic steps.

Given prices, the worth of a plan is the bound minus the losses of its teams (how far each stays below the best one of
its person at these prices) minus the price of unused capacity. Losses are small numbers where scores are large ones,
so the search is exact without rounding. Teams whose loss exceeds the gap cannot be in a better plan.
"""

from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from matching.solvers.pairs.budget import Budget
from matching.solvers.pairs.columns import Generated
from matching.solvers.pairs.duos import Duos, Teams, Worth
from matching.solvers.pairs.model import I8, Bools

_STEPS = 4.0
_FEW, _MANY = 6, 60
"""A first search looks at about so many teams per person, each further one at ``_WIDER`` times as many; not above."""
_SMALL = 2_000
"""So many in all are always few enough."""
_MAX_SEARCHES = 4
_MOST = 60_000
"""CP-SAT is not asked to prove anything over more teams."""
_FIRST = 4_096
"""The first loss tried: the largest score divided by this."""
_WIDER = 4
_ALL_LOSSES = 2**56
"""More than any team can lose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """The best plan of a search over teams.

    Attributes
    ----------
    chosen
        ``None`` when none was found.
    bound
        No plan is worth more.
    is_impossible
        Proved: there is no plan.
    """

    chosen: Bools | None
    bound: int
    is_impossible: bool = False


def cover(
    duos: Duos,
    worth: Worth,
    relaxed: Generated,
    start: Bools | None,
    budget: Budget,
    *,
    seed: int,
    steps: float = _STEPS,
) -> Covered:
    """Return the best plan among the teams near the bound, proved where its gap excludes all others.

    Parameters
    ----------
    start
        A plan that keeps the rules, or ``None``.
    steps
        CP-SAT's deterministic time for each search.
    """
    assert relaxed.bound is not None
    bound, scale = relaxed.bound, relaxed.scale
    best = start
    value = None if start is None else plan_worth(duos, worth, start)
    few = _FEW
    for _ in range(_MAX_SEARCHES):
        if value is not None and scale * (value + 1) > bound:
            return Covered(chosen=best, bound=value)
        near = _near(duos, worth, relaxed, value, few * duos.n)
        if near is None:
            break
        loss, teams, losses = near
        found = _search(duos, relaxed, teams, losses, value, budget, seed, steps)
        if found.teams is not None:
            best = duos.plan_of(found.teams)
            value = plan_worth(duos, worth, best)
        if not found.is_complete:
            return Covered(chosen=best, bound=bound // scale)
        if loss >= _gap(relaxed, value):
            if value is None:
                return Covered(chosen=None, bound=bound // scale, is_impossible=True)
            return Covered(chosen=best, bound=value)
        few *= _WIDER
    budget.cut_by_steps = True
    return Covered(chosen=best, bound=bound // scale)


def _gap(relaxed: Generated, value: int | None) -> int:
    """Return the greatest loss of a plan that is better than a known one."""
    assert relaxed.bound is not None
    return _ALL_LOSSES if value is None else relaxed.bound - relaxed.scale * (value + 1)


def plan_worth(duos: Duos, worth: Worth, chosen: Bools) -> int:
    """Return what a plan counts."""
    return int(duos.worth(duos.of_plan(chosen), worth).sum())


def _near(duos: Duos, worth: Worth, relaxed: Generated, value: int | None, few: int) -> tuple[int, Teams, I8] | None:
    """Return the teams within some loss, at least ``few`` where that is possible, with their losses."""
    many = min(_MOST, max(_SMALL, _MANY * duos.n, _WIDER * few))
    limit = max(0, _gap(relaxed, value))
    loss = min(limit, duos.pairs.peak * relaxed.scale // _FIRST)
    kept: tuple[int, Teams, I8] | None = None
    while True:
        near = duos.near_best(worth, relaxed.prices, relaxed.scale, loss, many)
        if near is None:
            if kept is not None or not loss:
                return kept
            loss //= _WIDER
            continue
        kept = (loss, *near)
        if len(near[0]) >= few or loss >= limit:
            return kept
        loss = min(limit, max(1, loss * _WIDER))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    teams: Teams | None
    is_complete: bool


def _search(
    duos: Duos,
    relaxed: Generated,
    teams: Teams,
    losses: I8,
    value: int | None,
    budget: Budget,
    seed: int,
    steps: float,
) -> _Found:
    """Search the plans made of some teams; complete when it ended with the best of them, or with none better."""
    assert relaxed.bound is not None
    if budget.is_over:
        return _Found(teams=None, is_complete=False)
    model = cp_model.CpModel()
    x = [model.new_bool_var("") for _ in range(len(teams))]
    by_person: list[list[int]] = [[] for _ in range(duos.n)]
    by_server: list[list[tuple[int, int]]] = [[] for _ in range(duos.m + 1)]
    rows = zip(teams.person.tolist(), teams.first.tolist(), teams.second.tolist(), strict=True)
    for index, (person, first, second) in enumerate(rows):
        by_person[person].append(index)
        for server, units in ((first, 2),) if first == second else ((first, 1), (second, 1)):
            if server >= 0:
                by_server[server].append((index, units))
    for own in by_person:
        model.add_exactly_one([x[index] for index in own])
    cost = [(int(lost), x[index]) for index, lost in enumerate(losses.tolist()) if lost]
    for server, used in enumerate(by_server):
        units, price = int(duos.supply[server]), int(relaxed.prices[server])
        total = cp_model.LinearExpr.weighted_sum([x[index] for index, _ in used], [n for _, n in used])
        if price and units:
            idle = model.new_int_var(0, units, "")
            model.add(total + idle == units)
            cost.append((price, idle))
        elif units == 1 and all(n == 1 for _, n in used):
            model.add_at_most_one([x[index] for index, _ in used])
        elif used:
            model.add(total <= units)
    spent = cp_model.LinearExpr.weighted_sum([variable for _, variable in cost], [own for own, _ in cost])
    if value is not None:
        model.add(spent <= relaxed.bound - relaxed.scale * (value + 1))
    model.minimize(spent)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.linearization_level = 2
    solver.parameters.random_seed = seed % 2**31
    # In OR-Tools 9.15 the comparison of at-most-one rows with linear ones in presolve can lose optima.
    solver.parameters.presolve_inclusion_work_limit = 0
    solver.parameters.max_deterministic_time = steps
    solver.parameters.max_time_in_seconds = budget.left_s
    status = solver.solve(model)
    if status not in (cp_model.INFEASIBLE, cp_model.OPTIMAL) and not budget.is_over:
        budget.cut_by_steps = True
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return _Found(teams=None, is_complete=status == cp_model.INFEASIBLE)
    picked = np.array([solver.boolean_value(variable) for variable in x], dtype=bool)
    return _Found(teams=teams.at(picked), is_complete=status == cp_model.OPTIMAL)
