"""A sheet as a grid: corrections applied, merged ranges filled, and only what is stored costs anything."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from openpyxl.utils import coordinate_to_tuple

from app.errors import InvalidInputError
from app.rosters.files.raw import Area, Cell, RawSheet, address_of
from app.rosters.tables.remarks import is_instruction
from app.rosters.tables.sheet import SKIP_ROW, Correction

_ADDRESS = re.compile(r"[A-Z]{1,3}[1-9]\d{0,6}", re.ASCII)
_ROW = re.compile(r"[1-9]\d{0,6}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The cells of a sheet with merged ranges filled; a stray cell at the far end of the sheet costs nothing."""

    sheet: RawSheet
    values: dict[tuple[int, int], Cell]
    columns_by_row: dict[int, list[int]]
    """Columns that hold anything, of those rows that hold anything, both in order."""
    skipped_rows: frozenset[int]
    blocks: tuple[Area, ...]
    """Merged blocks of instructions; they are not filled."""
    continued: dict[tuple[int, int], int]
    """Places in merged ranges that begin in a row above, with that row."""

    def cell(self, row: int, column: int) -> Cell:
        """The cell at one-based row and column; an empty one when nothing is stored there."""
        found = self.values.get((row, column))
        if found is not None:
            return found
        return Cell(value=None, number_format="General", address=address_of(row, column))

    def stored(self, row: int) -> list[Cell]:
        """The cells of a row that are stored, from left to right."""
        return [self.values[row, column] for column in self.columns_by_row.get(row, ())]

    def texts(self, row: int) -> list[str]:
        """The texts of a row from left to right, without blanks."""
        return [text for cell in self.stored(row) if (text := cell.text)]


def fill_grid(sheet: RawSheet, corrections: Mapping[str, Correction]) -> Grid:
    """The grid of a sheet; ``corrections`` by cell address, or by row number for those that are left out."""
    skipped_rows = set()
    values = dict(sheet.cells)
    for place, correction in corrections.items():
        if correction is SKIP_ROW:
            if not _ROW.fullmatch(place):
                raise InvalidInputError("SKIP_ROW needs a row number.", "跳过行须给出行号。", path=("corrections",))
            skipped_rows.add(int(place))
        else:
            if not _ADDRESS.fullmatch(place):
                raise InvalidInputError(
                    "A correction needs a cell address such as E17.",
                    "更正须给出单元格地址，如E17。",
                    path=("corrections",),
                )
            row, column = coordinate_to_tuple(place)
            values[row, column] = Cell(value=correction.strip() or None, number_format="@", address=place)
    blocks = []
    continued: dict[tuple[int, int], int] = {}
    for area in sheet.merged:
        top = values.get((area.first_row, area.first_column))
        if top is None or top.is_blank:
            continue
        if is_instruction(area, top.text):
            blocks.append(area)
        else:
            _fill(values, area, top)
            continued.update(
                ((row, column), area.first_row)
                for row in range(area.first_row + 1, area.last_row + 1)
                for column in range(area.first_column, area.last_column + 1)
            )
    columns_by_row: dict[int, list[int]] = defaultdict(list)
    for row, column in sorted(values):
        columns_by_row[row].append(column)
    return Grid(
        sheet=sheet,
        values=values,
        columns_by_row=dict(columns_by_row),
        skipped_rows=frozenset(skipped_rows),
        blocks=tuple(blocks),
        continued=continued,
    )


def _fill(values: dict[tuple[int, int], Cell], area: Area, top: Cell) -> None:
    """Repeat the first cell of a merged range in the others."""
    for row in range(area.first_row, area.last_row + 1):
        for column in range(area.first_column, area.last_column + 1):
            if (row, column) not in values:
                values[row, column] = replace(top, address=address_of(row, column), is_filled=True)
