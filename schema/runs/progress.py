"""How far a run is: for clients that poll, and as a subscription for those that watch."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import strawberry

from app.access import Permission
from app.errors import NotFoundError
from app.jobs.hub import Progress
from app.models.vocabulary import RunState
from app.reads.progress import RunView
from app.reads.runs import runs_by_id
from matching.criteria import SCORE_UNIT
from schema.context import Info
from schema.enums import register
from schema.ids import key_of
from schema.permissions import subscription_field


class RunPhase(StrEnum):
    """What the solves of a run do."""

    BUILD = "BUILD"
    FAIRNESS = "FAIRNESS"
    SCORE = "SCORE"
    TRADE_OFF = "TRADE_OFF"
    REPAIR = "REPAIR"
    REPORT = "REPORT"


register(
    RunPhase,
    "What the solves of a run do at this moment.",
    {
        "BUILD": "建立模型 / eligible pairs are sought",
        "FAIRNESS": "公平性求解 / fairness is solved",
        "SCORE": "评分求解 / the score is solved",
        "TRADE_OFF": "权衡曲线求解 / the curve is explored",
        "REPAIR": "补配求解 / the roster is repaired",
        "REPORT": "整理结果 / the plan is described",
    },
)


class RunEventKind(StrEnum):
    """What happened to a run."""

    STARTED = "STARTED"
    SOLVED = "SOLVED"
    ENDED = "ENDED"
    FIGURES = "FIGURES"


register(
    RunEventKind,
    "What happened to a run.",
    {
        "STARTED": "已开始 / a worker has begun",
        "SOLVED": "一个部分已求解 / one part is solved",
        "ENDED": "已结束 / the run has ended",
        "FIGURES": "数据更新 / only the figures have changed; such events are not stored",
    },
)


@strawberry.type(description="The best value so far of one level of the objective, over all parts of a run.")
class LevelProgress:
    name: str = strawberry.field(description="Which level: FAIRNESS or SCORE.")
    value: float = strawberry.field(description="What the best plan so far reaches, in score points.")
    bound: float = strawberry.field(description="What no plan can exceed, in score points.")
    gap: float = strawberry.field(description="(bound - value) / max(|value|, 1).")


@strawberry.type(description="How far a run is. Counties are solved side by side.")
class RunProgress:
    state: RunState = strawberry.field(description="State of the run.")
    phase: RunPhase | None = strawberry.field(description="What is done; empty while nothing is solved.")
    share_count: int = strawberry.field(description="Parts that the run was cut into; a county each, as a rule.")
    solved_share_count: int = strawberry.field(description="How many of them are solved.")
    levels: list[LevelProgress] = strawberry.field(
        description="The levels that are solved step by step, once every part has a plan; empty for policies whose "
        "first plan is the best one."
    )
    seconds: float = strawberry.field(description="Seconds since the start; until the end, when the run has ended.")

    @classmethod
    def of(cls, view: RunView) -> "RunProgress":
        """Show how far a run is, in natural units."""
        return cls(
            state=view.state,
            phase=None if view.phase is None else RunPhase(view.phase),
            share_count=view.n_shares,
            solved_share_count=view.n_solved,
            levels=[
                LevelProgress(
                    name=level.name, value=level.value / SCORE_UNIT, bound=level.bound / SCORE_UNIT, gap=level.gap
                )
                for level in view.levels
            ],
            seconds=view.seconds,
        )


@strawberry.type(description="One event of a run that is watched.")
class RunEvent:
    offset: int = strawberry.field(
        description="Place of this event among the stored ones, from 0; of FIGURES the place of the stored event "
        "before. Give it as `after` to go on behind it."
    )
    kind: RunEventKind = strawberry.field(description="What happened.")
    at: datetime | None = strawberry.field(description="When it was stored, UTC; empty for FIGURES.")
    share: int | None = strawberry.field(description="Number of the part that is solved, from 0; of SOLVED alone.")
    progress: RunProgress = strawberry.field(description="How far the run is at the moment of sending.")

    @classmethod
    def of(cls, step: Progress) -> "RunEvent":
        """Show one step of a run."""
        event = step.event
        return cls(
            offset=step.offset,
            kind=RunEventKind.FIGURES if event is None else RunEventKind(event.kind),
            at=None if event is None else event.at,
            share=None if event is None else event.share,
            progress=RunProgress.of(step.view),
        )


@strawberry.type(description="What can be watched.")
class Subscription:
    @subscription_field(
        Permission.READ_PLANS,
        "Watch a run until it has ended. Each stored event comes once and in order; between them come FIGURES, the "
        "newest only. Resumable: `after` is the offset of the last event that was received.",
    )
    async def match_run_progress(
        self,
        info: Info,
        run_id: Annotated[strawberry.ID, strawberry.argument(description="Id of the run.")],
        after: Annotated[
            int | None, strawberry.argument(description="Events behind this offset; all of them unless stated.")
        ] = None,
    ) -> AsyncGenerator[RunEvent, None]:
        context = info.context
        context.viewer.require(Permission.READ_PLANS)
        key = key_of(run_id, "MatchRun", path=["runId"])
        if await context.find(runs_by_id, key) is None:
            raise NotFoundError(f"No match run {key} in your territory.", f"辖区内没有匹配任务 {key}。")
        steps = context.hub.follow(key, -1 if after is None else after)
        async with aclosing(steps):
            async for step in steps:
                yield RunEvent.of(step)
