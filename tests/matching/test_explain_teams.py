"""Explanations under team terms: intervals contain the truth, integer levels are exact, chains are real plans."""

import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching import Exclusion, Hindrance, Pin, PinConflictError, Policy, explainer_of_result, solve
from matching.explain import team_tools
from matching.generate import Shape, with_pins
from matching.policy import TONGREN_TEAMS
from matching.restated import broken_rules
from matching.solution import LevelName
from matching.verify import verify
from matching.vocabulary import ReasonCode
from tests.matching.factories import B, facts, links, mentee, mentor
from tests.matching.oracles import levels_of
from tests.matching.test_explain_pairs import after, pinned_too, with_random_pins, worse
from tests.matching.test_teams_solver import case

SEEDS = st.integers(0, 10**6)
QUICK = settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
SMALL = Shape(n_mentees=5, n_mentors=9, n_townships=2, second_record_share=0.2)


def check_alternative(world, rules, result, alternative, leaver=None) -> bool:
    """Check an alternative against a solve to optimality with the pair pinned; return whether the score decides.

    The price of an alternative for a seat is that of the pair without the seat's mentor, who is excluded then.
    """
    seat = alternative.seat
    pinned = pinned_too(world, seat.mentee_id, None, seat.mentor_id)
    forced_world = pinned
    if leaver is not None:
        persons = {person.id: person.person_id for person in (*world.mentees, *world.mentors)}
        out = Exclusion(mentee_person=persons[seat.mentee_id], mentor_person=persons[leaver], is_complaint=False)
        forced_world = replace(pinned, exclusions=(*world.exclusions, out))
    forced = solve(forced_world, rules)
    truth = worse(levels_of(result), levels_of(forced))
    has_fairness = LevelName.FAIRNESS in truth
    exact = (*result.levels, *forced.levels) if not has_fairness else ()
    assert all(level.gap == 0 for level in exact if level.name is not LevelName.LOAD)
    bounds = {level.name: level.bound for level in result.levels}, {level.name: level.bound for level in forced.levels}
    for price in alternative.prices:
        if price.name not in (LevelName.FAIRNESS, LevelName.SCORE):
            assert (price.low, price.high) == (truth[price.name], truth[price.name])
            continue
        if any(truth[p.name] for p in alternative.prices[: alternative.prices.index(price)]):
            break  # an earlier level decides
        assert price.low is not None
        assert price.high is not None
        # Both solves prove an interval; it is one number wherever the levels are closed.
        assert price.low <= bounds[0][price.name] - levels_of(forced)[price.name]
        assert levels_of(result)[price.name] - bounds[1][price.name] <= price.high
        if (
            bounds[0][price.name] != levels_of(result)[price.name]
            or bounds[1][price.name] != levels_of(forced)[price.name]
        ):
            break  # later levels were compared among different plans
    plan = after(links(result), alternative)
    assert verify(pinned, rules, plan) == ()
    attained = solve(with_pins(world, plan), rules)
    assert sorted(links(attained)) == sorted(plan)
    assert dict(alternative.change) == worse(levels_of(result), levels_of(attained))
    team = next(team for team in attained.teams if team.mentee_id == seat.mentee_id)
    assert alternative.team == team
    return alternative.prices[-1].name is LevelName.SCORE


def check_seats(seed: int, fairness: str = "NONE") -> int:
    draw = random.Random(seed)
    world, rules = case(seed, SMALL)
    rules = Policy.from_json({**rules.to_json(), "fairness": {"mode": fairness}})
    world = with_random_pins(draw, world, rules)
    result = solve(world, rules)
    context = explainer_of_result(world, rules, result)
    mentees = sorted({seat.mentee_id for seat in result.seats} | {empty.mentee_id for empty in result.shortfalls})
    n_scored = 0
    for mentee_id in draw.sample(mentees, min(2, len(mentees))):
        for slot in rules.slot_codes:
            answer = context.explain_seat(mentee_id, slot)
            assert (answer.seat is None) != (answer.shortfall is None)
            assert sum(part.points for part in answer.team.contributions) == answer.team.score
            for alternative in answer.alternatives[:2]:
                leaver = None if answer.seat is None else answer.seat.mentor_id
                n_scored += check_alternative(world, rules, result, alternative, leaver)
                if answer.seat is not None:
                    team = {m for c, _, m in after(links(result), alternative) if c == mentee_id}
                    assert answer.seat.mentor_id not in team
    return n_scored


@QUICK
@given(SEEDS)
def test_the_interval_contains_the_price_of_a_solve_to_optimality(seed):
    check_seats(seed)


def test_large_components_without_a_relaxation_are_priced_soundly_by_prices_alone(monkeypatch):
    monkeypatch.setattr(team_tools, "MOST_RELAXED", 0)
    assert sum(check_seats(seed) for seed in (0, 1, 2)) >= 4


def test_many_cases_are_decided_by_the_score():
    assert sum(check_seats(seed) for seed in (0, 1, 2)) >= 4


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1040))
def test_the_interval_contains_the_truth_in_many_cases(seed):
    check_seats(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2000, 2020))
def test_the_interval_contains_the_truth_in_many_cases_with_max_min_fairness(seed):
    check_seats(seed, "MAXMIN")


@pytest.mark.parametrize("seed", [2, 5, 7])
def test_with_max_min_fairness_the_interval_contains_the_truth(seed):
    check_seats(seed, "MAXMIN")


@QUICK
@given(SEEDS)
def test_why_not_names_the_rules_or_the_price_or_the_pins(seed):
    draw = random.Random(seed)
    world, rules = case(seed, SMALL)
    world = with_random_pins(draw, world, rules)
    result = solve(world, rules)
    context = explainer_of_result(world, rules, result)
    pairs = {(mentee_id, mentor_id) for mentee_id, _, mentor_id in links(result)}
    excluded = {item.mentee_id for item in result.excluded}
    for _ in range(3):
        one, other = draw.choice(world.mentees), draw.choice(world.mentors)
        if one.id in excluded:
            continue
        answer = context.why_not(one.id, other.id)
        if (one.id, other.id) in pairs:
            assert answer.paired_slot is not None
            continue
        for item in answer.rules:
            assert item.reasons == broken_rules(one, item.slot, other, world, rules)
        assert (answer.alternative is None) == bool(answer.rules[0].reasons or answer.hindrance)
        if answer.hindrance is not None:
            with pytest.raises(PinConflictError):
                solve(pinned_too(world, one.id, None, other.id), rules)
        if answer.alternative is not None:
            check_alternative(world, rules, result, answer.alternative)


@QUICK
@given(SEEDS)
def test_a_mentor_without_mentees_is_offered_a_real_use(seed):
    world, rules = case(seed, SMALL)
    result = solve(world, rules)
    context = explainer_of_result(world, rules, result)
    used = {seat.mentor_id for seat in result.seats}
    for other in [m for m in world.mentors if m.id not in used][:2]:
        answer = context.explain_mentor(other.id)
        assert answer.served == ()
        if answer.best is not None:
            assert answer.best.seat.mentor_id == other.id
            check_alternative(world, rules, result, answer.best)
        elif answer.n_admissible:
            assert answer.hindrance is not None


def test_rank_counts_the_teams_with_the_rest_as_it_is():
    world = facts([mentee()], [mentor(f"m{n}", grassroots_months=24 * n) for n in (2, 3, 4)])
    result = solve(world, TONGREN_TEAMS)
    context = explainer_of_result(world, TONGREN_TEAMS, result)
    assert {seat.mentor_id for seat in result.seats} == {"m3", "m4"}
    for seat in result.seats:
        answer = context.explain_seat(seat.mentee_id, seat.slot)
        assert (answer.rank, answer.n_eligible) == (1, 2)
        (alternative,) = answer.alternatives
        assert alternative.seat.mentor_id == "m2"
        assert alternative.chain == ()
        assert alternative.team is not None
        assert answer.team is not None
        assert dict(alternative.change)[LevelName.SCORE] == answer.team.score - alternative.team.score


def test_a_pair_that_breaks_a_team_rule_beside_a_pinned_mentor_names_the_rule():
    away = {"anchors": (B,), "pool_township": B}
    world = facts([mentee()], [mentor("m1", **away), mentor("m2", **away), mentor("m3")])
    world = replace(world, pins=(Pin(id="p1", mentee_id="c1", mentor_id="m1"),))
    context = explainer_of_result(world, TONGREN_TEAMS, solve(world, TONGREN_TEAMS))
    answer = context.why_not("c1", "m2")
    assert answer.hindrance is Hindrance.PINS
    assert answer.team_rules == (ReasonCode.TOWNSHIP_RULE,)


def test_a_pair_that_costs_a_seat_says_so_exactly():
    away = {"anchors": (B,), "pool_township": B}
    world = facts([mentee()], [mentor("m1"), mentor("m2", **away), mentor("m3", **away, active_load=1)])
    world = replace(world, mentees=(*world.mentees, mentee("c2")))
    result = solve(world, TONGREN_TEAMS)
    answer = explainer_of_result(world, TONGREN_TEAMS, result)
    owner = {seat.mentor_id: seat.mentee_id for seat in result.seats}
    other = "c2" if owner["m1"] == "c1" else "c1"
    alternative = answer.why_not(other, "m1").alternative
    assert alternative is not None
    check_alternative(world, TONGREN_TEAMS, result, alternative)
