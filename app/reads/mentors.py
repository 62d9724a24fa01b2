"""Reading mentors: pools, mentors, their specialties and how many mentees they carry."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import distinct, func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.access import Viewer
from app.models import Division, Mentee, Mentor, MentorPool, MentorSpecialty, Pairing, PairingMember, Person
from app.models.vocabulary import MentorCategory, MentorState, PairingMemberState, PairingState, Specialty
from app.reads.paging import Key, Listing, group_by_key
from app.reads.scope import divisions_around, name_contains, of_persons_in_scope, under_code

RUNNING_PAIRINGS = (PairingState.ACTIVE, PairingState.EXTENDED)
"""States of a pairing in which its mentors are busy with it."""


class MentorOrder(StrEnum):
    """Orders of the list of mentors."""

    CODE = "CODE"
    NAME = "NAME"


class MentorPoolOrder(StrEnum):
    """Orders of the list of mentor pools."""

    DIVISION = "DIVISION"
    NAME = "NAME"


@dataclass(frozen=True, slots=True, kw_only=True)
class MentorFilter:
    """Which mentors; ``None`` leaves a condition out."""

    division_code: str | None = None
    state: MentorState | None = None
    categories: tuple[MentorCategory, ...] | None = None
    specialty: Specialty | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MentorPoolFilter:
    """Which mentor pools; ``None`` leaves a condition out."""

    division_code: str | None = None
    name: str | None = None


def _mentors(viewer: Viewer, wanted: MentorFilter) -> SelectOfScalar[Mentor]:
    statement = (
        select(Mentor)
        .join(Person, col(Person.id) == col(Mentor.person_id))
        .join(MentorPool, col(MentorPool.id) == col(Mentor.pool_id))
        .where(of_persons_in_scope(viewer, Mentor.person_id))
    )
    if wanted.division_code is not None:
        statement = statement.where(under_code(wanted.division_code, MentorPool.division_id))
    if wanted.state is not None:
        statement = statement.where(col(Mentor.state) == wanted.state)
    if wanted.categories is not None:
        statement = statement.where(col(Mentor.category).in_(wanted.categories))
    if wanted.specialty is not None:
        knowing = select(col(MentorSpecialty.mentor_id)).where(col(MentorSpecialty.specialty) == wanted.specialty)
        statement = statement.where(col(Mentor.id).in_(knowing))
    if wanted.name is not None:
        statement = statement.where(name_contains(Person.name, wanted.name))
    return statement


def _pools(viewer: Viewer, wanted: MentorPoolFilter) -> SelectOfScalar[MentorPool]:
    statement = (
        select(MentorPool)
        .join(Division, col(Division.id) == col(MentorPool.division_id))
        .where(divisions_around(viewer))
    )
    if wanted.division_code is not None:
        statement = statement.where(under_code(wanted.division_code, MentorPool.division_id))
    if wanted.name is not None:
        statement = statement.where(name_contains(MentorPool.name, wanted.name))
    return statement


MENTORS = Listing(
    name="mentors",
    table=Mentor,
    statement=_mentors,
    orders={
        MentorOrder.CODE: (Key(column=Person.code, kind=str), Key(column=Mentor.id, kind=UUID)),
        MentorOrder.NAME: (Key(column=Person.name, kind=str), Key(column=Mentor.id, kind=UUID)),
    },
)
MENTOR_POOLS = Listing(
    name="mentorPools",
    table=MentorPool,
    statement=_pools,
    orders={
        MentorPoolOrder.DIVISION: (Key(column=Division.code, kind=str), Key(column=MentorPool.id, kind=UUID)),
        MentorPoolOrder.NAME: (Key(column=MentorPool.name, kind=str), Key(column=MentorPool.id, kind=UUID)),
    },
)


def mentors_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, Mentor]:
    """Mentors by key."""
    rows = session.exec(select(Mentor).where(col(Mentor.id).in_(ids), of_persons_in_scope(viewer, Mentor.person_id)))
    return {row.id: row for row in rows}


def _grouped(session: Session, viewer: Viewer, column: Any, ids: Sequence[UUID]) -> dict[UUID, list[Mentor]]:
    rows = session.exec(
        select(column, Mentor)
        .join(Person, col(Person.id) == col(Mentor.person_id))
        .where(col(column).in_(ids), of_persons_in_scope(viewer, Mentor.person_id))
        .order_by(col(Person.code), col(Mentor.id))
    )
    return group_by_key(ids, rows.all())


def mentors_by_pool(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[Mentor]]:
    """The mentors of each pool."""
    return _grouped(session, viewer, Mentor.pool_id, ids)


def mentors_by_person(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[Mentor]]:
    """The records of each person as mentor."""
    return _grouped(session, viewer, Mentor.person_id, ids)


def pools_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, MentorPool]:
    """Mentor pools by key, inside the territory or of a division that contains it."""
    rows = session.exec(
        select(MentorPool)
        .join(Division, col(Division.id) == col(MentorPool.division_id))
        .where(col(MentorPool.id).in_(ids), divisions_around(viewer))
    )
    return {row.id: row for row in rows}


def specialties_by_mentor(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[MentorSpecialty]]:
    """What each mentor knows."""
    rows = session.exec(
        select(MentorSpecialty)
        .join(Mentor, col(Mentor.id) == col(MentorSpecialty.mentor_id))
        .where(col(MentorSpecialty.mentor_id).in_(ids), of_persons_in_scope(viewer, Mentor.person_id))
        .order_by(col(MentorSpecialty.level).desc(), col(MentorSpecialty.specialty))
    )
    return group_by_key(ids, [(row.mentor_id, row) for row in rows])


def loads_by_mentor(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many different persons each mentor's person mentors now, over all programmes and pools.

    The count is of the person: somebody in two pools has one pair of shoulders.
    """
    seat = aliased(Mentor)
    rows = session.exec(
        select(Mentor.id, func.count(distinct(col(Mentee.person_id))))
        .join(seat, col(seat.person_id) == col(Mentor.person_id))
        .join(PairingMember, col(PairingMember.mentor_id) == col(seat.id))
        .join(Pairing, col(Pairing.id) == col(PairingMember.pairing_id))
        .join(Mentee, col(Mentee.id) == col(Pairing.mentee_id))
        .where(
            col(Mentor.id).in_(ids),
            of_persons_in_scope(viewer, Mentor.person_id),
            col(PairingMember.state) == PairingMemberState.ACTIVE,
            col(Pairing.state).in_(RUNNING_PAIRINGS),
        )
        .group_by(col(Mentor.id))
    )
    loads = dict.fromkeys(ids, 0)
    loads.update(rows.all())
    return loads
