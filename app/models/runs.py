"""Tables of match runs: snapshots, runs, plans and what they say of every seat."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.db import utc_now
from app.models.columns import (
    CountyRow,
    Pii,
    Row,
    TrackedRow,
    enum_field,
    instant_field,
    json_field,
    personal_field,
    personal_json_field,
)
from app.models.vocabulary import (
    AdjustmentKind,
    PlanMethod,
    PlanState,
    Relation,
    RunMode,
    RunState,
    SolveStatus,
    TravelSource,
)


class MatchSnapshot(SQLModel, table=True):
    """The facts that a run saw, as compressed canonical JSON of internal ids without names; shared by equal runs.

    Written when a run starts; kept as long as the plans that rest on it.
    """

    __tablename__ = "match_snapshot"

    hash: str = Field(max_length=64, primary_key=True)
    content: bytes = personal_field(Pii.RESTRICTED, sa_type=LargeBinary)
    created_at: datetime = instant_field(default_factory=utc_now)


class MatchRun(TrackedRow, table=True):
    """One execution of the optimizer; reproducible from snapshot, policy version, seed and what was asked for.

    ``presets`` and ``curve_points`` ask for further plans; ``max_changes`` is the budget of a REPAIR, ``None`` for no
    limit.
    """

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
    time_limit_s: float | None = None
    cancel_requested_at: datetime | None = instant_field(default=None)
    cancel_requested_by: str | None = Field(default=None, max_length=80)
    attempt: int = 0
    presets: list[str] = json_field(default_factory=list)
    curve_points: int = 0
    max_changes: int | None = None


class ShareKind(StrEnum):
    """What a share of a run is to solve: one part under one set of weights, a trade-off curve, or a repair."""

    SOLVE = "SOLVE"
    CURVE = "CURVE"
    REPAIR = "REPAIR"


class MatchShare(Row, table=True):
    """One share of a run that is solved on its own: its facts, how far its solve is, and the plan it came to.

    The worker that solves it writes it; facts and plan are internal ids without names. Both are emptied when the run
    ends: what is recorded rests on the snapshot alone. ``attempt`` counts how often a worker has taken it.
    ``variant`` is the number of the plan it belongs to. Facts are stored once:
    shares of further weights take those of variant 0 with the same ``part``, a curve or a repair those of the snapshot.
    """

    __tablename__ = "match_share"
    __table_args__ = (UniqueConstraint("run_id", "number"),)

    run_id: UUID = Field(foreign_key="match_run.id", index=True)
    number: int
    kind: ShareKind = enum_field(ShareKind, default=ShareKind.SOLVE)
    variant: int = 0
    part: int = 0
    counties: str = Field(max_length=200)
    content: bytes | None = personal_field(Pii.RESTRICTED, default=None, sa_type=LargeBinary)
    progress: dict[str, Any] | None = json_field(default=None)
    result: dict[str, Any] | None = personal_json_field(Pii.RESTRICTED, default=None)
    attempt: int = 0
    solved_at: datetime | None = instant_field(default=None)
    updated_at: datetime = instant_field(default_factory=utc_now)


class MatchPlan(TrackedRow, table=True):
    """One proposed result of a run: its items, shortfalls and metrics, and its way through approval.

    ``number`` orders the plans of a run, the policy's own is 0. ``weights`` are set where the plan was solved under
    others than the policy's; ``levels_by_policy`` then measures it under the policy as it is. ``curve`` says where a
    plan of a curve lies. ``same_as_id`` is the first plan of the run with the same links.
    """

    __tablename__ = "match_plan"

    run_id: UUID = Field(foreign_key="match_run.id", index=True)
    program_id: UUID = Field(foreign_key="pairing_program.id", index=True)
    label: str = Field(max_length=80)
    state: PlanState = enum_field(PlanState, index=True)
    levels: list[dict[str, Any]] = json_field(default_factory=list)
    metrics: dict[str, Any] = json_field(default_factory=dict)
    number: int = 0
    method: PlanMethod = enum_field(PlanMethod, default=PlanMethod.POLICY)
    solver_status: SolveStatus | None = enum_field(SolveStatus, default=None)
    weights: dict[str, Any] | None = json_field(default=None)
    levels_by_policy: list[dict[str, Any]] | None = json_field(default=None)
    curve: dict[str, Any] | None = json_field(default=None)
    same_as_id: UUID | None = Field(default=None, foreign_key="match_plan.id")
    submitted_by: str | None = Field(default=None, max_length=80)
    submitted_at: datetime | None = instant_field(default=None)
    returned_by: str | None = Field(default=None, max_length=80)
    returned_at: datetime | None = instant_field(default=None)
    return_reason: str | None = Field(default=None, max_length=400)
    approved_by: str | None = Field(default=None, max_length=80)
    approver_name: str | None = personal_field(Pii.DUTY, default=None, max_length=80)
    approved_at: datetime | None = instant_field(default=None)
    published_by: str | None = Field(default=None, max_length=80)
    published_at: datetime | None = instant_field(default=None)
    withdrawn_by: str | None = Field(default=None, max_length=80)
    withdrawn_at: datetime | None = instant_field(default=None)
    withdraw_reason: str | None = Field(default=None, max_length=400)


class PlanRepair(Row, table=True):
    """What the plan of a repair changes against the roster that was in force, by internal id.

    ``ended`` and ``added`` are links, ``mentees`` and ``mentors`` what becomes of whom, ``offers`` what a larger budget
    would buy. Written with the plan, kept as long.
    """

    __tablename__ = "plan_repair"
    __table_args__ = (UniqueConstraint("plan_id"),)

    plan_id: UUID = Field(foreign_key="match_plan.id")
    max_changes: int | None = None
    n_published: int
    n_kept: int
    n_changed_links: int
    n_moves: int
    n_people_affected: int
    ended: list[dict[str, Any]] = personal_json_field(Pii.RESTRICTED, default_factory=list)
    added: list[dict[str, Any]] = personal_json_field(Pii.RESTRICTED, default_factory=list)
    mentees: list[dict[str, Any]] = personal_json_field(Pii.RESTRICTED, default_factory=list)
    mentors: list[dict[str, Any]] = personal_json_field(Pii.RESTRICTED, default_factory=list)
    offers: list[list[int]] | None = json_field(default=None)


class PlanItem(CountyRow, table=True):
    """One filled seat of a plan with the parts of its score, in points that sum to ``score`` exactly."""

    __tablename__ = "plan_item"
    __table_args__ = (UniqueConstraint("plan_id", "mentee_id", "slot_code"),)

    plan_id: UUID = Field(foreign_key="match_plan.id", index=True)
    mentee_id: UUID = Field(foreign_key="mentee.id", index=True)
    mentor_id: UUID = Field(foreign_key="mentor.id", index=True)
    slot_code: str = Field(max_length=40)
    score: float
    contributions: list[dict[str, Any]] = personal_json_field(Pii.CADRE, default_factory=list)
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
    reasons: list[dict[str, Any]] = personal_json_field(Pii.RESTRICTED, default_factory=list)
    note: str | None = personal_field(Pii.CADRE, default=None, max_length=200)
    approved_by: str | None = Field(default=None, max_length=80)


class PlanOrigin(SQLModel, table=True):
    """An adjusted plan as the run made it: its links, levels and figures, as compressed JSON of internal ids.

    Written with the first adjustment and never changed; kept as long as the plan.
    """

    __tablename__ = "plan_origin"

    plan_id: UUID = Field(foreign_key="match_plan.id", primary_key=True)
    content: bytes = Field(sa_type=LargeBinary)


class PlanAdjustment(CountyRow, table=True):
    """One adjustment of a plan by hand; in force until it is undone, and kept then.

    PIN: the mentor for the mentee, in ``slot_code`` or in any slot. FORBID: never these two. SWAP: the mentor for the
    mentee in ``slot_code``, and the other mentor for the other mentee in the other slot.
    """

    __tablename__ = "plan_adjustment"
    __table_args__ = (UniqueConstraint("plan_id", "number"),)

    plan_id: UUID = Field(foreign_key="match_plan.id", index=True)
    number: int
    kind: AdjustmentKind = enum_field(AdjustmentKind)
    mentee_id: UUID = Field(foreign_key="mentee.id", index=True)
    mentor_id: UUID = Field(foreign_key="mentor.id", index=True)
    slot_code: str | None = Field(default=None, max_length=40)
    other_mentee_id: UUID | None = Field(default=None, foreign_key="mentee.id")
    other_mentor_id: UUID | None = Field(default=None, foreign_key="mentor.id")
    other_slot_code: str | None = Field(default=None, max_length=40)
    reason_encrypted: str = personal_field(Pii.RESTRICTED)
    undone_at: datetime | None = instant_field(default=None)
    undone_by: str | None = Field(default=None, max_length=80)
