"""Reads .xlsx workbooks: checks of the container first, then the cells of every sheet."""

import warnings
import zlib
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

from defusedxml.common import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.worksheet import Worksheet

from app.rosters.files.raw import MAX_SHEET_NAME, Area, Cell, RawSheet, address_of, cleaned, refuse
from app.rosters.files.sheetscan import UnscannableError, scan_parts

MAX_FILE_BYTES = 50 * 1024 * 1024
MAX_UNPACKED_BYTES = 500 * 1024 * 1024
MAX_ENTRIES = 5_000
MAX_CELLS = 3_000_000
MAX_SPREAD_CELLS = 300_000
"""Cells of merged and linked ranges: 10,000 rows with 30 merged columns."""
_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")


def open_book(file_name: str, data: bytes) -> list[RawSheet]:
    """All sheets of a workbook; raises ``WorkbookError`` when the file is not one that can be read safely."""
    has_formulas = _check_container(file_name, data)
    book = _load(file_name, data, values=True)
    formulas = _load(file_name, data, values=False) if has_formulas else None
    return [_raw(sheet, formulas[sheet.title] if formulas is not None else None) for sheet in book.worksheets]


def _check_container(file_name: str, data: bytes) -> bool:
    """Refuse what is no plain .xlsx before any XML is read; whether a sheet holds formulas."""
    if len(data) > MAX_FILE_BYTES:
        raise refuse(file_name, "is larger than 50 MB; split it by township.", "超过50 MB，请按乡镇拆分。")
    if data.startswith(_OLE_MAGIC):
        if _ENCRYPTED_STREAM in data:
            raise refuse(
                file_name, "is encrypted; remove the password and upload it again.", "已加密，请取消密码后重新上传。"
            )
        raise refuse(file_name, "is an .xls file; save it as .xlsx.", "是 .xls 格式，请另存为 .xlsx。")
    try:
        with ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
                raise refuse(file_name, "unpacks to more than 500 MB; it was not opened.", "解压后超过500 MB，未打开。")
            names = {entry.filename for entry in entries}
            if "[Content_Types].xml" not in names or "xl/workbook.xml" not in names:
                raise refuse(
                    file_name, "is not an .xlsx workbook; save it as .xlsx.", "不是 .xlsx 工作簿，请另存为 .xlsx。"
                )
            if any(name.lower().endswith("vbaproject.bin") for name in names):
                raise refuse(file_name, "contains macros; save it as .xlsx.", "含有宏，请另存为 .xlsx。")
            if any(name.startswith("xl/externalLinks/") for name in names):
                raise refuse(
                    file_name,
                    "takes values from other files; break the links (paste as values) and upload it again.",
                    "引用了其他文件，请断开链接（粘贴为数值）后重新上传。",
                )
            scan = scan_parts(archive)
    except (BadZipFile, UnscannableError, zlib.error, EOFError, RuntimeError):
        # Entries with a password or an unknown compression raise RuntimeError.
        raise refuse(file_name, "is not an .xlsx workbook, or is damaged.", "不是 .xlsx 工作簿，或已损坏。") from None
    if scan.n_items > MAX_CELLS:
        raise refuse(
            file_name,
            "has too many cells; delete the unused rows and columns and upload it again.",
            "单元格过多，请删除多余的行和列后重新上传。",
        )
    if scan.n_spread_cells > MAX_SPREAD_CELLS:
        raise refuse(
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
        raise refuse(
            file_name, "is damaged and cannot be read; save it again.", "已损坏，无法读取，请重新保存。"
        ) from None
    if any(len(title) > MAX_SHEET_NAME for title in book.sheetnames):
        raise refuse(file_name, "has a sheet with an overlong name; shorten it.", "工作表名称过长，请缩短。")
    return book


def _raw(worksheet: Worksheet, formulas: Worksheet | None) -> RawSheet:
    """Copy the stored cells; the private mapping is used because walking rows would create every empty cell."""
    cells: dict[tuple[int, int], Cell] = {}
    for (row, column), cell in worksheet._cells.items():
        value = cleaned(unescape(cell.value)) if isinstance(cell.value, str) else cell.value
        pending = formulas is not None and value is None and formulas.cell(row, column).data_type == "f"
        if pending or (value is not None and value != ""):
            cells[row, column] = Cell(
                value=value,
                number_format=cell.number_format or "General",
                address=address_of(row, column),
                is_formula_without_value=pending,
                is_error=cell.data_type == "e",
            )
    return RawSheet(
        name=worksheet.title,
        cells=cells,
        merged=tuple(
            Area(first_row=m.min_row, last_row=m.max_row, first_column=m.min_col, last_column=m.max_col)
            for m in worksheet.merged_cells.ranges
        ),
        hidden_rows=frozenset(row for row, dimension in worksheet.row_dimensions.items() if dimension.hidden),
        is_hidden=worksheet.sheet_state != "visible",
    )
