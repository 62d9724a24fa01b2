"""A small county with people, a programme, a plan, pairings and rosters, inserted straight into the tables."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import Session

from app.access import create_token
from app.db import Database
from app.models import (
    AnnualAppraisal,
    Appointment,
    AssignedCadre,
    DevelopmentNeed,
    Division,
    Exclusion,
    ExportJob,
    MatchPlan,
    MatchPolicy,
    MatchRun,
    Mentee,
    Mentor,
    MentorPool,
    MentorSpecialty,
    Pairing,
    PairingMember,
    PairingProgram,
    Person,
    Pin,
    PlanItem,
    Preference,
    ProgramSlot,
    ReserveCandidate,
    ReservePool,
    Roster,
    RosterEntry,
    RuleRelease,
    Shortfall,
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
    ExclusionReason,
    ExportFormat,
    ExportState,
    MaskLevel,
    MenteeKind,
    MentorCategory,
    MentorState,
    NeedSource,
    PairingMemberState,
    PairingState,
    PlanState,
    PostKind,
    ProgramKind,
    Relation,
    ReviewLevel,
    Role,
    RosterState,
    RunMode,
    RunState,
    Sex,
    SkillLevel,
    SolveStatus,
    Specialty,
    TargetPost,
    TravelSource,
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


@dataclass(slots=True)
class World:
    """What was inserted: rows by the name that tests use, and a token for each kind of viewer."""

    divisions: dict[str, UUID] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    ids: dict[str, UUID] = field(default_factory=dict)
    candidates: list[UUID] = field(default_factory=list)


def build_world(database: Database, *, n_candidates: int = 5) -> World:
    """Insert everything: ``n_candidates`` candidates in one county, each in a pairing with two mentors."""
    world = World()
    with database.write() as session:
        _divisions(session, world)
        _people(session, world, n_candidates)
        _programme(session, world)
        _pairings(session, world)
        _rosters(session, world)
        _tokens(session, world)
    return world


def _divisions(session: Session, world: World) -> None:
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
        id_number_encrypted="secret-of-" + code,
        id_number_hash=uuid4().hex * 2,
        id_number_masked="520624********0013",
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
            exit_reason="restricted-exit-reason",
            review_level=ReviewLevel.PREFECTURE_REVIEWED,
            state=CandidateState.IN_POOL,
            **BY,
        )
    )
    return mentee.id


def _people(session: Session, world: World, n_candidates: int) -> None:
    for key, county in (("reserve_pool", COUNTY), ("other_reserve_pool", OTHER_COUNTY)):
        pool = ReservePool(county_id=world.divisions[county], name="后备力量库", **BY)
        session.add(pool)
        session.flush()
        world.ids[key] = pool.id
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


def _programme(session: Session, world: World) -> None:
    programme = PairingProgram(
        division_id=world.divisions[COUNTY],
        kind=ProgramKind.TWO_PLUS_ONE,
        mentee_kind=MenteeKind.RESERVE_CANDIDATE,
        name="2025年结对",
        year=2025,
        start_date=START,
        end_date=END,
        reference_date=START,
        **BY,
    )
    session.add(programme)
    session.flush()
    world.ids["program"] = programme.id
    for position, code in enumerate(("TOWNSHIP_MENTOR", "VILLAGE_MENTOR"), start=1):
        session.add(ProgramSlot(program_id=programme.id, position=position, code=code, name=f"帮带干部{position}"))
    policy = MatchPolicy(program_id=programme.id, policy_version=1, content={"slots": []}, fingerprint="0" * 64, **BY)
    session.add(policy)
    session.flush()
    run = MatchRun(
        program_id=programme.id,
        policy_id=policy.id,
        mode=RunMode.FINAL,
        state=RunState.SOLVED_WITH_SHORTFALL,
        solver="flow",
        solver_status=SolveStatus.OPTIMAL,
        levels=[{"name": "SEATS_FILLED", "value": 9.0, "bound": 9.0, "gap": 0.0}],
        stage_seconds={"snapshot": 0.1},
        messages=[{"kind": "SOLVER", "text": "exact"}],
        **BY,
    )
    session.add(run)
    session.flush()
    plan = MatchPlan(
        run_id=run.id,
        program_id=programme.id,
        label="BALANCED",
        state=PlanState.PUBLISHED,
        levels=run.levels,
        metrics={"filled": 9},
        submitted_by="officer",
        **BY,
    )
    session.add(plan)
    session.flush()
    world.ids |= {"policy": policy.id, "run": run.id, "plan": plan.id}
    county: dict[str, Any] = {"county_id": world.divisions[COUNTY], **BY}
    pin = Pin(
        program_id=programme.id,
        mentee_id=world.candidates[0],
        mentor_id=world.ids["mentor0"],
        reason="老搭档",
        **county,
    )
    release = RuleRelease(
        program_id=programme.id, mentee_id=world.candidates[0], rule="TOWNSHIP_RULE", reason="无本镇导师", **county
    )
    exclusion = Exclusion(
        mentee_person_id=world.ids["mentee_person"],
        mentor_person_id=world.ids["mentor_person1"],
        reason=ExclusionReason.COMPLAINT,
        source="factory",
        **county,
    )
    preference = Preference(
        from_person_id=world.ids["mentee_person"],
        to_person_id=world.ids["mentor_person0"],
        rank=1,
        reason="restricted-preference-reason",
        **county,
    )
    shortfall = Shortfall(
        plan_id=plan.id,
        mentee_id=world.candidates[0],
        slot_code="VILLAGE_MENTOR",
        reasons=[
            {"code": "ALL_AT_CAPACITY", "count": 1},
            {"code": "KINSHIP", "count": 1},
            {"code": "DISCIPLINE", "count": 2},
        ],
        **county,
    )
    session.add_all([pin, release, exclusion, preference, shortfall])
    session.flush()
    world.ids |= {
        "pin": pin.id,
        "release": release.id,
        "exclusion": exclusion.id,
        "preference": preference.id,
        "shortfall": shortfall.id,
    }


def _pairings(session: Session, world: World) -> None:
    county: dict[str, Any] = {"county_id": world.divisions[COUNTY], **BY}
    n_mentors = max(2, len(world.candidates))
    for number, mentee_id in enumerate(world.candidates):
        pairing = Pairing(
            program_id=world.ids["program"],
            plan_id=world.ids["plan"],
            mentee_id=mentee_id,
            state=PairingState.ACTIVE,
            start_date=START,
            end_date=END,
            **county,
        )
        session.add(pairing)
        session.flush()
        for offset, slot in enumerate(("TOWNSHIP_MENTOR", "VILLAGE_MENTOR")):
            mentor_id = world.ids[f"mentor{(number + offset) % n_mentors}"]
            member = PairingMember(
                pairing_id=pairing.id,
                mentor_id=mentor_id,
                slot_code=slot,
                state=PairingMemberState.ACTIVE,
                start_date=START,
                note="restricted-note",
                **county,
            )
            item = PlanItem(
                plan_id=world.ids["plan"],
                mentee_id=mentee_id,
                mentor_id=mentor_id,
                slot_code=slot,
                score=80.0 + offset,
                contributions=[{"term": "geography", "points": 80.0 + offset}],
                relation=Relation.SAME_TOWNSHIP,
                travel_minutes=12.5,
                travel_source=TravelSource.TABLE,
                **county,
            )
            session.add_all([member, item])
            if number == 0 and offset == 0:
                world.ids |= {"pairing": pairing.id, "member": member.id, "item": item.id}


def _rosters(session: Session, world: World) -> None:
    roster = Roster(
        program_id=world.ids["program"],
        plan_id=world.ids["plan"],
        roster_version=1,
        kind=ProgramKind.TWO_PLUS_ONE,
        state=RosterState.PUBLISHED,
        title="花名册",
        published_at=datetime(2025, 3, 15, tzinfo=UTC),
        header={"title": "花名册"},
        checksum="1" * 64,
        **BY,
    )
    session.add(roster)
    session.flush()
    for position, mentee_id in enumerate(world.candidates, start=1):
        entry = RosterEntry(
            roster_id=roster.id,
            county_id=world.divisions[COUNTY],
            mentee_id=mentee_id,
            position=position,
            content={"mentee": {"name": "候选", "phone": "138****1234"}},
            **BY,
        )
        session.add(entry)
        world.ids.setdefault("entry", entry.id)
    job = ExportJob(
        roster_id=roster.id,
        county_id=world.divisions[COUNTY],
        format=ExportFormat.XLSX,
        mask_level=MaskLevel.STANDARD,
        purpose="印发",
        state=ExportState.DONE,
        file_name="花名册 2025.xlsx",
        file_sha256="2" * 64,
        row_count=len(world.candidates),
        content=b"PK-bytes",
        **BY,
    )
    session.add(job)
    session.flush()
    world.ids |= {"roster": roster.id, "export": job.id}


def _tokens(session: Session, world: World) -> None:
    def token(name: str, role: Role, code: str | None, person_key: str | None = None) -> None:
        division = session.get(Division, world.divisions[code]) if code else None
        owner = session.get(Person, world.ids[person_key]) if person_key else None
        world.tokens[name] = create_token(session, role=role, label=name, division=division, person=owner)

    token("system", Role.SYSTEM_ADMIN, None)
    token("prefecture", Role.PREFECTURE_OFFICER, "520600000000")
    token("county", Role.COUNTY_ADMIN, COUNTY)
    token("approver", Role.COUNTY_APPROVER, COUNTY)
    token("other_county", Role.COUNTY_ADMIN, OTHER_COUNTY)
    token("township", Role.TOWNSHIP_OFFICER, TOWNSHIP)
    token("other_township", Role.TOWNSHIP_OFFICER, OTHER_TOWNSHIP)
    token("reader", Role.READER, COUNTY)
    token("mentee", Role.MENTEE, COUNTY, "mentee_person")
    token("mentor", Role.MENTOR, COUNTY, "mentor_person0")
