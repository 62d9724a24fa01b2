"""Handing out a roster: whose rows, masks, purpose, record, and that a refusal stores nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from openpyxl import load_workbook
from sqlalchemy import event
from sqlmodel import select

from app.access import SYSTEM_VIEWER
from app.db import Database
from app.errors import (
    AppError,
    ForbiddenError,
    InvalidInputError,
    InvalidStateError,
    NotFoundError,
    PersonalDataInExportError,
)
from app.models import AuditEvent, ExportJob
from app.models.vocabulary import ExportFormat, ExportState, MaskLevel, ProgramKind, Role, RosterState
from app.rosters.exporter import ExportDraft, RosterLayout, export_roster, file_name
from app.rosters.forms import default_template
from tests.app.rosters.export_samples import HEADER, NOW, TITLE, Territory, content, store_territory


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
        assert session.exec(select(AuditEvent)).all() == []


def codes(content_bytes: bytes | None) -> list[Any]:
    sheet = load_workbook(BytesIO(content_bytes or b"")).active
    assert sheet is not None
    return [sheet.cell(row, 4).value for row in range(6, sheet.max_row - 2)]


def test_the_whole_roster_is_stored_with_checksum_count_and_record(database: Database) -> None:
    territory = stored(database)
    with database.write() as session:
        job_id = export_roster(session, SYSTEM_VIEWER, draft_for(territory), now=NOW).id
    with database.read() as session:
        job = session.get_one(ExportJob, job_id)
        assert job.content is not None
        assert (job.state, job.row_count, job.county_id) == (ExportState.DONE, 5, None)
        assert job.file_sha256 == sha256(job.content).hexdigest()
        assert job.file_name == "铜仁市2025年村级后备力量2+1结对帮带花名册_v1.xlsx"
        assert (job.created_by, job.created_at, job.purpose) == ("system", NOW, "报市委组织部备案")
        assert codes(job.content) == [f"520624-{number:05d}" for number in (1, 2, 3, 4, 5)]
        (event,) = session.exec(select(AuditEvent)).all()
        assert (event.action, event.actor, event.target) == (
            "ROSTER_EXPORTED", "system", f"Roster {territory.roster_id}",
        )  # fmt: skip
        assert event.detail == {
            "export_id": str(job.id),
            "format": "XLSX",
            "layout": "WIDE",
            "mask_level": "STANDARD",
            "county": None,
            "purpose": "报市委组织部备案",
            "row_count": 5,
            "sha256": job.file_sha256,
        }


def test_a_county_officer_gets_only_the_rows_of_the_county(database: Database) -> None:
    territory = stored(database)
    with database.write() as session:
        viewer = territory.viewer(session, territory.other_county)
        job = export_roster(session, viewer, draft_for(territory), now=NOW)
        assert codes(job.content) == ["520624-00003", "520624-00004", "520624-00005"]
        assert (job.row_count, job.county_id) == (3, territory.other_county.id)
        assert job.file_name == "铜仁市2025年村级后备力量2+1结对帮带花名册（江口县）_v1.xlsx"


def test_a_prefecture_officer_can_ask_for_one_county(database: Database) -> None:
    territory = stored(database)
    with database.write() as session:
        viewer = territory.viewer(session, territory.prefecture, Role.PREFECTURE_OFFICER)
        job = export_roster(session, viewer, draft_for(territory, county_id=territory.county.id), now=NOW)
        assert codes(job.content) == ["520624-00001", "520624-00002"]
        assert job.county_id == territory.county.id
        whole = export_roster(session, viewer, draft_for(territory), now=NOW)
        assert (whole.row_count, whole.county_id) == (5, None)
        assert "（" not in whole.file_name


def test_another_county_is_refused(database: Database) -> None:
    territory = stored(database)
    with refused(database, NotFoundError) as caught, database.write() as session:
        viewer = territory.viewer(session, territory.county)
        export_roster(session, viewer, draft_for(territory, county_id=territory.other_county.id), now=NOW)
    assert caught.value.path == ("countyId",)


def test_a_roster_without_rows_in_the_territory_looks_like_none(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        territory = store_territory(session, [content(1)], [])
    messages = []
    for roster_id in (territory.roster_id, uuid4()):
        with refused(sqlite_database, NotFoundError) as caught, sqlite_database.write() as session:
            viewer = territory.viewer(session, territory.other_county)
            export_roster(session, viewer, draft_for(territory, roster_id=roster_id), now=NOW)
        messages.append(caught.value.message.replace(str(roster_id), ""))
    assert messages[0] == messages[1]


def test_a_division_that_is_no_county_is_refused(sqlite_database: Database) -> None:
    territory = stored(sqlite_database)
    with refused(sqlite_database, InvalidInputError) as caught, sqlite_database.write() as session:
        export_roster(session, SYSTEM_VIEWER, draft_for(territory, county_id=territory.prefecture.id), now=NOW)
    assert caught.value.path == ("countyId",)


@pytest.mark.parametrize("role", [Role.TOWNSHIP_OFFICER, Role.AUDITOR, Role.READER, Role.MENTOR, Role.MENTEE])
def test_roles_without_the_permission_are_refused(sqlite_database: Database, role: Role) -> None:
    territory = stored(sqlite_database)
    with refused(sqlite_database, ForbiddenError), sqlite_database.write() as session:
        export_roster(session, territory.viewer(session, territory.county, role), draft_for(territory), now=NOW)


@pytest.mark.parametrize("purpose", ["", " \n", "用" * 201, "发给13812345678"])
def test_an_export_without_a_clean_purpose_is_refused(sqlite_database: Database, purpose: str) -> None:
    territory = stored(sqlite_database)
    with refused(sqlite_database, InvalidInputError) as caught, sqlite_database.write() as session:
        export_roster(session, SYSTEM_VIEWER, draft_for(territory, purpose=purpose), now=NOW)
    assert caught.value.path == ("purpose",)


def test_a_draft_roster_is_refused(sqlite_database: Database) -> None:
    territory = stored(sqlite_database, state=RosterState.DRAFT)
    with refused(sqlite_database, InvalidStateError), sqlite_database.write() as session:
        export_roster(session, SYSTEM_VIEWER, draft_for(territory), now=NOW)


@pytest.mark.parametrize("file_format", list(ExportFormat))
@pytest.mark.parametrize("number", ["13812345678", "520624199006010013"])
def test_an_unmasked_number_in_a_row_is_refused(database: Database, number: str, file_format: ExportFormat) -> None:
    row = content(1)
    row["mentors"][1]["unit_and_post"] = f"桂花村党支部书记{number}"
    with database.write() as session:
        territory = store_territory(session, [content(2), row], [])
    with refused(database, PersonalDataInExportError) as caught, database.write() as session:
        export_roster(session, SYSTEM_VIEWER, draft_for(territory, format=file_format), now=NOW)
    assert "rows 2)" in caught.value.message
    assert number not in caught.value.message


def test_an_unmasked_number_in_the_header_or_the_mark_is_refused(sqlite_database: Database) -> None:
    territory = stored(sqlite_database, header=HEADER | {"unit": "中共铜仁市委组织部13812345678"})
    with refused(sqlite_database, PersonalDataInExportError), sqlite_database.write() as session:
        export_roster(session, SYSTEM_VIEWER, draft_for(territory), now=NOW)
    viewer = replace(SYSTEM_VIEWER, subject="13812345678")
    with refused(sqlite_database, PersonalDataInExportError), sqlite_database.write() as session:
        export_roster(session, viewer, draft_for(territory, format=ExportFormat.CSV), now=NOW)


def test_strict_masking_leaves_no_phone_in_the_bytes(sqlite_database: Database) -> None:
    territory = stored(sqlite_database)
    with sqlite_database.write() as session:
        for mask_level, is_shown in ((MaskLevel.STANDARD, True), (MaskLevel.STRICT, False)):
            draft = draft_for(territory, format=ExportFormat.CSV, mask_level=mask_level)
            text = (export_roster(session, SYSTEM_VIEWER, draft, now=NOW).content or b"").decode("utf-8-sig")
            assert ("138****0001" in text) is is_shown
            assert ("联系电话" in text) is is_shown


def test_the_file_says_who_exported_it_and_when_in_chinese_time(sqlite_database: Database) -> None:
    territory = stored(sqlite_database)
    with sqlite_database.write() as session:
        viewer = territory.viewer(session, territory.county)
        job = export_roster(session, viewer, draft_for(territory, format=ExportFormat.CSV), now=NOW)
        last = (job.content or b"").decode("utf-8-sig").rstrip("\r\n").split("\r\n")[-1]
        assert last == "导出人：思南县组织科　导出时间：2025-03-15 10:30:00　版本：第1版"


def test_a_version_no_longer_in_force_says_so(sqlite_database: Database) -> None:
    territory = stored(sqlite_database, state=RosterState.AMENDED)
    with sqlite_database.write() as session:
        job = export_roster(session, SYSTEM_VIEWER, draft_for(territory, format=ExportFormat.CSV), now=NOW)
        assert "第1版（已调整，非现行版本）" in (job.content or b"").decode("utf-8-sig")


def test_the_same_roster_exported_twice_differs_only_in_the_mark(database: Database) -> None:
    territory = stored(database)
    draft = draft_for(territory, format=ExportFormat.CSV, layout=RosterLayout.STACKED)
    with database.write() as session:
        jobs = [export_roster(session, SYSTEM_VIEWER, draft, now=now) for now in (NOW, NOW, NOW + timedelta(days=400))]
        assert jobs[0].content == jobs[1].content
        first, last = ((job.content or b"").decode("utf-8-sig").split("\r\n") for job in (jobs[0], jobs[2]))
        assert [index for index, line in enumerate(first) if line != last[index]] == [len(first) - 2]


def test_a_countys_own_form_replaces_the_default(sqlite_database: Database) -> None:
    territory = stored(sqlite_database)
    template = replace(default_template(ProgramKind.TWO_PLUS_ONE), annex="附件3", mentee_group="后备干部")
    with sqlite_database.write() as session:
        job = export_roster(session, SYSTEM_VIEWER, draft_for(territory), now=NOW, template=template)
        sheet = load_workbook(BytesIO(job.content or b"")).active
        assert sheet is not None
        assert (sheet["A1"].value, sheet["D4"].value) == ("附件3", "后备干部")


def test_file_names_hold_nothing_that_file_systems_refuse() -> None:
    assert file_name('甲/乙:"丙" 丁\n|戊', 3, ExportFormat.CSV) == "甲乙丙丁戊_v3.csv"
    assert len(file_name("长" * 300, 12, ExportFormat.XLSX)) <= 200
    assert file_name(TITLE, 1, ExportFormat.XLSX).startswith("铜仁市2025年")


def test_the_rendering_asks_the_database_the_same_few_times_for_any_number_of_rows(sqlite_database: Database) -> None:
    territory = stored(sqlite_database)
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(sqlite_database.engine, "before_cursor_execute", note)
    with sqlite_database.write() as session:
        export_roster(session, SYSTEM_VIEWER, draft_for(territory), now=NOW)
    event.remove(sqlite_database.engine, "before_cursor_execute", note)
    assert (
        len([statement for statement in statements if statement.startswith("SELECT")]) == 5
    )  # the last is the head of the audit trail
