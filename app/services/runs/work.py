"""What a job does for a run: begin, solve share by share, record; every database unit is one short transaction.

The job engine calls these (``app.jobs.workflows``); ``run_here`` calls them one after another in this process. Each
can be repeated: a run that has begun, or a share that is solved, stays as it is.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlmodel import Session, col, select

from app.db import Database, run_in_transaction, utc_now
from app.errors import InvalidStateError
from app.models import MatchPlan, MatchRun, MatchShare, PlanItem, PlanRepair, Shortfall
from app.models.columns import TrackedRow
from app.models.vocabulary import OPEN_RUN_STATES, PlanState, RunMode, RunState, SolveStatus
from app.services.avoidance import public_warning, translator
from app.services.plan_basis import facts_of_run, policy_of_run
from app.services.runs import faults
from app.services.runs.joining import Joined, PlanDraft, join_repair, join_solves
from app.services.runs.plan_rows import counties_of_mentees, item_values, levels_json, metrics_json, shortfall_values
from app.services.runs.shares import UnreadableShareError, find_share, keep_result
from app.services.runs.tasks import (
    CurveAnswer,
    ShareAnswer,
    ShareTask,
    left_out,
    result_from_json,
    result_to_json,
    solve_whole,
    task_of,
)
from app.services.runs.variants import variants_of
from matching import MatchingError, PinConflictError, SolverFailedError
from matching.control import Control
from matching.repair import Differences, RepairAnswer
from matching.shares import ShareResult, solve_share


def begin_run(session: Session, run_id: UUID) -> int:
    """Mark a run as RUNNING and return the number of its shares; 0 for a run that has ended."""
    run = session.get_one(MatchRun, run_id, with_for_update=True)
    if run.state not in OPEN_RUN_STATES:
        return 0
    if run.state is RunState.QUEUED:
        run.state, run.started_at = RunState.RUNNING, utc_now()
        run.updated_at, run.version = utc_now(), run.version + 1
        session.add(run)
    return len(session.exec(select(MatchShare.id).where(MatchShare.run_id == run_id)).all())


def take_share(database: Database, run_id: UUID, number: int) -> ShareTask | None:
    """Take a share to solve it; ``None`` when it is solved already or the run has ended.

    A share that was taken too often, and one that cannot be read, end the run. What is stored of the people is read
    outside the transaction that takes the share: that takes time, and others wait.
    """
    if not run_in_transaction(database, partial(_count_take, run_id=run_id, number=number)):
        return None
    try:
        with database.read() as session:
            return task_of(session, session.get_one(MatchRun, run_id), find_share(session, run_id, number))
    except (UnreadableShareError, InvalidStateError):
        run_in_transaction(database, partial(faults.fail_run, run_id=run_id, reason=faults.UNREADABLE))
        return None


def _count_take(session: Session, run_id: UUID, number: int) -> bool:
    run, row = session.get_one(MatchRun, run_id, with_for_update=True), find_share(session, run_id, number)
    if row.solved_at is not None or run.state not in OPEN_RUN_STATES:
        return False
    if faults.is_hopeless(session, run, share=row):
        faults.fail_run(session, run_id, faults.WORKERS_DIED)
        return False
    row.attempt += 1
    session.add(row)
    return True


def solve_task(task: ShareTask, *, seed: int, control: Control) -> ShareAnswer:
    """Solve a share, in processes that can be ended; what the library refuses is an answer, not an error.

    Raises ``SolverFailedError`` when a solver process ended: another attempt may succeed.
    """
    if task.is_further and control.is_cancelled is not None and control.is_cancelled():
        return ShareAnswer(result=left_out(task))
    try:
        result = (
            solve_whole(task, seed=seed, control=control)
            if task.share is None
            else solve_share(task.share, task.policy, seed=seed, control=control)
        )
    except PinConflictError as refusal:
        # Few clashes show only in the solve: those of forbidden weak teams and of a budget of changes.
        reason = f"{_in_words(task, refusal)} Remove or change one of these pins and start again."
        return ShareAnswer(result=None, state=RunState.INFEASIBLE, reason=reason)
    except SolverFailedError:
        raise
    except MatchingError as refusal:
        reason = f"{_in_words(task, refusal)} Correct the data or the policy and start again."
        return ShareAnswer(result=None, state=RunState.FAILED, reason=reason)
    return ShareAnswer(result=result)


def _in_words(task: ShareTask, refusal: MatchingError) -> str:
    """The text of a refusal with people by their 编号, and without what is restricted."""
    known = [task.facts] if task.facts is not None else []
    if task.share is not None:
        known += [part.facts for part in task.share.parts]
    text = str(refusal)
    for facts in known:
        text = translator(facts)(text)
    return text


def state_of(session: Session, run_id: UUID) -> RunState:
    """Return the state of a run."""
    return session.get_one(MatchRun, run_id).state


def is_wanted(session: Session, run_id: UUID) -> bool:
    """Whether a run is open and nobody has asked for its end."""
    run = session.get_one(MatchRun, run_id)
    return run.state in OPEN_RUN_STATES and run.cancel_requested_at is None


def keep_answer(session: Session, run_id: UUID, number: int, answer: ShareAnswer) -> None:
    """Write the plan of a share, of which the first one stays; or end the run with the reason why there is none."""
    if answer.result is None:
        faults.end_run(session, run_id, answer.state or RunState.FAILED, answer.reason or "The solve gave no reason.")
    elif session.get_one(MatchRun, run_id, with_for_update=True).state in OPEN_RUN_STATES:
        keep_result(session, run_id, number, result_to_json(answer.result))


def is_open(session: Session, run_id: UUID) -> bool:
    """Whether a run has not ended yet."""
    return session.get_one(MatchRun, run_id).state in OPEN_RUN_STATES


def join_run(database: Database, run_id: UUID, *, workers: int = 1) -> Joined:
    """Join the plans of all shares, outside any transaction.

    Raises ``InvalidStateError`` when the run has ended meanwhile, and what it kept is gone.
    """
    started = time.perf_counter()
    with database.read() as session:
        run = session.get_one(MatchRun, run_id)
        policy, facts = policy_of_run(session, run), facts_of_run(session, run)
        rows = session.exec(select(MatchShare).where(MatchShare.run_id == run_id).order_by(col(MatchShare.number)))
        shares = rows.all()
        solved = [(row, result_from_json(row.result)) for row in shares if row.result is not None]
    if len(solved) < len(shares):
        raise InvalidStateError(f"Run {run_id} has ended.", f"匹配任务 {run_id} 已结束。")
    repairs = [answer for _, answer in solved if isinstance(answer, RepairAnswer)]
    if run.mode is RunMode.REPAIR:
        joined = join_repair(facts, policy, repairs[0], seed=run.seed, workers=workers)
    else:
        answers: dict[int, list[ShareResult]] = {}
        for row, answer in sorted(solved, key=lambda pair: (pair[0].variant, pair[0].part)):
            if isinstance(answer, ShareResult):
                answers.setdefault(row.variant, []).append(answer)
        joined = join_solves(
            facts,
            variants_of(policy, run.presets),
            answers,
            next((answer for _, answer in solved if isinstance(answer, CurveAnswer)), None),
            n_points=run.curve_points,
            seed=run.seed,
            workers=workers,
        )
    return replace(joined, seconds=time.perf_counter() - started)


def record_run(session: Session, run_id: UUID, joined: Joined) -> RunState:
    """Write the plans, their items and shortfalls, and close the run; a run that has ended stays as it is."""
    run = session.get_one(MatchRun, run_id, with_for_update=True)
    if run.state not in OPEN_RUN_STATES:
        return run.state
    viewer, result = faults.viewer_of(run), joined.result
    is_cancelled_run = run.cancel_requested_at is not None
    if result.levels or is_cancelled_run:
        _write_plans(session, run, joined)
    if is_cancelled_run:
        run.state = RunState.CANCELLED
    elif not result.levels:
        run.state = RunState.FAILED
    else:
        run.state = RunState.SOLVED_WITH_SHORTFALL if result.shortfalls else RunState.SOLVED
    run.solver, run.solver_status = result.solver, SolveStatus(result.status)
    run.levels = levels_json(result.levels)
    run.stage_seconds = {
        **run.stage_seconds,
        "solve": round((utc_now() - (run.started_at or run.created_at)).total_seconds() - joined.seconds, 3),
        **({} if joined.curve_s is None else {"curve": round(joined.curve_s, 3)}),
        "report": round(joined.seconds, 3),
    }
    codes = {mentee.id: mentee.code for mentee in joined.facts.mentees}
    translate = translator(joined.facts)
    run.messages = [
        {"kind": "SOLVER", "text": result.solver_reason},
        *({"kind": "EXCLUDED", "mentee": codes[e.mentee_id], "code": e.reason} for e in result.excluded),
        *({"kind": "WARNING", **public_warning(w, translate)} for w in result.warnings),
        *({"kind": "PLANS", "text": translate(remark)} for remark in joined.remarks),
    ]
    if not result.levels:
        text = (
            "A county had no plan yet when the run ended; start it again, with more time. "
            "部分县区尚未得出方案，请延长时限后重新运行。"
            if run.mode is not RunMode.REPAIR
            else "The repair had no plan yet when the run ended; start it again, with more time. "
            "补配尚未得出方案，请延长时限后重新运行。"
        )
        run.messages = [{"kind": run.state.value, "text": text}, *run.messages]
    faults.finish(session, run, viewer)
    return run.state


def run_here(database: Database, run_id: UUID, *, on_progress: Callable[[str, int, int], None] | None = None) -> None:
    """Work a run to its end in this process, without the job engine."""
    n_shares = run_in_transaction(database, lambda session: begin_run(session, run_id))
    for number in range(n_shares):
        task = take_share(database, run_id, number)
        if task is not None:
            try:
                answer = solve_task(task, seed=task.seed, control=Control(time_limit_s=task.time_limit_s))
            except SolverFailedError as fault:
                answer = ShareAnswer(result=None, state=RunState.FAILED, reason=f"{fault} {faults.SOLVER_DIED}")
            run_in_transaction(database, partial(keep_answer, run_id=run_id, number=number, answer=answer))
        if on_progress is not None:
            on_progress("solve", number + 1, n_shares)
    if not run_in_transaction(database, lambda session: is_open(session, run_id)):
        return
    joined = join_run(database, run_id)
    run_in_transaction(database, lambda session: record_run(session, run_id, joined))


def _write_plans(session: Session, run: MatchRun, joined: Joined) -> None:
    county_by_mentee = counties_of_mentees(session, joined.facts)
    ids: dict[int, UUID] = {}
    for draft in joined.plans:
        ids[draft.number] = _write_plan(session, run, draft, county_by_mentee, ids)


def _write_plan(
    session: Session,
    run: MatchRun,
    draft: PlanDraft,
    county_by_mentee: Mapping[str, UUID],
    ids: Mapping[int, UUID],
) -> UUID:
    result = draft.result
    plan = MatchPlan(
        run_id=run.id,
        program_id=run.program_id,
        label=draft.label,
        number=draft.number,
        method=draft.method,
        state=PlanState.PROPOSED,
        solver_status=SolveStatus(result.status),
        levels=levels_json(result.levels),
        levels_by_policy=None if draft.by_policy is None else levels_json(draft.by_policy.levels),
        metrics=metrics_json(result.metrics, draft.n_changed_links),
        weights=None if draft.weights is None else dict(draft.weights),
        curve=None if draft.curve is None else dict(draft.curve),
        same_as_id=None if draft.same_as is None else ids[draft.same_as],
        created_by=run.created_by,
        updated_by=run.created_by,
    )
    session.add(plan)
    session.flush()
    shared: dict[str, Any] = {"plan_id": plan.id, "created_by": run.created_by, "updated_by": run.created_by}
    # Rows of a plan are many: making each by its constructor would take longer than the solve.
    _insert(session, PlanItem, [{**shared, **item_values(seat, county_by_mentee)} for seat in result.seats])
    _insert(session, Shortfall, [{**shared, **shortfall_values(gap, county_by_mentee)} for gap in result.shortfalls])
    if draft.repair is not None:
        session.add(repair_row(plan.id, draft.repair))
    return plan.id


def _insert(session: Session, table: type[TrackedRow], rows: Sequence[dict[str, Any]]) -> None:
    """Write new rows of a table in one statement."""
    now = utc_now()
    made = [{"id": uuid4(), "created_at": now, "updated_at": now, "version": 1, **row} for row in rows]
    if made:
        session.connection().execute(insert(table), made)


def repair_row(plan_id: UUID, found: Differences) -> PlanRepair:
    """What a repair changes, to be stored beside its plan."""
    return PlanRepair(
        plan_id=plan_id,
        max_changes=found.max_changes,
        n_published=found.n_published,
        n_kept=found.n_kept,
        n_changed_links=found.n_changed_links,
        n_moves=found.n_moves,
        n_people_affected=found.n_people_affected,
        ended=[asdict(link) for link in found.ended],
        added=[asdict(link) for link in found.added],
        mentees=[asdict(change) for change in found.mentees],
        mentors=[asdict(change) for change in found.mentors],
        offers=None if found.offers is None else [list(offer) for offer in found.offers],
    )
