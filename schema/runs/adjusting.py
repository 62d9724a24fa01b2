"""Mutations that adjust a plan by hand, with what they move and cost."""

from typing import Annotated, Any

import strawberry

from app.access import Permission
from app.errors import InvalidInputError
from app.reads import mentors, people
from app.reads import runs as reads
from app.services import adjustments as service
from schema.context import Info
from schema.drafts import to_draft
from schema.fields import Wrapped, described, one, show, show_all
from schema.ids import key_of
from schema.inputs import changeable, given, required
from schema.people.mentee_types import Mentee
from schema.people.mentor_types import Mentor
from schema.permissions import mutation_field
from schema.problems import Payload
from schema.runs.adjustment_types import PlanAdjustment
from schema.runs.reasons import ShortfallReason, reasons_of
from schema.runs.types import MatchPlan

_VERSION = "The version of the plan that was read; a newer one is refused."
_PREVIEW = "Whether only to tell what would happen; nothing is written then."


@strawberry.input(description="The mentors of two filled seats change places.")
class SwapMentorsInput:
    mentee_id: strawberry.ID = required("The mentee of one seat.")
    slot_code: str = required("The slot of that seat.")
    other_mentee_id: strawberry.ID = required("The mentee of the other seat.")
    other_slot_code: str = required("The slot of the other seat.")


@strawberry.input(description="A mentor for a mentee.")
class PinMentorInput:
    mentee_id: strawberry.ID = required("The mentee.")
    mentor_id: strawberry.ID = required("The mentor.")
    slot_code: str | None = changeable("The slot; any unless stated.")


@strawberry.input(description="Two who must not be paired in this plan.")
class ForbidPairInput:
    mentee_id: strawberry.ID = required("The mentee.")
    mentor_id: strawberry.ID = required("The mentor.")


@strawberry.input(one_of=True, description="One change of a plan: exactly one of its fields.")
class PlanChangeInput:
    swap: SwapMentorsInput | None = changeable("Exchange the mentors of two seats.")
    pin: PinMentorInput | None = changeable("Fix a mentor for a mentee.")
    forbid: ForbidPairInput | None = changeable("Keep two apart.")


@strawberry.input(description="Input of `adjustMatchPlan`.")
class AdjustMatchPlanInput:
    id: strawberry.ID = required("The plan.")
    changes: list[PlanChangeInput] = required("What to change; all together or nothing.")
    reason: str | None = changeable("Why; needed unless it is a preview.")
    expected_version: int | None = changeable(_VERSION)
    preview: bool | None = changeable(_PREVIEW)


@strawberry.input(description="Input of `undoPlanAdjustment`.")
class UndoPlanAdjustmentInput:
    id: strawberry.ID = required("The adjustment; it need not be the last one.")
    expected_version: int | None = changeable(_VERSION)
    preview: bool | None = changeable(_PREVIEW)


@strawberry.type(description="A pairing of a plan that ends or is new.")
class PlanLinkChange(Wrapped, shows=service.LinkChange):
    row: strawberry.Private[service.LinkChange]

    slot_code: str = described("The slot.")
    mentee: Mentee | None = one(people.mentees_by_id, "mentee_id", "The mentee.")
    mentor: Mentor | None = one(mentors.mentors_by_id, "mentor_id", "The mentor who goes or comes.")
    other_mentor: Mentor | None = one(
        mentors.mentors_by_id, "other_mentor_id", "Who has the seat afterwards, or had it before; empty for nobody."
    )


@strawberry.type(description="A seat of a plan that becomes empty or is filled.")
class PlanSeatChange(Wrapped, shows=service.SeatRef):
    row: strawberry.Private[service.SeatRef]

    slot_code: str = described("The slot.")
    mentee: Mentee | None = one(people.mentees_by_id, "mentee_id", "The mentee.")

    @strawberry.field(description="Why no mentor could take it; nothing for a seat that is filled.")
    def reasons(self) -> list[ShortfallReason]:
        return reasons_of(list(self.row.reasons))


@strawberry.type(description="One level of the objective before and after.")
class LevelChange(Wrapped, shows=service.LevelChange):
    row: strawberry.Private[service.LevelChange]

    name: str = described("Which level, for example SEATS_FILLED or SCORE.")
    before: float = described("Value before, in natural units: seats, links, score points.")
    after: float = described("Value after.")


@strawberry.type(description="What an adjustment does to a plan: who else moves, and what it costs.")
class PlanEffect(Wrapped, shows=service.PlanEffect):
    row: strawberry.Private[service.PlanEffect]

    @strawberry.field(description="Pairings that end, by 编号 of the mentee and slot.")
    def ended(self) -> list[PlanLinkChange]:
        return show_all(self.row.ended)

    @strawberry.field(description="Pairings that are new, by 编号 of the mentee and slot.")
    def added(self) -> list[PlanLinkChange]:
        return show_all(self.row.added)

    @strawberry.field(description="The objective, level by level, most important first.")
    def levels(self) -> list[LevelChange]:
        return show_all(self.row.levels)

    @strawberry.field(description="Seats that become empty: shortfalls that appear.")
    def emptied_seats(self) -> list[PlanSeatChange]:
        return show_all(self.row.emptied)

    @strawberry.field(description="Empty seats that are filled: shortfalls that vanish.")
    def filled_seats(self) -> list[PlanSeatChange]:
        return show_all(self.row.filled)

    @strawberry.field(description="How many people have another partner than before.")
    def people_count(self) -> int:
        return self.row.n_people


@strawberry.type(description="Result of `adjustMatchPlan`.")
class AdjustMatchPlanPayload(Payload):
    match_plan: MatchPlan | None = strawberry.field(default=None, description="The plan as it is now stored.")
    effect: PlanEffect | None = strawberry.field(default=None, description="What changes in it.")
    adjustments: list[PlanAdjustment] | None = strawberry.field(
        default=None, description="The new adjustments, one per change; none in a preview."
    )


@strawberry.type(description="Result of `undoPlanAdjustment`.")
class UndoPlanAdjustmentPayload(Payload):
    match_plan: MatchPlan | None = strawberry.field(default=None, description="The plan as it is now stored.")
    effect: PlanEffect | None = strawberry.field(default=None, description="What changes in it.")


def _change(given_change: PlanChangeInput, path: tuple[str, ...]) -> Any:
    drafts = {"swap": service.SwapDraft, "pin": service.PlanPinDraft, "forbid": service.ForbidDraft}
    chosen = [(name, value) for name in drafts if (value := given(getattr(given_change, name))) is not None]
    if len(chosen) != 1:
        raise InvalidInputError(
            "A change is exactly one of swap, pin and forbid.", "每项调整须且只能是互换、指定、禁止之一。", path=path
        )
    ((name, value),) = chosen
    return to_draft(drafts[name], value, (*path, name))


@strawberry.type(description="Mutations that adjust plans by hand.")
class AdjustmentMutations:
    @mutation_field(
        Permission.RUN,
        AdjustMatchPlanPayload,
        "Adjust a proposed plan by hand: swap, fix or forbid, checked at once against every rule. Whoever can keep a "
        "mentor does.",
    )
    async def adjust_match_plan(
        self, info: Info, input: Annotated[AdjustMatchPlanInput, strawberry.argument(description="What to do.")]
    ) -> AdjustMatchPlanPayload | None:
        context = info.context
        draft = service.AdjustmentDraft(
            plan_id=key_of(input.id, "MatchPlan"),
            changes=tuple(_change(each, ("changes", str(index))) for index, each in enumerate(input.changes)),
            reason=given(input.reason),
            expected_version=given(input.expected_version),
            is_preview=bool(given(input.preview)),
        )
        # The service opens its own transactions: it computes outside of them.
        done = await context.work(
            lambda: service.adjust_match_plan(context.database, context.viewer, context.cipher, draft)
        )
        rows = [row for key in done.adjustment_ids if (row := await context.find(reads.adjustments_by_id, key))]
        return AdjustMatchPlanPayload(
            match_plan=show(await context.find(reads.plans_by_id, done.plan_id)),
            effect=show(done.effect),
            adjustments=show_all(rows),
        )

    @mutation_field(
        Permission.RUN,
        UndoPlanAdjustmentPayload,
        "Take one adjustment of a proposed plan back; the others stay. Without any the plan is as the run made it.",
    )
    async def undo_plan_adjustment(
        self, info: Info, input: Annotated[UndoPlanAdjustmentInput, strawberry.argument(description="What to do.")]
    ) -> UndoPlanAdjustmentPayload | None:
        context = info.context
        draft = service.UndoDraft(
            adjustment_id=key_of(input.id, "PlanAdjustment"),
            expected_version=given(input.expected_version),
            is_preview=bool(given(input.preview)),
        )
        done = await context.work(lambda: service.undo_plan_adjustment(context.database, context.viewer, draft))
        plan = await context.find(reads.plans_by_id, done.plan_id)
        return UndoPlanAdjustmentPayload(match_plan=show(plan), effect=show(done.effect))
