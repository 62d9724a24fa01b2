"""Root queries that ask a plan: why this mentor, why not that one, what else could be, why nobody."""

from collections.abc import Callable
from typing import Annotated, TypeVar

import strawberry

from app.access import Permission
from app.errors import NotFoundError
from app.services import questions
from schema.context import Context, Info
from schema.ids import key_of
from schema.permissions import root_field
from schema.runs.diagnosis import PlanDiagnosis
from schema.runs.explanations import PairingExplanation, PlanAlternative
from schema.runs.why_not import MentorExplanation, WhyNot

AnswerT = TypeVar("AnswerT")

FIRST = 5
"""Alternatives unless stated."""

PlanArgument = Annotated[strawberry.ID, strawberry.argument(description="Id of the plan.")]
MenteeArgument = Annotated[strawberry.ID, strawberry.argument(description="Id of the mentee.")]
MentorArgument = Annotated[strawberry.ID, strawberry.argument(description="Id of the mentor.")]
SlotArgument = Annotated[str, strawberry.argument(description="Code of the slot.")]
MENTEES = ("ReserveCandidate", "AssignedCadre")


async def ask(context: Context, question: Callable[[], AnswerT]) -> AnswerT | None:
    """The answer, found off the event loop and outside any transaction; nothing for what cannot be seen."""
    try:
        return await context.ask(question)
    except NotFoundError:
        return None  # unknown, or outside the territory: both look the same


@strawberry.type(description="Questions about plans.")
class PlanQuestions:
    @root_field(
        Permission.READ_PLANS,
        "Why this mentor has a seat of a plan, or why nobody has, and what else could be. The first question about a "
        "county takes longer. Empty when plan or mentee is unknown or outside the territory.",
    )
    async def pairing_explanation(
        self,
        info: Info,
        plan_id: PlanArgument,
        mentee_id: MenteeArgument,
        slot_code: SlotArgument,
        alternatives: Annotated[
            int | None, strawberry.argument(description="How many alternatives, 0 to 20; 5 unless stated.")
        ] = None,
    ) -> PairingExplanation | None:
        plan, mentee = key_of(plan_id, "MatchPlan", path=["planId"]), key_of(mentee_id, *MENTEES, path=["menteeId"])
        context = info.context
        n_alternatives = FIRST if alternatives is None else alternatives
        context.spend(max(0, n_alternatives))
        answer = await ask(
            context,
            lambda: questions.explain_pairing(
                context.database, context.viewer, plan, mentee, slot_code, n_alternatives=n_alternatives
            ),
        )
        return None if answer is None else PairingExplanation.of(answer)

    @root_field(
        Permission.READ_PLANS,
        "Real alternatives for a seat, cheapest first, each with its price and who else moves. Refused for a plan "
        "without prices. Empty when plan or mentee is unknown or outside the territory.",
    )
    async def alternatives(
        self,
        info: Info,
        plan_id: PlanArgument,
        mentee_id: MenteeArgument,
        slot_code: SlotArgument,
        first: Annotated[int | None, strawberry.argument(description="How many, 1 to 20; 5 unless stated.")] = None,
    ) -> list[PlanAlternative] | None:
        plan, mentee = key_of(plan_id, "MatchPlan", path=["planId"]), key_of(mentee_id, *MENTEES, path=["menteeId"])
        context = info.context
        n_alternatives = FIRST if first is None else first
        context.spend(max(0, n_alternatives))
        answer = await ask(
            context,
            lambda: questions.alternatives(
                context.database, context.viewer, plan, mentee, slot_code, first=n_alternatives
            ),
        )
        if answer is None:
            return None
        found = answer.explanation
        return [] if found is None else [PlanAlternative.of(each, answer) for each in found.alternatives]

    @root_field(
        Permission.READ_PLANS,
        "Why a mentee does not have a certain mentor: the rules broken, or the price of the pair and who else would "
        "move. Empty when plan, mentee or mentor is unknown or outside the territory.",
    )
    async def why_not(
        self,
        info: Info,
        plan_id: PlanArgument,
        mentee_id: MenteeArgument,
        mentor_id: MentorArgument,
        slot_code: Annotated[
            str | None, strawberry.argument(description="Code of the slot; any unless stated, and under team terms.")
        ] = None,
    ) -> WhyNot | None:
        plan, mentee = key_of(plan_id, "MatchPlan", path=["planId"]), key_of(mentee_id, *MENTEES, path=["menteeId"])
        mentor = key_of(mentor_id, "Mentor", path=["mentorId"])
        context = info.context
        answer = await ask(
            context, lambda: questions.why_not(context.database, context.viewer, plan, mentee, mentor, slot_code)
        )
        return None if answer is None else WhyNot.of(answer)

    @root_field(
        Permission.READ_PLANS,
        "Why a mentor serves these mentees in a plan, or none. Empty when plan or mentor is unknown or outside the "
        "territory.",
    )
    async def mentor_explanation(
        self, info: Info, plan_id: PlanArgument, mentor_id: MentorArgument
    ) -> MentorExplanation | None:
        plan, mentor = key_of(plan_id, "MatchPlan", path=["planId"]), key_of(mentor_id, "Mentor", path=["mentorId"])
        context = info.context
        answer = await ask(context, lambda: questions.explain_mentor(context.database, context.viewer, plan, mentor))
        return None if answer is None else MentorExplanation.of(answer)

    @root_field(
        Permission.READ_PLANS,
        "Why seats of a plan stay empty under its data and policy, as proved certificates, and what would help. Empty "
        "when the plan is unknown or outside the territory.",
    )
    async def shortfalls(self, info: Info, plan_id: PlanArgument) -> PlanDiagnosis | None:
        plan = key_of(plan_id, "MatchPlan", path=["planId"])
        context = info.context
        answer = await ask(context, lambda: questions.diagnose_plan(context.database, context.viewer, plan))
        if answer is None:
            return None
        context.spend(sum(len(each.certificate.whole.claims) for each in answer.certificates) + len(answer.townships))
        return PlanDiagnosis(answer=answer)
