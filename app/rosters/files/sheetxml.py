"""Runs through the XML of one sheet; nothing is kept but the cells that hold anything."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from openpyxl.utils import column_index_from_string
from openpyxl.utils.datetime import from_excel, from_ISO8601
from openpyxl.utils.escape import unescape

from app.rosters.files.package import DamagedError, TooLargeError
from app.rosters.files.raw import Area, Cell, address_of, cleaned
from app.rosters.files.styles import Style
from app.rosters.files.texts import MAX_TEXT, TextReader

MAX_ELEMENTS = 6_000_000
"""Rows and cells that are stored, blank ones too: 100,000 rows with 60 formatted columns."""
MAX_CELLS = 400_000
"""Cells that hold anything: 13,000 rows with 30 columns."""
MAX_CHARACTERS = 20_000_000
"""Characters of all cells, those repeated by merged ranges too: 13,000 rows with 30 columns of 50. Many cells may show
one stored text, so that the size of the file says nothing about them."""
MAX_MERGED = 100_000
MAX_SPREAD_CELLS = 300_000
"""Cells of merged ranges: 10,000 rows with 30 merged columns."""
_LAST_ROW = 1_048_576
_LAST_COLUMN = 16_384
_ADDRESS = re.compile(r"\$?([A-Z]{1,3})\$?([1-9][0-9]{0,6})")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_LONGEST_NUMBER = 40
_YES = ("1", "true")


class SpreadError(TooLargeError):
    """Merged ranges over whole rows or columns."""


@dataclass(slots=True, kw_only=True)
class Budget:
    """What a whole workbook may hold; counted down over its sheets."""

    n_elements: int = 0
    n_cells: int = 0
    n_spread: int = 0
    n_characters: int = 0

    def element(self) -> None:
        """One more row or cell."""
        self.n_elements += 1
        if self.n_elements > MAX_ELEMENTS:
            raise TooLargeError("elements")

    def cell(self, value: object) -> None:
        """One more cell that holds something."""
        self.n_cells += 1
        if self.n_cells > MAX_CELLS:
            raise TooLargeError("cells")
        self._text(value, 1)

    def spread(self, area: Area) -> None:
        """One more merged range."""
        self.n_spread += area.height * area.width
        if self.n_spread > MAX_SPREAD_CELLS:
            raise SpreadError("merged")

    def repeat(self, cells: Mapping[tuple[int, int], Cell], areas: Iterable[Area]) -> None:
        """The texts that merged ranges repeat."""
        for area in areas:
            top = cells.get((area.first_row, area.first_column))
            if top is not None:
                self._text(top.value, area.height * area.width - 1)

    def _text(self, value: object, times: int) -> None:
        if isinstance(value, str):
            self.n_characters += len(value) * times
            if self.n_characters > MAX_CHARACTERS:
                raise TooLargeError("characters")


class SheetReader:
    """Receives the tags of one sheet, and keeps its cells, merged ranges and what is hidden."""

    def __init__(self, *, texts: list[str], styles: list[Style], epoch: datetime, budget: Budget) -> None:
        self.cells: dict[tuple[int, int], Cell] = {}
        self.merged: list[Area] = []
        self.hidden_rows: set[int] = set()
        self.hidden_columns: set[int] = set()
        self._texts, self._styles, self._epoch, self._budget = texts, styles, epoch, budget
        self._row = self._column = self._n_hidden = 0
        self._kind = "n"
        self._style = Style()
        self._value: list[str] | None = None
        self._n_value = 0
        self._is_reading = False
        self._has_formula = False
        self._inline: TextReader | None = None
        self._is_cell = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """A tag begins."""
        if self._inline is not None:
            self._inline.start(tag)
        elif tag == "c":
            self._start_cell(attributes)
        elif tag == "v":
            self._value, self._is_reading = [], self._is_cell
        elif tag == "f":
            self._has_formula = True
        elif tag == "is":
            self._inline = TextReader()
        elif tag == "row":
            self._budget.element()
            self._row = _bounded(attributes["r"], _LAST_ROW) if "r" in attributes else self._row + 1
            self._column = 0
            if attributes.get("hidden") in _YES:
                self.hidden_rows.add(self._row)
        elif tag == "col":
            if attributes.get("hidden") in _YES:
                self._hide_columns(*(_bounded(attributes.get(name, ""), _LAST_COLUMN) for name in ("min", "max")))
        elif tag == "mergeCell":
            self._merge(attributes.get("ref", ""))

    def text(self, text: str) -> None:
        """Characters of the document."""
        if self._inline is not None:
            self._inline.add(text)
        elif self._is_reading and self._value is not None:
            self._n_value += len(text)
            if self._n_value > MAX_TEXT:
                raise TooLargeError("text")
            self._value.append(text)

    def end(self, tag: str) -> None:
        """A tag ends."""
        if tag == "c":
            self._end_cell()
        elif tag == "v":
            self._is_reading = False
        elif self._inline is not None:
            self._inline.end(tag)
            if tag == "is":
                self._value, self._inline = [self._inline.take()], None

    def repeat_merged(self) -> None:
        """Count what merged ranges repeat, when the sheet is read to its end."""
        self._budget.repeat(self.cells, self.merged)

    def _start_cell(self, attributes: dict[str, str]) -> None:
        self._budget.element()
        self._is_cell = True
        self._value, self._n_value, self._has_formula, self._inline = None, 0, False, None
        self._kind = attributes.get("t", "n")
        if "r" in attributes:
            self._row, self._column = position(attributes["r"])
        else:
            self._column += 1
        if not (1 <= self._row <= _LAST_ROW and self._column <= _LAST_COLUMN):
            raise DamagedError("address")
        number = attributes.get("s", "0")
        if not number.isdigit() or not number.isascii() or len(number) > 6:
            raise DamagedError("style")
        if int(number) < len(self._styles):
            self._style = self._styles[int(number)]
        elif number == "0":
            self._style = Style()
        else:
            raise DamagedError("style")

    def _end_cell(self) -> None:
        self._is_cell = False
        self._inline = None
        raw = None if self._value is None else "".join(self._value).strip()
        # A formula that gives an empty text has a result: it is stored as a text without characters.
        is_pending = self._has_formula and not raw and (self._kind != "str" or raw is None)
        value, is_error = (None, False) if not raw else self._typed(raw)
        if not is_pending and (value is None or value == ""):
            return
        if (self._row, self._column) in self.cells:
            raise DamagedError("two cells at one address")
        self._budget.cell(value)
        self.cells[self._row, self._column] = Cell(
            value=value,
            number_format=self._style.number_format,
            address=address_of(self._row, self._column),
            is_formula_without_value=is_pending,
            is_error=is_error,
            look=self._style.look,
        )

    def _typed(self, raw: str) -> tuple[Any, bool]:
        """The value of a cell, and whether it is an error."""
        match self._kind:
            case "n":
                return self._numeric(raw)
            case "s":
                index = _bounded(raw, len(self._texts), first=0)
                if index == len(self._texts):
                    raise DamagedError("shared text")
                return self._texts[index], False
            case "str":
                return cleaned(unescape(raw)), False
            case "inlineStr":
                return raw, False
            case "b":
                return raw in _YES, False
            case "e":
                return raw[:20], True
            case "d":
                return _iso_day(raw), False
        raise DamagedError("kind of cell")

    def _numeric(self, raw: str) -> tuple[Any, bool]:
        if len(raw) > _LONGEST_NUMBER or not _NUMBER.fullmatch(raw):
            raise DamagedError("number")
        number = int(raw) if raw.lstrip("+-").isdigit() else float(raw)
        if not self._style.is_date:
            return number, False
        try:
            return from_excel(number, self._epoch, timedelta=self._style.is_duration), False
        except (OverflowError, ValueError):
            # A number that is no day; programs show #### for it.
            return "#VALUE!", True

    def _hide_columns(self, first: int, last: int) -> None:
        """Columns are described once: a sheet that hides them again and again would only take time."""
        self._n_hidden += max(0, last + 1 - first)
        if self._n_hidden > _LAST_COLUMN:
            raise DamagedError("columns")
        self.hidden_columns.update(range(first, last + 1))

    def _merge(self, reference: str) -> None:
        first, _, last = reference.partition(":")
        first_row, first_column = position(first)
        last_row, last_column = position(last or first)
        if not (first_row <= last_row <= _LAST_ROW and first_column <= last_column <= _LAST_COLUMN):
            raise DamagedError("merged range")
        area = Area(first_row=first_row, last_row=last_row, first_column=first_column, last_column=last_column)
        self._budget.spread(area)
        self.merged.append(area)
        if len(self.merged) > MAX_MERGED:
            raise SpreadError("merged")


def position(reference: str) -> tuple[int, int]:
    """Row and column of an address such as ``C7``; raises ``DamagedError``."""
    match = _ADDRESS.fullmatch(reference)
    if match is None:
        raise DamagedError("address")
    return int(match[2]), _column_index(match[1])


def _bounded(text: str, last: int, *, first: int = 1) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and first <= int(text) <= last):
        raise DamagedError("number")
    return int(text)


def _iso_day(raw: str) -> Any:
    try:
        return _read_iso(raw)
    except (ValueError, OverflowError, TypeError):
        raise DamagedError("day") from None


_column_index: Callable[[str], int] = column_index_from_string
_read_iso: Callable[[str], Any] = from_ISO8601
