"""Inputs of people: which people, in which order."""

import strawberry

from app.models.vocabulary import (
    AssignmentState,
    CandidateState,
    MentorCategory,
    MentorState,
    PostKind,
    Specialty,
    TargetPost,
    VillageConditionKind,
)
from app.reads.mentors import MentorFilter, MentorOrder, MentorPoolFilter, MentorPoolOrder
from app.reads.people import AssignedCadreFilter, CadreFilter, CandidateFilter, MenteeOrder, PersonOrder
from schema.enums import OrderDirection
from schema.inputs import DIRECTION, DIVISION_CODE, NAME, checked_code, checked_text, optional, required, several
from schema.paging import OrderChoice


@strawberry.input(description="Which cadres; all conditions must hold.")
class CadreFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    is_village_cadre: bool | None = optional("Whether the person holds a village post now.")
    post: PostKind | None = optional("Holds such a post now.")
    name: str | None = optional(NAME)

    def filters(self) -> CadreFilter:
        """What the reads understand."""
        return CadreFilter(
            division_code=checked_code(self.division_code),
            is_village_cadre=self.is_village_cadre,
            post=self.post,
            name=checked_text(self.name),
        )


@strawberry.input(description="Order of cadres.")
class CadreOrderBy:
    field: PersonOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)


@strawberry.input(description="Which reserve candidates; all conditions must hold.")
class ReserveCandidateFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    states: list[CandidateState] | None = optional("In one of these states.")
    target_post: TargetPost | None = optional("Prepared for this post.")
    condition: VillageConditionKind | None = optional("In villages in this condition now.")
    name: str | None = optional(NAME)

    def filters(self) -> CandidateFilter:
        """What the reads understand."""
        return CandidateFilter(
            division_code=checked_code(self.division_code),
            states=several(self.states),
            target_post=self.target_post,
            condition=self.condition,
            name=checked_text(self.name),
        )


@strawberry.input(description="Which assigned cadres; all conditions must hold.")
class AssignedCadreFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    state: AssignmentState | None = optional("State.")
    condition: VillageConditionKind | None = optional("In villages in this condition now.")
    name: str | None = optional(NAME)

    def filters(self) -> AssignedCadreFilter:
        """What the reads understand."""
        return AssignedCadreFilter(
            division_code=checked_code(self.division_code),
            state=self.state,
            condition=self.condition,
            name=checked_text(self.name),
        )


@strawberry.input(description="Order of mentees.")
class MenteeOrderBy:
    field: MenteeOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)


@strawberry.input(description="Which mentors; all conditions must hold.")
class MentorFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    state: MentorState | None = optional("State.")
    categories: list[MentorCategory] | None = optional("Of one of these categories.")
    specialty: Specialty | None = optional("Knows this field.")
    name: str | None = optional(NAME)

    def filters(self) -> MentorFilter:
        """What the reads understand."""
        return MentorFilter(
            division_code=checked_code(self.division_code),
            state=self.state,
            categories=several(self.categories),
            specialty=self.specialty,
            name=checked_text(self.name),
        )


@strawberry.input(description="Order of mentors.")
class MentorOrderBy:
    field: MentorOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)


@strawberry.input(description="Which mentor pools; all conditions must hold.")
class MentorPoolFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    name: str | None = optional(NAME)

    def filters(self) -> MentorPoolFilter:
        """What the reads understand."""
        return MentorPoolFilter(
            division_code=checked_code(self.division_code),
            name=checked_text(self.name),
        )


@strawberry.input(description="Order of mentor pools.")
class MentorPoolOrderBy:
    field: MentorPoolOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)
