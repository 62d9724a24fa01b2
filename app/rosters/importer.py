"""Reads uploaded workbooks: every sheet, every row, what a commit would do with it, and every issue."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlmodel import Session

from app.access import Permission, Viewer
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction, utc_now
from app.errors import VersionConflictError, WorkbookError
from app.models import ImportBatch
from app.models.vocabulary import RowChange
from app.rosters.columns import Layout, normalize_header
from app.rosters.headers import has_column
from app.rosters.parsing import CellError, parse_id_number, parse_name
from app.rosters.place_rows import announce_divisions
from app.rosters.reader import RowReader
from app.rosters.rows import read_row
from app.rosters.tables.rows import HIDDEN_PART
from app.rosters.workbook import SKIP_ROW, DataRow, Sheet, SheetMapping, read_sheets, require_known_table
from app.services.imports.batches import ParsedRow, preview_rows
from app.services.imports.corrections import CorrectionDraft, correct_import
from app.services.imports.evaluation import (
    Evaluation,
    ReadIssue,
    ReadRow,
    SheetColumn,
    SheetSummary,
    keep_evaluation,
    sheets_of,
)
from app.services.imports.files import Material, drop_unread, material_of, receive_file
from app.services.imports.gazetteer import Gazetteer, load_gazetteer
from app.services.imports.issues import Problem
from app.services.imports.mappings import SheetMeaning, map_sheet
from app.services.imports.records import Record, SheetKind
from app.services.imports.state import get_batch, require_open

FEWEST_HEADERS = 3
"""Cells in a row below which nobody would call it a header."""

_DIGITS = re.compile(r"\d{4}")

MOST_READINGS = 5
"""How often a file is read again because somebody corrected it while it was being read."""


@dataclass(slots=True, kw_only=True)
class _Row:
    """A data row on its way through the import."""

    sheet: Sheet
    layout: Layout
    data: DataRow
    record: Record | None
    problems: list[tuple[str, Problem]]
    change: RowChange = RowChange.REJECTED
    changed_columns: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Rejected:
    """ID numbers and names of rows that could not be read, so that pairs naming them are not called unknown."""

    id_numbers: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)


def upload_workbook(
    session: Session,
    viewer: Viewer,
    cipher: PersonalDataCipher,
    *,
    county_code: str,
    file_name: str,
    data: bytes,
    sender_code: str | None = None,
    now: datetime | None = None,
) -> ImportBatch:
    """Keep an uploaded file and read it, in the caller's transaction; only tables of imports are written.

    Raises ``WorkbookError`` when the file cannot be read at all; then nothing is written. Every other problem becomes
    an issue at its cell, and the batch is READY, HAS_ERRORS when one of them is an error, or PARSED when somebody must
    say first what a sheet or a column is.
    """
    # A caller may go on after a refusal: then nothing of the file is left.
    with session.begin_nested():
        batch = receive_file(
            session,
            viewer,
            cipher,
            county_code=county_code,
            file_name=file_name,
            data=data,
            sender_code=sender_code,
        )
        found = evaluate(session, viewer, cipher, material_of(session, cipher, batch), now=now)
    return keep_evaluation(session, viewer, cipher, batch, found)


def receive_and_read(
    database: Database,
    viewer: Viewer,
    cipher: PersonalDataCipher,
    *,
    county_code: str,
    file_name: str,
    data: bytes,
    sender_code: str | None = None,
) -> ImportBatch:
    """As ``upload_workbook``, reading between two short transactions, so that nobody waits for it.

    A file that cannot be read at all leaves no batch behind.
    """
    batch = run_in_transaction(
        database,
        lambda session: receive_file(
            session,
            viewer,
            cipher,
            county_code=county_code,
            file_name=file_name,
            data=data,
            sender_code=sender_code,
        ),
    )
    try:
        return read_batch(database, viewer, cipher, batch.id)
    except WorkbookError:
        run_in_transaction(database, lambda session: drop_unread(session, batch.id))
        raise


def correct_and_read(
    database: Database,
    viewer: Viewer,
    cipher: PersonalDataCipher,
    batch_id: UUID,
    drafts: Sequence[CorrectionDraft],
) -> ImportBatch:
    """Keep corrections of an open batch and read its file again with them."""

    def keep(session: Session) -> None:
        correct_import(session, viewer, cipher, get_batch(session, viewer, batch_id, lock=True), drafts)

    run_in_transaction(database, keep)
    return read_batch(database, viewer, cipher, batch_id)


def map_and_read(
    database: Database, viewer: Viewer, cipher: PersonalDataCipher, batch_id: UUID, meaning: SheetMeaning
) -> ImportBatch:
    """Keep what somebody said of a sheet of an open batch and read its file again."""

    def keep(session: Session) -> None:
        batch = get_batch(session, viewer, batch_id, lock=True)
        sheets = sheets_of(batch, cipher)
        headers = {
            column.letter: header
            for sheet in sheets
            if sheet.name == meaning.sheet and meaning.header_row in (None, sheet.header_row)
            for column in sheet.columns
            if (header := _memorable(column.header))
        }
        map_sheet(session, viewer, batch, meaning, sheets=sheets, has_column=has_column, headers=headers)

    run_in_transaction(database, keep)
    return read_batch(database, viewer, cipher, batch_id)


def _memorable(header: str) -> str:
    """The header under which the meaning of a column is remembered; blank for what may be data and no header."""
    found = normalize_header(header)
    return "" if HIDDEN_PART in header.split("/") or _DIGITS.search(found) else found


def read_batch(database: Database, viewer: Viewer, cipher: PersonalDataCipher, batch_id: UUID) -> ImportBatch:
    """Read the file of an open batch, with everything that was said about it meanwhile, and keep what it gave."""
    viewer.require(Permission.EDIT_PEOPLE)
    for _ in range(MOST_READINGS):
        with database.read() as session:
            batch = get_batch(session, viewer, batch_id)
            require_open(batch)
            material = material_of(session, cipher, batch)
            found = evaluate(session, viewer, cipher, material)
        keep = partial(_keep, viewer=viewer, cipher=cipher, material=material, found=found)
        kept = run_in_transaction(database, keep)
        if kept is not None:
            return kept
    raise VersionConflictError(
        "The batch is being corrected by somebody else at this moment; read it again.",
        "该批次正在被他人更正，请稍后重新读取。",
        path=("batch_id",),
    )


def _keep(
    session: Session, *, viewer: Viewer, cipher: PersonalDataCipher, material: Material, found: Evaluation
) -> ImportBatch | None:
    """Keep what reading gave, unless something was said about the file meanwhile."""
    batch = get_batch(session, viewer, material.batch_id, lock=True)
    require_open(batch)
    if batch.version != material.version:
        return None
    return keep_evaluation(session, viewer, cipher, batch, found)


def evaluate(
    session: Session,
    viewer: Viewer,
    cipher: PersonalDataCipher,
    material: Material,
    *,
    now: datetime | None = None,
) -> Evaluation:
    """Read a file and compare it with the county's records; writes nothing.

    A file without any known table waits for somebody to say what its sheets are; one without anything like a header is
    refused.

    Equal files, corrections, mappings and records give equal evaluations.
    """
    now = now or utc_now()
    sheets = read_sheets(
        material.file_name,
        material.data,
        mappings={name: _sheet_mapping(said) for name, said in material.mappings.items()},
        remembered={(SheetKind(kind), header): key for (kind, header), key in material.remembered.items()},
        corrections={
            place: SKIP_ROW if each.is_row_skipped else (each.text or "")
            for place, each in material.corrections.items()
        },
    )
    is_known = any(sheet.layout or sheet.is_left_out for sheet in sheets)
    if not any(is_known or len(sheet.headers) >= FEWEST_HEADERS for sheet in sheets):
        require_known_table(material.file_name, sheets)
    rows, rejected = _read_rows(sheets, load_gazetteer(session, material.county, today=now.date()))
    parsed = [
        (row, ParsedRow(sheet=row.sheet.name, row_number=row.data.number, record=row.record))
        for row in rows
        if row.record is not None
    ]
    outcomes = preview_rows(
        session,
        viewer,
        cipher,
        material.county,
        [item for _, item in parsed],
        now=now,
        rejected_id_numbers=frozenset(rejected.id_numbers),
        rejected_names=frozenset(rejected.names),
    )
    for (row, _), outcome in zip(parsed, outcomes, strict=True):
        row.change = outcome.change
        row.changed_columns = tuple(sorted(outcome.changed))
        row.problems += outcome.problems
    return Evaluation(
        rows=[
            ReadRow(
                sheet=row.sheet.name,
                row_number=row.data.number,
                kind=row.layout.kind.value,
                record=row.record,
                change=row.change,
                changed_columns=row.changed_columns,
            )
            for row in rows
        ],
        issues=[
            *(issue for sheet in sheets for issue in _sheet_issues(sheet)),
            *(issue for row in rows for issue in _row_issues(row)),
        ],
        sheets=[_summary(sheet) for sheet in sheets],
        is_header_missing=not is_known,
    )


def _sheet_mapping(said: Mapping[str, Any]) -> SheetMapping:
    kind = said["kind"]
    return SheetMapping(
        kind=None if kind is None else SheetKind(kind), header_row=said["header_row"], columns=said["columns"]
    )


def _summary(sheet: Sheet) -> SheetSummary:
    keys = {letter: key for key, letter in sheet.columns.items()}
    return SheetSummary(
        name=sheet.name,
        kind=None if sheet.layout is None else sheet.layout.kind.value,
        header_row=sheet.header_row,
        n_rows=len(sheet.rows),
        n_skipped=sheet.n_skipped,
        columns=tuple(
            SheetColumn(letter=letter, header=header, key=keys.get(letter)) for letter, header in sheet.headers.items()
        ),
    )


def _read_rows(sheets: list[Sheet], gazetteer: Gazetteer) -> tuple[list[_Row], _Rejected]:
    rows: list[_Row] = []
    rejected = _Rejected()
    announce_divisions(sheets, gazetteer)
    for sheet in sheets:
        layout = sheet.layout
        if layout is None:
            continue
        is_complete = layout.required <= sheet.columns.keys()
        for data in sheet.rows:
            reader = RowReader(row=data, layout=layout, gazetteer=gazetteer)
            record = read_row(reader)
            if not is_complete:
                # A missing column is reported once, at the header; each row would only repeat it.
                record = None
                reader.problems = [item for item in reader.problems if item[0] in sheet.columns]
            if record is None:
                _note_rejected(data, rejected)
            rows.append(_Row(sheet=sheet, layout=layout, data=data, record=record, problems=reader.problems))
    return rows, rejected


def _note_rejected(data: DataRow, rejected: _Rejected) -> None:
    """Remember whom a faulty row is about, as far as its name and ID number can be read."""
    name, number = data.cells.get("name"), data.cells.get("id_number")
    # A cell that cannot be read has its own issue.
    if name is not None and name.text:
        with suppress(CellError):
            rejected.names.add(parse_name(name))
    if number is not None and number.text:
        with suppress(CellError):
            rejected.id_numbers.add(parse_id_number(number)[0])


def _sheet_issues(sheet: Sheet) -> list[ReadIssue]:
    return [
        ReadIssue(
            sheet=sheet.name,
            cell=cell,
            column_key=key or None,
            problem=_titled(Problem(code=code), key, sheet.layout),
        )
        for cell, code, key in sheet.notes
    ]


def _row_issues(row: _Row) -> list[ReadIssue]:
    issues = []
    for key, problem in row.problems:
        letter = row.sheet.columns.get(key) or row.sheet.columns.get("name") or "A"
        issues.append(
            ReadIssue(
                sheet=row.sheet.name,
                cell=f"{letter}{row.data.number}",
                column_key=key,
                problem=_titled(problem, key, row.layout),
            )
        )
    return issues


def _titled(problem: Problem, key: str, layout: Layout | None) -> Problem:
    """The problem with the titles of its column in both languages."""
    column = layout.column(key) if layout is not None else None
    if column is None:
        return problem
    return replace(problem, column=column.title, column_zh=column.title_zh)
