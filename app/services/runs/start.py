"""The start of a match run: seen, checked, cut into shares and put into the queue, in one transaction.

Refusals (an empty pool, clashing pins, contradictory facts, too many runs) are found before the run is written, so a
refused run leaves nothing behind. What is enqueued is the run's id; the job finds the rest in the run's own rows.
"""

import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson
from sqlmodel import Session, col, select

from app.access import Permission, Viewer, code_prefix, record
from app.db import Database, run_in_transaction
from app.errors import (
    EmptyPoolError,
    InvalidInputError,
    InvalidStateError,
    PinClashError,
    PolicyError,
    TooManyRunsError,
)
from app.models import Division, MatchRun, MatchShare, MatchSnapshot, PairingProgram, ShareKind
from app.models.vocabulary import OPEN_RUN_STATES, AuditAction, RunMode, RunState, WeightPreset
from app.services.avoidance import translator
from app.services.programs import county_of_program, policy_for_run, require_program
from app.services.runs.variants import variants_of
from app.services.snapshot import take_snapshot
from matching import EmptyPoolError as NothingToMatchError
from matching import Facts, InvalidFactsError, InvalidPolicyError, PinConflictError, Policy
from matching.build import build
from matching.files import facts_bytes, hash_of_bytes
from matching.problem import ProblemData
from matching.repair import check_repairable
from matching.shares import share_out, share_to_json
from matching.solvers.seating import check_seating

Enqueue = Callable[[Session, UUID], None]
"""Puts a run into the queue of the job engine, in the caller's transaction."""

MOST_RUNS = 2
"""Runs of one county that may wait or work at a time: more would only see the same data."""

LEAST_POINTS, MOST_POINTS = 2, 9
"""Points of a curve: its two ends, and so many that the plans can still be told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDraft:
    """A run to be started; ``policy_id`` ``None``: the newest version, ``time_limit_s`` ``None``: its own limit.

    ``plans`` and ``curve_points`` ask for further plans beside the policy's own.
    """

    program_id: UUID
    mode: RunMode
    policy_id: UUID | None = None
    seed: int = 0
    time_limit_s: float | None = None
    idempotency_key: str | None = None
    plans: tuple[WeightPreset, ...] = ()
    curve_points: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairDraft:
    """A repair to be started; ``max_changes`` beyond the forced ones, ``None`` for any number."""

    program_id: UUID
    max_changes: int | None = 0
    policy_id: UUID | None = None
    seed: int = 0
    time_limit_s: float | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Share:
    """A share to be written; see ``MatchShare``."""

    kind: ShareKind
    variant: int = 0
    part: int = 0
    counties: str = ""
    content: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What one consistent read gave, as it is stored, and the shares that it was cut into."""

    program_id: UUID
    policy_id: UUID
    time_limit_s: float | None
    digest: str
    content: bytes
    shares: tuple[_Share, ...]
    seconds: dict[str, float]


def start_match_run(database: Database, viewer: Viewer, draft: RunDraft, *, enqueue: Enqueue) -> UUID:
    """Write a run with its snapshot and put it into the queue; returns its id at once.

    The same idempotency key answers with the run that the first call made.
    """
    if draft.mode is RunMode.REPAIR:
        raise InvalidInputError(
            "A repair is started by `startRepairRun`, which also takes its budget of changes.",
            "补配请使用 startRepairRun（可设定最多变动数）。",
            path=["mode"],
        )
    _check(draft)
    _check_plans(draft)
    return _start(database, viewer, draft, _solve_shares, enqueue=enqueue)


def start_repair_run(database: Database, viewer: Viewer, draft: RepairDraft, *, enqueue: Enqueue) -> UUID:
    """Write a run that repairs the roster in force and put it into the queue; returns its id at once.

    The same idempotency key answers with the run that the first call made. Refused when nothing is published.
    """
    _check(draft)
    if draft.max_changes is not None and draft.max_changes < 0:
        raise InvalidInputError(
            f"maxChanges counts changed links and cannot be {draft.max_changes}; give 0 or more, or null for no limit.",
            f"maxChanges 为变动数，不能为 {draft.max_changes}；请填写不小于0的整数，不限请填 null。",
            path=["maxChanges"],
        )
    return _start(database, viewer, draft, _repair_shares, enqueue=enqueue)


def _start(
    database: Database,
    viewer: Viewer,
    draft: RunDraft | RepairDraft,
    cut: Callable[[Facts, Policy, UUID, Any], tuple[_Share, ...]],
    *,
    enqueue: Enqueue,
) -> UUID:
    with database.read() as session:
        existing = _authorised_existing(session, viewer, draft)
        if existing is not None:
            return existing
        started = time.perf_counter()
        program = require_program(session, viewer, draft.program_id)
        policy_row = policy_for_run(session, program, draft.policy_id)
        facts = take_snapshot(session, program)
    policy = Policy.from_json(policy_row.content)
    seen = time.perf_counter()
    shares = cut(facts, policy, program.id, draft)
    canonical = facts_bytes(facts)
    prepared = _Seen(
        program_id=program.id,
        policy_id=policy_row.id,
        time_limit_s=policy.time_limit_s if draft.time_limit_s is None else draft.time_limit_s,
        digest=hash_of_bytes(canonical),
        content=zlib.compress(canonical, 6),
        shares=shares,
        seconds={"snapshot": round(seen - started, 3), "build": round(time.perf_counter() - seen, 3)},
    )
    return run_in_transaction(database, lambda session: _open_run(session, viewer, draft, prepared, enqueue))


def _check(draft: RunDraft | RepairDraft) -> None:
    key = draft.idempotency_key
    if key is not None and not 0 < len(key.strip()) <= 80:
        raise InvalidInputError(
            "An idempotency key has 1 to 80 characters; leave it out to start a run in any case.",
            "幂等键须为1至80个字符；如需另行启动匹配，请勿填写。",
            path=["idempotencyKey"],
        )
    if draft.time_limit_s is not None and not 1 <= draft.time_limit_s <= 86_400:
        raise InvalidInputError(
            "A time limit lies between 1 second and 1 day; leave it out for none.",
            "时限须在1秒至1天之间；不限时请勿填写。",
            path=["timeLimitS"],
        )


def _check_plans(draft: RunDraft) -> None:
    twice = next((name for name in draft.plans if draft.plans.count(name) > 1), None)
    if twice is not None:
        raise InvalidInputError(
            f"The plan {twice} is asked for twice; name every preset once.",
            f"方案 {twice} 重复；每个预设只填一次。",
            path=["plans"],
        )
    if draft.curve_points and not LEAST_POINTS <= draft.curve_points <= MOST_POINTS:
        raise InvalidInputError(
            f"A curve has {LEAST_POINTS} to {MOST_POINTS} points, found {draft.curve_points}; 0 leaves it out.",
            f"权衡曲线须为{LEAST_POINTS}至{MOST_POINTS}点，当前为{draft.curve_points}；不需要请填0。",
            path=["curvePoints"],
        )


def _authorised_existing(session: Session, viewer: Viewer, draft: RunDraft | RepairDraft) -> UUID | None:
    viewer.require(Permission.RUN)
    program = require_program(session, viewer, draft.program_id)
    if draft.idempotency_key is None:
        return None
    found = session.exec(
        select(MatchRun).where(MatchRun.program_id == program.id, MatchRun.idempotency_key == draft.idempotency_key)
    ).first()
    if found is None:
        return None
    mode = RunMode.REPAIR if isinstance(draft, RepairDraft) else draft.mode
    plans = [] if isinstance(draft, RepairDraft) else [str(name) for name in draft.plans]
    if (found.mode, list(found.presets), found.seed) != (mode, plans, draft.seed):
        raise InvalidInputError(
            f"The idempotency key was used for another request (run {found.id}); take a new one.",
            f"该幂等键已用于另一请求（任务 {found.id}），请更换。",
            path=["idempotencyKey"],
        )
    return found.id


def _solve_shares(facts: Facts, policy: Policy, program_id: UUID, draft: RunDraft) -> tuple[_Share, ...]:
    """Cut checked facts into shares, outside any transaction: the policy's own, then the curve, then other weights.

    The curve takes longest and comes as soon as the policy's own plan is on its way.
    """
    with as_refusals(facts, program_id):
        _checked_problem(facts, policy)
        parts = share_out(facts, policy)
    own = tuple(
        _Share(
            kind=ShareKind.SOLVE,
            part=part,
            counties=",".join(sorted({mentee.county for part in share.parts for mentee in part.facts.mentees}))[:200],
            content=zlib.compress(orjson.dumps(share_to_json(share)), 6),
        )
        for part, share in enumerate(parts)
    )
    curve = (_Share(kind=ShareKind.CURVE),) if draft.curve_points else ()
    further = tuple(
        replace(share, variant=variant.number, content=None)
        for variant in variants_of(policy, draft.plans)
        if variant.number and variant.solved_as == variant.number
        for share in own
    )
    return (*own, *curve, *further)


def _repair_shares(facts: Facts, policy: Policy, program_id: UUID, draft: RepairDraft) -> tuple[_Share, ...]:
    """Check that there is something to repair; a repair looks at the whole roster, and is quick."""
    if not facts.published:
        raise InvalidStateError(
            f"Programme {program_id} has no roster in force, so there is nothing to repair; start a FINAL run.",
            f"项目 {program_id} 没有已发布的花名册，无需补配；请启动正式匹配（FINAL）。",
        )
    most = policy.stability.max_changes
    if most is not None and (draft.max_changes is None or draft.max_changes > most):
        raise InvalidInputError(
            f"The policy allows at most {most} changes (stability.maxChanges); ask for no more, or change the policy.",
            f"政策最多允许 {most} 处变动（stability.maxChanges）；请减少变动数或修改政策。",
            path=["maxChanges"],
        )
    with as_refusals(facts, program_id):
        check_repairable(_checked_problem(facts, policy))
    return (_Share(kind=ShareKind.REPAIR),)


def _checked_problem(facts: Facts, policy: Policy) -> ProblemData:
    problem = build(facts, policy)
    check_seating(facts, policy, problem)
    return problem


@contextmanager
def as_refusals(facts: Facts, program_id: UUID) -> Iterator[None]:
    """What the library refuses becomes a refusal of the service."""
    try:
        yield
    except NothingToMatchError as error:
        raise EmptyPoolError(
            f"Programme {program_id} has nothing to match: {error} Import or enter people first.",
            f"项目 {program_id} 没有可匹配的帮带对象或导师，请先导入或录入人员。",
        ) from error
    except PinConflictError as error:
        raise pin_clash(error, facts) from error
    except InvalidFactsError as error:
        text = translator(facts)(str(error))
        raise InvalidInputError(f"The data contradict themselves: {text}", f"数据自相矛盾：{text}") from error
    except InvalidPolicyError as error:
        raise PolicyError(
            f"The policy cannot be combined with the present people: {error}",
            f"政策与当前人员数据不相容：{error}",
        ) from error


def pin_clash(error: PinConflictError, facts: Facts) -> PinClashError:
    """Return the refusal of clashing pins, with people by their 编号."""
    text = translator(facts)(str(error))
    return PinClashError(
        f"{text} Remove or change one of these pins and start again.",
        f"锁定相互冲突或不可行：{text} 请解除或修改其中之一后重试。",
    )


def _open_run(session: Session, viewer: Viewer, draft: RunDraft | RepairDraft, seen: _Seen, enqueue: Enqueue) -> UUID:
    """Write the run as QUEUED with its snapshot and shares; a concurrent call with the same key wins at most once."""
    program = require_program(session, viewer, seen.program_id, lock=True)
    existing = _authorised_existing(session, viewer, draft)
    if existing is not None:
        return existing
    _require_room(session, program)
    if session.get(MatchSnapshot, seen.digest) is None:
        session.add(MatchSnapshot(hash=seen.digest, content=seen.content))
        session.flush()
    mode = RunMode.REPAIR if isinstance(draft, RepairDraft) else draft.mode
    run = MatchRun(
        program_id=seen.program_id,
        policy_id=seen.policy_id,
        mode=mode,
        state=RunState.QUEUED,
        seed=draft.seed,
        time_limit_s=seen.time_limit_s,
        idempotency_key=draft.idempotency_key,
        snapshot_hash=seen.digest,
        stage_seconds=seen.seconds,
        presets=[] if isinstance(draft, RepairDraft) else [str(name) for name in draft.plans],
        curve_points=0 if isinstance(draft, RepairDraft) else draft.curve_points,
        max_changes=draft.max_changes if isinstance(draft, RepairDraft) else None,
        created_by=viewer.subject,
        updated_by=viewer.subject,
    )
    session.add(run)
    session.flush()
    session.add_all(
        MatchShare(
            run_id=run.id,
            number=number,
            kind=share.kind,
            variant=share.variant,
            part=share.part,
            counties=share.counties,
            content=share.content,
        )
        for number, share in enumerate(seen.shares)
    )
    session.flush()
    record(
        session,
        viewer,
        AuditAction.RUN_STARTED,
        f"MatchRun {run.id}",
        county_id=county_of_program(session, program.id),
        program=program.id,
        policy=run.policy_id,
        mode=mode,
        seed=draft.seed,
        snapshot=seen.digest,
    )
    enqueue(session, run.id)
    return run.id


def _require_room(session: Session, program: PairingProgram) -> None:
    """Refuse more runs than fit over the same people: those of programmes in, above or below the same division."""
    division = session.get_one(Division, program.division_id)
    open_runs = (
        select(Division)
        .join(PairingProgram, col(PairingProgram.division_id) == col(Division.id))
        .join(MatchRun, col(MatchRun.program_id) == col(PairingProgram.id))
        .where(col(MatchRun.state).in_(OPEN_RUN_STATES))
    )
    own = code_prefix(division)
    prefixes = [code_prefix(other) for other in session.exec(open_runs)]
    n_open = sum(other.startswith(own) or own.startswith(other) for other in prefixes)
    if n_open >= MOST_RUNS:
        raise TooManyRunsError(
            f"{n_open} runs of division {division.code} are waiting or working; wait for one to end, or cancel it.",
            f"区划 {division.code} 已有{n_open}个匹配任务在排队或运行，请等待其结束或先取消。",
        )
