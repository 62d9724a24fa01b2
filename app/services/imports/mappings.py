"""What a sender's headers mean: said once for a sheet, remembered for the sender's next files, changed at any time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from app.access import Permission, Viewer, covers_division, get_in_county, record
from app.errors import InvalidInputError, NotFoundError
from app.models import ImportBatch, ImportMapping
from app.models.vocabulary import AuditAction, ImportState
from app.services.imports.evaluation import SheetSummary
from app.services.imports.records import SheetKind
from app.services.imports.state import require_open
from app.services.people.records import stamp

MAX_HEADER = 200

HasColumn = Callable[[SheetKind, str], bool]
"""Whether sheets of a kind have a column of a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMeaning:
    """A column by its letter, and the key of what it holds; ``None`` leaves the column out."""

    letter: str
    key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetMeaning:
    """What somebody says of a sheet: its kind (``None`` leaves it out), the first row of its header, its columns."""

    sheet: str
    kind: SheetKind | None
    header_row: int | None = None
    columns: tuple[ColumnMeaning, ...] = ()
    is_remembered: bool = True


def remembered_headers(session: Session, county_id: UUID, sender_code: str) -> dict[tuple[str, str], str | None]:
    """Column keys by kind and normalised header, as said before of files of the same sender."""
    rows = session.exec(
        select(ImportMapping).where(
            col(ImportMapping.county_id) == county_id, col(ImportMapping.sender_code) == sender_code
        )
    )
    return {(row.kind, row.header): row.column_key for row in rows}


def map_sheet(
    session: Session,
    viewer: Viewer,
    batch: ImportBatch,
    meaning: SheetMeaning,
    *,
    sheets: Sequence[SheetSummary],
    has_column: HasColumn,
    headers: Mapping[str, str],
) -> None:
    """Say what a sheet of an open batch and its columns are; the batch must be read again.

    ``headers`` are the normalised headers of this sheet by column letter, under which the meaning is remembered.
    """
    viewer.require(Permission.EDIT_PEOPLE)
    require_open(batch)
    if meaning.sheet not in {sheet.name for sheet in sheets}:
        raise InvalidInputError("The file has no sheet of this name.", "文件中没有该名称的工作表。", path=("sheet",))
    letters = [column.letter for column in meaning.columns]
    given = [column.key for column in meaning.columns if column.key is not None]
    unknown = sorted(key[:40] for key in given if meaning.kind is None or not has_column(meaning.kind, key))
    if unknown or len(set(letters)) < len(letters) or len(set(given)) < len(given):
        raise InvalidInputError(
            f"A column stands twice, or has a key that the kind does not know: {', '.join(unknown) or '-'}.",
            f"列重复，或该类表没有此列：{'、'.join(unknown) or '-'}。",
            path=("columns",),
        )
    batch.mappings = {
        **batch.mappings,
        meaning.sheet: {
            "kind": None if meaning.kind is None else meaning.kind.value,
            "header_row": meaning.header_row,
            "columns": {column.letter: column.key for column in meaning.columns},
        },
    }
    batch.state = ImportState.UPLOADED
    stamp(batch, viewer)
    session.add(batch)
    n_remembered = 0
    if meaning.is_remembered and meaning.kind is not None:
        said = {headers[c.letter]: c.key for c in meaning.columns if headers.get(c.letter)}
        n_remembered = _remember(session, viewer, batch, meaning.kind, said)
    record(
        session,
        viewer,
        AuditAction.IMPORT_MAPPING_CHANGED,
        f"ImportBatch {batch.id}",
        county_id=batch.county_id,
        kind=None if meaning.kind is None else meaning.kind.value,
        n_columns=len(meaning.columns),
        n_remembered=n_remembered,
    )
    session.flush()


def _remember(
    session: Session, viewer: Viewer, batch: ImportBatch, kind: SheetKind, said: Mapping[str, str | None]
) -> int:
    stored = {
        row.header: row
        for row in session.exec(
            select(ImportMapping).where(
                col(ImportMapping.county_id) == batch.county_id,
                col(ImportMapping.sender_code) == batch.sender_code,
                col(ImportMapping.kind) == kind.value,
            )
        )
    }
    for header, key in said.items():
        row = stored.get(header)
        if row is None:
            values: dict[str, Any] = {"county_id": batch.county_id, "sender_code": batch.sender_code}
            row = ImportMapping(
                **values,
                kind=kind.value,
                header=header[:MAX_HEADER],
                column_key=key,
                created_by=viewer.subject,
                updated_by=viewer.subject,
            )
        elif row.column_key != key:
            row.column_key = key
            stamp(row, viewer)
        session.add(row)
    return len(said)


def change_mapping(
    session: Session,
    viewer: Viewer,
    mapping_id: UUID,
    *,
    column_key: str | None,
    has_column: HasColumn,
) -> ImportMapping:
    """Let a remembered header mean another column from the next file on; ``None`` leaves the column out."""
    viewer.require(Permission.EDIT_PEOPLE)
    row = get_mapping(session, viewer, mapping_id)
    if column_key is not None and not has_column(SheetKind(row.kind), column_key):
        raise InvalidInputError(
            f"Sheets of the kind {row.kind} have no column {column_key[:40]}.",
            f"该类表（{row.kind}）没有此列：{column_key[:40]}。",
            path=("column_key",),
        )
    row.column_key = column_key
    stamp(row, viewer)
    session.add(row)
    _record_change(session, viewer, row, "changed")
    return row


def forget_mapping(session: Session, viewer: Viewer, mapping_id: UUID) -> None:
    """Forget what a header of a sender means; the next file is read by the usual words alone."""
    viewer.require(Permission.EDIT_PEOPLE)
    row = get_mapping(session, viewer, mapping_id)
    session.delete(row)
    _record_change(session, viewer, row, "forgotten")


def get_mapping(session: Session, viewer: Viewer, mapping_id: UUID) -> ImportMapping:
    """A remembered header of a sender in the viewer's territory."""
    row = get_in_county(session, viewer, ImportMapping, mapping_id, path=("mapping_id",))
    if not covers_division(viewer, row.sender_code):
        raise NotFoundError(
            f"No ImportMapping {mapping_id} in your territory.",
            f"辖区内没有编号为 {mapping_id} 的记录（ImportMapping）。",
            path=("mapping_id",),
        )
    return row


def _record_change(session: Session, viewer: Viewer, row: ImportMapping, step: str) -> None:
    record(
        session,
        viewer,
        AuditAction.IMPORT_MAPPING_CHANGED,
        f"ImportMapping {row.id}",
        county_id=row.county_id,
        step=step,
        kind=row.kind,
        column=row.column_key,
    )
    session.flush()
