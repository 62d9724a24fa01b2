"""Inputs of pairing: which, in which order."""

import strawberry

from app.models.vocabulary import MenteeKind, PairingState, ProgramKind
from app.reads.constraints import (
    ConstraintOrder,
    ExclusionFilter,
    MenteeConstraintOrder,
    PinFilter,
    PreferenceFilter,
    ReleaseFilter,
)
from app.reads.pairing import PairingFilter, PairingOrder, PolicyFilter, PolicyOrder, ProgramFilter, ProgramOrder
from schema.enums import OrderDirection
from schema.ids import optional_key_of
from schema.inputs import (
    CREATED,
    DIRECTION,
    DIVISION_CODE,
    NAME,
    PERSON,
    PROGRAM,
    DateRangeInput,
    DateTimeRangeInput,
    checked_code,
    days,
    instants,
    optional,
    required,
    several,
)
from schema.paging import OrderChoice


@strawberry.input(description="Which programmes; all conditions must hold.")
class PairingProgramFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    kind: ProgramKind | None = optional("Shape.")
    mentee_kind: MenteeKind | None = optional("Who is mentored.")
    year: int | None = optional("Year.")
    start_date: DateRangeInput | None = optional("Whose period begins in this span.")
    search: str | None = optional(NAME)

    def filters(self) -> ProgramFilter:
        """What the reads understand."""
        return ProgramFilter(
            division_code=checked_code(self.division_code),
            kind=self.kind,
            mentee_kind=self.mentee_kind,
            year=self.year,
            start_date=days(self.start_date, "startDate"),
            search=self.search,
        )


@strawberry.input(description="Order of programmes.")
class PairingProgramOrderBy:
    field: ProgramOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)


@strawberry.input(description="Which policy versions; all conditions must hold.")
class MatchPolicyFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    program_id: strawberry.ID | None = optional(PROGRAM)
    created_at: DateTimeRangeInput | None = optional(CREATED)

    def filters(self) -> PolicyFilter:
        """What the reads understand."""
        return PolicyFilter(
            division_code=checked_code(self.division_code),
            program_id=optional_key_of(self.program_id, "PairingProgram", path=["filter", "programId"]),
            created_at=instants(self.created_at, "createdAt"),
        )


@strawberry.input(description="Order of policy versions.")
class MatchPolicyOrderBy:
    field: PolicyOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)


@strawberry.input(description="Which pairings; all conditions must hold.")
class PairingFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    program_id: strawberry.ID | None = optional(PROGRAM)
    states: list[PairingState] | None = optional("In one of these states.")
    mentee_id: strawberry.ID | None = optional("Of this mentee.")
    mentor_id: strawberry.ID | None = optional("In which this mentor serves or served.")
    start_date: DateRangeInput | None = optional("Whose period begins in this span.")
    end_date: DateRangeInput | None = optional("Whose period ends in this span.")
    search: str | None = optional(
        "A part of the name of the mentee or of a mentor, in simplified or traditional characters, or the beginning "
        "of the 编号 of one whose file may be seen; spaces do not count."
    )

    def filters(self) -> PairingFilter:
        """What the reads understand."""
        return PairingFilter(
            division_code=checked_code(self.division_code),
            program_id=optional_key_of(self.program_id, "PairingProgram", path=["filter", "programId"]),
            states=several(self.states),
            mentee_id=optional_key_of(self.mentee_id, "ReserveCandidate", "AssignedCadre", path=["filter", "menteeId"]),
            mentor_id=optional_key_of(self.mentor_id, "Mentor", path=["filter", "mentorId"]),
            start_date=days(self.start_date, "startDate"),
            end_date=days(self.end_date, "endDate"),
            search=self.search,
        )


@strawberry.input(description="Order of pairings.")
class PairingOrderBy:
    field: PairingOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)


@strawberry.input(description="Which pins; all conditions must hold.")
class PinFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    program_id: strawberry.ID | None = optional(PROGRAM)
    mentee_id: strawberry.ID | None = optional("Of this mentee.")
    mentor_id: strawberry.ID | None = optional("Of this mentor.")
    search: str | None = optional(PERSON)
    created_at: DateTimeRangeInput | None = optional(CREATED)

    def filters(self) -> PinFilter:
        """What the reads understand."""
        return PinFilter(
            division_code=checked_code(self.division_code),
            program_id=optional_key_of(self.program_id, "PairingProgram", path=["filter", "programId"]),
            mentee_id=optional_key_of(self.mentee_id, "ReserveCandidate", "AssignedCadre", path=["filter", "menteeId"]),
            mentor_id=optional_key_of(self.mentor_id, "Mentor", path=["filter", "mentorId"]),
            search=self.search,
            created_at=instants(self.created_at, "createdAt"),
        )


@strawberry.input(description="Which released rules; all conditions must hold.")
class RuleReleaseFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    program_id: strawberry.ID | None = optional(PROGRAM)
    mentee_id: strawberry.ID | None = optional("Of this mentee.")
    search: str | None = optional(PERSON)
    created_at: DateTimeRangeInput | None = optional(CREATED)

    def filters(self) -> ReleaseFilter:
        """What the reads understand."""
        return ReleaseFilter(
            division_code=checked_code(self.division_code),
            program_id=optional_key_of(self.program_id, "PairingProgram", path=["filter", "programId"]),
            mentee_id=optional_key_of(self.mentee_id, "ReserveCandidate", "AssignedCadre", path=["filter", "menteeId"]),
            search=self.search,
            created_at=instants(self.created_at, "createdAt"),
        )


@strawberry.input(description="Order of pins and released rules.")
class MenteeConstraintOrderBy:
    field: MenteeConstraintOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)


@strawberry.input(description="Which exclusions; all conditions must hold.")
class ExclusionFilterInput:
    created_at: DateTimeRangeInput | None = optional(CREATED)

    def filters(self) -> ExclusionFilter:
        """What the reads understand."""
        return ExclusionFilter(
            created_at=instants(self.created_at, "createdAt"),
        )


@strawberry.input(description="Which wishes, by the person who wishes; all conditions must hold.")
class PreferenceFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    from_person_id: strawberry.ID | None = optional("Of this person.")
    ranks: list[int] | None = optional("Of one of these ranks.")
    search: str | None = optional(PERSON)
    created_at: DateTimeRangeInput | None = optional(CREATED)

    def filters(self) -> PreferenceFilter:
        """What the reads understand."""
        return PreferenceFilter(
            division_code=checked_code(self.division_code),
            from_person_id=optional_key_of(self.from_person_id, "Person", "Cadre", path=["filter", "fromPersonId"]),
            ranks=several(self.ranks),
            search=self.search,
            created_at=instants(self.created_at, "createdAt"),
        )


@strawberry.input(description="Order of exclusions and wishes.")
class ConstraintOrderBy:
    field: ConstraintOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)
