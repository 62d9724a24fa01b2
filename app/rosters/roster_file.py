"""Reads a roster that was handed out and came back: rows of mentees with who is written into their seats."""

import re
from collections.abc import Iterable

from app.errors import WorkbookError
from app.rosters.files.container import open_book
from app.rosters.files.raw import Cell, cleaned
from app.rosters.layout import IGNORED_SHEETS
from app.rosters.roster_columns import PersonColumns, RosterHeader, find_roster_header
from app.rosters.tables.grid import Grid, fill_grid
from app.rosters.tables.remarks import is_remark
from app.services.roster_edits.records import PersonText, RosterFile, RosterRow, SeatText

_VACANT = re.compile(r"^(?:缺.*|空缺|暂缺|空|无|暂无|未配.*|待定|[/／\\\-—－–_]+)$", re.DOTALL)
"""What stands for nobody where a name would be."""
MOST_SEATS = 50
"""Mentors of one mentee below each other; no programme has so many slots."""
_VERSION = re.compile(r"版本[:：]第(\d{1,6})版")


def read_roster(file_name: str, data: bytes) -> RosterFile:
    """The rows of a roster file; raises ``WorkbookError`` when it cannot be read safely or holds no roster."""
    rows: list[RosterRow] = []
    versions: set[int] = set()
    n_skipped = n_tables = 0
    for sheet in open_book(file_name, data):
        if sheet.name in IGNORED_SHEETS:
            continue
        grid = fill_grid(sheet, {})
        for row in grid.columns_by_row:
            versions.update(int(found) for text in grid.texts(row) for found in _VERSION.findall(text))
        header = find_roster_header(grid)
        if header is None:
            n_skipped += sum(1 for row in grid.columns_by_row if grid.texts(row))
            continue
        n_tables += 1
        found, n_left_out = _Reader(file_name, sheet.name, grid, header).read()
        rows += found
        n_skipped += n_left_out
    if not n_tables:
        raise WorkbookError(
            f"No sheet of {file_name} has the header of a roster: names of mentees, and beside them those of mentors. "
            "Take a file that was exported here.",
            f"{file_name} 中未找到花名册表头（须含帮带对象姓名及帮带干部姓名），请使用本系统导出的文件。",
            path=("file",),
        )
    return RosterFile(rows=tuple(rows), n_skipped=n_skipped, versions=frozenset(versions))


class _Reader:
    """Reads the rows below a header."""

    def __init__(self, file_name: str, sheet: str, grid: Grid, header: RosterHeader) -> None:
        self.file_name, self.sheet, self.grid, self.header = file_name, sheet, grid, header
        self.is_stacked = len(header.mentors) == 1
        """Mentors of one mentee may stand below each other only where they do not stand beside each other."""

    def read(self) -> tuple[list[RosterRow], int]:
        """The rows, and how many others were left out: totals, notes, signatures, repeated headers."""
        grid, header = self.grid, self.header
        header_texts = {tuple(grid.texts(row)) for row in range(header.first_row, header.last_row + 1)}
        found: list[RosterRow] = []
        n_skipped = 0
        for number in grid.columns_by_row:
            if number <= header.last_row or not grid.texts(number):
                continue
            if tuple(grid.texts(number)) in header_texts or is_remark(grid.stored(number)):
                n_skipped += 1
                continue
            mentee = self._person(number, header.mentee, header.places)
            seats = tuple(
                SeatText(label=columns.title, ordinal=place, mentor=self._person(number, columns, ()))
                for place, columns in enumerate(header.mentors)
            )
            label = self._text(number, header.slot) if header.slot is not None else ""
            if label and self.is_stacked:
                seats = (SeatText(label=label, ordinal=0, mentor=seats[0].mentor),)
            if mentee.is_nobody and all(seat.mentor.is_nobody for seat in seats) and not label:
                # Rows numbered in advance and never filled in, and what stands beside the table.
                continue
            if self.is_stacked and found and self._continues(number, mentee, seats[0], found[-1]):
                if len(found[-1].seats) >= MOST_SEATS:
                    raise self._endless(found[-1])
                found[-1] = _longer(found[-1], seats[0])
                continue
            found.append(RosterRow(sheet=self.sheet, number=number, mentee=mentee, seats=seats))
        return found, n_skipped

    def _endless(self, row: RosterRow) -> WorkbookError:
        return WorkbookError(
            f"{row.mentee.cell} of {self.file_name} is followed by more than {MOST_SEATS} mentors without another "
            "mentee; write the mentee into every row, or take a file that was exported here.",
            f"{self.file_name} 的 {row.mentee.cell} 之后超过{MOST_SEATS}行未填帮带对象，请补填，"
            "或使用本系统导出的文件。",
            path=("file",),
        )

    def _continues(self, number: int, mentee: PersonText, seat: SeatText, before: RosterRow) -> bool:
        """Whether a row speaks of the mentee of the row before: merged, left blank, or written once more."""
        columns = [c for c in (self.header.mentee.code, self.header.mentee.name) if c is not None]
        cells = [self.grid.cell(number, column) for column in columns]
        if all(cell.is_blank or cell.is_filled for cell in cells):
            return True
        same = (mentee.code, mentee.name, mentee.texts) == (
            before.mentee.code,
            before.mentee.name,
            before.mentee.texts,
        )
        return same and bool(seat.label) and all(seat.label != each.label for each in before.seats)

    def _person(self, number: int, columns: PersonColumns, places: Iterable[int]) -> PersonText:
        name = None if columns.name is None else self._text(number, columns.name)
        place = "".join(self._text(number, column) for column in places)
        texts = [place, *(self._text(number, column) for column in columns.texts)]
        anchor = columns.name if columns.name is not None else columns.code
        assert anchor is not None
        return PersonText(
            cell=f"{self.sheet}!{self.grid.cell(number, anchor).address}",
            code="" if columns.code is None else self._text(number, columns.code),
            name=name,
            texts=tuple(text for text in texts if text),
            is_vacant=name is not None and _VACANT.match("".join(name.split())) is not None,
        )

    def _text(self, number: int, column: int) -> str:
        cell = self.grid.cell(number, column)
        self._refuse_unread(cell)
        # Our csv files write an apostrophe before what a spreadsheet would take for a formula.
        return cleaned(cell.text).removeprefix("'").strip()

    def _refuse_unread(self, cell: Cell) -> None:
        """A formula whose result is not in the file is no empty seat."""
        if cell.is_formula_without_value or cell.is_error:
            place = f"{self.sheet}!{cell.address}"
            raise WorkbookError(
                f"Cell {place} of {self.file_name} holds a formula without a usable result; write its value there.",
                f"{self.file_name} 的单元格 {place} 为无结果的公式，请改为数值后重新上传。",
                path=("file",),
            )


def _longer(row: RosterRow, seat: SeatText) -> RosterRow:
    """The row with one more seat below the others."""
    added = SeatText(label=seat.label, ordinal=len(row.seats), mentor=seat.mentor)
    return RosterRow(sheet=row.sheet, number=row.number, mentee=row.mentee, seats=(*row.seats, added))
