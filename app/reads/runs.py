"""Reading runs: match runs, plans, their items and shortfalls. All need the permission to read plans."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
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
from app.models.vocabulary import AdjustmentKind, PlanMethod, PlanState, Relation, RunMode, RunState
from app.reads.conditions import (
    Condition,
    Span,
    among,
    at_instants,
    either,
    equals,
    is_set,
    mentor_found,
    named,
    only,
    person_found,
    under,
)
from app.reads.paging import Key, Listing, group_by_key
from app.reads.scope import of_mentees_in_scope, plans_allowed, programs_in_scope


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


class PlanOrder(StrEnum):
    """Orders of the list of plans."""

    CREATED_AT = "CREATED_AT"
    NUMBER = "NUMBER"


class AdjustmentOrder(StrEnum):
    """Orders of the adjustments of a plan."""

    NUMBER = "NUMBER"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs; ``None`` leaves a condition out."""

    division_code: str | None = None
    program_id: UUID | None = None
    states: tuple[RunState, ...] | None = None
    mode: RunMode | None = None
    created_at: Span[datetime] | None = None
    search: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFilter:
    """Which plans; ``None`` leaves a condition out."""

    division_code: str | None = None
    program_id: UUID | None = None
    run_id: UUID | None = None
    states: tuple[PlanState, ...] | None = None
    methods: tuple[PlanMethod, ...] | None = None
    created_at: Span[datetime] | None = None
    search: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanItemFilter:
    """Which filled seats; ``None`` leaves a condition out."""

    division_code: str | None = None
    relation: Relation | None = None
    slot_code: str | None = None
    is_changed: bool | None = None
    is_pinned: bool | None = None
    search: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortfallFilter:
    """Which empty seats; ``None`` leaves a condition out."""

    division_code: str | None = None
    slot_code: str | None = None
    is_approved: bool | None = None
    search: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentFilter:
    """Which adjustments; ``None`` leaves a condition out."""

    division_code: str | None = None
    kinds: tuple[AdjustmentKind, ...] | None = None
    is_in_force: bool | None = None
    search: str | None = None


def _runs(viewer: Viewer, wanted: RunFilter) -> SelectOfScalar[MatchRun]:
    return (
        select(MatchRun)
        .join(PairingProgram, col(PairingProgram.id) == col(MatchRun.program_id))
        .where(
            plans_allowed(viewer),
            programs_in_scope(viewer),
            *only(
                under(wanted.division_code, PairingProgram.division_id),
                equals(MatchRun.program_id, wanted.program_id),
                among(MatchRun.state, wanted.states),
                equals(MatchRun.mode, wanted.mode),
                at_instants(MatchRun.created_at, wanted.created_at),
                named(PairingProgram, wanted.search),
            ),
        )
    )


def _plans(viewer: Viewer, wanted: PlanFilter) -> SelectOfScalar[MatchPlan]:
    return (
        select(MatchPlan)
        .join(PairingProgram, col(PairingProgram.id) == col(MatchPlan.program_id))
        .where(
            plans_allowed(viewer),
            programs_in_scope(viewer),
            *only(
                under(wanted.division_code, PairingProgram.division_id),
                equals(MatchPlan.program_id, wanted.program_id),
                equals(MatchPlan.run_id, wanted.run_id),
                among(MatchPlan.state, wanted.states),
                among(MatchPlan.method, wanted.methods),
                at_instants(MatchPlan.created_at, wanted.created_at),
                named(PairingProgram, wanted.search),
            ),
        )
    )


def _of_mentees(viewer: Viewer, table: Any, division_code: str | None, *conditions: Condition) -> Any:
    return (
        select(table)
        .join(Mentee, col(Mentee.id) == col(table.mentee_id))
        .join(Person, col(Person.id) == col(Mentee.person_id))
        .join(Division, col(Division.id) == col(Mentee.village_id))
        .where(
            plans_allowed(viewer),
            of_mentees_in_scope(viewer, table.county_id, table.mentee_id),
            *only(under(division_code, Mentee.village_id), *conditions),
        )
    )


def _items(viewer: Viewer, wanted: PlanItemFilter) -> SelectOfScalar[PlanItem]:
    statement: SelectOfScalar[PlanItem] = _of_mentees(
        viewer,
        PlanItem,
        wanted.division_code,
        equals(PlanItem.relation, wanted.relation),
        equals(PlanItem.slot_code, wanted.slot_code),
        equals(PlanItem.is_changed_from_published, wanted.is_changed),
        equals(PlanItem.is_pinned, wanted.is_pinned),
        either(person_found(viewer, wanted.search), mentor_found(viewer, wanted.search, PlanItem.mentor_id)),
    )
    return statement


def _shortfalls(viewer: Viewer, wanted: ShortfallFilter) -> SelectOfScalar[Shortfall]:
    statement: SelectOfScalar[Shortfall] = _of_mentees(
        viewer,
        Shortfall,
        wanted.division_code,
        equals(Shortfall.slot_code, wanted.slot_code),
        is_set(Shortfall.approved_by, wanted.is_approved),
        person_found(viewer, wanted.search),
    )
    return statement


def _adjustments(viewer: Viewer, wanted: AdjustmentFilter) -> SelectOfScalar[PlanAdjustment]:
    statement: SelectOfScalar[PlanAdjustment] = _of_mentees(
        viewer,
        PlanAdjustment,
        wanted.division_code,
        among(PlanAdjustment.kind, wanted.kinds),
        is_set(PlanAdjustment.undone_at, None if wanted.is_in_force is None else not wanted.is_in_force),
        person_found(viewer, wanted.search),
    )
    return statement


MATCH_RUNS = Listing(
    name="matchRuns",
    table=MatchRun,
    parent=MatchRun.program_id,
    statement=_runs,
    orders={
        RunOrder.CREATED_AT: (Key(column=MatchRun.created_at, kind=datetime), Key(column=MatchRun.id, kind=UUID)),
    },
)
MATCH_PLANS = Listing(
    name="matchPlans",
    table=MatchPlan,
    parent=MatchPlan.program_id,
    statement=_plans,
    orders={
        PlanOrder.CREATED_AT: (Key(column=MatchPlan.created_at, kind=datetime), Key(column=MatchPlan.id, kind=UUID)),
        PlanOrder.NUMBER: (Key(column=MatchPlan.number, kind=int), Key(column=MatchPlan.id, kind=UUID)),
    },
)
ADJUSTMENTS = Listing(
    name="adjustments",
    table=PlanAdjustment,
    parent=PlanAdjustment.plan_id,
    statement=_adjustments,
    orders={
        AdjustmentOrder.NUMBER: (
            Key(column=PlanAdjustment.number, kind=int),
            Key(column=PlanAdjustment.id, kind=UUID),
        ),
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


def plans_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, MatchPlan]:
    """Plans by key."""
    rows = session.exec(_plans(viewer, PlanFilter()).where(col(MatchPlan.id).in_(ids)))
    return {row.id: row for row in rows}


def plans_by_run(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[MatchPlan]]:
    """The plans of each run, the policy's own first."""
    rows = session.exec(
        _plans(viewer, PlanFilter())
        .where(col(MatchPlan.run_id).in_(ids))
        .order_by(col(MatchPlan.number), col(MatchPlan.id))
    )
    return group_by_key(ids, [(row.run_id, row) for row in rows])


def published_plan_by_program(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, MatchPlan]:
    """The published plan of each programme that has one."""
    rows = session.exec(
        _plans(viewer, PlanFilter()).where(
            col(MatchPlan.program_id).in_(ids), col(MatchPlan.state) == PlanState.PUBLISHED
        )
    )
    return {row.program_id: row for row in rows}


def adjusted_plans(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, bool]:
    """Whether each plan has an adjustment in force, in the territory or not."""
    found = select(PlanAdjustment.plan_id).where(
        col(PlanAdjustment.plan_id).in_(ids), plans_allowed(viewer), col(PlanAdjustment.undone_at).is_(None)
    )
    adjusted = set(session.exec(found.distinct()))
    return {key: key in adjusted for key in ids}


def adjustments_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, PlanAdjustment]:
    """Adjustments by key."""
    rows = session.exec(_adjustments(viewer, AdjustmentFilter()).where(col(PlanAdjustment.id).in_(ids)))
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
