"""Reads .xls workbooks (BIFF 5 and 8): values, number formats, merged cells, and what is hidden."""

import struct
from datetime import datetime
from io import StringIO
from typing import Any

import xlrd
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel

from app.rosters.files.biff import workbook_records
from app.rosters.files.package import DamagedError, TooLargeError
from app.rosters.files.raw import MAX_SHEET_NAME, Area, Cell, RawSheet, address_of, cleaned, refuse
from app.rosters.files.refusals import spread
from app.rosters.files.sheetxml import Budget, SpreadError
from app.rosters.files.styles import Looks, Style, format_of, style_of

_WHITE, _BLACK, _AUTOMATIC = (1, 9), (0, 8), (64, 65, 0x7FFF)
MAX_ROWS = 4_000_000
"""Rows of all sheets up to their last ones, 60 full sheets: the reader goes through blank rows too."""
_READER_DAMAGE = (
    xlrd.XLRDError, struct.error, IndexError, KeyError, ValueError, TypeError, AttributeError, AssertionError,
    OverflowError, ZeroDivisionError, RecursionError, NotImplementedError, NameError,
)  # fmt: skip
"""What xlrd raises for damaged records; it checks little of what it reads."""


def open_xls(file_name: str, data: bytes) -> list[RawSheet]:
    """All sheets of a workbook; raises ``WorkbookError`` when the file is not one that can be read safely."""
    try:
        return _read(file_name, workbook_records(file_name, data))
    except DamagedError:
        raise refuse(
            file_name,
            "is damaged and cannot be read; open it in a spreadsheet program and save it as .xlsx.",
            "已损坏，无法读取，请用表格软件打开后另存为 .xlsx。",
        ) from None
    except SpreadError:
        raise spread(file_name) from None
    except TooLargeError:
        raise refuse(
            file_name,
            "has too many cells; delete the unused rows and columns and upload it again.",
            "单元格过多，请删除多余的行和列后重新上传。",
        ) from None


def _read(file_name: str, records: bytes) -> list[RawSheet]:
    sheets = []
    n_rows = 0
    budget = Budget()
    book = _guarded(
        lambda: xlrd.open_workbook(
            file_contents=records, formatting_info=True, on_demand=True, ragged_rows=True, logfile=StringIO()
        )
    )
    styles = _guarded(lambda: _styles(book))
    names = book.sheet_names()
    if len(set(names)) < len(names) or not all(names):
        raise DamagedError("sheets")
    if any(len(name) > MAX_SHEET_NAME for name in names):
        raise refuse(file_name, "has a sheet with an overlong name; shorten it.", "工作表名称过长，请缩短。")
    epoch = MAC_EPOCH if book.datemode else WINDOWS_EPOCH
    for number, name in enumerate(names):
        sheet = _guarded(lambda number=number: book.sheet_by_index(number))
        n_rows += sheet.nrows
        if n_rows > MAX_ROWS:
            raise TooLargeError("rows")
        sheets.append(_raw(sheet, name, styles, epoch, budget))
        book.unload_sheet(number)
    return sheets


def _guarded(step: Any) -> Any:
    """The result of a step of xlrd; only its own work is guarded, so that our errors stay visible."""
    try:
        return step()
    except _READER_DAMAGE as error:
        raise DamagedError(type(error).__name__) from None


def _styles(book: Any) -> list[Style]:
    looks = Looks()
    styles = []
    for xf in book.xf_list:
        kind = book.format_map.get(xf.format_key)
        font = book.font_list[xf.font_index]
        background = xf.background
        fill = (background.fill_pattern, background.pattern_colour_index) if background.fill_pattern else None
        if fill is not None and fill[0] == 1 and fill[1] in (*_WHITE, *_AUTOMATIC):
            fill = None
        colour = None if font.colour_index in (*_BLACK, *_AUTOMATIC) else font.colour_index
        look = looks.number(fill, colour, is_struck=bool(font.struck_out))
        styles.append(style_of((kind and kind.format_str) or format_of(xf.format_key), look))
    return styles


def _raw(sheet: Any, name: str, styles: list[Style], epoch: datetime, budget: Budget) -> RawSheet:
    cells: dict[tuple[int, int], Cell] = {}
    for row in range(sheet.nrows):
        kinds, values = sheet.row_types(row), sheet.row_values(row)
        for column, kind in enumerate(kinds):
            if kind in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
                continue
            number = sheet.cell_xf_index(row, column)
            style = styles[number] if 0 <= number < len(styles) else Style()
            value, is_error = _typed(kind, values[column], style, epoch)
            if value is None or value == "":
                continue
            budget.cell(value)
            cells[row + 1, column + 1] = Cell(
                value=value,
                number_format=style.number_format,
                address=address_of(row + 1, column + 1),
                is_error=is_error,
                look=style.look,
            )
    merged = []
    for first_row, last_row, first_column, last_column in sheet.merged_cells:
        if not (0 <= first_row < last_row and 0 <= first_column < last_column):
            raise DamagedError("merged range")
        area = Area(first_row=first_row + 1, last_row=last_row, first_column=first_column + 1, last_column=last_column)
        budget.spread(area)
        merged.append(area)
    budget.repeat(cells, merged)
    return RawSheet(
        name=name,
        cells=cells,
        merged=tuple(merged),
        hidden_rows=frozenset(row + 1 for row, info in sheet.rowinfo_map.items() if info.hidden),
        hidden_columns=frozenset(column + 1 for column, info in sheet.colinfo_map.items() if info.hidden),
        is_hidden=bool(sheet.visibility),
        has_comments=bool(sheet.cell_note_map),
    )


def _typed(kind: int, value: Any, style: Style, epoch: datetime) -> tuple[Any, bool]:
    """The value of a cell as other files give it, and whether it is an error."""
    if kind == xlrd.XL_CELL_TEXT:
        return cleaned(value), False
    if kind == xlrd.XL_CELL_BOOLEAN:
        return bool(value), False
    if kind == xlrd.XL_CELL_ERROR:
        return xlrd.error_text_from_code.get(value, "#N/A"), True
    number = int(value) if value.is_integer() else value
    if not style.is_date:
        return number, False
    try:
        return from_excel(number, epoch, timedelta=style.is_duration), False
    except (OverflowError, ValueError):
        # A number that is no day; programs show #### for it.
        return "#VALUE!", True
