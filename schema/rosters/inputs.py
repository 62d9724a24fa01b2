"""Inputs of rosters: which, in which order."""

import strawberry

from app.models.vocabulary import ExportForm, ExportFormat, ExportState, MaskLevel, ProgramKind, RosterState
from app.reads.rosters import (
    ExportFilter,
    ExportOrder,
    RosterEntryFilter,
    RosterEntryOrder,
    RosterFilter,
    RosterOrder,
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


@strawberry.input(description="Which rosters; all conditions must hold.")
class RosterFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    program_id: strawberry.ID | None = optional(PROGRAM)
    kind: ProgramKind | None = optional("Shape of the programme.")
    states: list[RosterState] | None = optional("In one of these states.")
    published_at: DateTimeRangeInput | None = optional("Published in this span.")
    search: str | None = optional(PROGRAM_NAME)

    def filters(self) -> RosterFilter:
        """What the reads understand."""
        return RosterFilter(
            division_code=checked_code(self.division_code),
            program_id=optional_key_of(self.program_id, "PairingProgram", path=["filter", "programId"]),
            kind=self.kind,
            states=several(self.states),
            published_at=instants(self.published_at, "publishedAt"),
            search=self.search,
        )


@strawberry.input(description="Order of rosters.")
class RosterOrderBy:
    field: RosterOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)


@strawberry.input(description="Which roster entries, by the mentee as of today; all conditions must hold.")
class RosterEntryFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    search: str | None = optional(PERSON)

    def filters(self) -> RosterEntryFilter:
        """What the reads understand."""
        return RosterEntryFilter(
            division_code=checked_code(self.division_code),
            search=self.search,
        )


@strawberry.input(description="Order of roster entries.")
class RosterEntryOrderBy:
    field: RosterEntryOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)


@strawberry.input(description="Which files; all conditions must hold.")
class ExportJobFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    program_id: strawberry.ID | None = optional(PROGRAM)
    roster_id: strawberry.ID | None = optional("Of this roster.")
    forms: list[ExportForm] | None = optional("Printed in one of these forms.")
    states: list[ExportState] | None = optional("In one of these states.")
    formats: list[ExportFormat] | None = optional("Of one of these types.")
    mask_levels: list[MaskLevel] | None = optional("Masked in one of these ways.")
    created_at: DateTimeRangeInput | None = optional(CREATED)

    def filters(self) -> ExportFilter:
        """What the reads understand."""
        return ExportFilter(
            division_code=checked_code(self.division_code),
            program_id=optional_key_of(self.program_id, "PairingProgram", path=["filter", "programId"]),
            roster_id=optional_key_of(self.roster_id, "Roster", path=["filter", "rosterId"]),
            forms=several(self.forms),
            states=several(self.states),
            formats=several(self.formats),
            mask_levels=several(self.mask_levels),
            created_at=instants(self.created_at, "createdAt"),
        )


@strawberry.input(description="Order of files.")
class ExportJobOrderBy:
    field: ExportOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)
