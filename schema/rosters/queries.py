"""Root queries of rosters."""

from typing import Annotated

import strawberry

from app.access import Permission
from app.reads import rosters as reads
from schema.context import Info
from schema.enums import OrderDirection
from schema.fields import IdArgument, find_shown, show
from schema.ids import key_of
from schema.paging import After, Before, Connection, First, Last, OrderChoice, Paging, connect
from schema.permissions import root_field
from schema.rosters.inputs import RosterFilterInput, RosterOrderBy
from schema.rosters.types import ExportJob, Roster


@strawberry.type(description="Queries of rosters.")
class RostersQueries:
    @root_field(Permission.READ, "Published rosters (花名册).")
    async def rosters(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[RosterFilterInput | None, strawberry.argument(description="Which rosters.")] = None,
        order_by: Annotated[
            RosterOrderBy | None, strawberry.argument(description="Order; newest first unless stated.")
        ] = None,
    ) -> Connection[Roster]:
        return await connect(
            info.context,
            reads.ROSTERS,
            filter.filters() if filter else reads.RosterFilter(),
            order_by.choice()
            if order_by
            else OrderChoice(order=reads.RosterOrder.PUBLISHED_AT, direction=OrderDirection.DESC),
            Paging(first=first, after=after, last=last, before=before),
            show,
        )

    @root_field(Permission.READ, "One roster. Empty when unknown or outside the territory.")
    async def roster(self, info: Info, id: IdArgument) -> Roster | None:
        return await find_shown(info, reads.rosters_by_id, key_of(id, "Roster"), Roster)

    @root_field(Permission.READ, "One file handed out. Empty when unknown or outside the territory.")
    async def export_job(self, info: Info, id: IdArgument) -> ExportJob | None:
        return await find_shown(info, reads.exports_by_id, key_of(id, "ExportJob"), ExportJob)
