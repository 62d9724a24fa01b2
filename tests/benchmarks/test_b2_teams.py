"""B2: 1,216 × 2,432, supply equal to demand, all team terms: a certified gap, soon."""

import time

import pytest

from matching import LevelName, solve
from matching.build import build
from matching.solvers.teams import solve as teams
from matching.verify import verify
from tests.benchmarks.instances import tongren_size
from tests.matching.factories import links
from tests.matching.oracles import levels_of


@pytest.mark.bench
def test_all_team_terms_at_tongren_size_reach_a_gap_of_half_a_per_cent():
    world, rules = tongren_size()
    problem = build(world, rules)
    for closes in (False, True):
        started = time.perf_counter()
        plans = [teams.solve_component(component, problem, seed=0, closes=closes) for component in problem.components]
        seconds = time.perf_counter() - started
        value, bound = sum(plan.value for plan in plans), sum(plan.bound for plan in plans)
        gap = (bound - value) / value
        print(f"\nB2 closes {closes}: value {value}, bound {bound}, gap {gap:.4%}, {seconds:.2f} s")  # noqa: T201
    assert gap <= 0.005


@pytest.mark.bench
def test_the_plan_of_all_team_terms_holds():
    world, rules = tongren_size()
    result = solve(world, rules)
    levels = {level.name: level for level in result.levels}
    print(f"\nB2 front door: {result.runtime_s:.2f} s, gap {levels[LevelName.SCORE].gap:.4%}, {result.stages}")  # noqa: T201
    assert verify(world, rules, links(result)) == ()
    assert levels[LevelName.SCORE].gap <= 0.005
    assert levels_of(result)[LevelName.SEATS_FILLED] == len(result.seats)
