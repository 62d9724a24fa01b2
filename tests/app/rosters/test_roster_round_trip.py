"""A roster goes out as a file and comes back: the same, or with edits that become pins and exclusions for a repair."""

import csv
from datetime import UTC, datetime
from io import StringIO
from uuid import UUID, uuid4

import pytest
from openpyxl.cell.cell import Cell
from sqlmodel import select

from app.access import viewer_for_division
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.errors import (
    ForbiddenError,
    InvalidInputError,
    InvalidStateError,
    NotFoundError,
    VersionConflictError,
    WorkbookError,
)
from app.models import AuditEvent, Exclusion, KinshipDeclaration, Mentor, Pin, Roster
from app.models.vocabulary import (
    AuditAction,
    ExclusionReason,
    ExportForm,
    ExportFormat,
    KinshipRelation,
    MentorState,
    Role,
    RosterLayout,
)
from app.rosters.roster_file import read_roster
from app.services.constraints import PinDraft, add_pin
from app.services.publication import withdraw_publication
from app.services.roster_edits import EditDraft, apply_roster_edits, compare_roster
from app.services.roster_edits.records import PersonText, RosterFile, RosterRow, SeatState, SeatText
from tests.app.rosters.round_trips import TOWNSHIP, VILLAGE, Office, Paper, open_office, open_one_to_one

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


@pytest.mark.parametrize(("file_format", "layout"), FORMS)
def test_an_exported_roster_comes_back_as_the_same_pairings(
    office: Office, file_format: ExportFormat, layout: RosterLayout
) -> None:
    compared = office.compare(office.file(file_format, layout))
    assert compared.is_identical
    assert (compared.n_rows, compared.n_same, compared.notes, compared.refusals) == (3, 6, (), ())
    in_force = office.teams()
    assert sorted(in_force) == sorted(
        {row.mentee.code for row in read_roster("x", office.file(file_format, layout)).rows}
    )


@pytest.mark.parametrize("layout", list(RosterLayout))
def test_two_mentors_swapped_and_one_removed_become_a_plan(office: Office, layout: RosterLayout) -> None:
    before = office.teams()
    first, second, third = sorted(before)
    one, other, gone = before[first][TOWNSHIP], before[second][TOWNSHIP], before[third][VILLAGE]
    paper = Paper(office.file(layout=layout))
    paper.swap(one, other)
    paper.take(gone)
    compared = office.compare(paper.bytes())
    assert [(edit.mentee.code, edit.slot_code, edit.state) for edit in compared.edits] == [
        (first, TOWNSHIP, SeatState.REPLACED),
        (second, TOWNSHIP, SeatState.REPLACED),
        (third, VILLAGE, SeatState.REMOVED),
    ]
    assert (compared.n_same, compared.rows, compared.absent, compared.refusals) == (3, (), (), ())
    replaced, _, removed = compared.edits
    assert replaced.former is not None
    assert replaced.mentor is not None
    assert (replaced.former.code, replaced.mentor.code, replaced.refusals) == (one, other, ())
    assert replaced.meaning is not None
    assert replaced.meaning.english == (
        f"Pin mentor {other} to mentee {first} in 帮带干部（一）, in the place of {one}."
    )
    assert removed.meaning is not None
    assert "不再结对" in removed.meaning.chinese
    assert "must not be paired again, in any programme" in removed.meaning.english
    # The preview says what the repair will do beside the edits: somebody else takes the freed seat.
    (move,) = compared.moves
    assert (move.mentee.code, move.slot_code, move.before.code if move.before else None) == (third, VILLAGE, gone)
    assert move.after is not None
    assert written(office) == (0, 0)

    apply(office, office.draft(compared))
    assert written(office) == (2, 1)
    after = office.repaired()
    assert after == {
        first: before[first] | {TOWNSHIP: other},
        second: before[second] | {TOWNSHIP: one},
        third: before[third] | {VILLAGE: move.after.code},
    }
    assert move.after.code != gone


def test_what_is_laid_down_is_recorded_once_without_saying_who(lone: Office) -> None:
    before = lone.teams()
    first, second, third = sorted(before)
    paper = Paper(lone.file())
    paper.swap(before[first][TOWNSHIP], before[second][TOWNSHIP])
    paper.take(before[third][VILLAGE])
    compared = lone.compare(paper.bytes())
    apply(lone, lone.draft(compared))
    with lone.database.read() as session:
        (event,) = (session.get_one(AuditEvent, key) for key in applied(lone))
        (exclusion,) = session.exec(select(Exclusion)).all()
        pins = session.exec(select(Pin)).all()
        assert exclusion.reason is ExclusionReason.OTHER
        assert lone.world.cipher.decrypt(exclusion.source_encrypted) == "花名册第1版回导（人工修改）"
        assert {pin.reason for pin in pins} == {"征求意见后修改"}
    assert event.target == f"Roster {lone.roster_id}"
    assert (event.detail["pins"], event.detail["exclusions"]) == (2, 1)
    # The same file again: all is in force, nothing is written twice. Of exclusions a comparison does not tell it.
    again = lone.compare(paper.bytes())
    assert [edit.is_laid_down for edit in again.edits] == [True, True, False]
    done = apply(lone, lone.draft(again))
    assert (done.pin_ids, done.exclusion_ids, done.n_laid_down) == ((), (), 3)  # type: ignore[attr-defined]
    assert written(lone) == (2, 1)
    with lone.database.read() as session:
        assert (
            len(session.exec(select(AuditEvent).where(AuditEvent.action == AuditAction.ROSTER_EDITS_APPLIED)).all())
            == 1
        )


@pytest.mark.parametrize(("file_format", "layout"), FORMS)
def test_an_empty_seat_comes_back_empty(
    sqlite_database: Database, cipher: PersonalDataCipher, file_format: ExportFormat, layout: RosterLayout
) -> None:
    office = open_office(sqlite_database, cipher, is_short=True)
    assert sum(map(len, office.teams().values())) == 5
    compared = office.compare(office.file(file_format, layout))
    assert compared.is_identical
    assert (compared.n_rows, compared.n_same) == (3, 6)


def test_a_mentor_written_into_an_empty_seat_is_pinned_to_it(
    sqlite_database: Database, cipher: PersonalDataCipher
) -> None:
    office = open_office(sqlite_database, cipher, is_short=True)
    before = office.teams()
    (mentee,) = (code for code, team in before.items() if len(team) == 1)
    (empty,) = {TOWNSHIP, VILLAGE} - before[mentee].keys()
    free = office.free_officer()
    paper = Paper(office.file())
    row, column = paper.find("缺")
    for k, value in enumerate((free, office.person(free).name, "板桥镇党建办")):
        paper.sheet.cell(row, column - 1 + k).value = value
    compared = office.compare(paper.bytes())
    (edit,) = compared.edits
    assert (edit.mentee.code, edit.slot_code, edit.state, edit.refusals) == (mentee, empty, SeatState.ADDED, ())
    apply(office, office.draft(compared))
    assert office.repaired() == before | {mentee: before[mentee] | {empty: free}}


def test_a_mentor_who_left_since_the_print_is_no_edit_of_the_file(lone: Office) -> None:
    data = lone.file()
    change(lone, lone.teams()[min(lone.teams())][TOWNSHIP], state=MentorState.SUSPENDED)
    assert lone.compare(data).is_identical


def test_without_codes_people_are_found_by_name_and_unit(lone: Office) -> None:
    before = lone.teams()
    first, second, _ = sorted(before)
    paper = Paper(lone.file())
    paper.swap(before[first][TOWNSHIP], before[second][TOWNSHIP])
    sheet = paper.sheet
    for row in range(6, sheet.max_row + 1):
        for column in range(1, sheet.max_column + 1):
            if str(sheet.cell(row, column).value or "").startswith("520624-"):
                sheet.cell(row, column).value = None
    assert [edit[:2] for edit in states(lone, paper.bytes())] == [(first, TOWNSHIP), (second, TOWNSHIP)]


def test_a_name_changed_without_its_code_must_be_chosen(lone: Office) -> None:
    before = lone.teams()
    first, second, _ = sorted(before)
    mine, other = before[first][TOWNSHIP], before[second][TOWNSHIP]
    paper = Paper(lone.file())
    row, column = paper.find(mine)
    paper.sheet.cell(row, column + 1).value = lone.person(other).name
    compared = lone.compare(paper.bytes())
    (seat,) = compared.seats
    assert (seat.state, {choice.code for choice in seat.choices}) == (SeatState.AMBIGUOUS, {mine, other})
    assert not compared.is_clear
    assert compared.edits == ()
    chosen = lone.compare(paper.bytes(), {seat.cell: lone.mentor(other)})
    assert [(edit.state, edit.mentor.code if edit.mentor else None) for edit in chosen.edits] == [
        (SeatState.REPLACED, other)
    ]
    nobody = lone.compare(paper.bytes(), {seat.cell: None})
    assert [edit.state for edit in nobody.edits] == [SeatState.REMOVED]
    same = lone.compare(paper.bytes(), {seat.cell: lone.mentor(mine)})
    assert same.is_identical


@pytest.mark.parametrize("text", [None, "缺", "空缺", "缺（待定）", "/"])
def test_a_name_taken_out_beside_its_code_is_not_guessed(lone: Office, text: str | None) -> None:
    mentor = lone.teams()[min(lone.teams())][TOWNSHIP]
    paper = Paper(lone.file())
    row, column = paper.find(mentor)
    paper.sheet.cell(row, column + 1).value = text
    assert [seat.state for seat in lone.compare(paper.bytes()).seats] == [SeatState.AMBIGUOUS]
    paper.sheet.cell(row, column).value = None
    assert [seat.state for seat in lone.compare(paper.bytes()).seats] == [SeatState.REMOVED]


def test_unknown_people_and_repeated_rows_are_told_and_nothing_is_guessed(lone: Office) -> None:
    before = lone.teams()
    first, second, third = sorted(before)
    paper = Paper(lone.file())
    row, column = paper.find(before[first][TOWNSHIP])
    paper.sheet.cell(row, column).value, paper.sheet.cell(row, column + 1).value = "520624-99999", "无名氏"
    row, column = paper.find(second)
    paper.sheet.cell(row, column).value, paper.sheet.cell(row, column + 1).value = "520624-88888", "查无此人"
    paper.repeat(paper.find(third)[0])
    compared = lone.compare(paper.bytes())
    assert [(seat.mentee.code, seat.state, seat.choices) for seat in compared.seats] == [(first, SeatState.UNKNOWN, ())]
    assert [(each.state, each.choices) for each in compared.rows] == [
        (SeatState.UNKNOWN, ()),
        (SeatState.AMBIGUOUS, ()),
    ]
    assert [choice.code for choice in compared.absent] == [second]
    assert not compared.is_clear


def test_a_mentee_who_is_not_in_the_file_keeps_the_mentors(lone: Office) -> None:
    first = min(lone.teams())
    paper = Paper(lone.file())
    paper.sheet.delete_rows(paper.find(first)[0])
    compared = lone.compare(paper.bytes())
    assert ([choice.code for choice in compared.absent], compared.seats, compared.edits) == ([first], (), ())
    assert not compared.is_identical


def test_a_mentor_who_changes_the_seat_of_one_mentee_is_not_kept_away_from_it(lone: Office) -> None:
    before = lone.teams()
    first = min(before)
    paper = Paper(lone.file())
    officer = before[first][TOWNSHIP]
    row, column = paper.find(before[first][VILLAGE])
    paper.take(before[first][VILLAGE])
    for k, value in enumerate(paper.take(officer)):
        paper.sheet.cell(row, column + k).value = value  # type: ignore[assignment]
    compared = lone.compare(paper.bytes())
    assert [(edit.slot_code, edit.state) for edit in compared.edits] == [
        (TOWNSHIP, SeatState.MOVED),
        (VILLAGE, SeatState.REPLACED),
    ]


def test_headers_that_a_county_has_renamed_are_found(lone: Office) -> None:
    before = lone.teams()
    first, second, _ = sorted(before)
    paper = Paper(lone.file())
    for old, new in (("村级后备力量", "培养对象"), ("帮带干部（一）", "乡镇导师"), ("帮带干部（二）", "村级导师")):
        row, column = paper.find(old)
        paper.sheet.cell(row, column).value = new
    for line in paper.sheet.iter_rows(min_row=5, max_row=5):
        for cell in (each for each in line if isinstance(each, Cell)):
            renamed = {"编号": "人员编号", "姓名": "姓  名", "单位及职务": "工作单位\n及职务"}
            cell.value = renamed.get(str(cell.value), cell.value)
    assert lone.compare(paper.bytes()).is_identical
    paper.swap(before[first][VILLAGE], before[second][VILLAGE])
    assert states(lone, paper.bytes()) == [(first, VILLAGE, SeatState.REPLACED), (second, VILLAGE, SeatState.REPLACED)]


def test_columns_of_seats_in_another_order_are_told_by_their_names(lone: Office) -> None:
    lines = list(csv.reader(StringIO(lone.file(CSV).decode("utf-8-sig"))))
    header = lines[0]
    seats = [[n for n, text in enumerate(header) if text.startswith(f"帮带干部（{each}）")] for each in "一二"]
    order = list(range(len(header)))
    order[seats[0][0] : seats[1][-1] + 1] = [*seats[1], *seats[0]]
    text = StringIO()
    csv.writer(text).writerows([[line[n] for n in order] if len(line) == len(header) else line for line in lines])
    assert lone.compare(text.getvalue().encode("utf-8-sig")).is_identical


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        # One name is known, in the other order: it counts, and the last seat is in the last slot.
        (("帮带干部（二）", "乡里的人"), []),
        (("村里的人", "帮带干部（一）"), []),
        # A name that stands twice tells nothing about the second seat.
        (("帮带干部（二）", "帮带干部（二）"), [(TOWNSHIP, SeatState.UNKNOWN)]),
    ],
)
def test_a_slot_that_is_named_is_not_given_away_because_another_name_is_unknown(
    lone: Office, labels: tuple[str, str], expected: list[tuple[str, SeatState]]
) -> None:
    teams = lone.teams()
    mentee = min(teams)
    people = [lone.person(teams[mentee][slot]) for slot in (VILLAGE, TOWNSHIP)]
    row = RosterRow(
        sheet="花名册",
        number=4,
        mentee=PersonText(cell="D4", code=mentee, name=lone.person(mentee).name),
        seats=tuple(
            SeatText(label=label, ordinal=n, mentor=PersonText(cell=f"{'FG'[n]}4", code=person.code, name=person.name))
            for n, (label, person) in enumerate(zip(labels, people, strict=True))
        ),
    )
    file = RosterFile(rows=(row,), n_skipped=0, versions=frozenset())
    compared = compare_roster(lone.database, lone.world.officer, lone.roster_id, file)
    assert [(seat.slot_code, seat.state) for seat in compared.seats] == expected
    assert compared.n_same == 2 - len(expected)
    for seat in compared.seats:
        assert seat.meaning is not None
        assert (seat.cell, seat.mentor) == ("G4", None)
        assert "岗位名称" in seat.meaning.chinese


def test_rules_refuse_an_edit_in_the_preview_and_when_it_is_laid_down(lone: Office) -> None:
    before = lone.teams()
    first, second, _ = sorted(before)
    mine, other = before[first][TOWNSHIP], before[second][TOWNSHIP]
    with lone.database.write() as session:
        pair = sorted((lone.person(first).id, lone.person(other).id))
        session.add(
            KinshipDeclaration(
                county_id=lone.world.places.county.id,
                person_a_id=pair[0],
                person_b_id=pair[1],
                relation=KinshipRelation.SPOUSE,
                source="本人申报",
                created_by="test",
                updated_by="test",
            )
        )
    paper = Paper(lone.file())
    paper.swap(mine, other)
    compared = lone.compare(paper.bytes())
    refused, fine = compared.edits
    (told,) = refused.refusals
    assert told.english == (
        f"Mentee {first} must not be paired with mentor {other} (avoidance); choose another mentor."
    )
    assert "SPOUSE" not in repr(compared)
    assert "亲属" not in repr(compared)
    assert fine.refusals == ()
    with pytest.raises(InvalidStateError, match="avoidance"):
        apply(lone, lone.draft(compared))
    assert written(lone) == (0, 0)


def test_a_mentor_who_may_not_serve_and_one_with_too_many_mentees_are_refused(lone: Office) -> None:
    before = lone.teams()
    first, second, third = sorted(before)
    free, mine = lone.free_officer(), before[first][TOWNSHIP]
    change(lone, free, state=MentorState.SUSPENDED)
    paper = Paper(lone.file())
    paper.write(before[second][TOWNSHIP], free, lone.person(free).name)
    (edit,) = lone.compare(paper.bytes()).edits
    (told,) = edit.refusals
    assert f"edit ({second}, {free})" in told.english
    assert "Mentor not active" in told.english
    assert "导师不在库" in told.chinese

    change(lone, mine, capacity=1)
    paper = Paper(lone.file())
    for mentee in (second, third):
        paper.write(before[mentee][TOWNSHIP], mine, lone.person(mine).name)
    compared = lone.compare(paper.bytes())
    assert [edit.mentee.code for edit in compared.edits] == [second, third]
    told, same = (edit.refusals for edit in compared.edits)
    assert told == same != ()
    with pytest.raises(InvalidStateError, match="1 reason"):
        apply(lone, lone.draft(compared))
    assert written(lone) == (0, 0)


def change(office: Office, mentor: str, **values: object) -> None:
    with office.database.write() as session:
        row = session.get_one(Mentor, office.mentor(mentor))
        for name, value in values.items():
            setattr(row, name, value)
        session.add(row)


def test_a_pair_that_is_pinned_is_not_parted(lone: Office) -> None:
    before = lone.teams()
    first = min(before)
    paper = Paper(lone.file())
    mentor = before[first][VILLAGE]
    paper.take(mentor)
    mentee_id = lone.compare(paper.bytes()).edits[0].mentee.id
    pin = PinDraft(program_id=lone.program_id, mentee_id=mentee_id, mentor_id=lone.mentor(mentor), reason="组织决定")
    run_in_transaction(lone.database, lambda s: add_pin(s, lone.world.officer, pin))
    (edit,) = lone.compare(paper.bytes()).edits
    assert [told.english for told in edit.refusals] == [
        f"Mentee {first} is pinned to mentor {mentor}; remove that pin first."
    ]


def test_edits_of_a_roster_that_is_not_in_force_are_refused(lone: Office) -> None:
    before = lone.teams()
    paper = Paper(lone.file())
    paper.take(before[min(before)][VILLAGE])
    compared = lone.compare(paper.bytes())
    with pytest.raises(VersionConflictError):
        apply(lone, lone.draft(compared, checksum="0" * 64))
    run_in_transaction(
        lone.database,
        lambda s: withdraw_publication(s, lone.world.approver, lone.program_id, "有误", now=datetime.now(UTC)),
    )
    with pytest.raises(InvalidStateError, match="not in force"):
        apply(lone, lone.draft(compared))
    with pytest.raises(InvalidStateError, match="not in force"):
        lone.compare(paper.bytes())
    assert written(lone) == (0, 0)


def test_edits_that_do_not_fit_the_print_are_refused(lone: Office) -> None:
    before = lone.teams()
    first = min(before)
    paper = Paper(lone.file())
    paper.take(before[first][VILLAGE])
    compared = lone.compare(paper.bytes())
    (edit,) = compared.edits
    assert edit.former is not None
    good = {"mentee_id": edit.mentee.id, "slot_code": VILLAGE, "former_mentor_id": edit.former.id}
    for changes, error in (
        ({"mentee_id": uuid4()}, NotFoundError),
        ({"mentor_id": uuid4()}, NotFoundError),
        ({"slot_code": "X"}, InvalidInputError),
        ({"former_mentor_id": None}, VersionConflictError),
        ({"mentor_id": edit.former.id}, InvalidInputError),
    ):
        with pytest.raises(error):
            apply(lone, lone.draft(compared, edits=[EditDraft(**(good | changes))]))  # type: ignore[arg-type]
    for edits in ([], [EditDraft(**good)] * 2, [EditDraft(**good)] * 501):  # type: ignore[arg-type]
        with pytest.raises(InvalidInputError):
            apply(lone, lone.draft(compared, edits=edits))
    with pytest.raises(InvalidInputError):
        apply(lone, lone.draft(compared, reason=" "))
    assert written(lone) == (0, 0)


def test_elsewhere_the_roster_is_absent_and_readers_may_not_ask(lone: Office) -> None:
    data = lone.file()
    file = read_roster("x.xlsx", data)
    with lone.database.read() as session:
        elsewhere = viewer_for_division(
            session, subject="other", role=Role.COUNTY_ADMIN, division=lone.world.places.foreign_county
        )
        reader = viewer_for_division(session, subject="reader", role=Role.READER, division=lone.world.places.county)
    with pytest.raises(NotFoundError):
        compare_roster(lone.database, elsewhere, lone.roster_id, file)
    with pytest.raises(ForbiddenError):
        compare_roster(lone.database, reader, lone.roster_id, file)
    with pytest.raises(NotFoundError):
        compare_roster(lone.database, lone.world.officer, UUID(int=1), file)


def test_of_a_roster_over_several_counties_a_county_learns_its_own_part_alone(
    sqlite_database: Database, cipher: PersonalDataCipher
) -> None:
    office = open_office(sqlite_database, cipher, is_wide=True)
    before = office.teams()
    paper = Paper(office.file())
    paper.take(before[min(before)][VILLAGE])
    file = read_roster("x.xlsx", paper.bytes())
    places = office.world.places
    with office.database.read() as session:
        at_home = places.officer(session)
        elsewhere = places.officer(session, of=places.foreign_county)
    compared = compare_roster(office.database, at_home, office.roster_id, file)
    assert [edit.state for edit in compared.edits] == [SeatState.REMOVED]
    told = compare_roster(office.database, elsewhere, office.roster_id, file)
    assert [(row.state, row.choices) for row in told.rows] == [(SeatState.UNKNOWN, ())] * 3
    assert (told.seats, told.absent, told.moves, told.n_same) == ((), (), (), 0)
    assert not any(code in repr(told) for code in before)
    draft = office.draft(compared)
    with pytest.raises(NotFoundError):
        apply_roster_edits(office.database, elsewhere, cipher, draft)
    assert written(office) == (0, 0)
    apply_roster_edits(office.database, at_home, cipher, draft)
    assert written(office) == (0, 1)


@pytest.mark.parametrize(("file_format", "layout"), FORMS)
def test_a_one_to_one_roster_comes_back_too(
    sqlite_database: Database, cipher: PersonalDataCipher, file_format: ExportFormat, layout: RosterLayout
) -> None:
    office = open_one_to_one(sqlite_database, cipher)
    data = office.file(file_format, layout)
    compared = office.compare(data)
    assert compared.is_identical
    assert (compared.n_rows, compared.n_same) == (3, 3)
    if file_format is CSV:
        return
    one, other = (row.seats[0].mentor.code for row in read_roster("x", data).rows[:2])
    paper = Paper(data)
    paper.swap(one, other)
    edits = office.compare(paper.bytes()).edits
    assert [(edit.slot_code, edit.state, edit.refusals) for edit in edits] == [("MENTOR", SeatState.REPLACED, ())] * 2


@pytest.mark.parametrize(("file_format", "layout"), FORMS)
def test_the_public_notice_comes_back_by_names_and_units(
    lone: Office, file_format: ExportFormat, layout: RosterLayout
) -> None:
    compared = lone.compare(lone.file(file_format, layout, ExportForm.PUBLIC_NOTICE))
    assert compared.is_identical
    assert (compared.n_rows, compared.n_same) == (3, 6)


def test_a_table_that_a_county_has_typed_itself_is_read(lone: Office) -> None:
    """One line of headers, no codes, places in one column, and what a county calls things."""
    lines = [
        ["序号", "乡镇", "村", "帮带对象姓名", "导师1姓名", "导师1单位及职务", "导师2姓名", "导师2单位及职务", "备注"]
    ]
    teams = lone.teams()
    for number, mentee in enumerate(sorted(teams), start=1):
        texts = [
            text for slot in (TOWNSHIP, VILLAGE) for text in (lone.person(teams[mentee][slot]).name, "板桥镇党建办")
        ]
        lines.append([str(number), "板桥镇", "桂花村", lone.person(mentee).name, *texts, ""])
    lines += [["合计", "3", *[""] * 7], ["注：以上名单已征求意见。", *[""] * 8], ["填表人：王某某", *[""] * 8]]
    text = StringIO()
    csv.writer(text).writerows(lines)
    compared = lone.compare(text.getvalue().encode("gb18030"))
    assert compared.is_identical
    assert (compared.n_rows, compared.n_same, compared.n_skipped) == (3, 6, 3)


def test_the_mark_of_another_version_is_noted(lone: Office) -> None:
    data = lone.file()
    with lone.database.write() as session:
        roster = session.exec(select(Roster)).one()
        roster.roster_version = 4
        session.add(roster)
    compared = lone.compare(data)
    assert [note.english for note in compared.notes] == [
        "By its mark the file is of version 1 of a roster, version 4 is in force."
    ]
    assert compared.seats == ()


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04 damaged", b"a,b,c\r\n1,2,3\r\n", "乡镇,村,姓名\r\n板桥镇,桂花村,张三\r\n".encode()]
)
def test_a_file_that_is_no_roster_is_refused(data: bytes) -> None:
    with pytest.raises(WorkbookError):
        read_roster("x.csv", data)


def test_a_formula_without_a_result_is_no_empty_seat(lone: Office) -> None:
    paper = Paper(lone.file())
    row, column = paper.find(lone.teams()[min(lone.teams())][TOWNSHIP])
    paper.sheet.cell(row, column + 1).value = "=A1"
    with pytest.raises(WorkbookError, match="formula"):
        lone.compare(paper.bytes())
