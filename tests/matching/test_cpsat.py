"""The CP-SAT statement against every other solver and dynamic programming, on generated cases of all shapes."""

import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching import solve
from matching.build import build
from matching.generate import Shape, generate_facts
from matching.solution import LevelName, Solution
from matching.solvers import flow
from matching.solvers.choice import choose_solver, find_team_obstacle
from matching.solvers.cpsat import search
from matching.solvers.cpsat import solve as cpsat
from matching.solvers.teams import solve as teams
from matching.verify import verify
from matching.vocabulary import SolveStatus
from tests.matching import test_properties, test_teams_solver
from tests.matching.cases_cpsat import SMALL, pinned_case, shape_case
from tests.matching.factories import links
from tests.matching.oracle_teams import VACUOUS, best_vector, check_bounds, vector
from tests.matching.oracles import best_levels, levels_of, signed

SEEDS = st.integers(0, 10**6)
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


def check_optimal(seed: int, world, rules) -> None:
    """Solve by CP-SAT and compare every level, its bound included, with dynamic programming."""
    problem = build(world, rules)
    chosen, bounds = cpsat.solve_components(problem, seed=seed)
    assert vector(problem, chosen) == best_vector(problem)
    assert bounds == Solution(chosen=chosen).objective(problem)


@pytest.mark.parametrize("n_seats", [1, 2, 3])
@pytest.mark.parametrize("fairness", ["NONE", "MAXMIN", "WORST_TENTH"])
@pytest.mark.parametrize("weak", ["PENALISE", "FORBID"])
def test_every_level_of_whole_teams_is_that_of_dynamic_programming(n_seats, fairness, weak):
    for seed in range(8):
        options = {"fairness": {"mode": fairness, "weakTeams": weak}}
        check_optimal(seed, *shape_case(seed, n_seats=n_seats, objective="TEAMS", **options))


@pytest.mark.parametrize("n_seats", [1, 2, 3])
def test_every_level_of_pair_criteria_with_caps_and_budgets_is_that_of_dynamic_programming(n_seats):
    for seed in range(100, 112):
        check_optimal(seed, *shape_case(seed, n_seats=n_seats, objective="SEPARABLE"))


def test_a_change_budget_and_fairness_span_all_counties():
    shape = replace(SMALL, n_counties=2, n_mentees=2, n_mentors=3, published_share=0.9)
    for seed in range(8):
        stability = {"mode": "KEEP_UNLESS_INVALID", "maxChanges": seed % 3}
        check_optimal(seed, *shape_case(seed, shape, objective="TEAMS", stability=stability))


@QUICK
@given(SEEDS)
def test_flow_and_cp_sat_agree_on_every_level(seed):
    world, rules = test_properties.case(seed)
    problem = build(world, rules)
    plan = tuple(flow.solve_component(component, problem, seed=seed) for component in problem.components)
    chosen, bounds = cpsat.solve_components(problem, seed=seed)
    truth = Solution(chosen=plan).objective(problem)
    assert Solution(chosen=chosen).objective(problem) == truth == bounds


@QUICK
@given(SEEDS)
def test_enumeration_of_all_plans_agrees_on_pair_criteria(seed):
    world, rules = test_properties.case(seed, Shape(n_mentees=3, n_mentors=4, n_townships=2, second_record_share=0.4))
    problem = build(world, rules)
    chosen, _ = cpsat.solve_components(problem, seed=seed)
    assert signed(Solution(chosen=chosen).objective(problem)) == best_levels(problem)


@QUICK
@given(SEEDS)
def test_the_team_solver_and_cp_sat_agree_down_to_the_score(seed):
    world, rules = test_teams_solver.case(seed, Shape(n_mentees=4, n_mentors=7, n_townships=2))
    if seed % 2:
        rules = type(rules).from_json({**rules.to_json(), "fairness": {"mode": "MAXMIN"}})
    problem = build(world, rules)
    assert find_team_obstacle(problem) is None
    by_teams, limits = teams.solve_components(problem, seed=seed)
    chosen, bounds = cpsat.solve_components(problem, seed=seed)
    assert vector(problem, chosen, load=False) == vector(problem, by_teams, load=False)
    assert bounds[LevelName.LOAD] >= limits[LevelName.LOAD]


@QUICK
@given(SEEDS)
def test_a_plan_of_any_shape_breaks_no_rule_and_reports_what_it_is_worth(seed):
    world, rules = shape_case(seed, replace(SMALL, n_mentees=4, n_mentors=7))
    plan = links(solve(world, rules, seed=seed))
    world = pinned_case(seed, world, plan) if plan and seed % 2 else world
    result = solve(world, rules, seed=seed)
    assert verify(world, rules, links(result)) == ()
    levels = levels_of(result)
    assert levels[LevelName.PINS] == len(world.pins)
    assert levels[LevelName.SEATS_FILLED] == len(result.seats)
    score = sum(team.score for team in result.teams) if result.teams else sum(seat.score for seat in result.seats)
    assert levels[LevelName.SCORE] == score
    assert (result.solver, result.solver_reason) == choose_solver(build(world, rules)) or result.solver == "cpsat"
    if result.solver == "cpsat":
        assert result.status is SolveStatus.OPTIMAL


@QUICK
@given(SEEDS)
def test_the_order_and_the_names_of_people_do_not_change_the_optimum(seed):
    world, rules = shape_case(seed)
    draw = random.Random(seed)
    name = {person.id: f"x{draw.random()}" for person in (*world.mentees, *world.mentors)}

    def turned(people):
        return tuple(replace(p, id=name[p.id], code=name[p.id]) for p in draw.sample(people, len(people)))

    published = tuple((name[i], slot, name[m]) for i, slot, m in world.published)
    other = replace(world, mentees=turned(world.mentees), mentors=turned(world.mentors), published=published)
    one, two = build(world, rules), build(other, rules)
    plan, bounds = cpsat.solve_components(one, seed=1)
    again, limits = cpsat.solve_components(two, seed=2)
    assert vector(one, plan) == vector(two, again)
    assert bounds == limits


@QUICK
@given(SEEDS)
def test_one_more_mentor_never_lowers_the_levels(seed):
    world, rules = shape_case(seed)
    newcomer = replace(random.Random(seed).choice(world.mentors), id="new", person_id="new", code="ZZZ", active_load=0)
    before, after = build(world, rules), build(replace(world, mentors=(*world.mentors, newcomer)), rules)
    plan, _ = cpsat.solve_components(before, seed=seed)
    better, _ = cpsat.solve_components(after, seed=seed)
    assert vector(after, better) >= vector(before, plan)


def test_equal_seeds_give_equal_plans_however_people_are_listed():
    for seed in range(12):
        world, rules = shape_case(seed)
        turned = replace(world, mentees=world.mentees[::-1], mentors=world.mentors[::-1])
        one, _ = cpsat.solve_components(build(world, rules), seed=5)
        two, _ = cpsat.solve_components(build(turned, rules), seed=5)
        assert [own.tolist() for own in one] == [own.tolist() for own in two]


def test_the_ways_of_large_cases_lose_no_plan_and_cross_no_bound(monkeypatch):
    monkeypatch.setattr(search, "SMALL_ARCS", 0)
    for seed in range(200, 210):
        world, rules = shape_case(seed)
        problem = build(world, rules)
        chosen, bounds = cpsat.solve_components(problem, seed=seed)
        assert verify(world, rules, links_of(problem, chosen)) == ()
        truth = best_vector(problem)
        assert vector(problem, chosen) == truth
        check_bounds(problem, bounds, truth)


def links_of(problem, chosen) -> list[tuple[str, str, str]]:
    return [
        (component.mentees[row].id, problem.slots[seat], component.mentors[component.arc_mentor[own[row, seat]]].id)
        for component, own in zip(problem.components, chosen, strict=True)
        for row, seat in zip(*(own >= 0).nonzero(), strict=True)
    ]


def test_the_tenth_that_counts_grows_with_the_mentees():
    shape = Shape(n_mentees=14, n_mentors=6, n_townships=1, flaw_share=0.0, missing_share=0.0, max_capacity=None)
    world = generate_facts(4, shape)
    options = {"fairness": {"mode": "WORST_TENTH"}, "loadCap": 3, "loadTarget": 3, "slots": [{"code": "ONE"}]}
    _, rules = shape_case(4, n_seats=1, objective="TEAMS", **options)
    problem = build(world, rules)
    assert problem.n_mentees in range(11, 21)
    chosen, bounds = cpsat.solve_components(problem, seed=0)
    found = Solution(chosen=chosen).objective(problem)
    assert found == bounds
    scores = sorted(team.score for team in solve(world, rules).teams)
    assert found[LevelName.FAIRNESS] == sum(scores[:2])


def test_a_safety_net_of_no_time_still_returns_a_plan_that_holds():
    world, rules = shape_case(3, replace(SMALL, n_mentees=12, n_mentors=30), objective="TEAMS", n_seats=2)
    problem = build(world, rules)
    chosen, bounds = cpsat.solve_components(problem, seed=0, time_limit_s=0.0)
    assert verify(world, rules, links_of(problem, chosen)) == ()
    for name, value in Solution(chosen=chosen).objective(problem).items():
        assert name in bounds
        assert value != VACUOUS
