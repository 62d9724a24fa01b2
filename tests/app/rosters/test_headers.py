"""Headers of hostile, headless and repetitive sheets: what they cost, and what of them is shown."""

import time

from app.rosters.workbook import read_sheets
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
