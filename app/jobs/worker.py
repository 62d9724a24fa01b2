"""A worker process: it holds a slot, takes jobs from the queues, and adopts what dead workers have left."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from uuid import UUID

from app.access import SYSTEM_VIEWER
from app.db import Database, run_in_transaction
from app.jobs import slots, workflows
from app.jobs.care import Care, Keeping
from app.jobs.engine import Jobs
from app.reads.progress import RunView, progress_by_run
from matching.apart import warm_up

LOOKING_S = 0.2
"""Seconds between two looks at a run that is waited for."""

LEAVING_S = 5.0
"""Seconds within which solves that are under way are ended when this process stops working."""

log = logging.getLogger(__name__)


@contextmanager
def working(
    database: Database, *, slot: str, n_shares: int, pulse: slots.Pulse | None = None, keeping: Keeping | None = None
) -> Iterator[Jobs]:
    """Work in this process while the block runs; what is being solved at its end is left to the next process.

    ``keeping`` begins the daily round of letting go what is kept no longer; without it this process does none.
    Raises ``SlotTakenError`` when another live process holds the slot.
    """
    pulse = pulse or slots.Pulse()
    warm_up()
    epoch = slots.take_slot(database, slot)
    pulse.note()
    is_over = threading.Event()
    heart = threading.Thread(target=_beat, args=(database, slot, epoch, is_over, pulse), name="heart", daemon=True)
    heart.start()
    try:
        jobs = Jobs(database, slot=slot, n_shares=n_shares)
        try:
            workflows.serve(jobs)
            helper = threading.Thread(target=_care, args=(jobs, keeping, is_over), name="care", daemon=True)
            helper.start()
            yield jobs
        finally:
            workflows.leave(within_s=LEAVING_S)
            is_over.set()
            jobs.close()
    finally:
        is_over.set()
        heart.join(timeout=LEAVING_S)
        run_in_transaction(database, lambda session: slots.end_slot(session, slot, epoch))


def _beat(database: Database, slot: str, epoch: int, is_over: threading.Event, pulse: slots.Pulse) -> None:
    """Show that this process lives, and do nothing else that could keep it from that."""
    while not is_over.wait(slots.BEAT_S):
        try:
            is_holder = run_in_transaction(database, lambda session: slots.beat(session, slot, epoch))
        except Exception as fault:  # noqa: BLE001 - the heart beats on, whatever happened to one beat
            # Whoever could adopt needs the same database.
            log.error("no beat of slot %s: %s", slot, type(fault).__name__)
            continue
        pulse.note()
        if not is_holder and not is_over.is_set():
            # Somebody else works in this slot now, and what this process still does would count for nothing.
            log.error("slot %s has changed hands; this process ends", slot)
            os._exit(3)


def _care(jobs: Jobs, keeping: Keeping | None, is_over: threading.Event) -> None:
    """Adopt what dead workers have left, and take care of runs that nobody works on."""
    watch, care = slots.Watch(), Care(jobs, keeping=keeping)
    while not is_over.wait(slots.BEAT_S):
        try:
            for workflow in slots.adopt(jobs.database, jobs.slot, watch):
                log.warning("adopted workflow %s", workflow)
            care.take(slots.BEAT_S)
        except Exception as fault:  # noqa: BLE001 - care goes on with the next round
            if not is_over.is_set():
                log.error("no care in slot %s: %s", jobs.slot, type(fault).__name__)


def work_until(database: Database, run_id: UUID, *, slot: str, on_look: Callable[[RunView], None]) -> RunView:
    """Wait for the end of a run; where no live worker could take it, work on it in this process meanwhile."""
    with ExitStack() as stack:
        is_working, asked = False, -slots.SILENCE_S
        while True:
            if not is_working and time.monotonic() - asked > slots.SILENCE_S:
                asked = time.monotonic()
                if not run_in_transaction(database, slots.has_live_worker):
                    stack.enter_context(working(database, slot=slot, n_shares=os.cpu_count() or 1))
                    is_working = True
            with database.read() as session:
                view = progress_by_run(session, SYSTEM_VIEWER, [run_id])[run_id]
            on_look(view)
            if view.has_ended:
                return view
            time.sleep(LOOKING_S)
