"""Inputs of rosters: which, in which order."""

import strawberry

from app.models.vocabulary import RosterState
from app.reads.rosters import RosterEntryFilter, RosterEntryOrder, RosterFilter, RosterOrder
from schema.enums import OrderDirection
from schema.ids import optional_key_of
from schema.inputs import DIRECTION, DIVISION_CODE, checked_code, optional, required, several
from schema.paging import OrderChoice


@strawberry.input(description="Which rosters; all conditions must hold.")
class RosterFilterInput:
    program_id: strawberry.ID | None = optional("Of this programme.")
    states: list[RosterState] | None = optional("In one of these states.")

    def filters(self) -> RosterFilter:
        """What the reads understand."""
        return RosterFilter(
            program_id=optional_key_of(self.program_id, "PairingProgram", path=["filter", "programId"]),
            states=several(self.states),
        )


@strawberry.input(description="Order of rosters.")
class RosterOrderBy:
    field: RosterOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)


@strawberry.input(description="Which roster entries; all conditions must hold.")
class RosterEntryFilterInput:
    division_code: str | None = optional(DIVISION_CODE)

    def filters(self) -> RosterEntryFilter:
        """What the reads understand."""
        return RosterEntryFilter(
            division_code=checked_code(self.division_code),
        )


@strawberry.input(description="Order of roster entries.")
class RosterEntryOrderBy:
    field: RosterEntryOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)
