"""Reads text tables (.csv): the encoding and the separator are told by the content, and every cell is a text."""

import csv
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import PurePath

from app.rosters.files.raw import MAX_SHEET_NAME, UNTYPED, Cell, RawSheet, address_of, cleaned, refuse

MAX_CELLS = 400_000
MAX_COLUMNS = 1_000
MAX_ROWS = 200_000
MAX_TEXT = 40_000
"""Characters of one cell; spreadsheet programs write at most 32,767."""
MAX_ROW_TEXT = 1_000_000
"""Characters of one row with its separators."""
_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_SEPARATORS = ",\t;"
_SNIFFED_LINES = 30
_LINE_END = re.compile(r"\r\n|\n|\r")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_ROUNDED = re.compile(r"[1-9](?:\.\d+)?[eE]\+?1[0-9]", re.ASCII)
"""What spreadsheet programs write for numbers of 11 to 20 digits, 5.20624E+17: the digits are gone."""


def open_csv(file_name: str, data: bytes) -> list[RawSheet]:
    """The one sheet of a text table, named after its file; raises ``WorkbookError`` for what is no text."""
    text = _decoded(file_name, data)
    separator = _separator(text)
    cells: dict[tuple[int, int], Cell] = {}
    for number, row in enumerate(_rows(file_name, text, separator), start=1):
        if number > MAX_ROWS or len(row) > MAX_COLUMNS or len(cells) > MAX_CELLS:
            raise refuse(
                file_name,
                "has too many rows or columns; split it by township.",
                "行或列过多，请按乡镇拆分。",
            )
        for column, raw in enumerate(row, start=1):
            value = cleaned(raw)
            if not value:
                continue
            if len(value) > MAX_TEXT:
                raise refuse(
                    file_name,
                    f"has an overlong text in line {number}; shorten it.",
                    f"第{number}行有过长的内容，请缩短。",
                )
            cells[number, column] = Cell(
                # Only a number can be rounded, so it is taken as one: it must not pass for what was typed.
                value=float(value) if _ROUNDED.fullmatch(value) else _unquoted(value),
                number_format="@" if value.startswith('="') else UNTYPED,
                address=address_of(number, column),
            )
    name = PurePath(file_name).stem[:MAX_SHEET_NAME] or "csv"
    return [RawSheet(name=name, cells=cells)]


def _decoded(file_name: str, data: bytes) -> str:
    """The text by its byte order mark, or as UTF-8, or as GB18030, which every Chinese system reads."""
    encodings = [name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)] or ["utf-8", "gb18030"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _CONTROL.search(text):
            return text
    raise refuse(
        file_name,
        "is neither a workbook nor a text table in UTF-8 or GB18030; save it as .xlsx.",
        "既不是工作簿，也不是 UTF-8 或 GB18030 编码的文本表格，请另存为 .xlsx。",
    )


def _separator(text: str) -> str:
    """The sign that splits the first lines into the most columns; the header is among them."""
    lines = [line[:MAX_ROW_TEXT] for line in islice(_lines(text), _SNIFFED_LINES)]
    return max(_SEPARATORS, key=lambda sign: max((_outside_quotes(line, sign) for line in lines), default=0))


def _outside_quotes(line: str, sign: str) -> int:
    return sum(part.count(sign) for part in line.split('"')[::2])


def _lines(text: str) -> Iterator[str]:
    """The lines one after the other with their ends; all of them at once would take far more than the text."""
    begin = 0
    while begin < len(text):
        end = _LINE_END.search(text, begin)
        stop = end.end() if end is not None else len(text)
        yield text[begin:stop]
        begin = stop


def _rows(file_name: str, text: str, separator: str) -> Iterator[list[str]]:
    n_characters = 0

    def counted() -> Iterator[str]:
        nonlocal n_characters
        for line in _lines(text):
            # Before the row is taken apart: a list of a million blank cells is larger than the file.
            n_characters += len(line)
            if n_characters > MAX_ROW_TEXT:
                raise refuse(file_name, "has too long rows; save it as .xlsx.", "行过长，请另存为 .xlsx。")
            yield line

    reader = csv.reader(counted(), delimiter=separator, strict=True)
    while True:
        n_characters = 0
        try:
            row = next(reader, None)
        except csv.Error:
            raise refuse(
                file_name,
                f"has an unclosed quotation mark or an overlong cell near line {reader.line_num}; save it as .xlsx.",
                f"第{reader.line_num}行附近引号不成对或单元格过长，请另存为 .xlsx。",
            ) from None
        if row is None:
            return
        yield row


def _unquoted(value: str) -> str:
    """A text that systems write as a formula so that it stays a text, ``="520624…"``."""
    match = re.fullmatch(r'="([^"]*)"', value)
    return match[1] if match else value
