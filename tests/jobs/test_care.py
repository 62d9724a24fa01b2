"""What workers do beside runs: dead letters, lost workflows, and what is kept of old runs."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from uuid import UUID

import pytest
from dbos import DBOS

from app.access import SYSTEM_VIEWER
from app.access.verify import reseal
from app.crypto import new_data_key
from app.db import Database, run_in_transaction
from app.jobs import care, slots
from app.jobs.client import JobClient
from app.jobs.engine import BUSY_POLLING_S, SHARES_POLLING_S, SHARES_QUEUE
from app.jobs.hub import Progress, ProgressHub
from app.jobs.worker import working
from app.models import MatchRun
from app.models.vocabulary import RunMode, RunState
from app.sealing import SealKeys
from app.services.runs import RunDraft, start_match_run, work
from tests.jobs.machine import Machine, wait_for
from tests.servers import TEST_DATA_KEY


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hearts beat fast, so that these tests need not wait."""
    monkeypatch.setattr(slots, "BEAT_S", 0.2)


@pytest.fixture
def jobs(lite_office: Machine) -> Iterator[JobClient]:
    with closing(JobClient(lite_office.database)) as client:
        yield client


def started(office: Machine, jobs: JobClient) -> UUID:
    draft = RunDraft(program_id=office.programs[0].id, mode=RunMode.FINAL)
    return start_match_run(office.database, SYSTEM_VIEWER, draft, enqueue=jobs.enqueue_run)


def test_a_run_whose_job_ends_by_a_fault_fails_with_a_remedy_and_without_the_text_of_the_fault(
    lite_office: Machine, jobs: JobClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "张三 138"

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(secret)

    monkeypatch.setattr(work, "join_run", fail)
    with working(lite_office.database, slot="w1", n_shares=1):
        run_id = started(lite_office, jobs)
        assert lite_office.wait_for_end(run_id) is RunState.FAILED
    with lite_office.database.read() as session:
        (message,) = session.get_one(MatchRun, run_id).messages
    assert "fault (RuntimeError)" in message["text"]
    assert "retryMatchRun" in message["text"]
    assert secret not in message["text"] + caplog.text
    assert f"workflow {run_id}: RuntimeError" in caplog.text


def test_a_workflow_that_nobody_works_on_any_more_goes_back_into_its_queue(
    lite_office: Machine, jobs: JobClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(care, "is_worked_on_here", lambda _workflow_id: False)
    requeued: list[list[str]] = []
    monkeypatch.setattr(care.DBOS, "resume_workflows", lambda ids, queue_name: requeued.append([*ids, queue_name]))
    join_run = work.join_run

    def join_late(database: Database, run_id: UUID) -> work.Joined:
        wait_for(lambda: [str(run_id), "runs"] in requeued)
        return join_run(database, run_id)

    monkeypatch.setattr(work, "join_run", join_late)
    with working(lite_office.database, slot="w1", n_shares=1):
        run_id = started(lite_office, jobs)
        lite_office.wait_for_end(run_id)
    assert [str(run_id), "runs"] in requeued


def test_a_worker_whose_keys_are_others_gives_runs_back_and_one_with_the_right_keys_ends_them(
    lite_office: Machine, jobs: JobClient, caplog: pytest.LogCaptureFixture
) -> None:
    url = lite_office.database.engine.url.render_as_string(hide_password=False)
    stranger = Database(url, seal_keys=SealKeys.of([new_data_key()]))
    with working(stranger, slot="w1", n_shares=1):
        run_id = started(lite_office, jobs)
        wait_for(lambda: caplog.text.count(f"workflow {run_id} goes back: ") >= 2)
        assert lite_office.state(run_id) is RunState.QUEUED
        assert lite_office.plans(run_id) == []
    stranger.engine.dispose()
    with working(lite_office.database, slot="w2", n_shares=1):
        assert lite_office.wait_for_end(run_id) is RunState.SOLVED
    assert lite_office.plans(run_id) == [24]


def test_a_run_whose_worker_loses_its_keys_before_the_end_keeps_its_work_for_the_next_worker(
    lite_office: Machine, jobs: JobClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    newer = SealKeys.of([new_data_key(), TEST_DATA_KEY])
    url = lite_office.database.engine.url.render_as_string(hide_password=False)
    successor = Database(url, seal_keys=newer)
    join_run = work.join_run

    def join_and_rotate(database: Database, run_id: UUID) -> work.Joined:
        joined = join_run(database, run_id)
        run_in_transaction(successor, lambda session: reseal(session, newer))
        return joined

    monkeypatch.setattr(work, "join_run", join_and_rotate)
    with working(lite_office.database, slot="w1", n_shares=1):
        run_id = started(lite_office, jobs)
        wait_for(lambda: "step record is not done: " in caplog.text)
        assert lite_office.state(run_id) is RunState.RUNNING
    monkeypatch.setattr(work, "join_run", join_run)
    with working(successor, slot="w2", n_shares=1):
        assert lite_office.wait_for_end(run_id) is RunState.SOLVED
    successor.engine.dispose()


def test_shares_are_looked_for_often_while_runs_are_open_and_seldom_while_there_are_none(
    lite_office: Machine, jobs: JobClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    paces: list[float] = []
    join_run = work.join_run

    def pace() -> float:
        queue = DBOS.retrieve_queue(SHARES_QUEUE)
        assert queue is not None
        return queue.polling_interval_sec

    def join_and_look(database: Database, run_id: UUID) -> work.Joined:
        paces.append(pace())
        return join_run(database, run_id)

    monkeypatch.setattr(work, "join_run", join_and_look)
    with working(lite_office.database, slot="w1", n_shares=1):
        wait_for(lambda: pace() == SHARES_POLLING_S)
        run_id = started(lite_office, jobs)
        lite_office.wait_for_end(run_id)
        wait_for(lambda: pace() == SHARES_POLLING_S)
    assert paces == [BUSY_POLLING_S]


def test_the_records_of_old_runs_are_deleted_and_their_plans_stay(lite_office: Machine, jobs: JobClient) -> None:
    async def follow() -> list[Progress]:
        hub = ProgressHub(lite_office.database, jobs)
        return [step async for step in hub.follow(run_id, -1)]

    with working(lite_office.database, slot="w1", n_shares=1):
        run_id = started(lite_office, jobs)
        lite_office.wait_for_end(run_id)
        wait_for(lambda: care.forget_old_runs(lite_office.database, kept_days=0) == 1)
        assert care.forget_old_runs(lite_office.database, kept_days=0) == 0
    assert lite_office.plans(run_id) == [24]
    (last,) = asyncio.run(follow())
    assert (last.event, last.view.state) == (None, RunState.SOLVED)


def test_a_database_has_room_until_it_has_none(lite_office: Machine) -> None:
    assert care.has_room(lite_office.database)
    with lite_office.database.engine.connect() as connection:
        n_pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {n_pages + 1}")
    assert not care.has_room(lite_office.database)
