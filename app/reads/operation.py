"""How the work stands, as numbers for whoever runs the service: runs, hearts of workers, the trail's end."""

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session, col, func, select

from app.db import utc_now
from app.jobs.slots import SILENCE_S
from app.models import AuditHead, MatchRun, WorkerSlot
from app.models.vocabulary import RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationFigures:
    """Counts of this moment; ``last_beat_age_s`` is ``None`` before the first worker has begun.

    ``audit_sequence`` is the number of the audit trail's last entry: 0 before the first, ``None`` without a head.
    """

    n_runs: dict[RunState, int]
    n_beating: int
    n_silent: int
    last_beat_age_s: float | None
    audit_sequence: int | None


def operation_figures(session: Session) -> OperationFigures:
    """Count runs by state, and slots that have not ended by whether they were heard lately, and read the head."""
    by_state = select(MatchRun.state, func.count()).group_by(col(MatchRun.state))
    found = {RunState(state): count for state, count in session.exec(by_state)}
    slots = session.exec(select(WorkerSlot)).all()
    now = utc_now()
    live = [slot for slot in slots if slot.ended_at is None]
    n_beating = sum(now - slot.beat_at <= timedelta(seconds=SILENCE_S) for slot in live)
    newest = max((slot.beat_at for slot in slots), default=None)
    return OperationFigures(
        n_runs={state: found.get(state, 0) for state in RunState},
        n_beating=n_beating,
        n_silent=len(live) - n_beating,
        last_beat_age_s=None if newest is None else max((now - newest).total_seconds(), 0.0),
        audit_sequence=session.exec(select(AuditHead.n_entries).where(col(AuditHead.id) == 1)).first(),
    )
