"""The shape of a sheet: its columns, the header words by which they are found, and what tells it from other sheets."""

import re
from dataclasses import dataclass, field

from app.folding import folded
from app.services.imports.records import SheetKind

_IGNORED = re.compile(r"[\s\W_]+")
INSTRUCTIONS, LISTS = "填表须知", "填表选项"
IGNORED_SHEETS = frozenset({INSTRUCTIONS, LISTS})
"""Names of the sheets of our templates that hold no table."""


def normalize_header(text: str) -> str:
    """A header without white space and punctuation, in half width and in simplified characters."""
    return _IGNORED.sub("", folded(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its key, its titles in both languages, and the header paths by which it is recognised.

    ``pattern`` recognises a family of columns by a regular expression with one group, such as the year, which becomes
    the end of the key; ``excluded`` are headers that the pattern would fit and that mean something else. A column that
    is not offered is read where it stands; templates leave it out, for another one says the same better.
    """

    key: str
    title_zh: str
    title: str
    names: frozenset[str]
    pattern: re.Pattern[str] | None = None
    excluded: frozenset[str] = frozenset()
    is_offered: bool = True

    def match(self, path: str) -> str | None:
        """The key under which a column with this header path is stored, or ``None``."""
        if path in self.names:
            return self.key
        if self.pattern is not None and path not in self.excluded and (found := self.pattern.fullmatch(path)):
            return f"{self.key}_{found[1]}"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One kind of sheet.

    ``marks`` are the columns that tell it from others, ``anchors`` those of which a header must have one, ``required``
    those it cannot lack; ``minimum`` is the fewest columns that make a header.
    """

    kind: SheetKind
    title_zh: str
    title: str
    columns: tuple[Column, ...]
    marks: frozenset[str]
    required: frozenset[str]
    minimum: int
    anchors: frozenset[str] = field(default=frozenset({"name"}))

    def is_header(self, known: set[str]) -> bool:
        """Whether the columns with these keys are enough to be the header of such a sheet."""
        return len(known) >= self.minimum and bool(known & self.marks) and bool(known & self.anchors)

    def column(self, key: str) -> Column | None:
        """The column of a key; yearly columns are found by the part before the year."""
        return next(
            (c for c in self.columns if c.key == key or (c.pattern is not None and key.startswith(f"{c.key}_"))), None
        )


def column(
    key: str,
    title: str,
    *names: str,
    pattern: str | None = None,
    excluded: frozenset[str] = frozenset(),
    is_offered: bool = True,
) -> Column:
    """A column: the first name is its title in Chinese, the others are further headers people write."""
    return Column(
        key=key,
        title_zh=names[0],
        title=title,
        names=frozenset() if pattern else frozenset(normalize_header(name) for name in names),
        pattern=re.compile(pattern) if pattern else None,
        excluded=excluded,
        is_offered=is_offered,
    )
