"""Inputs of runs: which, in which order."""

import strawberry

from app.models.vocabulary import Relation, RunMode, RunState
from app.reads.runs import PlanItemFilter, PlanItemOrder, RunFilter, RunOrder, SeatOrder, ShortfallFilter
from schema.enums import OrderDirection
from schema.ids import optional_key_of
from schema.inputs import DIRECTION, DIVISION_CODE, checked_code, optional, required, several
from schema.paging import OrderChoice


@strawberry.input(description="Which runs; all conditions must hold.")
class MatchRunFilterInput:
    program_id: strawberry.ID | None = optional("Of this programme.")
    states: list[RunState] | None = optional("In one of these states.")
    mode: RunMode | None = optional("What the run was for.")

    def filters(self) -> RunFilter:
        """What the reads understand."""
        return RunFilter(
            program_id=optional_key_of(self.program_id, "PairingProgram", path=["filter", "programId"]),
            states=several(self.states),
            mode=self.mode,
        )


@strawberry.input(description="Order of runs.")
class MatchRunOrderBy:
    field: RunOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)


@strawberry.input(description="Which filled seats; all conditions must hold.")
class PlanItemFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    relation: Relation | None = optional("Closeness.")
    slot_code: str | None = optional("In this slot.")
    is_changed: bool | None = optional("Whether the seat differs from the published plan.")

    def filters(self) -> PlanItemFilter:
        """What the reads understand."""
        return PlanItemFilter(
            division_code=checked_code(self.division_code),
            relation=self.relation,
            slot_code=self.slot_code,
            is_changed=self.is_changed,
        )


@strawberry.input(description="Order of filled seats.")
class PlanItemOrderBy:
    field: PlanItemOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)


@strawberry.input(description="Which empty seats; all conditions must hold.")
class ShortfallFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    is_approved: bool | None = optional("Whether somebody approved that the seat stays empty.")

    def filters(self) -> ShortfallFilter:
        """What the reads understand."""
        return ShortfallFilter(
            division_code=checked_code(self.division_code),
            is_approved=self.is_approved,
        )


@strawberry.input(description="Order of empty seats.")
class ShortfallOrderBy:
    field: SeatOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)
