"""An issue of an import on its way to a cell, and what it says there."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.models.vocabulary import Severity
from app.services.imports.issue_catalogue import ISSUES


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An issue on its way to a cell: what, about which column, with which harmless details.

    ``choices`` are texts that, put into the cell, would be read.
    """

    code: str
    column: str = ""
    column_zh: str = ""
    options: str = ""
    choices: tuple[str, ...] = ()
    """Texts that, put in the cell, would be read."""

    @property
    def severity(self) -> Severity:
        """Whether the problem prevents the commit."""
        return ISSUES[self.code][0]

    def messages(self) -> tuple[str, str]:
        """English and Chinese text, cut to the width of the table."""
        _, english, chinese = ISSUES[self.code]
        values = {"column": self.column, "column_zh": self.column_zh, "options": self.options or "-"}
        return english.format(**values)[:400], chinese.format(**values)[:400]


def listed(names: Sequence[str], *, limit: int = 5) -> str:
    """Names joined for a message, the first few of them."""
    return "、".join(names[:limit]) + ("…" if len(names) > limit else "")
