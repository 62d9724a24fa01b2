"""What is read from an .xlsx workbook: the same as openpyxl reads, and exact values for what it does not read."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from io import BytesIO

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font, PatternFill
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from app.rosters.files.container import open_book
from app.rosters.files.raw import Area, Cell, RawSheet
from tests.app.rosters.hostile import SHEET, TEXTS, good_xlsx, with_part, with_shared_texts
from tests.app.rosters.test_county_workbook import county_workbook
from tests.workbooks import to_bytes


def odd_workbook() -> Workbook:
    book = Workbook()
    sheet = book.active
    values: list[tuple[object, str]] = [
        (1985.06, "0.00"), (198506, "General"), (-3, "0"), (1.5e300, "General"), (0.1 + 0.2, "0.0"),
        (date(1985, 6, 12), "yyyy.mm"), (datetime(2024, 2, 29, 13, 5), "yyyy-mm-dd hh:mm"),  # noqa: DTZ001
        (time(7, 30), "hh:mm"), (timedelta(hours=30), "[h]:mm"), (31210, "yyyy/m/d"), (60, "yyyy/m/d"), (0, "yyyy"),
        (-1, "yyyy"), (99_999_999, "yyyy"), (True, "General"), (False, "General"), ("#N/A", "General"),
        ("文 本", "@"), ("多\n行", "@"), (" 空格 ", "General"), ("<&>\"'", "@"), ("𠮷", "@"), ('"d"0', '"d"0'),
        (45_000, '"d"0'), (45_000, "[Red]0"), (45_000, "#,##0_);[Red](#,##0)"), ("'前撇号", "@"), ("007", "@"),
    ]  # fmt: skip
    for row, (value, number_format) in enumerate(values, start=1):
        cell = sheet.cell(row, row % 5 + 1, value)
        cell.number_format = number_format
    sheet.cell(1_048_576, 16_384, "最后")
    sheet.merge_cells("H2:J4")
    sheet["H2"] = "合并"
    book.create_sheet("空表")
    book.create_sheet("隐藏").sheet_state = "veryHidden"
    return book


@pytest.mark.filterwarnings("ignore:Cell .* is marked as a date")
@pytest.mark.parametrize("shared", [False, True], ids=["texts in cells", "shared texts"])
@pytest.mark.parametrize("build", [odd_workbook, county_workbook])
@pytest.mark.parametrize("mac", [False, True], ids=["1900", "1904"])
def test_the_same_is_read_as_by_openpyxl(build: Callable[[], Workbook], shared: bool, mac: bool) -> None:
    book = build()
    if mac:
        book.epoch = CALENDAR_MAC_1904
    data = with_shared_texts(to_bytes(book)) if shared else to_bytes(book)
    expected = load_workbook(BytesIO(data), data_only=True)
    sheets = open_book("a.xlsx", data)
    assert [sheet.name for sheet in sheets] == expected.sheetnames
    for sheet, other in zip(sheets, expected.worksheets, strict=True):
        stored = {
            place: (
                cell.value.strip() if isinstance(cell.value, str) else cell.value,
                cell.number_format,
                cell.coordinate,
                cell.data_type == "e",
            )
            for place, cell in other._cells.items()
            if cell.value is not None
        }
        assert {
            place: (cell.value, cell.number_format, cell.address, cell.is_error) for place, cell in sheet.cells.items()
        } == stored
        assert sorted((a.first_row, a.first_column, a.last_row, a.last_column) for a in sheet.merged) == sorted(
            (m.min_row, m.min_col, m.max_row, m.max_col) for m in other.merged_cells.ranges
        )
        assert sheet.is_hidden is (other.sheet_state != "visible")


def only_sheet(data: bytes) -> RawSheet:
    (sheet,) = open_book("a.xlsx", data)
    return sheet


def written(rows: str, *, tail: str = "") -> RawSheet:
    """A sheet of which the test writes the XML."""
    head = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    return only_sheet(with_part(SHEET, lambda _: f"{head}{rows}</sheetData>{tail}</worksheet>".encode()))


def test_rows_and_cells_without_address_follow_each_other() -> None:
    sheet = written(
        '<row><c><v>1</v></c><c r="D1"><v>2</v></c><c><v>3</v></c></row><row r="7"/><row><c><v>4</v></c></row>'
    )
    assert {cell.address: cell.value for cell in sheet.cells.values()} == {"A1": 1, "D1": 2, "E1": 3, "A8": 4}


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('<c t="str"><v> a </v></c>', "a"),
        ('<c t="inlineStr"><is><t>甲</t></is></c>', "甲"),
        ('<c t="inlineStr"><is><r><t>甲</t></r><r><t>乙</t></r><rPh sb="0" eb="1"><t>ㄐ</t></rPh></is></c>', "甲乙"),
        ('<c t="b"><v>1</v></c>', True),
        ('<c t="d"><v>1985-06-12</v></c>', date(1985, 6, 12)),
        ("<c><v>5.20624198506120E+17</v></c>", 5.2062419850612e17),
        ('<c t="str"><f>A1</f><v>x</v></c>', "x"),
        ("<c><f>A1</f><v>0</v></c>", 0),
        ('<c t="inlineStr"><is><t>a_x000D_\nb</t></is></c>', "a\nb"),
    ],
)
def test_a_cell_has_the_value_that_is_stored(cell: str, value: object) -> None:
    (found,) = written(f"<row>{cell}</row>").cells.values()
    assert (found.value, type(found.value), found.is_formula_without_value) == (value, type(value), False)


@pytest.mark.parametrize(
    "cell",
    [
        "<c/>",
        "<c><v/></c>",
        "<c><v></v></c>",
        '<c t="str"><f>""</f><v></v></c>',
        '<c t="inlineStr"><is><t> </t></is></c>',
        '<c t="inlineStr"/>',
    ],
)
def test_a_blank_cell_is_not_kept(cell: str) -> None:
    assert written(f"<row>{cell}</row>").cells == {}


@pytest.mark.parametrize("cell", ["<c><f>A1</f></c>", "<c><f>A1</f><v></v></c>", '<c t="str"><f>A1</f></c>'])
def test_a_formula_without_result_is_kept_as_such(cell: str) -> None:
    (found,) = written(f"<row>{cell}</row>").cells.values()
    assert (found.value, found.is_formula_without_value, found.is_blank) == (None, True, False)


def test_what_is_hidden_and_merged_is_known() -> None:
    head = '<cols><col min="2" max="3" hidden="1"/><col min="5" max="5"/></cols>'
    tail = '<mergeCells><mergeCell ref="A1:B2"/><mergeCell ref="D4"/></mergeCells>'
    sheet = written(f'{head}<row r="3" hidden="true"/><row r="4" hidden="0"/>', tail=tail)
    assert (sheet.hidden_rows, sheet.hidden_columns) == ({3}, {2, 3})
    assert sheet.merged == (
        Area(first_row=1, last_row=2, first_column=1, last_column=2),
        Area(first_row=4, last_row=4, first_column=4, last_column=4),
    )


def test_looks_tell_fill_colour_and_strike_apart_but_not_black_on_white() -> None:
    book = Workbook()
    sheet = book.active
    plain = [None, PatternFill("solid", fgColor="FFFFFFFF"), Font(color="FF000000"), Font(bold=True)]
    marked = [
        PatternFill("solid", fgColor="FFFF0000"),
        PatternFill("solid", fgColor="FF00FF00"),
        PatternFill("gray125"),
        Font(color="FFFF0000"),
        Font(strike=True),
    ]
    for row, style in enumerate([*plain, *marked, marked[0]], start=1):
        cell = sheet.cell(row, 1, "x")
        if isinstance(style, PatternFill):
            cell.fill = style
        elif style is not None:
            cell.font = style
    looks = [cell.look for cell in only_sheet(to_bytes(book)).cells.values()]
    assert looks[: len(plain)] == [0] * len(plain)
    assert len({0, *looks[len(plain) : -1]}) == len(marked) + 1
    assert looks[-1] == looks[len(plain)]


def test_strict_workbooks_and_odd_names_of_parts_are_read() -> None:
    def strict(part: bytes) -> bytes:
        return part.replace(
            b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
            b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        )

    data = with_part(SHEET, strict, data=with_part(TEXTS, strict, data=with_part("xl/workbook.xml", strict)))
    assert only_sheet(data).cells == only_sheet(good_xlsx()).cells


def test_a_cell_is_shown_as_text_like_in_the_program() -> None:
    def text(value: object) -> str:
        return Cell(value=value, number_format="General", address="A1").text

    assert [text(value) for value in (None, 3.0, 3.5, True, False, " a ")] == ["", "3", "3.5", "TRUE", "FALSE", "a"]
