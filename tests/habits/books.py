"""Small ledgers to hang a habit on."""

from collections.abc import Callable, Sequence

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from tests.app.rosters.conftest import candidate_row, mentor_row
from tests.workbooks import CANDIDATE_HEADERS, MENTOR_HEADERS, add_sheet, new_workbook

Arrange = Callable[[Worksheet], None]


def candidates(*rows: dict[str, object], headers: Sequence[str] = CANDIDATE_HEADERS, title: str | None = None,
               arrange: Arrange | None = None) -> Workbook:  # fmt: skip
    """A workbook with one ledger of candidates."""
    book = new_workbook()
    add_sheet(book, "台账", headers, rows, title=title, arrange=arrange)
    return book


def mentors(*rows: dict[str, object], arrange: Arrange | None = None) -> Workbook:
    """A workbook with one pool of mentors, under two header rows."""
    book = new_workbook()
    add_sheet(book, "导师", MENTOR_HEADERS, rows, arrange=arrange)
    return book


def with_changes(key: str, values: Sequence[object]) -> Workbook:
    """Candidates that differ in one column only, besides name, ID number and phone."""
    return candidates(*(candidate_row(number, **{key: value}) for number, value in enumerate(values, start=1)))


def mentors_with(key: str, values: Sequence[object]) -> Workbook:
    """Mentors that differ in one column only, besides name, ID number and phone."""
    return mentors(*(mentor_row(number, **{key: value}) for number, value in enumerate(values, start=1)))
