"""Handing out a roster: whose rows, masks, purpose, record, and that a refusal stores nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from openpyxl import load_workbook
from sqlalchemy import event
from sqlmodel import select

from app.access import SYSTEM_VIEWER, Viewer
from app.db import Database
from app.errors import (
    AppError,
    ForbiddenError,
    InvalidInputError,
    InvalidStateError,
    NotFoundError,
    PersonalDataInExportError,
)
from app.models import AuditEvent, Division, ExportJob, RosterMaster
from app.models.vocabulary import (
    ExportForm,
    ExportFormat,
    ExportState,
    MaskLevel,
    Role,
    RosterLayout,
    RosterState,
    RowOrder,
)
from app.rosters.exporter import ExportDraft, file_name
from tests.app.rosters.export_samples import HEADER, NOW, TITLE, Territory, content, store_territory
from tests.exports import exported


def draft_for(territory: Territory, **changes: Any) -> ExportDraft:
    draft = ExportDraft(
        roster_id=territory.roster_id,
        format=ExportFormat.XLSX,
        layout=RosterLayout.WIDE,
        mask_level=MaskLevel.STANDARD,
        purpose="报市委组织部备案",
    )
    return replace(draft, **changes)


def stored(database: Database, **options: Any) -> Territory:
    with database.write() as session:
        return store_territory(session, [content(1), content(2)], [content(3), content(4), content(5)], **options)


@contextmanager
def refused(database: Database, error: type[AppError]) -> Iterator[pytest.ExceptionInfo[AppError]]:
    """The block is refused, and afterwards neither file nor record is in the database."""
    with pytest.raises(error) as caught:
        yield caught
    with database.read() as session:
        assert session.exec(select(ExportJob)).all() == []
        assert session.exec(select(RosterMaster)).all() == []
        assert session.exec(select(AuditEvent)).all() == []


def codes(content_bytes: bytes | None) -> list[Any]:
    sheet = load_workbook(BytesIO(content_bytes or b"")).active
    assert sheet is not None
    return [sheet.cell(row, 4).value for row in range(6, sheet.max_row - 2)]


def viewer_of(database: Database, territory: Territory, division: Division, role: Role = Role.COUNTY_ADMIN) -> Viewer:
    with database.read() as session:
        return territory.viewer(session, division, role)


def lines_of(job: ExportJob) -> list[str]:
    return (job.content or b"").decode("utf-8-sig").rstrip("\r\n").split("\r\n")


def test_the_whole_roster_is_stored_with_checksum_count_and_record(database: Database) -> None:
    territory = stored(database)
    job_id = exported(database, SYSTEM_VIEWER, draft_for(territory), now=NOW).id
    with database.read() as session:
        job = session.get_one(ExportJob, job_id)
        (master,) = session.exec(select(RosterMaster)).all()
        assert job.content is not None
        assert (job.state, job.row_count, job.county_id) == (ExportState.DONE, 5, None)
        assert (job.form, job.layout, job.row_order) == (
            ExportForm.TWO_PLUS_ONE_ROSTER, RosterLayout.WIDE, RowOrder.OFFICIAL,
        )  # fmt: skip
        assert (job.division_id, job.master_id) == (territory.prefecture.id, master.id)
        assert job.file_sha256 == sha256(job.content).hexdigest()
        assert master.sha256 == sha256(master.content).hexdigest() != job.file_sha256
        assert job.file_name == "铜仁市2025年村级后备力量2+1结对帮带花名册_v1.xlsx"
        assert (job.created_by, job.created_at, job.purpose) == ("system", NOW, "报市委组织部备案")
        assert codes(job.content) == [f"520624-{number:05d}" for number in (1, 2, 3, 4, 5)]
        (event,) = session.exec(select(AuditEvent)).all()
        assert (event.action, event.actor, event.target) == (
            "ROSTER_EXPORTED", "system", f"Roster {territory.roster_id}",
        )  # fmt: skip
        assert event.detail == {
            "export_id": str(job.id),
            "form": "TWO_PLUS_ONE_ROSTER",
            "format": "XLSX",
            "layout": "WIDE",
            "order": "OFFICIAL",
            "mask_level": "STANDARD",
            "county": None,
            "division": str(territory.prefecture.id),
            "purpose": "报市委组织部备案",
            "row_count": 5,
            "sha256": job.file_sha256,
            "master_sha256": master.sha256,
        }


def test_a_county_officer_gets_only_the_rows_of_the_county(database: Database) -> None:
    territory = stored(database)
    viewer = viewer_of(database, territory, territory.other_county)
    job = exported(database, viewer, draft_for(territory), now=NOW)
    assert codes(job.content) == ["520624-00003", "520624-00004", "520624-00005"]
    assert (job.row_count, job.county_id) == (3, territory.other_county.id)
    assert job.file_name == "铜仁市2025年村级后备力量2+1结对帮带花名册（江口县）_v1.xlsx"


def test_a_prefecture_officer_can_ask_for_one_county(database: Database) -> None:
    territory = stored(database)
    viewer = viewer_of(database, territory, territory.prefecture, Role.PREFECTURE_OFFICER)
    job = exported(database, viewer, draft_for(territory, county_id=territory.county.id), now=NOW)
    assert codes(job.content) == ["520624-00001", "520624-00002"]
    assert job.county_id == territory.county.id
    whole = exported(database, viewer, draft_for(territory), now=NOW)
    assert (whole.row_count, whole.county_id) == (5, None)
    assert "（" not in whole.file_name


def test_another_county_is_refused(database: Database) -> None:
    territory = stored(database)
    viewer = viewer_of(database, territory, territory.county)
    with refused(database, NotFoundError) as caught:
        exported(database, viewer, draft_for(territory, county_id=territory.other_county.id), now=NOW)
    assert caught.value.path == ("countyId",)


def test_a_roster_without_rows_in_the_territory_looks_like_none(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        territory = store_territory(session, [content(1)], [])
    viewer = viewer_of(sqlite_database, territory, territory.other_county)
    messages = []
    for roster_id in (territory.roster_id, uuid4()):
        with refused(sqlite_database, NotFoundError) as caught:
            exported(sqlite_database, viewer, draft_for(territory, roster_id=roster_id), now=NOW)
        messages.append(caught.value.message.replace(str(roster_id), ""))
    assert messages[0] == messages[1]


def test_a_division_that_is_no_county_is_refused(sqlite_database: Database) -> None:
    territory = stored(sqlite_database)
    with refused(sqlite_database, InvalidInputError) as caught:
        exported(sqlite_database, SYSTEM_VIEWER, draft_for(territory, county_id=territory.prefecture.id), now=NOW)
    assert caught.value.path == ("countyId",)


@pytest.mark.parametrize("role", [Role.TOWNSHIP_OFFICER, Role.AUDITOR, Role.READER, Role.MENTOR, Role.MENTEE])
def test_roles_without_the_permission_are_refused(sqlite_database: Database, role: Role) -> None:
    territory = stored(sqlite_database)
    viewer = viewer_of(sqlite_database, territory, territory.county, role)
    with refused(sqlite_database, ForbiddenError):
        exported(sqlite_database, viewer, draft_for(territory), now=NOW)


@pytest.mark.parametrize("purpose", ["", " \n", "用" * 201, "发给13812345678", "a\0b"])
def test_an_export_without_a_clean_purpose_is_refused(sqlite_database: Database, purpose: str) -> None:
    territory = stored(sqlite_database)
    with refused(sqlite_database, InvalidInputError) as caught:
        exported(sqlite_database, SYSTEM_VIEWER, draft_for(territory, purpose=purpose), now=NOW)
    assert caught.value.path == ("purpose",)


def test_a_draft_roster_is_refused(sqlite_database: Database) -> None:
    territory = stored(sqlite_database, state=RosterState.DRAFT)
    with refused(sqlite_database, InvalidStateError):
        exported(sqlite_database, SYSTEM_VIEWER, draft_for(territory), now=NOW)


@pytest.mark.parametrize("file_format", list(ExportFormat))
@pytest.mark.parametrize("number", ["13812345678", "520624199006010013"])
def test_an_unmasked_number_in_a_row_is_refused(database: Database, number: str, file_format: ExportFormat) -> None:
    row = content(1)
    row["mentors"][1]["unit_and_post"] = f"桂花村党支部书记{number}"
    with database.write() as session:
        territory = store_territory(session, [content(2), row], [])
    with refused(database, PersonalDataInExportError) as caught:
        exported(database, SYSTEM_VIEWER, draft_for(territory, format=file_format), now=NOW)
    assert "rows 2)" in caught.value.message
    assert number not in caught.value.message


@pytest.mark.parametrize("file_format", list(ExportFormat))
def test_an_unmasked_number_in_the_header_or_the_mark_is_refused(
    sqlite_database: Database, file_format: ExportFormat
) -> None:
    territory = stored(sqlite_database, header=HEADER | {"unit": "中共铜仁市委组织部13812345678"})
    draft = draft_for(territory, format=file_format)
    with refused(sqlite_database, PersonalDataInExportError):
        exported(sqlite_database, SYSTEM_VIEWER, draft, now=NOW)
    viewer = replace(SYSTEM_VIEWER, subject="13812345678")
    with refused(sqlite_database, PersonalDataInExportError):
        exported(sqlite_database, viewer, draft, now=NOW)


def test_strict_masking_leaves_no_phone_in_the_bytes(sqlite_database: Database) -> None:
    territory = stored(sqlite_database)
    for mask_level, is_shown in ((MaskLevel.STANDARD, True), (MaskLevel.STRICT, False)):
        draft = draft_for(territory, format=ExportFormat.CSV, mask_level=mask_level)
        text = "".join(lines_of(exported(sqlite_database, SYSTEM_VIEWER, draft, now=NOW)))
        assert ("138****0001" in text) is is_shown
        # The last column of a wide row is the note; the words for the phone are those of its header.
        assert ("联系电话" in text) is is_shown


def test_the_file_says_who_exported_it_when_and_for_what_in_chinese_time(sqlite_database: Database) -> None:
    territory = stored(sqlite_database)
    viewer = viewer_of(sqlite_database, territory, territory.county)
    job = exported(sqlite_database, viewer, draft_for(territory, format=ExportFormat.CSV), now=NOW)
    assert lines_of(job)[-1] == (
        "导出人：思南县组织科　导出时间：2025-03-15 10:30:00　用途：报市委组织部备案　版本：第1版"
    )


def test_a_version_no_longer_in_force_says_so(sqlite_database: Database) -> None:
    territory = stored(sqlite_database, state=RosterState.AMENDED)
    job = exported(sqlite_database, SYSTEM_VIEWER, draft_for(territory, format=ExportFormat.CSV), now=NOW)
    assert "第1版（已调整，非现行版本）" in lines_of(job)[-1]


def test_file_names_hold_nothing_that_file_systems_refuse() -> None:
    assert file_name('甲/乙:"丙" 丁\n|戊', "v3", ExportFormat.CSV) == "甲乙丙丁戊_v3.csv"
    assert len(file_name("长" * 300, "v12", ExportFormat.XLSX)) <= 200
    assert file_name(TITLE, "v1", ExportFormat.XLSX).startswith("铜仁市2025年")


def test_the_rendering_asks_the_database_the_same_few_times_for_any_number_of_rows(sqlite_database: Database) -> None:
    territory = stored(sqlite_database)
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(sqlite_database.engine, "before_cursor_execute", note)
    exported(sqlite_database, SYSTEM_VIEWER, draft_for(territory), now=NOW)
    event.remove(sqlite_database.engine, "before_cursor_execute", note)
    # Entries, roster, programme, division, archive, texts of the form; then lock, archive again and head of the trail.
    assert len([statement for statement in statements if statement.startswith("SELECT")]) == 9
