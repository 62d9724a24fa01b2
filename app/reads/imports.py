"""Reading imports: batches of the territory, their issues and rows, and remembered headers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, false, or_, true
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.access import CODE_LENGTH, Permission, Viewer, territory_clause
from app.models import ImportBatch, ImportIssue, ImportMapping, ImportRow
from app.models.vocabulary import DivisionLevel, ImportState, RowChange, Severity
from app.reads.conditions import Span, among, at_instants, equals, only
from app.reads.paging import Key, Listing
from app.reads.scope import is_participant, under_code


class ImportBatchOrder(StrEnum):
    """Orders of the list of batches."""

    CREATED_AT = "CREATED_AT"


class ImportPlaceOrder(StrEnum):
    """Orders of the issues and rows of a batch."""

    POSITION = "POSITION"


class ImportMappingOrder(StrEnum):
    """Orders of remembered headers."""

    HEADER = "HEADER"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportBatchFilter:
    """Which batches; ``None`` leaves a condition out."""

    division_code: str | None = None
    states: tuple[ImportState, ...] | None = None
    created_at: Span[datetime] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportIssueFilter:
    """Which issues; ``None`` leaves a condition out."""

    severity: Severity | None = None
    sheet: str | None = None
    codes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRowFilter:
    """Which rows; ``None`` leaves a condition out."""

    changes: tuple[RowChange, ...] | None = None
    sheet: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportMappingFilter:
    """Which remembered headers; ``None`` leaves a condition out."""

    sender_code: str | None = None
    kind: str | None = None


def batches_in_scope(viewer: Viewer) -> ColumnElement[bool]:
    """Batches of the viewer's counties; below county level only those that the viewer uploaded for this territory."""
    if is_participant(viewer) or not viewer.may(Permission.EDIT_PEOPLE):
        return false()
    # Whoever has moved to another township leaves the files of the former one behind.
    uploaded = (col(ImportBatch.created_by) == viewer.subject) & col(ImportBatch.sender_code).startswith(
        viewer.code_prefix
    )
    own = true() if _is_county_or_above(viewer) else uploaded
    county = true() if viewer.county_ids is None else col(ImportBatch.county_id).in_(viewer.county_ids)
    return own & county


def _is_county_or_above(viewer: Viewer) -> bool:
    return len(viewer.code_prefix) <= CODE_LENGTH[DivisionLevel.COUNTY]


def _batches(viewer: Viewer, wanted: ImportBatchFilter) -> SelectOfScalar[ImportBatch]:
    code = wanted.division_code
    return select(ImportBatch).where(
        batches_in_scope(viewer),
        *only(
            None if code is None else under_code(code, ImportBatch.county_id),
            among(ImportBatch.state, wanted.states),
            at_instants(ImportBatch.created_at, wanted.created_at),
        ),
    )


def _issues(viewer: Viewer, wanted: ImportIssueFilter) -> SelectOfScalar[ImportIssue]:
    return (
        select(ImportIssue)
        .join(ImportBatch, col(ImportBatch.id) == col(ImportIssue.batch_id))
        .where(
            batches_in_scope(viewer),
            *only(
                equals(ImportIssue.severity, wanted.severity),
                equals(ImportIssue.sheet, wanted.sheet),
                among(ImportIssue.code, wanted.codes),
            ),
        )
    )


def _rows(viewer: Viewer, wanted: ImportRowFilter) -> SelectOfScalar[ImportRow]:
    return (
        select(ImportRow)
        .join(ImportBatch, col(ImportBatch.id) == col(ImportRow.batch_id))
        .where(
            batches_in_scope(viewer),
            *only(among(ImportRow.change, wanted.changes), equals(ImportRow.sheet, wanted.sheet)),
        )
    )


def _mappings(viewer: Viewer, wanted: ImportMappingFilter) -> SelectOfScalar[ImportMapping]:
    inside: ColumnElement[bool] = col(ImportMapping.sender_code).startswith(viewer.code_prefix)
    if is_participant(viewer) or not viewer.may(Permission.EDIT_PEOPLE):
        inside = false()
    return select(ImportMapping).where(
        inside,
        or_(territory_clause(viewer, ImportMapping.county_id), inside),
        *only(equals(ImportMapping.sender_code, wanted.sender_code), equals(ImportMapping.kind, wanted.kind)),
    )


WITHOUT_CONTENT = defer(ImportRow.content_encrypted, raiseload=True)  # type: ignore[arg-type]
"""What a row says is read only to commit it."""

IMPORT_BATCHES = Listing(
    name="importBatches",
    table=ImportBatch,
    statement=_batches,
    orders={
        ImportBatchOrder.CREATED_AT: (
            Key(column=ImportBatch.created_at, kind=datetime),
            Key(column=ImportBatch.id, kind=UUID),
        )
    },
)
IMPORT_ISSUES = Listing(
    name="importIssues",
    table=ImportIssue,
    parent=ImportIssue.batch_id,
    statement=_issues,
    orders={
        ImportPlaceOrder.POSITION: (
            Key(column=ImportIssue.position, kind=int),
            Key(column=ImportIssue.id, kind=UUID),
        )
    },
)
IMPORT_ROWS = Listing(
    name="importRows",
    table=ImportRow,
    parent=ImportRow.batch_id,
    statement=_rows,
    options=(WITHOUT_CONTENT,),
    orders={ImportPlaceOrder.POSITION: (Key(column=ImportRow.position, kind=int), Key(column=ImportRow.id, kind=UUID))},
)
IMPORT_MAPPINGS = Listing(
    name="importMappings",
    table=ImportMapping,
    statement=_mappings,
    orders={
        ImportMappingOrder.HEADER: (Key(column=ImportMapping.header, kind=str), Key(column=ImportMapping.id, kind=UUID))
    },
)


def batches_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, ImportBatch]:
    """Batches by key."""
    rows = session.exec(_batches(viewer, ImportBatchFilter()).where(col(ImportBatch.id).in_(ids)))
    return {row.id: row for row in rows}


def issues_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, ImportIssue]:
    """Issues by key."""
    rows = session.exec(_issues(viewer, ImportIssueFilter()).where(col(ImportIssue.id).in_(ids)))
    return {row.id: row for row in rows}


def rows_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, ImportRow]:
    """Rows of files by key, without what they say."""
    statement = _rows(viewer, ImportRowFilter()).where(col(ImportRow.id).in_(ids)).options(WITHOUT_CONTENT)
    return {row.id: row for row in session.exec(statement)}


def mappings_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, ImportMapping]:
    """Remembered headers by key."""
    rows = session.exec(_mappings(viewer, ImportMappingFilter()).where(col(ImportMapping.id).in_(ids)))
    return {row.id: row for row in rows}
