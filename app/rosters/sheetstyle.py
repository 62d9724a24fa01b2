"""Fonts, borders and row heights of a printed roster; styles are made once per sheet and shared by all cells."""

import math
import unicodedata
from dataclasses import dataclass
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils.indexed_list import IndexedList
from openpyxl.worksheet.worksheet import Worksheet

from app.rosters.csvform import FORMULA_STARTS
from app.rosters.forms import FormTemplate
from app.rosters.grid import Cell as GridCell

PIXELS_PER_WIDTH_UNIT = 8
"""A column width of 1 is one digit of the workbook's default font; with Arial 11 that is 8 pixels at 96 dpi."""
PIXELS_PER_POINT = 96 / 72
_MEASURE_FONT_SIZE_PT = 11
_CELL_PADDING_PIXELS = 5
# Half-width characters of Chinese fonts are half an em; substitutes of the licensed fonts are wider.
_NARROW_EM = 0.6
_LINE_HEIGHT_EM = 1.45
_ROW_PADDING_PT = 7
_MAX_ROW_HEIGHT_PT = 409.0
"""Excel's limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """One look of a cell: the shared style record, and the same with the mark that its text is never a formula."""

    plain: Any
    quoted: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Styles:
    """Every look that a roster needs."""

    annex: Style
    title: Style
    line_left: Style
    line_right: Style
    header: Style
    centred: Style
    left: Style


def set_measure_font(workbook: Workbook, name: str) -> None:
    """Make this the font of the Normal style and the first of the file, from which programs take the width unit."""
    registered: Any = workbook
    font = Font(name=name, size=_MEASURE_FONT_SIZE_PT)
    registered._fonts = IndexedList([font])
    registered._named_styles["Normal"].font = font


def make_styles(sheet: Worksheet, template: FormTemplate) -> Styles:
    """The looks of one sheet after its template."""
    body = Font(name=template.body_font, size=template.body_size_pt)
    heading = Font(name=template.header_font, size=template.body_size_pt)
    title = Font(name=template.title_font, size=template.title_size_pt)
    side = Side(style="thin")
    box = Border(left=side, right=side, top=side, bottom=side)
    centre = Alignment(horizontal="center", vertical="center", wrap_text=True)
    left = Alignment(horizontal="left", vertical="center", wrap_text=True)
    right = Alignment(horizontal="right", vertical="center", wrap_text=True)
    return Styles(
        annex=_style(sheet, heading, left),
        title=_style(sheet, title, centre),
        line_left=_style(sheet, body, left),
        line_right=_style(sheet, body, right),
        header=_style(sheet, heading, centre, box),
        centred=_style(sheet, body, centre, box),
        left=_style(sheet, body, left, box),
    )


def _style(sheet: Worksheet, font: Font, alignment: Alignment, border: Border | None = None) -> Style:
    records = []
    for is_quoted in (False, True):
        # A cell that is never put on the sheet registers the style in the workbook; its record can then be shared.
        cell: Any = Cell(sheet, row=1, column=1)
        cell.font = font
        cell.alignment = alignment
        if border is not None:
            cell.border = border
        cell.quotePrefix = is_quoted
        records.append(cell._style)
    return Style(plain=records[0], quoted=records[1])


def printable(text: str) -> str:
    """The text without control characters, which the format cannot hold."""
    return ILLEGAL_CHARACTERS_RE.sub("", text)


def put(sheet: Worksheet, row: int, column: int, value: GridCell | None, style: Style) -> None:
    """Write one cell; every text is stored as text, whatever it begins with."""
    cell: Any = sheet.cell(row, column)
    if isinstance(value, str):
        value = printable(value)
    if value is None or value == "":
        cell._style = style.plain
        return
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"
        cell._style = style.quoted if value.startswith(FORMULA_STARTS) else style.plain
    else:
        cell._style = style.plain


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMeter:
    """Measures how many lines a text takes in a column; remembers its answers, as most texts come often."""

    size_pt: float
    _known: dict[tuple[str, float], int]

    @classmethod
    def of_size(cls, size_pt: float) -> "TextMeter":
        """A meter for text of this size in points."""
        return cls(size_pt=size_pt, _known={})

    def lines(self, text: str, width: float) -> int:
        """Lines of the text, wrapped at any character, in a column of this width in Excel's units."""
        known = self._known.get((text, width))
        if known is None:
            room = (width * PIXELS_PER_WIDTH_UNIT - _CELL_PADDING_PIXELS) / (self.size_pt * PIXELS_PER_POINT)
            known = sum(_wrapped(paragraph, room) for paragraph in text.split("\n"))
            self._known[text, width] = known
        return known

    def height_pt(self, lines: int) -> float:
        """Height of a row with so many lines, within what Excel allows."""
        return min(_MAX_ROW_HEIGHT_PT, math.ceil(lines * self.size_pt * _LINE_HEIGHT_EM + _ROW_PADDING_PT))


def _wrapped(text: str, room_em: float) -> int:
    """Lines of one paragraph: a character that does not fit begins the next line."""
    lines, used = 1, 0.0
    for character in text:
        width = 1.0 if unicodedata.east_asian_width(character) in "WFA" else _NARROW_EM
        if used + width > room_em and used:
            lines += 1
            used = 0.0
        used += width
    return lines
