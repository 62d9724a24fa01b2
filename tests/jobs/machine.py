"""A machine with the service on it: real processes over one database, killed, stopped and asked like in an office."""

import asyncio
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx
from sqlmodel import col, select
from websockets.asyncio.client import connect

from app.access import create_token
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.models import MatchPlan, MatchRun, PairingProgram, PlanItem
from app.models.vocabulary import OPEN_RUN_STATES, ProgramKind, Role, RunState
from schema.ids import encode_id, key_of
from tests.app.services.world import World, make_world, populate
from tests.servers import TEST_DATA_KEY

ResultT = TypeVar("ResultT")

PATIENCE_S = 180.0
"""Seconds after which a test gives up waiting: processes start slowly on a busy machine."""

START = """mutation($input: StartMatchRunInput!) {
  startMatchRun(input: $input) { matchRun { id state } userErrors { code message } }
}"""
WATCH = """subscription($runId: ID!, $after: Int) {
  matchRunProgress(runId: $runId, after: $after) {
    offset kind at share progress { state phase shareCount solvedShareCount seconds levels { name value bound gap } }
  }
}"""


@dataclass(slots=True)
class Process:
    """One process of the service, in a process group of its own."""

    popen: subprocess.Popen[bytes]
    log: Path

    def send(self, number: signal.Signals) -> None:
        """Send a signal to this process alone."""
        os.kill(self.popen.pid, number)

    def stop(self, database: Database) -> None:
        """Stop the process at a moment in which it does not hold the one write lock that SQLite has."""
        status = Path(f"/proc/{self.popen.pid}/stat")
        while True:
            self.send(signal.SIGSTOP)
            wait_for(lambda: status.read_text().rpartition(")")[2].split()[0] == "T")
            if not _is_locked(database):
                return
            self.send(signal.SIGCONT)
            time.sleep(0.01)

    def kill(self) -> None:
        """``kill -9``; returns when the process is gone."""
        with suppress(ProcessLookupError):
            self.send(signal.SIGKILL)
        self.popen.wait(timeout=30)

    def end(self) -> int:
        """Ask to end, as a supervisor does; the exit code."""
        if self.popen.poll() is None:
            self.send(signal.SIGTERM)
        try:
            return self.popen.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not end:\n{self.log.read_text()[-3000:]}") from None


@dataclass(slots=True)
class Machine:
    """A database with a county, its programmes, and the processes that work over it."""

    database: Database
    world: World
    folder: Path
    token: str
    programs: list[PairingProgram]
    processes: list[Process] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        """Where the database is."""
        return self.database.engine.url.render_as_string(hide_password=False)

    def spawn(self, *arguments: str, **environment: str) -> Process:
        """Start a command of the service."""
        log = self.folder / f"process{len(self.processes)}.log"
        with log.open("wb") as stream:
            popen = subprocess.Popen(
                [sys.executable, "-c", "from app.cli import main; main()", *arguments],
                stdout=stream,
                stderr=subprocess.STDOUT,
                env={
                    **office_environment(),
                    "TOUYAN_DATABASE_URL": self.url,
                    "TOUYAN_DATA_KEYS": TEST_DATA_KEY,
                    **environment,
                },
                start_new_session=True,
            )
        process = Process(popen, log)
        self.processes.append(process)
        return process

    def worker(self, slot: str, **environment: str) -> Process:
        """Start a worker process."""
        return self.spawn("worker", "--slot", slot, "--shares", "2", **environment)

    def server(self, *, embedded: bool = True, **environment: str) -> Process:
        """Start the server and wait until it answers."""
        if not self.port:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
        flag = {"TOUYAN_EMBEDDED_WORKER": "true" if embedded else "false"}
        process = self.spawn("serve", "--port", str(self.port), **flag, **environment)

        def answers() -> bool:
            assert process.popen.poll() is None, process.log.read_text()[-3000:]
            with suppress(httpx.HTTPError):
                return httpx.get(f"http://127.0.0.1:{self.port}/healthz", timeout=5).status_code == 200
            return False

        wait_for(answers)
        return process

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of one operation that the server answers without errors."""
        response = httpx.post(
            f"http://127.0.0.1:{self.port}/graphql",
            json={"query": query, "variables": variables},
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=60,
        )
        body: dict[str, Any] = response.json()
        assert "errors" not in body, body
        data: dict[str, Any] = body["data"]
        return data

    def start(self, program: PairingProgram, **options: Any) -> UUID:
        """Start a run through the API."""
        given = {"programId": encode_id("PairingProgram", program.id), "mode": "FINAL", **options}
        payload = self.ask(START, input=given)["startMatchRun"]
        assert payload["userErrors"] == [], payload
        return key_of(payload["matchRun"]["id"], "MatchRun")

    async def watch(
        self,
        run_id: UUID,
        *,
        after: int | None = None,
        most: int | None = None,
        patience_s: float | None = PATIENCE_S,
    ) -> list[dict[str, Any]]:
        """The events of a run as a client of ``graphql-transport-ws`` receives them, each with the instant of arrival.

        Ends with the run, or after ``most`` stored events.
        """
        events: list[dict[str, Any]] = []
        url = f"ws://127.0.0.1:{self.port}/graphql"
        async with connect(url, subprotocols=["graphql-transport-ws"]) as line:  # type: ignore[list-item]
            await line.send(
                json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {self.token}"}})
            )
            assert json.loads(await line.recv()) == {"type": "connection_ack"}
            variables = {"runId": encode_id("MatchRun", run_id), "after": after}
            await line.send(
                json.dumps({"id": "1", "type": "subscribe", "payload": {"query": WATCH, "variables": variables}})
            )
            async with asyncio.timeout(patience_s):
                while most is None or sum(event["kind"] != "FIGURES" for event in events) < most:
                    message = json.loads(await line.recv())
                    if message["type"] == "complete":
                        break
                    assert message["type"] == "next", message
                    assert "errors" not in message["payload"], message
                    event = message["payload"]["data"]["matchRunProgress"]
                    events.append({**event, "received": time.time()})
        return events

    def state(self, run_id: UUID) -> RunState:
        """The state of a run."""
        with self.database.read() as session:
            return session.get_one(MatchRun, run_id).state

    def has_ended(self, run_id: UUID) -> bool:
        """Whether a run has ended."""
        return self.state(run_id) not in OPEN_RUN_STATES

    def wait_for_end(self, run_id: UUID) -> RunState:
        """Wait until a run has ended; its state."""
        wait_for(lambda: self.has_ended(run_id), self.logs)
        return self.state(run_id)

    def wait_for_solve(self, run_id: UUID) -> None:
        """Wait until a run is worked on."""
        wait_for(lambda: self.state(run_id) is RunState.RUNNING, self.logs)

    def plans(self, run_id: UUID) -> list[int]:
        """How many seats each plan of a run fills."""
        with self.database.read() as session:
            plans = session.exec(select(MatchPlan.id).where(MatchPlan.run_id == run_id)).all()
            items = session.exec(select(PlanItem.plan_id).where(col(PlanItem.plan_id).in_(plans))).all()
        return [items.count(plan) for plan in plans]

    def logs(self) -> str:
        """The ends of the logs of all processes."""
        return "\n".join(f"== {p.log.name} {p.popen.args}\n{p.log.read_text()[-3000:]}" for p in self.processes)


def office_environment() -> dict[str, str]:
    """The environment of a process as an office starts it: modules are compiled once, not with every start."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _is_locked(database: Database) -> bool:
    """Whether somebody is writing to a database of SQLite."""
    if database.engine.dialect.name != "sqlite":
        return False
    with closing(sqlite3.connect(database.engine.url.database or "", timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        return False


def wait_for(is_so: Callable[[], bool], tell: Callable[[], str] = str, *, every_s: float = 0.05) -> None:
    """Wait until something is so; fails with what ``tell`` says when it takes too long."""
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end, f"waited {PATIENCE_S} s in vain\n{tell()}"
        time.sleep(every_s)


@contextmanager
def listening() -> Iterator[Callable[[Coroutine[Any, Any, ResultT]], Future[ResultT]]]:
    """Take coroutines that go on beside the test, in a thread of their own; all have ended and closed when it ends."""
    loops: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def go_on() -> None:
        is_over = asyncio.Event()
        loops.set_result((asyncio.get_running_loop(), is_over))
        await is_over.wait()
        mine = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not mine]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    thread = threading.Thread(target=lambda: asyncio.run(go_on()), name="listening")
    thread.start()
    loop, is_over = loops.result()
    try:
        yield lambda coroutine: asyncio.run_coroutine_threadsafe(coroutine, loop)
    finally:
        loop.call_soon_threadsafe(is_over.set)
        thread.join()


@contextmanager
def machine(database: Database, folder: Path, *, n_candidates: int = 12, n_programs: int = 1) -> Iterator[Machine]:
    """A county with ``n_candidates`` candidates and as many programmes as asked; every process is ended afterwards."""
    world = make_world(database, PersonalDataCipher([TEST_DATA_KEY]))
    populate(world, n=n_candidates)
    programs = [
        world.program(kind=ProgramKind.TWO_PLUS_ONE, name=f"思南县2025年“2+1”结对帮带{number}")
        for number in range(n_programs)
    ]
    token = run_in_transaction(
        database,
        lambda session: create_token(session, role=Role.SYSTEM_ADMIN, label="test", division=None, person=None),
    )
    made = Machine(database, world, folder, token, programs)
    try:
        yield made
    finally:
        for process in made.processes:
            with suppress(ProcessLookupError):
                process.send(signal.SIGCONT)
            process.kill()
