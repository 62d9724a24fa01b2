"""Headers of hostile, headless and repetitive sheets: what they cost, and what of them is shown."""

import time
from unittest import mock

from app.rosters.files.raw import Cell, RawSheet, address_of
from app.rosters.layout import normalize_header
from app.rosters.tables import header
from app.rosters.tables.grid import fill_grid
from app.rosters.workbook import SheetMapping, read_sheets
from app.services.imports.records import SheetKind
from tests.workbooks import CANDIDATE_HEADERS, add_sheet, new_workbook, to_bytes


def test_an_overlong_header_is_unknown_and_costs_nothing() -> None:
    book = new_workbook()
    add_sheet(book, "台账", (*CANDIDATE_HEADERS, "(" + "如" * 30_000), [{"姓名": "张乙"}])
    data = to_bytes(book)
    begin = time.process_time()
    (sheet,) = read_sheets("a.xlsx", data)
    assert time.process_time() - begin < 3.0
    assert sheet.layout is not None
    assert sheet.notes == [("X1", "UNKNOWN_COLUMN", "")]


def without_header() -> bytes:
    book = new_workbook()
    people = (
        ("板桥镇", "桂花村", "张乙", "摸排储备", "村党组织书记", "520624198506120013", "138 0000 0001", "1985.06"),
        ("板桥镇", "桂花村", "李丙", "摸排储备", "村党组织书记", "520624198607120013", "138 0000 0002", "1986.07"),
    )
    sheet = book.create_sheet("台账")
    for person in people:
        sheet.append(person)
    return to_bytes(book)


def test_numbers_of_a_person_are_not_shown_as_headers() -> None:
    (sheet,) = read_sheets("a.xlsx", without_header())
    assert (sheet.layout, sheet.header_row) == (None, 1)
    assert (sheet.headers["F"], sheet.headers["G"], sheet.headers["H"]) == ("#", "#", "1985.06")
    mapping = SheetMapping(kind=SheetKind.CANDIDATES, columns={"C": "name", "F": "id_number"})
    (sheet,) = read_sheets("a.xlsx", without_header(), mappings={"台账": mapping})
    assert (sheet.headers["F"], sheet.headers["G"]) == ("#", "#")


def test_codes_of_places_are_shown_as_headers_of_a_matrix() -> None:
    book = new_workbook()
    headers = ("起点＼终点", "520624101", "板桥镇520624101000")
    add_sheet(book, "矩阵", headers, [{"起点＼终点": "板桥镇", "520624101": 12}])
    (sheet,) = read_sheets("a.xlsx", to_bytes(book))
    assert sheet.layout is not None
    assert list(sheet.headers.values()) == list(headers)


def test_a_sheet_without_header_is_read_from_its_first_row() -> None:
    keys = dict(zip("ABCDEF", ("township", "village", "name", "source", "target_post", "id_number"), strict=True))
    mapping = SheetMapping(kind=SheetKind.CANDIDATES, header_row=0, columns=keys | {"G": None})
    (sheet,) = read_sheets("a.xlsx", without_header(), mappings={"台账": mapping})
    assert (sheet.header_row, sheet.headers, sheet.notes, sheet.n_skipped) == (0, {}, [], 0)
    assert [(row.number, row.cells["name"].text) for row in sheet.rows] == [(1, "张乙"), (2, "李丙")]
    del keys["B"]
    mapping = SheetMapping(kind=SheetKind.CANDIDATES, header_row=0, columns=keys)
    (sheet,) = read_sheets("a.xlsx", without_header(), mappings={"台账": mapping})
    assert sheet.notes == [("A1", "MISSING_COLUMN", "village")]


def test_a_wide_header_is_looked_for_cheaply_and_read_in_its_whole_width() -> None:
    book = new_workbook()
    places = [f"第{place}村" for place in range(900)]
    add_sheet(book, "矩阵", ("起点＼终点", *places), [{"起点＼终点": "第1村", places[899]: 12}])
    sheet = book["矩阵"]
    for number in range(3, 40):
        sheet.append([f"甲{number}村", *range(900)])
    data = to_bytes(book)
    with mock.patch.object(header, "normalize_header", wraps=normalize_header) as normalized:
        (found,) = read_sheets("a.xlsx", data)
    assert (found.columns["to_第899村"], found.rows[0].cells["to_第899村"].text) == ("AHQ", "12")
    # The first 300 of 30 rows at three depths, and each of the 900 once more in the header that was found.
    assert normalized.call_count < 100_000


def test_overlong_texts_in_all_cells_are_cut_before_they_are_looked_at() -> None:
    text = "如" * 30_000
    cells = {
        (row, column): Cell(value="姓 名" if column == 1 else text, number_format="@", address=address_of(row, column))
        for row in range(1, 31)
        for column in range(1, 201)
    }
    grid = fill_grid(RawSheet(name="台账", cells=cells), {})
    begin = time.process_time()
    found = header.find_header(grid, {})
    assert time.process_time() - begin < 5.0
    assert found.layout is None
    assert {len(part) for parts in found.parts.values() for part in parts} == {3, 101}
