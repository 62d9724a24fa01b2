"""The leak search finds a planted value in each of its sources, tells its kind, and never the value."""

import logging
import subprocess
import sys
import zlib
from datetime import date
from pathlib import Path

import httpx
import pytest
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
