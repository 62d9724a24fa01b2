"""The world that generated operations meet: two counties with people, programmes, real plans, rosters and secrets."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import Session, SQLModel, col, select

from app.access import create_token, viewer_for_division
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.models import (
    ApiToken,
    AuditEvent,
    Division,
    Exclusion,
    ExportJob,
    ImportBatch,
    ImportIssue,
    ImportMapping,
    ImportRow,
    MatchPlan,
    MatchPolicy,
    MatchRun,
    Mentee,
    Mentor,
    MentorPool,
    Office,
    Pairing,
    PairingMember,
    PairingProgram,
    Person,
    Pin,
    PlanAdjustment,
    PlanItem,
    Preference,
    ReservePool,
    Roster,
    RosterEntry,
    RuleRelease,
    Shortfall,
    UserAccount,
)
from app.models.vocabulary import MenteeKind, MentorCategory, ProgramKind, Role, RunMode, RunState, WeightPreset
from app.rosters.importer import upload_workbook
from app.services.adjustments import AdjustmentDraft, ForbidDraft, adjust_match_plan
from app.services.imports import commit_import
from app.services.people.identity import mask_id_number, mask_phone
from app.services.plans import approve_match_plan, submit_match_plan
from app.services.programs import ProgramDraft, create_pairing_program
from app.services.runs import RunDraft
from matching import PRESETS
from schema.fields import SHOWN
from schema.ids import encode_id
from schema.root import make_schema
from tests.app.rosters.conftest import candidate_row
from tests.app.services.world import World as Bureau
from tests.app.services.world import populate
from tests.factories import Places, id_number
from tests.factories_graph_people import COUNTY, OTHER_COUNTY, OTHER_TOWNSHIP, TOWNSHIP
from tests.schema.door import Door, open_door
from tests.workbooks import CANDIDATE_HEADERS, add_sheet, new_workbook, to_bytes

PREFECTURE = "520600000000"
TERRITORY_BY_ROLE: dict[Role, str | None] = {
    Role.SYSTEM_ADMIN: None,
    Role.PREFECTURE_OFFICER: PREFECTURE,
    Role.COUNTY_ADMIN: COUNTY,
    Role.COUNTY_APPROVER: COUNTY,
    Role.TOWNSHIP_OFFICER: TOWNSHIP,
    Role.AUDITOR: COUNTY,
    Role.READER: COUNTY,
    Role.MENTOR: COUNTY,
    Role.MENTEE: COUNTY,
}
STATE_POOLS = ("AdjustablePlan", "SubmittedPlan", "ApprovedPlan", "SubmittablePlan", "OpenRun", "FailedRun")
TABLES: tuple[type[SQLModel], ...] = (
    *(Person, ReservePool, MentorPool, Mentor, PairingProgram, MatchPolicy, MatchRun, MatchPlan, PlanItem, Shortfall),
    *(PlanAdjustment, Pairing, PairingMember, Pin, RuleRelease, Exclusion, Preference, Roster, RosterEntry, ExportJob),
    *(UserAccount, Office, ApiToken, AuditEvent, ImportBatch, ImportIssue, ImportRow, ImportMapping),
)


@dataclass(slots=True)
class Bait:
    """What generated values may stand for, by name, and what no answer may contain."""

    pools: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    secrets: list[str] = field(default_factory=list)
    revealable: set[str] = field(default_factory=set)
    """Whole ID numbers and phones of everybody."""
    foreign: list[str] = field(default_factory=list)
    """Names, codes, masked numbers and titles of the other county."""

    def filled(self, pool: str, number: int) -> str:
        """The thing that a handle stands for; a pool without any gives a person."""
        things = self.pools.get(pool) or self.pools["Person"]
        return things[number % len(things)]

    def put_first(self, keys_by_type: dict[str, list[UUID]]) -> None:
        """Let the handles with the smallest numbers stand for these."""
        for type_name, keys in keys_by_type.items():
            first = [encode_id(type_name, key) for key in dict.fromkeys(keys)]
            self.pools[type_name] = [*first, *(each for each in self.pools[type_name] if each not in first)]


@dataclass(frozen=True, slots=True)
class County:
    """The application over the world, a token for each role, and the bait."""

    door: Door
    tokens: dict[Role, str]
    bait: Bait

    def favour(self, role: Role) -> None:
        """Mentors and mentees see only what is theirs: let the small handles stand for that."""
        if role in (Role.MENTOR, Role.MENTEE):
            ids = self.door.world.ids
            person = ids["mentee_person" if role is Role.MENTEE else "mentor_person0"]
            own = {"Person": person, "Cadre": person, "Mentor": ids["mentor0"], "Pairing": ids["pairing"]}
            own |= {"ReserveCandidate": self.door.world.candidates[0], "PairingMember": ids["member"]}
            self.bait.put_first({type_name: [key] for type_name, key in own.items()})


def open_county(database: Database, cipher: PersonalDataCipher) -> County:
    """The graph of the other tests, and in both counties a published and several proposed plans of real runs."""
    # Only one user asks, and faster than anybody: the rate has its own tests.
    door = open_door(database, cipher, rate_points=1e12)
    home = _office(database, cipher, COUNTY, (TOWNSHIP, OTHER_TOWNSHIP), first_number=0)
    away = _office(database, cipher, OTHER_COUNTY, ("520625101000", "520625101000"), first_number=500)
    plan_id = _work(home, name="甲县结对")
    _work(away, name="乙县密件结对")
    bait = Bait()
    with database.write() as session:
        _complete(session, door)
        _numbers(session, cipher, bait, door.world.divisions[OTHER_COUNTY])
        tokens = {role: _token(session, door, role) for role in TERRITORY_BY_ROLE}
        _fill(session, bait, door.world.divisions[OTHER_COUNTY])
        _order(session, bait, plan_id)
    _cursors(door, tokens[Role.SYSTEM_ADMIN], bait)
    return County(door=door, tokens=tokens, bait=bait)


def _complete(session: Session, door: Door) -> None:
    """The factory's own programme and roster become such as the services write."""
    policy = session.get_one(MatchPolicy, door.world.ids["policy"])
    policy.content = PRESETS["TONGREN_2_PLUS_1"].to_json()
    roster = session.get_one(Roster, door.world.ids["roster"])
    written = session.exec(select(Roster).where(col(Roster.title).startswith("甲县结对"))).one()
    roster.header = written.header
    (content, *_) = session.exec(select(RosterEntry.content).where(RosterEntry.roster_id == written.id)).all()
    for entry in session.exec(select(RosterEntry).where(RosterEntry.roster_id == roster.id)):
        entry.content = content
        session.add(entry)
    session.add_all([policy, roster])


def _office(
    database: Database, cipher: PersonalDataCipher, county: str, townships: tuple[str, str], *, first_number: int
) -> Bureau:
    with database.read() as session:
        rows = {row.code: row for row in session.exec(select(Division))}
        villages = {town: [row for code, row in rows.items() if code[:9] == town[:9] and code != town] for town in rows}
        other = OTHER_COUNTY if county == COUNTY else COUNTY
        places = Places(
            province=rows["520000000000"],
            prefecture=rows[PREFECTURE],
            county=rows[county],
            banqiao=rows[townships[0]],
            tangtou=rows[townships[1]],
            guihua=villages[townships[0]][0],
            dongxin=villages[townships[0]][-1],
            qinggang=villages[townships[1]][0],
            other_guihua=villages[townships[1]][-1],
            foreign_county=rows[other],
            foreign_village=rows[f"{other[:6]}101201"],
        )
        division = rows[county]
        officer = viewer_for_division(session, subject="officer", role=Role.COUNTY_ADMIN, division=division)
        approver = viewer_for_division(session, subject="approver", role=Role.COUNTY_APPROVER, division=division)
    return Bureau(database, cipher, places, officer, approver, first_number)


def _work(office: Bureau, *, name: str) -> UUID:
    """People, a published programme, one with plans on their way, one of the other kind without a run.

    The id of a proposed plan that has been adjusted by hand.
    """
    populate(office, n=3)
    with office.database.write() as session:
        office.assigned(session, office.places.guihua.id)
        office.assigned(session, office.places.qinggang.id)
        office.mentor(session, office.places.banqiao.id, MentorCategory.RETIRED_CADRE)
    first = office.program(name=f"{name}一")
    run_id = office.run(first)
    with office.database.read() as session:
        plan = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one()
    office.publish(plan)
    with office.database.write() as session:
        for _ in range(2):
            office.candidate(session, office.places.qinggang.id)
    second = _program(office, f"{name}二", ProgramKind.TWO_PLUS_ONE, 2026, "TONGREN_2_PLUS_1")
    run_id = office.work(
        RunDraft(
            program_id=second.id,
            mode=RunMode.FINAL,
            plans=(WeightPreset.NEAR_FIRST, WeightPreset.EXPERIENCE_FIRST),
            curve_points=2,
        )
    )
    with office.database.read() as session:
        plans = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id).order_by(col(MatchPlan.number))).all()
    for plan in plans[1:3]:
        run_in_transaction(office.database, lambda s, key=plan.id: submit_match_plan(s, office.officer, key))
    run_in_transaction(
        office.database,
        lambda s: approve_match_plan(s, office.approver, plans[2].id, "李批准", approve_shortfalls=True),
    )
    _program(office, f"{name}三", ProgramKind.ONE_TO_ONE, 2025, "FUSHAN_ONE_TO_ONE")
    failed_id = office.start(RunDraft(program_id=second.id, mode=RunMode.DRY_RUN))
    with office.database.write() as session:
        session.get_one(MatchRun, failed_id).state = RunState.FAILED
    office.start(RunDraft(program_id=second.id, mode=RunMode.DRY_RUN, seed=1))
    with office.database.read() as session:
        item = session.exec(select(PlanItem).where(PlanItem.plan_id == plans[0].id)).first()
    assert item is not None
    change = ForbidDraft(mentee_id=item.mentee_id, mentor_id=item.mentor_id)
    draft = AdjustmentDraft(plan_id=plans[0].id, changes=(change,), reason="工作需要")
    adjust_match_plan(office.database, office.officer, office.cipher, draft)
    _uploads(office)
    return plans[0].id


def _uploads(office: Bureau) -> None:
    """A file with an error, one that was committed, and a header that somebody named."""
    town, village = office.places.tangtou.name, office.places.qinggang.name
    place = {"乡镇（街道）": town, "村（社区）": village}

    def upload(session: Session, *rows: dict[str, object]) -> ImportBatch:
        book = new_workbook()
        add_sheet(book, "台账", CANDIDATE_HEADERS, rows)
        return upload_workbook(
            session,
            office.officer,
            office.cipher,
            county_code=office.places.county.code,
            file_name="台账.xlsx",
            data=to_bytes(book),
        )

    with office.database.write() as session:
        # What names one county must not stand in the other: answers are searched for it.
        number, person = (100, "吴乙乙") if office.places.county.code == COUNTY else (300, "孙丁丁")
        done = upload(session, candidate_row(number, 身份证号="", 联系电话="", 姓名=person, **place))
        commit_import(session, office.officer, office.cipher, done.id)
        upload(session, candidate_row(number + 1, 身份证号="", 联系电话="", 性别="x", **place))
        session.add(
            ImportMapping(
                county_id=office.places.county.id,
                sender_code=office.places.county.code,
                kind="CANDIDATES",
                header="称谓",
                column_key="name",
                created_by="officer",
                updated_by="officer",
            )
        )


def _program(office: Bureau, name: str, kind: ProgramKind, year: int, preset: str) -> PairingProgram:
    draft = ProgramDraft(
        division_id=office.places.county.id,
        kind=kind,
        mentee_kind=MenteeKind.ASSIGNED_CADRE if kind is ProgramKind.ONE_TO_ONE else MenteeKind.RESERVE_CANDIDATE,
        name=name,
        year=year,
        start_date=date(year, 3, 1),
        preset=preset,
    )
    return run_in_transaction(office.database, lambda s: create_pairing_program(s, office.officer, draft))


def _numbers(session: Session, cipher: PersonalDataCipher, bait: Bait, other_county: Any) -> None:
    """Everybody gets an ID number and a phone of the right form, different in their masked forms too.

    A phone may belong to two persons. One of the other county is given to no operation: written to somebody here it
    would be read again, and look like a leak.
    """
    people = session.exec(select(Person).order_by(col(Person.code))).all()
    for number, person in enumerate(people, start=1):
        id_text = id_number(date(1970 + number % 30, 1 + number % 12, 1 + number % 28), number, area=person.code[:6])
        phone = f"139{number * 7919 % 10_000:04d}{7000 + number:04d}"
        person.id_number_encrypted = cipher.encrypt(id_text)
        person.id_number_hash = cipher.keyed_hash("id_number", id_text)
        person.id_number_masked = mask_id_number(id_text)
        person.phone_encrypted = cipher.encrypt(phone)
        person.phone_hash = cipher.keyed_hash("phone", phone)
        person.phone_masked = mask_phone(phone)
        session.add(person)
        bait.secrets += [id_text, phone]
        bait.pools["IdNumber"].append(id_text)
        if person.county_id != other_county:
            bait.pools["Phone"].append(phone)
            bait.revealable |= {id_text, phone}
    session.flush()


def _token(session: Session, door: Door, role: Role) -> str:
    code = TERRITORY_BY_ROLE[role]
    owner = {Role.MENTEE: "mentee_person", Role.MENTOR: "mentor_person0"}.get(role)
    return create_token(
        session,
        role=role,
        label=f"fuzz {role}",
        division=session.get_one(Division, door.world.divisions[code]) if code else None,
        person=session.get_one(Person, door.world.ids[owner]) if owner else None,
    )


def _fill(session: Session, bait: Bait, other_county: Any) -> None:
    """Ids by type, those of the other county under ``Foreign...`` too; and what only that county may see."""
    for division in session.exec(select(Division).order_by(col(Division.code))):
        type_name = division.level.value.title()
        bait.pools[type_name].append(encode_id(type_name, division.id))
        bait.pools["DivisionCode"] += [division.code, division.code.rstrip("0") if division.code[-1] == "0" else "52"]
    counties: dict[Any, bool] = {}
    programs = {row.id: row.division_id == other_county for row in session.exec(select(PairingProgram))}
    rosters = {row.id: programs[row.program_id] for row in session.exec(select(Roster))}
    batches = {row.id: row.county_id == other_county for row in session.exec(select(ImportBatch))}
    for table in TABLES:
        for row in session.exec(select(table).order_by(col(table.id))):  # type: ignore[attr-defined]
            values: Any = row
            if isinstance(row, ApiToken) and row.office_id is None:
                continue  # by these the operations are sent
            type_name = type(SHOWN[table](row)).__name__
            is_foreign = getattr(row, "county_id", None) == other_county or programs.get(
                getattr(row, "program_id", None) or (values.id if table is PairingProgram else None), False
            )
            is_foreign = is_foreign or batches.get(getattr(row, "batch_id", None), False)
            counties[values.id] = is_foreign
            _put(bait, type_name, values.id, is_foreign=is_foreign)
    for mentee in session.exec(select(Mentee).order_by(col(Mentee.id))):
        type_name = "ReserveCandidate" if mentee.kind is MenteeKind.RESERVE_CANDIDATE else "AssignedCadre"
        _put(bait, type_name, mentee.id, is_foreign=mentee.county_id == other_county)
    for person in session.exec(select(Person).order_by(col(Person.code))):
        bait.pools["Code"].append(person.code)
        bait.pools["Name"].append(person.name)
        _put(bait, "Cadre", person.id, is_foreign=person.county_id == other_county)
        if person.county_id == other_county:
            bait.foreign += [person.code, person.name, person.id_number_masked or "", person.phone_masked or ""]
    for program in session.exec(select(PairingProgram)):
        if program.division_id == other_county:
            bait.foreign.append(program.name)
    for roster in session.exec(select(Roster)):
        if rosters[roster.id]:
            bait.foreign.append(roster.title)


def _order(session: Session, bait: Bait, plan_id: UUID) -> None:
    """Put first what belongs together: handles with small numbers then name a plan, its seats and its programme."""
    plan = session.get_one(MatchPlan, plan_id)
    plans = session.exec(
        select(MatchPlan.id).where(MatchPlan.run_id == plan.run_id).order_by(col(MatchPlan.number))
    ).all()
    items = session.exec(
        select(PlanItem).where(PlanItem.plan_id == plan_id).order_by(col(PlanItem.slot_code), col(PlanItem.id))
    ).all()
    pairings = session.exec(
        select(Pairing).where(Pairing.program_id != plan.program_id).order_by(col(Pairing.created_at).desc())
    ).all()
    at_home = [each for each in pairings if encode_id("Pairing", each.id) in bait.pools["Pairing"]]
    members = [
        key
        for each in at_home
        for key in session.exec(select(PairingMember.id).where(PairingMember.pairing_id == each.id))
    ]
    adjustments = session.exec(select(PlanAdjustment.id).where(PlanAdjustment.plan_id == plan_id)).all()
    waiting = session.exec(
        select(MatchRun.id).where(MatchRun.program_id == plan.program_id, MatchRun.id != plan.run_id)
    ).all()
    county_id = session.get_one(PairingProgram, plan.program_id).division_id
    uploads = session.exec(
        select(ImportBatch.id)
        .where(ImportBatch.county_id == county_id)
        # The one that is open comes before the one that was committed.
        .order_by(col(ImportBatch.committed_at).is_not(None))
    ).all()
    related: dict[str, list[UUID]] = {
        "ImportBatch": list(uploads),
        "MatchPlan": list(plans),
        "MatchRun": [plan.run_id, *waiting],
        "PairingProgram": [plan.program_id, *(each.program_id for each in at_home)],
        "ReserveCandidate": [item.mentee_id for item in items],
        "Mentor": [item.mentor_id for item in items],
        "Pairing": [each.id for each in at_home],
        "PairingMember": members,
        "PlanAdjustment": list(adjustments),
    }
    bait.put_first(related)
    # What is wanted in one state only has pools of its own.
    for name, keys in {
        "AdjustablePlan": plans[:1],
        "SubmittedPlan": plans[1:2],
        "ApprovedPlan": plans[2:3],
        "SubmittablePlan": plans[3:],
    }.items():
        bait.pools[name] = [encode_id("MatchPlan", key) for key in keys]
    for name, state in (("OpenRun", RunState.QUEUED), ("FailedRun", RunState.FAILED)):
        found = session.exec(
            select(MatchRun.id).where(MatchRun.program_id == plan.program_id, MatchRun.state == state)
        ).all()
        bait.pools[name] = [encode_id("MatchRun", key) for key in found]
    assert all(bait.pools[name] for name in STATE_POOLS)


def _put(bait: Bait, type_name: str, key: Any, *, is_foreign: bool) -> None:
    bait.pools[f"Foreign{type_name}" if is_foreign else type_name].append(encode_id(type_name, key))


def _cursors(door: Door, token: str, bait: Bait) -> None:
    """Some cursors of every list, for the list itself and as foreign ones for the others."""
    query: Any = make_schema()._schema.query_type
    for name in (each for each, found in query.fields.items() if str(found.type).endswith("Connection!")):
        response = door.request(
            "POST",
            "/graphql",
            by=None,
            headers={"Authorization": f"Bearer {token}"},
            json={"query": f"{{ {name}(first: 3) {{ edges {{ cursor }} }} }}"},
        )
        cursors = [edge["cursor"] for edge in response.json()["data"][name]["edges"]]
        assert cursors, name
        bait.pools[f"Cursor.{name}"] += cursors
        bait.pools["Cursor"] += cursors
