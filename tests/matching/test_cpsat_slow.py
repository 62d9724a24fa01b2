"""Thousands of generated cases of every shape against dynamic programming: for CP-SAT, and for the team solver."""

from dataclasses import replace

import pytest

from matching import Policy, solve
from matching.build import build
from matching.generate import Shape, generate_facts
from matching.policy_options import FairnessMode
from matching.solution import LevelName, Solution
from matching.solvers.choice import find_team_obstacle
from matching.solvers.cpsat import solve as cpsat
from matching.solvers.teams import solve as teams
from matching.verify import verify
from tests.matching import test_teams_solver
from tests.matching.cases_cpsat import SMALL, pinned_case, shape_case
from tests.matching.factories import links
from tests.matching.oracle_teams import VACUOUS, best_vector, check_bounds, vector
from tests.matching.test_cpsat import links_of

pytestmark = pytest.mark.slow

MEDIUM = Shape(n_mentees=4, n_mentors=6, n_townships=2, second_record_share=0.2)
LARGE = Shape(n_mentees=7, n_mentors=12, max_capacity=None, second_record_share=0.0)


def check_cp_sat(seed: int, world, rules: Policy) -> None:
    """Assert that every level of CP-SAT's plan is that of dynamic programming and proved."""
    problem = build(world, rules)
    chosen, bounds = cpsat.solve_components(problem, seed=seed)
    assert vector(problem, chosen) == best_vector(problem), seed
    assert bounds == Solution(chosen=chosen).objective(problem), seed
    assert verify(world, rules, links_of(problem, chosen)) == (), seed


@pytest.mark.parametrize("block", range(25))
def test_small_cases_of_every_shape_are_proved_optimal_by_cp_sat(block):
    for seed in range(10_000 + 100 * block, 10_000 + 100 * block + 100):
        world, rules = shape_case(seed, SMALL)
        plan = links(solve(world, rules, seed=seed)) if seed % 4 == 0 else []
        check_cp_sat(seed, pinned_case(seed, world, plan) if plan else world, rules)


@pytest.mark.parametrize("block", range(5))
def test_cases_of_four_by_eight_are_proved_optimal_by_cp_sat(block):
    for seed in range(40 * block, 40 * block + 40):
        check_cp_sat(seed, *shape_case(20_000 + seed, MEDIUM, n_seats=1 + seed % 2, loadCap=2))


def single_capacity_case(seed: int, fairness: str):
    """Return 7 × 12 with capacity 1 and all team terms: what subsets of mentors can be enumerated for."""
    rules = test_teams_solver.case(seed)[1].to_json()
    rules = Policy.from_json({**rules, "loadCap": 1, "fairness": {"mode": fairness}})
    world = generate_facts(seed, LARGE, slots=rules.slot_codes)
    return replace(world, mentors=tuple(replace(m, active_load=0) for m in world.mentors)), rules


@pytest.mark.parametrize("block", range(4))
def test_cases_of_seven_by_twelve_are_proved_optimal_by_cp_sat(block):
    for seed in range(15 * block, 15 * block + 15):
        check_cp_sat(seed, *single_capacity_case(seed, ("NONE", "MAXMIN", "WORST_TENTH")[seed % 3]))


def check_teams(seed: int, world, rules: Policy) -> None:
    """Assert that the team solver attains every level down to the score, and that no bound is crossed."""
    problem = build(world, rules)
    assert find_team_obstacle(problem) is None
    chosen, bounds = teams.solve_components(problem, seed=seed)
    truth = best_vector(problem)
    found = vector(problem, chosen)
    names = [name for name in LevelName if name in Solution(chosen=chosen).objective(problem)]
    upto = names.index(LevelName.SCORE)
    assert found[:upto] == truth[:upto], seed
    assert found[upto] <= truth[upto] <= bounds[LevelName.SCORE], seed
    if VACUOUS not in truth:
        given = {**Solution(chosen=chosen).objective(problem), **bounds}
        check_bounds(problem, {name: given[name] for name in names[: upto + 1]}, truth[: upto + 1])
    assert verify(world, rules, links_of(problem, chosen)) == (), seed


FAIR = sorted(str(mode) for mode in FairnessMode)


@pytest.mark.parametrize("block", range(20))
def test_small_cases_are_solved_by_the_team_solver(block):
    for seed in range(100 * block, 100 * block + 100):
        world, rules = test_teams_solver.case(30_000 + seed, SMALL)
        check_teams(seed, world, Policy.from_json({**rules.to_json(), "fairness": {"mode": FAIR[seed % len(FAIR)]}}))


@pytest.mark.parametrize("block", range(4))
def test_cases_of_seven_by_twelve_are_solved_by_the_team_solver(block):
    for seed in range(15 * block, 15 * block + 15):
        check_teams(seed, *single_capacity_case(1000 + seed, FAIR[seed % len(FAIR)]))


def test_both_fairness_levels_occur_among_the_cases():
    drawn = {build(*shape_case(seed, SMALL)).fairness for seed in range(40)}
    assert drawn == set(FairnessMode)
