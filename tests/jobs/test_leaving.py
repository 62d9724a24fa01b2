"""Processes that are told to end: everybody is answered, no run is lost or done twice, and it does not take long."""

import asyncio
import http.client
import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import select
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from app.db import Database, run_in_transaction
from app.models import AuditEvent
from app.models.vocabulary import RunState
from app.services.programs import create_match_policy_version
from matching import PRESETS
from schema.ids import encode_id
from tests.jobs.machine import WATCH, Machine, Process, machine, wait_for

pytestmark = pytest.mark.slow

ENDED = (RunState.SOLVED, RunState.SOLVED_WITH_SHORTFALL)
ROLE = json.dumps({"query": "{ viewer { role } }"})


@pytest.fixture
def large_office(database: Database, tmp_path: Path) -> Iterator[Machine]:
    """A county whose team plan takes long."""
    with machine(database, tmp_path, n_candidates=90) as made:
        content = PRESETS["TONGREN_2_PLUS_1"].to_json() | {"teamObjective": "TEAMS", "fairness": {"mode": "MAXMIN"}}
        run_in_transaction(
            database,
            lambda session: create_match_policy_version(session, made.world.officer, made.programs[0].id, content),
        )
        yield made


def status_of(office: Machine, path: str) -> int | None:
    try:
        return httpx.get(f"http://127.0.0.1:{office.port}{path}", timeout=5).status_code
    except httpx.TransportError:
        return None


def headers(office: Machine) -> dict[str, str]:
    return {"Authorization": f"Bearer {office.token}", "Content-Type": "application/json"}


class Client(threading.Thread):
    """Asks again and again, each time over the same connection as long as the server keeps that open."""

    def __init__(self, office: Machine) -> None:
        super().__init__()
        self.office = office
        self.n_answers = 0
        self.lost: list[str] = []
        self.is_over = threading.Event()

    def run(self) -> None:
        while not self.is_over.is_set():
            with closing(http.client.HTTPConnection("127.0.0.1", self.office.port, timeout=30)) as line:
                try:
                    line.connect()
                except ConnectionRefusedError:
                    return
                self.ask(line)

    def ask(self, line: http.client.HTTPConnection) -> None:
        while not self.is_over.is_set():
            try:
                line.request("POST", "/graphql", ROLE, headers(self.office))
                answer = line.getresponse()
                body = json.loads(answer.read())
            except (OSError, http.client.HTTPException, ValueError) as fault:
                self.lost.append(f"{type(fault).__name__} after {self.n_answers}")
                return
            assert answer.status == 200
            assert body["data"] == {"viewer": {"role": "SYSTEM_ADMIN"}}
            self.n_answers += 1
            if answer.headers.get("Connection") == "close":
                return


def test_under_load_every_request_that_was_taken_is_answered(lite_office: Machine) -> None:
    office = lite_office
    server = office.server(embedded=False, TOUYAN_DRAIN_S="1.0")
    clients = [Client(office) for _ in range(8)]
    for client in clients:
        client.start()
    wait_for(lambda: all(client.n_answers > 5 for client in clients), office.logs)
    asked = time.monotonic()
    server.send(signal.SIGTERM)
    code = server.popen.wait(timeout=60)
    seconds = time.monotonic() - asked
    for client in clients:
        client.is_over.set()
        client.join()
    assert (code, [client.lost for client in clients]) == (0, [[]] * 8), office.logs()
    assert sum(client.n_answers for client in clients) > 50
    assert seconds < 20.0, seconds
    assert "Traceback" not in server.log.read_text()


def test_readiness_falls_first_while_requests_are_still_taken(lite_office: Machine) -> None:
    office = lite_office
    server = office.server(TOUYAN_DRAIN_S="4")
    wait_for(lambda: status_of(office, "/readyz") == 200, office.logs)
    server.send(signal.SIGTERM)
    wait_for(lambda: status_of(office, "/readyz") == 503, office.logs)
    assert office.ask("{ viewer { role } }") == {"viewer": {"role": "SYSTEM_ADMIN"}}
    assert status_of(office, "/healthz") == 200
    assert server.popen.wait(timeout=60) == 0
    assert status_of(office, "/healthz") is None


def test_a_request_that_is_still_being_sent_is_answered(lite_office: Machine) -> None:
    office = lite_office
    server = office.server(embedded=False, TOUYAN_DRAIN_S="0")
    body = ROLE.encode()
    lines = [f"{name}: {value}" for name, value in headers(office).items()]
    head = "\r\n".join(["POST /graphql HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *lines, "", ""])
    with socket.create_connection(("127.0.0.1", office.port), timeout=30) as line:
        line.sendall(head.encode() + body[:5])
        # The server has to know of it before it is told to end.
        time.sleep(0.5)
        server.send(signal.SIGTERM)
        wait_for(lambda: status_of(office, "/healthz") is None, office.logs)
        time.sleep(1.0)
        assert server.popen.poll() is None
        line.sendall(body[5:])
        answer = b"".join(iter(lambda: line.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in answer.lower()
    assert b"SYSTEM_ADMIN" in answer
    assert server.popen.wait(timeout=30) == 0


def test_what_cannot_be_answered_does_not_hold_the_process(lite_office: Machine) -> None:
    office = lite_office
    server = office.server(embedded=False, TOUYAN_DRAIN_S="0", TOUYAN_SHUTDOWN_TIMEOUT_S="1")
    with socket.create_connection(("127.0.0.1", office.port), timeout=30) as line:
        line.sendall(b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n")
        line.sendall(f"Authorization: Bearer {office.token}\r\n\r\n".encode())
        time.sleep(0.5)
        asked = time.monotonic()
        server.send(signal.SIGTERM)
        assert server.popen.wait(timeout=30) == 0
        assert time.monotonic() - asked < 8.0
        assert b" 500 " in line.recv(65_536)
    assert "no time is left" in server.log.read_text()


def test_a_second_signal_hurries(lite_office: Machine) -> None:
    office = lite_office
    server = office.server(embedded=False, TOUYAN_DRAIN_S="60")
    server.send(signal.SIGTERM)
    wait_for(lambda: status_of(office, "/readyz") == 503, office.logs)
    server.send(signal.SIGTERM)
    assert server.popen.wait(timeout=15) == 0


def test_sockets_and_streams_end_in_a_way_after_which_clients_connect_again(office: Machine) -> None:
    server = office.server(embedded=False, TOUYAN_DRAIN_S="0")
    run_id = office.start(office.programs[0])
    variables = {"runId": encode_id("MatchRun", run_id), "after": None}
    body = {"query": WATCH, "variables": variables}
    stream: list[str] = []

    def listen() -> None:
        told = headers(office) | {"Accept": "text/event-stream"}
        url = f"http://127.0.0.1:{office.port}/graphql"
        with httpx.stream("POST", url, json=body, headers=told, timeout=60) as answer:
            # One line after the other, as they come.
            stream.extend(answer.iter_lines())

    listener = threading.Thread(target=listen)
    listener.start()
    with (
        connect(f"ws://127.0.0.1:{office.port}/graphql", subprotocols=["graphql-transport-ws"]) as line,  # type: ignore[list-item]
        connect(f"ws://127.0.0.1:{office.port}/graphql", subprotocols=["graphql-transport-ws"]) as silent,  # type: ignore[list-item]
    ):
        line.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {office.token}"}}))
        line.send(json.dumps({"id": "1", "type": "subscribe", "payload": body}))
        assert json.loads(line.recv(timeout=30))["type"] == "connection_ack"
        assert json.loads(line.recv(timeout=30))["type"] == "next"
        wait_for(lambda: "event: next" in stream, office.logs)
        server.send(signal.SIGTERM)
        ends = []
        for each in (line, silent):
            with pytest.raises(ConnectionClosed) as end:
                _receive_all(each)
            ends.append(end.value.rcvd)
    listener.join()
    assert server.popen.wait(timeout=30) == 0
    reason = "The server is going away; connect again"
    assert [(each.code, each.reason) for each in ends if each] == [(1001, reason)] * 2
    assert any(text.startswith("event: next") for text in stream)
    assert not any(text.startswith("event: complete") for text in stream), "clients would take that for the end"
    # Whoever connects again goes on behind what it has.
    office.server()
    told = asyncio.run(office.watch(run_id))
    assert [event["kind"] for event in told if event["kind"] != "FIGURES"] == ["STARTED", "SOLVED", "ENDED"]


def test_the_worker_inside_leaves_its_run_to_the_next_process(large_office: Machine) -> None:
    office = large_office
    server = office.server(TOUYAN_DRAIN_S="0")
    run_id = office.start(office.programs[0], timeLimitS=20.0)
    office.wait_for_solve(run_id)
    time.sleep(1.0)
    asked = time.monotonic()
    assert end_of(server) == 0
    assert time.monotonic() - asked < 20.0
    assert office.state(run_id) is RunState.RUNNING
    office.server()
    assert office.wait_for_end(run_id) in ENDED, office.logs()
    assert office.plans(run_id) == [180]
    assert n_told(office, run_id) == 1


def test_runs_that_go_on_while_workers_are_replaced_again_and_again_end_once_each(lite_office: Machine) -> None:
    office = lite_office
    office.server(embedded=False)
    worker = office.worker("w1", PYTHONFAULTHANDLER="1")
    runs = []
    for number in range(6):
        runs.append(office.start(office.programs[0], idempotencyKey=str(number)))
        wait_for(partial(is_working, worker), office.logs)
        time.sleep(0.1 * number)
        assert end_of(worker) == 0
        worker = office.worker("w1", PYTHONFAULTHANDLER="1")
        wait_for(lambda: sum(not office.has_ended(run) for run in runs) < 2, office.logs)
    assert [office.wait_for_end(run) for run in runs] == [RunState.SOLVED] * 6
    assert [office.plans(run) for run in runs] == [[24]] * 6
    assert [n_told(office, run) for run in runs] == [1] * 6


def test_a_worker_tells_its_figures_to_this_machine(lite_office: Machine) -> None:
    office = lite_office
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    office.server(embedded=False)
    office.spawn("worker", "--slot", "w1", "--shares", "1", "--metrics-port", str(port), TOUYAN_LOG_FORMAT="json")
    run_id = office.start(office.programs[0])
    office.wait_for_end(run_id)

    def told() -> str:
        return httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text

    wait_for(lambda: 'touyan_ended_jobs_total{job="run",outcome="ended"} 1.0' in told(), office.logs)
    assert 'touyan_ended_jobs_total{job="share",outcome="ended"} 1.0' in told()
    assert "touyan_solve_seconds_count 1.0" in told()
    with socket.socket() as other:
        other.settimeout(2)
        assert other.connect_ex(("127.0.0.2", port)) != 0, "on the one address alone"


def _receive_all(line: Any) -> None:
    while True:
        line.recv(timeout=30)


def is_working(process: Process) -> bool:
    return "Working in slot" in process.log.read_text()


def end_of(process: Process) -> int:
    process.send(signal.SIGTERM)
    try:
        return process.popen.wait(timeout=60)
    except subprocess.TimeoutExpired:
        # Where its threads stand goes to its log.
        process.send(signal.SIGABRT)
        process.popen.wait(timeout=30)
        raise AssertionError(process.log.read_text()[-6000:]) from None


def n_told(office: Machine, run_id: Any) -> int:
    with office.database.read() as session:
        told = select(AuditEvent).where(AuditEvent.action == "RUN_FINISHED", AuditEvent.target == f"MatchRun {run_id}")
        return len(session.exec(told).all())
