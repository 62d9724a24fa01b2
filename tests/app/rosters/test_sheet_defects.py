"""What stands in cells of real sheets: errors, escapes, strays, merged rows, hostile sizes."""

import re
import time
import warnings
from collections.abc import Callable
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl.worksheet.worksheet import Worksheet
from sqlmodel import select

from app.errors import WorkbookError
from app.models import Appointment, MentorSpecialty, Person
from app.models.vocabulary import SkillLevel, Specialty
from app.rosters.files import sheetxml
from tests.app.rosters.conftest import ImportOffice, candidate_row, mentor_row
from tests.workbooks import CANDIDATE_HEADERS, KINSHIP_HEADERS, MENTOR_HEADERS, add_sheet, new_workbook, to_bytes

SHEET = "xl/worksheets/sheet1.xml"


def one_sheet(*rows: dict[str, object], arrange: Callable[[Worksheet], None] | None = None) -> bytes:
    book = new_workbook()
    add_sheet(book, "台账", CANDIDATE_HEADERS, rows, arrange=arrange)
    return to_bytes(book)


def with_part(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    stream = BytesIO()
    with ZipFile(BytesIO(data)) as source, ZipFile(stream, "w", ZIP_DEFLATED) as target:
        for entry in source.namelist():
            content = source.read(entry)
            target.writestr(entry, change(content) if entry == name else content)
    return stream.getvalue()


def after_data(element: bytes) -> Callable[[bytes], bytes]:
    return lambda part: part.replace(b"</sheetData>", b"</sheetData>" + element)


def test_error_values_are_reported_and_never_stored(office: ImportOffice) -> None:
    row = candidate_row(1, 籍贯="#REF!", 现任职务="#N/A", 身份证号="#VALUE!")
    before = office.counts()
    batch = office.upload(one_sheet(row))
    assert office.errors(batch) == [("H2", "ERROR_VALUE"), ("N2", "ERROR_VALUE"), ("U2", "ERROR_VALUE")]
    assert office.counts() == before


def test_a_number_beyond_all_dates_is_an_error_that_no_warning_quotes(office: ImportOffice) -> None:
    def as_date(sheet: Worksheet) -> None:
        cell = sheet["U2"]
        cell.value, cell.number_format = 520624198506120013, "yyyy.mm"

    data = one_sheet(candidate_row(1), arrange=as_date)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        batch = office.upload(data)
    assert caught == []
    assert office.errors(batch) == [("U2", "ERROR_VALUE")]


def test_line_breaks_as_spreadsheets_escape_them_are_line_breaks(office: ImportOffice) -> None:
    career = "2012.07-2016.03 板桥镇桂花村 村委会主任_x000D_\n2016.03-至今 板桥镇桂花村 党支部书记_x0000_"
    batch = office.upload(one_sheet(candidate_row(1, 任职经历=career, 姓名="张\u200b乙")))
    assert office.issues(batch) == []
    office.commit(batch)
    titles = sorted(post.title for post in office.session.exec(select(Appointment)).all())
    assert titles == ["党支部书记", "村委会主任"]
    assert office.session.exec(select(Person)).one().name == "张乙"


def test_a_cell_of_invisible_characters_is_blank(office: ImportOffice) -> None:
    batch = office.upload(one_sheet(candidate_row(1, 毕业院校及专业="\u200b \u200b", 现任职务="\ufeff\u3000")))
    assert office.issues(batch) == []
    office.commit(batch)
    person = office.session.exec(select(Person)).one()
    assert (person.school, person.unit_and_post) == (None, None)


def test_a_stray_cell_at_the_end_of_the_sheet_costs_nothing(office: ImportOffice) -> None:
    def stray(sheet: Worksheet) -> None:
        sheet.cell(1_048_576, 3, "x")
        sheet.cell(2, 16_384, "x")

    data = one_sheet(candidate_row(1), arrange=stray)
    begin = time.perf_counter()
    batch = office.upload(data)
    assert time.perf_counter() - begin < 5
    assert ("B1048576", "MISSING_VALUE") in office.errors(batch)
    assert office.changes(batch) == [("台账", 2, "NEW"), ("台账", 1_048_576, "REJECTED")]


def test_a_person_merged_over_two_rows_is_one_row(office: ImportOffice) -> None:
    def merge(sheet: Worksheet) -> None:
        for column in range(2, 24):
            sheet.merge_cells(start_row=2, end_row=3, start_column=column, end_column=column)

    batch = office.upload(one_sheet(candidate_row(1), {"序号": 2}, candidate_row(2), arrange=merge))
    assert office.issues(batch) == []
    assert office.changes(batch) == [("台账", 2, "NEW"), ("台账", 4, "NEW")]


@pytest.mark.parametrize(
    "element",
    [
        b'<mergeCells count="1"><mergeCell ref="Y1:Z1048576"/></mergeCells>',
        b"<mergeCells><mergeCell  ref = 'A30:XFD1048576' /></mergeCells>",
        b"""<mergeCells><mergeCell x='ref="A1"' ref="A30:XFD1048576"/></mergeCells>""",
        b'<mergeCells><mergeCell ref="A&#51;0:XFD1048576"/></mergeCells>',
    ],
)
def test_merged_ranges_over_whole_rows_and_columns_are_refused(office: ImportOffice, element: bytes) -> None:
    data = with_part(one_sheet(candidate_row(1)), SHEET, after_data(element))
    before = office.counts(with_imports=True)
    with pytest.raises(WorkbookError, match=r"思南县\.xlsx merges") as refusal:
        office.upload(data)
    assert "合并了整行整列" in refusal.value.message_zh
    assert office.counts(with_imports=True) == before


def test_links_over_whole_columns_cost_nothing(office: ImportOffice) -> None:
    link = b'<hyperlinks><hyperlink ref="A1:XFD1048576" location="A1"/></hyperlinks>'
    batch = office.upload(with_part(one_sheet(candidate_row(1)), SHEET, after_data(link)))
    assert (office.issues(batch), batch.counts["new"]) == ([], 1)


@pytest.mark.parametrize("limit", ["MAX_ELEMENTS", "MAX_CELLS"])
def test_too_many_cells_are_refused(office: ImportOffice, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    data = one_sheet(*(candidate_row(number) for number in range(1, 10)))
    monkeypatch.setattr(sheetxml, limit, 100)
    before = office.counts(with_imports=True)
    with pytest.raises(WorkbookError, match="too many cells") as refusal:
        office.upload(data)
    assert "单元格过多" in refusal.value.message_zh
    assert office.counts(with_imports=True) == before


def recoded(encoding: str) -> Callable[[bytes], bytes]:
    def recode(part: bytes) -> bytes:
        declaration = f'<?xml version="1.0" encoding="{encoding}"?>'
        text = part.decode()
        return (declaration + text).encode(encoding) if encoding == "utf-16" else declaration.encode() + part

    return recode


def test_a_part_in_utf_16_is_read(office: ImportOffice) -> None:
    batch = office.upload(with_part(one_sheet(candidate_row(1)), SHEET, recoded("utf-16")))
    assert (office.issues(batch), batch.counts["new"]) == ([], 1)


def test_a_part_in_an_unusual_encoding_is_refused(office: ImportOffice) -> None:
    with pytest.raises(WorkbookError, match="damaged"):
        office.upload(with_part(one_sheet(candidate_row(1)), SHEET, recoded("cp037")))


@pytest.mark.parametrize("part", ["xl/workbook.xml", SHEET, "xl/styles.xml", "[Content_Types].xml"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda part: b"",
        lambda part: b"<x/>",
        lambda part: part[: len(part) // 2],
        lambda part: re.sub(rb'="\d+"', b'="-9"', part),
        lambda part: part.replace(b'r="', b'r="9'),
    ],
)
def test_a_damaged_part_is_refused_or_read_but_never_a_crash(
    office: ImportOffice, part: str, damage: Callable[[bytes], bytes]
) -> None:
    before = office.counts(with_imports=True)
    try:
        office.upload(with_part(one_sheet(candidate_row(1)), part, damage))
    except WorkbookError:
        assert office.counts(with_imports=True) == before


def test_a_chart_sheet_is_not_opened(office: ImportOffice) -> None:
    book = new_workbook()
    book.create_chartsheet("图")
    add_sheet(book, "台账", CANDIDATE_HEADERS, [candidate_row(1)])
    batch = office.upload(to_bytes(book))
    assert (office.issues(batch), batch.counts["new"]) == ([], 1)


def test_formulas_are_seen_under_any_namespace_prefix(office: ImportOffice) -> None:
    def prefixed(part: bytes) -> bytes:
        text = part.decode().replace('xmlns="', 'xmlns:x="')
        text = re.sub(r"<(/?)(\w)", r"<\1x:\2", text)
        return text.replace("</x:row></x:sheetData>", '<x:c r="H2"><x:f>A1</x:f></x:c></x:row></x:sheetData>').encode()

    batch = office.upload(with_part(one_sheet(candidate_row(1)), SHEET, prefixed))
    assert office.errors(batch) == [("H2", "FORMULA_WITHOUT_VALUE")]


def test_problems_of_rows_are_reported_together_with_a_missing_column(office: ImportOffice) -> None:
    headers = [header for header in CANDIDATE_HEADERS if header != "培养方向"]
    batch = office.upload_candidates([candidate_row(1, 联系电话="1", **{"村（社区）": "桂林村"})], headers)
    assert office.errors(batch) == [("A1", "MISSING_COLUMN"), ("C2", "UNKNOWN_PLACE"), ("U2", "INVALID_PHONE")]


def test_each_column_of_specialties_has_its_own_problems(office: ImportOffice) -> None:
    rows = [
        mentor_row(1, **{"专业特长/擅长": "唱歌", "专业特长/熟悉": "跳舞"}),
        mentor_row(2, **{"专业特长/擅长": "党建", "专业特长/熟悉": "=A1"}),
        mentor_row(3, **{"专业特长/擅长": "党建", "专业特长/熟悉": "产业、党建"}),
    ]
    batch = office.upload_mentors(rows)
    assert office.issues(batch) == [
        ("M3", "UNKNOWN_WORD"),
        ("N3", "UNKNOWN_WORD"),
        ("N4", "FORMULA_WITHOUT_VALUE"),
        ("N5", "REPEATED_WORD"),
    ]
    office.commit(office.upload_mentors(rows[2:]))
    stored = {row.specialty: row.level for row in office.session.exec(select(MentorSpecialty)).all()}
    assert stored == {Specialty.PARTY_BUILDING: SkillLevel.GOOD, Specialty.INDUSTRY: SkillLevel.FAMILIAR}


@pytest.mark.parametrize(("headers", "first_row_kept"), [(MENTOR_HEADERS, False), (KINSHIP_HEADERS, True)])
def test_a_second_table_in_a_sheet_is_an_error_and_never_lost(
    office: ImportOffice, headers: tuple[str, ...], first_row_kept: bool
) -> None:
    def add_table(sheet: Worksheet) -> None:
        for column, header in enumerate(headers, start=1):
            sheet.cell(6, column, header.replace("/", ""))
        sheet.cell(7, 1, "某某")

    batch = office.upload(one_sheet(candidate_row(1), arrange=add_table))
    codes = [(cell, code) for cell, code in office.errors(batch) if code == "SECOND_TABLE"]
    assert codes == [("A6" if first_row_kept else "A1", "SECOND_TABLE")]
    assert batch.counts["new"] == (1 if first_row_kept else 0)


def test_a_repeated_header_is_no_second_table(office: ImportOffice) -> None:
    def repeat(sheet: Worksheet) -> None:
        for column, header in enumerate(CANDIDATE_HEADERS, start=1):
            sheet.cell(3, column, header)

    batch = office.upload(one_sheet(candidate_row(1), {}, candidate_row(2), arrange=repeat))
    assert office.issues(batch) == [("A3", "SKIPPED_ROW")]
    assert batch.counts["new"] == 2
