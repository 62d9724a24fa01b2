"""Tables of match runs: snapshots, runs, plans and what they say of every seat."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.db import utc_now
from app.models.columns import CountyRow, TrackedRow, enum_field, instant_field, json_field
from app.models.vocabulary import PlanState, Relation, RunMode, RunState, SolveStatus, TravelSource


class MatchSnapshot(SQLModel, table=True):
    """The facts that a run saw, as compressed canonical JSON of internal ids without names; shared by equal runs.

    Written when a run starts; kept as long as the plans that rest on it.
    """

    __tablename__ = "match_snapshot"

    hash: str = Field(max_length=64, primary_key=True)
    content: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = instant_field(default_factory=utc_now)


class MatchRun(TrackedRow, table=True):
    """One execution of the optimizer; reproducible from snapshot, policy version and seed."""

    __tablename__ = "match_run"
    __table_args__ = (UniqueConstraint("program_id", "idempotency_key"),)

    program_id: UUID = Field(foreign_key="pairing_program.id", index=True)
    policy_id: UUID = Field(foreign_key="match_policy.id", index=True)
    mode: RunMode = enum_field(RunMode)
    state: RunState = enum_field(RunState, index=True)
    seed: int = 0
    idempotency_key: str | None = Field(default=None, max_length=80)
    snapshot_hash: str | None = Field(default=None, foreign_key="match_snapshot.hash", max_length=64)
    started_at: datetime | None = instant_field(default=None)
    finished_at: datetime | None = instant_field(default=None)
    solver: str | None = Field(default=None, max_length=40)
    solver_status: SolveStatus | None = enum_field(SolveStatus, default=None)
    levels: list[dict[str, Any]] = json_field(default_factory=list)
    stage_seconds: dict[str, float] = json_field(default_factory=dict)
    messages: list[dict[str, Any]] = json_field(default_factory=list)


class MatchPlan(TrackedRow, table=True):
    """One proposed result of a run: its items, shortfalls and metrics, and its way through approval."""

    __tablename__ = "match_plan"

    run_id: UUID = Field(foreign_key="match_run.id", index=True)
    program_id: UUID = Field(foreign_key="pairing_program.id", index=True)
    label: str = Field(max_length=80)
    state: PlanState = enum_field(PlanState, index=True)
    levels: list[dict[str, Any]] = json_field(default_factory=list)
    metrics: dict[str, Any] = json_field(default_factory=dict)
    submitted_by: str | None = Field(default=None, max_length=80)
    submitted_at: datetime | None = instant_field(default=None)
    returned_by: str | None = Field(default=None, max_length=80)
    returned_at: datetime | None = instant_field(default=None)
    return_reason: str | None = Field(default=None, max_length=400)
    approved_by: str | None = Field(default=None, max_length=80)
    approver_name: str | None = Field(default=None, max_length=80)
    approved_at: datetime | None = instant_field(default=None)
    published_by: str | None = Field(default=None, max_length=80)
    published_at: datetime | None = instant_field(default=None)
    withdrawn_by: str | None = Field(default=None, max_length=80)
    withdrawn_at: datetime | None = instant_field(default=None)
    withdraw_reason: str | None = Field(default=None, max_length=400)


class PlanItem(CountyRow, table=True):
    """One filled seat of a plan with the parts of its score, in points that sum to ``score`` exactly."""

    __tablename__ = "plan_item"
    __table_args__ = (UniqueConstraint("plan_id", "mentee_id", "slot_code"),)

    plan_id: UUID = Field(foreign_key="match_plan.id", index=True)
    mentee_id: UUID = Field(foreign_key="mentee.id", index=True)
    mentor_id: UUID = Field(foreign_key="mentor.id", index=True)
    slot_code: str = Field(max_length=40)
    score: float
    contributions: list[dict[str, Any]] = json_field(default_factory=list)
    relation: Relation = enum_field(Relation)
    anchor_code: str | None = Field(default=None, max_length=12)
    travel_minutes: float | None = None
    travel_source: TravelSource = enum_field(TravelSource)
    tier: int = 0
    is_released: bool = False
    is_pinned: bool = False
    is_changed_from_published: bool = False


class Shortfall(CountyRow, table=True):
    """One seat of a plan that stayed empty, with the reasons and how many mentors each keeps out.

    ``approved_by`` must be set before the plan is published.
    """

    __tablename__ = "shortfall"
    __table_args__ = (UniqueConstraint("plan_id", "mentee_id", "slot_code"),)

    plan_id: UUID = Field(foreign_key="match_plan.id", index=True)
    mentee_id: UUID = Field(foreign_key="mentee.id", index=True)
    slot_code: str = Field(max_length=40)
    reasons: list[dict[str, Any]] = json_field(default_factory=list)
    note: str | None = Field(default=None, max_length=200)
    approved_by: str | None = Field(default=None, max_length=80)
