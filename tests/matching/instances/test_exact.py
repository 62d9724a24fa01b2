"""Every mode against brute force on tiny instances; bounds, permutation, repetition."""

from collections.abc import Iterator
from itertools import combinations, product
from math import ceil, isclose

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.errors import PinConflictError
from matching.instances import Fairness, Instance, InstanceResult, StoppedBy, solve_instance, worst
from matching.vocabulary import SolveStatus

COARSE = st.sampled_from([0.0, 0.25, 0.5, 1.0, -0.5])
FINE = st.integers(-(10**8), 10**9).map(lambda whole: whole / 3e9)


@st.composite
def instances(draw: st.DrawFn) -> tuple[Instance, tuple[tuple[int, int], ...]]:
    n, m = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    kind = draw(st.sampled_from([COARSE, COARSE, FINE]))
    instance = Instance.create(
        [[draw(kind) for _ in range(m)] for _ in range(n)],
        conflict=[[draw(st.sampled_from([0, 0, 0, 1])) for _ in range(m)] for _ in range(n)],
        demand=[draw(st.integers(0, 3)) for _ in range(n)],
        capacity=[draw(st.integers(0, 3)) for _ in range(m)],
    )
    pins = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, m - 1)), max_size=2))
    return instance, tuple(pins)


def all_plans(instance: Instance, pins: tuple[tuple[int, int], ...]) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Every plan within demands, capacities and conflicts that contains the pins."""
    choices = []
    for i in range(instance.n_people):
        able = [j for j in range(instance.n_servers) if not instance.conflict[i, j]]
        pinned = {j for person, j in pins if person == i}
        sizes = range(min(len(able), int(instance.demand[i])) + 1)
        choices.append([team for size in sizes for team in combinations(able, size) if pinned <= set(team)])
    for plan in product(*choices):
        load = np.bincount([j for team in plan for j in team], minlength=instance.n_servers)
        if (load <= instance.capacity).all():
            yield plan


def figures(instance: Instance, plan: tuple[tuple[int, ...], ...]) -> dict[str, float]:
    totals = [sum(float(instance.score[i, j]) for j in team) for i, team in enumerate(plan)]
    people = [i for i in range(instance.n_people) if instance.demand[i]]
    served = [totals[i] for i in people if len(plan[i]) == instance.demand[i]]
    ranked = sorted(totals[i] for i in people)
    return {
        "filled": sum(map(len, plan)),
        "sum": sum(totals),
        "min": min((totals[i] for i in people), default=0.0),
        "served": min(served, default=float("inf")),
        "worst": sum(ranked[: ceil(len(ranked) / 10)]),
    }


def plan_of(instance: Instance, result: InstanceResult) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(j for person, j in result.assignments if person == i) for i in range(instance.n_people))


def close(a: float, b: float) -> bool:
    return isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)


@pytest.mark.parametrize("fair", Fairness)
@settings(max_examples=120, deadline=None, derandomize=True)
@given(case=instances())
def test_every_mode_agrees_with_brute_force(fair: Fairness, case: tuple[Instance, tuple[tuple[int, int], ...]]) -> None:
    instance, pins = case
    if len(set(pins)) < len(pins) or not any(True for _ in all_plans(instance, pins)):
        with pytest.raises(PinConflictError, match=r"^pin \d+ \(\d,\d\)"):
            solve_instance(instance, fair=fair, pins=pins)
        return
    result = solve_instance(instance, fair=fair, pins=pins, time_limit_s=30)
    everything = [figures(instance, plan) for plan in all_plans(instance, pins)]
    most = max(found["filled"] for found in everything)
    best = [found for found in everything if found["filled"] == most]
    own = figures(instance, plan_of(instance, result))
    assert set(pins) <= set(result.assignments)
    assert own["filled"] == result.filled == most
    assert close(own["sum"], result.sum)
    assert close(own["min"], result.min)
    assert result.status is SolveStatus.OPTIMAL
    assert result.stopped_by is StoppedBy.OPTIMAL
    assert result.gap == 0.0
    if fair is Fairness.MAXMIN and result.fair_value is not None:
        level = max(found["served"] for found in best)
        assert own["served"] >= result.fair_value - 1e-9
        assert close(min(level, result.fair_bound), result.fair_value)
        best = [found for found in best if found["served"] >= result.fair_value - 1e-9]
        if result.filled == result.demand:
            assert result.min_gap == 0.0
    if fair is Fairness.WORST_TENTH and result.fair_value is not None:
        level = max(found["worst"] for found in best)
        assert close(level, result.fair_value)
        assert close(own["worst"], result.fair_value)
        best = [found for found in best if found["worst"] >= level - 1e-9]
    assert result.sum == pytest.approx(max(found["sum"] for found in best), abs=1e-9)
    assert result.bound >= max(found["sum"] for found in best) - 1e-9
    assert result.min_bound >= result.min


def random_instance(seed: int, n: int = 14, m: int = 9, *, decimals: int | None = 2) -> Instance:
    generator = np.random.default_rng(seed)
    score = generator.random((n, m))
    return Instance.create(
        score if decimals is None else score.round(decimals),
        conflict=generator.random((n, m)) < 0.15,
        demand=generator.integers(1, 4, n),
        capacity=generator.integers(2, 5, m),
    )


@pytest.mark.parametrize("fair", Fairness)
@pytest.mark.parametrize("seed", range(4))
def test_values_do_not_depend_on_the_order_of_people_and_servers(fair: Fairness, seed: int) -> None:
    instance = random_instance(seed)
    generator = np.random.default_rng(seed + 100)
    people, servers = generator.permutation(instance.n_people), generator.permutation(instance.n_servers)
    turned = Instance.create(
        instance.score[people][:, servers],
        conflict=instance.conflict[people][:, servers],
        demand=instance.demand[people],
        capacity=instance.capacity[servers],
    )
    one, other = solve_instance(instance, fair=fair), solve_instance(turned, fair=fair)
    assert one.status is other.status is SolveStatus.OPTIMAL
    assert (one.filled, one.sum, one.fair_value) == (other.filled, other.sum, other.fair_value)


@pytest.mark.parametrize("fair", Fairness)
def test_equal_seeds_give_equal_plans_and_other_seeds_equal_values(fair: Fairness) -> None:
    instance = random_instance(7, decimals=None)
    first, again = solve_instance(instance, fair=fair, seed=3), solve_instance(instance, fair=fair, seed=3)
    assert first.assignments == again.assignments
    other = solve_instance(instance, fair=fair, seed=4)
    assert (first.sum, first.fair_value, first.status) == (other.sum, other.fair_value, other.status)


@pytest.mark.parametrize("fair", Fairness)
def test_no_bound_is_crossed_by_another_mode(fair: Fairness) -> None:
    instance = random_instance(11, decimals=None)
    plain = solve_instance(instance)
    result = solve_instance(instance, fair=fair)
    assert result.filled == plain.filled
    assert result.sum <= plain.sum
    assert result.min <= plain.min_bound


def test_a_person_with_too_few_servers_is_a_shortfall() -> None:
    instance = Instance.create([[1.0, 1.0], [1.0, 1.0]], conflict=[[1, 1], [0, 0]], demand=[2, 1], capacity=[1, 1])
    for fair in Fairness:
        result = solve_instance(instance, fair=fair)
        assert (result.status, result.filled, result.demand, result.min) == (SolveStatus.OPTIMAL, 1, 3, 0.0)


def test_nothing_to_do_is_a_plan() -> None:
    empty = Instance.create(np.zeros((0, 0)), demand=[], capacity=[])
    nobody_asks = Instance.create([[1.0]], demand=[0], capacity=[1])
    for instance in (empty, nobody_asks):
        for fair in Fairness:
            result = solve_instance(instance, fair=fair)
            assert (result.status, result.sum, result.min, result.assignments) == (SolveStatus.OPTIMAL, 0.0, 0.0, ())


def test_scores_keep_their_digits() -> None:
    exact = solve_instance(Instance.create([[0.125, 3.5]], demand=[1], capacity=[1, 1]))
    decimal = solve_instance(Instance.create([[0.123, 3.7]], demand=[1], capacity=[1, 1]))
    fine = solve_instance(Instance.create([[1 / 3, 2 / 3]], demand=[1], capacity=[1, 1]))
    assert (exact.scale, exact.is_exact, decimal.scale, decimal.is_exact) == (8.0, True, 1000.0, True)
    assert not fine.is_exact
    assert fine.sum == pytest.approx(2 / 3, rel=1e-9)


def test_the_time_limit_returns_a_plan_with_its_bounds() -> None:
    result = solve_instance(random_instance(5, 60, 40, decimals=None), fair=Fairness.WORST_TENTH, time_limit_s=0.01)
    assert result.filled > 0
    assert result.bound >= result.sum
    assert result.stopped_by in (StoppedBy.OPTIMAL, StoppedBy.TIME)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(case=instances())
def test_the_worst_tenth_over_whole_teams_is_bounded(case: tuple[Instance, tuple[tuple[int, int], ...]]) -> None:
    instance, pins = case
    if len(set(pins)) < len(pins) or not any(True for _ in all_plans(instance, pins)):
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worst, "_FEW_PAIRS", -1)
        result = solve_instance(instance, fair=Fairness.WORST_TENTH, pins=pins, time_limit_s=30)
    everything = [figures(instance, plan) for plan in all_plans(instance, pins)]
    most = max(found["filled"] for found in everything)
    best = [found for found in everything if found["filled"] == most]
    own = figures(instance, plan_of(instance, result))
    assert set(pins) <= set(result.assignments)
    assert own["filled"] == result.filled == most
    assert close(own["sum"], result.sum)
    if result.fair_value is None:
        return
    assert close(own["worst"], result.fair_value)
    assert result.fair_bound >= max(found["worst"] for found in best) - 1e-9
    as_good = [found["sum"] for found in best if found["worst"] >= result.fair_value - 1e-12]
    assert result.bound >= max(as_good) - 1e-9


HARSH = {
    "nobody": ([], [], [1, 1], None),
    "no servers": ([[], []], [1, 2], [], None),
    "only conflicts": ([[1.0, 2.0], [3.0, 4.0]], [1, 2], [1, 1], [[1, 1], [1, 1]]),
    "demand 0": ([[1.0, 2.0], [3.0, 4.0]], [0, 0], [1, 1], None),
    "capacity 0": ([[1.0, 2.0], [3.0, 4.0]], [1, 2], [0, 0], None),
    "one row of conflicts": ([[1.0, 2.0], [3.0, 4.0]], [1, 2], [1, 1], [[1, 1], [0, 0]]),
    "ties": ([[0.5] * 4] * 5, [2] * 5, [1, 2, 3, 1], None),
    "negative": ([[-1.5, -2.25, -3.0], [-0.5, -4.0, -1.0]], [2, 1], [1, 1, 1], None),
    "huge": ([[1e200, 3e200], [2e200, 1e200]], [1, 1], [1, 1], None),
    "tiny": ([[1e-200, 3e-200], [2e-200, 1e-200]], [1, 1], [1, 1], None),
    "mixed": ([[1e12, 1e-12], [-1e12, 0.0]], [1, 1], [1, 1], None),
    "more than there is": ([[1.0, 2.0]], [2**31], [2**31, 2**31], None),
}


@pytest.mark.parametrize("fair", Fairness)
@pytest.mark.parametrize("name", HARSH)
def test_harsh_instances_end_with_a_plan_never_a_crash(name: str, fair: Fairness) -> None:
    score, demand, capacity, conflict = HARSH[name]
    array = np.array(score, dtype=np.float64).reshape(len(demand), len(capacity))
    instance = Instance.create(array, conflict=conflict, demand=demand, capacity=capacity)
    result = solve_instance(instance, fair=fair, time_limit_s=20)
    best = max(figures(instance, plan)["filled"] for plan in all_plans(instance, ()))
    assert (result.status, result.filled) == (SolveStatus.OPTIMAL, best)
    assert result.gap == 0.0


@pytest.mark.parametrize("fair", [Fairness.MAXMIN, Fairness.WORST_TENTH])
def test_pins_and_shortage_hold_over_whole_teams(fair: Fairness) -> None:
    generator = np.random.default_rng(5)
    conflict = generator.random((60, 70)) < 0.5
    pins = [(int(i), int(np.flatnonzero(~conflict[i])[i % 5])) for i in range(0, 60, 6)]
    pins = [pin for place, pin in enumerate(pins) if pin[1] not in {server for _, server in pins[:place]}]
    instance = Instance.create(
        generator.random((60, 70)), conflict=conflict, demand=np.full(60, 2), capacity=np.ones(70)
    )
    plain, result = (solve_instance(instance, fair=mode, pins=pins, time_limit_s=60) for mode in (Fairness.NONE, fair))
    again = solve_instance(instance, fair=fair, pins=pins, time_limit_s=60)
    assert set(pins) <= set(result.assignments)
    assert result.filled == plain.filled == 70 < result.demand
    assert result.fair_bound >= result.fair_value
    assert plain.sum >= result.bound >= result.sum
    assert result.assignments == again.assignments
