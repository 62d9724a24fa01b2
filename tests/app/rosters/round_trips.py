"""A published roster of a small county, its files, and edits of them as people make them."""

from dataclasses import dataclass, replace
from io import BytesIO
from uuid import UUID

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from sqlmodel import Session, col, select

from app.crypto import PersonalDataCipher
from app.db import Database
from app.models import (
    AuditEvent,
    Exclusion,
    MatchPlan,
    Mentor,
    Pairing,
    PairingMember,
    PairingProgram,
    Person,
    Pin,
    PlanItem,
    ReserveCandidate,
)
from app.models.vocabulary import (
    AuditAction,
    ExportForm,
    ExportFormat,
    MenteeKind,
    MentorCategory,
    MentorState,
    PairingMemberState,
    ProgramKind,
    Role,
    RosterLayout,
)
from app.rosters.exporter import ExportDraft
from app.rosters.roster_file import read_roster
from app.services.programs import ProgramDraft, create_pairing_program
from app.services.roster_edits import EditDraft, RosterComparison, RosterEditsDraft, apply_roster_edits, compare_roster
from app.services.roster_edits.records import SeatState
from app.services.runs import RepairDraft, run_here, start_repair_run
from tests.app.services.world import START, World, make_world, populate
from tests.exports import exported

TOWNSHIP, VILLAGE = "TOWNSHIP_MENTOR", "VILLAGE_MENTOR"
REASON = "征求意见后修改"
Team = dict[str, str]
"""编号 of the mentor by slot code."""


@dataclass(slots=True)
class Office:
    """A roster of three pairings in force; one officer and one secretary are free."""

    world: World
    program_id: UUID
    roster_id: UUID

    @property
    def database(self) -> Database:
        return self.world.database

    def file(
        self,
        file_format: ExportFormat = ExportFormat.XLSX,
        layout: RosterLayout = RosterLayout.WIDE,
        form: ExportForm | None = None,
    ) -> bytes:
        draft = ExportDraft(roster_id=self.roster_id, format=file_format, layout=layout, form=form, purpose="征求意见")
        job = exported(self.database, self.world.officer, draft)
        assert job.content is not None
        return job.content

    def compare(self, data: bytes, chosen: dict[str, UUID | None] | None = None) -> RosterComparison:
        file = read_roster("花名册.xlsx", data)
        return compare_roster(self.database, self.world.officer, self.roster_id, file, chosen=chosen)

    def draft(self, compared: RosterComparison, **changes: object) -> RosterEditsDraft:
        edits = [
            EditDraft(
                mentee_id=edit.mentee.id,
                slot_code=edit.slot_code,
                mentor_id=None if edit.mentor is None else edit.mentor.id,
                former_mentor_id=None if edit.former is None else edit.former.id,
            )
            for edit in compared.edits
        ]
        values = {
            "roster_id": self.roster_id,
            "checksum": compared.checksum,
            "edits": edits,
            "reason": "征求意见后修改",
        }
        return RosterEditsDraft(**(values | changes))  # type: ignore[arg-type]

    def repaired(self) -> dict[str, Team]:
        """Teams of the plan that a repair run of now makes."""
        draft = RepairDraft(program_id=self.program_id)
        run_id = start_repair_run(self.database, self.world.officer, draft, enqueue=lambda *_: None)
        run_here(self.database, run_id)
        with self.database.read() as session:
            plan = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one()
            items = session.exec(select(PlanItem).where(PlanItem.plan_id == plan.id)).all()
            return teams(session, [(item.mentee_id, item.slot_code, item.mentor_id) for item in items])

    def teams(self) -> dict[str, Team]:
        """Teams in force by 编号 of the mentee."""
        with self.database.read() as session:
            query = (
                select(Pairing.mentee_id, PairingMember.slot_code, PairingMember.mentor_id)
                .join(Pairing, col(Pairing.id) == col(PairingMember.pairing_id))
                .where(PairingMember.state == PairingMemberState.ACTIVE)
            )
            return teams(session, list(session.exec(query)))

    def free_officer(self) -> str:
        """编号 of the township officer who serves nobody."""
        busy = {code for team in self.teams().values() for code in team.values()}
        with self.database.read() as session:
            query = select(Person.code).join(Mentor, col(Mentor.person_id) == col(Person.id))
            officers = session.exec(
                query.where(Mentor.category == MentorCategory.TOWNSHIP_OFFICER, Mentor.state == MentorState.ACTIVE)
            ).all()
        (free,) = set(officers) - busy
        return free

    def mentor(self, code: str) -> UUID:
        with self.database.read() as session:
            person = select(Mentor.id).join(Person, col(Person.id) == col(Mentor.person_id))
            return session.exec(person.where(Person.code == code)).one()

    def person(self, code: str) -> Person:
        with self.database.read() as session:
            return session.exec(select(Person).where(Person.code == code)).one()


def teams(session: Session, links: list[tuple[UUID, str, UUID]]) -> dict[str, Team]:
    persons = dict(session.exec(select(Person.id, Person.code)).all())
    mentees = {
        key: persons[each] for key, each in session.exec(select(ReserveCandidate.id, ReserveCandidate.person_id))
    }
    mentors = {key: persons[each] for key, each in session.exec(select(Mentor.id, Mentor.person_id))}
    found: dict[str, Team] = {}
    for mentee, slot, mentor in links:
        found.setdefault(mentees[mentee], {})[slot] = mentors[mentor]
    return found


def open_office(
    database: Database, cipher: PersonalDataCipher, *, is_wide: bool = False, is_short: bool = False
) -> Office:
    """The office of a county's programme, or of one of the whole prefecture; ``is_short``: one seat stays empty."""
    world = make_world(database, cipher)
    populate(world, n=3)
    if is_short:
        with database.write() as session:
            gone = session.exec(select(Mentor).order_by(col(Mentor.id))).first()
            assert gone is not None
            gone.state = MentorState.SUSPENDED
            session.add(gone)
    program = _wide_program(world) if is_wide else world.program()
    run_id = world.run(program)
    with database.read() as session:
        plan = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one()
    roster_id = world.publish(plan)
    with database.write() as session:
        places = world.places
        world.mentor(session, places.banqiao.id, MentorCategory.TOWNSHIP_OFFICER, years=8)
        world.mentor(session, places.dongxin.id, MentorCategory.VILLAGE_SECRETARY, pool_id=places.banqiao.id, years=8)
    return Office(world, program.id, roster_id)


def _wide_program(world: World) -> PairingProgram:
    with world.database.write() as session:
        officer = world.places.officer(session, Role.PREFECTURE_OFFICER, of=world.places.prefecture)
        world.officer = replace(officer, subject="prefecture")
        world.approver = replace(officer, subject="prefecture approver")
        draft = ProgramDraft(
            division_id=world.places.prefecture.id,
            kind=ProgramKind.TWO_PLUS_ONE,
            mentee_kind=MenteeKind.RESERVE_CANDIDATE,
            name="铜仁市2025年“2+1”结对帮带",
            year=2025,
            start_date=START,
            preset="TONGREN_2_PLUS_1",
        )
        return create_pairing_program(session, world.officer, draft)


def open_one_to_one(database: Database, cipher: PersonalDataCipher) -> Office:
    """A one-to-one roster of three assigned cadres in force."""
    world = make_world(database, cipher)
    with database.write() as session:
        for _ in range(3):
            world.assigned(session, world.places.guihua.id)
            world.mentor(session, world.places.banqiao.id, MentorCategory.RETIRED_CADRE)
    program = world.program(kind=ProgramKind.ONE_TO_ONE, name="思南县2025年导师帮带")
    run_id = world.run(program)
    with database.read() as session:
        plan = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one()
    return Office(world, program.id, world.publish(plan))


class Paper:
    """A workbook that somebody edits."""

    def __init__(self, data: bytes) -> None:
        self.book = load_workbook(BytesIO(data))
        sheet = self.book.active
        assert isinstance(sheet, Worksheet)
        self.sheet = sheet

    def bytes(self) -> bytes:
        buffer = BytesIO()
        self.book.save(buffer)
        return buffer.getvalue()

    def repeat(self, row: int) -> None:
        """Write a row once more below the table, over what stands there."""
        last = self.sheet.max_row
        for area in list(self.sheet.merged_cells.ranges):
            if area.min_row == last:
                self.sheet.unmerge_cells(str(area))
        for column in range(1, self.sheet.max_column + 1):
            self.sheet.cell(last, column).value = self.sheet.cell(row, column).value  # type: ignore[assignment]

    def write(self, mentor: str, *values: str) -> None:
        """Write over 编号 and further cells of a mentor."""
        row, column = self.find(mentor)
        for k, value in enumerate(values):
            self.sheet.cell(row, column + k).value = value

    def find(self, text: str) -> tuple[int, int]:
        """Row and column of the first cell with a text."""
        return next((c.row, c.column) for line in self.sheet.iter_rows() for c in line if c.value == text)  # type: ignore[misc]

    def mentor_cells(self, mentor: str, n: int = 3) -> tuple[int, int, int]:
        """Row, first column and number of the cells of a mentor (编号, 姓名, 单位及职务)."""
        row, column = self.find(mentor)
        return row, column, n

    def take(self, mentor: str) -> list[object]:
        """What stands in the cells of a mentor, which become empty."""
        row, column, n = self.mentor_cells(mentor)
        values = [self.sheet.cell(row, column + k).value for k in range(n)]
        for k in range(n):
            self.sheet.cell(row, column + k).value = None
        return values

    def swap(self, one: str, other: str) -> None:
        first, second = self.mentor_cells(one), self.mentor_cells(other)
        values = [[self.sheet.cell(row, column + k).value for k in range(n)] for row, column, n in (first, second)]
        for (row, column, _), cells in zip((first, second), reversed(values), strict=True):
            for k, value in enumerate(cells):
                self.sheet.cell(row, column + k).value = value  # type: ignore[assignment]


CSV = ExportFormat.CSV
FORMS = [
    (file_format, layout)
    for file_format in (ExportFormat.XLSX, CSV)
    for layout in (RosterLayout.WIDE, RosterLayout.STACKED)
]


@pytest.fixture
def office(database: Database, cipher: PersonalDataCipher) -> Office:
    return open_office(database, cipher)


@pytest.fixture
def lone(sqlite_database: Database, cipher: PersonalDataCipher) -> Office:
    return open_office(sqlite_database, cipher)


def apply(office: Office, draft: object) -> object:
    return apply_roster_edits(office.database, office.world.officer, office.world.cipher, draft)  # type: ignore[arg-type]


def written(office: Office) -> tuple[int, int]:
    """How many pins and exclusions there are."""
    with office.database.read() as session:
        return len(session.exec(select(Pin)).all()), len(session.exec(select(Exclusion)).all())


def applied(office: Office) -> list[UUID]:
    """Entries of the trail that tell of edits."""
    with office.database.read() as session:
        told = select(AuditEvent.id).where(AuditEvent.action == AuditAction.ROSTER_EDITS_APPLIED)
        return list(session.exec(told))


def states(office: Office, data: bytes) -> list[tuple[str, str, SeatState]]:
    return [(seat.mentee.code, seat.slot_code, seat.state) for seat in office.compare(data).seats]


def change(office: Office, mentor: str, **values: object) -> None:
    with office.database.write() as session:
        row = session.get_one(Mentor, office.mentor(mentor))
        for name, value in values.items():
            setattr(row, name, value)
        session.add(row)
