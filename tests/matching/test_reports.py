"""What a result reports: shortfalls, warnings, the supply table, figures, and facts as files."""

import doctest
import importlib
import json
import pkgutil
from dataclasses import replace

import pytest

import matching
from matching import InvalidFactsError, Kinship, Pin, Preference, solve
from matching.files import facts_bytes, facts_from_json, facts_hash, facts_to_json
from matching.findings import FindingCode, find_warnings
from matching.generate import Shape, generate_facts
from matching.supply import supply_table
from matching.vocabulary import AppraisalGrade, MentorCategory, MentorState, ReasonCode, Relation, Specialty
from tests.matching.factories import A1, A2, B1, GEOGRAPHY, A, B, C, facts, mentee, mentor, policy, two_slots


def reasons(result, mentee_id: str, slot: str):
    return next(s.reasons for s in result.shortfalls if (s.mentee_id, s.slot) == (mentee_id, slot))


def test_a_local_seat_without_local_mentors_says_how_many_a_release_would_open():
    away = [mentor("m1", anchors=(B,), pool_township=B), mentor("m2", anchors=(C,), pool_township=C)]
    result = solve(facts(mentors=away), two_slots())
    assert reasons(result, "c1", "FIRST") == (
        (ReasonCode.NO_ELIGIBLE_MENTOR_IN_SCOPE, 0),
        (ReasonCode.TOWNSHIP_RULE, 2),
    )


def test_reasons_that_hold_alone_come_before_reasons_that_occur_together():
    pool = [
        mentor("m1", state=MentorState.SUSPENDED),
        mentor("m2", has_discipline_in_force=True, state=MentorState.SUSPENDED),
        mentor("m3", has_discipline_in_force=True, state=MentorState.SUSPENDED),
    ]
    result = solve(facts(mentors=pool), policy())
    assert reasons(result, "c1", "MENTOR") == ((ReasonCode.MENTOR_INACTIVE, 1), (ReasonCode.DISCIPLINE, 2))


def test_a_mentor_pinned_elsewhere_is_told_from_one_who_is_merely_busy():
    world = facts([mentee("c1"), mentee("c2")], [mentor()], pins=(Pin(id="p", mentee_id="c2", mentor_id="m1"),))
    assert reasons(solve(world, policy(loadCap=1)), "c1", "MENTOR") == ((ReasonCode.PINNED_ELSEWHERE, 1),)
    without = solve(replace(world, pins=()), policy(loadCap=1))
    assert without.shortfalls[0].reasons == ((ReasonCode.ALL_AT_CAPACITY, 1),)


def test_a_released_seat_filled_from_afar_is_a_reported_fallback():
    released = mentee(released_rules=frozenset({"TOWNSHIP_RULE"}))
    result = solve(facts([released], [mentor(anchors=(B,), pool_township=B)]), two_slots())
    open_seat = {seat.slot: (seat.tier, seat.is_released) for seat in result.seats}
    assert open_seat in ({"FIRST": (2, True)}, {"SECOND": (0, False)})
    both = solve(facts([released], [mentor("m1", anchors=(B,)), mentor("m2", anchors=(B,))]), two_slots())
    assert [(seat.slot, seat.tier, seat.is_released) for seat in both.seats] == [
        ("FIRST", 2, True),
        ("SECOND", 0, False),
    ]
    assert (both.metrics.n_fallbacks, both.metrics.n_released) == (1, 1)


def test_warnings_name_what_is_missing_and_what_it_counts():
    people = [mentee("c1", age_years=46), mentee("c2", age_years=None, grassroots_months=None)]
    pool = [
        mentor("m1", grades={}),
        mentor("m2", grades={2024: AppraisalGrade.EXCELLENT}),
        mentor("m3", grassroots_months=None),
    ]
    found = [(w.code, w.item) for w in find_warnings(facts(people, pool), policy())]
    assert found == [
        (FindingCode.AGE, "c1"),
        (FindingCode.AGE_UNKNOWN, "c2"),
        (FindingCode.MENTEE_TENURE_UNKNOWN, "c2"),
        (FindingCode.NEEDS_UNKNOWN, "c1"),
        (FindingCode.NEEDS_UNKNOWN, "c2"),
        (FindingCode.MENTOR_TENURE_UNKNOWN, "m3"),
        (FindingCode.APPRAISAL_MISSING, "m2"),
        (FindingCode.APPRAISALS_ALL_MISSING, "m1"),
    ]


def test_the_supply_table_shows_which_township_cannot_be_filled():
    people = [mentee("c1"), mentee("c2", village=A2), mentee("c3", village=B1)]
    pool = [
        mentor("m1"),
        mentor("m2", anchors=(B,), pool_township=B, capacity=5),
        mentor("m3", state=MentorState.RETIRED),
    ]
    table = {row.township: row for row in supply_table(facts(people, pool), two_slots(loadCap=1))}
    assert (table[A].n_mentees, table[A].n_seats, table[A].n_mentors, table[A].free_capacity) == (2, 4, 1, 1)
    assert (table[A].n_local_seats, table[A].local_capacity, table[A].local_shortage) == (2, 1, 1)
    assert (table[B].free_capacity, table[B].shortage, table[A].shortage) == (5, 0, 3)


def test_the_supply_table_leaves_out_mentors_whose_category_no_seat_takes():
    officer, secretary = mentor("m1"), mentor("m2", category=MentorCategory.VILLAGE_SECRETARY)
    local = {"code": "FIRST", "admitsOwnTownshipOnly": True, "allowed": ["TOWNSHIP_OFFICER"], "required": True}
    village = {"code": "SECOND", "allowed": ["VILLAGE_SECRETARY"], "required": True}
    world = facts([mentee("c1"), mentee("c2")], [officer, secretary])
    (one,) = supply_table(world, policy(local, loadCap=1))
    assert (one.n_mentors, one.free_capacity, one.shortage) == (1, 1, 1)
    (two,) = supply_table(world, policy(local, village, loadCap=1))
    assert (two.n_mentors, two.local_capacity, two.local_shortage) == (2, 1, 1)


def test_figures_describe_the_plan():
    people = [mentee("c1"), mentee("c2", village=B1)]
    pool = [mentor("m1", anchors=(A1,)), mentor("m2", anchors=(C,), pool_township=C)]
    wish = Preference(from_person="person-c1", to_person="person-m1", rank=1)
    other = Preference(from_person="person-c1", to_person="person-m2", rank=2)
    result = solve(facts(people, pool, preferences=(wish, other)), policy(loadCap=1))
    figures = result.metrics
    assert figures.share_by_relation[Relation.SAME_VILLAGE] == figures.share_by_relation[Relation.SAME_COUNTY] == 0.5
    assert figures.same_township_share == 0.5
    assert figures.n_without_local_mentor == 1
    assert (figures.n_wishes, figures.n_wishes_met) == (2, 1)
    assert (figures.min_load, figures.mean_load, figures.max_load) == (1, 1.0, 1)
    assert [row.n_filled for row in figures.townships] == [1, 1]
    assert [team.mentee_id for team in figures.lowest] == ["c2", "c1"]
    assert figures.worst_team_score == figures.lowest[0].team_score
    assert (figures.mean_minutes, figures.max_minutes) == (15.0, 15.0)


def test_facts_survive_json_with_equal_hashes():
    world = generate_facts(11, Shape(n_counties=2), slots=("FIRST",))
    again = facts_from_json(json.loads(facts_bytes(world)))
    assert again == world
    assert facts_hash(again) == facts_hash(world)


def test_the_order_of_sets_and_mappings_does_not_change_the_bytes():
    one = mentee(needs={Specialty.DIGITAL: 1.0, Specialty.ECOLOGY: 2.0})
    other = mentee(needs={Specialty.ECOLOGY: 2.0, Specialty.DIGITAL: 1.0})
    assert facts_bytes(facts([one])) == facts_bytes(facts([other]))


def test_a_whole_number_hashes_alike_whether_or_not_it_is_a_float():
    one, other = (
        facts(
            [mentee(needs={Specialty.DIGITAL: number})], geography=replace(GEOGRAPHY, travel_minutes={(A, B): number})
        )
        for number in (15, 15.0)
    )
    assert one == other
    assert facts_hash(one) == facts_hash(other) == facts_hash(facts_from_json(json.loads(facts_bytes(one))))


@pytest.mark.parametrize(
    ("change", "item"),
    [
        ({"colour": "red"}, "colour"),
        ({"mentees": [{"id": "c1"}]}, "mentees.0.person_id"),
        ({"geography": None}, "geography"),
        ({"geography": {"places": []}}, "places"),
        ({"reference_date": 5}, "reference_date"),
        ({"kinships": [{"person_a": "a", "person_b": 5}]}, "kinships.0.person_b"),
    ],
)
def test_json_that_does_not_fit_is_refused_with_its_path(change, item):
    obj = {**facts_to_json(facts()), **change}
    with pytest.raises(InvalidFactsError) as refusal:
        facts_from_json(obj)
    assert refusal.value.item == item


@pytest.mark.parametrize(
    ("path", "item"),
    [
        (("mentors", 0), "mentors.0.name"),
        (("kinships", 0), "kinships.0.name"),
        (("geography",), "geography.name"),
        (("geography", "places", A), f"geography.places.{A}.name"),
    ],
)
def test_a_value_that_no_record_knows_is_refused(path, item):
    obj = facts_to_json(facts(kinships=(Kinship(person_a="a", person_b="b"),)))
    record = obj
    for step in path:
        record = record[step]
    record["name"] = "somebody"
    with pytest.raises(InvalidFactsError) as refusal:
        facts_from_json(obj)
    assert refusal.value.item == item


@pytest.mark.parametrize("name", sorted(m.name for m in pkgutil.walk_packages(matching.__path__, "matching.")))
def test_examples_in_docstrings_are_true(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0
    assert module.__doc__
