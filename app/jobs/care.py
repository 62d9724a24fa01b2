"""What workers do beside runs, with every beat of their hearts: no run waits for ever, and nothing is kept for ever.

* Runs whose workflow has ended by a fault end FAILED (the dead letters of the queues).
* Workflows that this process holds but that no thread works on any more, because the database failed in the moment in
  which it was to record their end, go back into their queue.
* Runs that wait while the database has no room left, so that no worker can even take them, end FAILED.
* What the engine keeps of runs that ended long ago is deleted.
* Once a day, what is kept no longer is let go (``app.services.privacy.retention``).
"""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from uuid import UUID

from dbos import DBOS
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from app.db import Database, Session, refusal_of, run_in_transaction, utc_now
from app.errors import AuditTrailError, StorageFullError
from app.jobs.engine import Jobs
from app.jobs.workflows import JobFaultError, is_worked_on_here
from app.models import MatchRun, MatchSnapshot
from app.models.vocabulary import OPEN_RUN_STATES, RunState
from app.services.runs import faults

KEPT_DAYS = 30
"""Days for which the engine keeps the record of a run that has ended: its stream of progress can be read so long."""

CLEANING_EVERY_S = 600.0
MOST_CLEANED = 20
"""Seconds between two rounds of deleting, and the most runs that a round deletes: rounds stay short."""

KEEPING_EVERY_S = 86_400.0
FIRST_KEEPING_S = 60.0
"""Seconds between two rounds of letting go what is kept no longer, and from the start to the first of them."""

IDLE_BEATS = 10
"""Beats between two rounds of what matters to runs only, while there are none: each round costs some milliseconds."""

LOST_AFTER_BEATS = 3
"""Beats for which a workflow is held without being worked on; between its end and the record of it lies a moment."""

WAITED_LONG = timedelta(seconds=10)
"""How long a run waits in the queue before the room in the database is looked at."""

PROBING_EVERY_S = 60.0
"""Seconds between two such looks: each writes something and takes it back."""

ROOM_BYTES = 65_536
"""Less room than this is none: the plan of a county is larger."""

ENDED_STATES = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]

log = logging.getLogger(__name__)


Keeping = Callable[[], Iterator[object]]
"""Begins a round of letting go; each step is one batch."""


@dataclass(slots=True)
class Care:
    """The memory of this work between two beats."""

    jobs: Jobs
    lost: dict[str, int] = field(default_factory=dict)
    since_cleaning_s: float = CLEANING_EVERY_S
    since_probe_s: float = PROBING_EVERY_S
    idle_beats: int = 0
    keeping: Keeping | None = None
    since_keeping_s: float = KEEPING_EVERY_S - FIRST_KEEPING_S
    keeping_round: Iterator[object] | None = None

    def take(self, seconds: float) -> None:
        """Do what is due, ``seconds`` after the last time."""
        with self.jobs.database.read() as session:
            runs = session.exec(select(MatchRun).where(col(MatchRun.state).in_(OPEN_RUN_STATES))).all()
        self.end_dead_runs([run.id for run in runs])
        self.end_runs_without_room([run for run in runs if run.state is RunState.QUEUED], seconds)
        # After the last run one round follows at once: it slows the looks at the queues down.
        if runs or self.idle_beats % IDLE_BEATS == 0:
            self.jobs.keep_pace(is_busy=bool(runs))
            self.requeue_lost()
        self.idle_beats = 0 if runs else self.idle_beats + 1
        self.since_cleaning_s += seconds
        if self.since_cleaning_s >= CLEANING_EVERY_S:
            self.since_cleaning_s = 0.0
            forget_old_runs(self.jobs.database)
        self.let_go(seconds)

    def let_go(self, seconds: float) -> None:
        """One batch of what is kept no longer, while there is more; whoever waits for this work waits a moment."""
        self.since_keeping_s += seconds
        if self.keeping is not None and self.since_keeping_s >= KEEPING_EVERY_S:
            self.since_keeping_s, self.keeping_round = 0.0, self.keeping()
        if self.keeping_round is not None and next(self.keeping_round, None) is None:
            self.keeping_round = None

    def end_dead_runs(self, open_runs: Sequence[UUID]) -> None:
        """End runs whose workflow has ended without them."""
        if not open_runs:
            return
        for workflow in DBOS.list_workflows(
            workflow_ids=[str(run_id) for run_id in open_runs], status=ENDED_STATES, load_input=False
        ):
            is_own = getattr(workflow.error, "name", None) == JobFaultError.__name__
            kind = str(workflow.error) if is_own else str(getattr(workflow.error, "name", None) or workflow.status)
            log.error("run %s ends: its workflow ended with %s", workflow.workflow_id, kind)
            reason = faults.job_fault(kind)
            try:
                run_in_transaction(
                    self.jobs.database, partial(faults.fail_run, run_id=UUID(workflow.workflow_id), reason=reason)
                )
            except AuditTrailError as refusal:
                # A process that can record it ends the run; the next one is not kept waiting for that.
                log.error("run %s cannot be ended here: %s", workflow.workflow_id, refusal.message)

    def end_runs_without_room(self, queued: Sequence[MatchRun], seconds: float) -> None:
        """End runs that no worker can take, because the database has no room for what the engine writes of that.

        What a run keeps of its people is emptied with its end: that makes the room to say so.
        """
        self.since_probe_s += seconds
        waiting = [run.id for run in queued if run.created_at < utc_now() - WAITED_LONG]
        if self.since_probe_s < PROBING_EVERY_S or not waiting:
            return
        self.since_probe_s = 0.0
        if has_room(self.jobs.database):
            return
        for run_id in waiting:
            log.error("no room left in the database; run %s ends", run_id)
            run_in_transaction(self.jobs.database, partial(faults.fail_run, run_id=run_id, reason=faults.NO_ROOM))

    def requeue_lost(self) -> None:
        """Put workflows back that this process holds and nobody works on."""
        held = DBOS.list_workflows(status="PENDING", executor_id=self.jobs.slot, load_input=False, load_output=False)
        lost = {w.workflow_id: w for w in held if not is_worked_on_here(w.workflow_id)}
        self.lost = {workflow_id: self.lost.get(workflow_id, 0) + 1 for workflow_id in lost}
        for workflow_id, beats in self.lost.items():
            if beats >= LOST_AFTER_BEATS:
                log.warning("workflow %s goes back into its queue", workflow_id)
                DBOS.resume_workflows([workflow_id], queue_name=str(lost[workflow_id].queue_name))


def has_room(database: Database) -> bool:
    """Whether the database takes some more; what is written for that is taken back."""
    with Session(database.engine) as session:
        try:
            session.add(MatchSnapshot(hash="probe", content=os.urandom(ROOM_BYTES)))
            session.flush()
        except DBAPIError as error:
            return not isinstance(refusal_of(error), StorageFullError)
        finally:
            session.rollback()
    return True


def forget_old_runs(database: Database, *, kept_days: int = KEPT_DAYS) -> int:
    """Delete what the engine keeps of runs that ended long ago; returns of how many. Runs and plans stay."""
    before = utc_now() - timedelta(days=kept_days)
    old = DBOS.list_workflows(
        name="match_run",
        status=ENDED_STATES,
        completed_before=before.isoformat(),
        limit=MOST_CLEANED,
        load_input=False,
        load_output=False,
    )
    ids = [workflow.workflow_id for workflow in old]
    if ids:
        DBOS.delete_workflows(ids, delete_children=True)
        log.info("the engine's records of %d old runs were deleted", len(ids))
    return len(ids)
