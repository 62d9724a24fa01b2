"""Tables of places: divisions and what is known about their neighbourhood."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from app.models.columns import Row, SearchedRow, TrackedRow, enum_field
from app.models.vocabulary import (
    CoordinateSource,
    DivisionKind,
    DivisionLevel,
    Terrain,
    VillageConditionKind,
    ZoneKind,
)


class Division(SearchedRow, TrackedRow, table=True):
    """One administrative division in one period of validity.

    Written by the loading of the official code list; a code is never re-used, a revoked division is kept for ever.
    ``county_id`` is the county a division lies in; a county points at itself, divisions above it at none.
    """

    __tablename__ = "division"
    __table_args__ = (UniqueConstraint("code", "valid_from"),)

    code: str = Field(max_length=12, index=True)
    name: str = Field(max_length=80)
    level: DivisionLevel = enum_field(DivisionLevel)
    kind: DivisionKind = enum_field(DivisionKind)
    local_label: str = Field(max_length=20)
    parent_id: UUID | None = Field(default=None, foreign_key="division.id", index=True)
    county_id: UUID | None = Field(default=None, foreign_key="division.id", index=True)
    display_order: int
    valid_from: date
    valid_to: date | None = None
    latitude: float | None = None
    longitude: float | None = None
    coordinate_source: CoordinateSource | None = enum_field(CoordinateSource, default=None)
    urban_rural_class: str | None = Field(default=None, max_length=3)
    terrain: Terrain | None = enum_field(Terrain, default=None)


class DivisionPredecessor(Row, table=True):
    """A revoked division that went into a present one. Written with the code list; kept for ever."""

    __tablename__ = "division_predecessor"
    __table_args__ = (UniqueConstraint("division_id", "predecessor_id"),)

    division_id: UUID = Field(foreign_key="division.id", index=True)
    predecessor_id: UUID = Field(foreign_key="division.id", index=True)


class DivisionAlias(Row, table=True):
    """Another name of a division, old or colloquial, used to find it in workbooks. Kept for ever."""

    __tablename__ = "division_alias"
    __table_args__ = (UniqueConstraint("division_id", "normalized_alias"),)

    division_id: UUID = Field(foreign_key="division.id", index=True)
    alias: str = Field(max_length=80)
    normalized_alias: str = Field(max_length=80, index=True)


class Zone(TrackedRow, table=True):
    """A group of townships of one county (片区). Written by the county; kept while in use."""

    __tablename__ = "zone"
    __table_args__ = (UniqueConstraint("county_id", "kind", "name"),)

    county_id: UUID = Field(foreign_key="division.id", index=True)
    kind: ZoneKind = enum_field(ZoneKind)
    name: str = Field(max_length=80)


class ZoneTownship(Row, table=True):
    """Membership of a township in a zone for a period; ``end_date`` is the last day."""

    __tablename__ = "zone_township"
    __table_args__ = (UniqueConstraint("zone_id", "township_id", "start_date"),)

    zone_id: UUID = Field(foreign_key="zone.id", index=True)
    township_id: UUID = Field(foreign_key="division.id", index=True)
    start_date: date
    end_date: date | None = None


class TownshipAdjacency(Row, table=True):
    """Two neighbouring townships, stored once with the smaller code first. ``is_synthetic`` marks sample data."""

    __tablename__ = "township_adjacency"
    __table_args__ = (UniqueConstraint("township_a_id", "township_b_id"),)

    township_a_id: UUID = Field(foreign_key="division.id", index=True)
    township_b_id: UUID = Field(foreign_key="division.id", index=True)
    is_synthetic: bool = False


class TravelTime(Row, table=True):
    """Minutes by road between two divisions, valid in both directions. Uploaded by the county; kept until replaced."""

    __tablename__ = "travel_time"
    __table_args__ = (
        UniqueConstraint("from_division_id", "to_division_id"),
        CheckConstraint("minutes >= 0", name="minutes_not_negative"),
    )

    from_division_id: UUID = Field(foreign_key="division.id", index=True)
    to_division_id: UUID = Field(foreign_key="division.id", index=True)
    minutes: float
    distance_km: float | None = None
    source: str = Field(max_length=80)


class VillageCondition(TrackedRow, table=True):
    """A condition of a village for a period. Written by the county; kept for ever."""

    __tablename__ = "village_condition"
    __table_args__ = (UniqueConstraint("village_id", "kind", "start_date"),)

    county_id: UUID = Field(foreign_key="division.id", index=True)
    village_id: UUID = Field(foreign_key="division.id", index=True)
    kind: VillageConditionKind = enum_field(VillageConditionKind)
    start_date: date
    end_date: date | None = None
