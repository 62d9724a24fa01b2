"""Previewing, committing and discarding an uploaded file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, select

from app.access import Permission, Viewer, record
from app.crypto import PersonalDataCipher, WrongDataKeyError
from app.db import utc_now
from app.errors import BatchHasErrorsError, InvalidStateError
from app.models import Division, ImportBatch, ImportRow
from app.models.vocabulary import AuditAction, ImportState, RowChange
from app.services.imports import undo
from app.services.imports.book import load_book_for_commit, load_book_for_preview
from app.services.imports.evaluation import counts_of
from app.services.imports.outcome import Outcome
from app.services.imports.pairs import reconcile_pair
from app.services.imports.person_facts import reconcile_facts
from app.services.imports.person_lists import update_lists
from app.services.imports.place_rows import in_order, reconcile_place
from app.services.imports.reconcile import Reconciliation
from app.services.imports.records import (
    PLACE_RECORDS,
    AppointmentsRecord,
    AssignedCadreRecord,
    CandidateRecord,
    ExclusionRecord,
    KinshipRecord,
    MentorRecord,
    NeedsRecord,
    PreferenceRecord,
    Record,
    SheetKind,
    from_json,
)
from app.services.imports.roles import reconcile_role
from app.services.imports.state import get_batch, require_open, wrong_state
from app.services.people.records import stamp
from app.services.privacy.import_files import forget_files
from app.services.privacy.restricted import RESTRICTED_TABLES
from app.services.versions import expect_version


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedRow:
    """One row that could be parsed, with its place in the file."""

    sheet: str
    row_number: int
    record: Record

    @property
    def address(self) -> str:
        """Sheet and row, as messages name it."""
        return f"{self.sheet}!{self.row_number}"


def preview_rows(
    session: Session,
    viewer: Viewer,
    cipher: PersonalDataCipher,
    county: Division,
    rows: Sequence[ParsedRow],
    *,
    now: datetime,
    rejected_id_numbers: frozenset[str] = frozenset(),
    rejected_names: frozenset[str] = frozenset(),
) -> list[Outcome]:
    """What a commit would do with each row, against the present database; writes nothing."""
    book = load_book_for_preview(
        session, county, cipher, _id_number_hashes(rows, cipher), with_places=_has_places(rows)
    )
    run = Reconciliation(
        book=book,
        viewer=viewer,
        today=now.date(),
        rejected_hashes=frozenset(cipher.keyed_hash("id_number", number) for number in rejected_id_numbers),
        rejected_names=rejected_names,
    )
    return _apply_all(run, rows)


def commit_import(
    session: Session,
    viewer: Viewer,
    cipher: PersonalDataCipher,
    batch_id: UUID,
    *,
    expected_version: int | None = None,
    now: datetime | None = None,
) -> ImportBatch:
    """Write the rows of a READY batch, compared afresh with the present database; all of them or none.

    With ``expected_version`` a file that somebody corrected since the caller looked at it is refused.
    """
    viewer.require(Permission.EDIT_PEOPLE)
    batch = get_batch(session, viewer, batch_id, lock=True)
    expect_version(session, batch, expected_version)
    if batch.state in (ImportState.UPLOADED, ImportState.PARSED):
        raise BatchHasErrorsError(
            "The file was not read to its end yet; say what its headers mean, or have it read again.",
            "文件尚未读取完成；请先确认表头，或重新读取。",
            path=("batch_id",),
        )
    if batch.state is ImportState.HAS_ERRORS:
        raise BatchHasErrorsError(
            f"The file has {batch.counts.get('rejected', 0)} rejected rows; correct the issues and upload it again.",
            f"文件有{batch.counts.get('rejected', 0)}行被拒绝；请按问题清单更正后重新上传。",
            path=("batch_id",),
        )
    if batch.state is not ImportState.READY or batch.county_id is None:
        raise wrong_state(batch)
    now = now or utc_now()
    rows = _stored_rows(session, batch, cipher)
    # The savepoint takes back the comparison's changes to loaded rows if a caller goes on after a refusal.
    with session.begin_nested():
        book = load_book_for_commit(
            session, batch.county_id, cipher, _id_number_hashes(rows, cipher), with_places=_has_places(rows)
        )
        outcomes = _apply_all(Reconciliation(book=book, viewer=viewer, today=now.date()), rows)
        _refuse_new_errors(rows, outcomes)
        about = sorted(set[str]().union(*(outcome.about for outcome in outcomes)))
        with undo.recorded(session, cipher, batch, about, added=book.every_added, deleted=book.every_deleted):
            book.write(session)
    batch.counts = counts_of([outcome.change for outcome in outcomes], batch.counts["skipped"])
    batch.state = ImportState.COMMITTED
    batch.committed_at = now
    stamp(batch, viewer)
    record(
        session,
        viewer,
        AuditAction.IMPORT_COMMITTED,
        f"ImportBatch {batch.id}",
        county_id=batch.county_id,
        counts=batch.counts,
        file_sha256=batch.file_sha256,
        n_rows_written=sum(not isinstance(row, RESTRICTED_TABLES) for row in book.every_added),
    )
    session.flush()
    return batch


def discard_import(session: Session, viewer: Viewer, batch_id: UUID) -> ImportBatch:
    """Close a batch without writing it; the file and its rows lose their content at once."""
    viewer.require(Permission.EDIT_PEOPLE)
    batch = get_batch(session, viewer, batch_id, lock=True)
    require_open(batch)
    session.connection().execute(
        update(ImportRow).where(col(ImportRow.batch_id) == batch.id).values(content_encrypted=None)
    )
    forget_files(session, [batch.id])
    session.refresh(batch)
    batch.state = ImportState.DISCARDED
    stamp(batch, viewer)
    record(
        session,
        viewer,
        AuditAction.IMPORT_DISCARDED,
        f"ImportBatch {batch.id}",
        county_id=batch.county_id,
        file_sha256=batch.file_sha256,
    )
    session.flush()
    return batch


def _apply_all(run: Reconciliation, rows: Sequence[ParsedRow]) -> list[Outcome]:
    """Rows about places first, then those about people, so that the others may name people of later sheets."""
    outcomes = [Outcome() for _ in rows]
    run.has_needs_sheet = any(isinstance(row.record, NeedsRecord) for row in rows)
    places = {at: row.record for at, row in enumerate(rows) if isinstance(row.record, PLACE_RECORDS)}
    for at in in_order(list(places.items())):
        reconcile_place(run, places[at], rows[at].address, outcomes[at])
    for row, outcome in zip(rows, outcomes, strict=True):
        if isinstance(row.record, CandidateRecord | AssignedCadreRecord | MentorRecord):
            person = run.apply_person(row.record, row.address, outcome)
            if person is not None:
                if update_lists(run, person, row.record.person, outcome):
                    outcome.note_change()
                reconcile_role(run, person, row.record, outcome)
    for row, outcome in zip(rows, outcomes, strict=True):
        if isinstance(row.record, AppointmentsRecord | NeedsRecord):
            reconcile_facts(run, row.record, outcome)
        elif isinstance(row.record, KinshipRecord | ExclusionRecord | PreferenceRecord):
            reconcile_pair(run, row.record, outcome)
    for outcome in outcomes:
        if outcome.has_errors:
            outcome.change = RowChange.REJECTED
        if outcome.change is not RowChange.CHANGED:
            outcome.changed.clear()
    return outcomes


def _stored_rows(session: Session, batch: ImportBatch, cipher: PersonalDataCipher) -> list[ParsedRow]:
    rows = []
    statement = select(ImportRow).where(col(ImportRow.batch_id) == batch.id).order_by(col(ImportRow.position))
    for row in session.exec(statement):
        if row.content_encrypted is None:
            raise wrong_state(batch)
        try:
            text = cipher.decrypt(row.content_encrypted)
        except WrongDataKeyError:
            raise InvalidStateError(
                "The stored rows cannot be decrypted with the present data keys; upload the file again.",
                "现有密钥无法解密已上传的数据；请重新上传文件。",
                path=("batch_id",),
            ) from None
        rows.append(ParsedRow(sheet=row.sheet, row_number=row.row_number, record=from_json(SheetKind(row.kind), text)))
    return rows


def _refuse_new_errors(rows: Sequence[ParsedRow], outcomes: Sequence[Outcome]) -> None:
    """The database may have changed since the upload; then nothing is written and the first place is named."""
    bad = [
        (row, problem)
        for row, outcome in zip(rows, outcomes, strict=True)
        for _, problem in outcome.problems
        if outcome.has_errors
    ]
    if bad:
        row, problem = bad[0]
        raise BatchHasErrorsError(
            f"The records changed since the upload; {row.address} now has the problem {problem.code}. "
            "Read the file again to see what is wrong.",
            f"上传后库中数据已变化，{row.address} 出现新的问题（{problem.code}）；请重新读取该文件，按问题清单更正。",
            path=("batch_id",),
        )


def _has_places(rows: Sequence[ParsedRow]) -> bool:
    return any(isinstance(row.record, PLACE_RECORDS) for row in rows)


def _id_number_hashes(rows: Sequence[ParsedRow], cipher: PersonalDataCipher) -> frozenset[str]:
    return frozenset(
        hashed
        for row in rows
        if isinstance(row.record, CandidateRecord | AssignedCadreRecord | MentorRecord)
        and row.record.person.draft.id_number is not None
        for hashed in cipher.keyed_hashes("id_number", row.record.person.draft.id_number)
    )
