"""The way of a match plan through approval: submit, return, approve with a name."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from app.access import Permission, Viewer, record
from app.db import utc_now
from app.errors import ForbiddenError, InvalidStateError, NotFoundError
from app.models import MatchPlan, MatchPolicy, MatchRun, Shortfall
from app.models.vocabulary import AuditAction, PlanState, RunMode
from app.services.programs import county_of_program, require_program
from app.services.texts import required_text
from app.services.versions import expect_version
from matching import Policy

FORMER_STATES = {
    PlanState.SUBMITTED: PlanState.PROPOSED,
    PlanState.RETURNED: PlanState.SUBMITTED,
    PlanState.APPROVED: PlanState.SUBMITTED,
}
"""What a plan was before each step of its approval."""


def require_plan(session: Session, viewer: Viewer, plan_id: UUID, *, lock: bool = False) -> MatchPlan:
    """The plan, if the viewer answers for its programme; else ``NotFoundError`` or ``ForbiddenError``.

    ``lock`` holds plan and programme until the transaction ends.
    """
    plan = session.get(MatchPlan, plan_id)
    absent = NotFoundError(f"No match plan {plan_id} in your territory.", f"辖区内没有匹配方案 {plan_id}。")
    if plan is None:
        raise absent
    try:
        require_program(session, viewer, plan.program_id, lock=lock)
    except NotFoundError:
        raise absent from None
    if lock:
        session.refresh(plan, with_for_update=True)
    return plan


def submit_match_plan(
    session: Session, viewer: Viewer, plan_id: UUID, *, expected_version: int | None = None
) -> MatchPlan:
    """PROPOSED to SUBMITTED; plans of a dry run stay proposals."""
    viewer.require(Permission.RUN)
    plan = require_plan(session, viewer, plan_id, lock=True)
    expect_version(session, plan, expected_version)
    _expect(plan, PlanState.PROPOSED, "submitted", "提交")
    run = session.get_one(MatchRun, plan.run_id)
    if run.mode is RunMode.DRY_RUN:
        raise InvalidStateError(
            f"Plan {plan.id} comes from a dry run and cannot be submitted; start a FINAL run.",
            f"方案 {plan.id} 来自试排，不能提交；请启动正式匹配（FINAL）。",
        )
    now = utc_now()
    plan.state, plan.submitted_by, plan.submitted_at = PlanState.SUBMITTED, viewer.subject, now
    return _changed(session, viewer, plan, AuditAction.PLAN_SUBMITTED, now)


def return_match_plan(
    session: Session, viewer: Viewer, plan_id: UUID, reason: str, *, expected_version: int | None = None
) -> MatchPlan:
    """SUBMITTED to RETURNED, with a reason; the officer starts another run."""
    viewer.require(Permission.APPROVE)
    plan = require_plan(session, viewer, plan_id, lock=True)
    expect_version(session, plan, expected_version)
    _expect(plan, PlanState.SUBMITTED, "returned", "退回")
    text = required_text(reason, 400, "Say why the plan is returned.", "请填写退回原因。", path=["reason"])
    now = utc_now()
    plan.state, plan.returned_by, plan.returned_at = PlanState.RETURNED, viewer.subject, now
    plan.return_reason = text
    return _changed(session, viewer, plan, AuditAction.PLAN_RETURNED, now)


def approve_match_plan(
    session: Session,
    viewer: Viewer,
    plan_id: UUID,
    approver_name: str,
    *,
    approve_shortfalls: bool = False,
    expected_version: int | None = None,
) -> MatchPlan:
    """SUBMITTED to APPROVED under the approver's name.

    Somebody other than the submitter approves, unless the policy allows the same person. A plan with unfilled seats
    needs ``approve_shortfalls``: the approver has seen the list.
    """
    viewer.require(Permission.APPROVE)
    plan = require_plan(session, viewer, plan_id, lock=True)
    expect_version(session, plan, expected_version)
    _expect(plan, PlanState.SUBMITTED, "approved", "批准")
    name = required_text(
        approver_name, 80, "Give the name of the approver.", "请填写批准人姓名。", path=["approverName"]
    )
    run = session.get_one(MatchRun, plan.run_id)
    policy = Policy.from_json(session.get_one(MatchPolicy, run.policy_id).content)
    if plan.submitted_by == viewer.subject and not policy.approver_may_be_submitter:
        raise ForbiddenError(
            "The submitter of a plan may not approve it; ask another officer (policy approverMayBeSubmitter).",
            "提交人不得批准本人提交的方案，请由其他负责人批准（政策 approverMayBeSubmitter）。",
        )
    shortfalls = session.exec(select(Shortfall).where(Shortfall.plan_id == plan.id)).all()
    if shortfalls and not approve_shortfalls:
        raise InvalidStateError(
            f"The plan leaves {len(shortfalls)} seat(s) unfilled; look at its shortfalls and approve them too "
            "(approveShortfalls).",
            f"方案有 {len(shortfalls)} 个帮带岗位未配足，请核对缺口后一并批准（approveShortfalls）。",
            path=["approveShortfalls"],
        )
    now = utc_now()
    for shortfall in shortfalls:
        shortfall.approved_by = name
        shortfall.updated_at, shortfall.updated_by, shortfall.version = now, viewer.subject, shortfall.version + 1
        session.add(shortfall)
    plan.state, plan.approved_by, plan.approved_at = PlanState.APPROVED, viewer.subject, now
    plan.approver_name = name
    return _changed(session, viewer, plan, AuditAction.PLAN_APPROVED, now, shortfalls=len(shortfalls))


def count_open_shortfalls(session: Session, plan_id: UUID) -> int:
    """How many unfilled seats of the plan nobody has approved."""
    return session.exec(
        select(func.count())
        .select_from(Shortfall)
        .where(col(Shortfall.plan_id) == plan_id, col(Shortfall.approved_by).is_(None))
    ).one()


def _expect(plan: MatchPlan, state: PlanState, verb: str, verb_zh: str) -> None:
    if plan.state is not state:
        raise InvalidStateError(
            f"Plan {plan.id} is {plan.state}; only a {state} plan can be {verb}.",
            f"方案 {plan.id} 当前状态为 {plan.state}，只有 {state} 状态的方案可以{verb_zh}。",
        )


def _changed(
    session: Session, viewer: Viewer, plan: MatchPlan, action: AuditAction, now: datetime, **detail: object
) -> MatchPlan:
    plan.updated_at, plan.updated_by, plan.version = now, viewer.subject, plan.version + 1
    session.add(plan)
    session.flush()
    record(
        session,
        viewer,
        action,
        f"MatchPlan {plan.id}",
        county_id=county_of_program(session, plan.program_id),
        program=plan.program_id,
        run=plan.run_id,
        before=FORMER_STATES[plan.state],
        after=plan.state,
        **detail,
    )
    return plan
