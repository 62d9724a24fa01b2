"""Takes in an uploaded workbook: reads every sheet, previews every row, and stores both with all issues."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import PurePath
from uuid import uuid4

from sqlmodel import Session, col, select

from app.access import Permission, Viewer, record
from app.crypto import PersonalDataCipher
from app.db import utc_now
from app.errors import NotFoundError
from app.models import Division, ImportBatch, ImportIssue, ImportRow
from app.models.vocabulary import AuditAction, DivisionLevel, ImportState, Role, RowChange, Severity
from app.rosters.columns import Layout
from app.rosters.parsing import CellError, parse_id_number, parse_name
from app.rosters.place_rows import announce_divisions
from app.rosters.reader import RowReader
from app.rosters.rows import read_row
from app.rosters.workbook import DataRow, Sheet, read_sheets
from app.services.imports.batches import ParsedRow, counts_of, preview_rows, sealed_content
from app.services.imports.gazetteer import Gazetteer, load_gazetteer
from app.services.imports.issues import Problem
from app.services.imports.records import Record


@dataclass(slots=True, kw_only=True)
class _Row:
    """A data row on its way through the import."""

    sheet: Sheet
    layout: Layout
    data: DataRow
    record: Record | None
    problems: list[tuple[str, Problem]]
    change: RowChange = RowChange.REJECTED


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
    now: datetime | None = None,
) -> ImportBatch:
    """Store an uploaded workbook as a batch with a preview; only import tables are written.

    Raises ``WorkbookError`` when the file cannot be read at all; then nothing is written. Every other problem becomes
    an issue at its cell, and the batch is READY, or HAS_ERRORS when one of them is an error.
    """
    viewer.require(Permission.EDIT_PEOPLE)
    county = _county(session, viewer, county_code)
    now = now or utc_now()
    shown_name = PurePath(file_name.replace("\\", "/")).name[-200:] or "workbook.xlsx"
    sheets = read_sheets(shown_name, data)
    gazetteer = load_gazetteer(session, county, today=now.date())
    rows, rejected = _read_rows(sheets, gazetteer)
    parsed = [
        (row, ParsedRow(sheet=row.sheet.name, row_number=row.data.number, record=row.record))
        for row in rows
        if row.record is not None
    ]
    outcomes = preview_rows(
        session,
        viewer,
        cipher,
        county,
        [item for _, item in parsed],
        now=now,
        rejected_id_numbers=frozenset(rejected.id_numbers),
        rejected_names=frozenset(rejected.names),
    )
    for (row, _), outcome in zip(parsed, outcomes, strict=True):
        row.change = outcome.change
        row.problems += outcome.problems
    issues = [issue for sheet in sheets for issue in _sheet_issues(sheet)]
    issues += [issue for row in rows for issue in _row_issues(row)]
    has_errors = any(issue.problem.severity is Severity.ERROR for issue in issues)
    batch = ImportBatch(
        county_id=county.id,
        file_name=shown_name,
        file_sha256=sha256(data).hexdigest(),
        state=ImportState.HAS_ERRORS if has_errors else ImportState.READY,
        counts=counts_of([row.change for row in rows], sum(sheet.n_skipped for sheet in sheets)),
        created_by=viewer.subject,
        updated_by=viewer.subject,
    )
    session.add(batch)
    session.flush()
    session.add_all(_issue_row(batch, issue) for issue in issues)
    session.add_all(
        ImportRow(
            id=uuid4(),
            batch_id=batch.id,
            sheet=row.sheet.name,
            row_number=row.data.number,
            kind=row.layout.kind.value,
            change=row.change,
            content_encrypted=sealed_content(position, row.record, cipher) if row.record is not None else None,
        )
        for position, row in enumerate(rows)
    )
    record(
        session,
        viewer,
        AuditAction.IMPORT_UPLOADED,
        f"ImportBatch {batch.id}",
        county_id=county.id,
        state=batch.state,
        counts=batch.counts,
        n_issues=len(issues),
        file_sha256=batch.file_sha256,
    )
    session.flush()
    return batch


def _county(session: Session, viewer: Viewer, county_code: str) -> Division:
    """The county of a 6- or 12-digit code, if the viewer's territory touches it."""
    code = county_code.strip()
    statement = select(Division).where(
        col(Division.level) == DivisionLevel.COUNTY, col(Division.code).in_([code, f"{code}000000"])
    )
    county = session.exec(statement.order_by(col(Division.valid_from).desc())).first()
    is_inside = county is not None and (viewer.county_ids is None or county.id in viewer.county_ids)
    if county is None or not is_inside or viewer.role in (Role.MENTOR, Role.MENTEE):
        raise NotFoundError(
            "No county of this code in your territory.", "辖区内没有该代码的县。", path=("county_code",)
        )
    return county


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issue:
    """A problem at its cell."""

    sheet: str
    cell: str
    problem: Problem


def _sheet_issues(sheet: Sheet) -> list[_Issue]:
    return [
        _Issue(sheet=sheet.name, cell=cell, problem=_titled(Problem(code=code), key, sheet.layout))
        for cell, code, key in sheet.notes
    ]


def _row_issues(row: _Row) -> list[_Issue]:
    issues = []
    for key, problem in row.problems:
        letter = row.sheet.columns.get(key) or row.sheet.columns.get("name") or "A"
        issues.append(
            _Issue(sheet=row.sheet.name, cell=f"{letter}{row.data.number}", problem=_titled(problem, key, row.layout))
        )
    return issues


def _titled(problem: Problem, key: str, layout: Layout | None) -> Problem:
    """The problem with the titles of its column in both languages."""
    column = layout.column(key) if layout is not None else None
    if column is None:
        return problem
    return replace(problem, column=column.title, column_zh=column.title_zh)


def _issue_row(batch: ImportBatch, issue: _Issue) -> ImportIssue:
    message, message_zh = issue.problem.messages()
    return ImportIssue(
        batch_id=batch.id,
        sheet=issue.sheet,
        cell=issue.cell,
        code=issue.problem.code,
        severity=issue.problem.severity,
        message=message,
        message_zh=message_zh,
    )
