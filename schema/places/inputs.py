"""Inputs of places."""

from datetime import date

import strawberry

from app.models.vocabulary import DivisionKind, DivisionLevel, VillageConditionKind
from app.reads.places import DivisionFilter, DivisionOrder
from schema.enums import OrderDirection
from schema.inputs import DIRECTION, DIVISION_CODE, checked_code, optional, required, several
from schema.paging import OrderChoice


@strawberry.input(description="Which divisions; all conditions must hold.")
class DivisionFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    level: DivisionLevel | None = optional("Level.")
    kinds: list[DivisionKind] | None = optional("Called one of these locally.")
    condition: VillageConditionKind | None = optional("Villages in this condition now.")
    search: str | None = optional(
        "A part of the name, in simplified or traditional characters, or the beginning of the code; spaces do not "
        "count."
    )
    is_valid: bool | None = optional("Whether the division still exists.")
    valid_on: date | None = optional("Existing on this day.")

    def filters(self) -> DivisionFilter:
        """What the reads understand."""
        return DivisionFilter(
            division_code=checked_code(self.division_code),
            level=self.level,
            kinds=several(self.kinds),
            condition=self.condition,
            search=self.search,
            is_valid=self.is_valid,
            valid_on=self.valid_on,
        )


@strawberry.input(description="Order of divisions.")
class DivisionOrderBy:
    field: DivisionOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)
