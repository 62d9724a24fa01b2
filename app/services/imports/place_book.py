"""What the county has stored about places, in memory: the other side of the comparison with tables of places."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar
from uuid import UUID

from sqlmodel import Session, col, or_, select

from app.models import (
    Division,
    DivisionAlias,
    DivisionPredecessor,
    TownshipAdjacency,
    TravelTime,
    Zone,
    ZoneTownship,
)
from app.models.columns import Row
from app.models.vocabulary import DivisionLevel
from app.services.place_names import normalize_division_name

RowT = TypeVar("RowT", bound=Row)
_LEVELS = tuple(DivisionLevel)


@dataclass(slots=True, kw_only=True)
class PlaceBook:
    """The stored places of one county, and what a commit would add and delete."""

    county: Division
    divisions: dict[UUID, Division]
    aliases: dict[UUID, set[str]]
    predecessors: set[tuple[UUID, UUID]]
    zones: list[Zone]
    memberships: dict[tuple[UUID, UUID], list[ZoneTownship]]
    adjacency: dict[frozenset[UUID], TownshipAdjacency]
    travel: dict[frozenset[UUID], TravelTime]
    added: list[Row] = field(default_factory=list)
    deleted: list[Row] = field(default_factory=list)
    rows_by_code: dict[str, str] = field(default_factory=dict)
    """Where in the file a code of a division stands."""
    given_minutes: dict[frozenset[UUID], float] = field(default_factory=dict)
    """Minutes that an earlier cell of the file gives."""
    _by_code: dict[str, list[Division]] = field(default_factory=lambda: defaultdict(list))

    def find_division(self, code: str) -> Division | None:
        """The division of a code: the one in force, else the last one that was."""
        found = self._by_code.get(code, [])
        return max(found, key=lambda row: (row.valid_to is None, row.valid_from), default=None)

    def index(self, division: Division) -> None:
        """Make the division findable by id and code."""
        self.divisions[division.id] = division
        self._by_code[division.code].append(division)

    def add(self, row: RowT) -> RowT:
        """Note a row to insert."""
        self.added.append(row)
        return row

    def add_alias(self, division: Division, name: str) -> bool:
        """Note another name of a division; whether it was not one already."""
        key = normalize_division_name(name)
        known = self.aliases.setdefault(division.id, set())
        if key in known or key == normalize_division_name(division.name):
            return False
        known.add(key)
        self.add(DivisionAlias(division_id=division.id, alias=name, normalized_alias=key))
        return True

    def write(self, session: Session) -> None:
        """Delete and insert what was noted, in an order that the foreign keys allow."""
        for row in self.deleted:
            session.delete(row)
        session.flush()
        divisions = [row for row in self.added if isinstance(row, Division)]
        for level in _LEVELS:
            session.add_all([row for row in divisions if row.level is level])
            session.flush()
        session.add_all([row for row in self.added if isinstance(row, Zone)])
        session.flush()
        session.add_all([row for row in self.added if not isinstance(row, Division | Zone)])
        session.flush()


def load_place_book(session: Session, county: Division) -> PlaceBook:
    """The places of the county as they are stored."""
    rows = session.exec(
        select(Division).where(or_(col(Division.county_id) == county.id, col(Division.id) == county.id))
    ).all()
    inside = select(Division.id).where(col(Division.county_id) == county.id)
    aliases: dict[UUID, set[str]] = defaultdict(set)
    for alias in session.exec(select(DivisionAlias).where(col(DivisionAlias.division_id).in_(inside))):
        aliases[alias.division_id].add(alias.normalized_alias)
    links = session.exec(select(DivisionPredecessor).where(col(DivisionPredecessor.division_id).in_(inside))).all()
    zones = list(session.exec(select(Zone).where(col(Zone.county_id) == county.id)).all())
    memberships: dict[tuple[UUID, UUID], list[ZoneTownship]] = defaultdict(list)
    of_zones = select(Zone.id).where(col(Zone.county_id) == county.id)
    for each in session.exec(select(ZoneTownship).where(col(ZoneTownship.zone_id).in_(of_zones))):
        memberships[each.zone_id, each.township_id].append(each)
    pairs = session.exec(select(TownshipAdjacency).where(col(TownshipAdjacency.township_a_id).in_(inside))).all()
    times = session.exec(select(TravelTime).where(col(TravelTime.from_division_id).in_(inside))).all()
    book = PlaceBook(
        county=county,
        divisions={},
        aliases=aliases,
        predecessors={(link.division_id, link.predecessor_id) for link in links},
        zones=zones,
        memberships=memberships,
        adjacency={frozenset((row.township_a_id, row.township_b_id)): row for row in pairs},
        travel={frozenset((row.from_division_id, row.to_division_id)): row for row in times},
    )
    for row in rows:
        book.index(row)
    return book


def is_in_force(division: Division, day: date) -> bool:
    """Whether the division exists on that day; ``valid_to`` is its last one."""
    return division.valid_to is None or division.valid_to > day
