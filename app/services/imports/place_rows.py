"""Compares rows about places with what the county has stored: pools, zones, neighbours, travel times."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from app.access import covers_division
from app.models import Division, MentorPool, TownshipAdjacency, TravelTime, Zone, ZoneTownship
from app.models.vocabulary import RowChange, ZoneKind
from app.services.imports.division_rows import reconcile_division
from app.services.imports.outcome import Outcome
from app.services.imports.place_book import PlaceBook
from app.services.imports.reconcile import Reconciliation
from app.services.imports.records import (
    AdjacencyRecord,
    DivisionRowRecord,
    LegRecord,
    MentorPoolRecord,
    PlaceRecord,
    TravelRecord,
    ZoneRecord,
)
from app.services.people.records import assign, authored

TRAVEL_SOURCE = "IMPORT"
UNDATED_START = date(1900, 1, 1)
"""Start of memberships that a workbook states without a date: they count for every reference date until ended."""


def reconcile_place(run: Reconciliation, record: PlaceRecord, address: str, outcome: Outcome) -> None:
    """Create or change what the row says; tables of places are the county's, a pool is its township's."""
    outcome.about = _places_of(record)
    if isinstance(record, MentorPoolRecord):
        _mentor_pool(run, record, outcome)
        return
    places = run.book.places
    if places is None:
        raise ValueError("The book was loaded without places.")
    if not covers_division(run.viewer, run.book.county.code):
        outcome.problem(_FIRST_COLUMN[type(record)], "COUNTY_SHEET")
    elif isinstance(record, DivisionRowRecord):
        reconcile_division(run, places, record, address, outcome)
    elif isinstance(record, ZoneRecord):
        _zone(run, places, record, outcome)
    elif isinstance(record, AdjacencyRecord):
        _adjacency(places, record, outcome)
    else:
        for leg in record.legs:
            _travel(places, record.from_id, leg, outcome)


def _places_of(record: PlaceRecord) -> set[str]:
    """What the row is about: another table of the same places says something of other matters."""
    match record:
        case MentorPoolRecord():
            return {f"POOL {record.division_id} {record.name}"}
        case DivisionRowRecord():
            return {f"DIVISION {record.code}"}
        case ZoneRecord():
            return {f"ZONE {record.name}"}
        case AdjacencyRecord():
            return {f"NEIGHBOURS {each}" for each in (record.township_id, *record.neighbour_ids)}
        case TravelRecord():
            return {f"WAY {' '.join(sorted((str(record.from_id), str(leg.to_id))))}" for leg in record.legs}


_FIRST_COLUMN: dict[type, str] = {
    DivisionRowRecord: "code",
    ZoneRecord: "zone",
    AdjacencyRecord: "township",
    TravelRecord: "from",
}


def in_order(records: Sequence[tuple[int, PlaceRecord]]) -> list[int]:
    """The positions of rows about places in the order in which they are applied: divisions first, from the top down."""

    def rank(item: tuple[int, PlaceRecord]) -> tuple[bool, int, bool, int]:
        position, record = item
        if not isinstance(record, DivisionRowRecord):
            return True, 0, False, position
        # What others came from must be there before them.
        return (
            False,
            len(record.code.rstrip("0")) > 6 and 1 + (record.code[9:] != "000"),
            bool(record.former_code),
            position,
        )

    return [position for position, _ in sorted(records, key=rank)]


def _mentor_pool(run: Reconciliation, record: MentorPoolRecord, outcome: Outcome) -> None:
    division = run.book.divisions[record.division_id]
    if not covers_division(run.viewer, division.code):
        outcome.problem("township", "OUTSIDE_TERRITORY")
        return
    pools = run.book.mentor_pools.setdefault(division.id, [])
    if any(pool.name == record.name for pool in pools):
        return
    author = run.viewer.subject
    pool = MentorPool(county_id=run.book.county.id, division_id=division.id, name=record.name, **authored(author))
    pools.append(run.book.add(pool))
    outcome.change = RowChange.NEW


def _zone(run: Reconciliation, places: PlaceBook, record: ZoneRecord, outcome: Outcome) -> None:
    named = [zone for zone in places.zones if zone.name == record.name]
    found = [zone for zone in named if record.kind is None or zone.kind is record.kind]
    if found:
        zone = found[0]
    else:
        zone = places.add(
            Zone(
                county_id=places.county.id,
                kind=record.kind or ZoneKind.ZONE,
                name=record.name,
                **authored(run.viewer.subject),
            )
        )
        places.zones.append(zone)
        outcome.change = RowChange.NEW
    for township_id in record.township_ids:
        _membership(places, zone, township_id, record, outcome)


def _membership(places: PlaceBook, zone: Zone, township_id: UUID, record: ZoneRecord, outcome: Outcome) -> None:
    stored = places.memberships.setdefault((zone.id, township_id), [])
    start = record.start_date or UNDATED_START
    found = next((row for row in stored if record.start_date in (None, row.start_date)), None)
    if found is None:
        undated = next((row for row in stored if row.start_date == UNDATED_START and row.end_date is None), None)
        if undated is not None:
            # The date was not known before: the same membership, not a second one.
            found = undated
        elif any(_overlap((start, record.end_date), (row.start_date, row.end_date)) for row in stored):
            outcome.problem("zone_start", "ZONE_PERIOD_OVERLAPS")
            return
    if found is None:
        row = ZoneTownship(zone_id=zone.id, township_id=township_id, start_date=start, end_date=record.end_date)
        stored.append(places.add(row))
        outcome.change = RowChange.NEW
        return
    values: dict[str, Any] = {}
    if record.start_date is not None:
        values["start_date"] = record.start_date
    if record.end_date is not None:
        values["end_date"] = record.end_date
    changed = assign(found, values)
    if changed:
        outcome.note_change(*(f"zone_{name.removesuffix('_date')}" for name in changed))


def _overlap(a: tuple[date, date | None], b: tuple[date, date | None]) -> bool:
    return a[0] <= (b[1] or date.max) and b[0] <= (a[1] or date.max)


def _adjacency(places: PlaceBook, record: AdjacencyRecord, outcome: Outcome) -> None:
    """Add the neighbours; what a sample made up for the township goes, because the county knows."""
    wanted = {frozenset((record.township_id, neighbour)) for neighbour in record.neighbour_ids}
    for pair in sorted(wanted, key=lambda each: sorted(map(str, each))):
        stored = places.adjacency.get(pair)
        if stored is None:
            first, second = _by_code(places, tuple(pair))
            row = TownshipAdjacency(township_a_id=first.id, township_b_id=second.id, is_synthetic=False)
            places.adjacency[pair] = places.add(row)
            outcome.change = RowChange.NEW
        elif assign(stored, {"is_synthetic": False}):
            outcome.note_change("neighbours")
    made_up = [
        pair
        for pair, row in places.adjacency.items()
        if record.township_id in pair and row.is_synthetic and pair not in wanted
    ]
    for pair in made_up:
        places.deleted.append(places.adjacency.pop(pair))
        outcome.note_change("neighbours")


def _travel(places: PlaceBook, from_id: UUID, leg: LegRecord, outcome: Outcome) -> None:
    pair = frozenset((from_id, leg.to_id))
    earlier = places.given_minutes.setdefault(pair, leg.minutes)
    if earlier != leg.minutes:
        outcome.problem(leg.column, "ASYMMETRIC_TIME", options=f"{earlier:g}")
        return
    stored = places.travel.get(pair)
    values: dict[str, Any] = {"minutes": leg.minutes, "source": TRAVEL_SOURCE}
    if leg.distance_km is not None:
        values["distance_km"] = leg.distance_km
    if stored is None:
        first, second = _by_code(places, (from_id, leg.to_id))
        row = TravelTime(from_division_id=first.id, to_division_id=second.id, **values)
        places.travel[pair] = places.add(row)
        outcome.change = RowChange.NEW
        return
    changed = assign(stored, values)
    if changed:
        outcome.note_change(*("km" if name == "distance_km" else leg.column for name in changed))


def _by_code(places: PlaceBook, ids: tuple[UUID, ...]) -> tuple[Division, Division]:
    """Both divisions, the smaller code first, as pairs are stored."""
    first, second = sorted((places.divisions[each] for each in ids), key=lambda row: row.code)
    return first, second
