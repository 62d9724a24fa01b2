"""Fairness levels of the team solver against enumeration and dynamic programming, over several components."""

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching import LevelName, Policy, solve
from matching.build import build
from matching.generate import Shape, generate_facts
from matching.policy import TONGREN_TEAMS
from matching.problem import ProblemData
from matching.solution import Solution, n_worst
from matching.solvers.teams import fairness, listed, tenth
from matching.solvers.teams import solve as teams
from matching.solvers.teams.aim import with_floor
from matching.solvers.teams.columns import is_full, scored
from matching.solvers.teams.fairness import highest_floor
from matching.solvers.teams.solve import room_of
from matching.teams import team_scores
from matching.verify import verify
from matching.vocabulary import SolveStatus
from tests.matching.factories import links
from tests.matching.oracle_teams import best_vector, signed_levels
from tests.matching.oracles import all_plans, levels_of
from tests.matching.test_teams_solver import by_mentee, keeps_team_rules, key

SEEDS = st.integers(0, 10**6)
QUICK = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
FEW = Shape(n_counties=2, n_mentees=3, n_mentors=4, n_townships=2, second_record_share=0.3)
MANY = Shape(
    n_counties=7, n_mentees=2, n_mentors=5, n_townships=1, flaw_share=0.0, second_record_share=0.0, released_share=0.0
)
"""Up to fourteen mentees: the worst tenth are two of them, and they may come from two components."""


def case(seed: int, mode: str, shape: Shape):
    draw = random.Random(seed)
    changes = {
        "loadCap": draw.randint(1, 2),
        "poolScope": draw.choice([["COUNTY"], ["OWN_TOWNSHIP", "ZONE", "COUNTY"]]),
        "geography": {"minOneMentorSameTownship": draw.random() < 0.5, "sameVillageMentor": "ALLOW"},
        "stability": {"mode": draw.choice(["NONE", "KEEP_UNLESS_INVALID"])},
        "fairness": {"mode": mode},
        "menteeEligibility": {},
    }
    rules = Policy.from_json({**TONGREN_TEAMS.to_json(), **changes})
    return generate_facts(seed, shape, slots=rules.slot_codes), rules


def best_plans(problem: ProblemData) -> list[list[np.ndarray]]:
    """Return the scores of the teams of every plan that attains the levels before fairness, per component."""
    return [[scores for scores, _ in own] for own in scored_plans(problem)]


def scored_plans(problem: ProblemData) -> list[list[tuple[np.ndarray, np.ndarray]]]:
    """Return the same with whether the teams are full."""
    found = []
    for component in problem.components:
        own = replace(problem, components=(component,))
        by_levels: dict[tuple[int, ...], list[tuple[np.ndarray, np.ndarray]]] = {}
        for plan in all_plans(component, problem.slot_caps):
            chosen = np.full((len(component.mentees), component.n_seats), -1, dtype=np.int64)
            for arc in plan:
                chosen[component.arc_mentee[arc], component.arc_seat[arc]] = arc
            members = np.where(chosen >= 0, component.arc_mentor[chosen] if len(component.arc_mentor) else -1, -1)
            if keeps_team_rules(component, members.tolist()):
                levels = Solution(chosen=(chosen,)).objective(own)
                before = key({name: value for name, value in levels.items() if name in EARLIER})
                scores = team_scores(component.teams, problem.team_terms, np.arange(len(members)), members)
                by_levels.setdefault(before, []).append((scores, (members >= 0).all(axis=1)))
        found.append(by_levels[max(by_levels)])
    return found


EARLIER = frozenset(LevelName) - {LevelName.FAIRNESS, LevelName.SCORE, LevelName.LOAD}


def best_worst(plans: list[list[np.ndarray]], m: int) -> int:
    """Return the largest W: for every t that occurs, the components add up."""
    every = np.unique(np.concatenate([scores for own in plans for scores in own]))
    return max(m * t + sum(max(int(np.minimum(0, s - t).sum()) for s in own) for own in plans) for t in every.tolist())


def best_score(plans: list[list[np.ndarray]], m: int, worst: int) -> int:
    """Return the largest Σ score of the plans with at least this W, by merging what components lack and score."""
    found = -(10**12)
    for t in np.unique(np.concatenate([scores for own in plans for scores in own])).tolist():
        front = [(0, 0)]
        for own in plans:
            pairs = {(int(np.minimum(0, s - t).sum()), int(s.sum())) for s in own}
            front = undominated({(a + c, b + d) for a, b in front for c, d in undominated(pairs)})
        found = max([found] + [total for lacks, total in front if m * t + lacks >= worst])
    return found


def undominated(pairs: set[tuple[int, int]]) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for pair in sorted(pairs, reverse=True):
        if not kept or pair[1] > kept[-1][1]:
            kept.append(pair)
    return kept


@pytest.mark.parametrize("mode", ["MAXMIN", "WORST_TENTH"])
@QUICK
@given(seed=SEEDS)
def test_small_plans_are_fair_exactly(mode, seed):
    world, rules = case(seed, mode, FEW)
    problem = build(world, rules)
    result = solve(world, rules, seed=seed)
    assert result.solver == "teams"
    assert verify(world, rules, links(result)) == ()
    levels = levels_of(result)
    has_full = any(len(team) == 2 for team in by_mentee(result).values())
    found = signed_levels(problem, levels, has_full=has_full)
    truth = best_vector(problem, load=False)
    assert tuple(found[name] for name in LevelName if name in found and name is not LevelName.LOAD) == truth
    assert all(level.gap == 0 for level in result.levels if level.name is not LevelName.LOAD)


@QUICK
@given(SEEDS)
def test_the_worst_two_are_lifted_over_all_components_together(seed):
    world, rules = case(seed, "WORST_TENTH", MANY)
    problem = build(world, rules)
    m = n_worst(sum(len(component.mentees) for component in problem.components))
    plans = best_plans(problem)
    levels = levels_of(solve(world, rules, seed=seed))
    assert levels[LevelName.FAIRNESS] == best_worst(plans, m)
    assert levels[LevelName.SCORE] == best_score(plans, m, levels[LevelName.FAIRNESS])


@pytest.mark.slow
@settings(QUICK, max_examples=5)
@given(SEEDS)
def test_bounds_of_the_worst_tenth_hold_where_the_teams_count_as_many(seed):
    world, rules = case(seed, "WORST_TENTH", MANY)
    problem = build(world, rules)
    m = n_worst(sum(len(component.mentees) for component in problem.components))
    plans = best_plans(problem)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tenth, "FEW_TEAMS", 0)
        result = solve(world, rules, seed=seed)
    assert verify(world, rules, links(result)) == ()
    levels = {level.name: level for level in result.levels}
    worst, score = levels[LevelName.FAIRNESS], levels[LevelName.SCORE]
    assert worst.value <= best_worst(plans, m) <= worst.bound
    assert score.value <= best_score(plans, m, worst.value) <= score.bound


@QUICK
@given(SEEDS)
def test_max_min_floors_are_exact_when_shares_alone_do_not_decide(seed):
    world, rules = case(seed, "MAXMIN", FEW)
    problem = build(world, rules)
    for component, plans in zip(problem.components, scored_plans(problem), strict=True):
        room = room_of(component, problem)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fairness, "WINDOW", 2_000)
            found = highest_floor(room, None, fairness.HIGHEST, seed, 0)
        assert found.value == found.bound
        assert found.value == max(int(scores[full].min(initial=fairness.HIGHEST)) for scores, full in plans)


@pytest.mark.parametrize("most_listed", [0, 10**6])
@QUICK
@given(SEEDS)
def test_the_score_under_a_floor_is_exact_whether_the_teams_are_listed_or_priced(most_listed, seed):
    world, rules = case(seed, "MAXMIN", FEW)
    problem = build(world, rules)
    for component, plans in zip(problem.components, scored_plans(problem), strict=True):
        room = room_of(component, problem)
        floor = highest_floor(room, None, fairness.HIGHEST, seed, 0)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(teams, "FEW_TEAMS", -1)
            patch.setattr(listed, "MOST_CELLS", most_listed)
            *_, found = teams.stages(replace(room, aim=with_floor(floor.value)), seed=seed, start=floor.members)
        plan = scored(room, np.arange(room.n_mentees), found.members)
        assert (plan.score[is_full(plan.members)] >= floor.value).all()
        best = max(int(scores.sum()) for scores, full in plans if (scores[full] >= floor.value).all())
        assert found.value == found.bound == int(plan.score.sum()) == best


@pytest.mark.parametrize("mode", ["MAXMIN", "WORST_TENTH"])
def test_larger_plans_are_fair_within_their_bounds_whatever_the_order_of_people(mode):
    world, rules = case(4, mode, Shape(n_counties=2, n_mentees=14, n_mentors=26, released_share=0.1))
    draw = random.Random(1)
    turned = replace(
        world,
        mentees=tuple(draw.sample(world.mentees, k=len(world.mentees))),
        mentors=tuple(draw.sample(world.mentors, k=len(world.mentors))),
    )
    one, other = solve(world, rules, seed=3), solve(turned, rules, seed=3)
    assert one.seats == other.seats
    assert one.levels == other.levels
    assert verify(world, rules, links(one)) == ()
    levels = {level.name: level for level in one.levels}
    plain = Policy.from_json({**rules.to_json(), "fairness": {"mode": "NONE"}})
    blind = levels_of(solve(world, plain, seed=3))
    assert levels[LevelName.SCORE].value <= blind[LevelName.SCORE] * 1.001
    scores = sorted(team.score for team in one.teams)
    full = [team.score for team in one.teams if len(by_mentee(one).get(team.mentee_id, ())) == 2]
    attained = min(full) if mode == "MAXMIN" else sum(scores[: n_worst(len(scores))])
    assert levels[LevelName.FAIRNESS].value == attained
    assert one.status is SolveStatus.OPTIMAL
