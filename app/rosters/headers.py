"""Which columns each kind of sheet may have, asked by key."""

from app.rosters.columns import LAYOUTS
from app.services.imports.records import SheetKind

_LAYOUT_BY_KIND = {layout.kind: layout for layout in LAYOUTS}


def has_column(kind: SheetKind, key: str) -> bool:
    """Whether sheets of a kind have a column of this key; one of a family of yearly columns ends with its year."""
    column = _LAYOUT_BY_KIND[kind].column(key)
    if column is None or column.pattern is None:
        return column is not None
    year = key.removeprefix(f"{column.key}_")
    return len(year) == 4 and year.isdecimal() and year.isascii()
