"""One test per hard rule: the bit it sets, alone, and the case beside it that it leaves alone."""

from dataclasses import replace

import pytest

from matching import Exclusion, Kinship, MenteeExclusion, Preference, explain_blocked
from matching.build import build
from matching.restated import broken_rules
from matching.rules import mentee_exclusion
from matching.vocabulary import (
    AppraisalGrade,
    MenteeKind,
    MentorCategory,
    MentorState,
    ReasonCode,
    ReviewLevel,
)
from tests.matching.factories import (
    A1,
    A2,
    B1,
    COUNTY,
    D1,
    GEOGRAPHY,
    OTHER_COUNTY,
    PLACES,
    A,
    B,
    C,
    D,
    facts,
    mentee,
    mentor,
    policy,
    two_slots,
)


def blocked(world, rules, *, seat=0):
    """Return the rules that block the first mentee's seat for the first mentor, as two independent codes see them."""
    (component,) = build(world, rules).components
    found = explain_blocked(int(component.blocked[0, seat, 0]))
    slot = rules.slot_codes[seat]
    assert found == broken_rules(component.mentees[0], slot, component.mentors[0], world, rules)
    return found


def test_a_plain_pair_is_admissible():
    assert blocked(facts(), policy()) == ()


@pytest.mark.parametrize("turned", [False, True])
def test_kinship_blocks_in_both_directions(turned):
    pair = ("person-c1", "person-m1")[:: -1 if turned else 1]
    assert blocked(facts(kinships=(Kinship(person_a=pair[0], person_b=pair[1]),)), policy()) == (ReasonCode.KINSHIP,)


@pytest.mark.parametrize(("months", "expected"), [(43, ()), (46, ()), (47, (ReasonCode.TENURE_GAP,))])
def test_a_mentor_must_lead_by_the_seniority_gap_of_two_years(months, expected):
    assert blocked(facts([mentee(grassroots_months=months)], [mentor(grassroots_months=70)]), policy()) == expected


@pytest.mark.parametrize(("years", "expected"), [(6.0, ()), (6.04, (ReasonCode.MIN_EXPERIENCE,)), (5.95, ())])
def test_a_minimum_of_years_is_never_rounded_down(years, expected):
    rules = policy(experience={"minGrassrootsYears": {"TOWNSHIP_OFFICER": years}})
    assert blocked(facts(mentors=[mentor(grassroots_months=72)]), rules) == expected


@pytest.mark.parametrize(("gap", "expected"), [(5.0, ()), (5.04, (ReasonCode.TENURE_GAP,)), (0.01, ())])
def test_a_gap_of_years_is_never_rounded_down(gap, expected):
    assert (
        blocked(facts(mentors=[mentor(grassroots_months=72)]), policy(experience={"seniorityGapYears": gap}))
        == expected
    )


def test_the_seniority_gap_can_be_switched_off():
    rules = policy(experience={"seniorityGapYears": 0})
    assert blocked(facts([mentee(grassroots_months=100)]), rules) == ()


def test_unknown_years_of_a_mentee_count_zero():
    assert blocked(facts([mentee(grassroots_months=None)], [mentor(grassroots_months=36)]), policy()) == ()


@pytest.mark.parametrize(("months", "expected"), [(36, ()), (34, (ReasonCode.MIN_EXPERIENCE,))])
def test_a_mentor_needs_three_years(months, expected):
    assert blocked(facts([mentee(grassroots_months=0)], [mentor(grassroots_months=months)]), policy()) == expected


def test_the_minimum_of_years_depends_on_the_category():
    rules = policy(experience={"minGrassrootsYears": {"TOWNSHIP_OFFICER": 8}})
    assert blocked(facts(), rules) == (ReasonCode.MIN_EXPERIENCE,)
    leader = mentor(category=MentorCategory.TOWNSHIP_LEADER)
    assert blocked(facts(mentors=[leader]), rules) == ()


def test_an_industry_leader_is_measured_in_years_of_the_trade():
    leader = mentor(category=MentorCategory.INDUSTRY_LEADER, grassroots_months=None, trade_years=3.0)
    assert blocked(facts(mentors=[leader]), policy()) == ()
    novice = replace(leader, trade_years=2.9, grassroots_months=200)
    assert blocked(facts([mentee(grassroots_months=0)], [novice]), policy()) == (ReasonCode.MIN_EXPERIENCE,)


def test_a_mentor_without_any_career_is_blocked_or_neutral_as_the_policy_says():
    world = facts(mentors=[mentor(grassroots_months=None)])
    assert blocked(world, policy()) == (ReasonCode.DATA_MISSING,)
    assert blocked(world, policy(experience={"unknownTenure": "NEUTRAL"})) == ()


@pytest.mark.parametrize(
    ("grade", "expected"),
    [
        (AppraisalGrade.EXCELLENT, ()),
        (AppraisalGrade.COMPETENT, ()),
        (AppraisalGrade.BASIC, (ReasonCode.APPRAISAL,)),
        (AppraisalGrade.INCOMPETENT, (ReasonCode.APPRAISAL,)),
        (AppraisalGrade.NOT_GRADED, ()),
        (None, ()),
    ],
)
def test_last_years_appraisal_must_be_competent_where_it_is_known(grade, expected):
    grades = {2024: AppraisalGrade.INCOMPETENT} if grade is None else {2025: grade}
    assert blocked(facts(mentors=[mentor(grades=grades)]), policy()) == expected


def test_industry_leaders_know_no_appraisal_rule():
    leader = mentor(category=MentorCategory.INDUSTRY_LEADER, trade_years=8.0, grades={2025: AppraisalGrade.INCOMPETENT})
    assert blocked(facts(mentors=[leader]), policy()) == ()


def test_discipline_in_force_blocks_unless_the_policy_lifts_the_rule():
    world = facts(mentors=[mentor(has_discipline_in_force=True)])
    assert blocked(world, policy()) == (ReasonCode.DISCIPLINE,)
    assert blocked(world, policy(mentorEligibility={"noDisciplineInForce": False})) == ()


@pytest.mark.parametrize("change", [{"state": MentorState.SUSPENDED}, {"is_available": False}])
def test_only_active_and_available_mentors_serve(change):
    assert blocked(facts(mentors=[mentor(**change)]), policy()) == (ReasonCode.MENTOR_INACTIVE,)


@pytest.mark.parametrize("turned", [False, True])
def test_a_veto_blocks_in_both_directions(turned):
    a, b = ("person-c1", "person-m1")[:: -1 if turned else 1]
    world = facts(preferences=(Preference(from_person=a, to_person=b, rank=0),))
    assert blocked(world, policy()) == (ReasonCode.VETO,)


def test_slot_categories_block_only_where_they_are_required():
    slot = {"code": "MENTOR", "allowed": ["RETIRED_CADRE"]}
    assert blocked(facts(), policy(slot)) == ()
    assert blocked(facts(), policy(slot, slotCompositionMode="REQUIRE")) == (ReasonCode.SLOT_CATEGORY,)
    assert blocked(facts(), policy({**slot, "required": True})) == (ReasonCode.SLOT_CATEGORY,)


def test_an_exclusion_blocks_the_pair():
    world = facts(exclusions=(Exclusion(mentee_person="person-c1", mentor_person="person-m1"),))
    assert blocked(world, policy()) == (ReasonCode.EXCLUDED,)


def test_a_complaint_blocks_or_only_warns_as_the_policy_says():
    pair = Exclusion(mentee_person="person-c1", mentor_person="person-m1", is_complaint=True)
    world = facts(exclusions=(pair,))
    assert blocked(world, policy()) == (ReasonCode.EXCLUDED,)
    assert blocked(world, policy(avoidance={"complaintPairs": "WARN"})) == ()


def test_nobody_mentors_himself_or_herself():
    assert blocked(facts(mentors=[mentor(person_id="person-c1")]), policy()) == (ReasonCode.EXCLUDED,)


@pytest.mark.parametrize(("minutes", "expected"), [(60.0, ()), (60.5, (ReasonCode.TRAVEL_LIMIT,))])
def test_travel_above_the_limit_blocks(minutes, expected):
    geography = replace(GEOGRAPHY, travel_minutes={(A, B): minutes})
    rules = policy(geography={"useTravelMinutes": True, "maxTravelMinutes": 60})
    world = facts(mentors=[mentor(anchors=(B,), pool_township=B)], geography=geography)
    assert blocked(world, rules) == expected


def test_a_mentor_who_works_only_in_another_county_is_blocked():
    assert blocked(facts(mentors=[mentor(anchors=(D,))]), policy()) == (ReasonCode.CROSS_COUNTY,)


def test_a_person_in_two_counties_joins_them_but_still_serves_each_county_apart():
    abroad = mentor("m2", person_id="person-m1", anchors=(D,), pool_county=OTHER_COUNTY, pool_township=D)
    world = facts([mentee(), mentee("c2", village=D1)], [mentor(), abroad])
    (component,) = build(world, policy()).components
    assert component.counties == (COUNTY, OTHER_COUNTY)
    masks = [[explain_blocked(int(component.blocked[i, 0, j])) for j in range(2)] for i in range(2)]
    assert masks == [[(), (ReasonCode.CROSS_COUNTY,)], [(ReasonCode.CROSS_COUNTY,), ()]]


def test_a_local_seat_admits_the_own_township_and_linked_mentors_only():
    rules = two_slots()
    assert blocked(facts(mentors=[mentor(anchors=(A2,))]), rules) == ()
    outside = mentor(anchors=(B,), pool_township=B)
    assert blocked(facts(mentors=[outside]), rules) == (ReasonCode.TOWNSHIP_RULE,)
    assert blocked(facts(mentors=[outside]), rules, seat=1) == ()
    assert blocked(facts(mentors=[replace(outside, linked_villages=frozenset({A1}))]), rules) == ()


def test_a_recorded_release_opens_a_local_seat_to_the_county():
    released = mentee(released_rules=frozenset({"TOWNSHIP_RULE"}))
    assert blocked(facts([released], [mentor(anchors=(C,), pool_township=C)]), two_slots()) == ()


def test_a_pool_outside_the_scope_is_closed():
    rules = policy(poolScope=["OWN_TOWNSHIP"])
    assert blocked(facts(mentors=[mentor(pool_township=B)]), rules) == (ReasonCode.TOWNSHIP_RULE,)
    assert blocked(facts(mentors=[mentor(pool_township=A)]), rules) == ()


def test_a_seat_closed_to_the_own_village_blocks_its_mentors():
    world = facts(mentors=[mentor(anchors=(A1,))])
    assert blocked(world, two_slots()) == (ReasonCode.VILLAGE_RULE,)
    assert blocked(world, two_slots(), seat=1) == ()


def test_several_broken_rules_are_all_named_in_the_order_of_the_list():
    world = facts(mentors=[mentor(anchors=(B1,), state=MentorState.RETIRED, has_discipline_in_force=True)])
    assert blocked(world, two_slots()) == (
        ReasonCode.DISCIPLINE,
        ReasonCode.MENTOR_INACTIVE,
        ReasonCode.TOWNSHIP_RULE,
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, None),
        ({"is_in_pool": False}, MenteeExclusion.NOT_IN_POOL),
        ({"kind": MenteeKind.ASSIGNED_CADRE}, MenteeExclusion.KIND),
        ({"review_level": ReviewLevel.TOWNSHIP_SELECTED}, MenteeExclusion.REVIEW_LEVEL),
        ({"age_years": 50}, None),
        ({"age_years": 51}, MenteeExclusion.MAX_AGE),
        ({"age_years": None}, None),
    ],
)
def test_a_mentee_takes_part_unless_a_rule_names_the_reason(change, expected):
    rules = policy(menteeEligibility={"kinds": ["RESERVE_CANDIDATE"]})
    assert mentee_exclusion(mentee(**change), rules) == expected


def test_places_of_the_small_world_are_what_the_tests_assume():
    assert (PLACES[A1].township, PLACES[D1].county) == (A, OTHER_COUNTY)
