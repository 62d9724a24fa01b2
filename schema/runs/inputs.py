"""Inputs of runs: which, in which order."""

import strawberry

from app.models.vocabulary import AdjustmentKind, PlanMethod, PlanState, Relation, RunMode, RunState
from app.reads.runs import (
    AdjustmentFilter,
    AdjustmentOrder,
    PlanFilter,
    PlanItemFilter,
    PlanItemOrder,
    PlanOrder,
    RunFilter,
    RunOrder,
    SeatOrder,
    ShortfallFilter,
)
from schema.enums import OrderDirection
from schema.ids import optional_key_of
from schema.inputs import (
    CREATED,
    DIRECTION,
    DIVISION_CODE,
    PERSON,
    PROGRAM,
    PROGRAM_NAME,
    DateTimeRangeInput,
    checked_code,
    instants,
    optional,
    required,
    several,
)
from schema.paging import OrderChoice


@strawberry.input(description="Which runs; all conditions must hold.")
class MatchRunFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    program_id: strawberry.ID | None = optional(PROGRAM)
    states: list[RunState] | None = optional("In one of these states.")
    mode: RunMode | None = optional("What the run was for.")
    created_at: DateTimeRangeInput | None = optional(CREATED)
    search: str | None = optional(PROGRAM_NAME)

    def filters(self) -> RunFilter:
        """What the reads understand."""
        return RunFilter(
            division_code=checked_code(self.division_code),
            program_id=optional_key_of(self.program_id, "PairingProgram", path=["filter", "programId"]),
            states=several(self.states),
            mode=self.mode,
            created_at=instants(self.created_at, "createdAt"),
            search=self.search,
        )


@strawberry.input(description="Order of runs.")
class MatchRunOrderBy:
    field: RunOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)


@strawberry.input(description="Which plans; all conditions must hold.")
class MatchPlanFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    program_id: strawberry.ID | None = optional(PROGRAM)
    run_id: strawberry.ID | None = optional("Of this run.")
    states: list[PlanState] | None = optional("In one of these states.")
    methods: list[PlanMethod] | None = optional("That came to be in one of these ways.")
    created_at: DateTimeRangeInput | None = optional(CREATED)
    search: str | None = optional(PROGRAM_NAME)

    def filters(self) -> PlanFilter:
        """What the reads understand."""
        return PlanFilter(
            division_code=checked_code(self.division_code),
            program_id=optional_key_of(self.program_id, "PairingProgram", path=["filter", "programId"]),
            run_id=optional_key_of(self.run_id, "MatchRun", path=["filter", "runId"]),
            states=several(self.states),
            methods=several(self.methods),
            created_at=instants(self.created_at, "createdAt"),
            search=self.search,
        )


@strawberry.input(description="Order of plans.")
class MatchPlanOrderBy:
    field: PlanOrder = required("By what.")
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
    is_pinned: bool | None = optional("Whether an officer fixed it.")
    search: str | None = optional(PERSON)

    def filters(self) -> PlanItemFilter:
        """What the reads understand."""
        return PlanItemFilter(
            division_code=checked_code(self.division_code),
            relation=self.relation,
            slot_code=self.slot_code,
            is_changed=self.is_changed,
            is_pinned=self.is_pinned,
            search=self.search,
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
    slot_code: str | None = optional("In this slot.")
    is_approved: bool | None = optional("Whether somebody approved that the seat stays empty.")
    search: str | None = optional(PERSON)

    def filters(self) -> ShortfallFilter:
        """What the reads understand."""
        return ShortfallFilter(
            division_code=checked_code(self.division_code),
            slot_code=self.slot_code,
            is_approved=self.is_approved,
            search=self.search,
        )


@strawberry.input(description="Order of empty seats.")
class ShortfallOrderBy:
    field: SeatOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)


@strawberry.input(description="Which adjustments; all conditions must hold.")
class PlanAdjustmentFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    kinds: list[AdjustmentKind] | None = optional("Of one of these kinds.")
    is_in_force: bool | None = optional("Whether nobody has taken it back.")
    search: str | None = optional(PERSON)

    def filters(self) -> AdjustmentFilter:
        """What the reads understand."""
        return AdjustmentFilter(
            division_code=checked_code(self.division_code),
            kinds=several(self.kinds),
            is_in_force=self.is_in_force,
            search=self.search,
        )


@strawberry.input(description="Order of adjustments.")
class PlanAdjustmentOrderBy:
    field: AdjustmentOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)
