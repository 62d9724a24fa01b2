"""Takes the data rows out of a grid below its header, and counts and tells what is left out."""

import re
from collections import defaultdict
from dataclasses import replace

from app.rosters.files.raw import Cell, address_of, column_letter
from app.rosters.tables.grid import Grid
from app.rosters.tables.header import Header, is_other_header
from app.rosters.tables.remarks import is_remark
from app.rosters.tables.sheet import DataRow, Sheet
from app.services.imports.records import SheetKind

_PLACES = ("township", "village")
"""Columns in which a blank cell may mean the same as above, from the wider to the narrower."""
_LEDGERS = frozenset({SheetKind.CANDIDATES, SheetKind.MENTORS, SheetKind.ASSIGNED_CADRES})
"""Tables with one person to a row; where a name is merged over several rows, they are about one person."""

_DIGITS = re.compile(r"\d(?:\s?\d){5}")
HIDDEN_PART = "#"
"""Stands for a part of a header that may be an ID or phone number: where a table has no header, data look like one."""


def read_table(grid: Grid, header: Header, *, fills_down: bool) -> Sheet:
    """The table below a header; ``fills_down``: a blank township or village repeats the one above."""
    first, last_header_row = header.first_row, header.last_row
    sheet = Sheet(name=grid.sheet.name, layout=header.layout, header_row=first, headers=written_headers(header))
    sheet.n_skipped = sum(1 for row in grid.columns_by_row if row < first and grid.texts(row))
    _note_sheet(sheet, grid)
    _note_columns(sheet, header, grid)
    columns = _first_columns(header)
    header_texts = {tuple(grid.texts(row)) for row in range(max(first, 1), last_header_row + 1)}
    in_blocks = _note_blocks(sheet, grid, last_header_row)
    is_ledger = header.layout is not None and header.layout.kind in _LEDGERS
    above: dict[str, Cell] = {}
    for number in grid.columns_by_row:
        if first <= number <= last_header_row:
            continue
        texts = grid.texts(number)
        if tuple(texts) not in header_texts and is_other_header(texts):
            sheet.notes.append((f"A{number}", "SECOND_TABLE", ""))
            if number > first:
                sheet.n_skipped += sum(1 for row in grid.columns_by_row if row >= number)
                break
        if number < first:
            continue
        cells = {key: grid.cell(number, column) for key, column in columns.items()}
        if number in in_blocks:
            for key, column in columns.items():
                if column in in_blocks[number]:
                    cells[key] = _blank(cells[key])
        if number in grid.skipped_rows:
            sheet.n_skipped += 1
            continue
        if all(cell.is_blank for key, cell in cells.items() if key != "number"):
            # Rows numbered in advance and never filled are blank; a note outside the known columns counts as skipped.
            is_note = any(
                not cell.text.isdigit() and column not in in_blocks.get(number, ())
                for column, cell in zip(grid.columns_by_row[number], grid.stored(number), strict=True)
                if cell.text
            )
            sheet.n_skipped += is_note
            continue
        if tuple(texts) in header_texts or is_remark(grid.stored(number)):
            sheet.n_skipped += 1
            sheet.notes.append((f"A{number}", "SKIPPED_ROW", ""))
            continue
        if all(cell.is_blank or cell.is_filled for key, cell in cells.items() if key != "number"):
            # Every cell belongs to a merged one above: the row is a part of the row before.
            continue
        begin = grid.continued.get((number, columns.get("name", 0))) if is_ledger else None
        if begin is not None:
            if sheet.rows and sheet.rows[-1].number >= begin:
                _continue_row(sheet, number, cells)
            else:
                # The row of the person was left out: what stands here must not go to somebody else.
                sheet.n_skipped += 1
                sheet.notes.append((f"A{number}", "SKIPPED_ROW", ""))
            continue
        if fills_down:
            _fill_places(cells, above)
        if number in grid.sheet.hidden_rows:
            sheet.notes.append((f"A{number}", "HIDDEN_ROW", ""))
        sheet.rows.append(DataRow(number=number, cells=cells))
    _note_colours(sheet)
    return sheet


def _continue_row(sheet: Sheet, number: int, cells: dict[str, Cell]) -> None:
    """Add the lines of a person's career to the row of the person; what else the row says is told to be left out."""
    own = {key: cell for key, cell in cells.items() if not cell.is_blank and not cell.is_filled}
    own.pop("number", None)
    career = own.pop("career", None)
    if career is not None and "career" in sheet.rows[-1].cells:
        first = sheet.rows[-1].cells["career"]
        sheet.rows[-1].cells["career"] = replace(first, value=f"{first.text}\n{career.text}".strip())
    if own:
        sheet.n_skipped += 1
        sheet.notes.append((f"A{number}", "CONTINUED_ROW", ""))


def _first_columns(header: Header) -> dict[str, int]:
    """The column of each key from left to right; of two of one key the first."""
    columns: dict[str, int] = {}
    for column, key in header.keys.items():
        if key is not None:
            columns.setdefault(key, column)
    return columns


def written_headers(header: Header) -> dict[str, str]:
    """The headers as written by column letter; parts that hold long numbers only where places are meant by them."""
    return {
        column_letter(column): "/".join(
            HIDDEN_PART if _DIGITS.search(part) and not _is_place(header, column) else part for part in parts
        )
        for column, parts in header.parts.items()
    }


def _is_place(header: Header, column: int) -> bool:
    """Whether the header of a column names a place, which it may do by its code."""
    is_matrix = header.layout is not None and header.layout.kind is SheetKind.TRAVEL_MATRIX
    return is_matrix and (header.keys.get(column) or "").startswith("to_")


def _note_sheet(sheet: Sheet, grid: Grid) -> None:
    """Note what is hidden, and what cannot be read as it is no cell."""
    if grid.sheet.is_hidden:
        sheet.notes.append(("A1", "HIDDEN_SHEET", ""))
    if grid.sheet.has_comments:
        sheet.notes.append(("A1", "COMMENTS_IGNORED", ""))


def _note_blocks(sheet: Sheet, grid: Grid, last_header_row: int) -> dict[int, set[int]]:
    """Note the blocks of instructions below the header; the columns that they cover by row."""
    covered: dict[int, set[int]] = defaultdict(set)
    for area in grid.blocks:
        if area.last_row > last_header_row:
            sheet.n_skipped += 1
            sheet.notes.append((address_of(area.first_row, area.first_column), "SKIPPED_BLOCK", ""))
            for row in range(area.first_row, area.last_row + 1):
                covered[row].update(range(area.first_column, area.last_column + 1))
    return dict(covered)


def _note_colours(sheet: Sheet) -> None:
    """Note once that colours are not read, when a column of the data has cells of different looks."""
    looks: dict[str, int] = {}
    for row in sheet.rows:
        for key, cell in row.cells.items():
            if not cell.is_blank and not cell.is_filled and looks.setdefault(key, cell.look) != cell.look:
                sheet.notes.append((cell.address, "COLOURS_IGNORED", ""))
                return


def _blank(cell: Cell) -> Cell:
    return Cell(value=None, number_format="General", address=cell.address)


def _note_columns(sheet: Sheet, header: Header, grid: Grid) -> None:
    """Fill in the columns of a sheet, and note those that are unknown, double, hidden or missing."""
    for column, key in header.keys.items():
        address = address_of(max(header.last_row, 1), column)
        if key is None:
            if column not in header.left_out:
                sheet.notes.append((address, "UNKNOWN_COLUMN", ""))
        elif key in sheet.columns:
            sheet.notes.append((address, "DUPLICATE_COLUMN", key))
        else:
            sheet.columns[key] = column_letter(column)
            if column in grid.sheet.hidden_columns:
                sheet.notes.append((address, "HIDDEN_COLUMN", key))
    required = sheet.layout.required if sheet.layout is not None else frozenset()
    for key in sorted(required - sheet.columns.keys()):
        sheet.notes.append((f"A{max(header.first_row, 1)}", "MISSING_COLUMN", key))


def _fill_places(cells: dict[str, Cell], above: dict[str, Cell]) -> None:
    """A blank place is that of the row above, unless a wider one is written in this row."""
    is_new = False
    for key in _PLACES:
        cell = cells.get(key)
        if cell is None:
            continue
        if not cell.is_blank:
            is_new = True
            above[key] = cell
        elif is_new:
            above.pop(key, None)
        elif key in above:
            cells[key] = replace(above[key], address=cell.address, is_filled=True)
