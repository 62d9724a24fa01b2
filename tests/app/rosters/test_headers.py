"""Headers of hostile, headless and repetitive sheets: what they cost, and what of them is shown."""

import time

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
