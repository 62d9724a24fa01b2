"""Finds the divisions of one county by the names that people write."""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from uuid import UUID

from sqlmodel import Session, col, or_, select

from app.folding import simplified
from app.models import Division, DivisionAlias, DivisionPredecessor
from app.models.vocabulary import DivisionLevel
from app.services.imports.issues import listed
from app.services.place_names import normalize_division_name

_TOWNSHIP_TAILS = ("人民政府", "党委", "办事处")
_TOWNSHIP_WORDS = ("街道", "苏木", "镇", "乡")
_COUNTY_WORDS = ("县直", "县级", "县直机关", "县直单位", "县城", "市直", "区直", "旗直")
_CODE = re.compile(r"(?<!\d)(?:\d{12}|\d{9}|\d{6})(?!\d)", re.ASCII)
_MOST_CHOICES = 12
_MOST_LIKENED = 500
"""Unknown names of one file for which similar ones are looked for: in a county of 600 divisions one takes 8 ms."""
_LONGEST_PLACE = 120
"""Characters; a longer text names no place, and none like it is looked for."""


class PlaceProblemError(Exception):
    """A name that stands for no division, or for several; ``options`` may be shown to the user.

    ``choices`` are texts that, put into the cell, would be read.
    """

    def __init__(self, code: str, options: str, choices: tuple[str, ...] = ()) -> None:
        super().__init__(code)
        self.code = code
        self.options = options
        self.choices = choices


@dataclass(slots=True)
class Gazetteer:
    """The divisions of one county, indexed by normalised names, aliases and the names of predecessors."""

    county: Division
    divisions: dict[UUID, Division]
    _townships: dict[str, list[Division]]
    _villages: dict[UUID, dict[str, list[Division]]]
    _codes: dict[str, Division]
    _announced: set[str] = field(default_factory=set)
    _n_likened: int = 0
    _known: dict[tuple[str, str, UUID | None], Division | PlaceProblemError] = field(default_factory=dict)
    """What was found before, and what was not: the same texts come in every row, and what is unknown is dear."""

    def announce(self, *names: str) -> None:
        """Note names and codes of divisions that the same file would create: they cannot be named in it yet."""
        self._announced |= {_key(name) for name in names}
        self._known.clear()

    def township(self, text: str) -> Division:
        """The township of this name or code, or the county itself for 县直; raises ``PlaceProblemError``."""
        return self._once("township", text, None, lambda: self._township(text))

    def _township(self, text: str) -> Division:
        coded = self.find_by_code(text)
        if coded is not None and coded.level is not DivisionLevel.VILLAGE:
            return coded
        key = self._without_county(_key(text))
        if not key or key in _COUNTY_WORDS or key == self.county.code:
            return self.county
        for tail in _TOWNSHIP_TAILS:
            key = key.removesuffix(tail) or key
        found = self._townships.get(key) or self._townships.get(_short_township(key), [])
        return self._only(found, key, self.townships())

    def village(self, text: str, township: Division) -> Division:
        """The village of this name or code in the township; raises ``PlaceProblemError``.

        A code counts for more than the name beside it; a code of another township is a problem.
        """
        return self._once("village", text, township, lambda: self._village(text, township))

    def _village(self, text: str, township: Division) -> Division:
        coded = self.find_by_code(text)
        if coded is not None and coded.level is DivisionLevel.VILLAGE:
            if coded.parent_id != township.id:
                raise PlaceProblemError("VILLAGE_IN_OTHER_TOWNSHIP", self.label(coded))
            return coded
        key = self._without_county(_key(text))
        index = self._villages.get(township.id, {})
        found = index.get(key)
        if not found:
            prefix = next((p for p in (township.name, _short_township(township.name)) if key.startswith(p)), "")
            found = index.get(key.removeprefix(prefix), []) if prefix else []
        if not found:
            inside = [d for d in self.divisions.values() if d.parent_id == township.id]
            similar = self._similar(key, inside)
            elsewhere = [d for names in self._villages.values() for d in names.get(key, [])]
            named = [d.name for d in similar]
            named += [f"{self.divisions[d.parent_id].name}{d.name}" for d in elsewhere if d.parent_id is not None]
            # What lies in another township cannot be chosen here: the township of the row would be wrong.
            raise self._unknown(key, named, similar)
        written = simplified(text).strip()
        # Where a village and a community share a name, its full form tells them apart.
        exact = [division for division in found if simplified(division.name) == written]
        return self._only(exact if len(exact) == 1 else found, key, [])

    def place(self, text: str, own: Division) -> Division:
        """A township, a village of the ``own`` township, or a village written with its township in front."""
        return self._once("place", text, own, lambda: self._place(text, own))

    def _place(self, text: str, own: Division) -> Division:
        coded = self.find_by_code(text)
        if coded is not None:
            return coded
        key = self._without_county(_key(text))
        if own.level is DivisionLevel.TOWNSHIP and key in self._villages.get(own.id, {}):
            return self.village(text, own)
        split = self.split_township(key)
        if split is not None:
            township, rest = split
            return self.village(rest, township) if rest else township
        if not key or key in _COUNTY_WORDS:
            return self.county
        if own.level is DivisionLevel.TOWNSHIP:
            return self.village(text, own)
        return self._anywhere(key)

    def _once(self, what: str, text: str, within: Division | None, find: Callable[[], Division]) -> Division:
        """What ``find`` gives for a text, or raises, found once however often it is asked for."""
        if len(text) > _LONGEST_PLACE:
            raise PlaceProblemError("UNKNOWN_PLACE", "")
        asked = (what, text, within.id if within is not None else None)
        if asked not in self._known:
            try:
                self._known[asked] = find()
            except PlaceProblemError as problem:
                self._known[asked] = problem.with_traceback(None)
        found = self._known[asked]
        if isinstance(found, PlaceProblemError):
            # A new one: an error that is raised again and again would drag along all the places of its raising.
            raise PlaceProblemError(found.code, found.options, found.choices)
        return found

    def _anywhere(self, key: str) -> Division:
        """A township by its short name, or a village whose name the county has once."""
        found = self._townships.get(key) or [d for names in self._villages.values() for d in names.get(key, [])]
        return self._only(list({d.id: d for d in found}.values()), key, list(self.divisions.values()))

    def find_by_code(self, text: str) -> Division | None:
        """The division whose code, present or former, the text is or holds, as ``桂花村(520624101201)`` does."""
        match = _CODE.search(simplified(text))
        return self._codes.get(match[0].ljust(12, "0")) if match else None

    def label(self, division: Division) -> str:
        """Full name and code: a text that is read as this division wherever it stands."""
        parent = self.divisions.get(division.parent_id) if division.parent_id else None
        front = parent.name if parent is not None and parent.level is DivisionLevel.TOWNSHIP else ""
        return f"{front}{division.name}({division.code})"

    def labels(self, divisions: list[Division]) -> tuple[str, ...]:
        """The labels of the first few of these divisions."""
        return tuple(self.label(division) for division in divisions[:_MOST_CHOICES])

    def split_township(self, text: str) -> tuple[Division, str] | None:
        """The township whose full name the text begins with, and what follows it."""
        key = self._without_county(simplified(text))
        best: tuple[Division, str] | None = None
        for name, divisions in self._townships.items():
            is_full = name.endswith(_TOWNSHIP_WORDS) or name == key
            if is_full and len(divisions) == 1 and key.startswith(name):
                rest = key[len(name) :]
                if best is None or len(rest) < len(best[1]):
                    best = (divisions[0], rest)
        return best

    def townships(self) -> list[Division]:
        """The present townships in official order."""
        rows = [d for d in self.divisions.values() if d.level is DivisionLevel.TOWNSHIP]
        return sorted(rows, key=lambda d: (d.display_order, d.code))

    def _without_county(self, key: str) -> str:
        return key.removeprefix(self.county.name)

    def _only(self, found: list[Division], key: str, others: list[Division]) -> Division:
        if len(found) == 1:
            return found[0]
        if found:
            names = listed([f"{d.name}({d.code})" for d in found])
            raise PlaceProblemError("AMBIGUOUS_PLACE", names, self.labels(found))
        similar = self._similar(key, others)
        raise self._unknown(key, [d.name for d in similar], similar)

    def _similar(self, key: str, divisions: list[Division]) -> list[Division]:
        """Divisions with names like this one; none after many unknown names, whose column is not one of places."""
        self._n_likened += 1
        if self._n_likened > _MOST_LIKENED:
            return []
        by_key = {_key(division.name): division for division in divisions}
        return [by_key[match] for match in get_close_matches(key, list(by_key), n=3, cutoff=0.4)]

    def _unknown(self, key: str, names: list[str], similar: list[Division]) -> PlaceProblemError:
        if key in self._announced:
            return PlaceProblemError("DIVISION_NOT_ON_FILE", "")
        return PlaceProblemError("UNKNOWN_PLACE", listed(names), self.labels(similar))


def load_gazetteer(session: Session, county: Division, *, today: date) -> Gazetteer:
    """Read the county's divisions; revoked ones serve only as names of those that followed them."""
    rows = session.exec(
        select(Division).where(or_(col(Division.county_id) == county.id, col(Division.id) == county.id))
    ).all()
    present = {row.id: row for row in rows if row.valid_to is None or row.valid_to > today}
    codes = {row.code: row for row in present.values()}
    index = _Index()
    for row in present.values():
        index.enter(row, (row.name,))
    # Former names come second and only where free: they must not shadow the present name of another division.
    former = _Index(taken=index)
    inside = select(Division.id).where(col(Division.county_id) == county.id)
    for alias in session.exec(select(DivisionAlias).where(col(DivisionAlias.division_id).in_(inside))):
        if alias.division_id in present:
            former.enter(present[alias.division_id], (alias.normalized_alias,))
    revoked = {row.id: row for row in rows if row.id not in present}
    for link in session.exec(select(DivisionPredecessor).where(col(DivisionPredecessor.division_id).in_(inside))):
        if link.division_id in present and link.predecessor_id in revoked:
            predecessor = revoked[link.predecessor_id]
            former.enter(present[link.division_id], (predecessor.name,))
            codes.setdefault(predecessor.code, present[link.division_id])
    return Gazetteer(
        county=county,
        divisions=present,
        _townships=dict(former.townships) | dict(index.townships),
        _villages={
            parent: dict(former.villages[parent]) | dict(index.villages[parent])
            for parent in former.villages.keys() | index.villages.keys()
        },
        _codes=codes,
    )


class _Index:
    """Divisions by normalised name: townships in the county, villages in their township."""

    def __init__(self, taken: "_Index | None" = None) -> None:
        self.townships: dict[str, list[Division]] = defaultdict(list)
        self.villages: dict[UUID, dict[str, list[Division]]] = defaultdict(lambda: defaultdict(list))
        self._taken = taken

    def enter(self, division: Division, names: tuple[str, ...]) -> None:
        """Index the division under these names."""
        keys = {_key(name) for name in names}
        if division.level is DivisionLevel.TOWNSHIP:
            keys |= {_short_township(key) for key in keys}
            entries = self.townships
            taken = self._taken.townships if self._taken else {}
        elif division.level is DivisionLevel.VILLAGE and division.parent_id is not None:
            entries = self.villages[division.parent_id]
            taken = self._taken.villages.get(division.parent_id, {}) if self._taken else {}
        else:
            return
        for key in keys:
            if key not in taken and all(other.id != division.id for other in entries[key]):
                entries[key].append(division)


def _short_township(name: str) -> str:
    for word in _TOWNSHIP_WORDS:
        if name.endswith(word) and len(name) > len(word) + 1:
            return name.removesuffix(word)
    return name


def _key(text: str) -> str:
    """The form in which names are looked up: simplified characters, without the endings that differ between lists."""
    return normalize_division_name(simplified(text))
