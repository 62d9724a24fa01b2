"""Inputs of people: which people, in which order."""

from datetime import date

import strawberry

from app.models.vocabulary import (
    AssignmentState,
    CandidateSource,
    CandidateState,
    MentorCategory,
    MentorState,
    PersonStatus,
    PostKind,
    ReviewLevel,
    Specialty,
    TargetPost,
    VillageConditionKind,
)
from app.reads.mentors import MentorFilter, MentorOrder, MentorPoolFilter, MentorPoolOrder
from app.reads.people import (
    AssignedCadreFilter,
    CadreFilter,
    CandidateFilter,
    MenteeOrder,
    PersonOrder,
    ReservePoolFilter,
    ReservePoolOrder,
)
from schema.enums import OrderDirection
from schema.ids import optional_key_of
from schema.inputs import (
    DIRECTION,
    DIVISION_CODE,
    NAME,
    PERSON,
    UPDATED,
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


@strawberry.input(description="Which cadres; all conditions must hold.")
class CadreFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    is_village_cadre: bool | None = optional("Whether the person holds a village post now.")
    post: PostKind | None = optional("Holds such a post now.")
    statuses: list[PersonStatus] | None = optional("Whose file has one of these states.")
    search: str | None = optional(PERSON)
    updated_at: DateTimeRangeInput | None = optional(UPDATED)

    def filters(self) -> CadreFilter:
        """What the reads understand."""
        return CadreFilter(
            division_code=checked_code(self.division_code),
            is_village_cadre=self.is_village_cadre,
            post=self.post,
            statuses=several(self.statuses),
            search=self.search,
            updated_at=instants(self.updated_at, "updatedAt"),
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
    sources: list[CandidateSource] | None = optional("From one of these sources.")
    review_levels: list[ReviewLevel] | None = optional("Reviewed as far as one of these levels.")
    condition: VillageConditionKind | None = optional("In villages in this condition now.")
    pool_id: strawberry.ID | None = optional("Of this reserve pool.")
    pool_date: DateRangeInput | None = optional("Who entered the pool in this span.")
    search: str | None = optional(PERSON)
    updated_at: DateTimeRangeInput | None = optional(UPDATED)

    def filters(self) -> CandidateFilter:
        """What the reads understand."""
        return CandidateFilter(
            division_code=checked_code(self.division_code),
            states=several(self.states),
            target_post=self.target_post,
            sources=several(self.sources),
            review_levels=several(self.review_levels),
            condition=self.condition,
            pool_id=optional_key_of(self.pool_id, "ReservePool", path=["filter", "poolId"]),
            pool_date=days(self.pool_date, "poolDate"),
            search=self.search,
            updated_at=instants(self.updated_at, "updatedAt"),
        )


@strawberry.input(description="Which assigned cadres; all conditions must hold.")
class AssignedCadreFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    states: list[AssignmentState] | None = optional("In one of these states.")
    condition: VillageConditionKind | None = optional("In villages in this condition now.")
    assigned_from: DateRangeInput | None = optional("Whose posting began in this span.")
    search: str | None = optional(PERSON)
    updated_at: DateTimeRangeInput | None = optional(UPDATED)

    def filters(self) -> AssignedCadreFilter:
        """What the reads understand."""
        return AssignedCadreFilter(
            division_code=checked_code(self.division_code),
            states=several(self.states),
            condition=self.condition,
            assigned_from=days(self.assigned_from, "assignedFrom"),
            search=self.search,
            updated_at=instants(self.updated_at, "updatedAt"),
        )


@strawberry.input(description="Order of mentees.")
class MenteeOrderBy:
    field: MenteeOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)


@strawberry.input(description="Which reserve pools; all conditions must hold.")
class ReservePoolFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    search: str | None = optional(NAME)

    def filters(self) -> ReservePoolFilter:
        """What the reads understand."""
        return ReservePoolFilter(
            division_code=checked_code(self.division_code),
            search=self.search,
        )


@strawberry.input(description="Order of reserve pools.")
class ReservePoolOrderBy:
    field: ReservePoolOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)


@strawberry.input(description="Which mentors; all conditions must hold.")
class MentorFilterInput:
    division_code: str | None = optional(
        "Code of a division, or its first 2, 4, 6 or 9 digits: only mentors in pools of what lies under it."
    )
    states: list[MentorState] | None = optional("In one of these states.")
    categories: list[MentorCategory] | None = optional("Of one of these categories.")
    specialty: Specialty | None = optional("Knows this field.")
    pool_id: strawberry.ID | None = optional("Of this mentor pool.")
    has_free_capacity: bool | None = optional(
        "Whether the person mentors fewer people now than `capacity`; an empty capacity counts as 1 here."
    )
    available_on: date | None = optional("Who can serve on this day.")
    search: str | None = optional(PERSON)
    updated_at: DateTimeRangeInput | None = optional(UPDATED)

    def filters(self) -> MentorFilter:
        """What the reads understand."""
        return MentorFilter(
            division_code=checked_code(self.division_code),
            states=several(self.states),
            categories=several(self.categories),
            specialty=self.specialty,
            pool_id=optional_key_of(self.pool_id, "MentorPool", path=["filter", "poolId"]),
            has_free_capacity=self.has_free_capacity,
            available_on=self.available_on,
            search=self.search,
            updated_at=instants(self.updated_at, "updatedAt"),
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
    search: str | None = optional(NAME)

    def filters(self) -> MentorPoolFilter:
        """What the reads understand."""
        return MentorPoolFilter(
            division_code=checked_code(self.division_code),
            search=self.search,
        )


@strawberry.input(description="Order of mentor pools.")
class MentorPoolOrderBy:
    field: MentorPoolOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)
