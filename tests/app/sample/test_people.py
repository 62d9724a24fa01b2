"""Invented people: exact counts, valid numbers, and every obstacle that the rules know."""

from collections import Counter
from datetime import date
from functools import cache
from itertools import pairwise

import pytest

from app.models.vocabulary import AppraisalGrade, KinshipRelation, MentorCategory, ReviewLevel, Sex
from app.sample.catalog import REFERENCE_DATE, SAMPLES, Sample
from app.sample.identity import check_digit, month_of
from app.sample.mentors import OBSTACLE_SHARES, Obstacle
from app.sample.people import generate_people
from app.sample.records import SampleAssignedCadre, SampleCandidate, SamplePeople, SamplePerson, SamplePost

NOW = month_of(REFERENCE_DATE)
VILLAGE_LEVEL = {MentorCategory.VILLAGE_SECRETARY, MentorCategory.VILLAGE_COMMITTEE, MentorCategory.INDUSTRY_LEADER}


@cache
def people_of(name: str) -> SamplePeople:
    return generate_people(Sample(name))


def everybody(people: SamplePeople) -> list[SamplePerson]:
    return [mentee.person for mentee in people.mentees] + [mentor.person for mentor in people.mentors]


def is_grassroots(post: SamplePost) -> bool:
    return post.division_code is not None and not any(word in post.title for word in ("理事长", "种植大户", "经营户"))


def grassroots_months(person: SamplePerson) -> int:
    months: set[int] = set()
    for post in filter(is_grassroots, person.posts):
        months.update(range(month_of(post.start), NOW if post.end is None else month_of(post.end)))
    return len(months)


def age_years(person: SamplePerson) -> int:
    born, on = person.birth_date, REFERENCE_DATE
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def test_tongren_has_1216_candidates_and_2432_mentors_in_ten_counties() -> None:
    people = people_of("tongren")
    assert len(people.mentees) == 1216
    assert len(people.mentors) == 2432
    assert all(isinstance(mentee, SampleCandidate) for mentee in people.mentees)
    assert len({mentee.village_code[:6] for mentee in people.mentees}) == 10
    per_county = Counter(mentor.pool_code[:6] for mentor in people.mentors)
    assert sum(per_county.values()) == 2432
    assert per_county["520624"] > per_county["520602"] * 4


def test_fushan_has_30_assigned_cadres_in_20_villages_and_a_pool_in_every_township() -> None:
    people = people_of("fushan")
    assert len(people.mentees) == 30
    assert all(isinstance(mentee, SampleAssignedCadre) for mentee in people.mentees)
    assert len({mentee.village_code for mentee in people.mentees}) == 20
    assert len({mentor.pool_code for mentor in people.mentors}) == 7
    assert {mentor.category for mentor in people.mentors} == {
        MentorCategory.TOWNSHIP_OFFICER,
        MentorCategory.INDUSTRY_LEADER,
        MentorCategory.RETIRED_CADRE,
    }
    wanted = Counter(mentee.village_code[:9] for mentee in people.mentees)
    offered = Counter(mentor.pool_code[:9] for mentor in people.mentors)
    assert len([township for township in wanted if offered[township] < wanted[township]]) == 2


def test_chifeng_has_3000_candidates_in_2060_villages() -> None:
    people = people_of("chifeng")
    assert len(people.mentees) == 3000
    assert len({mentee.village_code for mentee in people.mentees}) == 2060
    assert len(people.mentors) == 6300


@pytest.mark.parametrize("name", SAMPLES)
def test_the_same_seed_gives_the_same_people_and_another_seed_others(name: str) -> None:
    assert generate_people(Sample(name)) == people_of(name)
    assert generate_people(Sample(name, seed=7)) != people_of(name)


@pytest.mark.parametrize("name", SAMPLES)
def test_id_numbers_are_valid_and_numbers_belong_to_one_person(name: str) -> None:
    persons = everybody(people_of(name))
    assert len({person.id_number for person in persons}) == len(persons)
    assert len({person.phone for person in persons}) == len(persons)
    for person in persons:
        assert person.id_number[17] == check_digit(person.id_number[:17])
        assert person.id_number[:6] == person.home_code[:6]
        assert person.id_number[6:14] == f"{person.birth_date:%Y%m%d}"
        assert int(person.id_number[16]) % 2 == (person.sex is Sex.MALE)
        assert person.phone.startswith("154")
        assert len(person.phone) == 11


def test_the_check_digit_follows_gb_11643() -> None:
    assert check_digit("11010519491231002") == "X"
    assert check_digit("44052418800101001") == "4"


@pytest.mark.parametrize("name", SAMPLES)
def test_careers_are_possible_lives(name: str) -> None:
    for person in everybody(people_of(name)):
        assert 22 <= age_years(person) <= 66
        of_age = month_of(person.birth_date) + 16 * 12
        for post in person.posts:
            assert month_of(post.start) >= of_age
            assert post.start < REFERENCE_DATE
            assert post.end is None or post.start < post.end <= REFERENCE_DATE
            assert (post.division_code is None) != (post.organisation is None)
        if person.party_join_date is not None:
            assert month_of(person.birth_date) + 18 * 12 <= month_of(person.party_join_date) < NOW
        assert person.work_start_date <= REFERENCE_DATE


def test_careers_have_gaps_overlaps_double_posts_open_ends_and_other_villages() -> None:
    found: Counter[str] = Counter()
    for mentor in people_of("tongren").mentors:
        posts = mentor.person.posts
        for earlier, later in pairwise(posts):
            assert earlier.end is not None
            found["gap"] += earlier.end < later.start
            found["overlap"] += earlier.end > later.start
        found["open"] += any(post.end is None for post in posts)
        found["double"] += any(post.title == "党支部书记、村委会主任" for post in posts)
        found["elsewhere"] += any(
            post.division_code is not None
            and post.division_code[:6] == mentor.pool_code[:6]
            and post.division_code not in (mentor.person.home_code, mentor.pool_code)
            for post in posts
        )
    assert min(found[kind] for kind in ("gap", "overlap", "open", "double", "elsewhere")) > 100


def test_half_of_the_mentors_of_a_county_are_at_township_level() -> None:
    per_county: dict[str, list[bool]] = {}
    for mentor in people_of("tongren").mentors:
        per_county.setdefault(mentor.pool_code[:6], []).append(mentor.category in VILLAGE_LEVEL)
    for shares in per_county.values():
        assert 0.42 < sum(shares) / len(shares) < 0.58


def test_a_village_has_one_secretary() -> None:
    secretaries = Counter(
        mentor.person.home_code
        for mentor in people_of("tongren").mentors
        if mentor.category is MentorCategory.VILLAGE_SECRETARY
    )
    assert max(secretaries.values()) == 1


@pytest.mark.parametrize("name", ["tongren", "chifeng"])
def test_every_obstacle_of_mentors_occurs_in_its_share(name: str) -> None:
    mentors = people_of(name).mentors
    n_expected = {obstacle: round(share * len(mentors)) for obstacle, share in OBSTACLE_SHARES.items()}
    assert sum(m.has_discipline_in_force for m in mentors) == n_expected[Obstacle.DISCIPLINE]
    assert sum(m.capacity == 0 for m in mentors) == n_expected[Obstacle.NO_CAPACITY]
    assert sum(not m.person.posts for m in mentors) == n_expected[Obstacle.NO_CAREER]
    poor = {AppraisalGrade.BASIC, AppraisalGrade.INCOMPETENT}
    assert sum(dict(m.grades).get(2024) in poor for m in mentors) == n_expected[Obstacle.APPRAISAL]
    short = [
        m
        for m in mentors
        if m.person.posts and (m.trade_years < 3 if m.trade_years is not None else grassroots_months(m.person) < 36)
    ]
    assert len(short) == n_expected[Obstacle.MIN_EXPERIENCE]
    grades = [dict(m.grades) for m in mentors if m.grades]
    assert any(len(of_one) < 3 for of_one in grades)
    assert any(AppraisalGrade.NOT_GRADED in of_one.values() for of_one in grades)


def test_the_rules_about_candidates_bite() -> None:
    candidates = [m for m in people_of("tongren").mentees if isinstance(m, SampleCandidate)]
    assert sum(c.review_level is not ReviewLevel.PREFECTURE_REVIEWED for c in candidates) == 9
    assert sum(age_years(c.person) > 50 for c in candidates) == 3
    assert 5 < sum(45 < age_years(c.person) <= 50 for c in candidates) < 40
    assert sum(grassroots_months(c.person) >= 14 * 12 for c in candidates) >= 20
    assert sum(grassroots_months(c.person) >= 26 * 12 for c in candidates) >= 4
    assert sum(not c.needs for c in candidates) > 50
    assert {weight for c in candidates for _, weight in c.needs} == {1, 2}


def test_ties_join_known_people_and_each_pair_once() -> None:
    people = people_of("tongren")
    mentees = {mentee.person.id_number for mentee in people.mentees}
    mentors = {mentor.person.id_number for mentor in people.mentors}
    pairs = []
    for tie in (*people.kinships, *people.exclusions):
        assert tie.mentee.id_number in mentees
        assert tie.mentor.id_number in mentors
        pairs.append(frozenset((tie.mentee.id_number, tie.mentor.id_number)))
    for wish in people.preferences:
        pairs.append(frozenset((wish.wisher.id_number, wish.wished.id_number)))
        assert (wish.rank == 0) == (wish.reason is not None) == (wish.approved_by is not None)
    assert len(pairs) == len(set(pairs))
    assert len(people.kinships) == 18
    assert {tie.relation for tie in people.kinships} == set(KinshipRelation)
    assert Counter(wish.rank for wish in people.preferences)[0] == 7


def test_the_townships_of_tongren_are_ample_tight_and_short() -> None:
    people = people_of("tongren")
    wanted = Counter(mentee.village_code[:9] for mentee in people.mentees)
    offered = Counter(mentor.pool_code[:9] for mentor in people.mentors)
    surplus = [offered[township] - number for township, number in wanted.items()]
    assert sum(number < 0 for number in surplus) == 6
    assert sum(0 <= number <= 1 for number in surplus) >= 10
    assert sum(number > 1 for number in surplus) > 100


def test_minority_names_occur_where_they_belong() -> None:
    tongren = [person.name for person in everybody(people_of("tongren"))]
    assert 1 <= sum("·" in name for name in tongren) <= 40
    ethnicities = Counter(person.ethnicity_code for person in everybody(people_of("chifeng")))
    assert ethnicities["02"] > 1000
    assert {person.ethnicity_code for person in everybody(people_of("fushan"))} == {"01"}
    assert date(1958, 1, 1) < min(person.birth_date for person in everybody(people_of("chifeng")))


@pytest.mark.parametrize("name", SAMPLES)
def test_posts_for_one_person_are_held_by_one_person(name: str) -> None:
    single = {"镇长", "乡长", "人大主席", "林业站站长", "监委会主任", "第一书记"}
    held = Counter(
        (post.division_code, post.title)
        for person in everybody(people_of(name))
        for post in person.posts
        if post.end is None and post.title in single
    )
    assert max(held.values()) == 1
