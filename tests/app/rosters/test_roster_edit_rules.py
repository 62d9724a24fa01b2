"""Edits of a roster that rules, versions or territories refuse."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from app.access import viewer_for_division
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.errors import (
    ForbiddenError,
    InvalidInputError,
    InvalidStateError,
    NotFoundError,
    VersionConflictError,
)
from app.models import KinshipDeclaration, Person, Pin
from app.models.vocabulary import (
    KinshipRelation,
    MentorCategory,
    MentorState,
    Role,
)
from app.rosters.roster_file import read_roster
from app.services.constraints import PinDraft, add_pin
from app.services.publication import withdraw_publication
from app.services.roster_edits import EditDraft, apply_roster_edits, compare_roster
from app.services.roster_edits.records import SeatState
from tests.app.rosters.round_trips import TOWNSHIP, VILLAGE, Office, Paper, apply, change, open_office, written
from tests.app.rosters.round_trips import lone as lone
from tests.app.rosters.round_trips import office as office


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


def test_what_is_wrong_in_another_county_is_told_to_whoever_runs_the_whole_programme_alone(
    sqlite_database: Database, cipher: PersonalDataCipher
) -> None:
    office = open_office(sqlite_database, cipher, is_wide=True)
    places, world = office.world.places, office.world
    with office.database.write() as session:
        candidate = world.candidate(session, places.foreign_village.id)
        town = places.foreign_village.parent_id
        assert town is not None
        mentor = world.mentor(session, town, MentorCategory.TOWNSHIP_OFFICER)
        mentor.state = MentorState.SUSPENDED
        by = {"created_by": "test", "updated_by": "test", "county_id": places.foreign_county.id}
        ids = {"program_id": office.program_id, "mentee_id": candidate.id, "mentor_id": mentor.id}
        session.add_all([mentor, Pin(**ids, slot_code=TOWNSHIP, reason="组织决定", **by)])
        codes = [session.get_one(Person, row.person_id).code for row in (candidate, mentor)]
        at_home = places.officer(session)
    before = office.teams()
    paper = Paper(office.file())
    first, second, _ = sorted(before)
    paper.swap(before[first][TOWNSHIP], before[second][TOWNSHIP])
    file = read_roster("x.xlsx", paper.bytes())
    whole = compare_roster(office.database, world.officer, office.roster_id, file)
    assert all(code in repr(whole.refusals) for code in codes)
    compared = compare_roster(office.database, at_home, office.roster_id, file)
    assert [told.english for told in compared.refusals] == [
        "The present data or pins of this programme keep a repair from being computed; ask whoever runs the whole "
        "programme what is wrong."
    ]
    with pytest.raises(InvalidStateError) as refused:
        apply_roster_edits(office.database, at_home, cipher, office.draft(compared))
    for text in (repr(compared), refused.value.message, refused.value.message_zh):
        assert "520621-" not in text
        assert "INACTIVE" not in text
