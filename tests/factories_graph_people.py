"""The first half of the small county: its places and people."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import Session

from app.crypto import PersonalDataCipher
from app.models import (
    AnnualAppraisal,
    Appointment,
    AssignedCadre,
    DevelopmentNeed,
    Division,
    Mentee,
    Mentor,
    MentorPool,
    MentorSpecialty,
    Person,
    PersonCodeCounter,
    ReserveCandidate,
    ReservePool,
    VillageCondition,
    VillageLink,
)
from app.models.vocabulary import (
    AppraisalGrade,
    AssignmentState,
    CandidateSource,
    CandidateState,
    DatePrecision,
    DivisionKind,
    DivisionLevel,
    MenteeKind,
    MentorCategory,
    MentorState,
    NeedSource,
    PostKind,
    ReviewLevel,
    Sex,
    SkillLevel,
    Specialty,
    TargetPost,
    VillageConditionKind,
    VillageLinkRole,
)

BY: dict[str, Any] = {"created_by": "factory", "updated_by": "factory"}
START = date(2025, 3, 1)
END = date(2026, 2, 28)
DIVISIONS = (
    # code, name, level, kind, parent
    ("520000000000", "黔省", DivisionLevel.PROVINCE, DivisionKind.PROVINCE, None),
    ("520600000000", "铜市", DivisionLevel.PREFECTURE, DivisionKind.PREFECTURE, "520000000000"),
    ("520624000000", "甲县", DivisionLevel.COUNTY, DivisionKind.COUNTY, "520600000000"),
    ("520624101000", "板桥镇", DivisionLevel.TOWNSHIP, DivisionKind.TOWN, "520624000000"),
    ("520624101201", "桂花村", DivisionLevel.VILLAGE, DivisionKind.VILLAGE, "520624101000"),
    ("520624101202", "石门村", DivisionLevel.VILLAGE, DivisionKind.VILLAGE, "520624101000"),
    ("520624102000", "青杠镇", DivisionLevel.TOWNSHIP, DivisionKind.TOWN, "520624000000"),
    ("520624102201", "长坡村", DivisionLevel.VILLAGE, DivisionKind.VILLAGE, "520624102000"),
    ("520625000000", "乙县", DivisionLevel.COUNTY, DivisionKind.COUNTY, "520600000000"),
    ("520625101000", "木黄镇", DivisionLevel.TOWNSHIP, DivisionKind.TOWN, "520625000000"),
    ("520625101201", "凤仪村", DivisionLevel.VILLAGE, DivisionKind.VILLAGE, "520625101000"),
)
COUNTY, OTHER_COUNTY = "520624000000", "520625000000"
TOWNSHIP, OTHER_TOWNSHIP = "520624101000", "520624102000"


@dataclass(slots=True, kw_only=True)
class World:
    """What was inserted: rows by the name that tests use, and a token for each kind of viewer."""

    cipher: PersonalDataCipher
    divisions: dict[str, UUID] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    ids: dict[str, UUID] = field(default_factory=dict)
    candidates: list[UUID] = field(default_factory=list)

    def secret(self, text: str) -> str:
        """The token of a text of class A."""
        return self.cipher.encrypt(text)


def add_divisions(session: Session, world: World) -> None:
    for order, (code, name, level, kind, parent) in enumerate(DIVISIONS):
        county = code[:6] + "000000"
        row = Division(
            code=code,
            name=name,
            level=level,
            kind=kind,
            local_label=name[-1],
            parent_id=world.divisions[parent] if parent else None,
            county_id=world.divisions.get(county),
            display_order=order,
            valid_from=date(2023, 1, 1),
            **BY,
        )
        if level is DivisionLevel.COUNTY:
            row.county_id = row.id
        session.add(row)
        session.flush()
        world.divisions[code] = row.id
    session.add(
        VillageCondition(
            county_id=world.divisions[COUNTY],
            village_id=world.divisions["520624101201"],
            kind=VillageConditionKind.WEAK_ECONOMY,
            start_date=date(2024, 1, 1),
            **BY,
        )
    )


def person(session: Session, world: World, code: str, name: str, division: str) -> Person:
    """A person with a masked ID number and phone, and a village post since 2015."""
    county_id = world.divisions[division[:6] + "000000"]
    row = Person(
        code=code,
        name=name,
        division_id=world.divisions[division],
        county_id=county_id,
        sex=Sex.FEMALE,
        birth_date=date(1990, 6, 1),
        birth_precision=DatePrecision.MONTH,
        ethnicity_code="15",
        political_status_code="01",
        education_code="31",
        degree_code="4",
        id_number_encrypted="secret-of-" + code,
        id_number_hash=uuid4().hex * 2,
        id_number_masked="520624************",
        phone_encrypted="secret-of-" + code,
        phone_hash=uuid4().hex * 2,
        phone_masked="138****1234",
        unit_and_post="村委会",
        **BY,
    )
    session.add(row)
    session.flush()
    session.add(
        Appointment(
            person_id=row.id,
            county_id=county_id,
            post=PostKind.VILLAGE_DIRECTOR,
            title="村委会主任",
            division_id=world.divisions[division],
            start_date=date(2015, 3, 1),
            is_grassroots=True,
            source="factory",
            **BY,
        )
    )
    return row


def candidate(session: Session, world: World, row: Person, village: str) -> UUID:
    """A reserve candidate in a village."""
    mentee = Mentee(
        kind=MenteeKind.RESERVE_CANDIDATE,
        person_id=row.id,
        village_id=world.divisions[village],
        county_id=row.county_id,
        **BY,
    )
    session.add(mentee)
    session.flush()
    session.add(
        ReserveCandidate(
            id=mentee.id,
            person_id=row.id,
            county_id=row.county_id,
            pool_id=world.ids["reserve_pool" if row.county_id == world.divisions[COUNTY] else "other_reserve_pool"],
            target_post=TargetPost.SECRETARY,
            source=CandidateSource.RETURNED_TALENT,
            pool_date=date(2024, 6, 1),
            exit_reason_encrypted=world.secret("restricted-exit-reason"),
            review_level=ReviewLevel.PREFECTURE_REVIEWED,
            state=CandidateState.IN_POOL,
            **BY,
        )
    )
    return mentee.id


def add_people(session: Session, world: World, n_candidates: int) -> None:
    for key, county in (("reserve_pool", COUNTY), ("other_reserve_pool", OTHER_COUNTY)):
        pool = ReservePool(county_id=world.divisions[county], name="后备力量库", **BY)
        session.add(pool)
        session.flush()
        world.ids[key] = pool.id
        session.add(PersonCodeCounter(county_id=world.divisions[county], next_number=20_001))
    villages = ("520624101201", "520624101202", "520624102201")
    for number in range(n_candidates):
        village = villages[number % 3]
        row = person(session, world, f"520624-{number:05d}", f"候选 {number % 7}", village)
        if number == 0:
            world.ids["mentee_person"] = row.id
            _details(session, row, world.divisions[village])
        world.candidates.append(candidate(session, world, row, village))
    other = person(session, world, "520625-00001", "外县人", "520625101201")
    world.ids["other_person"], world.ids["other_candidate"] = other.id, candidate(session, world, other, "520625101201")
    cadre = person(session, world, "520624-05000", "选派人", "520624101201")
    mentee = Mentee(
        kind=MenteeKind.ASSIGNED_CADRE,
        person_id=cadre.id,
        village_id=world.divisions["520624101201"],
        county_id=cadre.county_id,
        **BY,
    )
    session.add(mentee)
    session.flush()
    session.add(
        AssignedCadre(
            id=mentee.id,
            person_id=cadre.id,
            county_id=cadre.county_id,
            sending_unit="县农业局",
            assigned_from=date(2024, 5, 1),
            state=AssignmentState.ACTIVE,
            **BY,
        )
    )
    world.ids["assigned_cadre"] = mentee.id
    pool = MentorPool(
        division_id=world.divisions[TOWNSHIP], county_id=world.divisions[COUNTY], name="板桥镇帮带导师库", **BY
    )
    session.add(pool)
    session.flush()
    world.ids["mentor_pool"] = pool.id
    for number in range(max(2, n_candidates)):
        row = person(session, world, f"520624-1{number:04d}", f"导师{number}", TOWNSHIP if number else "520624101202")
        mentor = Mentor(
            person_id=row.id,
            pool_id=pool.id,
            county_id=row.county_id,
            category=MentorCategory.VILLAGE_SECRETARY,
            state=MentorState.ACTIVE,
            capacity=2,
            **BY,
        )
        session.add(mentor)
        session.flush()
        session.add(
            MentorSpecialty(
                mentor_id=mentor.id,
                county_id=row.county_id,
                specialty=Specialty.PARTY_BUILDING,
                level=SkillLevel.GOOD,
                **BY,
            )
        )
        world.ids[f"mentor{number}"] = mentor.id
        world.ids[f"mentor_person{number}"] = row.id


def _details(session: Session, row: Person, village_id: UUID) -> None:
    county: dict[str, Any] = {"county_id": row.county_id, **BY}
    session.add(AnnualAppraisal(person_id=row.id, year=2024, grade=AppraisalGrade.EXCELLENT, **county))
    session.add(
        VillageLink(person_id=row.id, village_id=village_id, role=VillageLinkRole.SECRETARY, start_date=START, **county)
    )
    session.add(
        DevelopmentNeed(person_id=row.id, specialty=Specialty.DIGITAL, weight=2.0, source=NeedSource.SURVEY, **county)
    )
    session.add(
        DevelopmentNeed(village_id=village_id, specialty=Specialty.INDUSTRY, source=NeedSource.DEFAULT, **county)
    )
