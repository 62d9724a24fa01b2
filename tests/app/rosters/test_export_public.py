"""The public form refuses to be saved with an ID number, a phone or a birth date in it, wherever it stands."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import select

from app.access import SYSTEM_VIEWER
from app.db import Database
from app.errors import PersonalDataInExportError
from app.models import ExportJob, RosterMaster
from app.models.vocabulary import ExportForm, ExportFormat
from app.rosters.exporter import ExportDraft
from app.rosters.files.container import open_book
from app.rosters.formtexts import FormTextDraft, set_form_text
from app.rosters.marks import OwnMark
from tests.app.rosters.export_samples import HEADER, NOW, Territory, content, store_territory
from tests.exports import exported


def public(territory: Territory, file_format: ExportFormat = ExportFormat.CSV) -> ExportDraft:
    return ExportDraft(form=ExportForm.PUBLIC_NOTICE, roster_id=territory.roster_id, format=file_format, purpose="公示")


@pytest.fixture
def nothing_kept(sqlite_database: Database) -> Iterator[None]:
    yield
    with sqlite_database.read() as session:
        assert session.exec(select(ExportJob)).all() == []
        assert session.exec(select(RosterMaster)).all() == []


@pytest.mark.parametrize("file_format", list(ExportFormat))
@pytest.mark.parametrize(
    "text",
    [
        "13812345678", "0856-7222333", "520624199006010013", "1990.06", "1990年6月生", "1990-6-1", "19900601", "199006",
        "138.1234.5678", "138 — 1234 — 5678", "13812 345678", "一三八一二三四五六七八", "0856.7222333",
        "１９９０．０６", "一九九〇年六月", "生日6月1日", "2021.09任职",
    ],
)  # fmt: skip
def test_a_row_with_a_number_or_a_date_is_refused(
    sqlite_database: Database, nothing_kept: None, text: str, file_format: ExportFormat
) -> None:
    row = content(1)
    row["mentors"][0]["unit_and_post"] = f"板桥镇镇长（{text}）"
    with sqlite_database.write() as session:
        territory = store_territory(session, [content(2), row], [])
    with pytest.raises(PersonalDataInExportError) as caught:
        exported(sqlite_database, SYSTEM_VIEWER, public(territory, file_format), now=NOW)
    assert "rows 2)" in caught.value.message
    assert text not in caught.value.message + caught.value.message_zh


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "花名册（1990年6月生）"},
        {"unit": "监督电话0856-7222333"},
        {"title": "出生日期"},
        {"unit": "一九八五年十月"},
    ],
)
def test_so_are_the_lines_around_the_table(
    sqlite_database: Database, nothing_kept: None, changes: dict[str, Any]
) -> None:
    with sqlite_database.write() as session:
        territory = store_territory(session, [content(1)], [], header=HEADER | changes)
    with pytest.raises(PersonalDataInExportError):
        exported(sqlite_database, SYSTEM_VIEWER, public(territory), now=NOW)


@pytest.mark.parametrize("number", ["199006b1c2d3", "a1985-06cdef", "1990e06abcde"])
def test_digits_of_a_checksum_in_the_mark_are_no_birth_date(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    own = OwnMark(line=f"存档件　版本：第1版　内容校验：{number}", short=f"存档件{number}")
    monkeypatch.setattr("app.rosters.printing.own_mark", lambda *_: own)
    with sqlite_database.write() as session:
        territory = store_territory(session, [content(1)], [])
    assert exported(sqlite_database, SYSTEM_VIEWER, public(territory), now=NOW).content


def test_a_county_cannot_word_a_column_for_birth_dates(sqlite_database: Database, nothing_kept: None) -> None:
    with sqlite_database.write() as session:
        territory = store_territory(session, [content(1)], [])
        texts = {"header.mentee.unit": "出生年月"}
        draft = FormTextDraft(
            division_id=territory.prefecture.id, form=ExportForm.PUBLIC_NOTICE, texts=texts, widths={}
        )
        set_form_text(session, SYSTEM_VIEWER, draft)
    with pytest.raises(PersonalDataInExportError, match="words of the public notice"):
        exported(sqlite_database, SYSTEM_VIEWER, public(territory), now=NOW)


@pytest.mark.parametrize("file_format", list(ExportFormat))
def test_days_of_the_notice_and_years_of_entry_pass(sqlite_database: Database, file_format: ExportFormat) -> None:
    row = content(1)
    row["mentors"][0]["unit_and_post"] = "板桥镇2021届选调生、第12村民组组长"
    with sqlite_database.write() as session:
        territory = store_territory(session, [row], [])
        texts = {"notes": "公示期为2025年3月15日至2025年3月21日。"}
        draft = FormTextDraft(
            division_id=territory.prefecture.id, form=ExportForm.PUBLIC_NOTICE, texts=texts, widths={}
        )
    job = exported(sqlite_database, SYSTEM_VIEWER, public(territory, file_format), now=NOW)
    assert job.row_count == 1
    with sqlite_database.write() as session, pytest.raises(Exception, match="filled in"):
        # Braces are places, and notices have none for days.
        set_form_text(
            session,
            SYSTEM_VIEWER,
            FormTextDraft(
                division_id=territory.prefecture.id,
                form=ExportForm.PUBLIC_NOTICE,
                texts={"notes": "公示期至{day}"},
                widths={},
            ),
        )
    with sqlite_database.write() as session:
        set_form_text(session, SYSTEM_VIEWER, draft)
    stacked = exported(
        sqlite_database,
        SYSTEM_VIEWER,
        ExportDraft(
            form=ExportForm.PUBLIC_NOTICE, roster_id=territory.roster_id, format=file_format, purpose="公示",
            county_id=territory.county.id,
        ),
        now=NOW,
    )  # fmt: skip
    assert stacked.master_id != job.master_id


@pytest.mark.parametrize("purpose", ["张某1990年6月生", "监督电话0856-7222333", "出生日期公示", "一九八五年十月"])
def test_so_is_a_purpose_as_it_stands_on_every_copy(
    sqlite_database: Database, nothing_kept: None, purpose: str
) -> None:
    with sqlite_database.write() as session:
        territory = store_territory(session, [content(1)], [])
    with pytest.raises(PersonalDataInExportError, match="The purpose, or the label of the exporting account") as caught:
        exported(sqlite_database, SYSTEM_VIEWER, replace(public(territory), purpose=purpose), now=NOW)
    assert purpose not in caught.value.message + caught.value.message_zh


def test_an_internal_form_may_name_a_date_in_its_purpose(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        territory = store_territory(session, [content(1)], [])
    draft = ExportDraft(roster_id=territory.roster_id, format=ExportFormat.CSV, purpose="按1999年6月文件报送")
    assert exported(sqlite_database, SYSTEM_VIEWER, draft, now=NOW).content


@pytest.mark.parametrize("file_format", list(ExportFormat))
def test_so_is_the_line_with_the_number_of_the_page(
    sqlite_database: Database, nothing_kept: None, file_format: ExportFormat
) -> None:
    with sqlite_database.write() as session:
        territory = store_territory(session, [content(1)], [])
        page_number = {"page_number": "张某1990年6月生　第{page}页"}
        draft = FormTextDraft(
            division_id=territory.prefecture.id, form=ExportForm.PUBLIC_NOTICE, texts=page_number, widths={}
        )
        set_form_text(session, SYSTEM_VIEWER, draft)
    with pytest.raises(PersonalDataInExportError):
        exported(sqlite_database, SYSTEM_VIEWER, public(territory, file_format), now=NOW)


def test_a_purpose_is_shown_in_a_sheet_as_it_was_written(sqlite_database: Database) -> None:
    """Spreadsheet programs would show 用途：13812345678, which nobody has looked for in this form."""
    with sqlite_database.write() as session:
        territory = store_territory(session, [content(1)], [])
    draft = replace(public(territory, ExportFormat.XLSX), purpose="_x0031_38_x0031_2345678")
    job = exported(sqlite_database, SYSTEM_VIEWER, draft, now=NOW)
    (sheet,) = open_book("a.xlsx", job.content or b"")
    (mark,) = {cell.text for cell in sheet.cells.values() if "用途" in cell.text}
    assert "用途：_x0031_38_x0031_2345678　" in mark
