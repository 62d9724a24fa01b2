"""Reading pairing: programmes, policies, what officers fixed by hand, pairings and their members."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.access import Viewer, territory_clause
from app.models import (
    Exclusion,
    MatchPolicy,
    Mentee,
    Mentor,
    Pairing,
    PairingMember,
    PairingProgram,
    Person,
    Pin,
    Preference,
    ProgramSlot,
    RuleRelease,
)
from app.models.vocabulary import PairingState, ProgramKind
from app.reads.paging import Key, Listing, group_by_key
from app.reads.scope import (
    of_mentees_in_scope,
    of_persons_in_scope,
    pairings_in_scope,
    plans_allowed,
    programs_in_scope,
    under_code,
)


class ProgramOrder(StrEnum):
    """Orders of the list of programmes."""

    YEAR = "YEAR"
    NAME = "NAME"


class PolicyOrder(StrEnum):
    """Orders of the list of policy versions."""

    VERSION = "VERSION"


class PairingOrder(StrEnum):
    """Orders of the list of pairings."""

    START_DATE = "START_DATE"
    MENTEE_CODE = "MENTEE_CODE"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramFilter:
    """Which programmes; ``None`` leaves a condition out."""

    division_code: str | None = None
    kind: ProgramKind | None = None
    year: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFilter:
    """Which policy versions; ``None`` leaves a condition out."""

    program_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingFilter:
    """Which pairings; ``None`` leaves a condition out."""

    division_code: str | None = None
    program_id: UUID | None = None
    states: tuple[PairingState, ...] | None = None
    mentee_id: UUID | None = None
    mentor_id: UUID | None = None


def _programs(viewer: Viewer, wanted: ProgramFilter) -> SelectOfScalar[PairingProgram]:
    statement = select(PairingProgram).where(programs_in_scope(viewer))
    if wanted.division_code is not None:
        statement = statement.where(under_code(wanted.division_code, PairingProgram.division_id))
    if wanted.kind is not None:
        statement = statement.where(col(PairingProgram.kind) == wanted.kind)
    if wanted.year is not None:
        statement = statement.where(col(PairingProgram.year) == wanted.year)
    return statement


def _policies(viewer: Viewer, wanted: PolicyFilter) -> SelectOfScalar[MatchPolicy]:
    statement = (
        select(MatchPolicy)
        .join(PairingProgram, col(PairingProgram.id) == col(MatchPolicy.program_id))
        .where(programs_in_scope(viewer))
    )
    if wanted.program_id is not None:
        statement = statement.where(col(MatchPolicy.program_id) == wanted.program_id)
    return statement


def _pairings(viewer: Viewer, wanted: PairingFilter) -> SelectOfScalar[Pairing]:
    statement = (
        select(Pairing)
        .join(Mentee, col(Mentee.id) == col(Pairing.mentee_id))
        .join(Person, col(Person.id) == col(Mentee.person_id))
        .where(pairings_in_scope(viewer))
    )
    if wanted.division_code is not None:
        statement = statement.where(under_code(wanted.division_code, Mentee.village_id))
    if wanted.program_id is not None:
        statement = statement.where(col(Pairing.program_id) == wanted.program_id)
    if wanted.states is not None:
        statement = statement.where(col(Pairing.state).in_(wanted.states))
    if wanted.mentee_id is not None:
        statement = statement.where(col(Pairing.mentee_id) == wanted.mentee_id)
    if wanted.mentor_id is not None:
        with_mentor = select(col(PairingMember.pairing_id)).where(col(PairingMember.mentor_id) == wanted.mentor_id)
        statement = statement.where(col(Pairing.id).in_(with_mentor))
    return statement


PROGRAMS = Listing(
    name="pairingPrograms",
    table=PairingProgram,
    statement=_programs,
    orders={
        ProgramOrder.YEAR: (Key(column=PairingProgram.year, kind=int), Key(column=PairingProgram.id, kind=UUID)),
        ProgramOrder.NAME: (Key(column=PairingProgram.name, kind=str), Key(column=PairingProgram.id, kind=UUID)),
    },
)
POLICIES = Listing(
    name="matchPolicies",
    table=MatchPolicy,
    statement=_policies,
    orders={
        PolicyOrder.VERSION: (
            Key(column=MatchPolicy.policy_version, kind=int),
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


def policies_by_program(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[MatchPolicy]]:
    """The policy versions of each programme, newest first."""
    rows = session.exec(
        _policies(viewer, PolicyFilter())
        .where(col(MatchPolicy.program_id).in_(ids))
        .order_by(col(MatchPolicy.policy_version).desc())
    )
    return group_by_key(ids, [(row.program_id, row) for row in rows])


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
    """The pairings in which each mentor serves or served, newest first, each once."""
    rows = session.exec(
        select(PairingMember.mentor_id, Pairing)
        .join(Pairing, col(Pairing.id) == col(PairingMember.pairing_id))
        .where(col(PairingMember.mentor_id).in_(ids), pairings_in_scope(viewer))
        .order_by(col(Pairing.start_date).desc(), col(Pairing.created_at).desc(), col(Pairing.id))
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


def _by_program(session: Session, viewer: Viewer, table: Any, ids: Sequence[UUID]) -> dict[UUID, list[Any]]:
    rows = session.exec(
        select(table)
        .where(
            col(table.program_id).in_(ids),
            plans_allowed(viewer),
            of_mentees_in_scope(viewer, table.county_id, table.mentee_id),
        )
        .order_by(col(table.created_at), col(table.id))
    )
    return group_by_key(ids, [(row.program_id, row) for row in rows])


def pins_by_program(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[Pin]]:
    """The pins of each programme, oldest first."""
    return _by_program(session, viewer, Pin, ids)


def releases_by_program(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[RuleRelease]]:
    """The released rules of each programme, oldest first."""
    return _by_program(session, viewer, RuleRelease, ids)


def pins_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, Pin]:
    """Pins by key."""
    rows = session.exec(
        select(Pin).where(
            col(Pin.id).in_(ids), plans_allowed(viewer), of_mentees_in_scope(viewer, Pin.county_id, Pin.mentee_id)
        )
    )
    return {row.id: row for row in rows}


def releases_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, RuleRelease]:
    """Released rules by key."""
    inside = of_mentees_in_scope(viewer, RuleRelease.county_id, RuleRelease.mentee_id)
    rows = session.exec(select(RuleRelease).where(col(RuleRelease.id).in_(ids), plans_allowed(viewer), inside))
    return {row.id: row for row in rows}


def exclusions_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, Exclusion]:
    """Exclusions by key."""
    rows = session.exec(
        select(Exclusion).where(
            col(Exclusion.id).in_(ids), plans_allowed(viewer), territory_clause(viewer, Exclusion.county_id)
        )
    )
    return {row.id: row for row in rows}


def preferences_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, Preference]:
    """Preferences by key."""
    rows = session.exec(
        select(Preference).where(
            col(Preference.id).in_(ids),
            plans_allowed(viewer),
            of_persons_in_scope(viewer, Preference.from_person_id),
        )
    )
    return {row.id: row for row in rows}


def preferences_by_person(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[Preference]]:
    """The wishes of each person about others, first choice first."""
    rows = session.exec(
        select(Preference)
        .where(
            col(Preference.from_person_id).in_(ids),
            plans_allowed(viewer),
            of_persons_in_scope(viewer, Preference.from_person_id),
        )
        .order_by(col(Preference.rank), col(Preference.id))
    )
    return group_by_key(ids, [(row.from_person_id, row) for row in rows])


def members_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, PairingMember]:
    """Seats of pairings by key."""
    rows = session.exec(
        select(PairingMember)
        .join(Pairing, col(Pairing.id) == col(PairingMember.pairing_id))
        .where(col(PairingMember.id).in_(ids), pairings_in_scope(viewer))
    )
    return {row.id: row for row in rows}
