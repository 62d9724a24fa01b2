"""Tables of people: persons, their careers, and their roles as mentee or mentor."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from app.models.columns import (
    CountyRow,
    Pii,
    Row,
    SearchedRow,
    personal_enum_field,
    personal_field,
    personal_json_field,
)
from app.models.vocabulary import (
    AppraisalGrade,
    AssignmentState,
    CandidateSource,
    CandidateState,
    DatePrecision,
    ExclusionReason,
    KinshipRelation,
    MenteeKind,
    MentorCategory,
    MentorState,
    NeedSource,
    PersonFlagKind,
    PersonStatus,
    PostKind,
    ReviewLevel,
    Sex,
    SkillLevel,
    Specialty,
    TargetPost,
    VillageLinkRole,
)


class Person(SearchedRow, CountyRow, table=True):
    """One human being, once, whatever roles. Written by import and county officers; kept per the archive schedule.

    ``code`` is 编号, the short stable code printed on rosters. ``division_id`` is the village, township or county that
    keeps the file; a township officer sees the persons of the own township by it.
    """

    __tablename__ = "person"

    code: str = personal_field(Pii.DUTY, max_length=20, unique=True)
    division_id: UUID = Field(foreign_key="division.id", index=True)
    name: str = personal_field(Pii.DUTY, max_length=80, index=True)
    sex: Sex = personal_enum_field(Pii.CADRE, Sex, default=Sex.UNKNOWN)
    birth_date: date | None = personal_field(Pii.CADRE, default=None)
    birth_precision: DatePrecision | None = personal_enum_field(Pii.CADRE, DatePrecision, default=None)
    ethnicity_code: str | None = personal_field(Pii.CADRE, default=None, max_length=2)
    native_place: str | None = personal_field(Pii.CADRE, default=None, max_length=80)
    political_status_code: str | None = personal_field(Pii.CADRE, default=None, max_length=2)
    party_join_date: date | None = personal_field(Pii.CADRE, default=None)
    party_join_precision: DatePrecision | None = personal_enum_field(Pii.CADRE, DatePrecision, default=None)
    education_code: str | None = personal_field(Pii.CADRE, default=None, max_length=2)
    is_education_full_time: bool | None = personal_field(Pii.CADRE, default=None)
    degree_code: str | None = personal_field(Pii.CADRE, default=None, max_length=1)
    school: str | None = personal_field(Pii.CADRE, default=None, max_length=120)
    major: str | None = personal_field(Pii.CADRE, default=None, max_length=120)
    work_start_date: date | None = personal_field(Pii.CADRE, default=None)
    work_start_precision: DatePrecision | None = personal_enum_field(Pii.CADRE, DatePrecision, default=None)
    id_number_encrypted: str | None = personal_field(Pii.SENSITIVE, default=None)
    id_number_hash: str | None = personal_field(Pii.SENSITIVE, default=None, max_length=64, unique=True)
    id_number_masked: str | None = personal_field(Pii.SENSITIVE, default=None, max_length=18)
    phone_encrypted: str | None = personal_field(Pii.SENSITIVE, default=None)
    phone_hash: str | None = personal_field(Pii.SENSITIVE, default=None, max_length=64, index=True)
    phone_masked: str | None = personal_field(Pii.SENSITIVE, default=None, max_length=20)
    unit_and_post: str | None = personal_field(Pii.DUTY, default=None, max_length=200)
    residence_division_id: UUID | None = personal_field(
        Pii.SENSITIVE, default=None, foreign_key="division.id", index=True
    )
    status: PersonStatus = personal_enum_field(Pii.DUTY, PersonStatus, default=PersonStatus.ACTIVE)


class PersonCodeCounter(Row, table=True):
    """The next number of 编号 in one county; written whenever a person is created."""

    __tablename__ = "person_code_counter"

    county_id: UUID = Field(foreign_key="division.id", unique=True)
    next_number: int = 1


class Appointment(CountyRow, table=True):
    """One post held by a person for a period of whole months; ``end_date`` null means still held.

    ``start_date`` is the first day of the first month, ``end_date`` the first day of the month in which the post ended
    (half-open). ``division_id`` is the village, township or county of the post.
    """

    __tablename__ = "appointment"

    person_id: UUID = Field(foreign_key="person.id", index=True)
    post: PostKind = personal_enum_field(Pii.DUTY, PostKind)
    title: str = personal_field(Pii.DUTY, max_length=120)
    organisation: str | None = personal_field(Pii.DUTY, default=None, max_length=120)
    division_id: UUID | None = Field(default=None, foreign_key="division.id", index=True)
    start_date: date = personal_field(Pii.CADRE)
    end_date: date | None = personal_field(Pii.CADRE, default=None)
    is_grassroots: bool
    is_leader: bool = False
    source: str = Field(max_length=40)


class AnnualAppraisal(CountyRow, table=True):
    """The appraisal grade of one person in one year."""

    __tablename__ = "annual_appraisal"
    __table_args__ = (UniqueConstraint("person_id", "year"),)

    person_id: UUID = Field(foreign_key="person.id", index=True)
    year: int
    grade: AppraisalGrade = personal_enum_field(Pii.CADRE, AppraisalGrade)


class PersonFlag(CountyRow, table=True):
    """A restricted fact about a person for a period (class A). Kept until the effect ends plus one year."""

    __tablename__ = "person_flag"

    person_id: UUID = Field(foreign_key="person.id", index=True)
    kind: PersonFlagKind = personal_enum_field(Pii.RESTRICTED, PersonFlagKind)
    start_date: date = personal_field(Pii.RESTRICTED)
    end_date: date | None = personal_field(Pii.RESTRICTED, default=None)
    note_encrypted: str | None = personal_field(Pii.RESTRICTED, default=None)


class ReservePool(SearchedRow, CountyRow, table=True):
    """The reserve pool (后备力量库) of one county."""

    __tablename__ = "reserve_pool"
    __table_args__ = (UniqueConstraint("county_id", "name"),)

    name: str = Field(max_length=120)


class Mentee(CountyRow, table=True):
    """One person to be mentored in one village: the common part of reserve candidates and assigned cadres."""

    __tablename__ = "mentee"

    kind: MenteeKind = personal_enum_field(Pii.DUTY, MenteeKind)
    person_id: UUID = Field(foreign_key="person.id", index=True)
    village_id: UUID = Field(foreign_key="division.id", index=True)


class ReserveCandidate(CountyRow, table=True):
    """One person in one reserve pool; shares its key with its mentee row. One active record per person and pool."""

    __tablename__ = "reserve_candidate"
    __table_args__ = (UniqueConstraint("pool_id", "person_id"),)

    id: UUID = Field(foreign_key="mentee.id", primary_key=True)
    person_id: UUID = Field(foreign_key="person.id", index=True)
    pool_id: UUID = Field(foreign_key="reserve_pool.id", index=True)
    target_post: TargetPost = personal_enum_field(Pii.DUTY, TargetPost)
    source: CandidateSource = personal_enum_field(Pii.DUTY, CandidateSource)
    pool_date: date | None = personal_field(Pii.DUTY, default=None)
    exit_date: date | None = personal_field(Pii.DUTY, default=None)
    exit_reason_encrypted: str | None = personal_field(Pii.RESTRICTED, default=None)
    review_level: ReviewLevel = personal_enum_field(Pii.DUTY, ReviewLevel, default=ReviewLevel.NONE)
    state: CandidateState = personal_enum_field(Pii.DUTY, CandidateState)
    tags: list[str] = personal_json_field(Pii.CADRE, default_factory=list)


class AssignedCadre(CountyRow, table=True):
    """An official sent by a unit to a village; shares its key with its mentee row. Several per village are allowed."""

    __tablename__ = "assigned_cadre"

    id: UUID = Field(foreign_key="mentee.id", primary_key=True)
    person_id: UUID = Field(foreign_key="person.id", index=True)
    sending_unit: str = personal_field(Pii.DUTY, max_length=120)
    assigned_from: date = personal_field(Pii.DUTY)
    term_end: date | None = personal_field(Pii.DUTY, default=None)
    state: AssignmentState = personal_enum_field(Pii.DUTY, AssignmentState)


class DevelopmentNeed(CountyRow, table=True):
    """A field in which a person or a village needs help, with a weight above zero; exactly one owner."""

    __tablename__ = "development_need"
    __table_args__ = (
        UniqueConstraint("person_id", "specialty"),
        UniqueConstraint("village_id", "specialty"),
        CheckConstraint("(person_id IS NULL) <> (village_id IS NULL)", name="one_owner"),
        CheckConstraint("weight > 0", name="weight_positive"),
    )

    person_id: UUID | None = Field(default=None, foreign_key="person.id", index=True)
    village_id: UUID | None = Field(default=None, foreign_key="division.id", index=True)
    specialty: Specialty = personal_enum_field(Pii.DUTY, Specialty)
    weight: float = 1.0
    source: NeedSource = personal_enum_field(Pii.DUTY, NeedSource)


class MentorPool(SearchedRow, CountyRow, table=True):
    """A mentor pool (帮带导师库) of a township, or of a county."""

    __tablename__ = "mentor_pool"
    __table_args__ = (UniqueConstraint("division_id", "name"),)

    division_id: UUID = Field(foreign_key="division.id", index=True)
    name: str = Field(max_length=120)


class Mentor(CountyRow, table=True):
    """One person in one mentor pool. ``capacity`` null takes the policy's load cap."""

    __tablename__ = "mentor"
    __table_args__ = (
        UniqueConstraint("pool_id", "person_id"),
        CheckConstraint("capacity IS NULL OR capacity >= 0", name="capacity_not_negative"),
    )

    person_id: UUID = Field(foreign_key="person.id", index=True)
    pool_id: UUID = Field(foreign_key="mentor_pool.id", index=True)
    category: MentorCategory = personal_enum_field(Pii.DUTY, MentorCategory)
    capacity: int | None = None
    trade_years: float | None = personal_field(Pii.CADRE, default=None)
    available_from: date | None = personal_field(Pii.DUTY, default=None)
    available_to: date | None = personal_field(Pii.DUTY, default=None)
    state: MentorState = personal_enum_field(Pii.DUTY, MentorState)


class MentorSpecialty(CountyRow, table=True):
    """How well one mentor knows one specialty."""

    __tablename__ = "mentor_specialty"
    __table_args__ = (UniqueConstraint("mentor_id", "specialty"),)

    mentor_id: UUID = Field(foreign_key="mentor.id", index=True)
    specialty: Specialty = personal_enum_field(Pii.DUTY, Specialty)
    level: SkillLevel = personal_enum_field(Pii.DUTY, SkillLevel)


class VillageLink(CountyRow, table=True):
    """A person's contact link to a village (包联) for a period."""

    __tablename__ = "village_link"
    __table_args__ = (UniqueConstraint("person_id", "village_id", "role", "start_date"),)

    person_id: UUID = Field(foreign_key="person.id", index=True)
    village_id: UUID = Field(foreign_key="division.id", index=True)
    role: VillageLinkRole = personal_enum_field(Pii.DUTY, VillageLinkRole)
    start_date: date = personal_field(Pii.DUTY)
    end_date: date | None = personal_field(Pii.DUTY, default=None)


class KinshipDeclaration(CountyRow, table=True):
    """A declared kinship between two persons (class A): only the pair and the relation, never a family tree."""

    __tablename__ = "kinship_declaration"
    __table_args__ = (UniqueConstraint("person_a_id", "person_b_id"),)

    person_a_id: UUID = Field(foreign_key="person.id", index=True)
    person_b_id: UUID = Field(foreign_key="person.id", index=True)
    relation: KinshipRelation = personal_enum_field(Pii.RESTRICTED, KinshipRelation)
    source: str = Field(max_length=80)


class Exclusion(CountyRow, table=True):
    """A pair that must not be formed. Written and lifted by officers; runs keep it in their snapshot."""

    __tablename__ = "exclusion"
    __table_args__ = (UniqueConstraint("mentee_person_id", "mentor_person_id"),)

    mentee_person_id: UUID = Field(foreign_key="person.id", index=True)
    mentor_person_id: UUID = Field(foreign_key="person.id", index=True)
    reason: ExclusionReason = personal_enum_field(Pii.RESTRICTED, ExclusionReason)
    note_encrypted: str | None = personal_field(Pii.RESTRICTED, default=None)
    source_encrypted: str = personal_field(Pii.RESTRICTED)


class Preference(CountyRow, table=True):
    """A wish of one person about another: rank 1-3, or rank 0 for a veto with an approved reason."""

    __tablename__ = "preference"
    __table_args__ = (
        UniqueConstraint("from_person_id", "to_person_id"),
        CheckConstraint("rank BETWEEN 0 AND 3", name="rank_range"),
    )

    from_person_id: UUID = Field(foreign_key="person.id", index=True)
    to_person_id: UUID = Field(foreign_key="person.id", index=True)
    rank: int
    reason_encrypted: str | None = personal_field(Pii.RESTRICTED, default=None)
    approved_by: str | None = personal_field(Pii.DUTY, default=None, max_length=80)
