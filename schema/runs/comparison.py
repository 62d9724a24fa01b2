"""Types of comparisons: plans of one programme side by side."""

from typing import Any
from uuid import UUID

import strawberry

from app.labels import Language, label
from app.models.vocabulary import BetterDirection, FigureUnit, PlanFigure
from app.reads import mentors, people
from app.reads.comparison import DifferingMentee as DifferingMenteeView
from app.reads.comparison import FigureRow, PlanComparison
from schema.context import Info
from schema.fields import LanguageArgument, show, show_all
from schema.people.mentee_types import Mentee
from schema.people.mentor_types import Mentor
from schema.runs.capped import DEFAULT_PAGE, CappedList, Most, capped
from schema.runs.types import MatchPlan


@strawberry.type(description="One figure of every compared plan.")
class ComparedFigure:
    row: strawberry.Private[FigureRow]

    @strawberry.field(description="Which figure.")
    def figure(self) -> PlanFigure:
        return self.row.figure

    @strawberry.field(description="What it is called.")
    def label(self, language: LanguageArgument = Language.ZH) -> str:
        return label(self.row.figure, language)

    @strawberry.field(description="What it counts.")
    def unit(self) -> FigureUnit:
        return self.row.unit

    @strawberry.field(description="The unit in words.")
    def unit_label(self, language: LanguageArgument = Language.ZH) -> str:
        return label(self.row.unit, language)

    @strawberry.field(description="Which values are better.")
    def better(self) -> BetterDirection:
        return self.row.better

    @strawberry.field(description="Per plan, in the order asked for; empty where a plan has none.")
    def values(self) -> list[float | None]:
        return list(self.row.values)


@strawberry.type(description="Who sits in one seat of a mentee under one plan.")
class ComparedSeat:
    mentor_id: strawberry.Private[UUID]
    slot_code: str = strawberry.field(description="The slot.")

    @strawberry.field(description="The mentor; empty outside the territory.")
    async def mentor(self, info: Info) -> Mentor | None:
        found: Mentor | None = show(await info.context.find(mentors.mentors_by_id, self.mentor_id))
        return found


@strawberry.type(description="The mentors of one mentee under one plan.")
class ComparedTeam:
    plan: MatchPlan = strawberry.field(description="The plan.")
    seats: list[ComparedSeat] = strawberry.field(description="The filled seats.")


@strawberry.type(description="A mentee whose seats are not filled alike under all compared plans.")
class DifferingMentee:
    view: strawberry.Private[DifferingMenteeView]
    compared: strawberry.Private[list[Any]]

    @strawberry.field(description="The mentee.")
    async def mentee(self, info: Info) -> Mentee | None:
        found: Mentee | None = show(await info.context.find(people.mentees_by_id, self.view.mentee_id))
        return found

    @strawberry.field(description="Per plan, in the order asked for.")
    def teams(self, info: Info) -> list[ComparedTeam]:
        info.context.spend(sum(map(len, self.view.seats)))
        return [
            ComparedTeam(plan=plan, seats=[ComparedSeat(slot_code=slot, mentor_id=mentor) for slot, mentor in seats])
            for plan, seats in zip(self.compared, self.view.seats, strict=True)
        ]


@strawberry.type(description="Plans of one programme side by side (方案比较).")
class MatchPlanComparison:
    view: strawberry.Private[PlanComparison]

    @strawberry.field(description="The plans, in the order asked for.")
    def plans(self) -> list[MatchPlan]:
        return show_all(self.view.plans)

    @strawberry.field(
        description="The figures. They are of whole plans; the score is the one under the policy of the plan's run."
    )
    def figures(self) -> list[ComparedFigure]:
        return [ComparedFigure(row=row) for row in self.view.rows]

    @strawberry.field(description="Whether all plans saw the same facts.")
    def shares_facts(self) -> bool:
        return self.view.shares_facts

    @strawberry.field(description="Whether all plans are measured by the same policy version; else compare no scores.")
    def shares_policy(self) -> bool:
        return self.view.shares_policy

    @strawberry.field(description="Mentees of the territory whose seats are not filled alike, by 编号.")
    def differing_mentees(self, info: Info, first: Most = DEFAULT_PAGE) -> CappedList[DifferingMentee]:
        compared = show_all(self.view.plans)
        return capped(
            info.context, self.view.mentees, first, lambda view: DifferingMentee(view=view, compared=compared)
        )
