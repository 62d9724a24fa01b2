"""A recorded plan made again from the snapshot, the policy version and the seed of its run; nothing is written."""

from uuid import UUID

from sqlmodel import select

from app.access import Permission, Viewer
from app.db import Database
from app.errors import NotFoundError
from app.models import MatchPlan, MatchRun
from app.models.vocabulary import PlanMethod
from app.services.plan_basis import facts_of_run, policy_of_run, with_weights
from app.services.programs import get_program
from app.services.runs.joining import described_point
from matching import Result, repair, solve
from matching.tradeoff import curve

SOLVED = (PlanMethod.POLICY, PlanMethod.PRESET)


def replay(database: Database, viewer: Viewer, run_id: UUID, *, number: int = 0) -> Result:
    """Make plan ``number`` of a recorded run again; a run that was cut gives the plans it would have come to."""
    viewer.require(Permission.READ_PLANS)
    with database.read() as session:
        run = session.get(MatchRun, run_id)
        if run is None or run.snapshot_hash is None:
            raise NotFoundError(f"No match run {run_id} with a snapshot.", f"没有匹配运行 {run_id} 的快照。")
        get_program(session, viewer, run.program_id)
        plans = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).all()
        plan = next((plan for plan in plans if plan.number == number), None)
        if plan is None:
            raise NotFoundError(f"Run {run_id} has no plan {number}.", f"匹配任务 {run_id} 没有第 {number} 号方案。")
        policy, facts = policy_of_run(session, run), facts_of_run(session, run)
    if plan.method in SOLVED:
        return solve(facts, with_weights(policy, plan.weights), seed=run.seed)
    if plan.method is PlanMethod.REPAIR:
        return repair(facts, policy, max_changes=run.max_changes, seed=run.seed).result
    points = curve(facts, policy, n_points=run.curve_points, seed=run.seed).points
    own = solve(facts, policy, seed=run.seed)
    first = min(each.number for each in plans if each.curve is not None)
    return described_point(facts, policy, points[number - first], own, seed=run.seed)
