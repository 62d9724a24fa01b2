"""Root queries of rosters."""

from typing import Annotated

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
from schema.rosters.form_texts import DIVISIONS, FormText, form_texts
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

    @root_field(Permission.READ, "How a division words its forms. Empty when it is unknown or outside the territory.")
    async def form_texts(
        self,
        info: Info,
        division_id: Annotated[strawberry.ID, strawberry.argument(description="The division.")],
    ) -> list[FormText] | None:
        key = key_of(division_id, *DIVISIONS, path=("divisionId",))
        return await info.context.read(lambda session, viewer: form_texts(session, viewer, key))
