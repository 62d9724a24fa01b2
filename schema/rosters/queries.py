"""Root queries of rosters."""

import strawberry

from app.access import Permission
from app.reads import rosters as reads
from schema.context import Info
from schema.enums import OrderDirection
from schema.fields import IdArgument, find_shown
from schema.ids import key_of
from schema.lists import root_list
from schema.paging import Connection, OrderChoice
from schema.permissions import root_field
from schema.rosters.inputs import ExportJobFilterInput, ExportJobOrderBy, RosterFilterInput, RosterOrderBy
from schema.rosters.types import ExportJob, Roster


@strawberry.type(description="Queries of rosters.")
class RostersQueries:
    rosters: Connection[Roster] | None = root_list(
        Permission.READ,
        reads.ROSTERS,
        RosterFilterInput,
        RosterOrderBy,
        OrderChoice(order=reads.RosterOrder.PUBLISHED_AT, direction=OrderDirection.DESC),
        "Published rosters (花名册).",
        which="Which rosters.",
        ordered="newest first",
    )
    export_jobs: Connection[ExportJob] | None = root_list(
        Permission.READ,
        reads.EXPORTS,
        ExportJobFilterInput,
        ExportJobOrderBy,
        OrderChoice(order=reads.ExportOrder.CREATED_AT, direction=OrderDirection.DESC),
        "Files handed out whose every row lies in the territory.",
        which="Which files.",
        ordered="newest first",
    )

    @root_field(Permission.READ, "One roster. Empty when unknown or outside the territory.")
    async def roster(self, info: Info, id: IdArgument) -> Roster | None:
        return await find_shown(info, reads.rosters_by_id, key_of(id, "Roster"), Roster)

    @root_field(Permission.READ, "One file handed out. Empty when unknown or outside the territory.")
    async def export_job(self, info: Info, id: IdArgument) -> ExportJob | None:
        return await find_shown(info, reads.exports_by_id, key_of(id, "ExportJob"), ExportJob)
