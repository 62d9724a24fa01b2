"""B1: 1,216 × 2,432 dense, pair criteria only: proved optimal, against OR-Tools' own flow call on the same arcs."""

import time
from dataclasses import replace

import numpy as np
import pytest
from ortools.graph.python import min_cost_flow

from matching import LevelName, solve
from matching.build import build
from matching.solvers import flow
from tests.benchmarks.instances import N_MENTEES, tongren_size
from tests.matching.oracles import levels_of


def flow_call(component) -> tuple[int, int]:
    """Return seats filled and score by one call of the min-cost flow solver on all arcs of a component."""
    n, k, n_persons = len(component.mentees), component.n_seats, len(component.persons)
    seat = component.arc_mentee.astype(np.int64) * k + component.arc_seat
    person = n * k + component.person_of_mentor[component.arc_mentor]
    sink = n * k + n_persons
    seats, persons = np.arange(n * k), n * k + np.arange(n_persons)
    solver = min_cost_flow.SimpleMinCostFlow()
    penalty = 10**9
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        np.concatenate((seat, persons, seats)).astype(np.int32),
        np.concatenate((person, np.full(n_persons + n * k, sink))).astype(np.int32),
        np.concatenate((np.ones(len(seat), dtype=np.int64), component.free_capacity, np.ones(n * k, dtype=np.int64))),
        np.concatenate((-component.arc_score, np.zeros(n_persons, dtype=np.int64), np.full(n * k, penalty))),
    )
    supply = np.concatenate((np.ones(n * k, dtype=np.int64), np.zeros(n_persons, dtype=np.int64), [-n * k]))
    solver.set_nodes_supplies(np.arange(sink + 1, dtype=np.int32), supply)
    assert solver.solve() == solver.OPTIMAL
    used = np.flatnonzero(np.asarray(solver.flows(arcs))[: len(seat)])
    return len(used), int(component.arc_score[used].sum())


PLAIN = {"teamObjective": "SEPARABLE", "geography": {}, "priority": {"villageCondition": {}, "targetPost": {}}}
ONE, TWO = [{"code": "MENTOR"}], [{"code": "FIRST"}, {"code": "SECOND"}]
GEOGRAPHY_ALONE = {"weights": {"geography": 1.0, "experience": 0.0, "preference": 0.0}}


@pytest.mark.bench
@pytest.mark.parametrize(
    ("n_counties", "slots", "options"),
    [(1, ONE, {}), (1, TWO, {}), (1, ONE, GEOGRAPHY_ALONE), (8, ONE, {}), (8, TWO, {})],
    ids=["one-county-one-seat", "one-county-two-seats", "one-county-many-ties", "eight-counties", "eight-two-seats"],
)
def test_pair_criteria_at_tongren_size_cost_about_as_much_as_one_flow_call(
    n_counties: int, slots: list[dict[str, str]], options: dict[str, object]
) -> None:
    world, rules = tongren_size(n_counties, **PLAIN, **options, slots=slots, poolScope=["COUNTY"])
    problem = build(world, rules)
    started = time.process_time()
    peers = [flow_call(component) for component in problem.components]
    peer_s = time.process_time() - started
    started = time.process_time()
    result = solve(world, rules, problem=problem)
    own_s = time.process_time() - started
    n_scores = len(np.unique(np.concatenate([component.arc_score for component in problem.components])))
    print(  # noqa: T201
        f"\nB1: {n_counties} counties, {len(slots)} seats, {problem.n_arcs} arcs, {n_scores} scores: front door "
        f"{own_s:.2f} s CPU ({result.runtime_s:.2f} s wall), flow call {peer_s:.2f} s CPU, ratio {own_s / peer_s:.2f}"
    )
    levels = levels_of(result)
    filled, score = sum(filled for filled, _ in peers), sum(score for _, score in peers)
    assert levels[LevelName.SEATS_FILLED] == filled
    if filled == result.metrics.n_seats:
        assert levels[LevelName.SCORE] == score
    else:  # the flow call knows no level between the fill and the score: mentees served
        assert levels[LevelName.SCORE] <= score
    assert levels[LevelName.MENTEES_SERVED] == N_MENTEES
    assert all(level.gap == 0 for level in result.levels)


@pytest.mark.bench
@pytest.mark.parametrize("n_counties", [1, 8])
def test_scores_without_any_structure_are_solved_as_soon(n_counties: int) -> None:
    world, rules = tongren_size(n_counties, **PLAIN, slots=ONE, poolScope=["COUNTY"])
    problem = build(world, rules)
    generator = np.random.default_rng(0)
    components = [
        replace(component, arc_score=generator.integers(0, 1_000_001, len(component.arc_score)))
        for component in problem.components
    ]
    started = time.process_time()
    peers = [flow_call(component) for component in components]
    peer_s = time.process_time() - started
    started = time.process_time()
    plans = [flow.solve_component(component, problem, seed=0) for component in components]
    own_s = time.process_time() - started
    print(  # noqa: T201
        f"\nB1: {n_counties} counties, uniform scores, {problem.n_arcs} arcs: solver {own_s:.2f} s CPU, "
        f"flow call {peer_s:.2f} s CPU, ratio {own_s / peer_s:.2f}"
    )
    used = [plan[plan >= 0] for plan in plans]
    assert sum(map(len, used)) == sum(filled for filled, _ in peers)
    own = sum(int(component.arc_score[arcs].sum()) for component, arcs in zip(components, used, strict=True))
    assert own == sum(score for _, score in peers)
