"""B1: 1,216 × 2,432 dense, pair criteria only: proved optimal, against OR-Tools' own flow call on the same arcs."""

import time

import numpy as np
import pytest
from ortools.graph.python import min_cost_flow

from matching import LevelName, Policy, solve
from matching.build import build
from tests.benchmarks.instances import tongren_size
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


@pytest.mark.bench
def test_pair_criteria_at_tongren_size_cost_about_as_much_as_one_flow_call():
    changes = {"teamObjective": "SEPARABLE", "geography": {}, "priority": {"villageCondition": {}, "targetPost": {}}}
    world, rules = tongren_size(1, **changes, slots=[{"code": "MENTOR"}], poolScope=["COUNTY"])
    assert isinstance(rules, Policy)
    problem = build(world, rules)
    started = time.perf_counter()
    peers = [flow_call(component) for component in problem.components]
    peer_s = time.perf_counter() - started
    result = solve(world, rules, problem=problem)
    ratio = result.runtime_s / peer_s
    n_arcs = problem.n_arcs
    print(f"\nB1: {n_arcs} arcs, front door {result.runtime_s:.2f} s, flow call {peer_s:.2f} s, ratio {ratio:.2f}")  # noqa: T201
    levels = levels_of(result)
    assert levels[LevelName.SEATS_FILLED] == sum(filled for filled, _ in peers)
    assert levels[LevelName.SCORE] == sum(score for _, score in peers)
    assert all(level.gap == 0 for level in result.levels)
