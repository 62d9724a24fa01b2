"""People of a plan by 编号, for the command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.access import Viewer
from app.db import Database
from app.errors import InvalidInputError, NotFoundError
from app.services.questions.ask import look
from app.services.questions.warm import WarmPlan, warm_plan
from matching import facts


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCodes:
    """Who was named: the mentee, every record of the mentor, and the slots of the programme in order."""

    mentee_id: UUID
    mentor_ids: tuple[UUID, ...]
    slots: tuple[str, ...]


def find_codes(
    database: Database, viewer: Viewer, plan_id: UUID, mentee_code: str, mentor_code: str | None = None
) -> PlanCodes:
    """The people of a plan with these 编号; a mentor can have a record in several pools."""
    seen = look(database, viewer, plan_id)
    plan = warm_plan(database, seen.key)
    mentees = _named(plan, plan.basis.facts.mentees, mentee_code, "mentee", "帮带对象")
    if len(mentees) > 1:
        raise InvalidInputError(
            f"{mentee_code} is a mentee of this plan in several villages; ask by id.",
            f"{mentee_code} 在本方案中有多条帮带对象记录，请按 id 查询。",
        )
    mentors = () if mentor_code is None else _named(plan, plan.basis.facts.mentors, mentor_code, "mentor", "导师")
    return PlanCodes(mentee_id=mentees[0], mentor_ids=tuple(mentors), slots=tuple(seen.slots))


def _named(
    plan: WarmPlan, people: Sequence[facts.Mentee | facts.Mentor], code: str, what: str, what_zh: str
) -> list[UUID]:
    found = [person.id for person in people if person.code == code]
    if not found:
        raise NotFoundError(
            f"The run of this plan knew no {what} with code {code}.",
            f"本方案所依据的数据中没有编号为 {code} 的{what_zh}。",
        )
    taking_part = [item for item in found if plan.explainer.takes_part(item)]
    return [UUID(item) for item in taking_part or found[:1]]
