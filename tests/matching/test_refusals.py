"""Facts and pins that cannot be used are refused, and the message names the item."""

from dataclasses import replace

import pytest

from matching import EmptyPoolError, InvalidFactsError, Pin, PinConflictError, Place, Preference, solve
from matching.vocabulary import MentorState, PostKind, Specialty
from tests.matching.factories import (
    A1,
    B1,
    C1,
    D1,
    GEOGRAPHY,
    OTHER_COUNTY,
    PLACES,
    A,
    B,
    D,
    facts,
    links,
    mentee,
    mentor,
    policy,
    two_slots,
)


@pytest.mark.parametrize(("people", "message"), [({"mentees": []}, "no mentee"), ({"mentors": []}, "no mentor")])
def test_an_empty_pool_is_refused(people, message):
    with pytest.raises(EmptyPoolError, match=message):
        solve(facts(**people), policy())


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("world", "item"),
    [
        (facts([mentee("c1"), mentee("c1", person_id="other")]), "c1"),
        (facts([mentee("c1"), mentee("c2", person_id="person-c1")]), "person-c1"),
        (facts(mentors=[mentor("m1"), mentor("m1")]), "m1"),
        (facts([replace(mentee(), village="520624109201")]), "c1"),
        (facts([replace(mentee(), township=B)]), "c1"),
        (facts([mentee(needs={Specialty.DIGITAL: 0.0})]), "c1"),
        (facts([mentee(needs={Specialty.DIGITAL: NAN})]), "c1"),
        (facts([mentee(grassroots_months=-1)]), "c1"),
        (facts([mentee(age_years=-1)]), "c1"),
        (facts([mentee(released_rules=frozenset({"KINSHIP"}))]), "c1"),
        (facts(mentors=[mentor(anchors=("520624109201",))]), "m1"),
        (facts(mentors=[mentor(anchors=(A, A))]), "m1"),
        (facts(mentors=[mentor(linked_villages=frozenset({"520624109201"}))]), "m1"),
        (facts(mentors=[mentor(capacity=-1)]), "m1"),
        (facts(mentors=[mentor(active_load=-1)]), "m1"),
        (facts(mentors=[mentor(grassroots_months=-5)]), "m1"),
        (facts(mentors=[mentor(trade_years=INF)]), "m1"),
        (facts(mentors=[mentor(months_by_post={PostKind.TRADE: -1})]), "m1"),
        (facts(pins=(Pin(id="p", mentee_id="nobody", mentor_id="m1"),)), "p"),
        (facts(pins=(Pin(id="p", mentee_id="c1", mentor_id="nobody"),)), "p"),
        (facts(pins=(Pin(id="p", mentee_id="c1", mentor_id="m1", slot="NONE"),)), "p"),
        (facts(pins=(Pin(id="p", mentee_id="c1", mentor_id="m1"),) * 2), "p"),
        (facts(preferences=(Preference(from_person="a", to_person="b", rank=4),)), "a-b"),
        (facts(preferences=(Preference(from_person="a", to_person="b", rank=1),) * 2), "a-b"),
        (facts(published=(("c1", "MENTOR", "m1"),) * 2), "published"),
        (facts([mentee(needs={Specialty.DIGITAL: 1e308})]), "c1"),
        (facts(mentors=[mentor(capacity=10**30)]), "m1"),
        (facts(mentors=[mentor(active_load=10**10)]), "m1"),
        (facts(mentors=[mentor(grassroots_months=10**30)]), "m1"),
        (facts(mentors=[mentor(trade_years=1e30)]), "m1"),
        (replace(facts(), reference_date="2026-3"), "referenceDate"),
        (replace(facts(), reference_date="2026-W01-1"), "referenceDate"),
        (facts(geography=replace(GEOGRAPHY, travel_minutes={(A, B): NAN})), f"{A}-{B}"),
        (facts(geography=replace(GEOGRAPHY, travel_minutes={(B, A): 10.0})), f"{B}-{A}"),
        (facts(geography=replace(GEOGRAPHY, adjacent_townships=frozenset({(B, A)}))), f"{B}-{A}"),
        (facts(geography=replace(GEOGRAPHY, places={**PLACES, A: replace(PLACES[A], latitude=27.0)})), A),
        (
            facts(geography=replace(GEOGRAPHY, places={**PLACES, A: replace(PLACES[A], latitude=97.0, longitude=1.0)})),
            A,
        ),
        (facts(geography=replace(GEOGRAPHY, places={**PLACES, "x": Place(code="y", township=A, county=D)})), "x"),
    ],
)
def test_facts_that_contradict_themselves_are_refused_with_the_item(world, item):
    with pytest.raises(InvalidFactsError) as refusal:
        solve(world, policy())
    assert refusal.value.item == item


def pin(name: str, mentee_id: str, mentor_id: str, slot: str | None = None) -> Pin:
    return Pin(id=name, mentee_id=mentee_id, mentor_id=mentor_id, slot=slot)


def refused(world, rules) -> tuple[tuple[str, ...], str]:
    with pytest.raises(PinConflictError) as refusal:
        solve(world, rules)
    return refusal.value.pins, str(refusal.value)


def test_a_pin_on_a_blocked_pair_is_refused_with_its_reasons():
    world = facts(mentors=[mentor(state=MentorState.SUSPENDED, anchors=(B1,))], pins=(pin("p1", "c1", "m1", "FIRST"),))
    pins, message = refused(world, two_slots())
    assert pins == ("p1",)
    assert "MENTOR_INACTIVE, TOWNSHIP_RULE" in message


def test_a_pin_without_a_slot_may_use_any_seat_that_admits_the_mentor():
    far = mentor("m2", anchors=(C1,), pool_township=B)
    world = facts(mentors=[mentor("m1"), far], pins=(pin("p1", "c1", "m2"),))
    assert ("c1", "SECOND", "m2") in links(solve(world, two_slots()))


def test_a_pin_of_a_mentee_who_takes_no_part_is_refused():
    pins, message = refused(facts([mentee(age_years=60)], pins=(pin("p1", "c1", "m1"),)), policy())
    assert (pins, "MAX_AGE" in message) == (("p1",), True)


def test_a_pin_across_counties_is_refused():
    abroad = mentor("m2", anchors=(D1,), county=OTHER_COUNTY, pool_county=OTHER_COUNTY, pool_township=D)
    pins, message = refused(facts(mentors=[mentor(), abroad], pins=(pin("p1", "c1", "m2"),)), policy())
    assert (pins, "CROSS_COUNTY" in message) == (("p1",), True)


def test_two_pins_on_one_seat_clash_and_a_third_is_not_blamed():
    mentors = [mentor("m1"), mentor("m2"), mentor("m3")]
    clash = (pin("p1", "c1", "m1", "FIRST"), pin("p2", "c1", "m2", "FIRST"), pin("p3", "c1", "m3", "SECOND"))
    assert refused(facts(mentors=mentors, pins=clash), two_slots())[0] == ("p1", "p2")


def test_more_pins_than_seats_clash():
    mentors = [mentor("m1"), mentor("m2"), mentor("m3")]
    clash = tuple(pin(f"p{i}", "c1", f"m{i}") for i in (1, 2, 3))
    assert refused(facts(mentors=mentors, pins=clash), two_slots())[0] == ("p1", "p2", "p3")


def test_two_records_of_one_person_cannot_both_be_pinned_to_one_team():
    person = mentor("m1", capacity=2)
    world = facts(mentors=[person, replace(person, id="m2")], pins=(pin("p1", "c1", "m1"), pin("p2", "c1", "m2")))
    assert refused(world, two_slots())[0] == ("p1", "p2")


def test_pins_beyond_the_capacity_of_a_mentor_clash():
    people = [mentee("c1"), mentee("c2", village=A1)]
    world = facts(people, [mentor(capacity=1)], pins=(pin("p2", "c2", "m1"), pin("p1", "c1", "m1")))
    pins, message = refused(world, policy())
    assert pins == ("p1", "p2")
    assert "free capacity of 1" in message


def test_a_pin_with_and_one_without_the_slot_for_the_same_pair_agree():
    world = facts(mentors=[mentor("m1"), mentor("m2")], pins=(pin("p1", "c1", "m1"), pin("p2", "c1", "m1", "SECOND")))
    assert ("c1", "SECOND", "m1") in links(solve(world, two_slots()))


def test_a_run_whose_mentees_are_all_excluded_returns_an_empty_plan_that_says_so():
    result = solve(facts([mentee(is_in_pool=False)]), policy())
    assert (result.seats, result.shortfalls) == ((), ())
    assert [(e.mentee_id, str(e.reason)) for e in result.excluded] == [("c1", "NOT_IN_POOL")]


def test_pins_without_slots_that_slot_caps_cannot_hold_are_refused_by_name():
    rules = policy({"code": "FIRST", "cap": 1}, {"code": "SECOND", "cap": 1}, loadCap=3)
    people = [mentee("c1"), mentee("c2"), mentee("c3")]
    clash = tuple(pin(f"p{i}", f"c{i}", "m1") for i in (1, 2, 3))
    pins, message = refused(facts(people, [mentor(capacity=3)], pins=clash), rules)
    assert pins == ("p1", "p2", "p3")
    assert message == (
        "pins p1, p2, p3 cannot be honoured: slot cap of FIRST lets the mentor person person-m1 serve 1 mentees in it; "
        "slot cap of SECOND lets the mentor person person-m1 serve 1 mentees in it; remove or change one of them"
    )
