"""What happens to one row of a workbook, and what is wrong with it."""

from dataclasses import dataclass, field

from app.models.vocabulary import RowChange, Severity
from app.services.imports.issues import Problem


@dataclass(slots=True)
class Outcome:
    """What happens to one row, and what is wrong with it: pairs of column key and problem.

    ``changed`` are the keys of the columns that differ from what is on file, of a row that changes something. What is
    of class A (discipline, kinship, exclusions, wishes) is never among them. ``about`` names the people and places that
    the row is about; of a row of kinship or exclusions only its kind.
    """

    change: RowChange = RowChange.UNCHANGED
    problems: list[tuple[str, Problem]] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    about: set[str] = field(default_factory=set)

    @property
    def has_errors(self) -> bool:
        """Whether a problem prevents the commit."""
        return any(problem.severity is Severity.ERROR for _, problem in self.problems)

    def note_change(self, *column_keys: str) -> None:
        """The row differs from what is on file, at these columns; one that makes something new stays new."""
        self.changed.update(column_keys)
        if self.change is RowChange.UNCHANGED:
            self.change = RowChange.CHANGED

    def problem(self, column_key: str, code: str, *, options: str = "") -> None:
        """Note a problem at a column of this row."""
        self.problems.append((column_key, Problem(code=code, options=options)))
