"""Reading mentors: pools, mentors, their specialties and how many mentees they carry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
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
from app.reads.conditions import Condition, Span, among, at_instants, equals, named, only, person_found, under
from app.reads.paging import Key, Listing, group_by_key
from app.reads.scope import divisions_around, of_persons_in_scope

RUNNING_PAIRINGS = (PairingState.ACTIVE, PairingState.EXTENDED)
"""States of a pairing in which its mentors are busy with it."""


class MentorOrder(StrEnum):
    """Orders of the list of mentors."""

    CODE = "CODE"
    NAME = "NAME"
    UPDATED_AT = "UPDATED_AT"


class MentorPoolOrder(StrEnum):
    """Orders of the list of mentor pools."""

    DIVISION = "DIVISION"
    NAME = "NAME"


@dataclass(frozen=True, slots=True, kw_only=True)
class MentorFilter:
    """Which mentors; ``None`` leaves a condition out."""

    division_code: str | None = None
    states: tuple[MentorState, ...] | None = None
    categories: tuple[MentorCategory, ...] | None = None
    specialty: Specialty | None = None
    pool_id: UUID | None = None
    has_free_capacity: bool | None = None
    available_on: date | None = None
    search: str | None = None
    updated_at: Span[datetime] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MentorPoolFilter:
    """Which mentor pools; ``None`` leaves a condition out."""

    division_code: str | None = None
    search: str | None = None


def _mentors(viewer: Viewer, wanted: MentorFilter) -> SelectOfScalar[Mentor]:
    return (
        select(Mentor)
        .join(Person, col(Person.id) == col(Mentor.person_id))
        .join(MentorPool, col(MentorPool.id) == col(Mentor.pool_id))
        .where(
            of_persons_in_scope(viewer, Mentor.person_id),
            *only(
                under(wanted.division_code, MentorPool.division_id),
                among(Mentor.state, wanted.states),
                among(Mentor.category, wanted.categories),
                None if wanted.specialty is None else col(Mentor.id).in_(_knowing(wanted.specialty)),
                equals(Mentor.pool_id, wanted.pool_id),
                _has_free_capacity(wanted.has_free_capacity),
                _available_on(wanted.available_on),
                person_found(viewer, wanted.search),
                at_instants(Mentor.updated_at, wanted.updated_at),
            ),
        )
    )


def _knowing(specialty: Specialty) -> Any:
    return select(col(MentorSpecialty.mentor_id)).where(col(MentorSpecialty.specialty) == specialty)


def _has_free_capacity(wanted: bool | None) -> Condition:
    """Whether the person carries fewer mentees now than the capacity; an empty one counts as 1, the target load."""
    if wanted is None:
        return None
    seat = aliased(Mentor)
    load = (
        select(func.count(distinct(col(Mentee.person_id))))
        .select_from(PairingMember)
        .join(seat, col(seat.id) == col(PairingMember.mentor_id))
        .join(Pairing, col(Pairing.id) == col(PairingMember.pairing_id))
        .join(Mentee, col(Mentee.id) == col(Pairing.mentee_id))
        .where(
            col(seat.person_id) == col(Mentor.person_id),
            col(PairingMember.state) == PairingMemberState.ACTIVE,
            col(Pairing.state).in_(RUNNING_PAIRINGS),
        )
        .correlate(Mentor)
        .scalar_subquery()
    )
    is_free = load < func.coalesce(col(Mentor.capacity), 1)
    return is_free if wanted else ~is_free


def _available_on(day: date | None) -> Condition:
    if day is None:
        return None
    begun = col(Mentor.available_from).is_(None) | (col(Mentor.available_from) <= day)
    return begun & (col(Mentor.available_to).is_(None) | (col(Mentor.available_to) >= day))


def _pools(viewer: Viewer, wanted: MentorPoolFilter) -> SelectOfScalar[MentorPool]:
    return (
        select(MentorPool)
        .join(Division, col(Division.id) == col(MentorPool.division_id))
        .where(
            divisions_around(viewer),
            *only(under(wanted.division_code, MentorPool.division_id), named(MentorPool, wanted.search)),
        )
    )


MENTORS = Listing(
    name="mentors",
    table=Mentor,
    parent=Mentor.pool_id,
    statement=_mentors,
    orders={
        MentorOrder.CODE: (Key(column=Person.code, kind=str), Key(column=Mentor.id, kind=UUID)),
        MentorOrder.NAME: (Key(column=Person.name, kind=str), Key(column=Mentor.id, kind=UUID)),
        MentorOrder.UPDATED_AT: (Key(column=Mentor.updated_at, kind=datetime), Key(column=Mentor.id, kind=UUID)),
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


def mentors_by_person(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[Mentor]]:
    """The records of each person as mentor."""
    rows = session.exec(
        select(Mentor)
        .join(Person, col(Person.id) == col(Mentor.person_id))
        .where(col(Mentor.person_id).in_(ids), of_persons_in_scope(viewer, Mentor.person_id))
        .order_by(col(Person.code), col(Mentor.id))
    )
    return group_by_key(ids, [(row.person_id, row) for row in rows])


def pools_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, MentorPool]:
    """Mentor pools by key, inside the territory or of a division that contains it."""
    rows = session.exec(_pools(viewer, MentorPoolFilter()).where(col(MentorPool.id).in_(ids)))
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
