"""What a caller hands over to create or change people; clear personal values live only here, never in a table."""

from dataclasses import dataclass
from datetime import date
from enum import Enum
from uuid import UUID

from app.models.vocabulary import (
    CandidateSource,
    CandidateState,
    DatePrecision,
    MentorCategory,
    MentorState,
    PersonStatus,
    PostKind,
    ReviewLevel,
    Sex,
    SkillLevel,
    Specialty,
    TargetPost,
)


class Unset(Enum):
    """The mark of a field that a change leaves as it is (``None`` means: empty the field)."""

    UNSET = "UNSET"


UNSET = Unset.UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialDate:
    """A day, or a month: with MONTH precision ``value`` is the first day of the month."""

    value: date
    precision: DatePrecision


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDraft:
    """A person to be created. ``id_number`` (18 characters) and ``phone`` are clear text."""

    name: str
    division_id: UUID
    sex: Sex = Sex.UNKNOWN
    birth: PartialDate | None = None
    ethnicity_code: str | None = None
    native_place: str | None = None
    political_status_code: str | None = None
    party_join: PartialDate | None = None
    education_code: str | None = None
    is_education_full_time: bool | None = None
    degree_code: str | None = None
    school: str | None = None
    major: str | None = None
    work_start: PartialDate | None = None
    id_number: str | None = None
    phone: str | None = None
    unit_and_post: str | None = None
    residence_division_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentDraft:
    """One post for whole months, half-open: ``end_date`` is the first day of the month in which it ended."""

    post: PostKind
    title: str
    start_date: date
    organisation: str | None = None
    division_id: UUID | None = None
    end_date: date | None = None
    is_leader: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CadreDraft:
    """A person together with the posts held."""

    person: PersonDraft
    appointments: tuple[AppointmentDraft, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChanges:
    """New values of a person; ``appointments`` replaces the whole list."""

    name: str | Unset = UNSET
    division_id: UUID | Unset = UNSET
    sex: Sex | Unset = UNSET
    birth: PartialDate | Unset | None = UNSET
    ethnicity_code: str | Unset | None = UNSET
    native_place: str | Unset | None = UNSET
    political_status_code: str | Unset | None = UNSET
    party_join: PartialDate | Unset | None = UNSET
    education_code: str | Unset | None = UNSET
    is_education_full_time: bool | Unset | None = UNSET
    degree_code: str | Unset | None = UNSET
    school: str | Unset | None = UNSET
    major: str | Unset | None = UNSET
    work_start: PartialDate | Unset | None = UNSET
    id_number: str | Unset | None = UNSET
    phone: str | Unset | None = UNSET
    unit_and_post: str | Unset | None = UNSET
    residence_division_id: UUID | Unset | None = UNSET
    status: PersonStatus | Unset = UNSET
    appointments: tuple[AppointmentDraft, ...] | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedDraft:
    """A field in which a mentee needs help; a larger weight counts more."""

    specialty: Specialty
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveCandidateDraft:
    """A person to enter a reserve pool; without ``pool_id`` the county's only pool, made if there is none."""

    person_id: UUID
    village_id: UUID
    target_post: TargetPost
    source: CandidateSource
    pool_id: UUID | None = None
    pool_date: date | None = None
    review_level: ReviewLevel = ReviewLevel.NONE
    state: CandidateState = CandidateState.SURVEYED
    needs: tuple[NeedDraft, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveCandidateChanges:
    """New values of a reserve candidate; ``needs`` replaces the whole list."""

    village_id: UUID | Unset = UNSET
    target_post: TargetPost | Unset = UNSET
    source: CandidateSource | Unset = UNSET
    pool_date: date | Unset | None = UNSET
    review_level: ReviewLevel | Unset = UNSET
    state: CandidateState | Unset = UNSET
    exit_date: date | Unset | None = UNSET
    exit_reason: str | Unset | None = UNSET
    needs: tuple[NeedDraft, ...] | Unset = UNSET
    tags: tuple[str, ...] | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignedCadreDraft:
    """A person whom a unit sends to a village from a day on."""

    person_id: UUID
    village_id: UUID
    sending_unit: str
    assigned_from: date
    term_end: date | None = None
    needs: tuple[NeedDraft, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialtyDraft:
    """How well a mentor knows one specialty."""

    specialty: Specialty
    level: SkillLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class MentorDraft:
    """A person to enter a mentor pool: ``pool_id``, or the pool of ``pool_division_id``, made if there is none."""

    person_id: UUID
    category: MentorCategory
    pool_id: UUID | None = None
    pool_division_id: UUID | None = None
    specialties: tuple[SpecialtyDraft, ...] = ()
    capacity: int | None = None
    trade_years: float | None = None
    available_from: date | None = None
    available_to: date | None = None
    state: MentorState = MentorState.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class MentorChanges:
    """New values of a mentor; ``specialties`` replaces the whole list."""

    category: MentorCategory | Unset = UNSET
    specialties: tuple[SpecialtyDraft, ...] | Unset = UNSET
    capacity: int | Unset | None = UNSET
    trade_years: float | Unset | None = UNSET
    available_from: date | Unset | None = UNSET
    available_to: date | Unset | None = UNSET
    state: MentorState | Unset = UNSET
