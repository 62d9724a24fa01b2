"""Root queries of people."""

from typing import Annotated

import strawberry

from app.access import Permission
from app.errors import InvalidInputError
from app.reads import mentors, people
from schema.context import Info
from schema.fields import IdArgument, find_shown, show
from schema.ids import key_of
from schema.paging import After, Before, Connection, First, Last, OrderChoice, Paging, connect
from schema.people.inputs import (
    AssignedCadreFilterInput,
    CadreFilterInput,
    CadreOrderBy,
    MenteeOrderBy,
    MentorFilterInput,
    MentorOrderBy,
    MentorPoolFilterInput,
    MentorPoolOrderBy,
    ReserveCandidateFilterInput,
)
from schema.people.mentee_types import AssignedCadre, ReserveCandidate
from schema.people.mentor_types import Mentor, MentorPool
from schema.people.types import Cadre
from schema.permissions import root_field


@strawberry.type(description="Queries of people.")
class PeopleQueries:
    @root_field(Permission.READ, "Cadres: persons with any appointment.")
    async def cadres(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[CadreFilterInput | None, strawberry.argument(description="Which cadres.")] = None,
        order_by: Annotated[
            CadreOrderBy | None, strawberry.argument(description="Order; by 编号 unless stated.")
        ] = None,
    ) -> Connection[Cadre]:
        return await connect(
            info.context,
            people.CADRES,
            filter.filters() if filter else people.CadreFilter(),
            order_by.choice() if order_by else OrderChoice(order=people.PersonOrder.CODE),
            Paging(first=first, after=after, last=last, before=before),
            Cadre.of,
        )

    @root_field(Permission.READ, "One cadre by id or by 编号. Empty when unknown or outside the territory.")
    async def cadre(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="Id of the cadre or person.")] = None,
        code: Annotated[str | None, strawberry.argument(description="编号; instead of `id`.")] = None,
    ) -> Cadre | None:
        if (id is None) == (code is None):
            raise InvalidInputError("Give either `id` or `code`.", "请提供 id 或 code 之一。", path=["id"])
        if code is not None:
            row = await info.context.find(people.cadres_by_code, code)
        else:
            row = await info.context.find(people.cadres_by_id, key_of(id or "", "Cadre", "Person"))
        return None if row is None else Cadre.of(row)

    @root_field(Permission.READ, "Reserve candidates (后备力量).")
    async def reserve_candidates(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[
            ReserveCandidateFilterInput | None, strawberry.argument(description="Which candidates.")
        ] = None,
        order_by: Annotated[
            MenteeOrderBy | None, strawberry.argument(description="Order; by village unless stated.")
        ] = None,
    ) -> Connection[ReserveCandidate]:
        return await connect(
            info.context,
            people.RESERVE_CANDIDATES,
            filter.filters() if filter else people.CandidateFilter(),
            order_by.choice() if order_by else OrderChoice(order=people.MenteeOrder.VILLAGE),
            Paging(first=first, after=after, last=last, before=before),
            show,
        )

    @root_field(Permission.READ, "One reserve candidate. Empty when unknown or outside the territory.")
    async def reserve_candidate(self, info: Info, id: IdArgument) -> ReserveCandidate | None:
        return await find_shown(info, people.mentees_by_id, key_of(id, "ReserveCandidate"), ReserveCandidate)

    @root_field(Permission.READ, "Assigned cadres (选派干部).")
    async def assigned_cadres(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[
            AssignedCadreFilterInput | None, strawberry.argument(description="Which assigned cadres.")
        ] = None,
        order_by: Annotated[
            MenteeOrderBy | None, strawberry.argument(description="Order; by village unless stated.")
        ] = None,
    ) -> Connection[AssignedCadre]:
        return await connect(
            info.context,
            people.ASSIGNED_CADRES,
            filter.filters() if filter else people.AssignedCadreFilter(),
            order_by.choice() if order_by else OrderChoice(order=people.MenteeOrder.VILLAGE),
            Paging(first=first, after=after, last=last, before=before),
            show,
        )

    @root_field(Permission.READ, "One assigned cadre. Empty when unknown or outside the territory.")
    async def assigned_cadre(self, info: Info, id: IdArgument) -> AssignedCadre | None:
        return await find_shown(info, people.mentees_by_id, key_of(id, "AssignedCadre"), AssignedCadre)

    @root_field(Permission.READ, "Mentors (导师).")
    async def mentors(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[MentorFilterInput | None, strawberry.argument(description="Which mentors.")] = None,
        order_by: Annotated[
            MentorOrderBy | None, strawberry.argument(description="Order; by 编号 unless stated.")
        ] = None,
    ) -> Connection[Mentor]:
        return await connect(
            info.context,
            mentors.MENTORS,
            filter.filters() if filter else mentors.MentorFilter(),
            order_by.choice() if order_by else OrderChoice(order=mentors.MentorOrder.CODE),
            Paging(first=first, after=after, last=last, before=before),
            show,
        )

    @root_field(Permission.READ, "One mentor. Empty when unknown or outside the territory.")
    async def mentor(self, info: Info, id: IdArgument) -> Mentor | None:
        return await find_shown(info, mentors.mentors_by_id, key_of(id, "Mentor"), Mentor)

    @root_field(Permission.READ, "Mentor pools (帮带导师库).")
    async def mentor_pools(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[MentorPoolFilterInput | None, strawberry.argument(description="Which pools.")] = None,
        order_by: Annotated[
            MentorPoolOrderBy | None, strawberry.argument(description="Order; by division unless stated.")
        ] = None,
    ) -> Connection[MentorPool]:
        return await connect(
            info.context,
            mentors.MENTOR_POOLS,
            filter.filters() if filter else mentors.MentorPoolFilter(),
            order_by.choice() if order_by else OrderChoice(order=mentors.MentorPoolOrder.DIVISION),
            Paging(first=first, after=after, last=last, before=before),
            show,
        )
