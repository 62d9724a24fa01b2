"""Reads the cells of one row by column keys; every problem of the row is collected, none stops the reading."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from app.models.vocabulary import Severity
from app.rosters.columns import Layout
from app.rosters.parsing import CellError, parse_id_number
from app.rosters.workbook import Cell, DataRow
from app.services.imports.gazetteer import Gazetteer, PlaceProblemError
from app.services.imports.issues import Problem

ValueT = TypeVar("ValueT")


@dataclass(slots=True, kw_only=True)
class RowReader:
    """Reads one row by column keys and collects what is wrong with it, as pairs of column key and problem."""

    row: DataRow
    layout: Layout
    gazetteer: Gazetteer
    problems: list[tuple[str, Problem]] = field(default_factory=list)

    @property
    def has_errors(self) -> bool:
        """Whether the row cannot become a record."""
        return any(problem.severity is Severity.ERROR for _, problem in self.problems)

    def problem(self, key: str, code: str, options: str = "", choices: tuple[str, ...] = ()) -> None:
        """Note a problem at a column."""
        self.problems.append((key, Problem(code=code, options=options, choices=choices)))

    def cell(self, key: str) -> Cell | None:
        """The cell of a column, or ``None`` when it is blank or the column is missing."""
        cell = self.row.cells.get(key)
        if cell is None or (not cell.text and not cell.is_formula_without_value):
            return None
        return cell

    def read(self, key: str, parse: Callable[[Cell], ValueT], *, is_required: bool = False) -> ValueT | None:
        """The parsed value; a blank cell gives ``None``, and an issue when the value is required."""
        cell = self.cell(key)
        if cell is None:
            if is_required:
                self.problem(key, "MISSING_VALUE")
            return None
        if cell.is_formula_without_value:
            self.problem(key, "FORMULA_WITHOUT_VALUE")
            return None
        if cell.is_error:
            self.problem(key, "ERROR_VALUE")
            return None
        try:
            return parse(cell)
        except (CellError, PlaceProblemError) as error:
            self.problem(key, error.code, error.options, error.choices)
            return None


def read_id_number(reader: RowReader, key: str) -> str | None:
    """The 18 characters of an ID number column, with its warnings noted."""
    found = reader.read(key, parse_id_number)
    if found is None:
        return None
    for code in found[1]:
        reader.problem(key, code)
    return found[0]
