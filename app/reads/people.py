"""Reading people: persons with their careers, cadres, mentees and what belongs to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.access import Viewer
from app.models import (
    AnnualAppraisal,
    Appointment,
    AssignedCadre,
    DevelopmentNeed,
    Division,
    Mentee,
    Person,
    ReserveCandidate,
    ReservePool,
    VillageLink,
)
from app.models.vocabulary import (
    AssignmentState,
    CandidateSource,
    CandidateState,
    PersonStatus,
    PostKind,
    ReviewLevel,
    TargetPost,
    VillageConditionKind,
)
from app.reads.conditions import Condition, Span, among, at_instants, equals, named, on_days, only, person_found, under
from app.reads.paging import Key, Listing, group_by_key
from app.reads.places import villages_in
from app.reads.scope import divisions_around, mentees_in_scope, of_persons_in_scope, persons_in_scope

VILLAGE_POSTS = (PostKind.VILLAGE_SECRETARY, PostKind.VILLAGE_DIRECTOR, PostKind.VILLAGE_COMMITTEE_MEMBER)
"""Posts whose holder is a village cadre."""


class PersonOrder(StrEnum):
    """Orders of lists of persons."""

    CODE = "CODE"
    NAME = "NAME"
    UPDATED_AT = "UPDATED_AT"


class MenteeOrder(StrEnum):
    """Orders of lists of mentees."""

    CODE = "CODE"
    NAME = "NAME"
    VILLAGE = "VILLAGE"
    UPDATED_AT = "UPDATED_AT"


class ReservePoolOrder(StrEnum):
    """Orders of the list of reserve pools."""

    COUNTY = "COUNTY"
    NAME = "NAME"


@dataclass(frozen=True, slots=True, kw_only=True)
class CadreFilter:
    """Which cadres; ``None`` leaves a condition out."""

    division_code: str | None = None
    is_village_cadre: bool | None = None
    post: PostKind | None = None
    statuses: tuple[PersonStatus, ...] | None = None
    search: str | None = None
    updated_at: Span[datetime] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MenteeFilter:
    """What can be asked of both kinds of mentee; ``None`` leaves a condition out."""

    division_code: str | None = None
    condition: VillageConditionKind | None = None
    search: str | None = None
    updated_at: Span[datetime] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateFilter(MenteeFilter):
    """Which reserve candidates; ``None`` leaves a condition out."""

    states: tuple[CandidateState, ...] | None = None
    target_post: TargetPost | None = None
    sources: tuple[CandidateSource, ...] | None = None
    review_levels: tuple[ReviewLevel, ...] | None = None
    pool_id: UUID | None = None
    pool_date: Span[date] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignedCadreFilter(MenteeFilter):
    """Which assigned cadres; ``None`` leaves a condition out."""

    states: tuple[AssignmentState, ...] | None = None
    assigned_from: Span[date] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservePoolFilter:
    """Which reserve pools; ``None`` leaves a condition out."""

    division_code: str | None = None
    search: str | None = None


def _has_appointment(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    held = select(col(Appointment.id)).where(col(Appointment.person_id) == col(Person.id), *conditions)
    return held.exists()


def _cadres(viewer: Viewer, wanted: CadreFilter) -> SelectOfScalar[Person]:
    current = col(Appointment.end_date).is_(None)
    in_village = _has_appointment(current, col(Appointment.post).in_(VILLAGE_POSTS))
    return select(Person).where(
        persons_in_scope(viewer),
        _has_appointment(),
        *only(
            under(wanted.division_code, Person.division_id),
            None if wanted.is_village_cadre is None else in_village if wanted.is_village_cadre else ~in_village,
            None if wanted.post is None else _has_appointment(current, col(Appointment.post) == wanted.post),
            among(Person.status, wanted.statuses),
            person_found(viewer, wanted.search),
            at_instants(Person.updated_at, wanted.updated_at),
        ),
    )


def _of_mentees(viewer: Viewer, table: Any, wanted: MenteeFilter, *conditions: Condition) -> Any:
    in_condition = None if wanted.condition is None else col(Mentee.village_id).in_(villages_in(wanted.condition))
    return (
        select(table)
        .join(Mentee, col(Mentee.id) == col(table.id))
        .join(Person, col(Person.id) == col(table.person_id))
        .join(Division, col(Division.id) == col(Mentee.village_id))
        .where(
            mentees_in_scope(viewer),
            *only(
                under(wanted.division_code, Mentee.village_id),
                in_condition,
                person_found(viewer, wanted.search),
                at_instants(table.updated_at, wanted.updated_at),
                *conditions,
            ),
        )
    )


def _candidates(viewer: Viewer, wanted: CandidateFilter) -> SelectOfScalar[ReserveCandidate]:
    statement: SelectOfScalar[ReserveCandidate] = _of_mentees(
        viewer,
        ReserveCandidate,
        wanted,
        among(ReserveCandidate.state, wanted.states),
        equals(ReserveCandidate.target_post, wanted.target_post),
        among(ReserveCandidate.source, wanted.sources),
        among(ReserveCandidate.review_level, wanted.review_levels),
        equals(ReserveCandidate.pool_id, wanted.pool_id),
        on_days(ReserveCandidate.pool_date, wanted.pool_date),
    )
    return statement


def _assigned_cadres(viewer: Viewer, wanted: AssignedCadreFilter) -> SelectOfScalar[AssignedCadre]:
    statement: SelectOfScalar[AssignedCadre] = _of_mentees(
        viewer,
        AssignedCadre,
        wanted,
        among(AssignedCadre.state, wanted.states),
        on_days(AssignedCadre.assigned_from, wanted.assigned_from),
    )
    return statement


def _reserve_pools(viewer: Viewer, wanted: ReservePoolFilter) -> SelectOfScalar[ReservePool]:
    return (
        select(ReservePool)
        .join(Division, col(Division.id) == col(ReservePool.county_id))
        .where(
            divisions_around(viewer),
            *only(under(wanted.division_code, ReservePool.county_id), named(ReservePool, wanted.search)),
        )
    )


def _mentee_orders(table: Any) -> dict[StrEnum, tuple[Key, ...]]:
    last = Key(column=table.id, kind=UUID)
    return {
        MenteeOrder.CODE: (Key(column=Person.code, kind=str), last),
        MenteeOrder.NAME: (Key(column=Person.name, kind=str), last),
        MenteeOrder.VILLAGE: (Key(column=Division.code, kind=str), Key(column=Person.code, kind=str), last),
        MenteeOrder.UPDATED_AT: (Key(column=table.updated_at, kind=datetime), last),
    }


CADRES = Listing(
    name="cadres",
    table=Person,
    statement=_cadres,
    orders={
        PersonOrder.CODE: (Key(column=Person.code, kind=str), Key(column=Person.id, kind=UUID)),
        PersonOrder.NAME: (Key(column=Person.name, kind=str), Key(column=Person.id, kind=UUID)),
        PersonOrder.UPDATED_AT: (Key(column=Person.updated_at, kind=datetime), Key(column=Person.id, kind=UUID)),
    },
)
RESERVE_CANDIDATES = Listing(
    name="reserveCandidates",
    table=ReserveCandidate,
    parent=Mentee.village_id,
    statement=_candidates,
    orders=_mentee_orders(ReserveCandidate),
)
ASSIGNED_CADRES = Listing(
    name="assignedCadres",
    table=AssignedCadre,
    parent=Mentee.village_id,
    statement=_assigned_cadres,
    orders=_mentee_orders(AssignedCadre),
)
RESERVE_POOLS = Listing(
    name="reservePools",
    table=ReservePool,
    statement=_reserve_pools,
    orders={
        ReservePoolOrder.COUNTY: (Key(column=Division.code, kind=str), Key(column=ReservePool.id, kind=UUID)),
        ReservePoolOrder.NAME: (Key(column=ReservePool.name, kind=str), Key(column=ReservePool.id, kind=UUID)),
    },
)


def persons_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, Person]:
    """Persons by key."""
    rows = session.exec(select(Person).where(col(Person.id).in_(ids), persons_in_scope(viewer)))
    return {row.id: row for row in rows}


def persons_by_code(session: Session, viewer: Viewer, codes: Sequence[str]) -> dict[str, Person]:
    """Persons by 编号."""
    rows = session.exec(select(Person).where(col(Person.code).in_(codes), persons_in_scope(viewer)))
    return {row.code: row for row in rows}


def cadres_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, Person]:
    """Persons with any appointment, by key."""
    rows = session.exec(select(Person).where(col(Person.id).in_(ids), persons_in_scope(viewer), _has_appointment()))
    return {row.id: row for row in rows}


def cadres_by_code(session: Session, viewer: Viewer, codes: Sequence[str]) -> dict[str, Person]:
    """Persons with any appointment, by 编号."""
    rows = session.exec(select(Person).where(col(Person.code).in_(codes), persons_in_scope(viewer), _has_appointment()))
    return {row.code: row for row in rows}


def mentees_by_id(
    session: Session, viewer: Viewer, ids: Sequence[UUID]
) -> dict[UUID, ReserveCandidate | AssignedCadre]:
    """The reserve candidate or assigned cadre of each mentee key, in one statement."""
    rows: Any = session.exec(
        select(Mentee.id, ReserveCandidate, AssignedCadre)
        .outerjoin(ReserveCandidate, col(ReserveCandidate.id) == col(Mentee.id))
        .outerjoin(AssignedCadre, col(AssignedCadre.id) == col(Mentee.id))
        .where(col(Mentee.id).in_(ids), mentees_in_scope(viewer))
    )
    records = {key: cadre if candidate is None else candidate for key, candidate, cadre in rows}
    return {key: record for key, record in records.items() if record is not None}


def villages_by_mentee(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, Division]:
    """The village in which each mentee serves."""
    rows = session.exec(
        select(Mentee.id, Division)
        .join(Division, col(Division.id) == col(Mentee.village_id))
        .where(col(Mentee.id).in_(ids), mentees_in_scope(viewer))
    )
    return dict(rows.all())


def _mentees_grouped(
    session: Session, viewer: Viewer, table: Any, column: Any, ids: Sequence[UUID]
) -> dict[UUID, list[Any]]:
    rows = session.exec(
        select(column, table)
        .join(Mentee, col(Mentee.id) == col(table.id))
        .join(Person, col(Person.id) == col(Mentee.person_id))
        .where(col(column).in_(ids), mentees_in_scope(viewer))
        .order_by(col(Person.code), col(table.id))
    )
    return group_by_key(ids, rows.all())


def candidates_by_person(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[ReserveCandidate]]:
    """The records of each person as reserve candidate."""
    return _mentees_grouped(session, viewer, ReserveCandidate, Mentee.person_id, ids)


def assigned_by_person(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[AssignedCadre]]:
    """The postings of each person as assigned cadre."""
    return _mentees_grouped(session, viewer, AssignedCadre, Mentee.person_id, ids)


def _owned(session: Session, viewer: Viewer, table: Any, ids: Sequence[UUID], *order: Any) -> dict[UUID, list[Any]]:
    rows = session.exec(
        select(table)
        .where(col(table.person_id).in_(ids), of_persons_in_scope(viewer, table.person_id))
        .order_by(*order)
    )
    return group_by_key(ids, [(row.person_id, row) for row in rows])


def appointments_by_person(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[Appointment]]:
    """The posts of each person, oldest first."""
    return _owned(session, viewer, Appointment, ids, col(Appointment.start_date), col(Appointment.id))


def appraisals_by_person(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[AnnualAppraisal]]:
    """The annual appraisals of each person, newest first."""
    return _owned(session, viewer, AnnualAppraisal, ids, col(AnnualAppraisal.year).desc())


def links_by_person(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[VillageLink]]:
    """The contact links of each person."""
    return _owned(session, viewer, VillageLink, ids, col(VillageLink.start_date), col(VillageLink.id))


def needs_by_person(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[DevelopmentNeed]]:
    """The development needs of each person, heaviest first."""
    return _owned(
        session, viewer, DevelopmentNeed, ids, col(DevelopmentNeed.weight).desc(), col(DevelopmentNeed.specialty)
    )


def needs_by_village(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[DevelopmentNeed]]:
    """The development needs of each village, heaviest first."""
    rows = session.exec(
        select(DevelopmentNeed)
        .join(Division, col(Division.id) == col(DevelopmentNeed.village_id))
        .where(col(DevelopmentNeed.village_id).in_(ids), divisions_around(viewer))
        .order_by(col(DevelopmentNeed.weight).desc(), col(DevelopmentNeed.specialty))
    )
    return group_by_key(ids, [(row.village_id, row) for row in rows])


def reserve_pools_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, ReservePool]:
    """Reserve pools by key, of the counties around the viewer."""
    rows = session.exec(_reserve_pools(viewer, ReservePoolFilter()).where(col(ReservePool.id).in_(ids)))
    return {row.id: row for row in rows}
