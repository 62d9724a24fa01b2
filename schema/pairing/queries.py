"""Root queries of pairing."""

from typing import Annotated

import strawberry

from app.access import Permission
from app.reads import pairing as reads
from schema.context import Info
from schema.enums import OrderDirection
from schema.fields import IdArgument, find_shown, show
from schema.ids import key_of
from schema.paging import After, Before, Connection, First, Last, OrderChoice, Paging, connect
from schema.pairing.inputs import (
    MatchPolicyFilterInput,
    MatchPolicyOrderBy,
    PairingFilterInput,
    PairingOrderBy,
    PairingProgramFilterInput,
    PairingProgramOrderBy,
)
from schema.pairing.types import MatchPolicy, Pairing, PairingProgram
from schema.permissions import root_field


@strawberry.type(description="Queries of pairing.")
class PairingQueries:
    @root_field(Permission.READ, "Pairing programmes (结对项目).")
    async def pairing_programs(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[
            PairingProgramFilterInput | None, strawberry.argument(description="Which programmes.")
        ] = None,
        order_by: Annotated[
            PairingProgramOrderBy | None, strawberry.argument(description="Order; newest year first unless stated.")
        ] = None,
    ) -> Connection[PairingProgram]:
        return await connect(
            info.context,
            reads.PROGRAMS,
            filter.filters() if filter else reads.ProgramFilter(),
            order_by.choice()
            if order_by
            else OrderChoice(order=reads.ProgramOrder.YEAR, direction=OrderDirection.DESC),
            Paging(first=first, after=after, last=last, before=before),
            show,
        )

    @root_field(Permission.READ, "One programme. Empty when unknown or outside the territory.")
    async def pairing_program(self, info: Info, id: IdArgument) -> PairingProgram | None:
        return await find_shown(info, reads.programs_by_id, key_of(id, "PairingProgram"), PairingProgram)

    @root_field(Permission.READ, "Versions of match policies (匹配政策).")
    async def match_policies(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[MatchPolicyFilterInput | None, strawberry.argument(description="Which versions.")] = None,
        order_by: Annotated[
            MatchPolicyOrderBy | None, strawberry.argument(description="Order; newest version first unless stated.")
        ] = None,
    ) -> Connection[MatchPolicy]:
        return await connect(
            info.context,
            reads.POLICIES,
            filter.filters() if filter else reads.PolicyFilter(),
            order_by.choice()
            if order_by
            else OrderChoice(order=reads.PolicyOrder.VERSION, direction=OrderDirection.DESC),
            Paging(first=first, after=after, last=last, before=before),
            show,
        )

    @root_field(Permission.READ_OWN, "Pairings (结对); mentors and mentees see their own.")
    async def pairings(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[PairingFilterInput | None, strawberry.argument(description="Which pairings.")] = None,
        order_by: Annotated[
            PairingOrderBy | None, strawberry.argument(description="Order; by 编号 of the mentee unless stated.")
        ] = None,
    ) -> Connection[Pairing]:
        return await connect(
            info.context,
            reads.PAIRINGS,
            filter.filters() if filter else reads.PairingFilter(),
            order_by.choice() if order_by else OrderChoice(order=reads.PairingOrder.MENTEE_CODE),
            Paging(first=first, after=after, last=last, before=before),
            show,
        )

    @root_field(
        Permission.READ_OWN,
        "One pairing; mentors and mentees see their own. Empty when unknown or outside the territory.",
    )
    async def pairing(self, info: Info, id: IdArgument) -> Pairing | None:
        return await find_shown(info, reads.pairings_by_id, key_of(id, "Pairing"), Pairing)
