"""Adjusting a plan: seen in one read, computed outside any transaction, written only if nobody was faster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from sqlmodel import Session, col, select, update

from app.access import Permission, Viewer, record
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction, utc_now
from app.errors import InvalidStateError, NotFoundError, PolicyError
from app.models import MatchPlan, PlanAdjustment, PlanItem, PlanOrigin, Shortfall
from app.models.vocabulary import AuditAction
from app.services.adjustments.drafts import AdjustmentDraft, UndoDraft
from app.services.adjustments.effect import PlanEffect, effect_of
from app.services.adjustments.requests import adjustments_for
from app.services.adjustments.seen import Seen, expect_adjustable, packed_origin, see_plan
from app.services.adjustments.words import clash
from app.services.avoidance import translator
from app.services.people.records import assign, stamp
from app.services.plan_basis import exclusions_of, pins_in_force
from app.services.plans import require_plan
from app.services.programs import county_of_program
from app.services.runs.plan_rows import (
    count_changed_links,
    item_values,
    levels_json,
    metrics_json,
    shortfall_values,
)
from app.services.texts import required_text
from app.services.verification import SHOWN
from app.services.versions import expect_version
from matching import InvalidPolicyError, PinConflictError, verify
from matching.adjust import AdjustedPlan, adjust, describe

SeatRowT = TypeVar("SeatRowT", PlanItem, Shortfall)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """What adjusting did, or in a preview would do."""

    plan_id: UUID
    effect: PlanEffect
    adjustment_ids: tuple[UUID, ...]
    is_preview: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Computed:
    plan: AdjustedPlan
    levels: list[dict[str, Any]]
    levels_by_policy: list[dict[str, Any]] | None
    metrics: dict[str, Any]
    effect: PlanEffect


def adjust_match_plan(
    database: Database, viewer: Viewer, cipher: PersonalDataCipher, draft: AdjustmentDraft
) -> Adjusted:
    """Make changes of a PROPOSED plan, all of them or none.

    A change that breaks a hard rule, a capacity, an exclusion, a pin or the budget of changes is refused in words.
    Every link that can stay beside the changes stays.
    """
    viewer.require(Permission.RUN)
    reason = ""
    if not draft.is_preview:
        reason = required_text(
            draft.reason, 200, "Give the reason of the adjustment.", "请填写调整原因。", path=("reason",)
        )
    with database.read() as session:
        seen = see_plan(session, viewer, draft.plan_id, draft.expected_version)
    new = adjustments_for(viewer, seen, draft.changes, cipher.encrypt(reason))
    computed = _compute(seen, [*seen.in_force, *new])
    if not draft.is_preview:
        run_in_transaction(database, lambda session: _write(session, viewer, seen, computed, new=new))
    return Adjusted(
        plan_id=seen.plan_id,
        effect=computed.effect,
        adjustment_ids=() if draft.is_preview else tuple(each.id for each in new),
        is_preview=draft.is_preview,
    )


def undo_plan_adjustment(database: Database, viewer: Viewer, draft: UndoDraft) -> Adjusted:
    """Take one adjustment of a PROPOSED plan back; the others stay. Without any the plan is as the run made it."""
    viewer.require(Permission.RUN)
    with database.read() as session:
        undone = _find_adjustment(session, viewer, draft.adjustment_id)
        seen = see_plan(session, viewer, undone.plan_id, draft.expected_version)
    if undone.undone_at is not None:
        raise InvalidStateError(
            f"Adjustment {undone.number} of the plan is undone already.",
            f"第{undone.number}号调整已撤销。",
            path=("id",),
        )
    computed = _compute(seen, [each for each in seen.in_force if each.id != undone.id])
    if not draft.is_preview:
        run_in_transaction(database, lambda session: _write(session, viewer, seen, computed, undone_id=undone.id))
    return Adjusted(
        plan_id=seen.plan_id, effect=computed.effect, adjustment_ids=(undone.id,), is_preview=draft.is_preview
    )


def _find_adjustment(session: Session, viewer: Viewer, adjustment_id: UUID) -> PlanAdjustment:
    """Read an adjustment of a plan that the viewer answers for; elsewhere it looks absent."""
    found = session.get(PlanAdjustment, adjustment_id)
    absent = NotFoundError(
        f"No adjustment {adjustment_id} in your territory.", f"辖区内没有调整 {adjustment_id}。", path=("id",)
    )
    if found is None:
        raise absent
    try:
        require_plan(session, viewer, found.plan_id)
    except NotFoundError:
        raise absent from None
    return found


def _compute(seen: Seen, adjustments: Sequence[PlanAdjustment]) -> _Computed:
    if adjustments:
        try:
            plan = adjust(
                seen.facts,
                seen.policy,
                seen.origin.links,
                pins=pins_in_force(adjustments),
                exclusions=exclusions_of(seen.facts, adjustments),
                seed=seen.seed,
            )
        except PinConflictError as error:
            raise clash(error, seen.facts, adjustments) from error
        except InvalidPolicyError as error:
            raise PolicyError(
                f"A plan of this policy cannot be adjusted by hand: {error}", f"此政策下的方案不能人工调整：{error}"
            ) from error
        levels = levels_json(plan.levels)
        by_policy = None
        if seen.run_policy is not None:
            by_policy = levels_json(describe(seen.facts, seen.run_policy, plan.links).levels)
        metrics = metrics_json(plan.metrics, count_changed_links(seen.facts, plan.links))
        _refuse_violations(seen, plan)
    else:
        plan = describe(seen.facts, seen.policy, seen.origin.links)
        levels, by_policy, metrics = seen.origin.levels, seen.origin.levels_by_policy, seen.origin.metrics
    gaps = {
        (gap.mentee_id, gap.slot): shortfall_values(gap, seen.county_by_mentee)["reasons"] for gap in plan.shortfalls
    }
    effect = effect_of(seen.facts, seen.links, plan.links, seen.levels, levels, gaps)
    return _Computed(plan=plan, levels=levels, levels_by_policy=by_policy, metrics=metrics, effect=effect)


def _refuse_violations(seen: Seen, plan: AdjustedPlan) -> None:
    """Check the plan once more by itself, as publication will: the pins of adjustments excuse nothing there."""
    violations = verify(seen.facts, seen.policy, plan.links)
    if not violations:
        return
    translate = translator(seen.facts)
    texts = [translate(f"{violation.item}: {violation.message}") for violation in violations[:SHOWN]]
    raise InvalidStateError(
        f"The adjusted plan would not hold ({len(violations)} violation(s)): {'; '.join(texts)}.",
        f"调整后的方案不成立（{len(violations)} 处）：{'；'.join(texts)}。",
        path=("changes",),
    )


def _write(
    session: Session,
    viewer: Viewer,
    seen: Seen,
    computed: _Computed,
    *,
    new: Sequence[PlanAdjustment] = (),
    undone_id: UUID | None = None,
) -> None:
    plan = require_plan(session, viewer, seen.plan_id, lock=True)
    expect_adjustable(plan)
    expect_version(session, plan, seen.version)
    if not seen.origin.is_stored:
        session.add(PlanOrigin(plan_id=plan.id, content=packed_origin(seen)))
    numbers = [each.number for each in new]
    session.add_all(PlanAdjustment(**each.model_dump()) for each in new)
    if undone_id is not None:
        undone = session.get_one(PlanAdjustment, undone_id)
        undone.undone_at, undone.undone_by = utc_now(), viewer.subject
        stamp(undone, viewer)
        session.add(undone)
        numbers = [undone.number]
    counties = seen.county_by_mentee
    _replace_rows(session, viewer, PlanItem, plan.id, [item_values(seat, counties) for seat in computed.plan.seats])
    gaps = [shortfall_values(gap, counties) for gap in computed.plan.shortfalls]
    _replace_rows(session, viewer, Shortfall, plan.id, gaps)
    plan.levels, plan.levels_by_policy, plan.metrics = computed.levels, computed.levels_by_policy, computed.metrics
    plan.same_as_id = None
    stamp(plan, viewer)
    session.add(plan)
    session.exec(update(MatchPlan).where(col(MatchPlan.same_as_id) == plan.id).values(same_as_id=None))
    session.flush()
    record(
        session,
        viewer,
        AuditAction.PLAN_ADJUSTED if new else AuditAction.PLAN_ADJUSTMENT_UNDONE,
        f"MatchPlan {plan.id}",
        county_id=county_of_program(session, plan.program_id),
        program=plan.program_id,
        numbers=numbers,
        ended=len(computed.effect.ended),
        added=len(computed.effect.added),
    )


def _replace_rows(
    session: Session,
    viewer: Viewer,
    table: type[SeatRowT],
    plan_id: UUID,
    wanted: Sequence[Mapping[str, Any]],
) -> None:
    """Make the rows of a plan, one per seat, say what is wanted; a row that says it already is not touched."""
    rows = {(row.mentee_id, row.slot_code): row for row in session.exec(select(table).where(table.plan_id == plan_id))}
    for values in wanted:
        row = rows.pop((values["mentee_id"], values["slot_code"]), None)
        if row is None:
            session.add(table(plan_id=plan_id, created_by=viewer.subject, updated_by=viewer.subject, **values))
        elif assign(row, values):
            stamp(row, viewer)
            session.add(row)
    for row in rows.values():
        session.delete(row)
