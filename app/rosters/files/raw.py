"""What every kind of file is read into: sheets of cells, and the refusal of files that cannot be read."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from openpyxl.utils import get_column_letter

from app.errors import WorkbookError
from app.services.people.identity import plain_text

UNTYPED = "csv"
"""The number format of cells of text tables, which do not tell numbers from texts."""
MAX_SHEET_NAME = 80
"""Characters; spreadsheet programs allow 31."""

column_letter = lru_cache(maxsize=None)(get_column_letter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell: its stored value, how it is shown, and where it stands; ``is_filled``: it repeats another one.

    ``look`` numbers the fill, the colour of the font and the line through it; 0 is plain.
    """

    value: Any
    number_format: str
    address: str
    is_formula_without_value: bool = False
    is_error: bool = False
    is_filled: bool = False
    look: int = 0

    @property
    def text(self) -> str:
        """The value as text, without surrounding white space; a whole number has no decimal point."""
        if self.value is None:
            return ""
        if isinstance(self.value, bool):
            return "TRUE" if self.value else "FALSE"
        if isinstance(self.value, float) and self.value.is_integer():
            return str(int(self.value))
        return str(self.value).strip()

    @property
    def is_blank(self) -> bool:
        """Whether nothing stands in the cell; a formula without a stored result is not blank."""
        return not self.is_formula_without_value and not self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A merged range, one-based and inclusive."""

    first_row: int
    last_row: int
    first_column: int
    last_column: int

    @property
    def height(self) -> int:
        """Rows."""
        return self.last_row - self.first_row + 1

    @property
    def width(self) -> int:
        """Columns."""
        return self.last_column - self.first_column + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RawSheet:
    """One sheet as stored: the cells that hold anything, by one-based row and column, and what is hidden."""

    name: str
    cells: dict[tuple[int, int], Cell]
    merged: tuple[Area, ...] = ()
    hidden_rows: frozenset[int] = field(default_factory=frozenset)
    hidden_columns: frozenset[int] = field(default_factory=frozenset)
    is_hidden: bool = False
    has_comments: bool = False


def address_of(row: int, column: int) -> str:
    """``C7`` for row 7 and column 3."""
    return f"{column_letter(column)}{row}"


def cleaned(text: str) -> str:
    """A text with plain line breaks and without invisible characters."""
    return plain_text(text.replace("\r\n", "\n").replace("\r", "\n"))


def refuse(file_name: str, what: str, what_zh: str) -> WorkbookError:
    """The refusal of a whole file."""
    return WorkbookError(f"{file_name} {what}", f"{file_name} {what_zh}", path=("file",))
