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
from app.models.vocabulary import DivisionLevel, PlanState, RunMode, RunState, SolveStatus
from app.services.avoidance import public_warning, translator
from app.services.programs import get_program, policy_for_run, require_program
from app.services.snapshot import counties_of, take_snapshot
from matching import (
    WEIGHT_PRESETS,
    Facts,
    InvalidFactsError,
    InvalidPolicyError,
    PinConflictError,
    Policy,
    Result,
    solve,
)
from matching import EmptyPoolError as NothingToMatchError
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
class _Seen:
    """What one consistent read gave."""

    program_id: UUID
    policy_id: UUID
    policy: Policy
    facts: Facts
    snapshot_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared(_Seen):
    """The same, checked and turned into numbers."""

    problem: ProblemData
    build_s: float


def start_match_run(
    database: Database, viewer: Viewer, draft: RunDraft, *, on_progress: Progress | None = None
) -> UUID:
    """Run the optimizer in this process and record its plan; returns the id of the run.

    The same idempotency key answers with the run that the first call made. ``on_progress(phase, done, total)`` is
    called between components.
    """
    _check_key(draft.idempotency_key)
    with database.read() as session:
        existing = _authorised_existing(session, viewer, draft)
        if existing is not None:
            return existing
        seen = _see(session, viewer, draft)
    prepared = _prepare(seen, on_progress)
    run_id, is_new = run_in_transaction(database, lambda s: _open_run(s, viewer, draft, prepared))
    if not is_new:
        return run_id
    try:
        result = solve(
            prepared.facts, prepared.policy, seed=draft.seed, on_progress=on_progress, problem=prepared.problem
        )
        run_in_transaction(database, lambda s: _record(s, viewer, run_id, prepared, result))
    except PinConflictError as error:
        # Few clashes show only in the solve: those of slot caps.
        refusal = _pin_clash(error, prepared.facts)
        run_in_transaction(database, lambda s: _close(s, viewer, run_id, RunState.INFEASIBLE, refusal.message))
        raise refusal from error
    except InvalidPolicyError as error:
        reason = str(error)
        run_in_transaction(database, lambda s: _close(s, viewer, run_id, RunState.FAILED, reason))
        raise PolicyError(
            f"The policy cannot be combined with the present people: {reason}",
            f"政策与当前人员数据不相容：{reason}",
        ) from error
    except BaseException as error:
        # Whatever happened, the run must not stay RUNNING for ever; the error itself goes on to the caller.
        text = f"{type(error).__name__}: the run was interrupted; start it again."
        run_in_transaction(database, lambda s: _close(s, viewer, run_id, RunState.FAILED, text))
        raise
    return run_id


def replay(database: Database, viewer: Viewer, run_id: UUID) -> Result:
    """Solve a recorded run again from its stored snapshot, policy version and seed; nothing is written."""
    viewer.require(Permission.READ_PLANS)
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
    counties = [county.id for county in counties_of(session, program)]
    # A mentor may still stand at a revoked township; the newest division of a code is read last and stays.
    townships = (
        select(Division.code, Division.id)
        .where(col(Division.county_id).in_(counties), Division.level != DivisionLevel.VILLAGE)
        .order_by(col(Division.valid_from))
    )
    by_code = dict(session.exec(townships).all())
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
    program = require_program(session, viewer, draft.program_id)
    if draft.idempotency_key is None:
        return None
    return session.exec(
        select(MatchRun.id).where(MatchRun.program_id == program.id, MatchRun.idempotency_key == draft.idempotency_key)
    ).first()


def _check_key(key: str | None) -> None:
    if key is not None and not 0 < len(key.strip()) <= 80:
        raise InvalidInputError(
            "An idempotency key has 1 to 80 characters; leave it out to start a run in any case.",
            "幂等键须为1至80个字符；如需另行启动匹配，请勿填写。",
            path=["idempotencyKey"],
        )


def _see(session: Session, viewer: Viewer, draft: RunDraft) -> _Seen:
    program = require_program(session, viewer, draft.program_id)
    policy_row = policy_for_run(session, program, draft.policy_id)
    started = time.perf_counter()
    facts = take_snapshot(session, program)
    return _Seen(
        program_id=program.id,
        policy_id=policy_row.id,
        policy=Policy.from_json(policy_row.content),
        facts=facts,
        snapshot_s=time.perf_counter() - started,
    )


def _prepare(seen: _Seen, on_progress: Progress | None) -> _Prepared:
    """Build the problem, outside any transaction, and turn what the library refuses into refusals of the service."""
    started = time.perf_counter()
    try:
        problem = build(seen.facts, seen.policy, on_progress=on_progress)
    except NothingToMatchError as error:
        raise EmptyPoolError(
            f"Programme {seen.program_id} has nothing to match: {error} Import or enter people first.",
            f"项目 {seen.program_id} 没有可匹配的帮带对象或导师，请先导入或录入人员。",
        ) from error
    except PinConflictError as error:
        raise _pin_clash(error, seen.facts) from error
    except InvalidFactsError as error:
        text = translator(seen.facts)(str(error))
        raise InvalidInputError(f"The data contradict themselves: {text}", f"数据自相矛盾：{text}") from error
    return _Prepared(
        program_id=seen.program_id,
        policy_id=seen.policy_id,
        policy=seen.policy,
        facts=seen.facts,
        snapshot_s=seen.snapshot_s,
        problem=problem,
        build_s=time.perf_counter() - started,
    )


def _pin_clash(error: PinConflictError, facts: Facts) -> PinClashError:
    text = translator(facts)(str(error))
    return PinClashError(
        f"{text} Remove or change one of these pins and start again.",
        f"锁定相互冲突或不可行：{text} 请解除或修改其中之一后重试。",
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
        label=_plan_label(prepared.policy),
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
        *({"kind": "WARNING", **public_warning(w, translate)} for w in result.warnings),
    ]
    run.finished_at, run.updated_at, run.version = utc_now(), utc_now(), run.version + 1
    session.add(run)
    session.flush()
    record(session, viewer, "RUN_FINISHED", f"MatchRun {run.id}", state=run.state)


def _close(session: Session, viewer: Viewer, run_id: UUID, state: RunState, reason: str) -> None:
    """End a run without a plan; one that has ended already stays as it is."""
    run = session.get_one(MatchRun, run_id)
    if run.state is not RunState.RUNNING:
        return
    run.state, run.finished_at = state, utc_now()
    run.updated_at, run.updated_by, run.version = utc_now(), viewer.subject, run.version + 1
    run.messages = [{"kind": state.value, "text": reason}]
    session.add(run)
    session.flush()
    record(session, viewer, "RUN_FINISHED", f"MatchRun {run.id}", state=state)


def _plan_label(policy: Policy) -> str:
    """The name of the weight preset that the policy uses, or CUSTOM."""
    return next((name for name, weights in WEIGHT_PRESETS.items() if weights == policy.weights), "CUSTOM")


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
