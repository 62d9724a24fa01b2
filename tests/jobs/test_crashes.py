"""Runs survive what happens to processes: killed, stopped and continued, again and again; each ends exactly once."""

import asyncio
import random
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import select, update

from app.access import verify_trail
from app.db import Database, run_in_transaction, utc_now
from app.models import AuditEvent, MatchRun, MatchShare
from app.models.vocabulary import RunState
from app.services.runs.faults import MOST_ATTEMPTS, STANDSTILL
from tests.jobs.machine import PATIENCE_S, Machine, Process, listening, machine, wait_for
from tests.servers import TEST_SEAL_KEYS

pytestmark = [pytest.mark.slow, pytest.mark.alone]

SEATS = 24
"""Seats of the twelve candidates of the county."""


def stored(events: list[dict[str, object]]) -> list[tuple[object, object]]:
    return [(event["offset"], event["kind"]) for event in events if event["kind"] != "FIGURES"]


def times_finished(office: Machine, run_id: UUID) -> int:
    with office.database.read() as session:
        assert verify_trail(session, TEST_SEAL_KEYS).is_whole
        told = select(AuditEvent).where(AuditEvent.action == "RUN_FINISHED", AuditEvent.target == f"MatchRun {run_id}")
        return len(session.exec(told).all())


def times_taken(office: Machine, run_id: UUID) -> int:
    with office.database.read() as session:
        return session.get_one(MatchRun, run_id).attempt


def told_of(office: Machine, runs: list[UUID]) -> str:
    """How often runs were taken up, how often their shares were, and the reasons they ended with."""
    with office.database.read() as session:
        lines = [
            f"{number}: {run.state} {run.attempt} {[share.attempt for share in shares]} {run.messages}"
            for number, run_id in enumerate(runs)
            if (run := session.get_one(MatchRun, run_id))
            and (shares := session.exec(select(MatchShare).where(MatchShare.run_id == run_id)).all())
        ]
    return "\n".join(lines)


def test_a_server_killed_in_a_solve_finishes_the_run_by_itself_when_it_is_back(office: Machine) -> None:
    server = office.server()
    run_id = office.start(office.programs[0])
    office.wait_for_solve(run_id)
    server.kill()
    assert office.state(run_id) is RunState.RUNNING
    office.server()
    assert office.wait_for_end(run_id) is RunState.SOLVED, office.logs()
    assert office.plans(run_id) == [SEATS]
    assert times_finished(office, run_id) == 1
    assert stored(asyncio.run(office.watch(run_id))) == [(0, "STARTED"), (1, "SOLVED"), (2, "ENDED")]


def test_a_worker_takes_up_what_a_dead_one_has_left(office: Machine) -> None:
    office.server(embedded=False)
    first = office.worker("w1")
    run_id = office.start(office.programs[0])
    office.wait_for_solve(run_id)
    first.kill()
    office.worker("w2")
    assert office.wait_for_end(run_id) is RunState.SOLVED, office.logs()
    assert office.plans(run_id) == [SEATS]
    assert times_finished(office, run_id) == 1


def test_a_worker_stopped_past_its_silence_and_continued_records_nothing_twice(office: Machine) -> None:
    office.server(embedded=False)
    stopped = office.worker("w1")
    run_id = office.start(office.programs[0])
    office.wait_for_solve(run_id)
    stopped.stop(office.database)
    office.worker("w2")
    assert office.wait_for_end(run_id) is RunState.SOLVED, office.logs()
    stopped.send(signal.SIGCONT)
    assert stopped.popen.wait(timeout=60) == 3
    assert "has changed hands" in stopped.log.read_text()
    assert office.plans(run_id) == [SEATS]
    assert times_finished(office, run_id) == 1


def test_a_slot_has_one_process(lite_office: Machine) -> None:
    office = lite_office
    holder = office.worker("w1")
    wait_for(lambda: "Working in slot" in holder.log.read_text(), office.logs)
    second = office.worker("w1")
    assert second.popen.wait(timeout=60) == 1
    assert "Slot w1 is held by a live process" in second.log.read_text()
    assert holder.end() == 0


@pytest.fixture
def busy_office(database: Database, tmp_path: Path) -> Iterator[Machine]:
    with machine(database, tmp_path, n_candidates=3, n_programs=1) as made:
        yield made


def test_forty_runs_under_random_kills_end_once_each_and_every_subscriber_hears_each_event_once(
    busy_office: Machine,
) -> None:
    office, chance = busy_office, random.Random(20261126)
    office.server(embedded=False)
    workers: dict[str, Process] = {slot: office.worker(slot) for slot in ("w1", "w2")}
    runs: list[UUID] = []
    is_over = threading.Event()

    def kill_at_random() -> None:
        while not is_over.wait(chance.uniform(2.0, 4.0)):
            at_work = [slot for slot in sorted(workers) if "Working" in workers[slot].log.read_text()]
            if at_work:
                slot = chance.choice(at_work)
                workers[slot].kill()
                workers[slot] = office.worker(slot)

    def has_room() -> bool:
        return sum(not office.has_ended(run_id) for run_id in runs) < 2

    killer = threading.Thread(target=kill_at_random)
    with listening() as listen:
        listeners: list[Future[list[list[dict[str, object]]]]] = []
        killer.start()
        try:
            while len(runs) < 40:
                wait_for(has_room, lambda: told_of(office, runs) + office.logs())
                runs.append(office.start(office.programs[0], idempotencyKey=f"run {len(runs)}"))
                listeners.append(listen(_watch_twice(office, runs[-1])))
            states = [office.wait_for_end(run_id) for run_id in runs]
        finally:
            is_over.set()
            killer.join()
        heard = [[stored(events) for events in listener.result(timeout=PATIENCE_S)] for listener in listeners]
    assert states == [RunState.SOLVED] * 40, told_of(office, runs)
    assert [office.plans(run_id) for run_id in runs] == [[6]] * 40
    assert [times_finished(office, run_id) for run_id in runs] == [1] * 40
    whole = [(0, "STARTED"), (1, "SOLVED"), (2, "ENDED")]
    assert heard == [[whole, whole[1:]]] * 40
    n_kills = len(office.processes) - 3
    assert n_kills >= 5, n_kills


async def _watch_twice(office: Machine, run_id: UUID) -> list[list[dict[str, object]]]:
    """One subscriber from the beginning, and one that comes back behind the first event."""
    both = (office.watch(run_id, patience_s=None), office.watch(run_id, after=0, patience_s=None))
    return list(await asyncio.gather(*both))


def test_a_run_that_kills_its_workers_ends_with_a_reason_and_a_remedy(lite_office: Machine) -> None:
    office = lite_office
    office.server(embedded=False)
    run_id = office.start(office.programs[0])
    worker = office.worker("w1")
    # The deaths before, which would all look like the last ones; and the time that they would have taken.
    n_taken = MOST_ATTEMPTS - 3

    def stand_still(**values: int) -> None:
        past = utc_now() - STANDSTILL
        for changed in (update(MatchRun).values(started_at=past, **values), update(MatchShare).values(updated_at=past)):
            run_in_transaction(office.database, lambda session, each=changed: session.exec(each))  # type: ignore[misc]

    wait_for(lambda: office.state(run_id) is RunState.RUNNING, office.logs, every_s=0.01)
    worker.kill()
    stand_still(attempt=n_taken)
    worker = office.worker("w1")
    while not office.has_ended(run_id):
        if times_taken(office, run_id) > n_taken:
            n_taken = times_taken(office, run_id)
            worker.kill()
            stand_still()
            worker = office.worker("w1")
        time.sleep(0.02)
    assert office.state(run_id) is RunState.FAILED
    with office.database.read() as session:
        (message,) = session.get_one(MatchRun, run_id).messages
    assert f"died {MOST_ATTEMPTS} times" in message["text"]
    assert "no further for 10 minutes" in message["text"]
    assert "retryMatchRun" in message["text"]
