"""Divisions, zones, adjacency and travel times of some counties as matching facts."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlmodel import Session, col, select

from app.models import Division, TownshipAdjacency, TravelTime, Zone, ZoneTownship
from app.models.vocabulary import DivisionLevel
from matching import facts


def geography_of(session: Session, county_ids: Sequence[UUID], day: date) -> facts.Geography:
    """What is known of places and distances in these counties at ``day``."""
    rows = session.exec(select(Division).where(col(Division.county_id).in_(county_ids))).all()
    by_id = {row.id: row for row in rows}
    places: dict[str, facts.Place] = {}
    # A code can have several periods of validity: the one in force is read last and stays.
    for row in sorted(rows, key=lambda d: (d.code, d.valid_from <= day <= (d.valid_to or day), d.valid_from)):
        county = by_id[row.county_id] if row.county_id else row
        township = by_id[row.parent_id] if row.level is DivisionLevel.VILLAGE and row.parent_id else row
        places[row.code] = facts.Place(
            code=row.code,
            township=township.code,
            county=county.code,
            latitude=row.latitude,
            longitude=row.longitude,
        )
    inside = select(Division.id).where(col(Division.county_id).in_(county_ids))
    neighbours = select(TownshipAdjacency).where(col(TownshipAdjacency.township_a_id).in_(inside))
    adjacent = [
        (by_id[row.township_a_id].code, by_id[row.township_b_id].code)
        for row in session.exec(neighbours)
        if row.township_b_id in by_id
    ]
    zones: dict[str, set[str]] = defaultdict(set)
    memberships = session.exec(
        select(ZoneTownship)
        .join(Zone, col(Zone.id) == col(ZoneTownship.zone_id))
        .where(col(Zone.county_id).in_(county_ids))
    )
    for membership in memberships:
        if membership.start_date <= day and (membership.end_date is None or membership.end_date >= day):
            zones[by_id[membership.township_id].code].add(str(membership.zone_id))
    minutes: dict[tuple[str, str], float] = {}
    travel = session.exec(select(TravelTime).where(col(TravelTime.from_division_id).in_(inside)))
    for entry in travel:
        if entry.to_division_id in by_id:
            a, b = sorted((by_id[entry.from_division_id].code, by_id[entry.to_division_id].code))
            minutes[a, b] = entry.minutes
    return facts.Geography(
        places=places,
        terrain_by_county={
            row.code: row.terrain for row in rows if row.level is DivisionLevel.COUNTY and row.terrain is not None
        },
        adjacent_townships=frozenset((min(a, b), max(a, b)) for a, b in adjacent),
        zones_by_township={code: frozenset(ids) for code, ids in sorted(zones.items())},
        travel_minutes=dict(sorted(minutes.items())),
    )
