"""Inputs of pairing: which, in which order."""

import strawberry

from app.models.vocabulary import PairingState, ProgramKind
from app.reads.pairing import PairingFilter, PairingOrder, PolicyFilter, PolicyOrder, ProgramFilter, ProgramOrder
from schema.enums import OrderDirection
from schema.ids import optional_key_of
from schema.inputs import DIRECTION, DIVISION_CODE, checked_code, optional, required, several
from schema.paging import OrderChoice


@strawberry.input(description="Which programmes; all conditions must hold.")
class PairingProgramFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    kind: ProgramKind | None = optional("Shape.")
    year: int | None = optional("Year.")

    def filters(self) -> ProgramFilter:
        """What the reads understand."""
        return ProgramFilter(
            division_code=checked_code(self.division_code),
            kind=self.kind,
            year=self.year,
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
    program_id: strawberry.ID | None = optional("Of this programme.")

    def filters(self) -> PolicyFilter:
        """What the reads understand."""
        return PolicyFilter(
            program_id=optional_key_of(self.program_id, "PairingProgram", path=["filter", "programId"]),
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
    program_id: strawberry.ID | None = optional("Of this programme.")
    states: list[PairingState] | None = optional("In one of these states.")
    mentee_id: strawberry.ID | None = optional("Of this mentee.")
    mentor_id: strawberry.ID | None = optional("In which this mentor serves or served.")

    def filters(self) -> PairingFilter:
        """What the reads understand."""
        return PairingFilter(
            division_code=checked_code(self.division_code),
            program_id=optional_key_of(self.program_id, "PairingProgram", path=["filter", "programId"]),
            states=several(self.states),
            mentee_id=optional_key_of(self.mentee_id, "ReserveCandidate", "AssignedCadre", path=["filter", "menteeId"]),
            mentor_id=optional_key_of(self.mentor_id, "Mentor", path=["filter", "mentorId"]),
        )


@strawberry.input(description="Order of pairings.")
class PairingOrderBy:
    field: PairingOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)
