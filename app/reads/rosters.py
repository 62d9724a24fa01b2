"""Reading rosters and exports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, LargeBinary, false, func
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.access import Permission, Viewer
from app.models import Division, ExportJob, Mentee, PairingProgram, Roster, RosterEntry, RosterMaster
from app.models.vocabulary import ExportForm, ExportFormat, ExportState, MaskLevel, ProgramKind, RosterState
from app.reads.conditions import Span, among, at_instants, equals, mentee_found, named, only, under
from app.reads.paging import Key, Listing
from app.reads.scope import is_county_or_above, is_participant, of_mentees_in_scope, programs_in_scope


class RosterOrder(StrEnum):
    """Orders of the list of rosters."""

    PUBLISHED_AT = "PUBLISHED_AT"
    VERSION = "VERSION"


class RosterEntryOrder(StrEnum):
    """Orders of the entries of a roster."""

    POSITION = "POSITION"


class ExportOrder(StrEnum):
    """Orders of the list of files handed out."""

    CREATED_AT = "CREATED_AT"


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterFilter:
    """Which rosters; ``None`` leaves a condition out."""

    division_code: str | None = None
    program_id: UUID | None = None
    kind: ProgramKind | None = None
    states: tuple[RosterState, ...] | None = None
    published_at: Span[datetime] | None = None
    search: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterEntryFilter:
    """Which roster entries; ``None`` leaves a condition out."""

    division_code: str | None = None
    search: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFilter:
    """Which files handed out; ``None`` leaves a condition out."""

    division_code: str | None = None
    program_id: UUID | None = None
    roster_id: UUID | None = None
    forms: tuple[ExportForm, ...] | None = None
    states: tuple[ExportState, ...] | None = None
    formats: tuple[ExportFormat, ...] | None = None
    mask_levels: tuple[MaskLevel, ...] | None = None
    created_at: Span[datetime] | None = None


def _rosters(viewer: Viewer, wanted: RosterFilter) -> SelectOfScalar[Roster]:
    return (
        select(Roster)
        .join(PairingProgram, col(PairingProgram.id) == col(Roster.program_id))
        .where(
            programs_in_scope(viewer),
            *only(
                under(wanted.division_code, PairingProgram.division_id),
                equals(Roster.program_id, wanted.program_id),
                equals(Roster.kind, wanted.kind),
                among(Roster.state, wanted.states),
                at_instants(Roster.published_at, wanted.published_at),
                named(PairingProgram, wanted.search),
            ),
        )
    )


def _entries(viewer: Viewer, wanted: RosterEntryFilter) -> SelectOfScalar[RosterEntry]:
    return (
        select(RosterEntry)
        .join(Mentee, col(Mentee.id) == col(RosterEntry.mentee_id))
        .where(
            of_mentees_in_scope(viewer, RosterEntry.county_id, RosterEntry.mentee_id),
            *only(
                under(wanted.division_code, Mentee.village_id),
                mentee_found(viewer, wanted.search, RosterEntry.mentee_id),
            ),
        )
    )


ROSTERS = Listing(
    name="rosters",
    table=Roster,
    parent=Roster.program_id,
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


def entries_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, RosterEntry]:
    """Roster entries by key."""
    inside = of_mentees_in_scope(viewer, RosterEntry.county_id, RosterEntry.mentee_id)
    rows = session.exec(select(RosterEntry).where(col(RosterEntry.id).in_(ids), inside))
    return {row.id: row for row in rows}


def exports_in_scope(viewer: Viewer) -> ColumnElement[bool]:
    """Files whose every row lies in the viewer's territory; those of plans need the permission to read plans."""
    if is_participant(viewer) or not viewer.may(Permission.READ) or not is_county_or_above(viewer):
        return false()
    inside = select(col(Division.id)).where(col(Division.code).startswith(viewer.code_prefix))
    is_inside = col(ExportJob.division_id).in_(inside)
    return is_inside if viewer.may(Permission.READ_PLANS) else is_inside & col(ExportJob.plan_id).is_(None)


def exports_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, ExportJob]:
    """Export jobs by key, without the bytes of the file."""
    rows = session.exec(_exports(viewer, ExportFilter()).where(col(ExportJob.id).in_(ids)).options(WITHOUT_BYTES))
    return {row.id: row for row in rows}


def master_checksums(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Checksums of archived files of which the viewer sees a copy."""
    seen = select(ExportJob.master_id).where(exports_in_scope(viewer), col(ExportJob.master_id).in_(ids))
    rows = session.exec(select(RosterMaster.id, RosterMaster.sha256).where(col(RosterMaster.id).in_(seen)))
    return dict(rows.all())


def find_export(session: Session, viewer: Viewer, export_id: UUID) -> ExportJob | None:
    """One export job without the bytes of its file, if it lies in the viewer's territory."""
    return exports_by_id(session, viewer, [export_id]).get(export_id)


def export_size(session: Session, export_id: UUID) -> int | None:
    """How many bytes the file has; ``None`` where they are not kept any more."""
    size: int | None = session.exec(
        select(func.length(col(ExportJob.content))).where(ExportJob.id == export_id)
    ).one_or_none()
    return size


def export_chunk(session: Session, export_id: UUID, start: int, n_bytes: int) -> bytes | None:
    """Some bytes of the file of a job that the caller has been shown, from ``start``."""
    # Both databases count from 1.
    part = func.substr(col(ExportJob.content), start + 1, n_bytes, type_=LargeBinary)
    chunk: bytes | None = session.exec(select(part).where(ExportJob.id == export_id)).one_or_none()
    return chunk


def _exports(viewer: Viewer, wanted: ExportFilter) -> SelectOfScalar[ExportJob]:
    return select(ExportJob).where(
        exports_in_scope(viewer),
        *only(
            under(wanted.division_code, ExportJob.division_id),
            equals(ExportJob.program_id, wanted.program_id),
            equals(ExportJob.roster_id, wanted.roster_id),
            among(ExportJob.form, wanted.forms),
            among(ExportJob.state, wanted.states),
            among(ExportJob.format, wanted.formats),
            among(ExportJob.mask_level, wanted.mask_levels),
            at_instants(ExportJob.created_at, wanted.created_at),
        ),
    )


WITHOUT_BYTES = defer(ExportJob.content, raiseload=True)  # type: ignore[arg-type]
"""The bytes of a file are read only to hand it out."""
EXPORTS = Listing(
    name="exportJobs",
    table=ExportJob,
    statement=_exports,
    options=(WITHOUT_BYTES,),
    orders={
        ExportOrder.CREATED_AT: (Key(column=ExportJob.created_at, kind=datetime), Key(column=ExportJob.id, kind=UUID)),
    },
)
