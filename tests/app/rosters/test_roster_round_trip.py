"""A roster goes out as a file and comes back: the same, or with edits that become pins and exclusions for a repair."""

import pytest
from sqlmodel import select

from app.crypto import PersonalDataCipher
from app.db import Database
from app.models import AuditEvent, Exclusion, Pin
from app.models.vocabulary import (
    AuditAction,
    ExclusionReason,
    ExportForm,
    ExportFormat,
    MentorState,
    RosterLayout,
)
from app.rosters.roster_file import read_roster
from app.services.roster_edits.records import SeatState
from tests.app.rosters.round_trips import (
    CSV,
    FORMS,
    TOWNSHIP,
    VILLAGE,
    Office,
    Paper,
    applied,
    apply,
    change,
    open_office,
    open_one_to_one,
    written,
)
from tests.app.rosters.round_trips import lone as lone
from tests.app.rosters.round_trips import office as office


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
        # But that the pair was excluded already was told, and that is a reading of class A.
        read = session.exec(select(AuditEvent).where(AuditEvent.action == AuditAction.RESTRICTED_DATA_READ)).one()
    assert (read.actor, read.detail) == (
        lone.world.officer.subject,
        {"fields": {"Exclusion.isOnFile": [f"Roster {lone.roster_id}"]}},
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
