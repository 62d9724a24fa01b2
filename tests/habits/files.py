"""Saves workbooks as the files that people send: .xlsx, the same as .xls, and text tables."""

import re
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import xlwt
from openpyxl import Workbook
from openpyxl.cell.cell import Cell as BookCell
from openpyxl.utils import column_index_from_string
from openpyxl.worksheet.worksheet import Worksheet

ERRORS = {"#NULL!": 0x00, "#DIV/0!": 0x07, "#VALUE!": 0x0F, "#REF!": 0x17, "#NAME?": 0x1D, "#NUM!": 0x24, "#N/A": 0x2A}
"""Codes of errors in .xls files."""
_XLS_COLOURS = {"FF0000": 10, "FFFF00": 13}


def save_xls(book: Workbook, path: Path) -> None:
    """Write what the tests use of a workbook as .xls: values, formats, merged cells, what is hidden, colours."""
    target = xlwt.Workbook(encoding="utf-8")
    styles: dict[tuple[object, ...], xlwt.XFStyle] = {}
    for sheet in book.worksheets:
        copy = target.add_sheet(sheet.title, cell_overwrite_ok=True)
        copy.visibility = 0 if sheet.sheet_state == "visible" else 1
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell, BookCell) and cell.value is not None:
                    _write(copy, cell, styles)
        for merged in sheet.merged_cells.ranges:
            copy.merge(merged.min_row - 1, merged.max_row - 1, merged.min_col - 1, merged.max_col - 1)
        _hide(copy, sheet)
    target.save(str(path))


def _write(sheet: xlwt.Worksheet, cell: BookCell, styles: dict[tuple[object, ...], xlwt.XFStyle]) -> None:
    fill = _XLS_COLOURS.get(str(cell.fill.fgColor.rgb)[2:], 0) if cell.fill.patternType == "solid" else 0
    font = _XLS_COLOURS.get(str(cell.font.color.rgb)[2:], 0) if cell.font.color else 0
    key = (cell.number_format, fill, font, bool(cell.font.strike))
    if key not in styles:
        style = xlwt.XFStyle()
        style.num_format_str = cell.number_format
        if fill:
            style.pattern.pattern, style.pattern.pattern_fore_colour = 1, fill
        if font:
            style.font.colour_index = font
        style.font.struck_out = bool(cell.font.strike)
        styles[key] = style
    row, column = cell.row - 1, cell.column - 1
    if cell.value in ERRORS:
        sheet.row(row).set_cell_error(column, ERRORS[str(cell.value)], styles[key])
    else:
        sheet.write(row, column, cell.value, styles[key])


def _hide(copy: xlwt.Worksheet, sheet: Worksheet) -> None:
    for number, dimension in sheet.row_dimensions.items():
        if dimension.hidden:
            copy.row(number - 1).hidden = True
    for letter, dimension in sheet.column_dimensions.items():
        if dimension.hidden:
            copy.col(column_index_from_string(letter) - 1).hidden = True


def with_results(data: bytes, results: Mapping[str, str], *, sheet: str = "xl/worksheets/sheet1.xml") -> bytes:
    """The workbook with the stored results of formulas by address; a program stores them when it saves."""

    def put(part: bytes) -> bytes:
        text = part.decode()
        for address, result in results.items():
            text, n_put = re.subn(
                rf'<c r="{address}"([^>]*)><f>([^<]*)</f><v\s*/?>(?:</v>)?',
                rf'<c r="{address}"\1 t="str"><f>\2</f><v>{result}</v>',
                text,
            )
            assert n_put == 1
        return text.encode()

    stream = BytesIO()
    with ZipFile(BytesIO(data)) as source, ZipFile(stream, "w", ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, put(content) if name == sheet else content)
    return stream.getvalue()


def text_table(rows: Sequence[Sequence[str]], *, separator: str = ",", encoding: str = "utf-8") -> bytes:
    """A text table, quoted where needed."""
    lines = [
        separator.join(
            '"' + text.replace('"', '""') + '"' if any(sign in text for sign in (separator, '"', "\n")) else text
            for text in row
        )
        for row in rows
    ]
    return ("\r\n".join(lines) + "\r\n").encode(encoding)
