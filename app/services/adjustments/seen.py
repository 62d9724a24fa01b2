"""What one consistent read says of a plan that is to be adjusted."""

import zlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import func
from sqlmodel import Session, col, select

from app.access import Permission, Viewer
from app.errors import InvalidStateError
from app.models import MatchPlan, MatchRun, PlanAdjustment, PlanOrigin
from app.models.vocabulary import PlanState
from app.services.plan_basis import (
    adjustments_in_force,
    facts_of_run,
    links_of_items,
    origin_content,
    policy_of_plan,
    policy_of_run,
)
from app.services.plans import require_plan
from app.services.runs.plan_rows import counties_of_mentees
from app.services.versions import expect_version
from matching import Facts, Policy
from matching.adjust import Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A plan as the run made it; ``is_stored`` once it has been adjusted."""

    links: tuple[Link, ...]
    levels: list[dict[str, Any]]
    levels_by_policy: list[dict[str, Any]] | None
    metrics: dict[str, Any]
    is_stored: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A plan with what it rests on, its adjustments in force, and the number the next one gets.

    ``run_policy`` measures a plan of other weights beside the plans of its run; ``None`` where it is the plan's own.
    """

    plan_id: UUID
    version: int
    seed: int
    facts: Facts
    policy: Policy
    run_policy: Policy | None
    links: tuple[Link, ...]
    levels: list[dict[str, Any]]
    origin: Origin
    in_force: tuple[PlanAdjustment, ...]
    next_number: int
    county_by_mentee: dict[str, UUID]


def see_plan(session: Session, viewer: Viewer, plan_id: UUID, expected_version: int | None) -> Seen:
    """Read a plan that the viewer may adjust."""
    viewer.require(Permission.RUN)
    plan = require_plan(session, viewer, plan_id)
    expect_version(session, plan, expected_version)
    expect_adjustable(plan)
    run = session.get_one(MatchRun, plan.run_id)
    facts = facts_of_run(session, run)
    links = links_of_items(session, plan.id)
    newest = session.exec(select(func.max(PlanAdjustment.number)).where(col(PlanAdjustment.plan_id) == plan.id)).one()
    return Seen(
        plan_id=plan.id,
        version=plan.version,
        seed=run.seed,
        facts=facts,
        policy=policy_of_plan(session, plan),
        run_policy=None if plan.levels_by_policy is None else policy_of_run(session, run),
        links=links,
        levels=plan.levels,
        origin=_origin(session, plan, links),
        in_force=tuple(adjustments_in_force(session, plan.id)),
        next_number=(newest or 0) + 1,
        county_by_mentee=counties_of_mentees(session, facts),
    )


def expect_adjustable(plan: MatchPlan) -> None:
    """Refuse a plan that is past its proposal; a returned one is not taken up again (domain 4.3)."""
    if plan.state is not PlanState.PROPOSED:
        raise InvalidStateError(
            f"Plan {plan.id} is {plan.state}; only a PROPOSED plan can be adjusted. Start another run.",
            f"方案 {plan.id} 当前状态为 {plan.state}，只有待提交（PROPOSED）的方案可以调整，请重新匹配。",
        )


def packed_origin(seen: Seen) -> bytes:
    """The content of the row that keeps a plan as the run made it."""
    origin = seen.origin
    content = {
        "links": origin.links,
        "levels": origin.levels,
        "levels_by_policy": origin.levels_by_policy,
        "metrics": origin.metrics,
    }
    return zlib.compress(orjson.dumps(content), 6)


def _origin(session: Session, plan: MatchPlan, links: tuple[Link, ...]) -> Origin:
    stored = session.get(PlanOrigin, plan.id)
    if stored is None:
        return Origin(
            links=links,
            levels=plan.levels,
            levels_by_policy=plan.levels_by_policy,
            metrics=plan.metrics,
            is_stored=False,
        )
    content = origin_content(stored)
    return Origin(
        links=tuple((mentee, slot, mentor) for mentee, slot, mentor in content["links"]),
        levels=content["levels"],
        levels_by_policy=content["levels_by_policy"],
        metrics=content["metrics"],
        is_stored=True,
    )
