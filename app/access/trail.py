"""The record of what was done."""

from sqlmodel import Session

from app.access.viewers import Viewer
from app.models import AuditEvent


def record(session: Session, viewer: Viewer, action: str, target: str, **detail: object) -> None:
    """Append one audit event in the caller's transaction; ``detail`` must not hold personal values."""
    session.add(AuditEvent(actor=viewer.subject, role=viewer.role, action=action, target=target, detail=detail))
