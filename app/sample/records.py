"""What a sample knows of its invented people: plain records without database keys."""

from dataclasses import dataclass
from datetime import date

from app.models.vocabulary import (
    AppraisalGrade,
    CandidateSource,
    ExclusionReason,
    KinshipRelation,
    MentorCategory,
    ReviewLevel,
    Sex,
    Specialty,
    TargetPost,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePost:
    """One entry of a career: at a division or with an organisation; ``end`` is the month it ended in."""

    start: date
    end: date | None
    title: str
    division_code: str | None = None
    organisation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePerson:
    """One invented human being; ``home_code`` is the village, township or county that keeps the file."""

    home_code: str
    name: str
    sex: Sex
    birth_date: date
    ethnicity_code: str
    native_place: str
    political_status_code: str
    party_join_date: date | None
    education_code: str
    is_education_full_time: bool
    school: str
    major: str
    work_start_date: date
    id_number: str
    phone: str
    posts: tuple[SamplePost, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleCandidate:
    """One reserve candidate (后备力量)."""

    person: SamplePerson
    village_code: str
    target_post: TargetPost
    source: CandidateSource
    pool_date: date | None
    review_level: ReviewLevel
    needs: tuple[tuple[Specialty, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleAssignedCadre:
    """One official sent to a village (选派干部)."""

    person: SamplePerson
    village_code: str
    sending_unit: str
    assigned_from: date
    term_end: date
    needs: tuple[tuple[Specialty, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleMentor:
    """One mentor; ``pool_code`` is the township of the pool, or the county."""

    person: SamplePerson
    pool_code: str
    category: MentorCategory
    trade_years: int | None
    good: tuple[Specialty, ...]
    familiar: tuple[Specialty, ...]
    grades: tuple[tuple[int, AppraisalGrade], ...]
    capacity: int | None
    linked_village_codes: tuple[str, ...]
    residence_code: str | None
    has_discipline_in_force: bool


SampleMentee = SampleCandidate | SampleAssignedCadre


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleKinship:
    """Two persons declared to be kin."""

    mentee: SamplePerson
    mentor: SamplePerson
    relation: KinshipRelation


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleExclusion:
    """A pair that must not be formed."""

    mentee: SamplePerson
    mentor: SamplePerson
    reason: ExclusionReason


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePreference:
    """A wish (rank 1-3) or a veto (rank 0, with reason and approver)."""

    wisher: SamplePerson
    wished: SamplePerson
    rank: int
    reason: str | None = None
    approved_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePeople:
    """Everybody of one sample, in the order of the divisions."""

    mentees: tuple[SampleMentee, ...]
    mentors: tuple[SampleMentor, ...]
    kinships: tuple[SampleKinship, ...]
    exclusions: tuple[SampleExclusion, ...]
    preferences: tuple[SamplePreference, ...]
