"""An import office: places, an officer, and short ways to upload and commit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest
from sqlmodel import Session, col, func, select

from app.access import Viewer, pending_events
from app.crypto import PersonalDataCipher
from app.db import Database
from app.models import AuditEvent, ImportBatch, ImportIssue, ImportRow, metadata
from app.models.columns import Row
from app.models.vocabulary import AuditAction, Severity
from app.rosters.importer import upload_workbook
from app.services.imports import commit_import
from tests.factories import Places, id_number, make_places
from tests.workbooks import CANDIDATE_HEADERS, MENTOR_HEADERS, add_sheet, new_workbook, to_bytes
from tests.workbooks import Row as SheetRow

NOW = datetime(2025, 3, 15, 8, tzinfo=UTC)


@dataclass(slots=True, kw_only=True)
class ImportOffice:
    """A county officer who imports workbooks."""

    session: Session
    viewer: Viewer
    cipher: PersonalDataCipher
    places: Places

    def upload(self, data: bytes, *, file_name: str = "思南县.xlsx") -> ImportBatch:
        return upload_workbook(
            self.session, self.viewer, self.cipher, county_code="520624", file_name=file_name, data=data, now=NOW
        )

    def commit(self, batch: ImportBatch) -> ImportBatch:
        return commit_import(self.session, self.viewer, self.cipher, batch.id, now=NOW)

    def upload_candidates(self, rows: Sequence[SheetRow], headers: Sequence[str] = CANDIDATE_HEADERS) -> ImportBatch:
        book = new_workbook()
        add_sheet(book, "台账", headers, rows)
        return self.upload(to_bytes(book))

    def upload_mentors(self, rows: Sequence[SheetRow], headers: Sequence[str] = MENTOR_HEADERS) -> ImportBatch:
        book = new_workbook()
        add_sheet(book, "导师", headers, rows)
        return self.upload(to_bytes(book))

    def issues(self, batch: ImportBatch, *, severity: Severity | None = None) -> list[tuple[str, str]]:
        """Cell and code of each issue, in the order of the sheet."""
        found = self.session.exec(select(ImportIssue).where(col(ImportIssue.batch_id) == batch.id)).all()
        return sorted((i.cell, i.code) for i in found if severity is None or i.severity is severity)

    def errors(self, batch: ImportBatch) -> list[tuple[str, str]]:
        return self.issues(batch, severity=Severity.ERROR)

    def changes(self, batch: ImportBatch) -> list[tuple[str, int, str]]:
        rows = self.session.exec(select(ImportRow).where(col(ImportRow.batch_id) == batch.id)).all()
        return sorted((row.sheet, row.row_number, row.change.value) for row in rows)

    def all(self, table: type[Row]) -> list[Row]:
        return list(self.session.exec(select(table)).all())

    def counts(self, *, with_imports: bool = False) -> dict[str, int]:
        """Rows per table, with the events that the transaction recorded; what an upload writes only when asked for."""
        events = [each for each in self.recorded() if with_imports or each.action is not AuditAction.IMPORT_UPLOADED]
        return {
            table.name: self.session.exec(select(func.count()).select_from(table)).one()  # type: ignore[call-overload]
            for table in metadata.sorted_tables
            if with_imports or not table.name.startswith("import_")
        } | {"audit_event": len(events)}

    def recorded(self) -> list[AuditEvent]:
        """What this transaction will append to the audit trail."""
        return pending_events(self.session)


def candidate_row(number: int = 1, **changes: object) -> dict[str, object]:
    """A faultless row of 村级后备力量信息台账."""
    return {
        "序号": number,
        "乡镇（街道）": "板桥镇",
        "村（社区）": "桂花村",
        "姓名": "张" + "甲乙丙丁戊己庚辛壬癸"[number % 10] * (1 + number // 10),
        "性别": "男",
        "民族": "土家族",
        "出生年月": "1985.06",
        "学历": "大专",
        "政治面貌": "中共党员",
        "来源渠道": "摸排储备",
        "培养方向": "村党组织书记",
        "入库时间": "2024.03",
        "审查进度": "县级把关",
        "身份证号": id_number(date(1985, 6, 12), 2 * number - 1),
        "联系电话": f"138{number:08d}",
    } | changes


def mentor_row(number: int = 1, **changes: object) -> dict[str, object]:
    """A faultless row of 帮带导师库."""
    return {
        "序号": number,
        "乡镇（街道）": "板桥镇",
        "姓名": "李" + "甲乙丙丁戊己庚辛壬癸"[number % 10] * (1 + number // 10),
        "性别": "女",
        "民族": "汉族",
        "出生年月": "1975.03",
        "学历": "大学",
        "政治面貌": "中共党员",
        "单位及职务": "板桥镇党委委员",
        "类别": "乡镇领导",
        "专业特长/擅长": "党建、矛盾调解",
        "近三年考核/2024年": "优秀",
        "可帮带人数": 2,
        "身份证号": id_number(date(1975, 3, 8), 2 * number),
        "联系电话": f"139{number:08d}",
    } | changes


def _office(database: Database, cipher: PersonalDataCipher) -> Iterator[ImportOffice]:
    with database.write() as session:
        places = make_places(session)
        yield ImportOffice(session=session, viewer=places.officer(session), cipher=cipher, places=places)


@pytest.fixture
def office(sqlite_database: Database, cipher: PersonalDataCipher) -> Iterator[ImportOffice]:
    yield from _office(sqlite_database, cipher)


@pytest.fixture
def office_on_both(database: Database, cipher: PersonalDataCipher) -> Iterator[ImportOffice]:
    yield from _office(database, cipher)
