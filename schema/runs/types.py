"""Types of runs: executions of the optimizer, their plans, and what a plan says of every seat."""

import asyncio
import re
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from app.access import covers_division
from app.models import AssignedCadre, Person, ReserveCandidate
from app.models import MatchPlan as MatchPlanRow
from app.models import MatchRun as MatchRunRow
from app.models import PlanItem as PlanItemRow
from app.models import Shortfall as ShortfallRow
from app.models.columns import Pii
from app.models.vocabulary import (
    PlanMethod,
    PlanState,
    Relation,
    RunMode,
    RunState,
    SolveStatus,
    TravelSource,
    WeightPreset,
)
from app.reads import mentors, pairing, people
from app.reads import runs as reads
from app.reads.progress import RunView, progress_by_run
from app.reads.repairs import RepairView, repairs_by_plan
from schema.context import Info
from schema.fields import Node, described, label_of, many, one
from schema.lists import nested_list
from schema.paging import Connection, OrderChoice
from schema.people.mentee_types import Mentee
from schema.people.mentor_types import Mentor
from schema.personal import guard, personal
from schema.runs.adjustment_types import PlanAdjustment
from schema.runs.changes import PlanChanges
from schema.runs.inputs import (
    PlanAdjustmentFilterInput,
    PlanAdjustmentOrderBy,
    PlanItemFilterInput,
    PlanItemOrderBy,
    ShortfallFilterInput,
    ShortfallOrderBy,
)
from schema.runs.progress import RunProgress
from schema.runs.reasons import ShortfallReason, reasons_of
from schema.scalars import Json

if TYPE_CHECKING:
    from schema.pairing.types import MatchPolicy, PairingProgram

RESTRICTED_REMARKS = frozenset({"COMPLAINT"})
"""Codes of remarks of privacy class A: this release never tells them."""
PERSON_CODE = re.compile(r"\d{6}-\d{5,}")
"""A 编号 inside a remark."""


@strawberry.type(description="One level of the lexicographic objective, most important first.")
class ObjectiveLevel:
    name: str = strawberry.field(description="Which level, for example SEATS_FILLED or SCORE.")
    value: float = strawberry.field(description="Attained value in natural units: seats, links, score points.")
    bound: float = strawberry.field(description="Proven bound; equal to the value when the level is closed.")
    gap: float = strawberry.field(description="(bound - value) / max(|value|, 1); 0 when proven optimal.")


@strawberry.type(description="Weights of the criteria.")
class PlanWeights:
    geography: float = strawberry.field(description="Of closeness.")
    experience: float = strawberry.field(description="Of experience.")
    preference: float = strawberry.field(description="Of wishes.")

    @classmethod
    def of(cls, stored: dict[str, float] | None) -> "PlanWeights | None":
        """Show stored weights; nothing for nothing."""
        return None if stored is None else cls(**stored)


@strawberry.type(description="Where a plan lies on the certified curve between geography and experience.")
class CurvePlace:
    geography: float = strawberry.field(description="Closeness summed over the seats, in points.")
    experience: float = strawberry.field(description="Experience summed over the seats, in points.")
    gap: float = strawberry.field(description="How far it may be from the curve; 0 means proved.")
    epsilon: float | None = strawberry.field(description="The least closeness that was asked for, in points.")
    weights: PlanWeights | None = strawberry.field(description="Weights whose best plan it is.")

    @classmethod
    def of(cls, stored: dict[str, Any] | None) -> "CurvePlace | None":
        """Show a stored place; nothing for nothing."""
        return None if stored is None else cls(**{**stored, "weights": PlanWeights.of(stored["weights"])})


@strawberry.type(description="How long one stage of a run took.")
class StageTime:
    stage: str = strawberry.field(description="Which stage.")
    seconds: float = strawberry.field(description="Wall-clock seconds.")


@strawberry.type(description="One remark of a run.")
class RunMessage:
    kind: str = strawberry.field(description="SOLVER, WARNING, EXCLUDED, PLANS (on further plans) or FAILED.")
    code: str | None = strawberry.field(description="What the remark is about.")
    text: str | None = strawberry.field(description="The remark in words.")
    mentee_code: str | None = strawberry.field(description="编号 of the mentee it concerns.")


@strawberry.type(description="One part of the score of a filled seat.")
class Contribution:
    term: str = strawberry.field(description="Which part.")
    points: float = strawberry.field(description="Score points; the parts of a seat sum to its score.")


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

    @strawberry.field(description="The parts of the score; they sum to it exactly.", **guard(Pii.CADRE, withheld=[]))
    def contributions(self) -> list[Contribution]:
        return [Contribution(term=part["term"], points=part["points"]) for part in self.row.contributions]


@strawberry.type(description="One seat of a plan that stayed empty, with the reasons (缺口).")
class Shortfall(Node, shows=ShortfallRow):
    row: strawberry.Private[ShortfallRow]

    slot_code: str = described("The slot.")
    note: str | None = personal(Pii.CADRE, "note", "Remark of an officer.")
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

    label: str = described("Which of the plans of the run: a preset, CUSTOM, CURVE_1 and on, or REPAIR.")
    number: int = described("Its place among the plans of the run; the policy's own is 0.")
    method: PlanMethod = described("How it came to be.")
    method_label: str = label_of("method")
    solver_status: SolveStatus | None = described("How its solve ended; a plan that was cut is not OPTIMAL.")
    solver_status_label: str | None = label_of("solver_status")
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
    same_as: Annotated["MatchPlan", strawberry.lazy("schema.runs.types")] | None = one(
        reads.plans_by_id, "same_as_id", "The first plan of the run that seats everybody alike; empty when it is new."
    )

    adjustments: Connection[PlanAdjustment] = nested_list(
        reads.ADJUSTMENTS,
        PlanAdjustmentFilterInput,
        PlanAdjustmentOrderBy,
        OrderChoice(order=reads.AdjustmentOrder.NUMBER),
        "Adjustments by hand of mentees in the territory, undone ones included.",
        which="Which adjustments.",
        ordered="oldest first",
    )
    items: Connection[PlanItem] = nested_list(
        reads.PLAN_ITEMS,
        PlanItemFilterInput,
        PlanItemOrderBy,
        OrderChoice(order=reads.PlanItemOrder.VILLAGE),
        "The filled seats of mentees in the territory.",
        which="Which seats.",
        ordered="by village",
    )
    shortfalls: Connection[Shortfall] = nested_list(
        reads.SHORTFALLS,
        ShortfallFilterInput,
        ShortfallOrderBy,
        OrderChoice(order=reads.SeatOrder.VILLAGE),
        "The empty seats of mentees in the territory.",
        which="Which seats.",
        ordered="by village",
    )

    @strawberry.field(description="Whether an adjustment by hand is in force.")
    async def is_adjusted(self, info: Info) -> bool:
        return await info.context.get(reads.adjusted_plans, self.key)

    @strawberry.field(
        description="The attained objective, level by level, under the weights of the plan. Points of a curve have the "
        "bounds of the policy's own plan, so their gaps say what they give up."
    )
    def levels(self) -> list[ObjectiveLevel]:
        return _levels(self.row.levels)

    @strawberry.field(
        description="The same under the policy as it is, against the bounds of its own plan: the gaps say what a plan "
        "of other weights gives up."
    )
    def levels_by_policy(self) -> list[ObjectiveLevel]:
        if self.row.levels_by_policy is None and self.row.weights is not None:
            return []  # the run was cancelled before the policy's own plan, by which others are measured
        return _levels(self.row.levels if self.row.levels_by_policy is None else self.row.levels_by_policy)

    @strawberry.field(description="The weights it was solved under where these are not the policy's.")
    def weights(self) -> PlanWeights | None:
        return PlanWeights.of(self.row.weights)

    @strawberry.field(description="Where it lies on the curve; empty for other plans.")
    def curve(self) -> CurvePlace | None:
        return CurvePlace.of(self.row.curve)

    @strawberry.field(
        description="What it changes against the roster in force. Empty unless it is a repair, and once it is adjusted "
        "by hand: then its figures and `compareMatchPlans` tell."
    )
    async def changes(self, info: Info) -> PlanChanges | None:
        if await info.context.get(reads.adjusted_plans, self.key):
            return None
        view: RepairView | None = await info.context.find(repairs_by_plan, self.key)
        return None if view is None else PlanChanges(view=view)

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
    time_limit_s: float | None = described("Seconds after which the best plan so far is recorded.")
    presets: list[WeightPreset] = described("Ready weights under which further plans are made.")
    curve_points: int = described("Points asked for of the curve between geography and experience; 0 for no curve.")
    max_changes: int | None = described("Of a repair: most changes beyond the forced ones; empty for any number.")
    cancel_requested_at: datetime | None = described("When somebody asked for its end, UTC.")
    cancel_requested_by: str | None = described("Who asked for its end.")
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

    @strawberry.field(description="How far it is.")
    async def progress(self, info: Info) -> RunProgress | None:
        view: RunView | None = await info.context.find(progress_by_run, self.row.id)
        return None if view is None else RunProgress.of(view)

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
