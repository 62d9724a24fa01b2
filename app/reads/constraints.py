"""Reading what officers fix by hand: pins, released rules, exclusions and preferences.

All need the permission to read plans.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.access import Viewer, territory_clause
from app.models import Exclusion, Mentee, Person, Pin, Preference, RuleRelease
from app.reads.conditions import (
    Span,
    among,
    at_instants,
    either,
    equals,
    mentee_found,
    mentor_found,
    of_mentee,
    of_mentor,
    only,
    person_found,
    under,
)
from app.reads.paging import Key, Listing
from app.reads.scope import of_mentees_in_scope, persons_in_scope, plans_allowed


class ConstraintOrder(StrEnum):
    """Orders of what officers fixed by hand."""

    CREATED_AT = "CREATED_AT"


class MenteeConstraintOrder(StrEnum):
    """Orders of what officers fixed by hand for one mentee."""

    CREATED_AT = "CREATED_AT"
    MENTEE_CODE = "MENTEE_CODE"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFilter:
    """Which released rules; ``None`` leaves a condition out."""

    division_code: str | None = None
    program_id: UUID | None = None
    mentee_id: UUID | None = None
    search: str | None = None
    created_at: Span[datetime] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PinFilter(ReleaseFilter):
    """Which pins; ``None`` leaves a condition out."""

    mentor_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionFilter:
    """Which exclusions. Whom they concern is not told, so nothing of it can be asked for."""

    created_at: Span[datetime] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceFilter:
    """Which preferences, by who wishes; ``None`` leaves a condition out."""

    division_code: str | None = None
    from_person_id: UUID | None = None
    ranks: tuple[int, ...] | None = None
    search: str | None = None
    created_at: Span[datetime] | None = None


def _of_mentees(viewer: Viewer, table: Any, wanted: ReleaseFilter) -> Any:
    return (
        select(table)
        .join(Mentee, col(Mentee.id) == col(table.mentee_id))
        .join(Person, col(Person.id) == col(Mentee.person_id))
        .where(
            plans_allowed(viewer),
            of_mentees_in_scope(viewer, table.county_id, table.mentee_id),
            *only(
                under(wanted.division_code, Mentee.village_id),
                equals(table.program_id, wanted.program_id),
                of_mentee(viewer, wanted.mentee_id, table.mentee_id),
                at_instants(table.created_at, wanted.created_at),
            ),
        )
    )


def _pins(viewer: Viewer, wanted: PinFilter) -> SelectOfScalar[Pin]:
    statement: SelectOfScalar[Pin] = _of_mentees(viewer, Pin, wanted)
    return statement.where(
        *only(
            of_mentor(viewer, wanted.mentor_id, Pin.mentor_id),
            either(
                mentee_found(viewer, wanted.search, Pin.mentee_id), mentor_found(viewer, wanted.search, Pin.mentor_id)
            ),
        )
    )


def _releases(viewer: Viewer, wanted: ReleaseFilter) -> SelectOfScalar[RuleRelease]:
    statement: SelectOfScalar[RuleRelease] = _of_mentees(viewer, RuleRelease, wanted)
    return statement.where(*only(mentee_found(viewer, wanted.search, RuleRelease.mentee_id)))


def _exclusions(viewer: Viewer, wanted: ExclusionFilter) -> SelectOfScalar[Exclusion]:
    return select(Exclusion).where(
        plans_allowed(viewer),
        territory_clause(viewer, Exclusion.county_id),
        *only(at_instants(Exclusion.created_at, wanted.created_at)),
    )


def _preferences(viewer: Viewer, wanted: PreferenceFilter) -> SelectOfScalar[Preference]:
    return (
        select(Preference)
        .join(Person, col(Person.id) == col(Preference.from_person_id))
        .where(
            plans_allowed(viewer),
            persons_in_scope(viewer),
            *only(
                under(wanted.division_code, Person.division_id),
                equals(Preference.from_person_id, wanted.from_person_id),
                among(Preference.rank, wanted.ranks),
                person_found(viewer, wanted.search),
                at_instants(Preference.created_at, wanted.created_at),
            ),
        )
    )


def _by_time(table: Any) -> tuple[Key, ...]:
    return (Key(column=table.created_at, kind=datetime), Key(column=table.id, kind=UUID))


def _orders_of_mentees(table: Any) -> dict[StrEnum, tuple[Key, ...]]:
    return {
        MenteeConstraintOrder.CREATED_AT: _by_time(table),
        MenteeConstraintOrder.MENTEE_CODE: (Key(column=Person.code, kind=str), Key(column=table.id, kind=UUID)),
    }


PINS = Listing(name="pins", table=Pin, parent=Pin.program_id, statement=_pins, orders=_orders_of_mentees(Pin))
RULE_RELEASES = Listing(
    name="ruleReleases",
    table=RuleRelease,
    parent=RuleRelease.program_id,
    statement=_releases,
    orders=_orders_of_mentees(RuleRelease),
)
EXCLUSIONS = Listing(
    name="exclusions",
    table=Exclusion,
    statement=_exclusions,
    orders={ConstraintOrder.CREATED_AT: _by_time(Exclusion)},
)
PREFERENCES = Listing(
    name="preferences",
    table=Preference,
    statement=_preferences,
    orders={ConstraintOrder.CREATED_AT: _by_time(Preference)},
)


def pins_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, Pin]:
    """Pins by key."""
    rows = session.exec(_pins(viewer, PinFilter()).where(col(Pin.id).in_(ids)))
    return {row.id: row for row in rows}


def releases_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, RuleRelease]:
    """Released rules by key."""
    rows = session.exec(_releases(viewer, ReleaseFilter()).where(col(RuleRelease.id).in_(ids)))
    return {row.id: row for row in rows}


def exclusions_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, Exclusion]:
    """Exclusions by key."""
    rows = session.exec(_exclusions(viewer, ExclusionFilter()).where(col(Exclusion.id).in_(ids)))
    return {row.id: row for row in rows}


def preferences_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, Preference]:
    """Preferences by key."""
    rows = session.exec(_preferences(viewer, PreferenceFilter()).where(col(Preference.id).in_(ids)))
    return {row.id: row for row in rows}
