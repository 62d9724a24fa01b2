"""Reading people: persons with their careers, cadres, mentees and what belongs to them."""

from collections.abc import Sequence
from dataclasses import dataclass
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
    VillageCondition,
    VillageLink,
)
from app.models.vocabulary import AssignmentState, CandidateState, PostKind, TargetPost, VillageConditionKind
from app.reads.paging import Key, Listing, group_by_key
from app.reads.scope import (
    divisions_around,
    mentees_in_scope,
    name_contains,
    of_persons_in_scope,
    persons_in_scope,
    under_code,
)

VILLAGE_POSTS = (PostKind.VILLAGE_SECRETARY, PostKind.VILLAGE_DIRECTOR, PostKind.VILLAGE_COMMITTEE_MEMBER)
"""Posts whose holder is a village cadre."""


class PersonOrder(StrEnum):
    """Orders of lists of persons."""

    CODE = "CODE"
    NAME = "NAME"


class MenteeOrder(StrEnum):
    """Orders of lists of mentees."""

    CODE = "CODE"
    NAME = "NAME"
    VILLAGE = "VILLAGE"


@dataclass(frozen=True, slots=True, kw_only=True)
class CadreFilter:
    """Which cadres; ``None`` leaves a condition out."""

    division_code: str | None = None
    is_village_cadre: bool | None = None
    post: PostKind | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateFilter:
    """Which reserve candidates; ``None`` leaves a condition out."""

    division_code: str | None = None
    states: tuple[CandidateState, ...] | None = None
    target_post: TargetPost | None = None
    condition: VillageConditionKind | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignedCadreFilter:
    """Which assigned cadres; ``None`` leaves a condition out."""

    division_code: str | None = None
    state: AssignmentState | None = None
    condition: VillageConditionKind | None = None
    name: str | None = None


def _has_appointment(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    held = select(col(Appointment.id)).where(col(Appointment.person_id) == col(Person.id), *conditions)
    return held.exists()


def _cadres(viewer: Viewer, wanted: CadreFilter) -> SelectOfScalar[Person]:
    statement = select(Person).where(persons_in_scope(viewer), _has_appointment())
    current = col(Appointment.end_date).is_(None)
    if wanted.division_code is not None:
        statement = statement.where(under_code(wanted.division_code, Person.division_id))
    if wanted.is_village_cadre is not None:
        in_village = _has_appointment(current, col(Appointment.post).in_(VILLAGE_POSTS))
        statement = statement.where(in_village if wanted.is_village_cadre else ~in_village)
    if wanted.post is not None:
        statement = statement.where(_has_appointment(current, col(Appointment.post) == wanted.post))
    if wanted.name is not None:
        statement = statement.where(name_contains(Person.name, wanted.name))
    return statement


def _of_mentees(statement: Any, wanted: CandidateFilter | AssignedCadreFilter) -> Any:
    if wanted.division_code is not None:
        statement = statement.where(under_code(wanted.division_code, Mentee.village_id))
    if wanted.condition is not None:
        in_condition = select(col(VillageCondition.village_id)).where(
            col(VillageCondition.kind) == wanted.condition, col(VillageCondition.end_date).is_(None)
        )
        statement = statement.where(col(Mentee.village_id).in_(in_condition))
    if wanted.name is not None:
        statement = statement.where(name_contains(Person.name, wanted.name))
    return statement


def _candidates(viewer: Viewer, wanted: CandidateFilter) -> SelectOfScalar[ReserveCandidate]:
    statement = (
        select(ReserveCandidate)
        .join(Mentee, col(Mentee.id) == col(ReserveCandidate.id))
        .join(Person, col(Person.id) == col(ReserveCandidate.person_id))
        .join(Division, col(Division.id) == col(Mentee.village_id))
        .where(mentees_in_scope(viewer))
    )
    if wanted.states is not None:
        statement = statement.where(col(ReserveCandidate.state).in_(wanted.states))
    if wanted.target_post is not None:
        statement = statement.where(col(ReserveCandidate.target_post) == wanted.target_post)
    filtered: SelectOfScalar[ReserveCandidate] = _of_mentees(statement, wanted)
    return filtered


def _assigned_cadres(viewer: Viewer, wanted: AssignedCadreFilter) -> SelectOfScalar[AssignedCadre]:
    statement = (
        select(AssignedCadre)
        .join(Mentee, col(Mentee.id) == col(AssignedCadre.id))
        .join(Person, col(Person.id) == col(AssignedCadre.person_id))
        .join(Division, col(Division.id) == col(Mentee.village_id))
        .where(mentees_in_scope(viewer))
    )
    if wanted.state is not None:
        statement = statement.where(col(AssignedCadre.state) == wanted.state)
    filtered: SelectOfScalar[AssignedCadre] = _of_mentees(statement, wanted)
    return filtered


def _mentee_orders(table: Any) -> dict[StrEnum, tuple[Key, ...]]:
    last = Key(column=table.id, kind=UUID)
    return {
        MenteeOrder.CODE: (Key(column=Person.code, kind=str), last),
        MenteeOrder.NAME: (Key(column=Person.name, kind=str), last),
        MenteeOrder.VILLAGE: (Key(column=Division.code, kind=str), Key(column=Person.code, kind=str), last),
    }


CADRES = Listing(
    name="cadres",
    table=Person,
    statement=_cadres,
    orders={
        PersonOrder.CODE: (Key(column=Person.code, kind=str), Key(column=Person.id, kind=UUID)),
        PersonOrder.NAME: (Key(column=Person.name, kind=str), Key(column=Person.id, kind=UUID)),
    },
)
RESERVE_CANDIDATES = Listing(
    name="reserveCandidates", table=ReserveCandidate, statement=_candidates, orders=_mentee_orders(ReserveCandidate)
)
ASSIGNED_CADRES = Listing(
    name="assignedCadres", table=AssignedCadre, statement=_assigned_cadres, orders=_mentee_orders(AssignedCadre)
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


def candidates_by_village(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[ReserveCandidate]]:
    """The reserve candidates of each village."""
    return _mentees_grouped(session, viewer, ReserveCandidate, Mentee.village_id, ids)


def assigned_by_person(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[AssignedCadre]]:
    """The postings of each person as assigned cadre."""
    return _mentees_grouped(session, viewer, AssignedCadre, Mentee.person_id, ids)


def assigned_by_village(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[AssignedCadre]]:
    """The assigned cadres of each village."""
    return _mentees_grouped(session, viewer, AssignedCadre, Mentee.village_id, ids)


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
    rows = session.exec(
        select(ReservePool)
        .join(Division, col(Division.id) == col(ReservePool.county_id))
        .where(col(ReservePool.id).in_(ids), divisions_around(viewer))
    )
    return {row.id: row for row in rows}
