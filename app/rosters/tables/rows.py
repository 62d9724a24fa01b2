"""Takes the data rows out of a grid below its header, and counts and tells what is left out."""

from dataclasses import replace

from app.rosters.files.raw import Cell, address_of, column_letter
from app.rosters.tables.grid import Grid
from app.rosters.tables.header import Header, is_other_header
from app.rosters.tables.remarks import is_remark
from app.rosters.tables.sheet import DataRow, Sheet

_PLACES = ("township", "village")
"""Columns in which a blank cell may mean the same as above, from the wider to the narrower."""


def read_table(grid: Grid, header: Header, *, fills_down: bool) -> Sheet:
    """The table below a header; ``fills_down``: a blank township or village repeats the one above."""
    layout = header.layout
    first, last_header_row = header.first_row, header.last_row
    sheet = Sheet(name=grid.sheet.name, layout=layout, header_row=first, headers=written_headers(header))
    sheet.n_skipped = sum(1 for row in grid.columns_by_row if row < first and grid.texts(row))
    if grid.sheet.is_hidden:
        sheet.notes.append(("A1", "HIDDEN_SHEET", ""))
    _note_columns(sheet, header)
    columns = {key: column for column, key in reversed(header.keys.items()) if key is not None}
    header_texts = {tuple(grid.texts(row)) for row in range(first, last_header_row + 1)}
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
        if number in grid.skipped_rows:
            sheet.n_skipped += 1
            continue
        if all(cell.is_blank for key, cell in cells.items() if key != "number"):
            # Rows numbered in advance and never filled are blank; a note outside the known columns counts as skipped.
            sheet.n_skipped += bool([text for text in texts if not text.isdigit()])
            continue
        if tuple(texts) in header_texts or is_remark(texts):
            sheet.n_skipped += 1
            sheet.notes.append((f"A{number}", "SKIPPED_ROW", ""))
            continue
        if all(cell.is_blank or cell.is_filled for key, cell in cells.items() if key != "number"):
            # Every cell belongs to a merged one above: the row is a part of the row before.
            continue
        if fills_down:
            _fill_places(cells, above)
        if number in grid.sheet.hidden_rows:
            sheet.notes.append((f"A{number}", "HIDDEN_ROW", ""))
        sheet.rows.append(DataRow(number=number, cells=cells))
    return sheet


def written_headers(header: Header) -> dict[str, str]:
    """The headers as written by column letter."""
    return {column_letter(column): "/".join(parts) for column, parts in header.parts.items()}


def _note_columns(sheet: Sheet, header: Header) -> None:
    """Fill in the columns of a sheet, and note those that are unknown, double or missing."""
    for column, key in header.keys.items():
        address = address_of(header.last_row, column)
        if key is None:
            if column not in header.left_out:
                sheet.notes.append((address, "UNKNOWN_COLUMN", ""))
        elif key in sheet.columns:
            sheet.notes.append((address, "DUPLICATE_COLUMN", key))
        else:
            sheet.columns[key] = column_letter(column)
    required = sheet.layout.required if sheet.layout is not None else frozenset()
    for key in sorted(required - sheet.columns.keys()):
        sheet.notes.append((f"A{header.first_row}", "MISSING_COLUMN", key))


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
