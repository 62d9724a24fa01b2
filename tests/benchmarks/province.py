"""A province written straight into the tables: invented people of any number, in bulk, as an import would leave them.

Every county has the same shape, and two mentors for each mentee, most of them where they are needed. Equal seeds write
equal people with equal keys.
"""

import itertools
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert
from sqlmodel import Session, SQLModel, col, select

from app.access import SYSTEM_VIEWER
from app.db import Database, run_in_transaction, utc_now
from app.models import (
    AnnualAppraisal,
    Appointment,
    DevelopmentNeed,
    Division,
    Mentee,
    Mentor,
    MentorPool,
    MentorSpecialty,
    Person,
    ReserveCandidate,
    ReservePool,
    TownshipAdjacency,
    Zone,
    ZoneTownship,
)
from app.models.vocabulary import (
    AppraisalGrade,
    CandidateSource,
    CandidateState,
    DatePrecision,
    DivisionKind,
    DivisionLevel,
    MenteeKind,
    MentorCategory,
    MentorState,
    NeedSource,
    PersonStatus,
    PostKind,
    ProgramKind,
    ReviewLevel,
    Sex,
    SkillLevel,
    Specialty,
    TargetPost,
    Terrain,
    ZoneKind,
)
from app.services.programs import ProgramDraft, create_pairing_program

START = date(2025, 3, 1)
VALID_FROM = date(2020, 1, 1)
SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈杨张田冉安任", "明华建国秀英文军丽平志强海燕春林"

POSTS = {
    MentorCategory.TOWNSHIP_OFFICER: (PostKind.TOWNSHIP_OFFICER, "干部"),
    MentorCategory.STATION_EXPERT: (PostKind.STATION_STAFF, "站所专业技术人员"),
    MentorCategory.VILLAGE_SECRETARY: (PostKind.VILLAGE_SECRETARY, "党支部书记"),
    MentorCategory.VILLAGE_COMMITTEE: (PostKind.VILLAGE_COMMITTEE_MEMBER, "村委会委员"),
}
TOWNSHIP_SIDE = (MentorCategory.TOWNSHIP_OFFICER, MentorCategory.STATION_EXPERT)
VILLAGE_SIDE = (MentorCategory.VILLAGE_SECRETARY, MentorCategory.VILLAGE_COMMITTEE)

Rows = dict[type[SQLModel], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvinceShape:
    """How large the province is; people, townships and villages are counted per county and per township.

    ``moved_share`` of the mentors of the township side work in another township than the mentee they would suit.
    """

    n_programs: int
    n_counties: int = 10
    n_mentees: int = 125
    n_townships: int = 12
    n_villages: int = 8
    moved_share: float = 0.05

    @property
    def n_all_mentees(self) -> int:
        """Mentees of the whole province."""
        return self.n_programs * self.n_counties * self.n_mentees


def write_province(database: Database, shape: ProvinceShape, *, seed: int = 0) -> int:
    """Write divisions and people, a prefecture in a transaction; returns the number of rows."""
    n_rows = 0
    maker = _Maker(random.Random(seed), shape)
    for rows in maker.prefectures():
        with database.engine.begin() as connection:
            n_rows += _write(connection, rows)
    return n_rows


def create_programs(database: Database, shape: ProvinceShape) -> list[UUID]:
    """Create the programme of every prefecture, under the preset of Tongren; returns their ids."""
    with database.read() as session:
        of_level = select(Division).where(Division.level == DivisionLevel.PREFECTURE)
        prefectures = session.exec(of_level.order_by(col(Division.code))).all()
    assert len(prefectures) == shape.n_programs
    return [run_in_transaction(database, partial(_program, division=division)) for division in prefectures]


def _program(session: Session, division: Division) -> UUID:
    draft = ProgramDraft(
        division_id=division.id,
        kind=ProgramKind.TWO_PLUS_ONE,
        mentee_kind=MenteeKind.RESERVE_CANDIDATE,
        name=f"{division.name}2025年“2+1”结对帮带",
        year=START.year,
        start_date=START,
        preset="TONGREN_2_PLUS_1",
    )
    return create_pairing_program(session, SYSTEM_VIEWER, draft).id


def _write(connection: Connection, rows: Rows) -> int:
    for table, values in rows.items():
        connection.execute(insert(table), values)
    return sum(len(values) for values in rows.values())


@dataclass(slots=True)
class _Maker:
    """Draws everything from one stream of random numbers; rows of referenced tables come first."""

    random: random.Random
    shape: ProvinceShape
    tracking: dict[str, Any] = field(default_factory=dict)
    rows: Rows = field(default_factory=lambda: defaultdict(list))
    n_people: int = 0

    def prefectures(self) -> Iterator[Rows]:
        """The rows of one prefecture after the other, the province with the first."""
        now = utc_now()
        self.tracking = {"created_at": now, "created_by": "sample", "updated_at": now, "updated_by": "sample"}
        self.tracking["version"] = 1
        province = self._division("520000000000", "黔省", DivisionLevel.PROVINCE, None, None)
        for p in range(1, self.shape.n_programs + 1):
            prefecture = self._division(f"52{p:02d}00000000", f"第{p}市", DivisionLevel.PREFECTURE, province, None)
            for c in range(1, self.shape.n_counties + 1):
                self._county(f"52{p:02d}{c:02d}", prefecture)
            yield self.rows
            self.rows = defaultdict(list)

    def _key(self) -> UUID:
        return UUID(int=self.random.getrandbits(128), version=4)

    def _add(self, table: type[SQLModel], **values: Any) -> UUID:
        key: UUID = values.setdefault("id", self._key())
        self.rows[table].append(values)
        return key

    def _division(self, code: str, name: str, level: DivisionLevel, parent: UUID | None, county: UUID | None) -> UUID:
        key = self._key()
        kinds = {DivisionLevel.TOWNSHIP: DivisionKind.TOWN}
        return self._add(
            Division,
            id=key,
            code=code,
            name=name,
            level=level,
            kind=kinds.get(level) or DivisionKind(level.value),
            local_label=name[-1],
            parent_id=parent,
            county_id=key if level is DivisionLevel.COUNTY else county,
            display_order=int(code[2:4]) if level is DivisionLevel.PREFECTURE else int(code[-6:]) % 1000,
            valid_from=VALID_FROM,
            latitude=round(27.0 + self.random.random(), 5),
            longitude=round(108.0 + self.random.random(), 5),
            terrain=Terrain.MOUNTAIN if level is DivisionLevel.COUNTY else None,
            **self.tracking,
        )

    def _county(self, code: str, prefecture: UUID) -> None:
        shape = self.shape
        county = self._division(f"{code}000000", f"第{code}县", DivisionLevel.COUNTY, prefecture, None)
        townships, villages = [], []
        for t in range(shape.n_townships):
            township = self._division(f"{code}{101 + t}000", f"{code}{t}镇", DivisionLevel.TOWNSHIP, county, county)
            townships.append(township)
            villages.append(
                [
                    self._division(f"{code}{101 + t}{201 + v}", f"第{v}村", DivisionLevel.VILLAGE, township, county)
                    for v in range(shape.n_villages)
                ]
            )
        own = {"county_id": county, **self.tracking}
        for a, b in itertools.pairwise(townships):
            self._add(TownshipAdjacency, township_a_id=a, township_b_id=b, is_synthetic=True)
        zones = [self._add(Zone, kind=ZoneKind.ZONE, name=f"片区{number}", **own) for number in (1, 2)]
        for t, township in enumerate(townships):
            self._add(ZoneTownship, zone_id=zones[t % 2], township_id=township, start_date=VALID_FROM)
        reserve = self._add(ReservePool, name="后备力量库", **own)
        pools = [self._add(MentorPool, division_id=township, name="帮带导师库", **own) for township in townships]
        for number in range(shape.n_mentees):
            t = number % shape.n_townships
            self._candidate(self.random.choice(villages[t]), reserve, own)
            is_moved = self.random.random() < shape.moved_share
            place = self.random.randrange(shape.n_townships) if is_moved else t
            self._mentor(self.random.choice(TOWNSHIP_SIDE), townships[place], pools[place], own)
            place = self.random.randrange(shape.n_townships)
            self._mentor(self.random.choice(VILLAGE_SIDE), self.random.choice(villages[place]), pools[place], own)

    def _person(self, division: UUID, birth_year: int, own: dict[str, Any]) -> UUID:
        self.n_people += 1
        return self._add(
            Person,
            code=f"S{self.n_people:07d}",
            division_id=division,
            name=self.random.choice(SURNAMES) + "".join(self.random.choices(GIVEN, k=2)),
            sex=self.random.choice((Sex.MALE, Sex.FEMALE)),
            birth_date=date(birth_year, self.random.randint(1, 12), 1),
            birth_precision=DatePrecision.MONTH,
            unit_and_post="村干部",
            status=PersonStatus.ACTIVE,
            **own,
        )

    def _appointment(
        self, person: UUID, post: PostKind, title: str, place: UUID, years: int, own: dict[str, Any]
    ) -> None:
        self._add(
            Appointment,
            person_id=person,
            post=post,
            title=title,
            division_id=place,
            start_date=date(START.year - years, self.random.randint(1, 12), 1),
            end_date=None,
            is_grassroots=post not in (PostKind.OTHER, PostKind.TRADE),
            is_leader=False,
            source="sample",
            **own,
        )

    def _candidate(self, village: UUID, reserve: UUID, own: dict[str, Any]) -> None:
        person = self._person(village, self.random.randint(1986, 2000), own)
        self._appointment(person, PostKind.OTHER, "务工", village, self.random.randint(2, 8), own)
        mentee = self._add(Mentee, kind=MenteeKind.RESERVE_CANDIDATE, person_id=person, village_id=village, **own)
        self._add(
            ReserveCandidate,
            id=mentee,
            person_id=person,
            pool_id=reserve,
            target_post=self.random.choice(tuple(TargetPost)),
            source=CandidateSource.SURVEYED_LOCAL,
            pool_date=date(2024, 12, 1),
            review_level=ReviewLevel.PREFECTURE_REVIEWED,
            state=CandidateState.IN_POOL,
            tags=[],
            **own,
        )
        for specialty in self.random.sample(tuple(Specialty), self.random.randint(1, 2)):
            weight = self.random.choice((1.0, 2.0))
            self._add(
                DevelopmentNeed,
                person_id=person,
                specialty=specialty,
                weight=weight,
                source=NeedSource.EVALUATION,
                **own,
            )

    def _mentor(self, category: MentorCategory, place: UUID, pool: UUID, own: dict[str, Any]) -> None:
        person = self._person(place, self.random.randint(1968, 1985), own)
        post, title = POSTS[category]
        self._appointment(person, post, title, place, self.random.randint(4, 20), own)
        for year in (2022, 2023, 2024):
            grade = self.random.choice((AppraisalGrade.EXCELLENT, AppraisalGrade.COMPETENT))
            self._add(AnnualAppraisal, person_id=person, year=year, grade=grade, **own)
        mentor = self._add(Mentor, person_id=person, pool_id=pool, category=category, state=MentorState.ACTIVE, **own)
        for specialty in self.random.sample(tuple(Specialty), 2):
            level = self.random.choice((SkillLevel.GOOD, SkillLevel.FAMILIAR))
            self._add(MentorSpecialty, mentor_id=mentor, specialty=specialty, level=level, **own)
