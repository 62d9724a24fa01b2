"""Which column of a roster is about whom: by the words of its header, whatever a county calls its columns."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.rosters.columns import normalize_header
from app.rosters.tables.grid import Grid
from app.rosters.tables.header import HEADER_SEARCH_ROWS, MAX_HEADER_DEPTH, SEARCHED_COLUMNS, header_parts

_WORDS: Mapping[str, tuple[str, ...]] = {
    "code": ("编号", "人员编号", "编码", "人员编码"),
    "name": ("姓名", "名字", "姓名称"),
    "unit_and_post": (
        "单位及职务",
        "单位职务",
        "单位和职务",
        "所在单位及职务",
        "工作单位及职务",
        "现单位及职务",
        "原单位及职务",
        "现任职务",
        "职务",
    ),
    "unit": ("单位", "工作单位", "所在单位", "选派单位", "派出单位"),
    "township": ("乡镇", "乡镇街道", "街道乡镇", "镇街", "所在乡镇", "所属乡镇"),
    "village": ("村", "村社区", "社区村", "行政村", "村名", "所在村", "所属村"),
    "slot": ("帮带岗位", "岗位", "帮带名额", "席位", "帮带类型"),
}
_KEYS = {word: key for key, words in _WORDS.items() for word in words}
_MENTEE = re.compile(r"后备力量|后备干部|后备人才|选派干部|选派人员|帮带对象|培养对象|被帮带(?:人|干部)?|徒弟|学员")
_MENTOR = re.compile(r"帮带干部|帮带导师|导师|帮带人|帮扶干部|师傅|指导老师")
_ORDINAL = re.compile(r"^(?:第?[一二三四五六七八九十\d]+)")
_IDENTITY = frozenset({"code", "name"})
BARE = "bare"
"""The key of a column above which nothing stands but whom it is about."""


@dataclass(slots=True, kw_only=True)
class _Group:
    """Columns about one person: what stands above them, whose words these are, and columns by key."""

    title: str
    is_mentee: bool
    is_mentor: bool
    columns: dict[str, int] = field(default_factory=dict)
    texts: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonColumns:
    """Where a person stands: columns of 编号 and name, and those of unit, post or place."""

    title: str
    code: int | None
    name: int | None
    texts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterHeader:
    """The header of a roster: its last row, where the mentee stands, and every group of columns of a mentor.

    With one group the mentors of a mentee may stand below each other; ``slot`` is the column that tells their seats.
    """

    first_row: int
    last_row: int
    mentee: PersonColumns
    places: tuple[int, ...]
    mentors: tuple[PersonColumns, ...]
    slot: int | None
    n_known: int


def find_roster_header(grid: Grid) -> RosterHeader | None:
    """The header of a roster in a sheet, found by its words; ``None`` for a sheet that is none."""
    best: tuple[tuple[int, int, int], RosterHeader] | None = None
    for first in range(1, HEADER_SEARCH_ROWS + 1):
        if len(set(grid.texts(first))) < 2:
            continue
        for depth in range(1, MAX_HEADER_DEPTH + 1):
            header = _header(first, depth, header_parts(grid, first, depth, limit=SEARCHED_COLUMNS))
            if header is None:
                continue
            # Of equally good headers the flattest: lines above the table are no part of it.
            rank = (header.n_known, -depth, -first)
            if best is None or rank > best[0]:
                best = (rank, header)
    return best[1] if best is not None else None


def _header(first: int, depth: int, parts: Mapping[int, tuple[str, ...]]) -> RosterHeader | None:
    groups: list[_Group] = []
    places: dict[str, int] = {}
    slot: int | None = None
    read = {column: _read(path) for column, path in parts.items()}
    bare = Counter(title for title, key, _, _ in read.values() if key == BARE)
    for column, (title, key, is_mentee, is_mentor) in read.items():
        if key == BARE:
            # 帮带导师 over one column is a name; over several it is the head of a group, whose columns come below.
            key = "name" if bare[title] == 1 else None
        if key in ("township", "village"):
            places.setdefault(key, column)
        elif key == "slot":
            slot = column if slot is None else slot
        elif key is not None:
            _put(groups, title, key, column, is_mentee=is_mentee, is_mentor=is_mentor)
    people = [group for group in groups if _IDENTITY & group.columns.keys()]
    mentee = next((group for group in people if group.is_mentee), None)
    if mentee is None:
        mentee = next((group for group in people if not group.is_mentor), None)
    if mentee is None:
        return None
    mentors = [group for group in people[people.index(mentee) + 1 :] if not group.is_mentee]
    if not mentors or not (any(group.is_mentor for group in mentors) or all(group.title for group in mentors)):
        return None
    n_known = len(places) + (slot is not None)
    n_known += sum(len(group.columns) + len(group.texts) for group in (mentee, *mentors))
    return RosterHeader(
        first_row=first,
        last_row=first + depth - 1,
        mentee=_person(mentee),
        places=tuple(places[key] for key in ("township", "village") if key in places),
        mentors=tuple(_person(group) for group in mentors),
        slot=slot,
        n_known=n_known,
    )


def _read(path: tuple[str, ...]) -> tuple[str, str | None, bool, bool]:
    """What stands above a column, its key, and whether it is about a mentee or a mentor by its words."""
    words = [word for part in path for piece in re.split(r"[/／]", part) if (word := normalize_header(piece))]
    whole = "".join(words)
    mentee, mentor = _last(_MENTEE, whole), _last(_MENTOR, whole)
    # Of 被帮带人 and 帮带人 at the same place the longer word is meant.
    is_mentee = mentee is not None and (mentor is None or mentee.end() >= mentor.end())
    role = mentee if is_mentee else mentor
    if role is None:
        return "".join(words[:-1]), _KEYS.get(words[-1]) if words else None, False, False
    rest = whole[role.end() :]
    ordinal = _ORDINAL.match(rest)
    end = role.end() + (ordinal.end() if ordinal else 0)
    key = BARE if end == len(whole) else _KEYS.get(whole[end:]) or _KEYS.get(words[-1])
    return whole[:end], key, is_mentee, not is_mentee


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    found = None
    for found in pattern.finditer(text):  # noqa: B007 - the last one is wanted
        pass
    return found


def _put(groups: list[_Group], title: str, key: str, column: int, *, is_mentee: bool, is_mentor: bool) -> None:
    """Add a column to the group on its left, or begin another: by its title, or because the group has such a column."""
    last = groups[-1] if groups else None
    if last is None or last.title != title or (key in _IDENTITY and key in last.columns):
        last = _Group(title=title, is_mentee=is_mentee, is_mentor=is_mentor)
        groups.append(last)
    if key in _IDENTITY:
        last.columns[key] = column
    else:
        last.texts.append(column)


def _person(group: _Group) -> PersonColumns:
    return PersonColumns(
        title=group.title, code=group.columns.get("code"), name=group.columns.get("name"), texts=tuple(group.texts)
    )
