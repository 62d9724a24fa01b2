"""Reading pairing: programmes, policies, pairings and their members."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.access import Viewer
from app.models import MatchPolicy, Mentee, Mentor, Pairing, PairingMember, PairingProgram, Person, ProgramSlot
from app.models.vocabulary import MenteeKind, PairingState, ProgramKind
from app.reads.conditions import (
    Condition,
    Span,
    among,
    at_instants,
    equals,
    named,
    of_mentee,
    of_mentor,
    on_days,
    only,
    participant_found,
    under,
)
from app.reads.paging import Key, Listing, group_by_key
from app.reads.scope import pairings_in_scope, programs_in_scope


class ProgramOrder(StrEnum):
    """Orders of the list of programmes."""

    YEAR = "YEAR"
    NAME = "NAME"
    START_DATE = "START_DATE"


class PolicyOrder(StrEnum):
    """Orders of the list of policy versions."""

    VERSION = "VERSION"
    CREATED_AT = "CREATED_AT"


class PairingOrder(StrEnum):
    """Orders of the list of pairings."""

    START_DATE = "START_DATE"
    END_DATE = "END_DATE"
    MENTEE_CODE = "MENTEE_CODE"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramFilter:
    """Which programmes; ``None`` leaves a condition out."""

    division_code: str | None = None
    kind: ProgramKind | None = None
    mentee_kind: MenteeKind | None = None
    year: int | None = None
    start_date: Span[date] | None = None
    search: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFilter:
    """Which policy versions; ``None`` leaves a condition out."""

    division_code: str | None = None
    program_id: UUID | None = None
    created_at: Span[datetime] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingFilter:
    """Which pairings; ``None`` leaves a condition out."""

    division_code: str | None = None
    program_id: UUID | None = None
    states: tuple[PairingState, ...] | None = None
    mentee_id: UUID | None = None
    mentor_id: UUID | None = None
    start_date: Span[date] | None = None
    end_date: Span[date] | None = None
    search: str | None = None


def _programs(viewer: Viewer, wanted: ProgramFilter) -> SelectOfScalar[PairingProgram]:
    return select(PairingProgram).where(
        programs_in_scope(viewer),
        *only(
            under(wanted.division_code, PairingProgram.division_id),
            equals(PairingProgram.kind, wanted.kind),
            equals(PairingProgram.mentee_kind, wanted.mentee_kind),
            equals(PairingProgram.year, wanted.year),
            on_days(PairingProgram.start_date, wanted.start_date),
            named(PairingProgram, wanted.search),
        ),
    )


def _policies(viewer: Viewer, wanted: PolicyFilter) -> SelectOfScalar[MatchPolicy]:
    return (
        select(MatchPolicy)
        .join(PairingProgram, col(PairingProgram.id) == col(MatchPolicy.program_id))
        .where(
            programs_in_scope(viewer),
            *only(
                under(wanted.division_code, PairingProgram.division_id),
                equals(MatchPolicy.program_id, wanted.program_id),
                at_instants(MatchPolicy.created_at, wanted.created_at),
            ),
        )
    )


def _pairings(viewer: Viewer, wanted: PairingFilter) -> SelectOfScalar[Pairing]:
    return (
        select(Pairing)
        .join(Mentee, col(Mentee.id) == col(Pairing.mentee_id))
        .join(Person, col(Person.id) == col(Mentee.person_id))
        .where(
            pairings_in_scope(viewer),
            *only(
                under(wanted.division_code, Mentee.village_id),
                equals(Pairing.program_id, wanted.program_id),
                among(Pairing.state, wanted.states),
                of_mentee(viewer, wanted.mentee_id, Pairing.mentee_id),
                _with_mentor(viewer, wanted.mentor_id),
                on_days(Pairing.start_date, wanted.start_date),
                on_days(Pairing.end_date, wanted.end_date),
                participant_found(viewer, wanted.search),
            ),
        )
    )


def _with_mentor(viewer: Viewer, mentor_id: UUID | None) -> Condition:
    served = of_mentor(viewer, mentor_id, PairingMember.mentor_id)
    return None if served is None else col(Pairing.id).in_(select(col(PairingMember.pairing_id)).where(served))


PROGRAMS = Listing(
    name="pairingPrograms",
    table=PairingProgram,
    statement=_programs,
    orders={
        ProgramOrder.YEAR: (Key(column=PairingProgram.year, kind=int), Key(column=PairingProgram.id, kind=UUID)),
        ProgramOrder.NAME: (Key(column=PairingProgram.name, kind=str), Key(column=PairingProgram.id, kind=UUID)),
        ProgramOrder.START_DATE: (
            Key(column=PairingProgram.start_date, kind=date),
            Key(column=PairingProgram.id, kind=UUID),
        ),
    },
)
POLICIES = Listing(
    name="matchPolicies",
    table=MatchPolicy,
    parent=MatchPolicy.program_id,
    statement=_policies,
    orders={
        PolicyOrder.VERSION: (
            Key(column=MatchPolicy.policy_version, kind=int),
            Key(column=MatchPolicy.id, kind=UUID),
        ),
        PolicyOrder.CREATED_AT: (
            Key(column=MatchPolicy.created_at, kind=datetime),
            Key(column=MatchPolicy.id, kind=UUID),
        ),
    },
)
PAIRINGS = Listing(
    name="pairings",
    table=Pairing,
    parent=Pairing.program_id,
    statement=_pairings,
    orders={
        PairingOrder.MENTEE_CODE: (Key(column=Person.code, kind=str), Key(column=Pairing.id, kind=UUID)),
        PairingOrder.START_DATE: (Key(column=Pairing.start_date, kind=date), Key(column=Pairing.id, kind=UUID)),
        PairingOrder.END_DATE: (Key(column=Pairing.end_date, kind=date), Key(column=Pairing.id, kind=UUID)),
    },
)


def programs_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, PairingProgram]:
    """Programmes by key."""
    rows = session.exec(select(PairingProgram).where(col(PairingProgram.id).in_(ids), programs_in_scope(viewer)))
    return {row.id: row for row in rows}


def slots_by_program(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[ProgramSlot]]:
    """The mentor slots of each programme, in order."""
    rows = session.exec(
        select(ProgramSlot)
        .join(PairingProgram, col(PairingProgram.id) == col(ProgramSlot.program_id))
        .where(col(ProgramSlot.program_id).in_(ids), programs_in_scope(viewer))
        .order_by(col(ProgramSlot.position))
    )
    return group_by_key(ids, [(row.program_id, row) for row in rows])


def policies_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, MatchPolicy]:
    """Policy versions by key."""
    rows = session.exec(_policies(viewer, PolicyFilter()).where(col(MatchPolicy.id).in_(ids)))
    return {row.id: row for row in rows}


def pairings_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, Pairing]:
    """Pairings by key."""
    rows = session.exec(select(Pairing).where(col(Pairing.id).in_(ids), pairings_in_scope(viewer)))
    return {row.id: row for row in rows}


def pairings_by_mentee(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[Pairing]]:
    """The pairings of each mentee, newest first."""
    rows = session.exec(
        select(Pairing)
        .where(col(Pairing.mentee_id).in_(ids), pairings_in_scope(viewer))
        .order_by(col(Pairing.start_date).desc(), col(Pairing.created_at).desc(), col(Pairing.id))
    )
    return group_by_key(ids, [(row.mentee_id, row) for row in rows])


def pairings_by_mentor(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[Pairing]]:
    """The pairings in which each mentor serves or served, newest first, then by 编号 of the mentee, each once."""
    rows = session.exec(
        select(PairingMember.mentor_id, Pairing)
        .join(Pairing, col(Pairing.id) == col(PairingMember.pairing_id))
        .join(Mentee, col(Mentee.id) == col(Pairing.mentee_id))
        .join(Person, col(Person.id) == col(Mentee.person_id))
        .where(col(PairingMember.mentor_id).in_(ids), pairings_in_scope(viewer))
        .order_by(col(Pairing.start_date).desc(), col(Person.code), col(Pairing.created_at).desc(), col(Pairing.id))
    )
    seen = {(mentor_id, pairing.id): pairing for mentor_id, pairing in rows}
    return group_by_key(ids, [(mentor_id, pairing) for (mentor_id, _), pairing in seen.items()])


def members_by_pairing(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[PairingMember]]:
    """The mentors in the slots of each pairing, in the order of the programme's slots, then of time."""
    rows = session.exec(
        select(PairingMember)
        .join(Pairing, col(Pairing.id) == col(PairingMember.pairing_id))
        .outerjoin(
            ProgramSlot,
            (col(ProgramSlot.program_id) == col(Pairing.program_id))
            & (col(ProgramSlot.code) == col(PairingMember.slot_code)),
        )
        .where(col(PairingMember.pairing_id).in_(ids), pairings_in_scope(viewer))
        .order_by(col(ProgramSlot.position), col(PairingMember.start_date), col(PairingMember.id))
    )
    return group_by_key(ids, [(row.pairing_id, row) for row in rows])


def mentee_names_by_pairing(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, str]:
    """The name of the mentee of each pairing: duty data that the other side of a pairing may see."""
    rows = session.exec(
        select(Pairing.id, Person.name)
        .join(Mentee, col(Mentee.id) == col(Pairing.mentee_id))
        .join(Person, col(Person.id) == col(Mentee.person_id))
        .where(col(Pairing.id).in_(ids), pairings_in_scope(viewer))
    )
    return dict(rows.all())


def mentor_names_by_member(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, str]:
    """The name of the mentor in each seat: duty data that the other side of a pairing may see."""
    rows = session.exec(
        select(PairingMember.id, Person.name)
        .join(Pairing, col(Pairing.id) == col(PairingMember.pairing_id))
        .join(Mentor, col(Mentor.id) == col(PairingMember.mentor_id))
        .join(Person, col(Person.id) == col(Mentor.person_id))
        .where(col(PairingMember.id).in_(ids), pairings_in_scope(viewer))
    )
    return dict(rows.all())


def members_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, PairingMember]:
    """Seats of pairings by key."""
    rows = session.exec(
        select(PairingMember)
        .join(Pairing, col(Pairing.id) == col(PairingMember.pairing_id))
        .where(col(PairingMember.id).in_(ids), pairings_in_scope(viewer))
    )
    return {row.id: row for row in rows}
