"""Match runs: snapshot, solve, record. A solve never holds a transaction.

Refusals (an empty pool, clashing pins, contradictory facts) are found before the run is written, so a refused run
leaves nothing behind.
"""

import time
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlmodel import Session, col, select

from app.access import Permission, Viewer, covers_division, record
from app.db import Database, run_in_transaction, utc_now
from app.errors import EmptyPoolError, InvalidInputError, NotFoundError, PinClashError, PolicyError
from app.models import (
    Division,
    MatchPlan,
    MatchRun,
    MatchSnapshot,
    PlanItem,
    Shortfall,
)
from app.models.vocabulary import PlanState, RunMode, RunState, SolveStatus
from app.services.avoidance import translator
from app.services.programs import get_program, policy_for_run, require_program
from app.services.snapshot import take_snapshot
from app.services.texts import require_fitting
from matching import EmptyPoolError as NothingToMatchError
from matching import (
    Facts,
    InvalidFactsError,
    InvalidPolicyError,
    PinConflictError,
    Policy,
    Result,
    solve,
)
from matching.build import build
from matching.criteria import SCORE_UNIT
from matching.files import facts_bytes, facts_from_json, facts_hash
from matching.problem import ProblemData
from matching.supply import supply_table

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDraft:
    """A run to be started; ``policy_id`` ``None`` takes the newest version."""

    program_id: UUID
    mode: RunMode
    policy_id: UUID | None = None
    seed: int = 0
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyDemandRow:
    """Supply and demand of one township before any run; persons are counted, not records."""

    township_id: UUID
    township_code: str
    mentees: int
    seats: int
    eligible_mentors: int
    capacity: int
    local_seats: int
    local_capacity: int
    shortage: int
    local_shortage: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    program_id: UUID
    policy_id: UUID
    policy: Policy
    facts: Facts
    problem: ProblemData
    snapshot_s: float
    build_s: float


def start_match_run(
    database: Database, viewer: Viewer, draft: RunDraft, *, on_progress: Progress | None = None
) -> UUID:
    """Run the optimizer in this process and record its plan; returns the id of the run.

    The same idempotency key answers with the run that the first call made. ``on_progress(phase, done, total)`` is
    called between components.
    """
    with database.read() as session:
        existing = _authorised_existing(session, viewer, draft)
        if existing is not None:
            return existing
        prepared = _prepare(session, viewer, draft, on_progress)
    run_id, is_new = run_in_transaction(database, lambda s: _open_run(s, viewer, draft, prepared))
    if not is_new:
        return run_id
    try:
        result = solve(
            prepared.facts, prepared.policy, seed=draft.seed, on_progress=on_progress, problem=prepared.problem
        )
        run_in_transaction(database, lambda s: _record(s, viewer, run_id, prepared, result))
    except InvalidPolicyError as error:
        reason = str(error)
        run_in_transaction(database, lambda s: _fail(s, run_id, reason))
        raise PolicyError(
            f"The policy cannot be combined with the present people: {reason}",
            f"政策与当前人员数据不相容：{reason}",
        ) from error
    except BaseException as error:
        # Whatever happened, the run must not stay RUNNING for ever; the error itself goes on to the caller.
        name = type(error).__name__
        run_in_transaction(database, lambda s: _fail(s, run_id, f"{name}: the run was interrupted; start it again."))
        raise
    return run_id


def replay(database: Database, viewer: Viewer, run_id: UUID) -> Result:
    """Solve a recorded run again from its stored snapshot, policy version and seed; nothing is written."""
    with database.read() as session:
        run = session.get(MatchRun, run_id)
        if run is None or run.snapshot_hash is None:
            raise NotFoundError(f"No match run {run_id} with a snapshot.", f"没有匹配运行 {run_id} 的快照。")
        program = get_program(session, viewer, run.program_id)
        policy = Policy.from_json(policy_for_run(session, program, run.policy_id).content)
        content = zlib.decompress(session.get_one(MatchSnapshot, run.snapshot_hash).content)
        seed = run.seed
    return solve(facts_from_json(orjson.loads(content)), policy, seed=seed)


def supply_demand(session: Session, viewer: Viewer, program_id: UUID) -> tuple[SupplyDemandRow, ...]:
    """Supply and demand per township under the newest policy, for the townships in the viewer's territory."""
    viewer.require(Permission.READ_PLANS)
    program = get_program(session, viewer, program_id)
    policy = Policy.from_json(policy_for_run(session, program, None).content)
    facts = take_snapshot(session, program)
    by_code = {
        row.code: row.id
        for row in session.exec(
            select(Division).where(
                col(Division.code).in_(
                    {place.township for place in facts.geography.places.values()}
                    | {place.county for place in facts.geography.places.values()}
                ),
                col(Division.valid_to).is_(None),
            )
        )
    }
    return tuple(
        SupplyDemandRow(
            township_id=by_code[row.township or row.county],
            township_code=row.township or row.county,
            mentees=row.n_mentees,
            seats=row.n_seats,
            eligible_mentors=row.n_mentors,
            capacity=row.free_capacity,
            local_seats=row.n_local_seats,
            local_capacity=row.local_capacity,
            shortage=row.shortage,
            local_shortage=row.local_shortage,
        )
        for row in supply_table(facts, policy)
        if covers_division(viewer, row.township or row.county)
    )


def _authorised_existing(session: Session, viewer: Viewer, draft: RunDraft) -> UUID | None:
    viewer.require(Permission.RUN)
    require_fitting(MatchRun.idempotency_key, draft.idempotency_key, ["idempotencyKey"])
    program = require_program(session, viewer, draft.program_id)
    if draft.idempotency_key is None:
        return None
    return session.exec(
        select(MatchRun.id).where(MatchRun.program_id == program.id, MatchRun.idempotency_key == draft.idempotency_key)
    ).first()


def _prepare(session: Session, viewer: Viewer, draft: RunDraft, on_progress: Progress | None) -> _Prepared:
    program = require_program(session, viewer, draft.program_id)
    policy_row = policy_for_run(session, program, draft.policy_id)
    policy = Policy.from_json(policy_row.content)
    started = time.perf_counter()
    facts = take_snapshot(session, program)
    translate = translator(facts)
    snapshot_done = time.perf_counter()
    try:
        problem = build(facts, policy, on_progress=on_progress)
    except NothingToMatchError as error:
        raise EmptyPoolError(
            f"Programme {program.id} has nothing to match: {error} Import or enter people first.",
            f"项目 {program.id} 没有可匹配的帮带对象或导师，请先导入或录入人员。",
        ) from error
    except PinConflictError as error:
        raise PinClashError(
            f"{translate(str(error))} Remove or change one of these pins and start again.",
            f"锁定相互冲突或不可行：{translate(str(error))} 请解除或修改其中之一后重试。",
        ) from error
    except InvalidFactsError as error:
        raise InvalidInputError(
            f"The data contradict themselves: {translate(str(error))}",
            f"数据自相矛盾：{translate(str(error))}",
        ) from error
    return _Prepared(
        program_id=program.id,
        policy_id=policy_row.id,
        policy=policy,
        facts=facts,
        problem=problem,
        snapshot_s=snapshot_done - started,
        build_s=time.perf_counter() - snapshot_done,
    )


def _open_run(session: Session, viewer: Viewer, draft: RunDraft, prepared: _Prepared) -> tuple[UUID, bool]:
    """Write the run as RUNNING with its snapshot; a concurrent call with the same key wins at most once."""
    require_program(session, viewer, prepared.program_id, lock=True)
    existing = _authorised_existing(session, viewer, draft)
    if existing is not None:
        return existing, False
    digest = facts_hash(prepared.facts)
    if session.get(MatchSnapshot, digest) is None:
        session.add(MatchSnapshot(hash=digest, content=zlib.compress(facts_bytes(prepared.facts), 6)))
        session.flush()
    run = MatchRun(
        program_id=prepared.program_id,
        policy_id=prepared.policy_id,
        mode=draft.mode,
        state=RunState.RUNNING,
        seed=draft.seed,
        idempotency_key=draft.idempotency_key,
        snapshot_hash=digest,
        started_at=utc_now(),
        created_by=viewer.subject,
        updated_by=viewer.subject,
    )
    session.add(run)
    session.flush()
    record(session, viewer, "RUN_STARTED", f"MatchRun {run.id}", mode=draft.mode, seed=draft.seed)
    return run.id, True


def _record(session: Session, viewer: Viewer, run_id: UUID, prepared: _Prepared, result: Result) -> None:
    """Write the plan, its items and shortfalls, and close the run, all in one transaction."""
    run = session.get_one(MatchRun, run_id)
    county_by_code = {
        row.code: row.id
        for row in session.exec(
            select(Division).where(col(Division.code).in_({mentee.county for mentee in prepared.facts.mentees}))
        )
        if row.valid_to is None
    }
    county_by_mentee = {mentee.id: county_by_code[mentee.county] for mentee in prepared.facts.mentees}
    plan = MatchPlan(
        run_id=run.id,
        program_id=run.program_id,
        label="BALANCED",
        state=PlanState.PROPOSED,
        levels=levels_json(result),
        metrics=metrics_json(result),
        created_by=viewer.subject,
        updated_by=viewer.subject,
    )
    session.add(plan)
    session.flush()
    session.add_all(
        PlanItem(
            plan_id=plan.id,
            county_id=county_by_mentee[seat.mentee_id],
            mentee_id=UUID(seat.mentee_id),
            mentor_id=UUID(seat.mentor_id),
            slot_code=seat.slot,
            score=seat.score / SCORE_UNIT,
            contributions=[{"term": c.term, "points": c.points / SCORE_UNIT} for c in seat.contributions],
            relation=seat.relation,
            anchor_code=seat.anchor,
            travel_minutes=seat.minutes,
            travel_source=seat.travel_source,
            tier=seat.tier,
            is_released=seat.is_released,
            is_pinned=seat.is_pinned,
            is_changed_from_published=seat.changed_from_published,
            created_by=viewer.subject,
            updated_by=viewer.subject,
        )
        for seat in result.seats
    )
    session.add_all(
        Shortfall(
            plan_id=plan.id,
            county_id=county_by_mentee[gap.mentee_id],
            mentee_id=UUID(gap.mentee_id),
            slot_code=gap.slot,
            reasons=[{"code": code, "count": count} for code, count in gap.reasons],
            created_by=viewer.subject,
            updated_by=viewer.subject,
        )
        for gap in result.shortfalls
    )
    run.state = RunState.SOLVED_WITH_SHORTFALL if result.shortfalls else RunState.SOLVED
    run.solver, run.solver_status = result.solver, SolveStatus(result.status)
    run.levels = levels_json(result)
    run.stage_seconds = {
        "snapshot": round(prepared.snapshot_s, 3),
        "build": round(prepared.build_s, 3),
        **{stage: round(seconds, 3) for stage, seconds in result.stages if stage != "build"},
    }
    codes = {mentee.id: mentee.code for mentee in prepared.facts.mentees}
    translate = translator(prepared.facts)
    run.messages = [
        {"kind": "SOLVER", "text": result.solver_reason},
        *({"kind": "EXCLUDED", "mentee": codes[e.mentee_id], "code": e.reason} for e in result.excluded),
        *({"kind": "WARNING", "code": w.code, "text": translate(f"{w.item}: {w.message}")} for w in result.warnings),
    ]
    run.finished_at, run.updated_at, run.version = utc_now(), utc_now(), run.version + 1
    session.add(run)
    session.flush()
    record(session, viewer, "RUN_FINISHED", f"MatchRun {run.id}", state=run.state)


def _fail(session: Session, run_id: UUID, reason: str) -> None:
    run = session.get_one(MatchRun, run_id)
    run.state, run.finished_at, run.updated_at = RunState.FAILED, utc_now(), utc_now()
    run.version += 1
    run.messages = [{"kind": "FAILED", "text": reason}]
    session.add(run)


def levels_json(result: Result) -> list[dict[str, Any]]:
    """The objective levels in natural units (score points, seats, links)."""
    return [
        {
            "name": level.name,
            "value": level.value / level.scale,
            "bound": level.bound / level.scale,
            "gap": level.gap,
        }
        for level in result.levels
    ]


def metrics_json(result: Result) -> dict[str, Any]:
    """The headline figures of a plan without the teams of all mentees, which the items tell."""
    figures = asdict(result.metrics)
    del figures["teams"]
    return figures
