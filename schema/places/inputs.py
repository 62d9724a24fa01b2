"""Inputs of places."""

import strawberry

from app.models.vocabulary import DivisionLevel, VillageConditionKind
from app.reads.places import DivisionFilter, DivisionOrder
from schema.enums import OrderDirection
from schema.inputs import DIRECTION, DIVISION_CODE, NAME, checked_code, checked_text, optional, required
from schema.paging import OrderChoice


@strawberry.input(description="Which divisions; all conditions must hold.")
class DivisionFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    level: DivisionLevel | None = optional("Level.")
    condition: VillageConditionKind | None = optional("Villages in this condition now.")
    name: str | None = optional(NAME)
    is_valid: bool | None = optional("Whether the division still exists.")

    def filters(self) -> DivisionFilter:
        """What the reads understand."""
        return DivisionFilter(
            division_code=checked_code(self.division_code),
            level=self.level,
            condition=self.condition,
            name=checked_text(self.name),
            is_valid=self.is_valid,
        )


@strawberry.input(description="Order of divisions.")
class DivisionOrderBy:
    field: DivisionOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)
