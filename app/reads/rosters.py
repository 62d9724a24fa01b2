"""Reading rosters and exports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, false, or_
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.access import Permission, Viewer, territory_clause
from app.models import Division, ExportJob, Mentee, PairingProgram, Roster, RosterEntry
from app.models.vocabulary import RosterState
from app.reads.paging import Key, Listing, group_by_key
from app.reads.scope import is_county_or_above, is_participant, of_mentees_in_scope, programs_in_scope, under_code


class RosterOrder(StrEnum):
    """Orders of the list of rosters."""

    PUBLISHED_AT = "PUBLISHED_AT"
    VERSION = "VERSION"


class RosterEntryOrder(StrEnum):
    """Orders of the entries of a roster."""

    POSITION = "POSITION"


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterFilter:
    """Which rosters; ``None`` leaves a condition out."""

    program_id: UUID | None = None
    states: tuple[RosterState, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterEntryFilter:
    """Which roster entries; ``None`` leaves a condition out."""

    division_code: str | None = None


def _rosters(viewer: Viewer, wanted: RosterFilter) -> SelectOfScalar[Roster]:
    statement = (
        select(Roster)
        .join(PairingProgram, col(PairingProgram.id) == col(Roster.program_id))
        .where(programs_in_scope(viewer))
    )
    if wanted.program_id is not None:
        statement = statement.where(col(Roster.program_id) == wanted.program_id)
    if wanted.states is not None:
        statement = statement.where(col(Roster.state).in_(wanted.states))
    return statement


def _entries(viewer: Viewer, wanted: RosterEntryFilter) -> SelectOfScalar[RosterEntry]:
    statement = select(RosterEntry).where(of_mentees_in_scope(viewer, RosterEntry.county_id, RosterEntry.mentee_id))
    if wanted.division_code is not None:
        under = select(col(Mentee.id)).where(under_code(wanted.division_code, Mentee.village_id))
        statement = statement.where(col(RosterEntry.mentee_id).in_(under))
    return statement


ROSTERS = Listing(
    name="rosters",
    table=Roster,
    statement=_rosters,
    orders={
        RosterOrder.PUBLISHED_AT: (Key(column=Roster.published_at, kind=datetime), Key(column=Roster.id, kind=UUID)),
        RosterOrder.VERSION: (Key(column=Roster.roster_version, kind=int), Key(column=Roster.id, kind=UUID)),
    },
)
ROSTER_ENTRIES = Listing(
    name="rosterEntries",
    table=RosterEntry,
    parent=RosterEntry.roster_id,
    statement=_entries,
    orders={
        RosterEntryOrder.POSITION: (
            Key(column=RosterEntry.position, kind=int),
            Key(column=RosterEntry.id, kind=UUID),
        ),
    },
)


def rosters_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, Roster]:
    """Rosters by key."""
    rows = session.exec(_rosters(viewer, RosterFilter()).where(col(Roster.id).in_(ids)))
    return {row.id: row for row in rows}


def rosters_by_program(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[Roster]]:
    """The roster versions of each programme, newest first."""
    rows = session.exec(
        _rosters(viewer, RosterFilter())
        .where(col(Roster.program_id).in_(ids))
        .order_by(col(Roster.roster_version).desc())
    )
    return group_by_key(ids, [(row.program_id, row) for row in rows])


def entries_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, RosterEntry]:
    """Roster entries by key."""
    inside = of_mentees_in_scope(viewer, RosterEntry.county_id, RosterEntry.mentee_id)
    rows = session.exec(select(RosterEntry).where(col(RosterEntry.id).in_(ids), inside))
    return {row.id: row for row in rows}


def exports_in_scope(viewer: Viewer) -> ColumnElement[bool]:
    """Files whose every row lies in the viewer's territory.

    A file of one county needs that county; a file without a county holds the programme's whole roster, so the
    programme's division itself must lie inside.
    """
    if is_participant(viewer) or not viewer.may(Permission.READ) or not is_county_or_above(viewer):
        return false()
    whole_program = col(ExportJob.county_id).is_(None) & _program_inside(viewer)
    return or_(col(ExportJob.county_id).is_not(None) & territory_clause(viewer, ExportJob.county_id), whole_program)


def _program_inside(viewer: Viewer) -> ColumnElement[bool]:
    """The condition that the programme behind a row lies wholly inside the territory."""
    inside = select(col(Division.id)).where(col(Division.code).startswith(viewer.code_prefix))
    return col(PairingProgram.division_id).in_(inside)


def exports_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, ExportJob]:
    """Export jobs by key, without the bytes of the file."""
    rows = session.exec(
        _exports(viewer).where(col(ExportJob.id).in_(ids)).options(defer(ExportJob.content, raiseload=True))  # type: ignore[arg-type]
    )
    return {row.id: row for row in rows}


def find_export_file(session: Session, viewer: Viewer, export_id: UUID) -> ExportJob | None:
    """One export job with the bytes of its file, if it lies in the viewer's territory."""
    return session.exec(_exports(viewer).where(col(ExportJob.id) == export_id)).first()


def _exports(viewer: Viewer) -> SelectOfScalar[ExportJob]:
    return (
        select(ExportJob)
        .join(Roster, col(Roster.id) == col(ExportJob.roster_id))
        .join(PairingProgram, col(PairingProgram.id) == col(Roster.program_id))
        .where(exports_in_scope(viewer))
    )
