"""One row of a workbook after parsing: typed, with divisions resolved, and its JSON form for storage.

A field that is ``None``, ``UNKNOWN`` or empty was blank in the workbook; a blank cell never erases a stored value.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from pydantic import TypeAdapter

from app.models.vocabulary import (
    AppraisalGrade,
    CandidateSource,
    CandidateState,
    DivisionLevel,
    ExclusionReason,
    KinshipRelation,
    MentorCategory,
    ReviewLevel,
    Specialty,
    TargetPost,
    VillageLinkRole,
    ZoneKind,
)
from app.services.people import AppointmentDraft, NeedDraft, PersonDraft, SpecialtyDraft


class SheetKind(StrEnum):
    """What the rows of a sheet are about."""

    CANDIDATES = "CANDIDATES"
    MENTORS = "MENTORS"
    ASSIGNED_CADRES = "ASSIGNED_CADRES"
    KINSHIPS = "KINSHIPS"
    EXCLUSIONS = "EXCLUSIONS"
    PREFERENCES = "PREFERENCES"
    MENTOR_POOLS = "MENTOR_POOLS"
    APPOINTMENTS = "APPOINTMENTS"
    NEEDS = "NEEDS"
    ZONES = "ZONES"
    ADJACENCY = "ADJACENCY"
    TRAVEL_TIMES = "TRAVEL_TIMES"
    TRAVEL_MATRIX = "TRAVEL_MATRIX"
    DIVISIONS = "DIVISIONS"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppraisalRecord:
    """The grade of one year."""

    year: int
    grade: AppraisalGrade


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRecord:
    """A village the person is the contact of."""

    village_id: UUID
    role: VillageLinkRole


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRecord:
    """What a row says about the person, whatever the role.

    Where an entry of the career could not be read, ``appointments`` adds to the stored posts and removes none.
    """

    draft: PersonDraft
    appointments: tuple[AppointmentDraft, ...] = ()
    is_career_complete: bool = True
    appraisals: tuple[AppraisalRecord, ...] = ()
    links: tuple[LinkRecord, ...] = ()
    needs: tuple[NeedDraft, ...] = ()
    is_discipline_in_force: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateRecord:
    """A row of 村级后备力量信息台账."""

    person: PersonRecord
    village_id: UUID
    target_post: TargetPost
    source: CandidateSource
    pool_date: date | None
    review_level: ReviewLevel
    state: CandidateState


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignedCadreRecord:
    """A row of 选派干部名册."""

    person: PersonRecord
    village_id: UUID
    sending_unit: str
    assigned_from: date
    term_end: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MentorRecord:
    """A row of 帮带导师库."""

    person: PersonRecord
    pool_division_id: UUID
    category: MentorCategory
    capacity: int | None
    trade_years: float | None
    specialties: tuple[SpecialtyDraft, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonReference:
    """A person named in a table of pairs, posts or needs; ``division_id`` is the village or township of the file."""

    name: str
    id_number: str | None
    code: str | None = None
    division_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KinshipRecord:
    """A row of 回避关系登记表."""

    a: PersonReference
    b: PersonReference
    relation: KinshipRelation


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionRecord:
    """A row of 禁止结对登记表: ``a`` is the mentee, ``b`` the mentor."""

    a: PersonReference
    b: PersonReference
    reason: ExclusionReason


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceRecord:
    """A row of 帮带意愿登记表: ``a`` wishes for ``b``."""

    a: PersonReference
    b: PersonReference
    rank: int
    reason: str | None
    approved_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MentorPoolRecord:
    """A row of 帮带导师库名册: a pool, with or without mentors."""

    division_id: UUID
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentsRecord:
    """A row of 任职经历表: the posts that one person held over one period."""

    person: PersonReference
    posts: tuple[AppointmentDraft, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedNeed:
    """A field in which help is needed; a weight of ``None`` was blank."""

    specialty: Specialty
    weight: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsRecord:
    """A row of 需求清单: needs of a person, of a village, or of both; each need has one owner."""

    person: PersonReference | None
    needs: tuple[WeightedNeed, ...]
    village_id: UUID | None
    village_needs: tuple[WeightedNeed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneRecord:
    """A row of 片区划分表: townships that belong to a zone for a period."""

    name: str
    kind: ZoneKind | None
    township_ids: tuple[UUID, ...]
    start_date: date | None
    end_date: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjacencyRecord:
    """A row of 乡镇相邻表: a township and its neighbours."""

    township_id: UUID
    neighbour_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRecord:
    """The way to one place; ``column`` is the key of the column that says so."""

    to_id: UUID
    minutes: float
    distance_km: float | None
    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelRecord:
    """A row of 行程时间表, or of a matrix: the ways from one place."""

    from_id: UUID
    legs: tuple[LegRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DivisionRowRecord:
    """A row of 区划代码表; coordinates are WGS 84, in degrees. ``parent_code`` follows from the code."""

    code: str
    name: str
    level: DivisionLevel
    parent_code: str | None
    aliases: tuple[str, ...]
    former_code: str | None
    valid_from: date | None
    valid_to: date | None
    longitude: float | None
    latitude: float | None


RoleRecord: TypeAlias = CandidateRecord | AssignedCadreRecord | MentorRecord
PairRecord: TypeAlias = KinshipRecord | ExclusionRecord | PreferenceRecord
PersonListRecord: TypeAlias = AppointmentsRecord | NeedsRecord
"""Rows that add to the lists of people, and of villages."""
PlaceRecord: TypeAlias = MentorPoolRecord | ZoneRecord | AdjacencyRecord | TravelRecord | DivisionRowRecord
"""Rows about places; they are applied before those about people."""
Record: TypeAlias = RoleRecord | PairRecord | PersonListRecord | PlaceRecord
PLACE_RECORDS = (MentorPoolRecord, ZoneRecord, AdjacencyRecord, TravelRecord, DivisionRowRecord)

RECORD_TYPES: dict[SheetKind, type[Record]] = {
    SheetKind.CANDIDATES: CandidateRecord,
    SheetKind.MENTORS: MentorRecord,
    SheetKind.ASSIGNED_CADRES: AssignedCadreRecord,
    SheetKind.KINSHIPS: KinshipRecord,
    SheetKind.EXCLUSIONS: ExclusionRecord,
    SheetKind.PREFERENCES: PreferenceRecord,
    SheetKind.MENTOR_POOLS: MentorPoolRecord,
    SheetKind.APPOINTMENTS: AppointmentsRecord,
    SheetKind.NEEDS: NeedsRecord,
    SheetKind.ZONES: ZoneRecord,
    SheetKind.ADJACENCY: AdjacencyRecord,
    SheetKind.TRAVEL_TIMES: TravelRecord,
    SheetKind.TRAVEL_MATRIX: TravelRecord,
    SheetKind.DIVISIONS: DivisionRowRecord,
}
_ADAPTERS: dict[SheetKind, TypeAdapter[Record]] = {kind: TypeAdapter(table) for kind, table in RECORD_TYPES.items()}


def kind_of(record: Record) -> SheetKind:
    """The kind of sheet the record comes from; both shapes of travel times make the same records."""
    return next(kind for kind, table in RECORD_TYPES.items() if type(record) is table)


def to_json(record: Record) -> str:
    """The record as JSON; it holds clear personal values and must be encrypted before it is stored."""
    return _ADAPTERS[kind_of(record)].dump_json(record).decode("utf-8")


def from_json(kind: SheetKind, text: str) -> Record:
    """The record that ``to_json`` wrote."""
    return _ADAPTERS[kind].validate_json(text)
