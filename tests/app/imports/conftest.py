"""A desk at which county workbooks are uploaded, corrected, committed and taken back, each step in its transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from sqlmodel import Session, col, select

from app.access import Viewer
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.models import ImportBatch, ImportIssue, ImportRow, metadata
from app.models.vocabulary import Severity
from app.rosters.importer import correct_and_read, map_and_read, receive_and_read
from app.services.imports import commit_import, discard_import, undo_import
from app.services.imports.corrections import CorrectionDraft
from app.services.imports.mappings import SheetMeaning
from tests.factories import Places, make_places
from tests.workbooks import CANDIDATE_HEADERS, MENTOR_HEADERS, add_sheet, new_workbook, to_bytes

FLEETING = frozenset({"updated_at", "updated_by", "version", "search_text"})
"""Columns that tell who touched a row last, and one that follows from the name."""


@dataclass(slots=True, kw_only=True)
class Desk:
    """A county officer who imports workbooks."""

    database: Database
    cipher: PersonalDataCipher
    viewer: Viewer
    places: Places

    def upload(self, data: bytes, *, sender: str | None = None, by: Viewer | None = None) -> ImportBatch:
        return receive_and_read(
            self.database,
            by or self.viewer,
            self.cipher,
            county_code="520624",
            file_name="板桥镇.xlsx",
            data=data,
            sender_code=sender,
        )

    def correct(self, batch: ImportBatch, *drafts: CorrectionDraft, by: Viewer | None = None) -> ImportBatch:
        return correct_and_read(self.database, by or self.viewer, self.cipher, batch.id, drafts)

    def say(self, batch: ImportBatch, meaning: SheetMeaning) -> ImportBatch:
        return map_and_read(self.database, self.viewer, self.cipher, batch.id, meaning)

    def commit(self, batch: ImportBatch) -> ImportBatch:
        return self.write(lambda session: commit_import(session, self.viewer, self.cipher, batch.id))

    def discard(self, batch: ImportBatch) -> ImportBatch:
        return self.write(lambda session: discard_import(session, self.viewer, batch.id))

    def undo(self, batch: ImportBatch) -> ImportBatch:
        return self.write(lambda session: undo_import(session, self.viewer, self.cipher, batch.id))

    def write(self, unit: Any) -> Any:
        return run_in_transaction(self.database, unit)

    def issues(self, batch: ImportBatch, severity: Severity | None = Severity.ERROR) -> list[tuple[str, str]]:
        with self.database.read() as session:
            found = session.exec(
                select(ImportIssue).where(col(ImportIssue.batch_id) == batch.id).order_by(col(ImportIssue.position))
            ).all()
        return [(each.cell, each.code) for each in found if severity is None or each.severity is severity]

    def changes(self, batch: ImportBatch) -> list[tuple[int, str]]:
        with self.database.read() as session:
            rows = session.exec(
                select(ImportRow).where(col(ImportRow.batch_id) == batch.id).order_by(col(ImportRow.position))
            ).all()
        return [(row.row_number, row.change.value) for row in rows]

    def records(self) -> dict[str, list[dict[str, Any]]]:
        """Every row of every table of the county's records, without who touched it last."""
        with self.database.read() as session:
            return {table.name: _rows(session, table) for table in metadata.sorted_tables if _is_record(table.name)}


def _is_record(name: str) -> bool:
    return not name.startswith(("import_", "audit_")) and name != "person_code_counter"


def _rows(session: Session, table: Any) -> list[dict[str, Any]]:
    found = [dict(row._mapping) for row in session.connection().execute(table.select())]
    plain = [{name: value for name, value in row.items() if name not in FLEETING} for row in found]
    return sorted(plain, key=lambda row: str(row["id"]))


def candidates(rows: Sequence[Mapping[str, object]], headers: Sequence[str] = CANDIDATE_HEADERS) -> bytes:
    """A workbook with one sheet of candidates."""
    book = new_workbook()
    add_sheet(book, "台账", headers, rows)
    return to_bytes(book)


def mentors(rows: Sequence[Mapping[str, object]], headers: Sequence[str] = MENTOR_HEADERS) -> bytes:
    """A workbook with one sheet of mentors."""
    book = new_workbook()
    add_sheet(book, "导师", headers, rows)
    return to_bytes(book)


def _desk(database: Database, cipher: PersonalDataCipher) -> Desk:
    with database.write() as session:
        places = make_places(session)
        viewer = places.officer(session)
    return Desk(database=database, cipher=cipher, viewer=viewer, places=places)


@pytest.fixture
def desk(database: Database, cipher: PersonalDataCipher) -> Desk:
    """On both databases."""
    return _desk(database, cipher)


@pytest.fixture
def lite_desk(sqlite_database: Database, cipher: PersonalDataCipher) -> Desk:
    """On SQLite only."""
    return _desk(sqlite_database, cipher)
