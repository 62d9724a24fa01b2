"""Mentors of a sample: half of them at township level, half in the villages, and the obstacles some of them meet."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from app.models.vocabulary import AppraisalGrade, MentorCategory, Sex, Specialty
from app.sample.allocation import Allocation
from app.sample.careers import NOW, bureau, county_career, township_career, trade_career, village_career
from app.sample.catalog import REFERENCE_DATE
from app.sample.mentees import draw
from app.sample.people_maker import PeopleMaker
from app.sample.records import SampleMentor, SamplePost


class Obstacle(StrEnum):
    """What sets a mentor of the sample apart: a reason not to serve, or room for a second mentee."""

    DISCIPLINE = "DISCIPLINE"
    APPRAISAL = "APPRAISAL"
    MIN_EXPERIENCE = "MIN_EXPERIENCE"
    NO_CAREER = "NO_CAREER"
    NO_CAPACITY = "NO_CAPACITY"
    NONE_BUT_DOUBLE_CAPACITY = "NONE_BUT_DOUBLE_CAPACITY"


OBSTACLE_SHARES = {
    Obstacle.DISCIPLINE: 0.015,
    Obstacle.APPRAISAL: 0.007,
    Obstacle.MIN_EXPERIENCE: 0.010,
    Obstacle.NO_CAREER: 0.003,
    Obstacle.NO_CAPACITY: 0.003,
}
"""Shares of all mentors; each mentor meets at most one."""
DOUBLE_CAPACITY_SHARE = 0.02
"""Mentors who may take two mentees; they make up for part of those who may take none."""

_TOWNSHIP_LEVEL = {
    MentorCategory.TOWNSHIP_LEADER: 25,
    MentorCategory.TOWNSHIP_OFFICER: 39,
    MentorCategory.STATION_EXPERT: 20,
    MentorCategory.FIRST_SECRETARY: 8,
    MentorCategory.RETIRED_CADRE: 8,
}
_VILLAGE_LEVEL = {
    MentorCategory.VILLAGE_SECRETARY: 50,
    MentorCategory.VILLAGE_COMMITTEE: 33,
    MentorCategory.INDUSTRY_LEADER: 17,
}
_ONE_TO_ONE = {
    MentorCategory.TOWNSHIP_OFFICER: 45,
    MentorCategory.INDUSTRY_LEADER: 35,
    MentorCategory.RETIRED_CADRE: 20,
}
_ONE_PER_VILLAGE = (MentorCategory.VILLAGE_SECRETARY, MentorCategory.FIRST_SECRETARY)
_IN_VILLAGE = frozenset({MentorCategory.FIRST_SECRETARY, *_VILLAGE_LEVEL})
_TOWNSHIP_STAFF = frozenset(
    {MentorCategory.TOWNSHIP_LEADER, MentorCategory.TOWNSHIP_OFFICER, MentorCategory.STATION_EXPERT}
)
_NOT_SUBJECT_TO = {
    Obstacle.APPRAISAL: frozenset({MentorCategory.INDUSTRY_LEADER, MentorCategory.RETIRED_CADRE}),
    Obstacle.MIN_EXPERIENCE: frozenset({MentorCategory.RETIRED_CADRE}),
}
_LONGEST_YEARS = {MentorCategory.FIRST_SECRETARY: 9, MentorCategory.COUNTY_OFFICER: 14}
RETIREMENT_AGE = 60
_GRADES = {
    AppraisalGrade.EXCELLENT: 24,
    AppraisalGrade.COMPETENT: 73,
    AppraisalGrade.NOT_GRADED: 3,
}
_SKILLS = {
    Specialty.PARTY_BUILDING: 22,
    Specialty.INDUSTRY: 20,
    Specialty.GOVERNANCE: 16,
    Specialty.MEDIATION: 15,
    Specialty.COLLECTIVE_FINANCE: 8,
    Specialty.PROJECTS: 7,
    Specialty.ECOLOGY: 3,
    Specialty.ETHNIC_UNITY: 3,
    Specialty.DIGITAL: 3,
    Specialty.POLICY: 3,
}
APPRAISAL_YEARS = tuple(REFERENCE_DATE.year - back for back in (3, 2, 1))
"""The years whose appraisals the workbooks show."""


def make_mentors(maker: PeopleMaker, allocation: Allocation) -> tuple[SampleMentor, ...]:
    """The mentors of the sample, pool by pool in code order."""
    seats = [
        seat for pool, number in sorted(allocation.mentors_by_pool.items()) for seat in _seats(maker, pool, number)
    ]
    obstacles = _draw_obstacles(maker.places.random("obstacles"), [seat.category for seat in seats])
    served = sorted(set(allocation.mentee_villages))
    factory = _MentorFactory(maker, served)
    return tuple(factory.mentor(seat, obstacles.get(index)) for index, seat in enumerate(seats))


@dataclass(frozen=True, slots=True)
class _Seat:
    """Pool and category of a mentor, and the village or township served."""

    pool: str
    category: MentorCategory
    home: str


def _seats(maker: PeopleMaker, pool: str, number: int) -> Iterator[_Seat]:
    random = maker.random
    if pool.endswith("000000"):
        for _ in range(number):
            yield _Seat(pool, MentorCategory.COUNTY_OFFICER, random.choice(maker.places.children(pool)).code)
        return
    villages = maker.villages(pool)
    # A village has one secretary and one first secretary; when all are taken, others of the two committees follow.
    free = {category: random.sample(villages, len(villages)) for category in _ONE_PER_VILLAGE}
    for index in range(number):
        if maker.places.sample.shape.program.preset == "FUSHAN_ONE_TO_ONE":
            category = random.choices(list(_ONE_TO_ONE), list(_ONE_TO_ONE.values()))[0]
        elif index % 2 == 0:
            category = random.choices(list(_TOWNSHIP_LEVEL), list(_TOWNSHIP_LEVEL.values()))[0]
        else:
            category = random.choices(list(_VILLAGE_LEVEL), list(_VILLAGE_LEVEL.values()))[0]
        if category in _ONE_PER_VILLAGE:
            if free[category]:
                yield _Seat(pool, category, free[category].pop().code)
                continue
            category = MentorCategory.VILLAGE_COMMITTEE
        yield _Seat(pool, category, random.choice(villages).code if category in _IN_VILLAGE else pool)


def _draw_obstacles(random: Random, categories: Sequence[MentorCategory]) -> dict[int, Obstacle]:
    """Which mentors meet which obstacle; each at most one, and only one that can apply to the category."""
    order = random.sample(range(len(categories)), len(categories))
    found: dict[int, Obstacle] = {}
    for obstacle, share in OBSTACLE_SHARES.items():
        excluded = _NOT_SUBJECT_TO.get(obstacle, frozenset())
        fitting = [index for index in order if categories[index] not in excluded]
        for index in fitting[: round(share * len(categories))]:
            order.remove(index)
            found[index] = obstacle
    for index in order[: round(DOUBLE_CAPACITY_SHARE * len(categories))]:
        found[index] = Obstacle.NONE_BUT_DOUBLE_CAPACITY
    return found


class _MentorFactory:
    def __init__(self, maker: PeopleMaker, served_villages: Sequence[str]) -> None:
        self._maker = maker
        self._random = maker.random
        self._served_by_township: dict[str, list[str]] = defaultdict(list)
        self._served_by_county: dict[str, list[str]] = defaultdict(list)
        for code in served_villages:
            self._served_by_township[code[:9].ljust(12, "0")].append(code)
            self._served_by_county[code[:6].ljust(12, "0")].append(code)

    def mentor(self, seat: _Seat, obstacle: Obstacle | None) -> SampleMentor:
        random = self._random
        is_retired = seat.category is MentorCategory.RETIRED_CADRE
        age, months = self._age_and_months(seat.category, is_short=obstacle is Obstacle.MIN_EXPERIENCE)
        end = NOW - (age - RETIREMENT_AGE) * 12 - random.randint(1, 10) if is_retired else None
        has_career = obstacle is not Obstacle.NO_CAREER
        is_trade = seat.category is MentorCategory.INDUSTRY_LEADER
        skills = draw(random, _SKILLS, random.randint(2, 4))
        n_good = random.randint(1, 2)
        return SampleMentor(
            person=self._maker.person(
                seat.pool if seat.category is MentorCategory.COUNTY_OFFICER else seat.home,
                sex=Sex.MALE if random.random() < 0.74 else Sex.FEMALE,
                age_years=age,
                posts=self._career(seat, months, end) if has_career else (),
                is_member=not is_trade or random.random() < 0.6,
                is_official=seat.category not in _VILLAGE_LEVEL,
            ),
            pool_code=seat.pool,
            category=seat.category,
            trade_years=months // 12 if is_trade and has_career else None,
            good=skills[:n_good],
            familiar=skills[n_good:],
            grades=self._grades(seat.category, is_weak=obstacle is Obstacle.APPRAISAL),
            capacity=self._capacity(obstacle),
            linked_village_codes=self._links(seat),
            residence_code=random.choice(self._maker.villages(seat.pool)).code if is_retired else None,
            has_discipline_in_force=obstacle is Obstacle.DISCIPLINE,
        )

    def _age_and_months(self, category: MentorCategory, *, is_short: bool) -> tuple[int, int]:
        """Age in years and length of the career that counts, in months."""
        random = self._random
        if category is MentorCategory.RETIRED_CADRE:
            return random.randint(RETIREMENT_AGE, 66), round(random.triangular(12, 36, 26) * 12)
        longest = _LONGEST_YEARS.get(category, 32)
        years = random.uniform(0.8, 2.6) if is_short else random.triangular(5, longest, min(14, longest))
        # County officials were in an office before or after their years at the grassroots.
        youngest = max(30, int(years) + (33 if category in _LONGEST_YEARS else 24))
        return min(59, random.randint(youngest, max(youngest, min(58, youngest + 12)))), round(years * 12)

    def _career(self, seat: _Seat, months: int, end: int | None) -> tuple[SamplePost, ...]:
        random = self._random
        around = self._maker.surroundings(seat.home)
        if seat.category in (MentorCategory.COUNTY_OFFICER, MentorCategory.FIRST_SECRETARY):
            is_first = seat.category is MentorCategory.FIRST_SECRETARY
            unit = bureau(random, around.county)
            return county_career(random, around, months, unit, is_first_secretary=is_first)
        if seat.category is MentorCategory.INDUSTRY_LEADER:
            return trade_career(random, around, months)
        if seat.category in (MentorCategory.VILLAGE_SECRETARY, MentorCategory.VILLAGE_COMMITTEE):
            is_secretary = seat.category is MentorCategory.VILLAGE_SECRETARY
            return village_career(random, around, months, is_secretary=is_secretary)
        if seat.category is MentorCategory.RETIRED_CADRE and random.random() < 0.3:
            village = random.choice(self._maker.villages(seat.pool))
            return village_career(random, self._maker.surroundings(village.code), months, is_secretary=True, end=end)
        return township_career(random, seat.category, around, months, end)

    def _grades(self, category: MentorCategory, *, is_weak: bool) -> tuple[tuple[int, AppraisalGrade], ...]:
        """Grades of the last three years, some missing; the weak have a poor one in the last year."""
        if category in _NOT_SUBJECT_TO[Obstacle.APPRAISAL]:
            return ()
        random = self._random
        found = []
        for year in APPRAISAL_YEARS:
            if is_weak and year == APPRAISAL_YEARS[-1]:
                found.append(
                    (year, random.choice((AppraisalGrade.BASIC, AppraisalGrade.BASIC, AppraisalGrade.INCOMPETENT)))
                )
            elif random.random() >= 0.07:
                grade = random.choices(list(_GRADES), list(_GRADES.values()))[0]
                found.append((year, grade))
        return tuple(found)

    def _capacity(self, obstacle: Obstacle | None) -> int | None:
        if obstacle is Obstacle.NO_CAPACITY:
            return 0
        if obstacle is Obstacle.NONE_BUT_DOUBLE_CAPACITY:
            return 2
        return 1 if self._random.random() < 0.3 else None

    def _links(self, seat: _Seat) -> tuple[str, ...]:
        """Villages a township or county official is contact cadre of."""
        random = self._random
        if seat.category is MentorCategory.COUNTY_OFFICER:
            near = self._served_by_county[seat.pool]
            return tuple(sorted(random.sample(near, min(2, len(near)))))
        if seat.category in _TOWNSHIP_STAFF and random.random() < 0.55:
            near = self._served_by_township[seat.pool] or [v.code for v in self._maker.villages(seat.pool)]
            return tuple(sorted(random.sample(near, min(random.randint(1, 2), len(near)))))
        return ()
