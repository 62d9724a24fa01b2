"""Reading runs: match runs, plans, their items and shortfalls. All need the permission to read plans."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.access import Viewer
from app.models import (
    Division,
    MatchPlan,
    MatchRun,
    Mentee,
    PairingProgram,
    Person,
    PlanAdjustment,
    PlanItem,
    Shortfall,
)
from app.models.vocabulary import PlanState, Relation, RunMode, RunState
from app.reads.paging import Key, Listing, group_by_key
from app.reads.scope import of_mentees_in_scope, plans_allowed, programs_in_scope, under_code


class RunOrder(StrEnum):
    """Orders of the list of runs."""

    CREATED_AT = "CREATED_AT"


class SeatOrder(StrEnum):
    """Orders of the seats of a plan."""

    VILLAGE = "VILLAGE"
    MENTEE_CODE = "MENTEE_CODE"


class PlanItemOrder(StrEnum):
    """Orders of the filled seats of a plan."""

    VILLAGE = "VILLAGE"
    MENTEE_CODE = "MENTEE_CODE"
    SCORE = "SCORE"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs; ``None`` leaves a condition out."""

    program_id: UUID | None = None
    states: tuple[RunState, ...] | None = None
    mode: RunMode | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanItemFilter:
    """Which filled seats; ``None`` leaves a condition out."""

    division_code: str | None = None
    relation: Relation | None = None
    slot_code: str | None = None
    is_changed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortfallFilter:
    """Which empty seats; ``None`` leaves a condition out."""

    division_code: str | None = None
    is_approved: bool | None = None


def _runs(viewer: Viewer, wanted: RunFilter) -> SelectOfScalar[MatchRun]:
    statement = (
        select(MatchRun)
        .join(PairingProgram, col(PairingProgram.id) == col(MatchRun.program_id))
        .where(plans_allowed(viewer), programs_in_scope(viewer))
    )
    if wanted.program_id is not None:
        statement = statement.where(col(MatchRun.program_id) == wanted.program_id)
    if wanted.states is not None:
        statement = statement.where(col(MatchRun.state).in_(wanted.states))
    if wanted.mode is not None:
        statement = statement.where(col(MatchRun.mode) == wanted.mode)
    return statement


def _plans(viewer: Viewer) -> SelectOfScalar[MatchPlan]:
    return (
        select(MatchPlan)
        .join(PairingProgram, col(PairingProgram.id) == col(MatchPlan.program_id))
        .where(plans_allowed(viewer), programs_in_scope(viewer))
    )


def _items(viewer: Viewer, wanted: PlanItemFilter) -> SelectOfScalar[PlanItem]:
    statement = (
        select(PlanItem)
        .join(Mentee, col(Mentee.id) == col(PlanItem.mentee_id))
        .join(Person, col(Person.id) == col(Mentee.person_id))
        .join(Division, col(Division.id) == col(Mentee.village_id))
        .where(
            plans_allowed(viewer),
            of_mentees_in_scope(viewer, PlanItem.county_id, PlanItem.mentee_id),
        )
    )
    if wanted.division_code is not None:
        statement = statement.where(under_code(wanted.division_code, Mentee.village_id))
    if wanted.relation is not None:
        statement = statement.where(col(PlanItem.relation) == wanted.relation)
    if wanted.slot_code is not None:
        statement = statement.where(col(PlanItem.slot_code) == wanted.slot_code)
    if wanted.is_changed is not None:
        statement = statement.where(col(PlanItem.is_changed_from_published) == wanted.is_changed)
    return statement


def _shortfalls(viewer: Viewer, wanted: ShortfallFilter) -> SelectOfScalar[Shortfall]:
    statement = (
        select(Shortfall)
        .join(Mentee, col(Mentee.id) == col(Shortfall.mentee_id))
        .join(Person, col(Person.id) == col(Mentee.person_id))
        .join(Division, col(Division.id) == col(Mentee.village_id))
        .where(
            plans_allowed(viewer),
            of_mentees_in_scope(viewer, Shortfall.county_id, Shortfall.mentee_id),
        )
    )
    if wanted.division_code is not None:
        statement = statement.where(under_code(wanted.division_code, Mentee.village_id))
    if wanted.is_approved is not None:
        approved = col(Shortfall.approved_by).is_not(None)
        statement = statement.where(approved if wanted.is_approved else ~approved)
    return statement


MATCH_RUNS = Listing(
    name="matchRuns",
    table=MatchRun,
    statement=_runs,
    orders={
        RunOrder.CREATED_AT: (Key(column=MatchRun.created_at, kind=datetime), Key(column=MatchRun.id, kind=UUID)),
    },
)
PLAN_ITEMS = Listing(
    name="planItems",
    table=PlanItem,
    parent=PlanItem.plan_id,
    statement=_items,
    orders={
        PlanItemOrder.VILLAGE: (
            Key(column=Division.code, kind=str),
            Key(column=Person.code, kind=str),
            Key(column=PlanItem.slot_code, kind=str),
            Key(column=PlanItem.id, kind=UUID),
        ),
        PlanItemOrder.MENTEE_CODE: (
            Key(column=Person.code, kind=str),
            Key(column=PlanItem.slot_code, kind=str),
            Key(column=PlanItem.id, kind=UUID),
        ),
        PlanItemOrder.SCORE: (Key(column=PlanItem.score, kind=float), Key(column=PlanItem.id, kind=UUID)),
    },
)
SHORTFALLS = Listing(
    name="shortfalls",
    table=Shortfall,
    parent=Shortfall.plan_id,
    statement=_shortfalls,
    orders={
        SeatOrder.VILLAGE: (
            Key(column=Division.code, kind=str),
            Key(column=Person.code, kind=str),
            Key(column=Shortfall.slot_code, kind=str),
            Key(column=Shortfall.id, kind=UUID),
        ),
        SeatOrder.MENTEE_CODE: (
            Key(column=Person.code, kind=str),
            Key(column=Shortfall.slot_code, kind=str),
            Key(column=Shortfall.id, kind=UUID),
        ),
    },
)


def runs_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, MatchRun]:
    """Runs by key."""
    rows = session.exec(_runs(viewer, RunFilter()).where(col(MatchRun.id).in_(ids)))
    return {row.id: row for row in rows}


def runs_by_program(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[MatchRun]]:
    """The runs of each programme, newest first."""
    rows = session.exec(
        _runs(viewer, RunFilter())
        .where(col(MatchRun.program_id).in_(ids))
        .order_by(col(MatchRun.created_at).desc(), col(MatchRun.id))
    )
    return group_by_key(ids, [(row.program_id, row) for row in rows])


def plans_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, MatchPlan]:
    """Plans by key."""
    rows = session.exec(_plans(viewer).where(col(MatchPlan.id).in_(ids)))
    return {row.id: row for row in rows}


def plans_by_run(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[MatchPlan]]:
    """The plans of each run, the policy's own first."""
    rows = session.exec(
        _plans(viewer).where(col(MatchPlan.run_id).in_(ids)).order_by(col(MatchPlan.number), col(MatchPlan.id))
    )
    return group_by_key(ids, [(row.run_id, row) for row in rows])


def published_plan_by_program(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, MatchPlan]:
    """The published plan of each programme that has one."""
    rows = session.exec(
        _plans(viewer).where(col(MatchPlan.program_id).in_(ids), col(MatchPlan.state) == PlanState.PUBLISHED)
    )
    return {row.program_id: row for row in rows}


def _adjustments(viewer: Viewer) -> SelectOfScalar[PlanAdjustment]:
    inside = of_mentees_in_scope(viewer, PlanAdjustment.county_id, PlanAdjustment.mentee_id)
    return select(PlanAdjustment).where(plans_allowed(viewer), inside)


def adjustments_by_plan(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[PlanAdjustment]]:
    """The adjustments of each plan by hand, undone ones included, in the order in which they were made."""
    rows = session.exec(
        _adjustments(viewer)
        .where(col(PlanAdjustment.plan_id).in_(ids))
        .order_by(col(PlanAdjustment.plan_id), col(PlanAdjustment.number))
    )
    return group_by_key(ids, [(row.plan_id, row) for row in rows])


def adjusted_plans(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, bool]:
    """Whether each plan has an adjustment in force, in the territory or not."""
    found = select(PlanAdjustment.plan_id).where(
        col(PlanAdjustment.plan_id).in_(ids), plans_allowed(viewer), col(PlanAdjustment.undone_at).is_(None)
    )
    adjusted = set(session.exec(found.distinct()))
    return {key: key in adjusted for key in ids}


def adjustments_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, PlanAdjustment]:
    """Adjustments by key."""
    rows = session.exec(_adjustments(viewer).where(col(PlanAdjustment.id).in_(ids)))
    return {row.id: row for row in rows}


def items_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, PlanItem]:
    """Filled seats by key."""
    inside = of_mentees_in_scope(viewer, PlanItem.county_id, PlanItem.mentee_id)
    rows = session.exec(select(PlanItem).where(col(PlanItem.id).in_(ids), plans_allowed(viewer), inside))
    return {row.id: row for row in rows}


def shortfalls_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, Shortfall]:
    """Empty seats by key."""
    inside = of_mentees_in_scope(viewer, Shortfall.county_id, Shortfall.mentee_id)
    rows = session.exec(select(Shortfall).where(col(Shortfall.id).in_(ids), plans_allowed(viewer), inside))
    return {row.id: row for row in rows}
