"""An operation that takes too long is ended, and so is its work in the database."""

import json
import sqlite3
import threading
import time
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlmodel import Session, col, select
from websockets.sync.client import connect

from app.access import Viewer
from app.crypto import PersonalDataCipher
from app.db import Database
from app.errors import OperationTimedOutError
from app.interrupts import Interrupt
from app.models import Mentor
from app.services import people as people_services
from schema import deadline
from schema.ids import encode_id
from tests.schema.door import Door, open_door
from tests.schema.serving import served

ENDLESS = text(
    "WITH RECURSIVE steps(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM steps WHERE n < 1000000000) "
    "SELECT count(*) FROM steps"
)
QUERY = "{ reserveCandidates { nodes { id } } }"


@pytest.fixture
def hasty(database: Database, cipher: PersonalDataCipher) -> Door:
    return open_door(database, cipher, request_timeout_s=0.5)


def hang(session: Session, viewer: Viewer, *_: Any) -> Any:
    session.execute(ENDLESS).all()
    raise AssertionError("unreachable")


def working_statements(database: Database) -> int:
    """Statements that the database itself still works on."""
    with database.read() as session:
        rows = session.execute(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%steps%' "
                "AND pid <> pg_backend_pid()"
            )
        )
        return int(rows.scalar_one())


def test_a_read_that_takes_too_long_is_ended_in_the_database(hasty: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schema.people.queries.people.mentees_by_id", hang)
    (pairing,) = hasty.data("{ reserveCandidates(first: 1) { nodes { id } } }")["reserveCandidates"]["nodes"]
    started = time.monotonic()
    body = hasty.ask("query($id: ID!) { reserveCandidate(id: $id) { id } }", id=pairing["id"])
    assert time.monotonic() - started < 5.0
    (error,) = body["errors"]
    assert error["extensions"]["code"] == "TIMED_OUT"
    assert body["data"] == {"reserveCandidate": None}
    if hasty.database.engine.dialect.name == "postgresql":
        assert working_statements(hasty.database) == 0
    assert hasty.data(QUERY)["reserveCandidates"]["nodes"]


def test_a_mutation_that_takes_too_long_is_refused_and_nothing_is_written(
    hasty: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    mentor = hasty.data("{ mentors(first: 1) { nodes { id capacity version } } }")["mentors"]["nodes"][0]
    update = people_services.update_mentor

    def update_and_hang(session: Session, *args: Any, **options: Any) -> Any:
        update(session, *args, **options)
        session.flush()
        session.execute(ENDLESS).all()

    monkeypatch.setattr("schema.people.mutations.people.update_mentor", update_and_hang)
    body = hasty.data(
        "mutation($id: ID!) { updateMentor(input: {id: $id, changes: {capacity: 5}}) { userErrors { code } "
        "mentor { capacity } } }",
        id=mentor["id"],
    )
    assert body["updateMentor"] == {"userErrors": [{"code": "TIMED_OUT"}], "mentor": None}
    with hasty.database.read() as session:
        assert 5 not in session.exec(select(col(Mentor.capacity))).all()


def test_work_that_computes_has_longer_and_is_given_up_at_the_end_of_that(
    hasty: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = hasty.data("{ matchRuns { nodes { plans { id } } } }")["matchRuns"]["nodes"][0]["plans"][0]["id"]
    query = "query($id: ID!) { shortfalls(planId: $id) { __typename } }"

    def slow(*_: Any, **__: Any) -> Any:
        time.sleep(1.0)

    monkeypatch.setattr("schema.runs.questions.questions.diagnose_plan", slow)
    assert "errors" not in hasty.ask(query, id=plan)
    monkeypatch.setattr(deadline, "WORK_TIMEOUT_S", 0.6)
    monkeypatch.setattr(deadline, "LAST_STEP_S", 0.0)
    body = hasty.ask(query, id=plan)
    assert [error["extensions"]["code"] for error in body["errors"]] == ["TIMED_OUT"]


def test_work_of_an_operation_that_nobody_waits_for_is_ended_too(hasty: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client of a socket takes its operation back; the statement it has begun must not run for ever."""
    ends: list[BaseException] = []

    def hang_and_tell(session: Session, viewer: Viewer, *_: Any) -> Any:
        try:
            session.execute(ENDLESS).all()
        except BaseException as end:
            ends.append(end)
            raise

    monkeypatch.setattr("schema.people.queries.people.mentees_by_id", hang_and_tell)
    (first,) = hasty.data("{ reserveCandidates(first: 1) { nodes { id } } }")["reserveCandidates"]["nodes"]
    query = "query($id: ID!) { reserveCandidate(id: $id) { id } }"
    payload = {"query": query, "variables": {"id": first["id"]}}
    with (
        served(hasty) as port,
        connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=["graphql-transport-ws"]) as session,  # type: ignore[list-item]
    ):
        token = f"Bearer {hasty.world.tokens['county']}"
        session.send(json.dumps({"type": "connection_init", "payload": {"authorization": token}}))
        session.recv(timeout=20)
        session.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        time.sleep(0.2)
        assert ends == []
        session.send(json.dumps({"id": "1", "type": "complete"}))
        end = time.monotonic() + 10.0
        while not ends and time.monotonic() < end:
            time.sleep(0.05)
    assert len(ends) == 1


def test_a_statement_that_cannot_be_ended_does_not_keep_the_others(
    hasty: Door, caplog: pytest.LogCaptureFixture
) -> None:
    class Away(psycopg.Connection[Any]):
        def __init__(self) -> None:
            """Not connected."""

        def __del__(self) -> None:
            """Nothing to close."""

        def cancel_safe(self, *, timeout: float = 30.0) -> None:
            raise psycopg.OperationalError("no connection to the server")

    interrupt, told = Interrupt(), []
    lite = sqlite3.connect(":memory:", check_same_thread=False)
    lite.set_progress_handler(lambda: told.append(1) or 0, 1_000)
    interrupt._connections = {1: Away(), 2: lite}  # type: ignore[dict-item]
    timer = threading.Timer(0.3, interrupt.fire)
    timer.start()
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        lite.execute(str(ENDLESS)).fetchall()
    timer.join()
    lite.close()
    assert told
    assert "OperationalError" in caplog.text
    assert "server" not in caplog.text


def test_a_change_that_is_written_is_not_called_unwritten(hasty: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read behind a change can be late when the change itself was not."""
    mentor = hasty.data("{ mentors(first: 1) { nodes { id } } }")["mentors"]["nodes"][0]
    update = people_services.update_mentor

    def update_late(session: Session, *args: Any, **options: Any) -> Any:
        row = update(session, *args, **options)
        time.sleep(0.8)
        return row

    monkeypatch.setattr("schema.people.mutations.people.update_mentor", update_late)
    body = hasty.ask(
        "mutation($id: ID!) { updateMentor(input: {id: $id, changes: {capacity: 5}}) { userErrors { code } "
        "mentor { capacity specialties { specialty } } } }",
        id=mentor["id"],
    )
    (error,) = body["errors"]
    assert error["extensions"]["code"] == "TIMED_OUT"
    assert error["path"][-1] == "specialties"
    assert error["message"].startswith("This step ")
    with hasty.database.read() as session:
        assert 5 in session.exec(select(col(Mentor.capacity))).all()


def test_a_run_that_is_queued_and_cannot_be_read_again_is_not_called_unwritten(
    hasty: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = hasty.data("{ pairingPrograms { nodes { id } } }")["pairingPrograms"]["nodes"][0]["id"]
    key = uuid4()
    monkeypatch.setattr("schema.runs.mutations.start", lambda *_, **__: key)
    monkeypatch.setattr("schema.runs.mutations.runs_by_id", refuse)
    body = hasty.ask(
        "mutation($id: ID!) { startMatchRun(input: {programId: $id, mode: FINAL}) { userErrors { code } } }", id=program
    )
    (error,) = body["errors"]
    assert error["message"].startswith(f"Run {encode_id('MatchRun', key)} is queued, but cannot be read")
    assert error["extensions"]["code"] == "TIMED_OUT"
    assert body["data"] == {"startMatchRun": None}


def refuse(*_: Any) -> Any:
    raise OperationTimedOutError
