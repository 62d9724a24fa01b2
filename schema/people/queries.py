"""Root queries of people."""

from typing import Annotated

import strawberry

from app.access import Permission
from app.errors import InvalidInputError
from app.reads import mentors as mentor_reads
from app.reads import people
from schema.context import Info
from schema.fields import IdArgument, find_shown
from schema.ids import key_of
from schema.lists import root_list
from schema.paging import Connection, OrderChoice
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
    ReservePoolFilterInput,
    ReservePoolOrderBy,
)
from schema.people.mentee_types import AssignedCadre, ReserveCandidate, ReservePool
from schema.people.mentor_types import Mentor, MentorPool
from schema.people.types import Cadre
from schema.permissions import root_field


@strawberry.type(description="Queries of people.")
class PeopleQueries:
    cadres: Connection[Cadre] | None = root_list(
        Permission.READ,
        people.CADRES,
        CadreFilterInput,
        CadreOrderBy,
        OrderChoice(order=people.PersonOrder.CODE),
        "Cadres: persons with any appointment.",
        which="Which cadres.",
        ordered="by 编号",
        as_=Cadre.of,
    )
    reserve_candidates: Connection[ReserveCandidate] | None = root_list(
        Permission.READ,
        people.RESERVE_CANDIDATES,
        ReserveCandidateFilterInput,
        MenteeOrderBy,
        OrderChoice(order=people.MenteeOrder.VILLAGE),
        "Reserve candidates (后备力量).",
        which="Which candidates.",
        ordered="by village",
    )
    reserve_pools: Connection[ReservePool] | None = root_list(
        Permission.READ,
        people.RESERVE_POOLS,
        ReservePoolFilterInput,
        ReservePoolOrderBy,
        OrderChoice(order=people.ReservePoolOrder.COUNTY),
        "Reserve pools (后备力量库).",
        which="Which pools.",
        ordered="by county",
    )
    assigned_cadres: Connection[AssignedCadre] | None = root_list(
        Permission.READ,
        people.ASSIGNED_CADRES,
        AssignedCadreFilterInput,
        MenteeOrderBy,
        OrderChoice(order=people.MenteeOrder.VILLAGE),
        "Assigned cadres (选派干部).",
        which="Which assigned cadres.",
        ordered="by village",
    )
    mentors: Connection[Mentor] | None = root_list(
        Permission.READ,
        mentor_reads.MENTORS,
        MentorFilterInput,
        MentorOrderBy,
        OrderChoice(order=mentor_reads.MentorOrder.CODE),
        "Mentors (导师).",
        which="Which mentors.",
        ordered="by 编号",
    )
    mentor_pools: Connection[MentorPool] | None = root_list(
        Permission.READ,
        mentor_reads.MENTOR_POOLS,
        MentorPoolFilterInput,
        MentorPoolOrderBy,
        OrderChoice(order=mentor_reads.MentorPoolOrder.DIVISION),
        "Mentor pools (帮带导师库).",
        which="Which pools.",
        ordered="by division",
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

    @root_field(Permission.READ, "One reserve candidate. Empty when unknown or outside the territory.")
    async def reserve_candidate(self, info: Info, id: IdArgument) -> ReserveCandidate | None:
        return await find_shown(info, people.mentees_by_id, key_of(id, "ReserveCandidate"), ReserveCandidate)

    @root_field(Permission.READ, "One assigned cadre. Empty when unknown or outside the territory.")
    async def assigned_cadre(self, info: Info, id: IdArgument) -> AssignedCadre | None:
        return await find_shown(info, people.mentees_by_id, key_of(id, "AssignedCadre"), AssignedCadre)

    @root_field(Permission.READ, "One mentor. Empty when unknown or outside the territory.")
    async def mentor(self, info: Info, id: IdArgument) -> Mentor | None:
        return await find_shown(info, mentor_reads.mentors_by_id, key_of(id, "Mentor"), Mentor)
