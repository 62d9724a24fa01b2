"""Opening a workbook safely and finding its tables: sheets, headers, rows and cells, still without meaning."""

import re
import warnings
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

from defusedxml.common import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.utils.escape import unescape
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.worksheet import Worksheet

from app.errors import WorkbookError
from app.rosters.columns import LAYOUTS, Layout, normalize_header
from app.rosters.layout import IGNORED_SHEETS
from app.rosters.sheetscan import UnscannableError, scan_parts
from app.services.people.identity import plain_text

MAX_FILE_BYTES = 50 * 1024 * 1024
MAX_UNPACKED_BYTES = 500 * 1024 * 1024
MAX_ENTRIES = 5_000
MAX_CELLS = 3_000_000
MAX_SPREAD_CELLS = 300_000
"""Cells of merged and linked ranges: 10,000 rows with 30 merged columns."""
MAX_SHEET_NAME = 80
HEADER_SEARCH_ROWS = 30
MAX_HEADER_DEPTH = 3
_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell: its stored value, how it is shown, and where it stands; ``is_filled``: it repeats a merged one."""

    value: Any
    number_format: str
    address: str
    is_formula_without_value: bool = False
    is_error: bool = False
    is_filled: bool = False

    @property
    def text(self) -> str:
        """The value as text, without surrounding white space; a whole number has no decimal point."""
        if self.value is None:
            return ""
        if isinstance(self.value, float) and self.value.is_integer():
            return str(int(self.value))
        return str(self.value).strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRow:
    """One row of a table: cells by column key."""

    number: int
    cells: dict[str, Cell]


@dataclass(slots=True, kw_only=True)
class Sheet:
    """One sheet that holds a table, with everything noteworthy that is not in a data row.

    ``notes`` are pairs of cell address and issue code.
    """

    name: str
    layout: Layout | None
    header_row: int = 0
    columns: dict[str, str] = field(default_factory=dict)
    rows: list[DataRow] = field(default_factory=list)
    n_skipped: int = 0
    notes: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grid:
    """The cells of a sheet with merged ranges filled; a stray cell at the far end of the sheet costs nothing."""

    worksheet: Worksheet
    values: dict[tuple[int, int], Cell]
    columns_by_row: dict[int, list[int]]
    """Columns that hold anything, of those rows that hold anything, both in order."""

    def cell(self, row: int, column: int) -> Cell:
        """The cell at one-based row and column; an empty one when nothing is stored there."""
        found = self.values.get((row, column))
        if found is not None:
            return found
        return Cell(value=None, number_format="General", address=f"{get_column_letter(column)}{row}")


def read_sheets(file_name: str, data: bytes) -> list[Sheet]:
    """All sheets of a workbook; raises ``WorkbookError`` when the file is not one that can be read safely."""
    has_formulas = _check_container(file_name, data)
    book = _load(file_name, data, values=True)
    formulas = _load(file_name, data, values=False) if has_formulas else None
    sheets = []
    for worksheet in book.worksheets:
        if worksheet.title in IGNORED_SHEETS:
            continue
        grid = _grid(worksheet, formulas[worksheet.title] if formulas is not None else None)
        if grid.values:
            sheets.append(_read_table(worksheet, grid))
    if not any(sheet.layout for sheet in sheets):
        titles = "、".join(layout.title_zh for layout in LAYOUTS)
        raise WorkbookError(
            f"No sheet of {file_name} has a known header; the first row of the table must name columns such as 姓名, "
            f"乡镇. Known tables: {titles}.",
            f"{file_name} 中未找到可识别的表头；表头须含“姓名”“乡镇”等列名。可识别的表：{titles}。",
            path=("file",),
        )
    return sheets


def _refuse(file_name: str, what: str, what_zh: str) -> WorkbookError:
    return WorkbookError(f"{file_name} {what}", f"{file_name} {what_zh}", path=("file",))


def _check_container(file_name: str, data: bytes) -> bool:
    """Refuse what is no plain .xlsx before any XML is read; whether a sheet holds formulas."""
    if len(data) > MAX_FILE_BYTES:
        raise _refuse(file_name, "is larger than 50 MB; split it by township.", "超过50 MB，请按乡镇拆分。")
    if data.startswith(_OLE_MAGIC):
        if _ENCRYPTED_STREAM in data:
            raise _refuse(
                file_name, "is encrypted; remove the password and upload it again.", "已加密，请取消密码后重新上传。"
            )
        raise _refuse(file_name, "is an .xls file; save it as .xlsx.", "是 .xls 格式，请另存为 .xlsx。")
    try:
        with ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
                raise _refuse(
                    file_name, "unpacks to more than 500 MB; it was not opened.", "解压后超过500 MB，未打开。"
                )
            names = {entry.filename for entry in entries}
            if "[Content_Types].xml" not in names or "xl/workbook.xml" not in names:
                raise _refuse(
                    file_name, "is not an .xlsx workbook; save it as .xlsx.", "不是 .xlsx 工作簿，请另存为 .xlsx。"
                )
            if any(name.lower().endswith("vbaproject.bin") for name in names):
                raise _refuse(file_name, "contains macros; save it as .xlsx.", "含有宏，请另存为 .xlsx。")
            if any(name.startswith("xl/externalLinks/") for name in names):
                raise _refuse(
                    file_name,
                    "takes values from other files; break the links (paste as values) and upload it again.",
                    "引用了其他文件，请断开链接（粘贴为数值）后重新上传。",
                )
            scan = scan_parts(archive)
    except (BadZipFile, UnscannableError, zlib.error, EOFError, RuntimeError):
        # Entries with a password or an unknown compression raise RuntimeError.
        raise _refuse(file_name, "is not an .xlsx workbook, or is damaged.", "不是 .xlsx 工作簿，或已损坏。") from None
    if scan.n_items > MAX_CELLS:
        raise _refuse(
            file_name,
            "has too many cells; delete the unused rows and columns and upload it again.",
            "单元格过多，请删除多余的行和列后重新上传。",
        )
    if scan.n_spread_cells > MAX_SPREAD_CELLS:
        raise _refuse(
            file_name,
            "merges or links whole rows or columns; unmerge them and upload it again.",
            "合并或链接了整行整列，请取消合并后重新上传。",
        )
    return scan.has_formulas


def _load(file_name: str, data: bytes, *, values: bool) -> Any:
    try:
        with warnings.catch_warnings():
            # openpyxl warns of styles it does not know, and quotes the values of cells, which may be personal.
            warnings.simplefilter("ignore")
            book = load_workbook(BytesIO(data), data_only=values)
    except (
        InvalidFileException, BadZipFile, ParseError, DefusedXmlException, KeyError, ValueError, TypeError, OSError,
        AttributeError, IndexError, OverflowError, EOFError, RuntimeError, AssertionError, zlib.error,
    ):  # fmt: skip
        # openpyxl reports damage in the parts of a workbook by all of these.
        raise _refuse(
            file_name, "is damaged and cannot be read; save it again.", "已损坏，无法读取，请重新保存。"
        ) from None
    if any(len(title) > MAX_SHEET_NAME for title in book.sheetnames):
        raise _refuse(file_name, "has a sheet with an overlong name; shorten it.", "工作表名称过长，请缩短。")
    return book


def _grid(worksheet: Worksheet, formulas: Worksheet | None) -> _Grid:
    """Copy the stored cells; the private mapping is used because walking rows would create every empty cell."""
    values: dict[tuple[int, int], Cell] = {}
    for (row, column), cell in worksheet._cells.items():
        value = _cleaned(cell.value)
        pending = formulas is not None and value is None and formulas.cell(row, column).data_type == "f"
        if pending or (value is not None and value != ""):
            values[row, column] = Cell(
                value=value,
                number_format=cell.number_format or "General",
                address=f"{get_column_letter(column)}{row}",
                is_formula_without_value=pending,
                is_error=cell.data_type == "e",
            )
    for merged in worksheet.merged_cells.ranges:
        top = values.get((merged.min_row, merged.min_col))
        if top is None:
            continue
        for row in range(merged.min_row, merged.max_row + 1):
            for column in range(merged.min_col, merged.max_col + 1):
                if (row, column) not in values:
                    address = f"{get_column_letter(column)}{row}"
                    values[row, column] = replace(top, address=address, is_filled=True)
    columns_by_row: dict[int, list[int]] = defaultdict(list)
    for row, column in sorted(values):
        columns_by_row[row].append(column)
    return _Grid(worksheet=worksheet, values=values, columns_by_row=dict(columns_by_row))


def _cleaned(value: Any) -> Any:
    """A text without line breaks as Excel escapes them (``_x000D_``) and without invisible characters."""
    if not isinstance(value, str):
        return value
    return plain_text(unescape(value).replace("\r\n", "\n").replace("\r", "\n"))


def _read_table(worksheet: Worksheet, grid: _Grid) -> Sheet:
    header = _find_header(grid)
    if header is None:
        return Sheet(name=worksheet.title, layout=None, notes=[("A1", "UNRECOGNISED_SHEET", "")])
    layout, first, depth, keys = header
    sheet = Sheet(name=worksheet.title, layout=layout, header_row=first)
    sheet.n_skipped = sum(1 for row in grid.columns_by_row if row < first and _texts(grid, row))
    if worksheet.sheet_state != "visible":
        sheet.notes.append(("A1", "HIDDEN_SHEET", ""))
    last_header_row = first + depth - 1
    for column, key in keys.items():
        address = f"{get_column_letter(column)}{last_header_row}"
        if key is None:
            sheet.notes.append((address, "UNKNOWN_COLUMN", ""))
        elif key in sheet.columns:
            sheet.notes.append((address, "DUPLICATE_COLUMN", key))
        else:
            sheet.columns[key] = get_column_letter(column)
    for key in sorted(layout.required - sheet.columns.keys()):
        sheet.notes.append((f"A{first}", "MISSING_COLUMN", key))
    columns = {key: column for column, key in reversed(keys.items()) if key is not None}
    header_texts = {tuple(_texts(grid, row)) for row in range(first, first + depth)}
    hidden = {row for row, dimension in worksheet.row_dimensions.items() if dimension.hidden}
    for number in grid.columns_by_row:
        if first <= number <= last_header_row:
            continue
        texts = _texts(grid, number)
        if _is_other_header(texts, header_texts):
            sheet.notes.append((f"A{number}", "SECOND_TABLE", ""))
            if number > first:
                sheet.n_skipped += sum(1 for row in grid.columns_by_row if row >= number)
                break
        if number < first:
            continue
        cells = {key: grid.cell(number, column) for key, column in columns.items()}
        if not any(cell.text or cell.is_formula_without_value for key, cell in cells.items() if key != "number"):
            # Rows numbered in advance and never filled are blank; a note outside the known columns counts as skipped.
            sheet.n_skipped += bool([text for text in texts if not text.isdigit()])
            continue
        if tuple(texts) in header_texts or is_remark(texts):
            sheet.n_skipped += 1
            sheet.notes.append((f"A{number}", "SKIPPED_ROW", ""))
            continue
        if not any(
            (cell.text or cell.is_formula_without_value) and not cell.is_filled
            for key, cell in cells.items()
            if key != "number"
        ):
            # Every cell belongs to a merged one above: the row is a part of the row before.
            continue
        if number in hidden:
            sheet.notes.append((f"A{number}", "HIDDEN_ROW", ""))
        sheet.rows.append(DataRow(number=number, cells=cells))
    return sheet


_HEADER_WORDS = frozenset(name for layout in LAYOUTS for column in layout.columns for name in column.names)
_FEWEST_HEADER_WORDS = 3


def _is_other_header(texts: list[str], header_texts: set[tuple[str, ...]]) -> bool:
    """Whether a row outside the header is the header of another table; a repeated header is not."""
    if tuple(texts) in header_texts or any(":" in text or "：" in text for text in texts):
        return False
    return sum(normalize_header(text) in _HEADER_WORDS for text in texts) >= _FEWEST_HEADER_WORDS


_REMARKS: tuple[re.Pattern[str], ...] = (
    re.compile(r"^(合计|总计|小计|共计)"),
    re.compile(r"^(注|说明|备注|填表说明|填表须知|填报说明|填写说明)([:：\d一二三四]|$)"),
    re.compile(r"^(填表人|填报人|填报单位|审核人|制表人|单位名称|统计日期|填报时间|联系人)[:：]"),
    re.compile(r"^[(（【\[]?(示例|样例|填写示例|举例|范例|例如|例)[)）】\]]?([:：]|\d*$)"),
)
"""First cells of rows that are no data: totals, notes, signatures, examples."""


def is_remark(texts: list[str]) -> bool:
    """Whether a row inside the table is a total, a note, a signature line or an example."""
    if not texts:
        return False
    first = "".join(texts[0].split())
    return any(pattern.match(first) for pattern in _REMARKS) or len(set(texts)) == 1 < len(texts)


def _texts(grid: _Grid, row: int) -> list[str]:
    return [text for column in grid.columns_by_row.get(row, ()) if (text := grid.cell(row, column).text)]


def _find_header(grid: _Grid) -> tuple[Layout, int, int, dict[int, str | None]] | None:
    """The layout, first row, depth and column keys of the best header among the first rows."""
    best: tuple[tuple[int, int, int], tuple[Layout, int, int, dict[int, str | None]]] | None = None
    for first in range(1, HEADER_SEARCH_ROWS + 1):
        texts = set(_texts(grid, first))
        if len(texts) < 2 or any(":" in text or "：" in text for text in texts):
            # A title, or a line such as 单位名称：…　统计日期：…
            continue
        for depth in range(1, MAX_HEADER_DEPTH + 1):
            paths = dict(_header_paths(grid, first, depth))
            for layout in LAYOUTS:
                keys = {column: _match(layout, path) for column, path in paths.items()}
                known = {key for key in keys.values() if key is not None}
                if not layout.is_header(known):
                    continue
                # Of equally good headers the one that begins first, and of those the flattest.
                if best is None or (len(known), -first, -depth) > best[0]:
                    best = ((len(known), -first, -depth), (layout, first, depth, keys))
    return best[1] if best else None


def _header_paths(grid: _Grid, first: int, depth: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each column with its header parts from top to bottom; a part repeated by a merged range counts once."""
    columns = {column for row in range(first, first + depth) for column in grid.columns_by_row.get(row, ())}
    for column in sorted(columns):
        parts: list[str] = []
        for row in range(first, first + depth):
            part = normalize_header(grid.cell(row, column).text)
            if part and (not parts or parts[-1] != part):
                parts.append(part)
        if parts:
            yield column, tuple(parts)


def _match(layout: Layout, parts: tuple[str, ...]) -> str | None:
    """The key of a header path: the whole path first, then its last part alone."""
    for path in ("".join(parts), parts[-1]):
        for column in layout.columns:
            key = column.match(path)
            if key is not None:
                return key
    return None
