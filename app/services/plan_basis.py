"""What a plan rests on: the facts that its run saw, its policy, its adjustments by hand, and the pairs it holds."""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import orjson
from sqlmodel import Session, col, select

from app.errors import InvalidStateError
from app.models import MatchPlan, MatchPolicy, MatchRun, MatchSnapshot, PlanAdjustment, PlanItem, PlanOrigin
from app.models.vocabulary import AdjustmentKind, RunMode
from matching import Exclusion, Facts, InvalidFactsError, LevelName, Pin, Policy
from matching.adjust import Link, adjusted_facts, keeping_policy
from matching.files import facts_from_json
from matching.solution import SCALE_BY_LEVEL

PLAIN_MODES = frozenset({RunMode.DRY_RUN, RunMode.FINAL})
"""Runs that look for the best of all plans."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanBasis:
    """Facts, policy and ``(mentee, slot, mentor)`` of every filled seat, by internal id.

    An adjusted plan rests on the facts with the pins and exclusions of its adjustments, and keeps what it can of the
    links that the run made: these stand as published, and the policy asks to keep them.

    ``bounds`` are what the run proved of the levels among all plans, in the integers of the matching library; empty
    where it proved nothing of that kind.
    """

    plan_id: UUID
    version: int
    facts: Facts
    policy: Policy
    links: tuple[Link, ...]
    bounds: Mapping[LevelName, int]


def plan_basis(session: Session, plan: MatchPlan) -> PlanBasis:
    """Read what a plan rests on; the caller has checked that the viewer may see the plan."""
    run = session.get_one(MatchRun, plan.run_id)
    facts = facts_of_run(session, run)
    policy = policy_of_plan(session, plan)
    adjustments = adjustments_in_force(session, plan.id)
    if adjustments:
        facts = adjusted_facts(facts, pins_in_force(adjustments), exclusions_of(facts, adjustments))
        facts = replace(facts, published=origin_links(session.get_one(PlanOrigin, plan.id)))
        policy = keeping_policy(policy)
    return PlanBasis(
        plan_id=plan.id,
        version=plan.version,
        facts=facts,
        policy=policy,
        links=links_of_items(session, plan.id),
        bounds={} if adjustments else _bounds(run, plan),
    )


def _bounds(run: MatchRun, plan: MatchPlan) -> dict[LevelName, int]:
    """What the run proved, for its own plan of a plain solve; nothing for any other.

    Bounds of a repair, or of a plan changed by hand, hold among fewer plans than alternatives can come from.
    """
    if run.mode not in PLAIN_MODES or plan.levels != run.levels:
        return {}
    levels = [(LevelName(level["name"]), level["bound"]) for level in plan.levels]
    return {name: round(bound * SCALE_BY_LEVEL.get(name, 1)) for name, bound in levels}


def links_of_items(session: Session, plan_id: UUID) -> tuple[Link, ...]:
    """Read the filled seats of a plan as it is now."""
    items = select(PlanItem.mentee_id, PlanItem.slot_code, PlanItem.mentor_id).where(PlanItem.plan_id == plan_id)
    ordered = items.order_by(col(PlanItem.mentee_id), col(PlanItem.slot_code))
    return tuple((str(mentee), slot, str(mentor)) for mentee, slot, mentor in session.exec(ordered))


def adjustments_in_force(session: Session, plan_id: UUID) -> list[PlanAdjustment]:
    """Read the adjustments of a plan that nobody has undone, by number."""
    query = select(PlanAdjustment).where(PlanAdjustment.plan_id == plan_id, col(PlanAdjustment.undone_at).is_(None))
    return list(session.exec(query.order_by(col(PlanAdjustment.number))))


def pins_in_force(adjustments: Iterable[PlanAdjustment]) -> list[Pin]:
    """The pins of all adjustments, each once."""
    return list({pin.id: pin for each in adjustments for pin in pins_of(each)}.values())


def pins_of(adjustment: PlanAdjustment) -> list[Pin]:
    """The pins of an adjustment; their ids follow from what they say, so that the order of adjustments is no matter."""
    if adjustment.kind is AdjustmentKind.FORBID:
        return []
    wanted = [(adjustment.mentee_id, adjustment.mentor_id, adjustment.slot_code)]
    if adjustment.kind is AdjustmentKind.SWAP:
        assert adjustment.other_mentee_id is not None
        assert adjustment.other_mentor_id is not None
        wanted.append((adjustment.other_mentee_id, adjustment.other_mentor_id, adjustment.other_slot_code))
    return [
        Pin(
            id=str(uuid5(NAMESPACE_OID, f"{mentee_id} {mentor_id} {slot}")),
            mentee_id=str(mentee_id),
            mentor_id=str(mentor_id),
            slot=slot,
        )
        for mentee_id, mentor_id, slot in wanted
    ]


def exclusions_of(facts: Facts, adjustments: Iterable[PlanAdjustment]) -> list[Exclusion]:
    """The pairs of persons that adjustments forbid."""
    forbidden = [each for each in adjustments if each.kind is AdjustmentKind.FORBID]
    if not forbidden:
        return []
    mentees = {mentee.id: mentee.person_id for mentee in facts.mentees}
    mentors = {mentor.id: mentor.person_id for mentor in facts.mentors}
    return [
        Exclusion(
            mentee_person=mentees[str(each.mentee_id)],
            mentor_person=mentors[str(each.mentor_id)],
            is_complaint=False,
        )
        for each in forbidden
    ]


def origin_links(origin: PlanOrigin) -> tuple[Link, ...]:
    """The filled seats of an adjusted plan as the run made them."""
    return tuple((mentee, slot, mentor) for mentee, slot, mentor in origin_content(origin)["links"])


def origin_content(origin: PlanOrigin) -> dict[str, Any]:
    """Links, levels and metrics of an adjusted plan as the run made it."""
    content: dict[str, Any] = orjson.loads(zlib.decompress(origin.content))
    return content


def policy_of_run(session: Session, run: MatchRun) -> Policy:
    """The policy version of a run."""
    return Policy.from_json(session.get_one(MatchPolicy, run.policy_id).content)


def policy_of_plan(session: Session, plan: MatchPlan) -> Policy:
    """The policy that a plan was solved under: that of its run, with the plan's own weights where it has some."""
    return with_weights(policy_of_run(session, session.get_one(MatchRun, plan.run_id)), plan.weights)


def with_weights(policy: Policy, weights: Mapping[str, Any] | None) -> Policy:
    """The policy with other weights; the same for ``None``."""
    return policy if weights is None else Policy.from_json({**policy.to_json(), "weights": dict(weights)})


def facts_of_run(session: Session, run: MatchRun) -> Facts:
    """Read the facts that a run saw.

    Raises ``InvalidStateError`` for a run whose snapshot is gone or damaged.
    """
    snapshot = None if run.snapshot_hash is None else session.get(MatchSnapshot, run.snapshot_hash)
    if snapshot is None:
        raise InvalidStateError(
            f"The facts of run {run.id} are no longer stored; start a new run.",
            f"匹配任务 {run.id} 所依据的数据已不再保存，请重新匹配。",
        )
    try:
        return facts_from_json(orjson.loads(zlib.decompress(snapshot.content)))
    except (zlib.error, ValueError, InvalidFactsError) as error:
        raise InvalidStateError(
            f"The stored facts of run {run.id} cannot be read; the database or its disk is damaged. Start a new run.",
            f"匹配任务 {run.id} 保存的数据已损坏，无法读取，请检查数据库与磁盘后重新匹配。",
        ) from error
