"""Reading the audit trail: the entries that a territory concerns, and where the trail ends."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.access import Permission, Viewer, trail_clause
from app.models import AuditEvent, AuditHead
from app.models.vocabulary import AuditAction
from app.reads.conditions import MAX_SEARCH_LENGTH, Condition, Span, among, at_instants, equals, only
from app.reads.paging import Key, Listing
from app.reads.scope import trimmed_code, under_code

BATCH = 1_000
"""Entries that are read at a time where all of them are wanted."""


class AuditOrder(StrEnum):
    """Orders of the list of audit events."""

    SEQUENCE = "SEQUENCE"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries; ``None`` leaves a condition out. ``target`` is a kind with an id or 编号, or its beginning."""

    division_code: str | None = None
    actor: str | None = None
    actions: tuple[AuditAction, ...] | None = None
    target: str | None = None
    at: Span[datetime] | None = None
    request_id: str | None = None


def _events(viewer: Viewer, wanted: AuditFilter) -> SelectOfScalar[AuditEvent]:
    return select(AuditEvent).where(
        trail_clause(viewer),
        *only(
            _concerns(wanted.division_code),
            equals(AuditEvent.actor, wanted.actor),
            among(AuditEvent.action, wanted.actions),
            _begins(AuditEvent.target, wanted.target),
            at_instants(AuditEvent.at, wanted.at),
            equals(AuditEvent.request_id, wanted.request_id),
        ),
    )


def _concerns(code: str | None) -> Condition:
    """The actor's territory or the county lies under a code."""
    if code is None:
        return None
    by_actor = col(AuditEvent.territory_code).startswith(trimmed_code(code))
    return or_(by_actor, under_code(code, AuditEvent.county_id))


def _begins(column: object, text: str | None) -> Condition:
    # Longer texts than any target has begin none of them.
    return None if text is None else col(column).startswith(text[:MAX_SEARCH_LENGTH], autoescape=True)


AUDIT_EVENTS = Listing(
    name="auditEvents",
    table=AuditEvent,
    statement=_events,
    orders={AuditOrder.SEQUENCE: (Key(column=AuditEvent.sequence, kind=int),)},
)


def events_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, AuditEvent]:
    """Entries that concern the territory, by key."""
    rows = session.exec(_events(viewer, AuditFilter()).where(col(AuditEvent.id).in_(ids)))
    return {row.id: row for row in rows}


def iterate_events(session: Session, viewer: Viewer, wanted: AuditFilter) -> Iterator[AuditEvent]:
    """All entries in order, a batch at a time."""
    viewer.require(Permission.READ_AUDIT)
    last = 0
    while True:
        batch = _events(viewer, wanted).where(col(AuditEvent.sequence) > last).order_by(col(AuditEvent.sequence))
        rows = session.exec(batch.limit(BATCH)).all()
        if not rows:
            return
        yield from rows
        last = rows[-1].sequence
        session.expunge_all()


def audit_head(session: Session, viewer: Viewer) -> AuditHead | None:
    """The end of the trail; ``None`` when somebody has removed it."""
    viewer.require(Permission.READ_AUDIT)
    return session.get(AuditHead, 1)
