"""Plans that are not the best: priced with their published links held where that is sound, else told without prices."""

import random
from dataclasses import replace

import pytest

from matching import (
    Exclusion,
    Hindrance,
    InvalidPolicyError,
    Pin,
    PinConflictError,
    PlanMismatchError,
    Policy,
    Pricing,
    UnknownItemError,
    explainer_of_links,
    explainer_of_result,
    repair,
    solve,
)
from matching.generate import Shape, generate_facts, with_pins
from matching.policy import TONGREN_TEAMS
from matching.vocabulary import ReasonCode
from tests.matching.factories import B1, B, facts, links, mentee, mentor, policy
from tests.matching.oracles import levels_of
from tests.matching.test_explain_pairs import worse
from tests.matching.test_properties import case
from tests.matching.test_teams_solver import case as team_case

ONE = policy(loadCap=1)
FAR = facts([mentee("c1"), mentee("c2", village=B1)], [mentor("m1"), mentor("m2", anchors=(B,), pool_township=B)])
CROSSED = (("c1", "MENTOR", "m2"), ("c2", "MENTOR", "m1"))


def held_pins(world, plan):
    """Return the facts with every published link of the plan as a pin."""
    kept = [link for link in plan if link in set(world.published)]
    pins = [Pin(id=f"held{n}", mentee_id=i, mentor_id=m, slot=slot) for n, (i, slot, m) in enumerate(kept)]
    return replace(world, pins=(*world.pins, *pins))


def test_a_repaired_plan_that_keeps_a_bad_link_is_priced_with_the_kept_links_held():
    # Only m1 may serve c1, but the roster has m1 with c2: a repair leaves c1 without, a new run would not.
    apart = [Exclusion(mentee_person="person-c1", mentor_person=f"person-{name}") for name in ("m2", "m3")]
    world = facts(
        [mentee("c1"), mentee("c2"), mentee("c3")],
        [mentor("m1"), mentor("m2"), mentor("m3", anchors=(B,))],
        exclusions=tuple(apart),
        published=(("c2", "MENTOR", "m1"),),
    )
    plan = links(repair(world, ONE).result)
    assert plan == [("c2", "MENTOR", "m1"), ("c3", "MENTOR", "m2")]
    with pytest.raises(PlanMismatchError):
        explainer_of_links(world, ONE, plan).explain_seat("c3", "MENTOR")
    context = explainer_of_links(world, ONE, plan, is_lenient=True)
    assert context.pricing_of("c3") is Pricing.HELD
    answer = context.explain_seat("c3", "MENTOR")
    assert answer.seat.is_pinned is False
    (only,) = answer.alternatives
    assert (only.seat.mentor_id, only.leaves, only.chain) == ("m3", "m2", ())
    assert all(price.is_exact for price in only.prices)
    # The link that is held has no alternative, and so has the seat that only its mentor could take.
    assert context.explain_seat("c2", "MENTOR").alternatives == ()
    assert context.explain_seat("c1", "MENTOR").alternatives == ()
    assert context.why_not("c1", "m1").hindrance is Hindrance.PINS


def check_held_prices(seed) -> tuple[int, int]:
    """Return how many seats of a repaired plan are priced with held links, and how many alternatives were checked."""
    world, rules = case(seed)
    draw = random.Random(seed)
    # A roster that is worse than need be: every second mentee has somebody at random.
    roster = [(m.id, slot, draw.choice(world.mentors).id) for m in world.mentees[::2] for slot in rules.slot_codes]
    world = replace(world, pins=(), published=tuple(roster))
    plan = links(repair(world, rules).result)
    context = explainer_of_links(world, rules, plan, is_lenient=True)
    held = held_pins(world, plan)
    best = solve(held, rules)
    n_held = n_checked = 0
    for mentee_id, slot, _ in plan:
        if context.pricing_of(mentee_id) is not Pricing.HELD:
            continue
        n_held += 1
        for alternative in context.explain_seat(mentee_id, slot, n_alternatives=2).alternatives:
            asked = Pin(id="asked", mentee_id=mentee_id, mentor_id=alternative.seat.mentor_id, slot=slot)
            truth = worse(levels_of(best), levels_of(solve(replace(held, pins=(*held.pins, asked)), rules)))
            assert {price.name: price.low for price in alternative.prices} == truth
            assert all(price.is_exact for price in alternative.prices)
            n_checked += 1
    return n_held, n_checked


def test_prices_of_a_repaired_plan_are_those_of_a_solve_with_the_kept_links_pinned():
    found = [check_held_prices(seed) for seed in range(20)]
    n_held, n_checked = (sum(column) for column in zip(*found, strict=True))
    assert n_held > 10
    assert n_checked > 10, (n_held, n_checked)


def test_a_plan_that_is_not_the_best_tells_rank_and_contributions_without_prices():
    context = explainer_of_links(FAR, ONE, CROSSED, is_lenient=True)
    assert context.pricing_of("c1") is context.pricing_of("m2") is Pricing.NONE
    pinned = solve(with_pins(FAR, CROSSED), ONE)
    for seat in pinned.seats:
        answer = context.explain_seat(seat.mentee_id, seat.slot)
        assert answer.seat == replace(seat, is_pinned=False)
        assert (answer.rank, answer.n_eligible, answer.alternatives) == (2, 2, ())
    why = context.why_not("c1", "m1")
    assert (why.hindrance, why.alternative, why.paired_slot) == (None, None, None)
    assert [rule.reasons for rule in why.rules] == [()]
    assert context.why_not("c1", "m2").paired_slot == "MENTOR"
    assert [served.seat.mentee_id for served in context.explain_mentor("m2").served] == ["c1"]


def test_rules_broken_are_told_without_prices_too():
    kin = replace(FAR, exclusions=(Exclusion(mentee_person="person-c1", mentor_person="person-m1"),))
    context = explainer_of_links(kin, ONE, CROSSED[:1], is_lenient=True)
    assert context.pricing_of("c1") is Pricing.NONE
    assert [rule.reasons for rule in context.why_not("c1", "m1").rules] == [(ReasonCode.EXCLUDED,)]
    assert context.explain_seat("c2", "MENTOR").shortfall.reasons == ((ReasonCode.ALL_AT_CAPACITY, 2),)


def test_under_team_terms_a_plan_without_prices_ranks_the_whole_team():
    world, rules = team_case(3, Shape(n_mentees=5, n_mentors=9, n_townships=2))
    result = solve(world, rules)
    best = explainer_of_result(world, rules, result)
    n_ranked = 0
    for left_out in range(len(result.seats)):
        some = [link for number, link in enumerate(links(result)) if number != left_out]
        context = explainer_of_links(world, rules, some, is_lenient=True)
        for seat in result.seats:
            whole = best.explain_seat(seat.mentee_id, seat.slot)
            told = context.explain_seat(seat.mentee_id, seat.slot)
            if context.pricing_of(seat.mentee_id) is Pricing.NONE and told.team == whole.team:
                n_ranked += 1
                assert (told.seat, told.rank, told.n_eligible) == (whole.seat, whole.rank, whole.n_eligible)
                assert (told.reasons, told.alternatives) == (whole.reasons, ())
    assert n_ranked > 5


def test_a_shape_that_nothing_prices_is_told_without_prices():
    rules = Policy.from_json({**TONGREN_TEAMS.to_json(), "fairness": {"mode": "NONE", "weakTeams": "FORBID"}})
    world = generate_facts(7, Shape(n_mentees=4, n_mentors=9))
    result = solve(world, rules)
    seat = result.seats[0]
    with pytest.raises(InvalidPolicyError, match="not priced for this shape"):
        explainer_of_result(world, rules, result).explain_seat(seat.mentee_id, seat.slot)
    context = explainer_of_links(world, rules, links(result), is_lenient=True)
    assert context.pricing_of(seat.mentee_id) is Pricing.NONE
    answer = context.explain_seat(seat.mentee_id, seat.slot)
    assert (answer.seat, answer.alternatives) == (seat, ())
    assert 1 <= answer.rank <= answer.n_eligible


def test_the_best_plan_is_answered_alike_from_its_result_and_from_its_links():
    world, rules = case(5)
    result = solve(world, rules)
    bounds = {level.name: level.bound for level in result.levels}
    first = explainer_of_result(world, rules, result)
    second = explainer_of_links(world, rules, links(result), bounds=bounds, is_lenient=True)
    for seat in result.seats:
        assert second.pricing_of(seat.mentee_id) is Pricing.FREE
        assert first.explain_seat(seat.mentee_id, seat.slot) == second.explain_seat(seat.mentee_id, seat.slot)


def test_links_that_the_facts_forbid_and_strangers_are_refused():
    kin = replace(FAR, exclusions=(Exclusion(mentee_person="person-c1", mentor_person="person-m2"),))
    with pytest.raises(PlanMismatchError, match="c1 with m2 as MENTOR"):
        explainer_of_links(kin, ONE, CROSSED)
    for link in (("c9", "MENTOR", "m1"), ("c1", "MENTOR", "m9"), ("c1", "FIRST", "m1")):
        with pytest.raises(PlanMismatchError):
            explainer_of_links(FAR, ONE, [link])
    with pytest.raises(UnknownItemError):
        explainer_of_links(FAR, ONE, CROSSED, is_lenient=True).pricing_of("m9")
    with pytest.raises(PinConflictError):
        solve(with_pins(kin, CROSSED), ONE)
