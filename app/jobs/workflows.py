"""The workflows: a run goes through its shares, joins them and is recorded; shares are solved in other processes.

What a body asks of the engine must not depend on anything but its arguments and what the engine has recorded: a run
that is taken up again goes through the same calls.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from dbos import DBOS, SetWorkflowID
from dbos._error import DBOSException, DBOSMaxStepRetriesExceeded
from dbos._serialization import PortableWorkflowError
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from app.access.chain import can_append, hold_head
from app.db import refusal_of, run_in_transaction, utc_now
from app.errors import AppError, AuditTrailError, DatabaseUnavailableError, InvalidStateError, StorageFullError
from app.jobs.engine import POLLING_S, SHARES_QUEUE, STREAM, Jobs, patiently
from app.models.vocabulary import RunState
from app.observe import metrics, tracing
from app.observe.logs import place_of
from app.request_id import run_id as own_run
from app.services.runs import faults, work
from app.services.runs.shares import keep_progress
from app.services.runs.tasks import ShareAnswer, result_from_json, result_to_json
from matching import MatchingError, SolverFailedError
from matching.control import Control, Event

TELLING_S, ASKING_S = 0.2, 0.4
"""Seconds between two writes of progress, and between two questions whether the run is still wanted."""

ResultT = TypeVar("ResultT")

log = logging.getLogger(__name__)

_jobs: list[Jobs] = []
_here: Counter[str] = Counter()
"""Workflows that this process works on."""
_solving: Counter[str] = Counter()
"""Those of them whose share is being solved."""


_is_leaving = threading.Event()


class LeavingError(BaseException):
    """This process gives a job back: nothing of the step is recorded, and the next process does it anew.

    No ``Exception``: the engine records those as the outcome.
    """


def serve(jobs: Jobs) -> None:
    """Make a running engine known to the workflows of this process, and launch it."""
    _jobs[:] = [jobs]
    _is_leaving.clear()
    jobs.launch()


def leave(*, within_s: float) -> None:
    """End the solves of this process without recording anything of them."""
    _is_leaving.set()
    end = time.monotonic() + within_s
    while _solving.total() > 0 and time.monotonic() < end:
        time.sleep(0.05)


def is_worked_on_here(workflow_id: str) -> bool:
    """Whether a thread of this process works on a workflow."""
    return _here[workflow_id] > 0


class JobFaultError(Exception):
    """A fault of a job, by the name of its type alone: what the engine stores of it must not hold values of people."""


@contextmanager
def _without_text(workflow_id: str) -> Iterator[None]:
    """Let no fault reach the engine with its text, which could hold values; its place goes to the log."""
    try:
        yield
    except (DBOSException, PortableWorkflowError, SolverFailedError, AppError, JobFaultError):
        raise
    except Exception as fault:  # noqa: BLE001 - the boundary to the engine: told on, without the text
        log.error("workflow %s: %s", workflow_id, place_of(fault))
        raise JobFaultError(type(fault).__name__) from None


@contextmanager
def _accounted(jobs: Jobs, workflow_id: str, run_id: UUID) -> Iterator[None]:
    """Keep account of a workflow.

    Where the database has no room left, the run ends here and now, and what it kept makes room for saying so. Where
    this process could record nothing in the audit trail, because its keys are others, the job goes back before any work
    is done for it: a process with the right keys takes it.
    """
    _here[workflow_id] += 1
    token, job = own_run.set(str(run_id)), "run" if workflow_id == str(run_id) else "share"
    outcome = "ended"
    try:
        with tracing.span(f"job {job}", run=str(run_id)), _without_text(workflow_id):
            try:
                _require_trail(jobs, workflow_id)
                yield
            except AuditTrailError as refusal:
                log.error("workflow %s goes back: %s", workflow_id, refusal.message)
                raise LeavingError from None
            except (DBAPIError, StorageFullError) as fault:
                if not isinstance(fault, StorageFullError) and not isinstance(refusal_of(fault), StorageFullError):
                    raise
                log.error("no room left in the database; run %s ends", run_id)
                run_in_transaction(jobs.database, lambda session: faults.fail_run(session, run_id, faults.NO_ROOM))
                outcome = "failed"
    except LeavingError:
        outcome = "left"
        raise
    except BaseException:
        outcome = "failed"
        raise
    finally:
        _here[workflow_id] -= 1
        metrics.ended_jobs.labels(job, outcome).inc()
        own_run.reset(token)


def _require_trail(jobs: Jobs, workflow_id: str) -> None:
    """Give a job back whose end this process could not record."""

    def look() -> bool:
        with jobs.database.read() as session:
            return can_append(session, jobs.database.seal_keys)

    if not patiently(look):
        log.error("workflow %s goes back: this process cannot append to the audit trail", workflow_id)
        raise LeavingError


def _transaction(jobs: Jobs, name: str, unit: Callable[[Session], ResultT]) -> ResultT:
    """One transaction with the engine's checkpoint, given back undone where the audit trail refuses to go on.

    The engine would record that refusal as the outcome, and the work would be lost with it.
    """

    def recorded(session: Session) -> ResultT:
        try:
            result = unit(session)
            session.flush()
            hold_head(session)
        except AuditTrailError as refusal:
            log.error("step %s is not done: %s", name, refusal.message)
            raise LeavingError from None
        return result

    return jobs.transaction(name, recorded)


@DBOS.workflow(name="match_run", max_recovery_attempts=None)
def match_run(run: str) -> None:
    """Work a run to its end."""
    jobs, run_id = _jobs[0], UUID(run)
    with _accounted(jobs, run, run_id):
        # Outside the engine's record, so that every taking up counts.
        patiently(lambda: run_in_transaction(jobs.database, lambda session: faults.count_attempt(session, run_id)))
        n_shares = _transaction(jobs, "begin", lambda session: work.begin_run(session, run_id))
        jobs.keep_pace(is_busy=True)
        _tell({"phase": "STARTED", "shares": n_shares})
        handles = []
        for number in range(n_shares):
            with SetWorkflowID(f"{run}-{number}"):
                handles.append(DBOS.enqueue_workflow(SHARES_QUEUE, match_share, run, number))
        for number, handle in enumerate(handles):
            handle.get_result(polling_interval_sec=POLLING_S)
            _tell({"phase": "SOLVED", "share": number, "done": number + 1, "shares": n_shares})
        if _transaction(jobs, "look", lambda session: work.is_open(session, run_id)):
            _record(jobs, run_id)
        state = _transaction(jobs, "state", lambda session: work.state_of(session, run_id).value)
        _tell({"phase": "ENDED", "state": state, "shares": n_shares})
        DBOS.close_stream(STREAM)


def _record(jobs: Jobs, run_id: UUID) -> None:
    try:
        joined = patiently(lambda: work.join_run(jobs.database, run_id))
    except (InvalidStateError, MatchingError) as fault:
        log.error("what run %s stored cannot be read: %s", run_id, type(fault).__name__)
        _transaction(jobs, "record", lambda session: faults.fail_run(session, run_id, faults.UNREADABLE))
    else:
        _transaction(jobs, "record", lambda session: work.record_run(session, run_id, joined).value)


def _tell(event: dict[str, Any]) -> None:
    """Store an event of the run: once, in order, with the moment of its first telling."""
    DBOS.write_stream(STREAM, {**event, "at": utc_now().isoformat()})


@DBOS.workflow(name="match_share", max_recovery_attempts=None)
def match_share(run: str, number: int) -> None:
    """Solve one share and keep what became of it."""
    jobs, run_id = _jobs[0], UUID(run)
    with _accounted(jobs, f"{run}-{number}", run_id):
        try:
            stored = solve(run, number)
            answer = None if stored is None else answer_from_json(stored)
        except (DBOSMaxStepRetriesExceeded, PortableWorkflowError) as fault:
            # As raised, and as read back from the record when the workflow is taken up again.
            if isinstance(fault, PortableWorkflowError) and fault.name != DBOSMaxStepRetriesExceeded.__name__:
                raise
            answer = ShareAnswer(result=None, state=RunState.FAILED, reason=faults.SOLVER_DIED)
        if answer is not None:
            _transaction(jobs, "keep", partial(work.keep_answer, run_id=run_id, number=number, answer=answer))


def _may_pass(fault: BaseException) -> bool:
    """Whether to try again: an ended solver process or an absent database may be an accident."""
    return isinstance(fault, SolverFailedError | DatabaseUnavailableError)


@DBOS.step(name="solve", retries_allowed=True, max_attempts=4, interval_seconds=1.0, should_retry=_may_pass)
def solve(run: str, number: int) -> dict[str, Any] | None:
    """Solve a share in a process of its own, telling its progress; ``None`` when there is nothing to solve any more."""
    database, run_id, name = _jobs[0].database, UUID(run), f"{run}-{number}"
    _solving[name] += 1
    try:
        with _without_text(name):
            task = patiently(lambda: work.take_share(database, run_id, number))
            if task is None:
                return None
            control = Watcher(_jobs[0], run_id, number).control(task.time_limit_s)
            with tracing.span("solve", share=number), metrics.solve_seconds.time():
                answer = work.solve_task(task, seed=task.seed, control=control)
    finally:
        _solving[name] -= 1
    if _is_leaving.is_set():
        raise LeavingError
    return answer_to_json(answer)


class Watcher:
    """What a solve asks of the database and tells it; neither may end the solve."""

    def __init__(self, jobs: Jobs, run_id: UUID, number: int) -> None:
        self._jobs, self._run_id, self._number = jobs, run_id, number
        # Asked at once, since the run may have been cancelled meanwhile; a share solved in a moment tells nothing.
        self._asked, self._told = 0.0, time.monotonic()
        self._is_unwanted = False
        self._figures: dict[str, Any] = {}
        self._lock = threading.Lock()

    def control(self, time_limit_s: float | None) -> Control:
        """The control of the solve."""
        return Control(on_event=self.tell, is_cancelled=self.is_unwanted, time_limit_s=time_limit_s)

    def is_unwanted(self) -> bool:
        """Whether somebody has asked for the end of the run, it has ended, or this process stops working."""
        if _is_leaving.is_set():
            return True
        with self._lock:
            if self._is_unwanted or time.monotonic() - self._asked < ASKING_S:
                return self._is_unwanted
            self._asked = time.monotonic()
            with suppress(DatabaseUnavailableError), self._jobs.database.read() as session:
                self._is_unwanted = not work.is_wanted(session, self._run_id)
            return self._is_unwanted

    def tell(self, event: Event) -> None:
        """Write how far the solve is, not too often."""
        self._figures = told(self._figures, event)
        if time.monotonic() - self._told < TELLING_S:
            return
        self._told = time.monotonic()
        with suppress(DatabaseUnavailableError, StorageFullError):
            run_in_transaction(self._jobs.database, self._keep)

    def _keep(self, session: Session) -> None:
        keep_progress(session, self._run_id, self._number, self._figures)


def told(before: dict[str, Any], event: Event) -> dict[str, Any]:
    """What is told of a solve: numbers alone, with the incumbent of every level that was worked on so far."""
    levels = {**before.get("levels", {})}
    if event.value is not None and event.bound is not None:
        levels[event.phase.value] = [event.value, event.bound]
    return {
        "phase": event.phase.value,
        "step": event.step,
        "done": event.n_done,
        "of": event.n_components,
        "levels": levels,
        "seconds": round(event.seconds, 3),
    }


def answer_to_json(answer: ShareAnswer) -> dict[str, Any]:
    """An answer as the engine stores it."""
    result = None if answer.result is None else result_to_json(answer.result)
    return {"result": result, "state": answer.state, "reason": answer.reason}


def answer_from_json(stored: dict[str, Any]) -> ShareAnswer:
    """Read an answer back."""
    result = None if stored["result"] is None else result_from_json(stored["result"])
    state = None if stored["state"] is None else RunState(stored["state"])
    return ShareAnswer(result=result, state=state, reason=stored["reason"])
