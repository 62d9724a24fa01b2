"""The leak search finds a planted value in each of its sources, tells its kind, and never the value."""

import logging
import subprocess
import sys
import zlib
from datetime import date
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from openpyxl import Workbook
from sqlalchemy import text
from sqlmodel import Session

from app.crypto import PersonalDataCipher
from app.db import Database
from app.models import AuditEvent, MatchSnapshot
from app.models.vocabulary import AuditAction, Role
from tests.factories import id_number
from tests.leaks.search import CLASS_A, ID_NUMBER, PHONE, Search

ROOT = Path(__file__).parents[2]
NUMBER, MOBILE, LANDLINE = id_number(date(1961, 2, 3), 77), "13577770001", "0856-7654321"
SENTENCE = "群众来信反映其与村民有经济纠纷"


@pytest.fixture
def search() -> Search:
    """A search of its own that knows four values."""
    made = Search()
    for value in (NUMBER, MOBILE, SENTENCE):
        made.secrets.learn(value)
    made.secrets.learn(f'3:{{"person":{{"phone":"{LANDLINE}","name":"不算秘密的名字"}}}}')
    return made


def test_values_are_known_by_their_kind(search: Search) -> None:
    assert search.secrets.numbers == {NUMBER: ID_NUMBER, MOBILE: PHONE, LANDLINE: PHONE}
    assert search.secrets.texts == {SENTENCE}
    assert search.secrets.kinds_in(f"a {NUMBER.lower()}, b {MOBILE}; {SENTENCE}。") == {ID_NUMBER, PHONE, CLASS_A}
    assert search.secrets.kinds_in(f"1{NUMBER} {MOBILE}9 13577770002 {SENTENCE[:-1]}") == set()


def test_digits_of_ids_and_checksums_in_what_was_read_of_a_file_are_no_numbers() -> None:
    made = Search()
    made.secrets.learn(
        '{"id":"c0ffee00-1111-4222-8333-a13577770001","sha256":"ab13577770002cd","cell":"电话13577770003、0856-7654321"}'
    )
    assert made.secrets.numbers == {"13577770003": PHONE, LANDLINE: PHONE}


def test_lines_of_every_level_and_traces_are_heard(search: Search) -> None:
    logger = logging.getLogger("leaks.planted")
    logger.addHandler(search.ear)
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    logger.debug("phone %s", MOBILE)
    try:
        raise ValueError(NUMBER)
    except ValueError:
        logger.exception("fault")
    logger.removeHandler(search.ear)
    found = search.findings()
    assert found == [f"log of leaks.planted: {PHONE}", f"log of leaks.planted: {ID_NUMBER}"]
    assert search.findings() == []


@pytest.mark.parametrize(
    ("path", "status", "body", "sent", "kinds"),
    [
        ("/graphql", 200, f'{{"data":null,"errors":[{{"message":"bad {MOBILE}"}}]}}', "", {PHONE}),
        ("/graphql", 200, f'{{"data":{{"a":{{"userErrors":[{{"message":"{SENTENCE}"}}]}}}}}}', "", {CLASS_A}),
        ("/graphql", 200, f'{{"data":{{"cadre":{{"phone":"{MOBILE}"}}}}}}', "", {PHONE}),
        ("/graphql", 200, f'{{"data":{{"wish":{{"reason":"{SENTENCE}"}}}}}}', "", set()),
        ("/graphql", 200, f'{{"data":{{"r":{{"value":"{MOBILE}"}}}}}}', "mutation{revealPersonalData}", set()),
        ("/graphql", 400, f"not JSON {NUMBER}", "", {ID_NUMBER}),
        ("/metrics", 200, f'runs_total{{reason="{SENTENCE}"}} 1', "", {CLASS_A}),
    ],
)
def test_answers_errors_and_metrics_are_searched(
    search: Search, path: str, status: int, body: str, sent: str, kinds: set[str]
) -> None:
    request = httpx.Request("POST", f"http://t{path}", content=sent.encode())
    search.hear_answer(httpx.Response(status, request=request, content=body.encode()))
    found = search.findings()
    assert {each.rpartition(": ")[2] for each in found} == kinds
    assert all(value not in str(found) for value in (NUMBER, MOBILE, SENTENCE))


def next_message(payload: str, kind: str = "next") -> str:
    return f'{{"id":"1","type":"{kind}","payload":{payload}}}'


@pytest.mark.parametrize(
    ("message", "kinds"),
    [
        (next_message(f'{{"data":{{"cadre":{{"phone":"{MOBILE}"}}}}}}'), {PHONE}),
        (next_message(f'{{"data":null,"errors":[{{"message":"{SENTENCE}"}}]}}'), {CLASS_A}),
        (next_message(f'[{{"message":"{SENTENCE} {NUMBER}"}}]', "error"), {CLASS_A, ID_NUMBER}),
        (next_message(f'{{"data":{{"wish":{{"reason":"{SENTENCE}"}}}}}}'), set()),
        (f'event: next\ndata: {{"data":{{"run":{{"note":"{NUMBER}"}}}}}}\n\n', {ID_NUMBER}),
        (f'event: next\ndata: {{"data":null,"errors":[{{"message":"{SENTENCE}"}}]}}\n\n', {CLASS_A}),
        (next_message(f'{{"data":{{"revealPersonalData":{{"value":"{MOBILE}"}}}}}}'), set()),
        (":\n\n", set()),
    ],
)
def test_messages_of_sockets_and_events_of_streams_are_searched(search: Search, message: str, kinds: set[str]) -> None:
    for sent in (message, message.encode()):
        search.hear_message("/graphql", sent)
        found = search.findings()
        assert {each.rpartition(": ")[2] for each in found} == kinds
        assert all(value not in str(found) for value in (NUMBER, MOBILE, SENTENCE))


def workbook(*cells: str) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(cells)
    content = BytesIO()
    book.save(content)
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "kinds"),
    [
        (workbook("张三", MOBILE), {PHONE}),
        (workbook("张三", f"{NUMBER} & 其他"), {ID_NUMBER}),
        (workbook(SENTENCE), {CLASS_A}),
        (workbook("张三", MOBILE[:3] + "****" + MOBILE[-4:]), set()),
        (workbook("13577770009"), {PHONE}),
        (f"姓名,电话\n张三,{MOBILE}\n".encode(), {PHONE}),
        ("姓名,电话\n张三,135****0001\n".encode(), set()),
    ],
    ids=["phone", "number", "text", "masked", "unknown", "csv", "masked csv"],
)
def test_files_that_are_handed_out_are_searched_when_they_are_made_and_when_they_are_fetched(
    search: Search, sqlite_database: Database, content: bytes, kinds: set[str]
) -> None:
    request = httpx.Request("GET", "http://t/exports/1")
    search.hear_answer(httpx.Response(200, request=request, content=content))
    assert {each.rpartition(": ")[2] for each in search.findings()} == kinds
    search.hear_answer(httpx.Response(404, request=request, content=f"no file of {MOBILE}".encode()))
    assert search.findings() == [f"HTTP body of /exports/1: {PHONE}"]
    if content.startswith(b"PK"):
        with sqlite_database.engine.connect() as connection:
            connection.exec_driver_sql("CREATE TABLE made_file (content BLOB)")
            connection.exec_driver_sql("INSERT INTO made_file VALUES (?)", (content,))
            found = search.findings_in_tables(connection)
            connection.rollback()
        assert {each.rpartition(": ")[2] for each in found} == kinds


def test_log_files_of_processes_are_searched(search: Search, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "process0.log").write_text(f"started\nsaw {LANDLINE}\n", encoding="utf-8")
    (tmp_path / "clean.log").write_text("started\n", encoding="utf-8")
    assert search.findings_in_files(tmp_path) == [f"log file process0.log: {PHONE}"]
    (tmp_path / "inner" / "process0.log").unlink()


def test_job_tables_runs_and_the_audit_trail_are_searched(search: Search, database: Database) -> None:
    engine = database.engine
    with engine.connect() as connection:
        assert search.findings_in_tables(connection) == []
    schema = "" if engine.dialect.name == "sqlite" else "dbos."
    with Session(engine) as session:
        hashes = {"previous_hash": "0" * 64, "entry_hash": "1" * 64}
        planted = {"sequence": 999, "actor": "x", "role": Role.READER, "target": "x", "detail": {"purpose": [SENTENCE]}}
        session.add(AuditEvent(action=AuditAction.RUN_FINISHED, **planted, **hashes))
        session.add(MatchSnapshot(hash="0" * 64, content=zlib.compress(f'{{"name":"{NUMBER}"}}'.encode())))
        session.flush()
        connection = session.connection()
        connection.execute(
            text(
                f"INSERT INTO {schema}workflow_status (workflow_uuid, status, created_at, updated_at) "
                "VALUES ('planted', 'SUCCESS', 0, 0)"
            )
        )
        connection.execute(
            text(f"UPDATE {schema}workflow_status SET output = :value"),
            {"value": f'{{"phone":"{MOBILE}"}}'},
        )
        found = search.findings_in_tables(connection)
        # What is planted in the trail could not be taken out again.
        session.rollback()
    place = "workflow_status" if engine.dialect.name == "sqlite" else '"dbos"."workflow_status"'
    assert sorted(found) == sorted(
        [
            f"table {place}.output: {PHONE}",
            f"table audit_event.detail: {CLASS_A}",
            f"table match_snapshot.content: {ID_NUMBER}",
        ]
    )


def test_values_that_other_processes_wrote_are_learnt_from_the_database(
    sqlite_database: Database, cipher: PersonalDataCipher
) -> None:
    from tests.factories_graph import build_world

    build_world(sqlite_database, cipher, n_candidates=2)
    search = Search()
    with sqlite_database.engine.connect() as connection:
        search.learn_from(connection, [cipher])
    assert {"restricted-note", "restricted-exit-reason"} <= search.secrets.texts


INNER = """
import logging
from app.crypto import PersonalDataCipher, new_data_key
from tests.leaks.plugin import *

def test_that_leaks():
    PersonalDataCipher([new_data_key()]).encrypt("{mobile}")
    logging.getLogger("app.inner").debug("calling {mobile}")

def test_that_does_not():
    logging.getLogger("app.inner").debug("calling nobody")
"""


def test_a_test_in_whose_time_a_value_was_logged_fails_and_is_not_told_the_value(tmp_path: Path) -> None:
    inner = tmp_path / "test_inner.py"
    inner.write_text(INNER.format(mobile="13688880002"), encoding="utf-8")
    options = [
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "tests.leaks.plugin",
        "--show-capture=no",
        "--rootdir",
        str(tmp_path),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(inner)], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 1 passed" in done.stdout
    assert f"log of app.inner: {PHONE}" in done.stdout
    assert "leak search: 1 numbers" in done.stdout
    assert "13688880002" not in done.stdout


SOCKET = """
import asyncio
import pytest
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route, WebSocketRoute
from app.crypto import PersonalDataCipher, new_data_key
from app.http.requests import Requests
from app.presence import Presence
from tests.leaks.plugin import *

MOBILE = "{mobile}"

async def events(request):
    async def chunks():
        yield f"data: {{MOBILE}}\\n\\n"
    return StreamingResponse(chunks(), media_type="text/event-stream")

async def line(socket):
    await socket.accept()
    await socket.send_text(MOBILE)
    await socket.close()

application = Starlette(routes=[Route("/events", events), WebSocketRoute("/line", line)])
application.add_middleware(Requests, presence=Presence())

@pytest.fixture(autouse=True)
def known():
    PersonalDataCipher([new_data_key()]).encrypt(MOBILE)

def test_of_a_stream_that_nobody_reads():
    async def ask():
        async def receive():
            await asyncio.Event().wait()
        async def send(message):
            pass
        scope = {{"type": "http", "method": "GET", "path": "/events", "raw_path": b"/events", "query_string": b"",
                 "headers": [], "http_version": "1.1", "scheme": "http", "asgi": {{"version": "3.0"}}}}
        await application(scope, receive, send)
    asyncio.run(ask())

def test_of_a_socket():
    async def ask():
        messages = iter([{{"type": "websocket.connect"}}])
        async def receive():
            return next(messages)
        async def send(message):
            pass
        scope = {{"type": "websocket", "path": "/line", "raw_path": b"/line", "query_string": b"", "headers": [],
                 "subprotocols": [], "scheme": "ws", "asgi": {{"version": "3.0"}}}}
        await application(scope, receive, send)
    asyncio.run(ask())
"""


def test_a_test_in_whose_time_a_value_went_over_a_socket_or_a_stream_fails(tmp_path: Path) -> None:
    inner = tmp_path / "test_inner.py"
    inner.write_text(SOCKET.format(mobile="13688880003"))
    options = ["-q", "-p", "no:cacheprovider", "-p", "tests.leaks.plugin", "--show-capture=no"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", str(tmp_path), str(inner)],
        check=False, cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert "2 failed" in done.stdout, done.stdout + done.stderr
    assert f"message of /events: {PHONE}" in done.stdout
    assert f"message of /line: {PHONE}" in done.stdout
    assert "13688880003" not in done.stdout
