"""A table found in a sheet, and what people have decided about it: mappings of columns and corrections of cells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from app.rosters.columns import Layout
from app.rosters.files.raw import Cell
from app.services.imports.records import SheetKind


class RowAction(Enum):
    """What may be done to a whole row of the file."""

    SKIP_ROW = "SKIP_ROW"


SKIP_ROW: Literal[RowAction.SKIP_ROW] = RowAction.SKIP_ROW
Correction = str | Literal[RowAction.SKIP_ROW]
"""A text that replaces the value of a cell, or ``SKIP_ROW``."""
Corrections = Mapping[tuple[str, str], Correction]
"""By name of the sheet and address of the cell, ``E17``; ``SKIP_ROW`` by name of the sheet and row, ``17``."""
Remembered = Mapping[tuple[SheetKind, str], str | None]
"""The key of a column by kind and normalised header path; ``None``: the column is left out on purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetMapping:
    """What a person says about a sheet; without ``kind`` it is left out.

    ``columns`` gives the keys of columns by their letters, ``None`` for one that is left out; the others are
    recognised by their headers. Without ``header_row`` the header is looked for; with 0 there is none, and data begin
    in row 1.
    """

    kind: SheetKind | None
    header_row: int | None = None
    columns: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRow:
    """One row of a table: cells by column key."""

    number: int
    cells: dict[str, Cell]


@dataclass(slots=True, kw_only=True)
class Sheet:
    """One sheet that holds a table, with everything noteworthy that is not in a data row.

    ``columns`` are letters by key, ``headers`` the headers as written by letter, their parts joined by ``/``.
    ``notes`` are triples of cell address, issue code and column key. Without ``layout`` nobody knows yet what the
    sheet is about; ``is_left_out``: somebody has decided that it is not read.
    """

    name: str
    layout: Layout | None
    header_row: int = 0
    columns: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    rows: list[DataRow] = field(default_factory=list)
    n_skipped: int = 0
    notes: list[tuple[str, str, str]] = field(default_factory=list)
    is_left_out: bool = False
