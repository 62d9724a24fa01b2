"""Finds the header of a table by its words: which rows it takes up, what kind of table it is, and its columns."""

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field

from openpyxl.utils import column_index_from_string

from app.errors import InvalidInputError
from app.rosters.columns import LAYOUTS, Layout, normalize_header
from app.rosters.tables.grid import Grid
from app.rosters.tables.sheet import Remembered, SheetMapping
from app.services.imports.records import SheetKind

HEADER_SEARCH_ROWS = 30
MAX_HEADER_DEPTH = 3
LONGEST_HEADER_PART = 100
"""Characters; a longer text is no name of a column, and patterns are not tried on it."""
SEARCHED_COLUMNS = 300
"""Columns by which a header is looked for; the one that is found is read in its whole width."""
_MEASURED_PART = 4 * LONGEST_HEADER_PART
"""Characters of a cell that are looked at, white space included, to tell a header part from what is too long."""
FEWEST_HEADER_WORDS = 3
"""Header words that make a row below the table the header of another one."""
_NAMES: dict[SheetKind, dict[str, str]] = {
    layout.kind: {name: column.key for column in reversed(layout.columns) for name in column.names}
    for layout in LAYOUTS
}
_HEADER_WORDS = frozenset(name for names in _NAMES.values() for name in names)
_BEGINNINGS = frozenset(name[:length] for name in _HEADER_WORDS for length in range(2, len(name) + 1)) | _HEADER_WORDS
_HINT = re.compile(
    r"[(（【\[][^()（）【】\[\]]*(?:如|例|必填|选填|填写|格式|岁|年龄|位|文本|下拉|不填|以内|注[:：]|[/、])[^()（）【】\[\]]*[)）】\]]"
)
"""What a header says about how to fill in the column, 身份证号（必填）, 培养方向（书记/主任/两委委员）."""
_BRACKETS = re.compile(r"[(（【\[][^()（）【】\[\]]*[)）】\]]")


class _Words(dict[str, str]):
    """Normalised header parts by the parts as written, each normalised once."""

    def __missing__(self, part: str) -> str:
        self[part] = normalize_header(part)
        return self[part]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Memo:
    """What was found out about the header parts of one sheet: the same cells are tried at every depth and kind."""

    words: _Words = field(default_factory=_Words)
    keys: dict[tuple[SheetKind, tuple[str, ...]], str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A header: its first row, its rows, and per column the key, or ``None``, and the parts as written.

    ``left_out`` are columns of which somebody has decided that they are not read. Without ``layout`` it is a guess.
    """

    layout: Layout | None
    first_row: int
    depth: int
    keys: dict[int, str | None]
    parts: dict[int, tuple[str, ...]]
    left_out: frozenset[int] = frozenset()

    @property
    def last_row(self) -> int:
        """The last row of the header."""
        return self.first_row + self.depth - 1


def find_header(grid: Grid, remembered: Remembered) -> Header:
    """The best header among the first rows, of whatever kind; a guess without layout when none is known."""
    best: tuple[tuple[int, int, int], Header] | None = None
    memo = _Memo()
    beginnings = _BEGINNINGS | {path[:length] for _, path in remembered for length in range(2, len(path) + 1)}
    for first in range(1, HEADER_SEARCH_ROWS + 1):
        if not _may_begin_header(grid, first, beginnings):
            continue
        for depth in range(1, MAX_HEADER_DEPTH + 1):
            parts = header_parts(grid, first, depth, limit=SEARCHED_COLUMNS, words=memo.words)
            for layout in LAYOUTS:
                header = _read(layout, first, depth, parts, {}, remembered, memo)
                known = {key for key in header.keys.values() if key is not None}
                if not layout.is_header(known):
                    continue
                # Of equally good headers the one that begins first, and of those the flattest.
                if best is None or (len(known), -first, -depth) > best[0]:
                    best = ((len(known), -first, -depth), header)
    if best is None:
        return _guess(grid)
    return _widened(grid, best[1], {}, remembered, memo)


def mapped_header(grid: Grid, layout: Layout, mapping: SheetMapping, remembered: Remembered) -> Header:
    """The header of a sheet of which a person has said what it is."""
    columns = _columns(layout, mapping.columns)
    if mapping.header_row == 0:
        return Header(layout=layout, first_row=0, depth=1, keys=dict(columns), parts={}, left_out=_left_out(columns))
    memo = _Memo()
    rows = [mapping.header_row] if mapping.header_row is not None else range(1, HEADER_SEARCH_ROWS + 1)
    best: tuple[tuple[int, int, int], Header] | None = None
    for first in rows:
        if mapping.header_row is None and len(set(grid.texts(first))) < 2:
            continue
        for depth in range(_shape(grid, first), MAX_HEADER_DEPTH + 1):
            parts = header_parts(grid, first, depth, limit=SEARCHED_COLUMNS, words=memo.words)
            header = _read(layout, first, depth, parts, columns, remembered, memo)
            # Columns that were named count nothing here: they would make any row look like a header.
            known = {k for column, k in header.keys.items() if k is not None and column not in columns}
            if best is None or (len(known), -first, -depth) > best[0]:
                best = ((len(known), -first, -depth), header)
    if best is None:
        return Header(layout=layout, first_row=1, depth=1, keys=dict(columns), parts={})
    return _widened(grid, best[1], columns, remembered, memo)


def _widened(
    grid: Grid, header: Header, columns: Mapping[int, str | None], remembered: Remembered, memo: _Memo
) -> Header:
    """A header that was found by its first columns, with all of its columns."""
    assert header.layout is not None
    parts = header_parts(grid, header.first_row, header.depth, words=memo.words)
    return _read(header.layout, header.first_row, header.depth, parts, columns, remembered, memo)


def is_other_header(texts: list[str]) -> bool:
    """Whether a row looks like the header of a table."""
    if _is_line(texts):
        return False
    return sum(_word(text) in _HEADER_WORDS for text in texts) >= FEWEST_HEADER_WORDS


def _may_begin_header(grid: Grid, row: int, beginnings: Set[str]) -> bool:
    """Not a title, and not a line such as 单位名称：…　统计日期：…, but words of headers or groups of columns."""
    texts = set(grid.texts(row))
    if len(texts) < 2 or _is_line(texts):
        return False
    return _shape(grid, row) > 1 or any(_word(text) in beginnings for text in texts)


def _is_line(texts: Iterable[str]) -> bool:
    """Whether a text is a label with its value, 单位名称：…; headers may end in a colon, or explain themselves."""
    return any(
        (":" in bare or "：" in bare) and _word(bare) not in _HEADER_WORDS
        for bare in (_BRACKETS.sub("", text) for text in texts)
    )


def _word(text: str) -> str:
    """The normalised header; blank for what is too long to be one."""
    return normalize_header(text) if len(text) <= LONGEST_HEADER_PART else ""


def _shape(grid: Grid, first: int) -> int:
    """The fewest rows a header can have by its merged cells: groups of columns stand above something."""
    depth = 1
    width = len(grid.columns_by_row.get(first, ()))
    for area in grid.sheet.merged:
        if area.first_row == first and area.height <= MAX_HEADER_DEPTH and area.width < width:
            depth = max(depth, area.height + (area.width > 1))
    return min(depth, MAX_HEADER_DEPTH)


def _guess(grid: Grid) -> Header:
    """The row most like a header, for a person who will say what it is."""
    best, first = (0, 0), 0
    for row in range(1, HEADER_SEARCH_ROWS + 1):
        texts = set(grid.texts(row))
        if len(texts) >= 2 and not _is_line(texts):
            score = (sum(_word(text) in _HEADER_WORDS for text in texts), len(texts))
            if first == 0 or score > best:
                best, first = score, row
    if first == 0:
        return Header(layout=None, first_row=0, depth=0, keys={}, parts={})
    depth = _shape(grid, first)
    parts = header_parts(grid, first, depth)
    return Header(layout=None, first_row=first, depth=depth, keys=dict.fromkeys(parts), parts=parts)


def header_parts(
    grid: Grid, first: int, depth: int, *, limit: int | None = None, words: Mapping[str, str] | None = None
) -> dict[int, tuple[str, ...]]:
    """Each column with its header parts from top to bottom; a part repeated by a merged range counts once.

    A part that is too long to be one is cut; with ``limit`` only so many columns are looked at.
    """
    words = _Words() if words is None else words
    found: dict[int, tuple[str, ...]] = {}
    columns = {column for row in range(first, first + depth) for column in grid.columns_by_row.get(row, ())}
    for column in sorted(columns)[:limit]:
        parts: list[str] = []
        for row in range(first, first + depth):
            # One character more than a header may have: what is cut stays too long.
            part = " ".join(grid.cell(row, column).text[:_MEASURED_PART].split())[: LONGEST_HEADER_PART + 1]
            if words[part] and (not parts or words[parts[-1]] != words[part]):
                parts.append(part)
        if parts:
            found[column] = tuple(parts)
    return found


def _columns(layout: Layout, columns: Mapping[str, str | None]) -> dict[int, str | None]:
    """Keys by column number; raises for letters that are no column and keys that the layout does not have."""
    found: dict[int, str | None] = {}
    for letter, key in columns.items():
        if key is not None and layout.column(key) is None:
            raise InvalidInputError(
                f"{layout.kind} has no column {key}.", f"“{layout.title_zh}”没有“{key}”列。", path=("columns",)
            )
        try:
            found[column_index_from_string(letter)] = key
        except ValueError:
            raise InvalidInputError(
                f"{letter[:8]} is no column letter.", f"“{letter[:8]}”不是列号。", path=("columns",)
            ) from None
    return found


def _left_out(columns: Mapping[int, str | None]) -> frozenset[int]:
    return frozenset(column for column, key in columns.items() if key is None)


def _read(
    layout: Layout,
    first: int,
    depth: int,
    parts: dict[int, tuple[str, ...]],
    columns: Mapping[int, str | None],
    remembered: Remembered,
    memo: _Memo,
) -> Header:
    """The header of a layout: what a person said of this sheet first, then what was remembered, then the words."""
    keys: dict[int, str | None] = {}
    left_out = set(_left_out(columns))
    taken = {key for key in columns.values() if key is not None}
    for column in sorted(parts.keys() | columns.keys()):
        if column in columns:
            keys[column] = columns[column]
            continue
        memory = (layout.kind, "".join(memo.words[part] for part in parts[column]))
        key = remembered.get(memory)
        if memory in remembered and key is None:
            left_out.add(column)
        elif key is None or layout.column(key) is None:
            sought = (layout.kind, parts[column])
            if sought not in memo.keys:
                memo.keys[sought] = _match(layout, parts[column])
            key = memo.keys[sought]
        keys[column] = None if key in taken else key
    return Header(layout=layout, first_row=first, depth=depth, keys=keys, parts=parts, left_out=frozenset(left_out))


def _match(layout: Layout, parts: tuple[str, ...]) -> str | None:
    """The key of a header path: the whole path first, then ever shorter ends of it; hints on filling in last."""
    if any(len(part) > LONGEST_HEADER_PART for part in parts):
        return None
    bare = tuple(_HINT.sub("", part) for part in parts)
    for variant in (parts, bare) if bare != parts else (parts,):
        words = [normalize_header(part) for part in variant]
        for start in range(len(words)):
            path = "".join(words[start:])
            key = _NAMES[layout.kind].get(path)
            if key is not None:
                return key
            for column in layout.columns:
                if column.pattern is not None and (key := column.match(path)) is not None:
                    return key
    return None
