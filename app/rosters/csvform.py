"""A roster as csv: one header line with flattened names, one line per mentee or seat, the export mark last."""

import csv
from io import StringIO

from app.rosters.grid import Cell, FormGrid, GridColumn

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""First characters that make Excel, WPS or LibreOffice read a cell as a formula; full-width signs count too."""


def neutral_text(text: str) -> str:
    """The text with an apostrophe in front if a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def flat_header(column: GridColumn) -> str:
    """``帮带干部（一）/姓名``: group and header of a column in one name, without the line breaks of print."""
    name = column.header if column.group is None else f"{column.group}/{column.header}"
    return name.replace("\n", "")


def write_csv(grid: FormGrid, *, mark: str) -> bytes:
    """UTF-8 with byte order mark, as Excel and WPS open Chinese csv files; shared cells are repeated on every line."""
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([neutral_text(flat_header(column)) for column in grid.columns])
    for block in grid.blocks:
        for line in block:
            writer.writerow([_neutral(cell) for cell in line])
    writer.writerow([neutral_text(mark)])
    return text.getvalue().encode("utf-8-sig")


def _neutral(cell: Cell) -> Cell:
    return neutral_text(cell) if isinstance(cell, str) else cell
