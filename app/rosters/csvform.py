"""A form as csv: one header line with flattened names, one line per row of the table, the mark last."""

import csv
from io import StringIO

from app.rosters.grid import Cell, FormDocument, GridColumn

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""First characters that make Excel, WPS or LibreOffice read a cell as a formula; full-width signs count too."""


def neutral_text(text: str) -> str:
    """The text with an apostrophe in front if a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def flat_header(column: GridColumn) -> str:
    """``帮带干部（一）/姓名``: group and header of a column in one name, without the line breaks of print."""
    name = column.header if column.group is None else f"{column.group}/{column.header}"
    return name.replace("\n", "")


def write_csv(document: FormDocument) -> bytes:
    """UTF-8 with byte order mark, as Excel and WPS open Chinese csv files; shared cells are repeated on every line."""
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([neutral_text(flat_header(column)) for column in document.grid.columns])
    for block in document.grid.blocks:
        for line in block:
            writer.writerow([_neutral(cell) for cell in line])
    return text.getvalue().encode("utf-8-sig") + mark_line(document.own_mark)


def mark_line(mark: str) -> bytes:
    """The last line of the file: a mark as one field."""
    text = StringIO(newline="")
    csv.writer(text).writerow([neutral_text(mark)])
    return text.getvalue().encode("utf-8")


def _neutral(cell: Cell) -> Cell:
    return neutral_text(cell) if isinstance(cell, str) else cell
