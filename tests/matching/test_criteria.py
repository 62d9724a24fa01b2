"""One test per criterion, with the exact values of domain 4.5."""

from dataclasses import replace

import pytest

from matching import Facts, Policy, Preference, solve
from matching.build import build
from matching.criteria import Term, post_score
from matching.geography import minutes_score
from matching.people import priority_of
from matching.solution import LevelName
from matching.vocabulary import (
    AppraisalGrade,
    MentorCategory,
    PostKind,
    Relation,
    SkillLevel,
    Specialty,
    TargetPost,
    Terrain,
    TravelSource,
    VillageConditionKind,
)
from tests.matching.factories import (
    A1,
    A2,
    B1,
    GEOGRAPHY,
    PLACES,
    A,
    B,
    C,
    facts,
    mentee,
    mentor,
    policy,
)


def only_seat(world: Facts, rules: Policy):
    (seat,) = solve(world, rules).seats
    return seat


def points(world: Facts, rules: Policy, term: Term) -> int:
    return next(c.points for c in only_seat(world, rules).contributions if c.term is term)


NEAR_ONLY = {"weights": {"geography": 1, "experience": 0, "preference": 0}}


@pytest.mark.parametrize(
    ("change", "relation", "score"),
    [
        ({"anchors": (B,), "linked_villages": frozenset({A1})}, Relation.LINKED, 100),
        ({"anchors": (B, A1)}, Relation.SAME_VILLAGE, 100),
        ({"anchors": (A2,)}, Relation.SAME_TOWNSHIP, 90),
        ({"anchors": (C, B1)}, Relation.ADJACENT_TOWNSHIP, 60),
        ({"anchors": (C,)}, Relation.SAME_COUNTY, 25),
        ({"anchors": ()}, Relation.SAME_COUNTY, 25),
    ],
)
def test_geography_scores_by_the_best_relation_class(change, relation, score):
    seat = only_seat(facts(mentors=[mentor(**change)]), policy(**NEAR_ONLY))
    assert seat.relation is relation
    assert seat.contributions[0].points == score * 10_000


def test_a_shared_zone_counts_like_a_neighbouring_township():
    geography = replace(GEOGRAPHY, zones_by_township={A: frozenset({"z"}), C: frozenset({"z"})})
    seat = only_seat(facts(mentors=[mentor(anchors=(C,))], geography=geography), policy(**NEAR_ONLY))
    assert (seat.relation, seat.contributions[0].points) == (Relation.SAME_ZONE, 600_000)


def test_the_best_anchor_is_printed():
    assert only_seat(facts(mentors=[mentor(anchors=(C, A2, B1))]), policy()).anchor == A2
    assert only_seat(facts(mentors=[mentor(anchors=())]), policy()).anchor is None


@pytest.mark.parametrize(("minutes", "score"), [(0, 1.0), (15, 1.0), (37.5, 0.6), (60, 0.2), (60.01, 0.1), (500, 0.1)])
def test_travel_minutes_score_falls_linearly_from_15_to_60(minutes, score):
    import numpy as np

    assert minutes_score(np.array([minutes]))[0] == pytest.approx(score, abs=1e-12)


BY_MINUTES = {"geography": {"useTravelMinutes": True}}


def test_minutes_come_from_the_table_before_coordinates():
    places = {**PLACES, A1: replace(PLACES[A1], latitude=27.9, longitude=108.2)}
    places[B] = replace(PLACES[B], latitude=27.9, longitude=108.3)
    geography = replace(GEOGRAPHY, places=places, travel_minutes={(A, B): 37.5})
    seat = only_seat(facts(mentors=[mentor(anchors=(B,))], geography=geography), policy(**NEAR_ONLY, **BY_MINUTES))
    assert (seat.travel_source, seat.minutes) == (TravelSource.TABLE, 37.5)
    assert seat.contributions[0].points == 600_000


def test_an_entry_of_the_villages_themselves_goes_before_one_of_their_townships():
    geography = replace(GEOGRAPHY, travel_minutes={(A, B): 50.0, (A1, B1): 20.0})
    seat = only_seat(facts(mentors=[mentor(anchors=(B1,))], geography=geography), policy(**BY_MINUTES))
    assert seat.minutes == 20.0


@pytest.mark.parametrize(
    ("terrain", "minutes"), [(Terrain.PLAIN, 21.6828), (Terrain.HILLS, 27.6397), (Terrain.MOUNTAIN, 40.5068)]
)
def test_coordinates_give_haversine_times_winding_over_the_speed_of_the_terrain(terrain, minutes):
    # One tenth of a degree of latitude is 6371.0088 km x pi / 1800 = 11.11951 km.
    places = {**PLACES, A1: replace(PLACES[A1], latitude=27.9, longitude=108.2)}
    places[B] = replace(PLACES[B], latitude=28.0, longitude=108.2)
    geography = replace(GEOGRAPHY, places=places, terrain_by_county={PLACES[A1].county: terrain})
    seat = only_seat(facts(mentors=[mentor(anchors=(B,))], geography=geography), policy(**BY_MINUTES))
    assert seat.travel_source is TravelSource.COORDINATES
    assert seat.minutes == pytest.approx(minutes, abs=1e-3)


def test_coordinates_closer_than_half_a_kilometre_count_as_half_a_kilometre():
    places = {code: replace(place, latitude=27.9, longitude=108.2) for code, place in PLACES.items()}
    geography = replace(GEOGRAPHY, places=places)
    seat = only_seat(facts(mentors=[mentor(anchors=(A2,))], geography=geography), policy(**BY_MINUTES))
    assert seat.minutes == pytest.approx(0.5 * 1.45 / 35 * 60)


def test_within_one_township_without_an_entry_it_takes_15_minutes():
    seat = only_seat(facts(), policy(**BY_MINUTES))
    assert (seat.travel_source, seat.minutes) == (TravelSource.SAME_TOWNSHIP_DEFAULT, 15.0)


def test_without_any_minutes_the_class_decides():
    seat = only_seat(facts(mentors=[mentor(anchors=(B,))]), policy(**NEAR_ONLY, **BY_MINUTES))
    assert (seat.travel_source, seat.minutes) == (TravelSource.RELATION_CLASS, None)
    assert seat.contributions[0].points == 600_000


EXPERIENCE_ONLY = {"weights": {"geography": 0, "experience": 1, "preference": 0}}


@pytest.mark.parametrize(("months", "score"), [(60, 5.0), (72, 6.0), (120, 10.0), (480, 10.0)])
def test_tenure_scores_years_over_ten_and_is_capped(months, score):
    world = facts(mentors=[mentor(grassroots_months=months)])
    assert points(world, policy(**EXPERIENCE_ONLY), Term.TENURE) == round(65 * 0.45 * score * 1000)


def test_unknown_tenure_scores_one_half_when_the_policy_is_neutral():
    world = facts(mentors=[mentor(grassroots_months=None)])
    rules = policy(**EXPERIENCE_ONLY, experience={"unknownTenure": "NEUTRAL"})
    assert points(world, rules, Term.TENURE) == round(65 * 0.45 * 0.5 * 10_000)


@pytest.mark.parametrize(
    ("change", "score"),
    [
        ({"months_by_post": {PostKind.VILLAGE_SECRETARY: 36}}, 1.0),
        ({"months_by_post": {PostKind.VILLAGE_SECRETARY: 35}}, 0.4),
        ({"supervised_townships": frozenset({A})}, 0.7),
        ({"supervised_townships": frozenset({B})}, 0.1),
        ({"current_posts": frozenset({PostKind.VILLAGE_SECRETARY}), "anchors": (A2,)}, 0.7),
        ({"current_posts": frozenset({PostKind.VILLAGE_SECRETARY}), "anchors": (A1,)}, 0.4),
        ({"current_posts": frozenset({PostKind.STATION_STAFF})}, 0.4),
        ({"current_posts": frozenset({PostKind.TRADE})}, 0.1),
    ],
)
def test_posts_score_by_how_near_they_are_to_the_target_post(change, score):
    assert post_score(mentor(**change), TargetPost.SECRETARY, A, A1) == score


def test_the_post_score_looks_at_the_target_post_of_the_mentee():
    director = mentor(months_by_post={PostKind.VILLAGE_DIRECTOR: 40})
    assert post_score(director, TargetPost.DIRECTOR, A, A1) == 1.0
    assert post_score(director, TargetPost.SECRETARY, A, A1) == 0.4


@pytest.mark.parametrize(
    ("grades", "score"),
    [
        ({2025: AppraisalGrade.EXCELLENT, 2024: AppraisalGrade.COMPETENT, 2023: AppraisalGrade.BASIC}, 2 / 3),
        ({2025: AppraisalGrade.COMPETENT, 2022: AppraisalGrade.INCOMPETENT}, 0.7),
        ({2025: AppraisalGrade.NOT_GRADED, 2024: AppraisalGrade.EXCELLENT}, 1.0),
        ({}, 0.5),
    ],
)
def test_appraisals_score_the_mean_of_the_last_three_known_years(grades, score):
    world = facts(mentors=[mentor(grades=grades)])
    assert points(world, policy(**EXPERIENCE_ONLY), Term.APPRAISAL) == pytest.approx(65 * 0.25 * score * 10_000, abs=1)


def test_own_need_coverage_weighs_skills_by_the_needs():
    needs = {Specialty.INDUSTRY: 2.0, Specialty.DIGITAL: 1.0, Specialty.ECOLOGY: 1.0}
    skills = {Specialty.INDUSTRY: SkillLevel.FAMILIAR, Specialty.DIGITAL: SkillLevel.GOOD}
    world = facts([mentee(needs=needs)], [mentor(skills=skills)])
    assert points(world, policy(**EXPERIENCE_ONLY), Term.NEEDS) == 35 * 5500  # (2 x 0.6 + 1 x 1) / 4 = 0.55


def test_needs_of_the_village_stand_in_for_unknown_needs():
    conditions = frozenset({VillageConditionKind.DEMONSTRATION})
    world = facts([mentee(village_conditions=conditions)], [mentor(skills={Specialty.ECOLOGY: SkillLevel.GOOD})])
    assert points(world, policy(**EXPERIENCE_ONLY), Term.NEEDS) == 35 * 6250  # 1 / (1 + 0.6)


def test_unknown_needs_count_one_half():
    assert points(facts(), policy(**EXPERIENCE_ONLY), Term.NEEDS) == 35 * 5000


WISHES_ONLY = {"weights": {"geography": 0, "experience": 0, "preference": 1}}


@pytest.mark.parametrize(
    ("ranks", "score"),
    [((1, None), 50), ((1, 1), 100), ((2, None), 30), ((None, 3), 20), ((2, 3), 50), ((None, None), 0)],
)
def test_preference_is_half_the_sum_of_both_wishes(ranks, score):
    pairs = [("person-c1", "person-m1"), ("person-m1", "person-c1")]
    wishes = tuple(
        Preference(from_person=a, to_person=b, rank=rank)
        for (a, b), rank in zip(pairs, ranks, strict=True)
        if rank is not None
    )
    assert points(facts(preferences=wishes), policy(**WISHES_ONLY), Term.PREFERENCE) == score * 10_000


def test_wishes_count_nothing_when_the_policy_counts_vetoes_only():
    wish = Preference(from_person="person-c1", to_person="person-m1", rank=1)
    rules = policy(**WISHES_ONLY, preference={"mode": "VETO_ONLY"})
    assert points(facts(preferences=(wish,)), rules, Term.PREFERENCE) == 0


def test_a_mentor_outside_the_slots_categories_costs_five_points():
    rules = policy({"code": "MENTOR", "allowed": ["RETIRED_CADRE"]})
    assert points(facts(), rules, Term.COMPOSITION) == -50_000
    retired = mentor(category=MentorCategory.RETIRED_CADRE)
    assert points(facts(mentors=[retired]), rules, Term.COMPOSITION) == 0


def test_a_single_mentor_below_five_years_costs_the_senior_and_the_weak_penalty():
    world = facts(mentors=[mentor(grassroots_months=48)])
    assert points(world, policy(), Term.NO_SENIOR) == -50_000
    assert points(world, policy(), Term.WEAK) == -100_000
    assert points(facts(), policy(), Term.NO_SENIOR) == 0


def test_a_senior_mentor_with_a_fit_below_forty_is_weak():
    # tenure 0.5, post 0.1, appraisal 0.7, coverage 0 give 65 x (0.225 + 0.03 + 0.175) = 27.95.
    needy = mentee(needs={Specialty.DIGITAL: 1.0})
    world = facts([needy], [mentor(grassroots_months=60)])
    result = solve(world, policy())
    assert points(world, policy(), Term.WEAK) == -100_000
    assert points(world, policy(), Term.NO_SENIOR) == 0
    assert result.metrics.teams[0].experience_fit == 27.95
    assert result.metrics.n_weak_teams == 1


def test_contributions_add_up_to_the_score_and_equal_the_team_score_for_one_seat():
    world = facts([mentee(needs={Specialty.INDUSTRY: 1.0, Specialty.DIGITAL: 0.3})], [mentor(grassroots_months=83)])
    result = solve(world, policy(weights={"geography": 0.31, "experience": 0.37, "preference": 0.11}))
    (seat,) = result.seats
    assert sum(c.points for c in seat.contributions) == seat.score
    assert result.metrics.teams[0].team_score == seat.score / 10_000
    assert {level.name: level.value for level in result.levels}[LevelName.SCORE] == seat.score


def test_pair_scores_of_two_seats_take_half_of_each_criterion_and_no_team_penalty():
    rules = policy({"code": "FIRST"}, {"code": "SECOND", "allowed": ["RETIRED_CADRE"]}, **NEAR_ONLY)
    world = facts(mentors=[mentor("m1", grassroots_months=48), mentor("m2", grassroots_months=48)])
    result = solve(world, rules)
    assert [seat.score for seat in result.seats] == [450_000, 400_000]
    (team,) = result.metrics.teams
    assert team.team_score == 70.0  # 90 - 5 composition - 5 no senior - 10 weak
    assert team.is_weak


def test_team_need_coverage_is_a_capped_sum():
    needs = {Specialty.INDUSTRY: 1.0, Specialty.DIGITAL: 1.0}
    familiar = {Specialty.INDUSTRY: SkillLevel.FAMILIAR}
    world = facts([mentee(needs=needs)], [mentor("m1", skills=familiar), mentor("m2", skills=familiar)])
    (team,) = solve(world, policy({"code": "FIRST"}, {"code": "SECOND"})).metrics.teams
    assert team.need_coverage == 0.5  # min(1, 0.6 + 0.6) of one need in two, not 0.6


@pytest.mark.parametrize(
    ("conditions", "post", "expected"),
    [
        ((), TargetPost.DIRECTOR, 10_000),
        ((), TargetPost.SECRETARY, 11_000),
        ((VillageConditionKind.WEAK_ORGANISATION,), TargetPost.DIRECTOR, 13_000),
        ((VillageConditionKind.WEAK_ORGANISATION, VillageConditionKind.WEAK_ECONOMY), TargetPost.SECRETARY, 17_160),
    ],
)
def test_priority_multiplies_the_factors_of_village_and_post(conditions, post, expected):
    person = mentee(village_conditions=frozenset(conditions), target_post=post)
    assert priority_of(person, policy()) == expected


def test_priority_decides_who_gets_the_only_mentor():
    weak = frozenset({VillageConditionKind.WEAK_ORGANISATION})
    far = mentee("c2", village=B1, village_conditions=weak)
    result = solve(facts([mentee("c1"), far]), policy(loadCap=1))
    assert [seat.mentee_id for seat in result.seats] == ["c2"]


def test_equal_problems_have_equal_fingerprints_and_a_changed_skill_changes_it():
    one = build(facts(), policy()).fingerprint()
    assert build(facts(), policy()).fingerprint() == one
    changed = mentor(skills={Specialty.ECOLOGY: SkillLevel.GOOD}, grassroots_months=73)
    assert build(facts(mentors=[changed]), policy()).fingerprint() != one
