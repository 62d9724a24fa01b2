"""Files and sheets as counties really send them; each fixture is named after its defect."""

from collections.abc import Callable
from datetime import date
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl.worksheet.worksheet import Worksheet
from sqlmodel import select

from app.errors import WorkbookError
from app.models import ImportIssue, Person
from app.models.vocabulary import ImportState
from app.rosters.files import container, package
from tests.app.rosters.conftest import ImportOffice, candidate_row, mentor_row
from tests.workbooks import CANDIDATE_HEADERS, MENTOR_HEADERS, add_sheet, new_workbook, to_bytes


def good_file() -> bytes:
    book = new_workbook()
    add_sheet(book, "台账", CANDIDATE_HEADERS, [candidate_row()])
    return to_bytes(book)


def with_entry(name: str, content: bytes, *, data: bytes | None = None) -> bytes:
    stream = BytesIO(data or good_file())
    with ZipFile(stream, "a", ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return stream.getvalue()


def without_header() -> bytes:
    book = new_workbook()
    add_sheet(book, "通讯录", ("姓名", "电话"), [{"姓名": "张三", "电话": "1"}])
    return to_bytes(book)


def entity_bomb() -> bytes:
    stream = BytesIO()
    with ZipFile(BytesIO(good_file())) as source, ZipFile(stream, "w", ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/workbook.xml":
                content = (
                    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]>' + content[content.index(b"<workbook") :]
                )
            target.writestr(name, content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("defect", "remedy"),
    [
        (lambda: b"", "is empty"),
        (lambda: b"\xe5\xa7\x93\xe5\x90\x8d,\r\n", "known header"),
        (lambda: good_file()[:-200], "not an .xlsx"),
        (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "damaged"),
        (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        (lambda: with_entry("xl/vbaProject.bin", b"x"), "macros"),
        (lambda: with_entry("xl/externalLinks/externalLink1.xml", b"<x/>"), "other files"),
        (without_header, "known header"),
        (entity_bomb, "damaged"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_and_nothing_is_written(
    office: ImportOffice, defect: Callable[[], bytes], remedy: str
) -> None:
    before = office.counts(with_imports=True)
    with pytest.raises(WorkbookError) as refusal:
        office.upload(defect(), file_name="板桥镇.xlsx")
    assert "板桥镇.xlsx" in refusal.value.message
    assert remedy in refusal.value.message
    assert "板桥镇.xlsx" in refusal.value.message_zh
    assert office.counts(with_imports=True) == before


def test_a_zip_bomb_is_refused_before_it_is_opened(office: ImportOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    data = with_entry("xl/media/big.bin", b"\0" * 5_000_000)
    monkeypatch.setattr(package, "MAX_UNPACKED_BYTES", 4_000_000)
    before = office.counts(with_imports=True)
    with pytest.raises(WorkbookError, match="unpacks"):
        office.upload(data)
    monkeypatch.setattr(container, "MAX_FILE_BYTES", 1_000)
    with pytest.raises(WorkbookError, match="larger"):
        office.upload(data)
    assert office.counts(with_imports=True) == before


def test_title_example_total_and_note_rows_are_skipped_and_counted(office: ImportOffice) -> None:
    book = new_workbook()

    def arrange(sheet: Worksheet) -> None:
        sheet.insert_rows(2)
        sheet.cell(2, 1, "单位名称：板桥镇")
        sheet.cell(2, 5, "统计日期：2025年3月")
        sheet.insert_rows(4)
        sheet.cell(4, 1, "示例")
        sheet.cell(4, 4, "某某某")
        sheet.cell(7, 1, "合  计")
        sheet.cell(7, 4, "2人")
        sheet.cell(8, 1, "注：百分比按四舍五入取值")
        sheet.cell(30, 1, 26)
        sheet.cell(5000, 3, "   ")

    add_sheet(book, "台账", CANDIDATE_HEADERS, [candidate_row(1), candidate_row(2)], title="台账", arrange=arrange)
    batch = office.upload(to_bytes(book))
    assert office.issues(batch) == [("A4", "SKIPPED_ROW"), ("A7", "SKIPPED_ROW")]
    assert batch.counts == {"new": 2, "changed": 0, "unchanged": 0, "recorded": 0, "rejected": 0, "skipped": 5}
    assert office.changes(batch) == [("台账", 5, "NEW"), ("台账", 6, "NEW")]


def test_one_sheet_per_township_with_spaced_headers_and_merged_townships(office: ImportOffice) -> None:
    book = new_workbook()
    spaced = [
        h.replace("姓名", "姓  名").replace("政治面貌", "政治\n面貌").replace("联系电话", "手机号码")
        for h in CANDIDATE_HEADERS
    ]

    def row(number: int, **changes: object) -> dict[str, object]:
        full = candidate_row(number, **changes)
        return {new: full[old] for old, new in zip(CANDIDATE_HEADERS, spaced, strict=True) if old in full}

    def merge(sheet: Worksheet) -> None:
        sheet.cell(3, 2).value = None
        sheet.merge_cells("B2:B3")

    add_sheet(book, "板桥镇", spaced, [row(1), row(2)], arrange=merge)
    add_sheet(book, "塘头镇", spaced, [row(3, **{"乡镇（街道）": "塘头", "村（社区）": "青杠坝村村民委员会"})])
    add_sheet(book, "封面", ["说明"], [{"说明": "略"}])
    batch = office.upload(to_bytes(book))
    assert office.issues(batch) == [("A1", "UNRECOGNISED_SHEET")]
    office.commit(batch)
    homes = {p.name: p.division_id for p in office.session.exec(select(Person)).all()}
    places = office.places
    assert homes == {"张乙": places.guihua.id, "张丙": places.guihua.id, "张丁": places.qinggang.id}


def test_blank_cells_that_are_not_merged_are_not_filled_down(office: ImportOffice) -> None:
    batch = office.upload_candidates([candidate_row(1), candidate_row(2, **{"乡镇（街道）": None})])
    assert office.errors(batch) == [("B3", "MISSING_VALUE")]


def test_hidden_rows_and_sheets_are_read_and_reported(office: ImportOffice) -> None:
    book = new_workbook()

    def hide(sheet: Worksheet) -> None:
        sheet.row_dimensions[3].hidden = True

    add_sheet(book, "台账", CANDIDATE_HEADERS, [candidate_row(1), candidate_row(2)], arrange=hide)
    add_sheet(book, "旧表", MENTOR_HEADERS, [mentor_row(1)]).sheet_state = "hidden"
    batch = office.upload(to_bytes(book))
    assert office.issues(batch) == [("A1", "HIDDEN_SHEET"), ("A3", "HIDDEN_ROW")]
    assert (batch.state, batch.counts["new"]) == (ImportState.READY, 3)


def test_a_formula_without_result_is_an_error_at_its_cell(office: ImportOffice) -> None:
    batch = office.upload_candidates([candidate_row(1, 出生年月='=TEXT("1985-06-12","yyyy.mm")')])
    assert office.errors(batch) == [("G2", "FORMULA_WITHOUT_VALUE")]


def test_missing_unknown_and_double_columns_are_named(office: ImportOffice) -> None:
    headers = [*(h for h in CANDIDATE_HEADERS if h != "来源渠道"), "星座", "手机"]
    batch = office.upload_candidates([candidate_row(1)], headers)
    assert office.issues(batch) == [
        ("A1", "MISSING_COLUMN"),
        ("W1", "UNKNOWN_COLUMN"),
        ("X1", "DUPLICATE_COLUMN"),
    ]
    assert (batch.state, batch.counts["rejected"]) == (ImportState.HAS_ERRORS, 1)
    texts = [i.message_zh for i in office.session.exec(select(ImportIssue)).all()]
    assert "缺少“来源渠道”列，请补充。" in texts


def test_dates_and_numbers_in_typed_cells(office: ImportOffice) -> None:
    typed = {"出生年月": date(1985, 6, 12), "联系电话": 13812341234, "入党时间": 2008.07, "入库时间": 202403}
    batch = office.upload_candidates([candidate_row(1, **typed)])
    assert office.issues(batch) == []
    office.commit(batch)
    person = office.session.exec(select(Person)).one()
    assert (person.birth_date, person.party_join_date, person.phone_masked) == (
        date(1985, 6, 12), date(2008, 7, 1), "138****1234",
    )  # fmt: skip
