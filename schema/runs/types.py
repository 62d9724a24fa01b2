"""Types of runs: executions of the optimizer, their plans, and what a plan says of every seat."""

import asyncio
import re
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from app.access import covers_division
from app.labels import RESTRICTED_REASONS, Language, public_reason
from app.models import AssignedCadre, Person, ReserveCandidate
from app.models import MatchPlan as MatchPlanRow
from app.models import MatchRun as MatchRunRow
from app.models import PlanItem as PlanItemRow
from app.models import Shortfall as ShortfallRow
from app.models.vocabulary import PlanState, ReasonCode, Relation, RunMode, RunState, SolveStatus, TravelSource
from app.reads import mentors, pairing, people
from app.reads import runs as reads
from schema.context import Info
from schema.enums import register
from schema.fields import LanguageArgument, Node, described, label_of, many, one, show
from schema.paging import After, Before, Connection, First, Last, OrderChoice, Paging, connect_nested
from schema.people.mentee_types import Mentee
from schema.people.mentor_types import Mentor
from schema.runs.inputs import PlanItemFilterInput, PlanItemOrderBy, ShortfallFilterInput, ShortfallOrderBy
from schema.scalars import Json

if TYPE_CHECKING:
    from schema.pairing.types import MatchPolicy, PairingProgram

LEAST_SHOWN_COUNT = 3
"""Smaller counts of restricted reasons could point at a person."""

RESTRICTED_REMARKS = frozenset({"COMPLAINT"})
"""Codes of remarks of privacy class A: this release never tells them."""
PERSON_CODE = re.compile(r"\d{6}-\d{5,}")
"""A 编号 inside a remark."""


class ShortfallReasonCode(StrEnum):
    """The reasons as anybody may read them: kinship, discipline and exclusions all read AVOIDANCE."""

    NO_ELIGIBLE_MENTOR_IN_SCOPE = "NO_ELIGIBLE_MENTOR_IN_SCOPE"
    ALL_AT_CAPACITY = "ALL_AT_CAPACITY"
    AVOIDANCE = "AVOIDANCE"
    TENURE_GAP = "TENURE_GAP"
    MIN_EXPERIENCE = "MIN_EXPERIENCE"
    APPRAISAL = "APPRAISAL"
    MENTOR_INACTIVE = "MENTOR_INACTIVE"
    VETO = "VETO"
    SLOT_CATEGORY = "SLOT_CATEGORY"
    TRAVEL_LIMIT = "TRAVEL_LIMIT"
    CROSS_COUNTY = "CROSS_COUNTY"
    TOWNSHIP_RULE = "TOWNSHIP_RULE"
    VILLAGE_RULE = "VILLAGE_RULE"
    PINNED_ELSEWHERE = "PINNED_ELSEWHERE"
    DATA_MISSING = "DATA_MISSING"


def _reason(code: ShortfallReasonCode) -> ReasonCode:
    return ReasonCode.KINSHIP if code is ShortfallReasonCode.AVOIDANCE else ReasonCode(code.value)


register(
    ShortfallReasonCode,
    "Why a seat stayed empty. Kinship, discipline and exclusions all read AVOIDANCE.",
    {
        code.name: f"{public_reason(_reason(code))} / {public_reason(_reason(code), Language.EN)}"
        for code in ShortfallReasonCode
    },
)


@strawberry.type(description="One level of the lexicographic objective, most important first.")
class ObjectiveLevel:
    name: str = strawberry.field(description="Which level, for example SEATS_FILLED or SCORE.")
    value: float = strawberry.field(description="Attained value in natural units: seats, links, score points.")
    bound: float = strawberry.field(description="Proven bound; equal to the value when the level is closed.")
    gap: float = strawberry.field(description="(bound - value) / max(|value|, 1); 0 when proven optimal.")


@strawberry.type(description="How long one stage of a run took.")
class StageTime:
    stage: str = strawberry.field(description="Which stage.")
    seconds: float = strawberry.field(description="Wall-clock seconds.")


@strawberry.type(description="One remark of a run.")
class RunMessage:
    kind: str = strawberry.field(description="SOLVER, WARNING, EXCLUDED or FAILED.")
    code: str | None = strawberry.field(description="What the remark is about.")
    text: str | None = strawberry.field(description="The remark in words.")
    mentee_code: str | None = strawberry.field(description="编号 of the mentee it concerns.")


@strawberry.type(description="One part of the score of a filled seat.")
class Contribution:
    term: str = strawberry.field(description="Which part.")
    points: float = strawberry.field(description="Score points; the parts of a seat sum to its score.")


@strawberry.type(description="One reason why a seat stayed empty.")
class ShortfallReason:
    code: ShortfallReasonCode = strawberry.field(description="The reason.")
    mentor_count: int | None = strawberry.field(
        description="How many mentors it keeps out; empty for AVOIDANCE below 3, which could point at a person."
    )

    @strawberry.field(description="What the reason is called on screens and forms.")
    def label(self, language: LanguageArgument = Language.ZH) -> str:
        return public_reason(_reason(self.code), language)


def reasons_of(stored: list[dict[str, Any]]) -> list[ShortfallReason]:
    """The reasons of a shortfall without what points at restricted facts.

    Restricted reasons become one, with the largest of their counts: the same mentor may stand under several.
    """
    shown: list[ShortfallReason] = []
    restricted: list[int] = []
    for reason in stored:
        code, count = ReasonCode(reason["code"]), int(reason["count"])
        if code in RESTRICTED_REASONS:
            restricted.append(count)
        else:
            shown.append(ShortfallReason(code=ShortfallReasonCode(code.value), mentor_count=count))
    if restricted:
        count = max(restricted)
        told = count if count >= LEAST_SHOWN_COUNT else None
        shown.append(ShortfallReason(code=ShortfallReasonCode.AVOIDANCE, mentor_count=told))
    return shown


@strawberry.type(description="One filled seat of a plan: one mentor for one mentee in one slot.")
class PlanItem(Node, shows=PlanItemRow):
    row: strawberry.Private[PlanItemRow]

    slot_code: str = described("The slot.")
    score: float = described("Score points of the seat.")
    relation: Relation = described("Administrative closeness.")
    relation_label: str = label_of("relation")
    anchor_code: str | None = described("Division code of the mentor's place that counted.")
    travel_minutes: float | None = described("Minutes of travel; empty when the class decided.")
    travel_source: TravelSource = described("Where the minutes came from.")
    travel_source_label: str = label_of("travel_source")
    tier: int = described("0 from the own township, 1 from the zone, 2 from the county.")
    is_released: bool = described("Whether a released rule made the seat possible.")
    is_pinned: bool = described("Whether an officer fixed it.")
    is_changed_from_published: bool = described("Whether it differs from the published plan.")
    plan: Annotated["MatchPlan", strawberry.lazy("schema.runs.types")] | None = one(
        reads.plans_by_id, "plan_id", "The plan."
    )
    mentee: Mentee | None = one(people.mentees_by_id, "mentee_id", "Who is mentored.")
    mentor: Mentor | None = one(mentors.mentors_by_id, "mentor_id", "The mentor.")

    @strawberry.field(description="The parts of the score; they sum to it exactly.")
    def contributions(self) -> list[Contribution]:
        return [Contribution(term=part["term"], points=part["points"]) for part in self.row.contributions]


@strawberry.type(description="One seat of a plan that stayed empty, with the reasons (缺口).")
class Shortfall(Node, shows=ShortfallRow):
    row: strawberry.Private[ShortfallRow]

    slot_code: str = described("The slot.")
    note: str | None = described("Remark of an officer.")
    approved_by: str | None = described("Who approved that it stays empty.")
    plan: Annotated["MatchPlan", strawberry.lazy("schema.runs.types")] | None = one(
        reads.plans_by_id, "plan_id", "The plan."
    )
    mentee: Mentee | None = one(people.mentees_by_id, "mentee_id", "Whose seat it is.")

    @strawberry.field(description="Why no mentor could take it.")
    def reasons(self) -> list[ShortfallReason]:
        return reasons_of(self.row.reasons)


def _levels(stored: list[dict[str, Any]]) -> list[ObjectiveLevel]:
    return [
        ObjectiveLevel(name=level["name"], value=level["value"], bound=level["bound"], gap=level["gap"])
        for level in stored
    ]


@strawberry.type(description="One proposed result of a run and its way through approval (匹配方案).")
class MatchPlan(Node, shows=MatchPlanRow):
    row: strawberry.Private[MatchPlanRow]

    label: str = described("Which of the plans of the run.")
    state: PlanState = described("State.")
    state_label: str = label_of("state")
    version: int = described("Grows with every change.")
    created_at: datetime = described("Instant at which the plan was written, UTC.")
    submitted_by: str | None = described("Who submitted it.")
    submitted_at: datetime | None = described("When it was submitted, UTC.")
    returned_by: str | None = described("Who returned it.")
    returned_at: datetime | None = described("When it was returned, UTC.")
    return_reason: str | None = described("Why it was returned.")
    approved_by: str | None = described("Who approved it.")
    approver_name: str | None = described("Name under which it was approved.")
    approved_at: datetime | None = described("When it was approved, UTC.")
    published_by: str | None = described("Who published it.")
    published_at: datetime | None = described("When it was published, UTC.")
    withdrawn_by: str | None = described("Who withdrew it.")
    withdrawn_at: datetime | None = described("When it was withdrawn, UTC.")
    withdraw_reason: str | None = described("Why it was withdrawn.")
    run: Annotated["MatchRun", strawberry.lazy("schema.runs.types")] | None = one(
        reads.runs_by_id, "run_id", "The run that made it."
    )
    program: Annotated["PairingProgram", strawberry.lazy("schema.pairing.types")] | None = one(
        pairing.programs_by_id, "program_id", "The programme."
    )

    @strawberry.field(description="The attained objective, level by level.")
    def levels(self) -> list[ObjectiveLevel]:
        return _levels(self.row.levels)

    @strawberry.field(
        description="Headline figures: filled seats, closeness, travel, experience, weak teams, load. Totals are of "
        "the whole plan; townships and the teams with the lowest score are those of the territory."
    )
    async def metrics(self, info: Info) -> Json:
        figures = dict(self.row.metrics)
        if "townships" in figures:
            viewer = info.context.viewer
            figures["townships"] = [each for each in figures["townships"] if covers_division(viewer, each["township"])]
        if "lowest" in figures:
            teams = figures["lowest"]
            shown = await asyncio.gather(*(_is_in_territory(info, UUID(team["mentee_id"])) for team in teams))
            figures["lowest"] = [team for team, is_shown in zip(teams, shown, strict=True) if is_shown]
        return Json(figures)

    @strawberry.field(description="The filled seats of mentees in the territory.")
    async def items(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[PlanItemFilterInput | None, strawberry.argument(description="Which seats.")] = None,
        order_by: Annotated[
            PlanItemOrderBy | None, strawberry.argument(description="Order; by village unless stated.")
        ] = None,
    ) -> Connection[PlanItem]:
        return await connect_nested(
            info.context,
            reads.PLAN_ITEMS,
            self.key,
            filter.filters() if filter else reads.PlanItemFilter(),
            order_by.choice() if order_by else OrderChoice(order=reads.PlanItemOrder.VILLAGE),
            Paging(first=first, after=after, last=last, before=before),
            show,
        )

    @strawberry.field(description="The empty seats of mentees in the territory.")
    async def shortfalls(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[ShortfallFilterInput | None, strawberry.argument(description="Which seats.")] = None,
        order_by: Annotated[
            ShortfallOrderBy | None, strawberry.argument(description="Order; by village unless stated.")
        ] = None,
    ) -> Connection[Shortfall]:
        return await connect_nested(
            info.context,
            reads.SHORTFALLS,
            self.key,
            filter.filters() if filter else reads.ShortfallFilter(),
            order_by.choice() if order_by else OrderChoice(order=reads.SeatOrder.VILLAGE),
            Paging(first=first, after=after, last=last, before=before),
            show,
        )


@strawberry.type(description="One execution of the optimizer (匹配运行).")
class MatchRun(Node, shows=MatchRunRow):
    row: strawberry.Private[MatchRunRow]

    mode: RunMode = described("What the run was for.")
    mode_label: str = label_of("mode")
    state: RunState = described("State.")
    state_label: str = label_of("state")
    seed: int = described("Random seed; with snapshot and policy it reproduces the result.")
    idempotency_key: str | None = described("Key under which the run was asked for.")
    snapshot_hash: str | None = described("SHA-256 of the facts that the run saw.")
    created_at: datetime = described("Instant at which the run was asked for, UTC.")
    created_by: str = described("Who asked for it.")
    started_at: datetime | None = described("Instant of the start, UTC.")
    finished_at: datetime | None = described("Instant of the end, UTC.")
    solver: str | None = described("Which solver answered.")
    solver_status: SolveStatus | None = described("How the solve ended.")
    solver_status_label: str | None = label_of("solver_status")
    program: Annotated["PairingProgram", strawberry.lazy("schema.pairing.types")] | None = one(
        pairing.programs_by_id, "program_id", "The programme."
    )
    policy: Annotated["MatchPolicy", strawberry.lazy("schema.pairing.types")] | None = one(
        pairing.policies_by_id, "policy_id", "The policy version."
    )
    plans: list[MatchPlan] = many(reads.plans_by_run, "Its plans.")

    @strawberry.field(description="The attained objective, level by level.")
    def levels(self) -> list[ObjectiveLevel]:
        return _levels(self.row.levels)

    @strawberry.field(description="How long each stage took, in order.")
    def stage_seconds(self) -> list[StageTime]:
        return [StageTime(stage=stage, seconds=seconds) for stage, seconds in self.row.stage_seconds.items()]

    @strawberry.field(description="Remarks of the run, without those that name people outside the territory.")
    async def messages(self, info: Info) -> list[RunMessage]:
        shown = [
            RunMessage(
                kind=message["kind"],
                code=message.get("code"),
                text=message.get("text"),
                mentee_code=message.get("mentee"),
            )
            for message in self.row.messages
            if message.get("code") not in RESTRICTED_REMARKS
        ]
        allowed = await asyncio.gather(*(_concerns_territory(info, message) for message in shown))
        return [message for message, is_allowed in zip(shown, allowed, strict=True) if is_allowed]


async def _concerns_territory(info: Info, message: RunMessage) -> bool:
    """Whether everybody whom a remark names by 编号 has a file in the viewer's territory."""
    codes = PERSON_CODE.findall(f"{message.mentee_code} {message.text}")
    return all(await asyncio.gather(*(_has_file_in_territory(info, code) for code in codes)))


async def _has_file_in_territory(info: Info, code: str) -> bool:
    person: Person | None = await info.context.find(people.persons_by_code, code)
    return person is not None


async def _is_in_territory(info: Info, mentee_id: UUID) -> bool:
    mentee: ReserveCandidate | AssignedCadre | None = await info.context.find(people.mentees_by_id, mentee_id)
    return mentee is not None
