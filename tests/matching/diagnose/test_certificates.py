"""Certificates of shortage: counted by hand, complete, disjoint, and the same for any order of people."""

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from matching import Facts, Policy, diagnose, solve
from matching.generate import Shape, with_pins
from matching.policy import TONGREN_TEAMS
from matching.vocabulary import MentorState, ReasonCode
from tests.matching.diagnose.by_hand import blocked_by_hand, recount
from tests.matching.factories import B1, A, B, facts, links, mentee, mentor, policy, two_slots
from tests.matching.test_properties import case as separable_case
from tests.matching.test_teams_solver import case as team_case

SEEDS = st.integers(0, 10**6)
QUICK = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
CASES = pytest.mark.parametrize("case", [separable_case, team_case], ids=["separable", "teams"])


def with_some_pins(world: Facts, rules: Policy, seed: int) -> Facts:
    """Pin a few links of a plan in two cases of three, with or without the slot."""
    if seed % 3 == 0:
        return world
    plan = links(solve(world, rules))
    return with_pins(world, random.Random(seed).sample(plan, k=min(3, len(plan))), named=seed % 3 == 1)


@CASES
@QUICK
@given(seed=SEEDS)
def test_the_shortages_add_up_to_the_empty_seats_of_the_plan_and_hold_them(case, seed):
    world, rules = case(seed)
    world = with_some_pins(world, rules, seed)
    result, found = solve(world, rules), diagnose(world, rules, most_per_kind=0)
    assert found.is_exact
    assert found.n_empty == len(result.shortfalls) == sum(c.shortage for c in found.certificates)
    assert found.n_seats == len(result.seats) + len(result.shortfalls)
    for certificate in found.certificates:
        claimed = {(claim.mentee_id, slot) for claim in certificate.whole.claims for slot in claim.slots}
        empty = sum((shortfall.mentee_id, shortfall.slot) in claimed for shortfall in result.shortfalls)
        assert empty == certificate.shortage > 0


@CASES
@QUICK
@given(seed=SEEDS)
def test_every_certificate_and_core_is_recounted_from_the_rules(case, seed):
    world, rules = case(seed)
    world = with_some_pins(world, rules, seed)
    for certificate in diagnose(world, rules, most_per_kind=0).certificates:
        for hall in (certificate.whole, *certificate.cores):
            demand, supply = recount(world, rules, hall)
            assert (hall.demand, {m.person_id: m.supply for m in hall.mentors}) == (demand, supply)
            assert hall.shortage > 0
        if not world.pins:
            blocked = certificate.blocked
            by_hand = blocked_by_hand(world, rules, certificate.whole)
            assert (dict(blocked.by_rule), blocked.n_by_several) == by_hand


@CASES
@QUICK
@given(seed=SEEDS)
def test_no_two_certificates_share_a_seat_or_a_mentor_who_supplies(case, seed):
    world, rules = case(seed)
    found = diagnose(world, rules, most_per_kind=0).certificates
    seats = Counter((claim.mentee_id, slot) for c in found for claim in c.whole.claims for slot in claim.slots)
    mentors = Counter(m.person_id for c in found for m in c.whole.mentors if m.supply)
    assert all(count == 1 for count in (*seats.values(), *mentors.values()))


@CASES
@settings(QUICK, max_examples=8)
@given(seed=SEEDS)
def test_the_order_of_people_does_not_change_the_diagnosis(case, seed):
    world, rules = case(seed)
    world, draw = with_some_pins(world, rules, seed), random.Random(seed)
    mentees, mentors = (tuple(draw.sample(people, k=len(people))) for people in (world.mentees, world.mentors))
    assert diagnose(world, rules) == diagnose(replace(world, mentees=mentees, mentors=mentors), rules)


@settings(QUICK, max_examples=25)
@given(SEEDS)
@example(48_047)
def test_slot_caps_count_and_what_they_leave_open_is_never_claimed_as_exact(seed):
    draw = random.Random(seed)
    world, rules = separable_case(seed, Shape(n_mentees=6, n_mentors=7, max_capacity=4, n_townships=2))
    slots = [{**slot, "cap": draw.choice([None, 1, 2])} for slot in rules.to_json()["slots"]]
    rules = Policy.from_json({**rules.to_json(), "loadCap": 4, "poolScope": ["COUNTY"], "slots": slots})
    world = with_some_pins(world, rules, seed)
    n_empty = len(solve(world, rules).shortfalls)
    found = diagnose(world, rules, most_per_kind=0)
    proved = sum(certificate.shortage for certificate in found.certificates)
    assert proved <= found.n_empty <= n_empty
    assert not found.is_exact or proved == n_empty == found.n_empty


def test_without_shortage_there_is_no_certificate():
    found = diagnose(facts(), policy())
    assert (found.n_seats, found.n_empty, found.certificates, found.policy_remedies) == (1, 0, (), ())


def test_three_mentees_of_a_township_with_one_mentor_are_one_certificate_of_two():
    people = [mentee("c1"), mentee("c2"), mentee("c3"), mentee("c4", village=B1)]
    mentors = [mentor("m1"), mentor("m2", state=MentorState.SUSPENDED), mentor("m3", anchors=(B,), pool_township=B)]
    rules = policy({"code": "MENTOR", "admitsOwnTownshipOnly": True}, loadCap=1)
    (certificate,) = diagnose(facts(people, mentors), rules).certificates
    assert [claim.mentee_id for claim in certificate.whole.claims] == ["c1", "c2", "c3"]
    assert [(m.person_id, m.mentor_ids, m.free_capacity, m.supply) for m in certificate.whole.mentors] == [
        ("person-m1", ("m1",), 1, 1)
    ]
    assert (certificate.whole.demand, certificate.whole.supply, certificate.shortage) == (3, 1, 2)
    assert certificate.blocked.by_rule == ((ReasonCode.MENTOR_INACTIVE, 1), (ReasonCode.TOWNSHIP_RULE, 1))
    assert certificate.townships == (A,)
    assert certificate.cores == ()


def test_claims_that_nobody_can_serve_are_joined_per_township():
    people = [mentee("c1"), mentee("c2"), mentee("c3", village=B1)]
    rules = policy({"code": "MENTOR", "admitsOwnTownshipOnly": True})
    nobody = [mentor(state=MentorState.SUSPENDED)]
    found = diagnose(facts(people, nobody), rules).certificates
    assert [[claim.mentee_id for claim in c.whole.claims] for c in found] == [["c1", "c2"], ["c3"]]
    assert [(c.shortage, c.whole.supply, c.cores) for c in found] == [(2, 0, ()), (1, 0, ())]


def test_a_team_that_lacks_a_local_mentor_claims_one_seat_of_the_own_township():
    away = [mentor(f"m{i}", anchors=(B,), pool_township=B) for i in (1, 2)]
    (certificate,) = diagnose(facts([mentee()], away), TONGREN_TEAMS).certificates
    (claim,) = certificate.whole.claims
    assert (claim.n_seats, claim.without) == (1, (ReasonCode.TOWNSHIP_RULE,))
    assert certificate.whole.mentors == ()
    assert certificate.blocked.by_rule == ((ReasonCode.TOWNSHIP_RULE, 2),)


def test_active_loads_of_other_programmes_and_second_records_count():
    person = mentor("m1", capacity=3, active_load=1)
    world = facts([mentee(f"c{i}") for i in (1, 2, 3)], [person, replace(person, id="m2", active_load=1)])
    (certificate,) = diagnose(world, policy(loadCap=3)).certificates
    assert [(m.mentor_ids, m.free_capacity, m.supply) for m in certificate.whole.mentors] == [(("m1", "m2"), 1, 1)]
    assert certificate.shortage == 2


def test_one_mentor_with_many_places_supplies_one_seat_per_mentee():
    (certificate,) = diagnose(
        facts([mentee()], [mentor(capacity=5)]), policy({"code": "A"}, {"code": "B"})
    ).certificates
    assert [(m.free_capacity, m.supply) for m in certificate.whole.mentors] == [(5, 1)]
    assert certificate.shortage == 1


def test_the_cores_name_those_who_are_short_by_themselves():
    few = [mentee(f"c{i}") for i in (1, 2, 3)]
    many = [mentee(f"d{i}", village=B1) for i in range(8)]
    local = mentor("m0", anchors=(A,))
    open_to_b = [mentor(f"n{i}", anchors=(B,), pool_township=B) for i in range(6)]
    linked = mentor("n9", anchors=(A,), linked_villages=frozenset({B1}))
    rules = policy({"code": "MENTOR", "admitsOwnTownshipOnly": True}, loadCap=1)
    (certificate,) = diagnose(facts([*few, *many], [local, linked, *open_to_b]), rules).certificates
    assert (len(certificate.whole.claims), certificate.shortage) == (11, 3)
    cores = [(sorted({claim.mentee_id[0] for claim in c.claims}), c.demand, c.supply) for c in certificate.cores]
    assert cores == [(["c"], 3, 2), (["d"], 8, 7)]


def test_the_overview_tells_home_made_shortage_from_competition():
    people = [mentee("c1"), mentee("c2"), mentee("c3", village=B1)]
    found = diagnose(facts(people, [mentor("m1"), mentor("m2")]), policy(loadCap=1))
    rows = [(r.township, r.n_mentees, r.n_seats, r.n_short_mentees, r.n_claimed_seats, r.n_own_shortage)
            for r in found.townships]  # fmt: skip
    assert rows == [(A, 2, 2, 2, 2, 0), (B, 1, 1, 1, 1, 0)]
    assert found.n_empty == 1


def test_pins_use_up_what_others_could_be_served_with():
    world = facts([mentee("c1"), mentee("c2", village=B1)], [mentor("m1", capacity=1)])
    world = with_pins(world, [("c2", "SECOND", "m1")])
    found = diagnose(world, two_slots(), most_per_kind=0)
    assert found.n_empty == len(solve(world, two_slots()).shortfalls) == 3
    supplied = {(c.whole.claims[0].mentee_id, m.supply) for c in found.certificates for m in c.whole.mentors}
    assert supplied == {("c1", 0)}
