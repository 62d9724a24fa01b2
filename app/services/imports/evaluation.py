"""What reading a file gave, and keeping it with the batch: rows, issues, sheets, and the state that follows."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, insert
from sqlmodel import Session, col

from app.access import Viewer, record
from app.crypto import PersonalDataCipher
from app.models import ImportBatch, ImportIssue, ImportRow
from app.models.columns import Row
from app.models.vocabulary import AuditAction, ImportState, RowChange, Severity
from app.services.imports.issues import Problem
from app.services.imports.records import Record, to_json
from app.services.people.records import stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRow:
    """One data row: where it stands, what kind of row it is, and its record, unless it has none for its faults."""

    sheet: str
    row_number: int
    kind: str
    record: Record | None
    change: RowChange
    changed_columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadIssue:
    """A problem at its cell; ``column_key`` names the column where it is about one."""

    sheet: str
    cell: str
    column_key: str | None
    problem: Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetColumn:
    """One column of a sheet: its letter, its header as written, and what it was read as."""

    letter: str
    header: str
    key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetSummary:
    """What was found on a sheet; ``kind`` is empty where no table was recognised."""

    name: str
    kind: str | None
    header_row: int
    n_rows: int
    n_skipped: int
    columns: tuple[SheetColumn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Everything that reading a file gave, in the order of the file."""

    rows: Sequence[ReadRow]
    issues: Sequence[ReadIssue]
    sheets: Sequence[SheetSummary]
    is_header_missing: bool = field(default=False)
    """Whether a person must say first what a sheet or a column is."""

    @property
    def state(self) -> ImportState:
        """The state of the batch that follows."""
        if self.is_header_missing:
            return ImportState.PARSED
        has_errors = any(issue.problem.severity is Severity.ERROR for issue in self.issues)
        return ImportState.HAS_ERRORS if has_errors else ImportState.READY

    @property
    def counts(self) -> dict[str, int]:
        """Rows by what a commit does with them, and rows left out."""
        return counts_of([row.change for row in self.rows], sum(sheet.n_skipped for sheet in self.sheets))


def counts_of(changes: Sequence[RowChange], n_skipped: int) -> dict[str, int]:
    """The counts of a batch: rows by what a commit does with them, and rows left out."""
    counts = Counter(change.value.lower() for change in changes)
    return {key: counts.get(key, 0) for key in ("new", "changed", "unchanged", "recorded", "rejected")} | {
        "skipped": n_skipped
    }


def keep_evaluation(
    session: Session, viewer: Viewer, cipher: PersonalDataCipher, batch: ImportBatch, evaluation: Evaluation
) -> ImportBatch:
    """Write what reading gave, in place of what it gave before; only tables of imports are written."""
    for table in (ImportRow, ImportIssue):
        session.connection().execute(delete(table).where(col(table.batch_id) == batch.id))
    _insert(session, ImportRow, [_row(batch.id, place, row, cipher) for place, row in enumerate(evaluation.rows)])
    _insert(session, ImportIssue, [_issue(batch.id, place, issue) for place, issue in enumerate(evaluation.issues)])
    batch.sheets_encrypted = cipher.encrypt(
        json.dumps([asdict(sheet) for sheet in evaluation.sheets], ensure_ascii=False)
    )
    batch.state = evaluation.state
    batch.counts = evaluation.counts
    stamp(batch, viewer)
    session.add(batch)
    record(
        session,
        viewer,
        AuditAction.IMPORT_UPLOADED,
        f"ImportBatch {batch.id}",
        county_id=batch.county_id,
        state=batch.state,
        counts=batch.counts,
        n_issues=len(evaluation.issues),
        file_sha256=batch.file_sha256,
    )
    session.flush()
    return batch


def sheets_of(batch: ImportBatch, cipher: PersonalDataCipher) -> list[SheetSummary]:
    """What was found on the sheets of a batch; empty before it was read, and after its content was let go."""
    if batch.sheets_encrypted is None:
        return []
    return [
        SheetSummary(**{**sheet, "columns": tuple(SheetColumn(**column) for column in sheet["columns"])})
        for sheet in json.loads(cipher.decrypt(batch.sheets_encrypted))
    ]


def _row(batch_id: UUID, place: int, row: ReadRow, cipher: PersonalDataCipher) -> dict[str, Any]:
    return {
        "batch_id": batch_id,
        "position": place,
        "sheet": row.sheet,
        "row_number": row.row_number,
        "kind": row.kind,
        "change": row.change,
        "changed_columns": list(row.changed_columns),
        "content_encrypted": None if row.record is None else cipher.encrypt(to_json(row.record)),
    }


def _issue(batch_id: UUID, place: int, issue: ReadIssue) -> dict[str, Any]:
    message, message_zh = issue.problem.messages()
    return {
        "batch_id": batch_id,
        "position": place,
        "sheet": issue.sheet,
        "cell": issue.cell,
        "column_key": issue.column_key,
        "code": issue.problem.code,
        "severity": issue.problem.severity,
        "message": message,
        "message_zh": message_zh,
        "choices": list(issue.problem.choices),
    }


def _insert(session: Session, table: type[Row], rows: Sequence[dict[str, Any]]) -> None:
    """Write many rows in one statement: made by their constructors they would take longer than reading the file."""
    if rows:
        session.connection().execute(insert(table), [{"id": uuid4(), **row} for row in rows])
