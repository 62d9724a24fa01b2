"""Objectives over whole teams: properties on generated facts, against enumeration and dynamic programming."""

import random
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching import InvalidPolicyError, Pin, PinConflictError, Policy, solve
from matching.build import build
from matching.generate import Shape, generate_facts, with_pins
from matching.policy import TONGREN_TEAMS
from matching.problem import Component, ProblemData
from matching.solution import MINIMISED, LevelName, Solution
from matching.teams import team_scores
from matching.verify import verify
from matching.vocabulary import ReasonCode, SolveStatus
from tests.matching.factories import B, facts, links, mentee, mentor
from tests.matching.oracles import all_plans, levels_of

SEEDS = st.integers(0, 10**6)
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


def case(seed: int, shape: Shape | None = None):
    draw = random.Random(seed)
    changes = {
        "loadCap": draw.randint(1, 3),
        "poolScope": draw.choice([["COUNTY"], ["OWN_TOWNSHIP", "ZONE", "COUNTY"]]),
        "geography": {
            "minOneMentorSameTownship": draw.random() < 0.7,
            "sameVillageMentor": draw.choice(["ALLOW", "AT_MOST_ONE"]),
        },
        "stability": {"mode": draw.choice(["NONE", "KEEP_UNLESS_INVALID"])},
        "experience": {"seniorityGapYears": draw.choice([0, 2]), "needWeight": draw.choice([0.35, 0.8])},
    }
    rules = Policy.from_json({**TONGREN_TEAMS.to_json(), **changes, "menteeEligibility": {}})
    shape = shape or Shape(n_counties=draw.randint(1, 2), n_mentees=draw.randint(1, 7), n_mentors=draw.randint(1, 12))
    return generate_facts(seed, shape, slots=rules.slot_codes), rules


def key(levels):
    """Return the levels down to the score as a tuple that is better the larger it is."""
    return tuple(-value if name in MINIMISED else value for name, value in levels.items() if name != LevelName.LOAD)


def keeps_team_rules(component: Component, members) -> bool:
    arrays = component.teams
    for row, team in enumerate(members):
        used = [m for m in team if m >= 0]
        if sum(arrays.is_away[row, m] for m in used) > arrays.most_away[row] + arrays.has_release[row]:
            return False
        if sum(arrays.is_of_village[row, m] for m in used) > arrays.most_of_village[row]:
            return False
    return True


def best_by_enumeration(problem: ProblemData) -> tuple[int, ...]:
    """Return the best levels down to the score over all plans."""
    total = None
    for component in problem.components:
        own = replace(problem, components=(component,))
        best = None
        for plan in all_plans(component, problem.slot_caps):
            chosen = np.full((len(component.mentees), component.n_seats), -1, dtype=np.int64)
            for arc in plan:
                chosen[component.arc_mentee[arc], component.arc_seat[arc]] = arc
            members = np.where(chosen >= 0, component.arc_mentor[chosen] if len(component.arc_mentor) else -1, -1)
            if not keeps_team_rules(component, members.tolist()):
                continue
            value = key(Solution(chosen=(chosen,)).objective(own))
            best = value if best is None or value > best else best
        total = best if total is None else tuple(map(sum, zip(total, best, strict=True)))
    return total or key(Solution(chosen=()).objective(problem))


def fairest_by_enumeration(problem: ProblemData) -> tuple[int, ...]:
    """Return the best levels down to the score under max-min fairness, over all plans of one component."""
    (component,) = problem.components
    best = None
    for plan in all_plans(component, problem.slot_caps):
        chosen = np.full((len(component.mentees), component.n_seats), -1, dtype=np.int64)
        for arc in plan:
            chosen[component.arc_mentee[arc], component.arc_seat[arc]] = arc
        members = np.where(chosen >= 0, component.arc_mentor[chosen] if len(component.arc_mentor) else -1, -1)
        if keeps_team_rules(component, members.tolist()):
            levels = Solution(chosen=(chosen,)).objective(problem)
            full = (chosen >= 0).all(axis=1).any()
            value = key({**levels, LevelName.FAIRNESS: levels[LevelName.FAIRNESS] if full else 10**9})
            best = value if best is None or value > best else best
    return best


def check_fair_case(seed: int) -> None:
    world, rules = case(seed, Shape(n_mentees=3, n_mentors=4, n_townships=2, second_record_share=0.3))
    rules = Policy.from_json({**rules.to_json(), "fairness": {"mode": "MAXMIN"}})
    problem = build(world, rules)
    if len(problem.components) != 1:
        return
    result = solve(world, rules, seed=seed)
    assert verify(world, rules, links(result)) == ()
    levels = levels_of(result)
    if not any(len(team) == 2 for team in by_mentee(result).values()):
        levels[LevelName.FAIRNESS] = 10**9
    assert key(levels) == fairest_by_enumeration(problem)
    assert all(level.gap == 0 for level in result.levels if level.name is not LevelName.LOAD)


def by_mentee(result) -> dict[str, list[str]]:
    teams: dict[str, list[str]] = {}
    for mentee_id, _, mentor_id in links(result):
        teams.setdefault(mentee_id, []).append(mentor_id)
    return teams


@pytest.mark.slow
@QUICK
@given(SEEDS)
def test_no_plan_has_a_higher_least_team_than_the_max_min_plan(seed):
    check_fair_case(seed)


def check_case(seed: int) -> None:
    world, rules = case(seed, Shape(n_mentees=3, n_mentors=4, n_townships=2, second_record_share=0.3))
    if seed % 3 == 0:
        world = with_pins(world, links(solve(world, rules))[-1:], named=seed % 2 == 0)
    result = solve(world, rules, seed=seed)
    assert verify(world, rules, links(result)) == ()
    assert key(levels_of(result)) == best_by_enumeration(build(world, rules))
    assert all(level.gap == 0 for level in result.levels if level.name is not LevelName.LOAD)


@QUICK
@given(SEEDS)
def test_enumeration_of_all_plans_finds_no_better_one(seed):
    check_case(seed)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_enumeration_of_2000_cases_finds_no_better_plan(block):
    for seed in range(10**6 + 100 * block, 10**6 + 100 * block + 100):
        check_case(seed)


@QUICK
@given(SEEDS)
def test_a_plan_of_teams_breaks_no_rule_and_reports_what_it_is_worth(seed):
    world, rules = case(seed)
    result = solve(world, rules, seed=seed)
    assert result.solver == "teams"
    assert verify(world, rules, links(result)) == ()
    levels = levels_of(result)
    assert levels[LevelName.SEATS_FILLED] == len(result.seats)
    assert levels[LevelName.SCORE] == sum(team.score for team in result.teams)
    released = sum(team.uses_release for team in result.teams)
    assert levels[LevelName.FALLBACKS] == released + sum(seat.tier + seat.is_released for seat in result.seats)
    assert all(sum(part.points for part in team.contributions) == team.score for team in result.teams)
    for team, figures in zip(result.teams, result.metrics.teams, strict=True):
        assert team.mentee_id == figures.mentee_id
        assert team.score / 10_000 == pytest.approx(figures.team_score, abs=1.1e-4)
    for level in result.levels:
        assert level.bound <= level.value if level.name in MINIMISED else level.bound >= level.value
    assert result.status is (SolveStatus.OPTIMAL if all(x.gap == 0 for x in result.levels) else SolveStatus.FEASIBLE)


@QUICK
@given(SEEDS)
def test_pins_are_kept_or_refused_by_name(seed):
    world, rules = case(seed)
    draw = random.Random(seed)
    plan = links(solve(world, rules))
    pinned = with_pins(world, draw.sample(plan, k=min(3, len(plan))), named=draw.random() < 0.5)
    elsewhere = rules.model_copy(update={"weights": rules.weights.model_copy(update={"geography": 0.0})})
    result = solve(pinned, elsewhere, seed=seed + 1)
    assert verify(pinned, elsewhere, links(result)) == ()
    assert levels_of(result)[LevelName.PINS] == len(pinned.pins)


@QUICK
@given(SEEDS)
def test_the_order_of_people_does_not_change_the_plan(seed):
    world, rules = case(seed)
    draw = random.Random(seed)
    turned = replace(
        world,
        mentees=tuple(draw.sample(world.mentees, k=len(world.mentees))),
        mentors=tuple(draw.sample(world.mentors, k=len(world.mentors))),
    )
    one, other = solve(world, rules, seed=7), solve(turned, rules, seed=7)
    assert one.seats == other.seats
    assert one.levels == other.levels


def best_score_by_subsets(component: Component, problem: ProblemData) -> tuple[int, int, int]:
    """Return (most seats, most mentees served, best score) by dynamic programming over sets of mentors."""
    n_mentors = len(component.mentors)
    free = [int(component.free_capacity[person]) > 0 for person in component.person_of_mentor]
    best: dict[int, tuple[int, int, int]] = {0: (0, 0, 0)}
    for row in range(len(component.mentees)):
        open_to = [[m for m in range(n_mentors) if free[m] and not component.blocked[row, s, m]] for s in range(2)]
        teams = [(a, b) for a in [-1, *open_to[0]] for b in [-1, *open_to[1]] if a != b or a < 0]
        teams = [team for team in teams if keeps_team_rules_of(component, row, team)]
        members = np.array(teams, dtype=np.int64).reshape(-1, 2)
        scores = team_scores(component.teams, problem.team_terms, np.full(len(teams), row), members).tolist()
        renewed: dict[int, tuple[int, int, int]] = {}
        for used, (filled, served, score) in best.items():
            for team, own in zip(teams, scores, strict=True):
                mask = sum(1 << m for m in team if m >= 0)
                if not used & mask:
                    value = (filled + mask.bit_count(), served + bool(mask), score + own)
                    if renewed.get(used | mask, (-1, 0, 0)) < value:
                        renewed[used | mask] = value
        best = renewed
    return max(best.values())


def keeps_team_rules_of(component: Component, row: int, team: tuple[int, int]) -> bool:
    arrays = component.teams
    used = [m for m in team if m >= 0]
    away = sum(bool(arrays.is_away[row, m]) for m in used)
    of_village = sum(bool(arrays.is_of_village[row, m]) for m in used)
    return away <= arrays.most_away[row] and of_village <= arrays.most_of_village[row]


def check_by_subsets(seed: int) -> None:
    rules = case(seed)[1].to_json()
    rules = {**rules, "loadCap": 1, "poolScope": ["COUNTY"], "stability": {"mode": "NONE"}}
    rules["priority"] = {"villageCondition": {}, "targetPost": {}}
    policy = Policy.from_json(rules)
    shape = Shape(n_mentees=7, n_mentors=12, max_capacity=None, second_record_share=0, released_share=0)
    world = generate_facts(seed, shape)
    world = replace(world, mentors=tuple(replace(m, active_load=0) for m in world.mentors))
    problem = build(world, policy)
    result = solve(world, policy, seed=seed)
    levels = {level.name: level for level in result.levels}
    truth = [best_score_by_subsets(component, problem) for component in problem.components]
    assert levels[LevelName.SEATS_FILLED].value == sum(filled for filled, _, _ in truth)
    assert levels[LevelName.MENTEES_SERVED].value == sum(served for _, served, _ in truth)
    assert levels[LevelName.SCORE].value <= sum(score for _, _, score in truth) <= levels[LevelName.SCORE].bound


@settings(QUICK, max_examples=15)
@given(SEEDS)
def test_dynamic_programming_over_mentors_finds_no_better_plan(seed):
    check_by_subsets(seed)


def test_another_process_makes_the_same_plan():
    code = (
        "from tests.matching.test_teams_solver import case, links\n"
        "from matching import solve\n"
        "from matching.generate import Shape\n"
        "world, rules = case(5, Shape(n_counties=2, n_mentees=25, n_mentors=45))\n"
        "print(links(solve(world, rules, seed=9)))\n"
    )
    world, rules = case(5, Shape(n_counties=2, n_mentees=25, n_mentors=45))
    here = str(links(solve(world, rules, seed=9)))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == here


def test_pins_that_a_team_rule_forbids_together_are_refused_by_name():
    away = {"anchors": (B,), "pool_township": B}
    world = facts([mentee()], [mentor("m1", **away), mentor("m2", **away), mentor("m3")])
    pins = (Pin(id="p1", mentee_id="c1", mentor_id="m1"), Pin(id="p2", mentee_id="c1", mentor_id="m2"))
    with pytest.raises(PinConflictError) as refusal:
        solve(replace(world, pins=pins), TONGREN_TEAMS)
    assert set(refusal.value.pins) <= {"p1", "p2"}
    assert refusal.value.pins


def test_the_last_free_seat_waits_for_a_mentor_of_the_township_and_says_so():
    away = {"anchors": (B,), "pool_township": B}
    result = solve(facts([mentee()], [mentor("m1", **away), mentor("m2", **away)]), TONGREN_TEAMS)
    assert len(result.seats) == 1
    reasons = dict(result.shortfalls[0].reasons)
    assert reasons[ReasonCode.TOWNSHIP_RULE] == 2
    assert ReasonCode.ALL_AT_CAPACITY not in reasons


def test_verification_finds_a_team_without_any_mentor_of_the_township():
    away = {"anchors": (B,), "pool_township": B}
    world = facts([mentee()], [mentor("m1", **away), mentor("m2", **away)])
    plan = [("c1", "TOWNSHIP_MENTOR", "m1"), ("c1", "VILLAGE_MENTOR", "m2")]
    assert [violation.reason for violation in verify(world, TONGREN_TEAMS, plan)] == [ReasonCode.TOWNSHIP_RULE]
    released = replace(world.mentees[0], released_rules=frozenset({"TOWNSHIP_RULE"}))
    assert verify(replace(world, mentees=(released,)), TONGREN_TEAMS, plan) == ()


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"slots": [{"code": "A"}, {"code": "B"}], "geography": {"minOneMentorSameTownship": True}}, "policy"),
        ({"slots": [{"code": "A"}, {"code": "B"}], "fairness": {"mode": "MAXMIN"}}, "policy"),
        ({"slots": [{"code": "A"}, {"code": "B"}], "fairness": {"weakTeams": "FORBID"}}, "policy"),
    ],
)
def test_team_options_without_team_objective_are_refused(options, path):
    with pytest.raises(InvalidPolicyError) as refusal:
        Policy.from_json(options)
    assert refusal.value.path == path


@pytest.mark.parametrize(
    ("slots", "solver"),
    [
        ([{"code": "A"}], "teams"),
        ([{"code": "A"}, {"code": "B"}, {"code": "C"}], "teams"),
        ([{"code": "A"}, {"code": "B", "cap": 1}], "cpsat"),
        ([{"code": "A"}, {"code": "B", "admitsSameVillage": False}], "cpsat"),
    ],
)
def test_the_shape_of_the_slots_chooses_the_solver_and_the_result_says_so(slots, solver):
    rules = Policy.from_json({"slots": slots, "teamObjective": "TEAMS", "menteeEligibility": {}})
    world = generate_facts(5, Shape(n_mentees=3, n_mentors=5, n_townships=2), slots=rules.slot_codes)
    result = solve(world, rules)
    assert result.solver == solver
    assert result.solver_reason
    assert verify(world, rules, links(result)) == ()
