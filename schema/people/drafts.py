"""Inputs of the mutations of people; each names the draft of the service that it becomes."""

from datetime import date
from typing import ClassVar

import strawberry

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
from app.services.people import AppointmentDraft, NeedDraft, PartialDate, PersonDraft, SpecialtyDraft
from schema.inputs import changeable, required

_REPLACES = "; replaces the whole list"


@strawberry.input(description="A day, or a month by its first day.")
class PartialDateInput:
    DRAFT: ClassVar[type] = PartialDate

    value: date = required("The day, or the first day of the month.")
    precision: DatePrecision = required("How exact the date is.")


@strawberry.input(description="One post for whole months.")
class AppointmentInput:
    DRAFT: ClassVar[type] = AppointmentDraft

    post: PostKind = required("Kind of the post.")
    title: str = required("Title as written in the file.")
    start_date: date = required("First day of the first month.")
    organisation: str | None = changeable("Unit, for posts outside a division.")
    division_id: strawberry.ID | None = changeable("Village, township or county of the post.")
    end_date: date | None = changeable("First day of the month in which the post ended.")
    is_leader: bool | None = changeable("Whether it was a leading post.")


@strawberry.input(description="A field in which somebody needs help.")
class NeedInput:
    DRAFT: ClassVar[type] = NeedDraft

    specialty: Specialty = required("The field.")
    weight: float | None = changeable("How much it counts; 1 unless stated.")


@strawberry.input(description="How well a mentor knows one specialty.")
class SpecialtyInput:
    DRAFT: ClassVar[type] = SpecialtyDraft

    specialty: Specialty = required("The field.")
    level: SkillLevel = required("How well.")


@strawberry.input(description="A person to be created.")
class PersonInput:
    DRAFT: ClassVar[type] = PersonDraft

    name: str = required("Name.")
    division_id: strawberry.ID = required("The village, township or county that keeps the file.")
    sex: Sex | None = changeable("Sex; taken from the ID number unless stated.")
    birth: PartialDateInput | None = changeable("Day or month of birth; taken from the ID number unless stated.")
    ethnicity_code: str | None = changeable("Ethnicity, GB/T 3304.")
    native_place: str | None = changeable("Native place.")
    political_status_code: str | None = changeable("Political status, GB/T 4762.")
    party_join: PartialDateInput | None = changeable("Day or month of joining the Party.")
    education_code: str | None = changeable("Education, GB/T 4658.")
    is_education_full_time: bool | None = changeable("Whether the education was full-time.")
    degree_code: str | None = changeable(
        "Degree, first digit of GB/T 6864: 1 honorary doctor, 2 doctor, 3 master, 4 bachelor."
    )
    school: str | None = changeable("School.")
    major: str | None = changeable("Major.")
    work_start: PartialDateInput | None = changeable("Day or month of starting work.")
    id_number: str | None = changeable("ID number, 18 characters; stored encrypted and only ever shown masked.")
    phone: str | None = changeable("Phone; stored encrypted and only ever shown masked.")
    unit_and_post: str | None = changeable("Unit and post as forms print them.")
    residence_division_id: strawberry.ID | None = changeable("Where the person lives.")


@strawberry.input(description="New values of a person; what is left out stays, null empties.")
class PersonChangesInput:
    name: str | None = changeable("Name.")
    division_id: strawberry.ID | None = changeable("The division that keeps the file.")
    sex: Sex | None = changeable("Sex.")
    birth: PartialDateInput | None = changeable("Day or month of birth.")
    ethnicity_code: str | None = changeable("Ethnicity, GB/T 3304.")
    native_place: str | None = changeable("Native place.")
    political_status_code: str | None = changeable("Political status, GB/T 4762.")
    party_join: PartialDateInput | None = changeable("Day or month of joining the Party.")
    education_code: str | None = changeable("Education, GB/T 4658.")
    is_education_full_time: bool | None = changeable("Whether the education was full-time.")
    degree_code: str | None = changeable(
        "Degree, first digit of GB/T 6864: 1 honorary doctor, 2 doctor, 3 master, 4 bachelor."
    )
    school: str | None = changeable("School.")
    major: str | None = changeable("Major.")
    work_start: PartialDateInput | None = changeable("Day or month of starting work.")
    id_number: str | None = changeable("ID number, 18 characters.")
    phone: str | None = changeable("Phone.")
    unit_and_post: str | None = changeable("Unit and post as forms print them.")
    residence_division_id: strawberry.ID | None = changeable("Where the person lives.")
    status: PersonStatus | None = changeable("Whether the file is in use.")
    appointments: list[AppointmentInput] | None = changeable(f"Posts held{_REPLACES}.")


@strawberry.input(description="Input of `createCadre`.")
class CreateCadreInput:
    person: PersonInput = required("The person.")
    appointments: list[AppointmentInput] | None = changeable("Posts held.")


@strawberry.input(description="Input of `updateCadre`.")
class UpdateCadreInput:
    id: strawberry.ID = required("Id of the cadre or person.")
    changes: PersonChangesInput = required("New values.")
    expected_version: int | None = changeable("The version that was read; a newer one is refused.")


@strawberry.input(description="Input of `mergePersons`.")
class MergePersonsInput:
    keep_id: strawberry.ID = required("The record that stays; where both say something, it is right.")
    drop_id: strawberry.ID = required("The record that is emptied and deleted.")
    reason: str = required("How it is known that they are one person, in up to 200 characters; it names no number.")


@strawberry.input(description="Input of `createReserveCandidate`.")
class CreateReserveCandidateInput:
    person_id: strawberry.ID = required("The person.")
    village_id: strawberry.ID = required("The village in which the candidate serves.")
    target_post: TargetPost = required("The post the candidate is prepared for.")
    source: CandidateSource = required("Where the candidate comes from.")
    pool_id: strawberry.ID | None = changeable("Reserve pool; the county's only one unless stated.")
    pool_date: date | None = changeable("Day of entering the pool.")
    review_level: ReviewLevel | None = changeable("How far the review has come.")
    state: CandidateState | None = changeable("State; SURVEYED unless stated.")
    needs: list[NeedInput] | None = changeable("Fields in which the person needs help.")
    tags: list[str] | None = changeable("Local tags.")


@strawberry.input(description="New values of a reserve candidate; what is left out stays, null empties.")
class ReserveCandidateChangesInput:
    village_id: strawberry.ID | None = changeable("The village in which the candidate serves.")
    target_post: TargetPost | None = changeable("The post the candidate is prepared for.")
    source: CandidateSource | None = changeable("Where the candidate comes from.")
    pool_date: date | None = changeable("Day of entering the pool.")
    review_level: ReviewLevel | None = changeable("How far the review has come.")
    state: CandidateState | None = changeable("State.")
    exit_date: date | None = changeable("Day of leaving the pool.")
    exit_reason: str | None = changeable("Why the candidate left; stored, and never shown by this interface.")
    needs: list[NeedInput] | None = changeable(f"Fields in which the person needs help{_REPLACES}.")
    tags: list[str] | None = changeable(f"Local tags{_REPLACES}.")


@strawberry.input(description="Input of `updateReserveCandidate`.")
class UpdateReserveCandidateInput:
    id: strawberry.ID = required("The candidate.")
    changes: ReserveCandidateChangesInput = required("New values.")
    expected_version: int | None = changeable("The version that was read; a newer one is refused.")


@strawberry.input(description="Input of `removeReserveCandidate`.")
class RemoveReserveCandidateInput:
    id: strawberry.ID = required("The candidate.")
    outcome: CandidateState = required("How the candidate leaves: PROMOTED, REMOVED, WITHDRAWN or TRANSFERRED.")
    reason: str = required("Why; stored, and never shown by this interface.")
    exit_date: date | None = changeable("Last day in the pool; today unless stated.")
    expected_version: int | None = changeable("The version that was read; a newer one is refused.")


@strawberry.input(description="Input of `createAssignedCadre`.")
class CreateAssignedCadreInput:
    person_id: strawberry.ID = required("The person.")
    village_id: strawberry.ID = required("The village of the posting.")
    sending_unit: str = required("The unit that sends the official.")
    assigned_from: date = required("First day of the posting.")
    term_end: date | None = changeable("Planned last day.")
    needs: list[NeedInput] | None = changeable("Fields in which the person needs help.")


@strawberry.input(description="Input of `createMentor`.")
class CreateMentorInput:
    person_id: strawberry.ID = required("The person.")
    category: MentorCategory = required("Where the mentor comes from.")
    pool_id: strawberry.ID | None = changeable("The pool; instead of `poolDivisionId`.")
    pool_division_id: strawberry.ID | None = changeable("Township or county whose pool is taken, or made.")
    specialties: list[SpecialtyInput] | None = changeable("What the mentor knows.")
    capacity: int | None = changeable("Most mentees at one time; null takes the load cap of the policy.")
    trade_years: float | None = changeable("Years in the trade, for industry leaders.")
    available_from: date | None = changeable("First day on which the mentor can serve.")
    available_to: date | None = changeable("Last day on which the mentor can serve.")
    state: MentorState | None = changeable("State; ACTIVE unless stated.")


@strawberry.input(description="New values of a mentor; what is left out stays, null empties.")
class MentorChangesInput:
    category: MentorCategory | None = changeable("Where the mentor comes from.")
    specialties: list[SpecialtyInput] | None = changeable(f"What the mentor knows{_REPLACES}.")
    capacity: int | None = changeable("Most mentees at one time; null takes the load cap of the policy.")
    trade_years: float | None = changeable("Years in the trade.")
    available_from: date | None = changeable("First day on which the mentor can serve.")
    available_to: date | None = changeable("Last day on which the mentor can serve.")
    state: MentorState | None = changeable("State.")


@strawberry.input(description="Input of `updateMentor`.")
class UpdateMentorInput:
    id: strawberry.ID = required("The mentor.")
    changes: MentorChangesInput = required("New values.")
    expected_version: int | None = changeable("The version that was read; a newer one is refused.")
