"""What the shares of a run ask for, and what becomes of them, as the job engine and the tables store it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlmodel import Session

from app.models import MatchRun, MatchShare, ShareKind
from app.models.vocabulary import RunMode, RunState
from app.services.plan_basis import facts_of_run, policy_of_run
from app.services.runs.shares import share_facts
from app.services.runs.variants import variants_of
from matching import Facts, MatchingError, Policy, SolverFailedError
from matching.control import Control, StoppedBy
from matching.repair import RepairAnswer, repair_apart, repair_from_json, repair_to_json
from matching.shares import ShareFacts, ShareResult, share_result_from_json, share_result_to_json
from matching.tradeoff import CurveResult, curve, curve_from_json, curve_to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareTask:
    """One share to be solved, with everything that a solver process needs.

    A part of the programme comes with ``share``, a curve or a repair with the ``facts`` of the whole. What
    ``is_further`` is left out of a cancelled run, unless it was begun before.
    """

    kind: ShareKind
    policy: Policy
    seed: int
    time_limit_s: float | None
    share: ShareFacts | None = None
    facts: Facts | None = None
    is_further: bool = False
    n_points: int = 0
    max_changes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveAnswer:
    """What became of a curve: its points, or why the library refuses one for this policy; the run goes on."""

    curve: CurveResult | None
    refusal: str | None = None


Solved: TypeAlias = ShareResult | CurveAnswer | RepairAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareAnswer:
    """What became of a share: its plan, or the state in which the run must end, and why."""

    result: Solved | None
    state: RunState | None = None
    reason: str | None = None


def task_of(session: Session, run: MatchRun, row: MatchShare) -> ShareTask:
    """Return what a share asks for.

    Raises ``UnreadableShareError`` or ``InvalidStateError`` when what is stored of the people is damaged.
    """
    policy = policy_of_run(session, run)
    if row.kind is ShareKind.SOLVE:
        return ShareTask(
            kind=row.kind,
            policy=variants_of(policy, run.presets)[row.variant].policy,
            seed=run.seed,
            time_limit_s=run.time_limit_s,
            share=share_facts(session, row),
            is_further=row.variant > 0,
        )
    return ShareTask(
        kind=row.kind,
        policy=policy,
        seed=run.seed,
        time_limit_s=run.time_limit_s,
        facts=facts_of_run(session, run),
        is_further=run.mode is not RunMode.REPAIR,
        n_points=run.curve_points,
        max_changes=run.max_changes,
    )


def solve_whole(task: ShareTask, *, seed: int, control: Control) -> CurveAnswer | RepairAnswer:
    """Solve a curve or a repair; a curve that the library refuses is an answer, because the run has other plans.

    Raises ``MatchingError`` as the library does, for a curve only when its process ended.
    """
    assert task.facts is not None, "a curve and a repair look at the whole programme"
    if task.kind is ShareKind.REPAIR:
        return repair_apart(task.facts, task.policy, max_changes=task.max_changes, seed=seed, control=control)
    try:
        found = curve(task.facts, task.policy, n_points=task.n_points, seed=seed, control=control)
    except SolverFailedError:
        raise
    except MatchingError as refusal:
        return CurveAnswer(curve=None, refusal=str(refusal))
    return CurveAnswer(curve=found)


def left_out(task: ShareTask) -> Solved:
    """Return the answer of a further share that was not begun before its run was cancelled."""
    if task.kind is ShareKind.CURVE:
        return CurveAnswer(curve=CurveResult(points=(), stopped_by=StoppedBy.CANCELLED, seconds=0.0))
    return ShareResult(
        solver="none",
        solver_reason="the run was cancelled before this plan was begun",
        links=None,
        bounds={},
        steps=0,
        stopped_by=StoppedBy.CANCELLED,
        seconds=0.0,
    )


def result_to_json(result: Solved) -> dict[str, Any]:
    """What became of a share as plain JSON values; ``result_from_json`` reads it back."""
    if isinstance(result, ShareResult):
        return {"kind": ShareKind.SOLVE.value, **share_result_to_json(result)}
    if isinstance(result, RepairAnswer):
        return {"kind": ShareKind.REPAIR.value, **repair_to_json(result)}
    found = None if result.curve is None else curve_to_json(result.curve)
    return {"kind": ShareKind.CURVE.value, "curve": found, "refusal": result.refusal}


def result_from_json(stored: Mapping[str, Any]) -> Solved:
    """Read what became of a share; results of older releases, which say no kind, are those of solves."""
    kind = ShareKind(stored.get("kind", ShareKind.SOLVE))
    rest = {name: value for name, value in stored.items() if name != "kind"}
    if kind is ShareKind.SOLVE:
        return share_result_from_json(rest)
    if kind is ShareKind.REPAIR:
        return repair_from_json(rest)
    found = rest["curve"]
    return CurveAnswer(curve=None if found is None else curve_from_json(found), refusal=rest["refusal"])
