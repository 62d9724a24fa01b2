"""The plans of a run from what became of its shares: described anew from the facts, compared with each other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.models.vocabulary import PlanMethod
from app.services.runs.plan_rows import count_changed_links
from app.services.runs.tasks import CurveAnswer
from app.services.runs.variants import Variant
from matching import Facts, Policy, Result
from matching.control import StoppedBy
from matching.criteria import SCORE_UNIT
from matching.repair import Differences, RepairAnswer
from matching.shares import ShareResult, described, join_shares
from matching.tradeoff import CurvePoint

CURVE_REASON = "a point of the curve between geography and experience, measured by the bounds of the policy's own plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDraft:
    """One plan to be recorded; ``by_policy`` measures a plan of other weights under the policy as it is.

    Numbers follow the variants, then the points of the curve; one that came to no plan leaves a gap.
    """

    number: int
    label: str
    method: PlanMethod
    result: Result
    weights: Mapping[str, float] | None = None
    by_policy: Result | None = None
    curve: Mapping[str, Any] | None = None
    same_as: int | None = None
    repair: Differences | None = None
    n_changed_links: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Everything that is to be recorded of a run: ``result`` is the policy's own plan, or that of the repair."""

    facts: Facts
    policy: Policy
    result: Result
    plans: tuple[PlanDraft, ...]
    remarks: tuple[str, ...] = ()
    curve_s: float | None = None
    seconds: float = field(default=0.0)


def join_repair(facts: Facts, policy: Policy, answer: RepairAnswer, *, seed: int, workers: int) -> Joined:
    """Describe the plan of a repair."""
    result = described(
        facts,
        policy,
        answer.links,
        answer.levels,
        solver=answer.solver,
        reason=answer.solver_reason,
        seed=seed,
        stopped_by=answer.stopped_by,
        workers=workers,
    )
    draft = PlanDraft(number=0, label="REPAIR", method=PlanMethod.REPAIR, result=result, repair=answer.differences)
    return Joined(facts=facts, policy=policy, result=result, plans=_finished(facts, [draft]))


def join_solves(
    facts: Facts,
    variants: Sequence[Variant],
    answers: Mapping[int, Sequence[ShareResult]],
    curve: CurveAnswer | None,
    *,
    n_points: int,
    seed: int,
    workers: int,
) -> Joined:
    """Describe the plans of all variants and of the points of a curve.

    Parameters
    ----------
    answers
        What became of the shares of every variant that has its own, in the order of the parts.
    """
    results = {
        variant.number: join_shares(facts, variant.policy, answers[variant.number], seed=seed, workers=workers)
        for variant in variants
        if variant.solved_as == variant.number
    }
    own, policy = results[0], variants[0].policy
    drafts: list[PlanDraft] = []
    remarks: list[str] = []
    for variant in variants:
        result = results[variant.solved_as]
        if not result.levels:
            if variant.number:
                remarks.append(
                    f"{variant.label}: no plan, the run ended before. {variant.label}：运行结束前未得出方案。"
                )
            continue
        differs = variant.solved_as != 0
        drafts.append(
            PlanDraft(
                number=variant.number,
                label=variant.label,
                method=variant.method,
                result=result,
                weights=variant.policy.weights.model_dump() if differs else None,
                by_policy=_measured(facts, policy, result, own, seed, workers) if differs and own.levels else None,
            )
        )
    if curve is not None:
        remarks += _curve_remarks(curve, n_points, has_own=bool(own.levels))
    if curve is not None and curve.curve is not None and own.levels:
        found = curve.curve
        for number, point in enumerate(found.points, start=1):
            draft = _point(facts, policy, point, own, number, seed=seed, stopped_by=found.stopped_by, workers=workers)
            drafts.append(replace(draft, number=len(variants) + number - 1))
    return Joined(
        facts=facts,
        policy=policy,
        result=own,
        plans=_finished(facts, drafts),
        remarks=tuple(remarks),
        curve_s=None if curve is None or curve.curve is None else curve.curve.seconds,
    )


def _measured(facts: Facts, policy: Policy, result: Result, own: Result, seed: int, workers: int) -> Result:
    return described(
        facts,
        policy,
        sorted(links_of(result)),
        own.levels,
        solver=result.solver,
        reason=result.solver_reason,
        seed=seed,
        workers=workers,
    )


def _point(
    facts: Facts,
    policy: Policy,
    point: CurvePoint,
    own: Result,
    number: int,
    *,
    seed: int,
    stopped_by: StoppedBy | None,
    workers: int,
) -> PlanDraft:
    return PlanDraft(
        number=number,
        label=f"CURVE_{number}",
        method=PlanMethod(point.method.value),
        result=described_point(facts, policy, point, own, seed=seed, stopped_by=stopped_by, workers=workers),
        curve={
            "weights": None if point.weights is None else point.weights.model_dump(),
            "epsilon": None if point.epsilon is None else point.epsilon / SCORE_UNIT,
            "geography": point.geography / SCORE_UNIT,
            "experience": point.experience / SCORE_UNIT,
            "gap": point.gap,
        },
    )


def described_point(
    facts: Facts,
    policy: Policy,
    point: CurvePoint,
    own: Result,
    *,
    seed: int,
    stopped_by: StoppedBy | None = None,
    workers: int = 1,
) -> Result:
    """Describe a point of a curve under the policy; its gaps to ``own`` say what it gives up."""
    return described(
        facts,
        policy,
        point.links,
        own.levels,
        solver=own.solver,
        reason=CURVE_REASON,
        seed=seed,
        stopped_by=stopped_by,
        workers=workers,
    )


def _curve_remarks(answer: CurveAnswer, n_points: int, *, has_own: bool) -> Iterator[str]:
    if answer.curve is None:
        yield f"The curve was refused: {answer.refusal} 无法生成权衡曲线：{answer.refusal}"
        return
    n_found, is_cut = len(answer.curve.points), answer.curve.stopped_by is not None
    if not has_own:
        yield "The curve needs the policy's own plan to be measured by. 政策方案未得出，权衡曲线从略。"
    elif is_cut:
        yield (
            f"The curve was ended with {n_found} of {n_points} points. "
            f"权衡曲线提前结束，得{n_found}点（要求{n_points}点）。"
        )
    elif n_found < n_points:
        yield (
            f"The curve has {n_found} of {n_points} points: no other plan was found that is not worse in both. "
            f"权衡曲线共{n_found}点（要求{n_points}点）：未找到其他有效方案。"
        )


def links_of(result: Result) -> frozenset[tuple[str, str, str]]:
    """``(mentee, slot, mentor)`` of every filled seat."""
    return frozenset((seat.mentee_id, seat.slot, seat.mentor_id) for seat in result.seats)


def _finished(facts: Facts, drafts: Sequence[PlanDraft]) -> tuple[PlanDraft, ...]:
    """Say which plans are equal to earlier ones, and how far each is from the roster in force."""
    first: dict[frozenset[tuple[str, str, str]], int] = {}
    done: list[PlanDraft] = []
    for draft in drafts:
        if not draft.result.levels:
            continue
        links = links_of(draft.result)
        earlier = first.setdefault(links, draft.number)
        done.append(
            replace(
                draft,
                same_as=None if earlier == draft.number else earlier,
                n_changed_links=count_changed_links(facts, links),
            )
        )
    return tuple(done)
