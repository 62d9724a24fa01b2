"""Slots of workers: one live process per slot, a heart that beats, and survivors that adopt what a dead one has left.

A slot changes hands only by a row whose ``epoch`` the taker raises, so two processes never both believe that they hold
it for longer than one beat. Beats are counted, not timed: every observer waits by its own clock, and clocks of
different machines need not agree.
"""

import os
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from dbos import DBOS
from sqlmodel import Session, col, select, update

from app.db import Database, run_in_transaction, utc_now
from app.errors import SlotTakenError
from app.models import WorkerSlot

BEAT_S, SILENCE_S = 2.0, 8.0
"""Seconds between beats, and without one after which a process counts as dead."""


@dataclass(slots=True)
class Pulse:
    """When the heart of this process has beaten last, by its own clock."""

    beat_at: float | None = None

    def note(self) -> None:
        """It has beaten just now."""
        self.beat_at = time.monotonic()

    @property
    def is_felt(self) -> bool:
        """Whether others still count this process as living."""
        return self.beat_at is not None and time.monotonic() - self.beat_at <= SILENCE_S


@dataclass(slots=True)
class Watch:
    """What this process has seen of the hearts of others: beat and the moment of its own clock."""

    seen: dict[tuple[str, int], tuple[int, float]] = field(default_factory=dict)
    looked: float = field(default_factory=time.monotonic)

    def look(self, rows: Iterable[WorkerSlot]) -> None:
        """Take note of the hearts; after a time without looking, nobody's silence counts from before."""
        now = time.monotonic()
        if now - self.looked > 2 * BEAT_S:
            self.seen.clear()
        self.looked = now
        for row in rows:
            key = row.name, row.epoch
            if self.seen.get(key, (-1, now))[0] != row.beat:
                self.seen[key] = row.beat, now

    def is_silent(self, row: WorkerSlot) -> bool:
        """Whether no beat was seen for so long that the holder counts as dead."""
        if row.ended_at is not None or _is_gone(row):
            return True
        _, since = self.seen.get((row.name, row.epoch), (-1, self.looked))
        return self.looked - since > SILENCE_S


def this_machine() -> str:
    """The name of this machine, with the space of its process numbers: containers may share the one alone."""
    try:
        return f"{socket.gethostname()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return socket.gethostname()


def _is_gone(row: WorkerSlot) -> bool:
    """Whether the holder ran on this machine and its process is no more."""
    if row.host != this_machine():
        return False
    try:
        os.kill(row.process_id, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def take_slot(database: Database, name: str, *, waits_s: float = SILENCE_S + BEAT_S) -> int:
    """Take a slot and return its epoch; waits for a sign of life of whoever holds it.

    Raises ``SlotTakenError`` when the holder lives.
    """
    watch, end = Watch(), time.monotonic() + waits_s
    while True:
        epoch = run_in_transaction(database, lambda session: _take(session, name, watch))
        if epoch is not None:
            return epoch
        if time.monotonic() > end:
            raise SlotTakenError(
                f"Slot {name} is held by a live process; stop that one, or choose another --slot.",
                f"工作槽 {name} 正由另一进程使用，请先停止该进程，或另选 --slot。",
            )
        time.sleep(BEAT_S / 4)


def _take(session: Session, name: str, watch: Watch) -> int | None:
    row = session.get(WorkerSlot, name, with_for_update=True)
    if row is None:
        row = WorkerSlot(name=name, host=this_machine(), process_id=os.getpid())
    else:
        watch.look([row])
        if not watch.is_silent(row):
            return None
    row.epoch, row.beat, row.ended_at, row.adopted_by = row.epoch + 1, 0, None, None
    row.host, row.process_id, row.started_at, row.beat_at = this_machine(), os.getpid(), utc_now(), utc_now()
    session.add(row)
    session.flush()
    return row.epoch


def has_live_worker(session: Session) -> bool:
    """Whether some slot has beaten within the last seconds, by the clock of this machine."""
    oldest = utc_now() - timedelta(seconds=SILENCE_S)
    rows = session.exec(select(WorkerSlot).where(col(WorkerSlot.ended_at).is_(None), WorkerSlot.beat_at >= oldest))
    return any(not _is_gone(row) for row in rows.all())


def beat(session: Session, name: str, epoch: int) -> bool:
    """Show that this process lives; False when the slot has changed hands."""
    changed = session.exec(
        update(WorkerSlot)
        .where(col(WorkerSlot.name) == name, col(WorkerSlot.epoch) == epoch)
        .values(beat=WorkerSlot.beat + 1, beat_at=utc_now())
    )
    return bool(changed.rowcount == 1)


def end_slot(session: Session, name: str, epoch: int) -> None:
    """Give a slot back."""
    session.exec(
        update(WorkerSlot)
        .where(col(WorkerSlot.name) == name, col(WorkerSlot.epoch) == epoch)
        .values(ended_at=utc_now())
    )


def adopt(database: Database, own: str, watch: Watch) -> list[str]:
    """Put what dead slots have left back into the queues; returns the ids of those workflows.

    A holder that was only stopped finds its epoch raised when it goes on, and ends; what it still does in between
    counts for nothing, because the engine has taken its workflows away.
    """
    with database.read() as session:
        rows = session.exec(select(WorkerSlot).where(WorkerSlot.name != own)).all()
    watch.look(rows)
    dead = {row.name: row for row in rows if watch.is_silent(row)}
    if not dead:
        return []
    pending = DBOS.list_workflows(status="PENDING", executor_id=sorted(dead), load_input=False, load_output=False)
    adopted: list[str] = []
    for name, row in dead.items():
        left = [workflow for workflow in pending if workflow.executor_id == name]
        if not left or not run_in_transaction(database, partial(_bury, row=row, own=own)):
            continue
        for queue in sorted({str(workflow.queue_name) for workflow in left}):
            ids = [workflow.workflow_id for workflow in left if str(workflow.queue_name) == queue]
            DBOS.resume_workflows(ids, queue_name=queue)
            adopted += ids
    return adopted


def _bury(session: Session, row: WorkerSlot, own: str) -> bool:
    """End the life of a dead process in its slot; False when the slot has another holder by now."""
    now = session.get_one(WorkerSlot, row.name, with_for_update=True)
    if now.epoch != row.epoch:
        return False
    if now.ended_at is None:
        now.epoch, now.ended_at = now.epoch + 1, utc_now()
    now.adopted_by = own
    session.add(now)
    return True
