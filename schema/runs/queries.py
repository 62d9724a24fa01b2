"""Root queries of runs."""

from typing import Annotated

import strawberry

from app.access import Permission
from app.reads import runs as reads
from app.reads.comparison import compare_match_plans
from app.reads.pairing import programs_by_id
from app.services.runs import supply_demand
from schema.context import Info
from schema.enums import OrderDirection
from schema.fields import IdArgument, find_shown, show_all
from schema.ids import key_of
from schema.lists import root_list
from schema.paging import Connection, OrderChoice
from schema.permissions import root_field
from schema.runs.comparison import MatchPlanComparison
from schema.runs.inputs import MatchPlanFilterInput, MatchPlanOrderBy, MatchRunFilterInput, MatchRunOrderBy
from schema.runs.supply import SupplyDemandRow
from schema.runs.types import MatchPlan, MatchRun


@strawberry.type(description="Queries of runs.")
class RunsQueries:
    match_runs: Connection[MatchRun] | None = root_list(
        Permission.READ_PLANS,
        reads.MATCH_RUNS,
        MatchRunFilterInput,
        MatchRunOrderBy,
        OrderChoice(order=reads.RunOrder.CREATED_AT, direction=OrderDirection.DESC),
        "Match runs (匹配运行).",
        which="Which runs.",
        ordered="newest first",
    )
    match_plans: Connection[MatchPlan] | None = root_list(
        Permission.READ_PLANS,
        reads.MATCH_PLANS,
        MatchPlanFilterInput,
        MatchPlanOrderBy,
        OrderChoice(order=reads.PlanOrder.CREATED_AT, direction=OrderDirection.DESC),
        "Match plans (匹配方案).",
        which="Which plans.",
        ordered="newest first",
    )

    @root_field(Permission.READ_PLANS, "One run. Empty when unknown or outside the territory.")
    async def match_run(self, info: Info, id: IdArgument) -> MatchRun | None:
        return await find_shown(info, reads.runs_by_id, key_of(id, "MatchRun"), MatchRun)

    @root_field(Permission.READ_PLANS, "One plan. Empty when unknown or outside the territory.")
    async def match_plan(self, info: Info, id: IdArgument) -> MatchPlan | None:
        return await find_shown(info, reads.plans_by_id, key_of(id, "MatchPlan"), MatchPlan)

    @root_field(
        Permission.READ_PLANS,
        "Two to six plans of one programme side by side; empty when one of them is unknown or outside the territory.",
    )
    async def compare_match_plans(
        self, info: Info, ids: Annotated[list[strawberry.ID], strawberry.argument(description="Ids of the plans.")]
    ) -> MatchPlanComparison | None:
        keys = [key_of(each, "MatchPlan", path=["ids"]) for each in ids]
        view = await info.context.read(lambda session, viewer: compare_match_plans(session, viewer, keys))
        return None if view is None else MatchPlanComparison(view=view)

    @root_field(
        Permission.READ_PLANS,
        "Supply and demand per township under the newest policy; empty when the programme is unknown or outside "
        "the territory.",
    )
    async def supply_demand(
        self,
        info: Info,
        program_id: Annotated[strawberry.ID, strawberry.argument(description="Id of the programme.")],
    ) -> list[SupplyDemandRow] | None:
        key = key_of(program_id, "PairingProgram", path=["programId"])
        if await info.context.find(programs_by_id, key) is None:
            return None
        return show_all(await info.context.read(lambda session, viewer: supply_demand(session, viewer, key)))
