"""Whom an edited roster means, and how its columns are found; who cannot be told is asked for."""

import csv
from io import StringIO

import pytest
from openpyxl.cell.cell import Cell
from sqlmodel import select

from app.errors import (
    WorkbookError,
)
from app.models import Roster
from app.rosters.roster_file import read_roster
from app.services.roster_edits import compare_roster
from app.services.roster_edits.records import PersonText, RosterFile, RosterRow, SeatState, SeatText
from tests.app.rosters.round_trips import (
    CSV,
    TOWNSHIP,
    VILLAGE,
    Office,
    Paper,
    states,
)
from tests.app.rosters.round_trips import lone as lone
from tests.app.rosters.round_trips import office as office


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
