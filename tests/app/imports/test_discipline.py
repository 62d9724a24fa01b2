"""Discipline is entered by the county: what a township's list says of it neither sets, ends nor tells anything."""

from dataclasses import replace

from sqlmodel import select

from app.access import Permission
from app.models import AuditEvent, ImportIssue, ImportRow, PersonFlag
from app.models.vocabulary import ImportState, Role
from app.reads.imports import rows_by_id
from app.services.imports import commit_import
from tests.app.imports.conftest import Desk, mentors
from tests.app.rosters.conftest import mentor_row


def open_flags(desk: Desk) -> int:
    with desk.database.read() as session:
        return sum(flag.end_date is None for flag in session.exec(select(PersonFlag)))


def test_a_township_neither_ends_a_flag_nor_learns_of_it(desk: Desk) -> None:
    desk.commit(desk.upload(mentors([mentor_row(1, 处分影响期="是"), mentor_row(2)])))
    assert open_flags(desk) == 1
    with desk.database.read() as session:
        township = desk.places.officer(session, Role.TOWNSHIP_OFFICER, of=desk.places.banqiao)
    township = replace(township, subject="township")
    batch = desk.upload(mentors([mentor_row(1, 处分影响期="否"), mentor_row(2, 处分影响期="否")]), by=township)
    assert batch.state is ImportState.READY
    assert [change for _, change in desk.changes(batch)] == ["UNCHANGED", "UNCHANGED"]
    with desk.database.read() as session:
        assert [issue.code for issue in session.exec(select(ImportIssue))] == ["COUNTY_COLUMN", "COUNTY_COLUMN"]
    desk.write(lambda session: commit_import(session, township, desk.cipher, batch.id))
    assert open_flags(desk) == 1
    for number in (1, 2):
        refused = desk.upload(mentors([mentor_row(number, 处分影响期="是")]), by=township)
        assert desk.issues(refused) == [("U3", "FORBIDDEN_COLUMN")]


def test_neither_rows_nor_counts_nor_the_trail_tell_of_it_whoever_sends_the_file(desk: Desk) -> None:
    """Every officer of the county reads the rows of a batch, and the counts stand in the trail."""
    desk.commit(desk.upload(mentors([mentor_row(1, 处分影响期="是"), mentor_row(2)])))
    data = mentors([mentor_row(1, 处分影响期="否"), mentor_row(2, 处分影响期="否")])
    reader = replace(desk.viewer, subject="reader", explicit=frozenset({Permission.READ_RESTRICTED_DATA}))
    batches = [desk.upload(data), desk.upload(data, by=reader)]
    for batch in batches:
        with desk.database.read() as session:
            rows = session.exec(select(ImportRow.id).where(ImportRow.batch_id == batch.id)).all()
            seen = rows_by_id(session, desk.viewer, rows).values()
        assert sorted(row.change for row in seen) == ["UNCHANGED", "UNCHANGED"]
        assert (batch.counts["changed"], batch.counts["unchanged"]) == (0, 2)
    desk.write(lambda session: commit_import(session, reader, desk.cipher, batches[1].id))
    assert open_flags(desk) == 0
    with desk.database.read() as session:
        told = [
            event.detail["counts"] for event in session.exec(select(AuditEvent).where(AuditEvent.actor == "reader"))
        ]
    assert [(counts["changed"], counts["unchanged"]) for counts in told] == [(0, 2), (0, 2)]
