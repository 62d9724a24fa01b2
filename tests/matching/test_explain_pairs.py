"""Explanations under separable policies: every price against a full solve with the pair pinned, every chain applied."""

import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching import (
    Hindrance,
    InvalidPolicyError,
    Pin,
    PinConflictError,
    PlanMismatchError,
    UnknownItemError,
    explainer_of_result,
    solve,
)
from matching.build import build
from matching.generate import Shape, generate_facts, teams_policy, with_pins
from matching.restated import broken_rules
from matching.rules import MenteeExclusion
from matching.solution import MINIMISED, LevelName
from matching.verify import verify
from matching.vocabulary import ReasonCode
from tests.matching.factories import A1, D1, OTHER_COUNTY, D, facts, links, mentee, mentor, policy, two_slots
from tests.matching.oracles import all_plans, levels_of, plan_levels, signed
from tests.matching.test_properties import case

SEEDS = st.integers(0, 10**6)
QUICK = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


def after(plan, alternative):
    """Return the links of the plan after an alternative and its chain."""
    seats = {(mentee_id, slot): mentor_id for mentee_id, slot, mentor_id in plan}
    asked = (alternative.seat.mentee_id, alternative.seat.slot)
    assert seats.get(asked) == alternative.leaves
    for move in alternative.chain:
        assert seats.get((move.mentee_id, move.slot)) == move.leaves
        assert move.leaves != move.gets
    seats.update({(move.mentee_id, move.slot): move.gets for move in alternative.chain})
    seats[asked] = alternative.seat.mentor_id
    return [(*place, mentor_id) for place, mentor_id in seats.items() if mentor_id is not None]


def pinned_too(world, mentee_id, slot, mentor_id):
    pin = Pin(id="asked", mentee_id=mentee_id, mentor_id=mentor_id, slot=slot)
    return replace(world, pins=(*world.pins, pin))


def worse(before, now):
    """Return by how much every level but the pins got worse."""
    return {
        name: now[name] - value if name in MINIMISED else value - now[name]
        for name, value in before.items()
        if name is not LevelName.PINS
    }


def check_price(world, rules, result, alternative) -> None:
    """Check an alternative against a full solve with the pair pinned, and its chain against all rules."""
    seat = alternative.seat
    forced = solve(pinned_too(world, seat.mentee_id, seat.slot, seat.mentor_id), rules)
    truth = worse(levels_of(result), levels_of(forced))
    assert {price.name: price.low for price in alternative.prices} == truth
    assert all(price.is_exact for price in alternative.prices)
    assert dict(alternative.change) == truth
    plan = after(links(result), alternative)
    assert verify(pinned_too(world, seat.mentee_id, seat.slot, seat.mentor_id), rules, plan) == ()
    # The chain attains exactly the stated objective: pin the whole plan and solve.
    attained = solve(with_pins(world, plan), rules)
    assert sorted(links(attained)) == sorted(plan)
    assert worse(levels_of(result), levels_of(attained)) == truth
    assert sum(part.points for part in seat.contributions) == seat.score


def with_random_pins(draw, world, rules):
    """Pin two random links of the best plan, so that the pins hold."""
    plan = links(solve(world, rules))
    return with_pins(world, draw.sample(plan, min(len(plan), draw.choice([0, 0, 2]))), named=draw.random() < 0.5)


def check_seats(seed: int) -> int:
    world, rules = case(seed)
    draw = random.Random(seed)
    world = with_random_pins(draw, world, rules)
    result = solve(world, rules)
    context = explainer_of_result(world, rules, result)
    mentees = sorted({seat.mentee_id for seat in result.seats} | {empty.mentee_id for empty in result.shortfalls})
    n_checked = 0
    for mentee_id in draw.sample(mentees, min(2, len(mentees))):
        for slot in rules.slot_codes:
            answer = context.explain_seat(mentee_id, slot)
            assert (answer.seat is None) != (answer.shortfall is None)
            assert answer.n_undecided == 0
            values = [tuple(price.low for price in a.prices) for a in answer.alternatives]
            assert values == sorted(values)
            for alternative in answer.alternatives[:2]:
                check_price(world, rules, result, alternative)
                n_checked += 1
    return n_checked


@QUICK
@given(SEEDS)
def test_the_price_of_an_alternative_is_that_of_a_full_solve_with_the_pair_pinned(seed):
    check_seats(seed)


def test_many_cases_have_alternatives_to_check():
    assert sum(check_seats(seed) for seed in range(12)) >= 12


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1150))
def test_prices_are_exact_in_many_cases(seed):
    check_seats(seed)


@QUICK
@given(SEEDS)
def test_why_not_names_the_rules_or_the_price_or_the_pins(seed):
    world, rules = case(seed)
    draw = random.Random(seed)
    world = with_random_pins(draw, world, rules)
    result = solve(world, rules)
    context = explainer_of_result(world, rules, result)
    for _ in range(4):
        one, other = draw.choice(world.mentees), draw.choice(world.mentors)
        slot = draw.choice(rules.slot_codes)
        answer = context.why_not(one.id, other.id, slot)
        excluded = {item.mentee_id: item.reason for item in result.excluded}
        assert answer.exclusion == excluded.get(one.id)
        if answer.exclusion is not None:
            continue
        if (one.id, slot, other.id) in links(result):
            assert answer.paired_slot == slot
            continue
        reasons = broken_rules(one, slot, other, world, rules)
        assert [(item.slot, item.reasons) for item in answer.rules] == [(slot, reasons)]
        assert (answer.alternative is None) == bool(reasons or answer.hindrance)
        if answer.hindrance is not None:
            with pytest.raises(PinConflictError):
                solve(pinned_too(world, one.id, slot, other.id), rules)
        if answer.alternative is not None:
            check_price(world, rules, result, answer.alternative)


@QUICK
@given(SEEDS)
def test_the_cheapest_use_of_a_mentor_without_mentees_is_the_cheapest_of_all_pairs(seed):
    world, rules = case(seed)
    result = solve(world, rules)
    context = explainer_of_result(world, rules, result)
    used = {seat.mentor_id for seat in result.seats}
    taking_part = {seat.mentee_id for seat in result.seats} | {empty.mentee_id for empty in result.shortfalls}
    idle = [mentor for mentor in world.mentors if mentor.id not in used]
    for person in idle[:3]:
        answer = context.explain_mentor(person.id)
        assert answer.served == ()
        by_person = {m.id: m.person_id for m in world.mentors}
        busy = {s.mentee_id for s in result.seats if by_person[s.mentor_id] == person.person_id}
        asked = [context.why_not(m.id, person.id) for m in world.mentees if m.id in taking_part - busy]
        prices = [tuple(p.low for p in a.alternative.prices) for a in asked if a.alternative is not None]
        found = None if answer.best is None else tuple(price.low for price in answer.best.prices)
        assert found == min(prices, default=None)
        assert answer.n_admissible == sum(any(not r.reasons for r in a.rules) for a in asked) + sum(
            any(not broken_rules(m, slot, person, world, rules) for slot in rules.slot_codes)
            for m in world.mentees
            if m.id in busy
        )


@QUICK
@given(SEEDS)
def test_ranks_and_reasons_of_seats_and_mentors_follow_from_the_scores(seed):
    world, rules = case(seed)
    result = solve(world, rules)
    context = explainer_of_result(world, rules, result)
    for seat in result.seats[:3]:
        answer = context.explain_seat(seat.mentee_id, seat.slot, n_alternatives=100)
        assert answer.seat == seat
        scores = [alternative.seat.score for alternative in answer.alternatives]
        if len(scores) == answer.n_eligible - 1:
            assert answer.rank == 1 + sum(score > seat.score for score in scores)
        shown = {part.term: part.points for part in seat.contributions}
        assert all(shown[reason.term] == reason.points and reason.lead > 0 for reason in answer.reasons)
        assert [reason.lead for reason in answer.reasons] == sorted((r.lead for r in answer.reasons), reverse=True)
        (served,) = [s for s in context.explain_mentor(seat.mentor_id).served if s.seat == seat]
        assert 1 <= served.rank <= context.explain_mentor(seat.mentor_id).n_admissible


def test_a_mentor_with_free_capacity_has_an_empty_chain_and_the_price_is_the_difference_of_scores():
    world = facts([mentee()], [mentor("m1", grassroots_months=120), mentor("m2", grassroots_months=60)])
    result = solve(world, policy())
    (alternative,) = explainer_of_result(world, policy(), result).explain_seat("c1", "MENTOR").alternatives
    assert alternative.seat.mentor_id == "m2"
    assert alternative.leaves == "m1"
    assert alternative.chain == ()
    assert alternative.decisive is not None
    assert alternative.decisive.name is LevelName.SCORE
    assert alternative.decisive.low == result.seats[0].score - alternative.seat.score


def test_taking_the_only_mentor_of_another_mentee_is_priced_at_the_seat_it_empties():
    world = facts([mentee("c1"), mentee("c2")], [mentor("m1")])
    rules = policy(loadCap=1)
    result = solve(world, rules)
    (filled,) = result.seats
    other = "c2" if filled.mentee_id == "c1" else "c1"
    answer = explainer_of_result(world, rules, result).explain_seat(other, "MENTOR")
    assert answer.seat is None
    assert answer.shortfall is not None
    (alternative,) = answer.alternatives
    assert [(move.mentee_id, move.leaves, move.gets) for move in alternative.chain] == [(filled.mentee_id, "m1", None)]
    assert alternative.change[0] == (LevelName.SEATS_FILLED, 0)


def test_pins_are_never_traded():
    world = facts([mentee("c1"), mentee("c2")], [mentor("m1")], pins=(Pin(id="p", mentee_id="c1", mentor_id="m1"),))
    rules = policy(loadCap=1)
    context = explainer_of_result(world, rules, solve(world, rules))
    assert context.why_not("c2", "m1").hindrance is Hindrance.PINS
    assert context.explain_seat("c2", "MENTOR").alternatives == ()


def test_a_mentor_without_capacity_says_so():
    world = facts([mentee()], [mentor("m1", active_load=2), mentor("m2")])
    context = explainer_of_result(world, policy(), solve(world, policy()))
    assert context.why_not("c1", "m1").hindrance is Hindrance.NO_CAPACITY
    assert context.explain_mentor("m1").hindrance is Hindrance.NO_CAPACITY


def test_a_mentor_of_another_county_is_named_so_and_an_excluded_mentee_too():
    far = mentor("m2", county=OTHER_COUNTY, anchors=(D1,), pool_county=OTHER_COUNTY, pool_township=D)
    world = facts([mentee(), mentee("c2", is_in_pool=False)], [mentor("m1"), far])
    context = explainer_of_result(world, policy(), solve(world, policy()))
    assert context.why_not("c1", "m2").rules[0].reasons == (ReasonCode.CROSS_COUNTY,)
    assert context.why_not("c2", "m1").exclusion is MenteeExclusion.NOT_IN_POOL
    assert context.explain_mentor("m2").n_mentees == 0


def test_a_mentor_nobody_may_have_is_told_the_rules_by_count():
    world = facts([mentee("c1"), mentee("c2")], [mentor("m1"), mentor("m2", has_discipline_in_force=True)])
    answer = explainer_of_result(world, policy(), solve(world, policy())).explain_mentor("m2")
    assert (answer.n_mentees, answer.n_admissible) == (2, 0)
    assert answer.blocked == ((ReasonCode.DISCIPLINE, 2),)
    assert answer.best is None


def test_the_displaced_mentor_of_a_seat_may_take_the_other_one():
    rules = two_slots(loadCap=1)
    village = mentor("m2", anchors=(A1,))
    world = facts([mentee()], [mentor("m1"), mentor("m3", grassroots_months=60), village])
    result = solve(world, rules)
    context = explainer_of_result(world, rules, result)
    for first, slot in (("m1", "SECOND"), ("m3", "SECOND")):
        answer = context.why_not("c1", first, slot)
        if answer.alternative is not None:
            check_price(world, rules, result, answer.alternative)


def test_a_plan_that_is_not_the_best_is_refused():
    world = facts([mentee()], [mentor("m1", grassroots_months=120), mentor("m2", grassroots_months=60)])
    best = solve(world, policy())
    worse_plan = solve(with_pins(world, [("c1", "MENTOR", "m2")]), policy())
    edited = replace(best, seats=worse_plan.seats)
    with pytest.raises(PlanMismatchError, match="not the best"):
        explainer_of_result(world, policy(), edited).explain_seat("c1", "MENTOR")
    with pytest.raises(PlanMismatchError, match="other facts"):
        explainer_of_result(with_pins(world, [("c1", "MENTOR", "m2")]), policy(), best)


def test_questions_about_unknown_items_are_refused_by_name():
    context = explainer_of_result(facts(), policy(), solve(facts(), policy()))
    for question in (
        lambda: context.explain_seat("nobody", "MENTOR"),
        lambda: context.explain_seat("c1", "NO_SLOT"),
        lambda: context.why_not("c1", "nobody"),
        lambda: context.explain_mentor("nobody"),
    ):
        with pytest.raises(UnknownItemError):
            question()


def test_slot_caps_are_priced_as_by_enumeration_or_refused():
    rules = teams_policy(2, loadCap=3, slots=[{"code": "ONE", "cap": 1}, {"code": "TWO"}])
    n_priced = n_refused = 0
    for seed in range(12):
        world = generate_facts(seed, Shape(n_mentees=3, n_mentors=4, max_capacity=3, flaw_share=0.05))
        try:
            result = solve(world, rules)
        except InvalidPolicyError:
            continue
        (component,) = build(world, rules).components
        problem = build(world, rules)
        plans = list(all_plans(component, problem.slot_caps))
        context = explainer_of_result(world, rules, result)
        for arc in range(len(component.arc_mentor)):
            link = (component.mentees[component.arc_mentee[arc]].id, rules.slot_codes[component.arc_seat[arc]],
                    component.mentors[component.arc_mentor[arc]].id)  # fmt: skip
            if link in links(result):
                continue
            try:
                answer = context.why_not(link[0], link[2], link[1])
            except InvalidPolicyError:
                n_refused += 1
                continue
            forced = [signed(plan_levels(component, plan, problem)) for plan in plans if arc in plan]
            if answer.alternative is None:
                assert answer.hindrance is Hindrance.NO_CAPACITY
                assert not forced
                continue
            change = dict(answer.alternative.change)
            now = [value + (1 if name in MINIMISED else -1) * change.get(name, 0)
                   for name, value in levels_of(result).items()]  # fmt: skip
            assert signed(dict(zip(levels_of(result), now, strict=True))) == max(forced)
            n_priced += 1
    assert n_priced >= 40
    assert n_refused > 0


def test_answers_are_plain_json_in_camel_case():
    world = facts([mentee()], [mentor("m1", grassroots_months=120), mentor("m2", grassroots_months=60)])
    context = explainer_of_result(world, policy(), solve(world, policy()))
    answer = context.explain_seat("c1", "MENTOR").to_json()
    assert answer["nEligible"] == 2
    assert answer["alternatives"][0]["seat"]["mentorId"] == "m2"
    assert {
        key: value for key, value in answer["alternatives"][0]["prices"][-2].items() if key in ("name", "scale")
    } == {"name": "SCORE", "scale": 10000}
