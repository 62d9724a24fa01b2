"""Verification finds every kind of fault in a plan, and nothing in a good one."""

import pytest

from matching import Pin
from matching.verify import Violation, ViolationCode, verify
from matching.vocabulary import ReasonCode
from tests.matching.factories import B, facts, mentee, mentor, policy, two_slots


def codes(world, rules, *links) -> list[ViolationCode]:
    return [violation.code for violation in verify(world, rules, links)]


def test_a_good_plan_has_no_violation():
    world = facts(mentors=[mentor("m1"), mentor("m2")])
    assert codes(world, two_slots(), ("c1", "FIRST", "m1"), ("c1", "SECOND", "m2")) == []


@pytest.mark.parametrize("link", [("x", "MENTOR", "m1"), ("c1", "x", "m1"), ("c1", "MENTOR", "x")])
def test_unknown_ids_are_found(link):
    assert codes(facts(), policy(), link) == [ViolationCode.UNKNOWN]


def test_a_broken_rule_is_found_with_its_reason():
    world = facts(mentors=[mentor(anchors=(B,))])
    (violation,) = verify(world, two_slots(), [("c1", "FIRST", "m1")])
    assert isinstance(violation, Violation)
    assert (violation.code, violation.reason) == (ViolationCode.RULE_BROKEN, ReasonCode.TOWNSHIP_RULE)
    assert violation.item == "c1-FIRST-m1"


def test_a_mentee_who_takes_no_part_is_found():
    assert codes(facts([mentee(is_in_pool=False)]), policy(), ("c1", "MENTOR", "m1")) == [
        ViolationCode.MENTEE_NOT_ELIGIBLE
    ]


def test_two_mentors_in_one_seat_are_found():
    world = facts(mentors=[mentor("m1"), mentor("m2")])
    assert codes(world, policy(), ("c1", "MENTOR", "m1"), ("c1", "MENTOR", "m2")) == [ViolationCode.SEAT_TAKEN_TWICE]


def test_one_person_in_two_seats_of_a_team_is_found_across_records():
    world = facts(mentors=[mentor("m1"), mentor("m2", person_id="person-m1")])
    found = codes(world, two_slots(), ("c1", "FIRST", "m1"), ("c1", "SECOND", "m2"))
    assert found == [ViolationCode.PERSON_TWICE_IN_TEAM]


def test_a_load_beyond_the_capacity_is_found_over_records_and_programmes():
    people = [mentee("c1"), mentee("c2")]
    pool = [mentor("m1", capacity=2, active_load=1), mentor("m2", person_id="person-m1")]
    world = facts(people, pool)
    assert codes(world, policy(), ("c1", "MENTOR", "m1")) == []
    assert codes(world, policy(), ("c1", "MENTOR", "m1"), ("c2", "MENTOR", "m2")) == [ViolationCode.OVER_CAPACITY]


def test_a_load_beyond_a_slot_cap_is_found():
    rules = policy({"code": "MENTOR", "cap": 1})
    found = codes(facts([mentee("c1"), mentee("c2")]), rules, ("c1", "MENTOR", "m1"), ("c2", "MENTOR", "m1"))
    assert found == [ViolationCode.OVER_SLOT_CAP]


def test_a_pin_that_is_not_kept_is_found():
    pin = Pin(id="p", mentee_id="c1", mentor_id="m1", slot="FIRST")
    world = facts(mentors=[mentor("m1"), mentor("m2")], pins=(pin,))
    assert codes(world, two_slots(), ("c1", "SECOND", "m1")) == [ViolationCode.PIN_NOT_KEPT]
    assert codes(world, two_slots(), ("c1", "FIRST", "m1")) == []
