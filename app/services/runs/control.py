"""What an officer may ask of a run: that it ends with what it has, or that one that failed is tried again."""

from uuid import UUID

from sqlmodel import Session

from app.access import Permission, Viewer, record
from app.db import Database, utc_now
from app.errors import InvalidStateError, NotFoundError
from app.models import MatchRun
from app.models.vocabulary import OPEN_RUN_STATES, AuditAction, RunMode, RunState, WeightPreset
from app.services.programs import county_of_program, require_program
from app.services.runs.faults import end_run
from app.services.runs.start import Enqueue, RepairDraft, RunDraft, start_match_run, start_repair_run

WAITED = "Cancelled while it waited in the queue. 任务在排队时已取消。"
RETRIED_STATES = (RunState.FAILED, RunState.CANCELLED, RunState.INFEASIBLE)


def cancel_match_run(session: Session, viewer: Viewer, run_id: UUID) -> MatchRun:
    """Ask for the end of a run; its best plan so far is recorded with the run marked as cancelled."""
    run = _run(session, viewer, run_id, lock=True)
    if run.state not in OPEN_RUN_STATES:
        raise InvalidStateError(
            f"Run {run_id} has ended ({run.state}); there is nothing to cancel.",
            f"匹配任务 {run_id} 已结束（{run.state}），无需取消。",
        )
    if run.cancel_requested_at is None:
        run.cancel_requested_at, run.cancel_requested_by = utc_now(), viewer.subject
        run.updated_at, run.updated_by, run.version = utc_now(), viewer.subject, run.version + 1
        session.add(run)
        session.flush()
        record(
            session,
            viewer,
            AuditAction.RUN_CANCEL_REQUESTED,
            f"MatchRun {run.id}",
            county_id=county_of_program(session, run.program_id),
            program=run.program_id,
            before=run.state,
        )
        if run.state is RunState.QUEUED:
            # Nobody works on it yet, and perhaps nobody will: there is no plan to wait for.
            end_run(session, run.id, RunState.CANCELLED, WAITED)
    return run


def retry_match_run(database: Database, viewer: Viewer, run_id: UUID, *, enqueue: Enqueue) -> UUID:
    """Start a run like one that ended without a plan, on the data of today; returns the id of the new run.

    Two calls make one run.
    """
    with database.read() as session:
        run = _run(session, viewer, run_id)
        if run.state not in RETRIED_STATES:
            raise InvalidStateError(
                f"Run {run_id} is {run.state}; only runs that failed or were cancelled are tried again.",
                f"匹配任务 {run_id} 的状态为 {run.state}，仅失败或已取消的任务可以重试。",
            )
        key, repairs = f"retry {run_id}", run.mode is RunMode.REPAIR
    if repairs:
        repair = RepairDraft(
            program_id=run.program_id,
            max_changes=run.max_changes,
            policy_id=run.policy_id,
            seed=run.seed,
            time_limit_s=run.time_limit_s,
            idempotency_key=key,
        )
        return start_repair_run(database, viewer, repair, enqueue=enqueue)
    draft = RunDraft(
        program_id=run.program_id,
        policy_id=run.policy_id,
        mode=run.mode,
        seed=run.seed,
        time_limit_s=run.time_limit_s,
        idempotency_key=key,
        plans=tuple(WeightPreset(name) for name in run.presets),
        curve_points=run.curve_points,
    )
    return start_match_run(database, viewer, draft, enqueue=enqueue)


def _run(session: Session, viewer: Viewer, run_id: UUID, *, lock: bool = False) -> MatchRun:
    viewer.require(Permission.RUN)
    run = session.get(MatchRun, run_id, with_for_update=lock)
    if run is None:
        raise NotFoundError(f"No match run {run_id}.", f"没有匹配任务 {run_id}。")
    require_program(session, viewer, run.program_id)
    return run
