"""The questions: who may ask what about whom, and the answers of the matching library with what people are called.

Every question looks up plan and people in one short transaction, computes without any, and looks up who of those named
in the answer lies in the viewer's territory in another one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from app.access import Permission, Viewer, person_clause, territory_clause
from app.db import Database
from app.errors import InvalidInputError, InvalidStateError, NotFoundError
from app.models import MatchPlan, Mentee, Mentor
from app.services.programs import get_program, slots_of
from app.services.questions.names import Names, people_of, visible_people
from app.services.questions.warm import PlanVersion, WarmPlan, refusals_in_words, warm_plan
from matching import MenteeExclusion, MentorExplanation, Pricing, SeatExplanation, WhyNot

MOST_ALTERNATIVES = 20
"""Each is priced anew; beyond these nobody reads on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the first transaction of a question found: the plan, and what its slots are called, in order."""

    key: PlanVersion
    slots: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatAnswer:
    """Why this mentor sits here, or why nobody; ``exclusion`` where the mentee takes no part in the run at all."""

    mentee_id: str
    slot_code: str
    exclusion: MenteeExclusion | None
    explanation: SeatExplanation | None
    pricing: Pricing
    n_asked: int
    slots: Mapping[str, str]
    names: Names


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyNotAnswer:
    """Why a mentee does not have a certain mentor."""

    why: WhyNot
    pricing: Pricing
    slots: Mapping[str, str]
    names: Names


@dataclass(frozen=True, slots=True, kw_only=True)
class MentorAnswer:
    """Why a mentor serves these mentees, or none."""

    explanation: MentorExplanation
    pricing: Pricing
    slots: Mapping[str, str]
    names: Names


def explain_pairing(
    database: Database, viewer: Viewer, plan_id: UUID, mentee_id: UUID, slot_code: str, *, n_alternatives: int = 5
) -> SeatAnswer:
    """Why this mentor sits in a mentee's seat, what else could be and at what price; or why the seat is empty."""
    if not 0 <= n_alternatives <= MOST_ALTERNATIVES:
        raise InvalidInputError(
            f"A question has 0 to {MOST_ALTERNATIVES} alternatives.",
            f"备选数量须为0至{MOST_ALTERNATIVES}个。",
            path=["alternatives"],
        )
    seen = look(database, viewer, plan_id, mentee_id=mentee_id)
    plan, asked = warm_plan(database, seen.key), str(mentee_id)
    _require_slot(seen, slot_code)
    exclusion = _exclusion(plan, asked)
    pricing, explanation = Pricing.NONE, None
    if exclusion is None:
        pricing = plan.prepare(asked)
        with refusals_in_words(plan.basis.facts):
            explanation = plan.explainer.explain_seat(asked, slot_code, n_alternatives=n_alternatives)
    mentees, mentors = people_of(explanation.alternatives if explanation else ())
    if explanation is not None and explanation.seat is not None:
        mentors.add(explanation.seat.mentor_id)
    return SeatAnswer(
        mentee_id=asked,
        slot_code=slot_code,
        exclusion=exclusion,
        explanation=explanation,
        pricing=pricing,
        n_asked=n_alternatives,
        slots=seen.slots,
        names=_names(database, viewer, plan, {asked, *mentees}, mentors),
    )


def alternatives(
    database: Database, viewer: Viewer, plan_id: UUID, mentee_id: UUID, slot_code: str, *, first: int
) -> SeatAnswer:
    """As ``explain_pairing``, for a seat whose alternatives have prices; refuses any other."""
    if first < 1:
        raise InvalidInputError("Ask for at least one alternative.", "备选数量至少为1个。", path=["first"])
    answer = explain_pairing(database, viewer, plan_id, mentee_id, slot_code, n_alternatives=first)
    if answer.exclusion is None and answer.pricing is Pricing.NONE:
        raise InvalidStateError(
            f"Plan {plan_id} is not the best one under its data and policy, or no solver prices its shape, so its "
            "alternatives have no price; ask pairingExplanation or whyNot, or run the programme anew.",
            f"方案 {plan_id} 不是其数据和政策下的最优方案（或其形态不支持计价），备选没有代价可言；"
            "可查询 pairingExplanation 或 whyNot，或重新匹配。",
            path=["planId"],
        )
    return answer


def why_not(
    database: Database,
    viewer: Viewer,
    plan_id: UUID,
    mentee_id: UUID,
    mentor_id: UUID,
    slot_code: str | None = None,
) -> WhyNotAnswer:
    """What keeps a mentee and a mentor apart, or what the pair would cost and who else would move."""
    seen = look(database, viewer, plan_id, mentee_id=mentee_id, mentor_id=mentor_id)
    plan, asked = warm_plan(database, seen.key), str(mentee_id)
    if slot_code is not None:
        _require_slot(seen, slot_code)
    exclusion = _exclusion(plan, asked)
    _require_known(plan, str(mentor_id), "mentorId")
    pricing = Pricing.NONE if exclusion else plan.prepare(asked)
    with refusals_in_words(plan.basis.facts):
        why = plan.explainer.why_not(asked, str(mentor_id), slot_code)
    mentees, mentors = people_of([why.alternative] if why.alternative else ())
    names = _names(database, viewer, plan, {asked, *mentees}, {str(mentor_id), *mentors})
    return WhyNotAnswer(why=why, pricing=pricing, slots=seen.slots, names=names)


def explain_mentor(database: Database, viewer: Viewer, plan_id: UUID, mentor_id: UUID) -> MentorAnswer:
    """Why a mentor serves these mentees; or why none, and what it would cost to change that."""
    seen = look(database, viewer, plan_id, mentor_id=mentor_id)
    plan, asked = warm_plan(database, seen.key), str(mentor_id)
    _require_known(plan, asked, "mentorId")
    pricing = plan.prepare(asked) if plan.explainer.takes_part(asked) else Pricing.NONE
    with refusals_in_words(plan.basis.facts):
        found = plan.explainer.explain_mentor(asked)
    mentees, mentors = people_of([found.best] if found.best else ())
    mentees.update(served.seat.mentee_id for served in found.served)
    names = _names(database, viewer, plan, mentees, {asked, *mentors})
    return MentorAnswer(explanation=found, pricing=pricing, slots=seen.slots, names=names)


def look(
    database: Database,
    viewer: Viewer,
    plan_id: UUID,
    *,
    mentee_id: UUID | None = None,
    mentor_id: UUID | None = None,
) -> Seen:
    """The plan, if the viewer may read it and the people asked about lie in the territory; else ``NotFoundError``."""
    viewer.require(Permission.READ_PLANS)
    with database.read() as session:
        plan = session.get(MatchPlan, plan_id)
        if plan is None:
            raise _absent("match plan", "匹配方案", plan_id, "planId")
        try:
            get_program(session, viewer, plan.program_id)
        except NotFoundError:
            raise _absent("match plan", "匹配方案", plan_id, "planId") from None
        if mentee_id is not None:
            inside = territory_clause(viewer, Mentee.county_id, Mentee.village_id)
            if session.exec(select(Mentee.id).where(col(Mentee.id) == mentee_id, inside)).first() is None:
                raise _absent("mentee", "帮带对象", mentee_id, "menteeId")
        if mentor_id is not None:
            inside = person_clause(viewer, Mentor.person_id)
            if session.exec(select(Mentor.id).where(col(Mentor.id) == mentor_id, inside)).first() is None:
                raise _absent("mentor", "导师", mentor_id, "mentorId")
        return Seen(key=(plan.id, plan.version), slots=_slot_names(session, plan))


def _slot_names(session: Session, plan: MatchPlan) -> dict[str, str]:
    return {slot.code: slot.name or slot.code for slot in slots_of(session, plan.program_id)}


def _absent(what: str, what_zh: str, key: UUID, field: str) -> NotFoundError:
    return NotFoundError(f"No {what} {key} in your territory.", f"辖区内没有{what_zh} {key}。", path=[field])


def _require_slot(seen: Seen, slot_code: str) -> None:
    if slot_code not in seen.slots:
        raise InvalidInputError(
            f"The programme has no slot {slot_code!r}; its slots are {', '.join(seen.slots)}.",
            f"项目没有帮带岗位 {slot_code!r}；可用：{'、'.join(seen.slots)}。",
            path=["slotCode"],
        )


def _require_known(plan: WarmPlan, item_id: str, field: str) -> None:
    if item_id not in plan.codes:
        raise InvalidStateError(
            f"The run of this plan did not know {item_id}, who was entered later or belongs elsewhere; run anew.",
            f"本方案所依据的数据中没有 {item_id}（后来录入或不属本项目），请重新匹配。",
            path=[field],
        )


def _exclusion(plan: WarmPlan, mentee_id: str) -> MenteeExclusion | None:
    """Why a mentee takes no part; refuses one whom the run did not know."""
    _require_known(plan, mentee_id, "menteeId")
    return plan.explainer.exclusion_of(mentee_id)


def _names(database: Database, viewer: Viewer, plan: WarmPlan, mentees: Iterable[str], mentors: Iterable[str]) -> Names:
    with database.read() as session:
        return Names(codes=plan.codes, visible=visible_people(session, viewer, mentees, mentors))
