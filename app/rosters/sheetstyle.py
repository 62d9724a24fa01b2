"""Fonts, borders and row heights of a printed form; formats are made once per sheet and shared by all cells."""

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from app.rosters.csvform import FORMULA_STARTS
from app.rosters.forms.template import FormTemplate
from app.rosters.grid import Cell

PIXELS_PER_WIDTH_UNIT = 8
"""A column width of 1 is one digit of the workbook's default font; with Arial 11 that is 8 pixels at 96 dpi."""
PIXELS_PER_POINT = 96 / 72
MEASURE_FONT_SIZE_PT = 11
_CELL_PADDING_PIXELS = 5
# Half-width characters of Chinese fonts are half an em; substitutes of the licensed fonts are wider.
_NARROW_EM = 0.6
_LINE_HEIGHT_EM = 1.45
_ROW_PADDING_PT = 7
_MAX_ROW_HEIGHT_PT = 409.0
"""Excel's limit."""
# A program that lacks a font takes another one of its kind: one for simplified Chinese, with serifs or without.
_SIMPLIFIED_CHINESE = 134
_SERIFS, _NO_SERIFS = 1, 2
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Control characters, which the format cannot hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """One look of a cell, and the same with the mark that its text is never a formula."""

    plain: Format
    quoted: Format


@dataclass(frozen=True, slots=True, kw_only=True)
class Styles:
    """Every look that a form needs."""

    annex: Style
    title: Style
    line_left: Style
    line_right: Style
    header: Style
    centred: Style
    left: Style


def make_styles(workbook: Workbook, template: FormTemplate) -> Styles:
    """The looks of one sheet after its template."""
    body = {"font_name": template.body_font, "font_size": template.body_size_pt, "font_family": _SERIFS}
    heading = {"font_name": template.header_font, "font_size": template.body_size_pt, "font_family": _NO_SERIFS}
    title = {"font_name": template.title_font, "font_size": template.title_size_pt, "font_family": _SERIFS}
    box = {"border": 1}
    centre, left, right = ({"align": side} for side in ("center", "left", "right"))
    return Styles(
        annex=_style(workbook, heading | left),
        title=_style(workbook, title | centre),
        line_left=_style(workbook, body | left),
        line_right=_style(workbook, body | right),
        header=_style(workbook, heading | centre | box),
        centred=_style(workbook, body | centre | box),
        left=_style(workbook, body | left | box),
    )


def _style(workbook: Workbook, look: dict[str, Any]) -> Style:
    whole = look | {"valign": "vcenter", "text_wrap": True, "font_charset": _SIMPLIFIED_CHINESE}
    return Style(plain=workbook.add_format(whole), quoted=workbook.add_format(whole | {"quote_prefix": True}))


def printable(text: str) -> str:
    """The text without control characters, which the format cannot hold."""
    return _ILLEGAL.sub("", text)


def put(sheet: Worksheet, row: int, column: int, value: Cell | None, style: Style) -> None:
    """Write one cell (from 0); every text is stored as text, whatever it begins with."""
    if isinstance(value, str):
        value = printable(value)
    if value is None or value == "":
        sheet.write_blank(row, column, None, style.plain)
    elif isinstance(value, str):
        sheet.write_string(row, column, value, style.quoted if value.startswith(FORMULA_STARTS) else style.plain)
    else:
        sheet.write_number(row, column, value, style.plain)


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
