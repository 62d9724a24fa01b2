"""Zones, neighbouring townships, travel times and conditions of villages: what counties add to the code list."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from app.access import Permission, Viewer, covers_division
from app.errors import DuplicateError, InvalidInputError, NotFoundError
from app.models import Division, TownshipAdjacency, TravelTime, VillageCondition, Zone, ZoneTownship
from app.models.vocabulary import DivisionLevel, VillageConditionKind, ZoneKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneRecord:
    """A group of townships (片区) of one county, in force from ``start_date``."""

    county_code: str
    name: str
    township_codes: tuple[str, ...]
    start_date: date
    kind: ZoneKind = ZoneKind.ZONE


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelTimeRecord:
    """Minutes by road between two divisions, valid both ways."""

    from_code: str
    to_code: str
    minutes: float
    source: str
    distance_km: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageConditionRecord:
    """A condition of a village; ``end_date`` is the last day, ``None`` while it lasts."""

    village_code: str
    kind: VillageConditionKind
    start_date: date
    end_date: date | None = None


def add_zones(session: Session, viewer: Viewer, records: Iterable[ZoneRecord]) -> tuple[Zone, ...]:
    """Store zones; every township must lie in the zone's county."""
    viewer.require(Permission.RUN)
    wanted = tuple(records)
    codes = {record.county_code for record in wanted} | {code for r in wanted for code in r.township_codes}
    by_code = _present_divisions(session, viewer, codes)
    zones = []
    for record in wanted:
        county = by_code[record.county_code]
        zone = Zone(
            county_id=county.id,
            kind=record.kind,
            name=record.name,
            created_by=viewer.subject,
            updated_by=viewer.subject,
        )
        session.add(zone)
        # Zones and their townships have no mapped relationship, so the zone must be written first.
        session.flush()
        for code in record.township_codes:
            township = by_code[code]
            if township.level is not DivisionLevel.TOWNSHIP or township.county_id != county.id:
                raise InvalidInputError(
                    f"Division {code} is not a township of county {record.county_code}.",
                    f"{code} 不是 {record.county_code} 所辖的乡镇（街道）。",
                    path=("township_codes",),
                )
            session.add(ZoneTownship(zone_id=zone.id, township_id=township.id, start_date=record.start_date))
        zones.append(zone)
    session.flush()
    return tuple(zones)


def add_adjacencies(
    session: Session, viewer: Viewer, pairs: Iterable[tuple[str, str]], *, is_synthetic: bool = False
) -> int:
    """Store pairs of neighbouring townships by code, each once with the smaller code first; returns how many."""
    viewer.require(Permission.RUN)
    ordered = sorted({(min(pair), max(pair)) for pair in pairs})
    by_code = _present_divisions(session, viewer, {code for pair in ordered for code in pair})
    for a, b in ordered:
        session.add(
            TownshipAdjacency(township_a_id=by_code[a].id, township_b_id=by_code[b].id, is_synthetic=is_synthetic)
        )
    session.flush()
    return len(ordered)


def add_travel_times(session: Session, viewer: Viewer, records: Iterable[TravelTimeRecord]) -> int:
    """Store travel times, each pair once with the smaller code first; returns how many."""
    viewer.require(Permission.RUN)
    wanted = tuple(records)
    pairs = {(min(r.from_code, r.to_code), max(r.from_code, r.to_code)) for r in wanted}
    if len(pairs) != len(wanted):
        raise DuplicateError("A pair of divisions occurs twice in the travel times.", "行程时间表中有重复的区划对。")
    by_code = _present_divisions(session, viewer, {code for pair in pairs for code in pair})
    for record in wanted:
        first, second = sorted((record.from_code, record.to_code))
        session.add(
            TravelTime(
                from_division_id=by_code[first].id,
                to_division_id=by_code[second].id,
                minutes=record.minutes,
                distance_km=record.distance_km,
                source=record.source,
            )
        )
    session.flush()
    return len(wanted)


def add_village_conditions(session: Session, viewer: Viewer, records: Iterable[VillageConditionRecord]) -> int:
    """Store conditions of villages; returns how many."""
    viewer.require(Permission.RUN)
    wanted = tuple(records)
    by_code = _present_divisions(session, viewer, {record.village_code for record in wanted})
    for record in wanted:
        village = by_code[record.village_code]
        if village.level is not DivisionLevel.VILLAGE or village.county_id is None:
            raise InvalidInputError(
                f"Division {record.village_code} is not a village.",
                f"{record.village_code} 不是村（社区、嘎查）。",
                path=("village_code",),
            )
        session.add(
            VillageCondition(
                county_id=village.county_id,
                village_id=village.id,
                kind=record.kind,
                start_date=record.start_date,
                end_date=record.end_date,
                created_by=viewer.subject,
                updated_by=viewer.subject,
            )
        )
    session.flush()
    return len(wanted)


def _present_divisions(session: Session, viewer: Viewer, codes: set[str]) -> dict[str, Division]:
    """The divisions in force with these codes; refuses a code that is unknown or outside the viewer's territory."""
    by_code = {
        row.code: row
        for root in sorted({code[:4] for code in codes})
        for row in session.exec(
            select(Division).where(col(Division.code).startswith(root), col(Division.valid_to).is_(None))
        )
    }
    missing = sorted(code for code in codes if code not in by_code or not covers_division(viewer, code))
    if missing:
        raise NotFoundError(
            f"No division {missing[0]} in your territory ({len(missing)} such codes).",
            f"辖区内没有代码为 {missing[0]} 的区划（共 {len(missing)} 个）。",
        )
    return by_code
