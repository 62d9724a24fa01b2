"""What is written down: one handler for all lines, ids of requests and runs in them, and no values of people."""

import json
import logging
import logging.config
from collections.abc import Iterator
from typing import Any

import pytest
from uvicorn.config import LOGGING_CONFIG

from app.observe.logs import ACCESS, set_up_logging
from app.request_id import request_id, run_id
from tests.loggers import kept

SECRET = "张三 138"


class Said:
    """What went to standard error so far."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys, self._text = capsys, ""

    def getvalue(self) -> str:
        self._text += self._capsys.readouterr().err
        return self._text


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Iterator[Said]:
    with kept():
        yield Said(capsys)


def lines(said: Said) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.getvalue().splitlines()]


@pytest.mark.parametrize("is_json", [True, False])
def test_neither_variables_nor_tokens_of_an_address_are_logged(said: Said, is_json: bool) -> None:
    set_up_logging(is_json=is_json)
    address = "/graphql?query=x&variables=%7B%22search%22%3A%22secret%22%7D"
    logging.getLogger("uvicorn.error").info('%s - "WebSocket %s" [accepted]', ("127.0.0.1", 9), address)
    assert said.getvalue().count("/graphql") == 1
    assert "secret" not in said.getvalue()
    assert "?" not in said.getvalue()


def test_lines_of_all_libraries_have_one_form_and_the_ids_of_their_context(said: Said) -> None:
    set_up_logging(is_json=True)
    tokens = request_id.set("request-0001"), run_id.set("run-0001")
    for name in ("uvicorn.error", "dbos", "touyan.graphql", "app.jobs.worker"):
        logging.getLogger(name).warning("line of %s", name)
    request_id.reset(tokens[0])
    run_id.reset(tokens[1])
    logging.getLogger("touyan").warning("outside")
    told = lines(said)
    assert [(line["logger"], line["message"]) for line in told[:2]] == [
        ("uvicorn.error", "line of uvicorn.error"),
        ("dbos", "line of dbos"),
    ]
    assert {(line["level"], line["requestId"], line["runId"]) for line in told[:4]} == {
        ("WARNING", "request-0001", "run-0001")
    }
    assert set(told[4]) == {"at", "level", "logger", "message"}
    assert told[4]["at"].endswith("+00:00")


@pytest.mark.parametrize("is_json", [True, False])
def test_of_an_exception_type_and_place_are_kept_and_never_its_text(said: Said, is_json: bool) -> None:
    set_up_logging(is_json=is_json)
    try:
        try:
            raise KeyError(SECRET)
        except KeyError as cause:
            raise RuntimeError(SECRET) from cause
    except RuntimeError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    text = said.getvalue()
    assert SECRET not in text
    assert "\\u" not in text
    assert text.index("RuntimeError") < text.index("caused by KeyError")
    assert "test_logging.py" in text


def test_extras_of_libraries_stay_out_and_those_of_the_access_log_are_fields(said: Said) -> None:
    set_up_logging(is_json=True)
    ACCESS.info("x", extra={"method": "GET", "ms": 1.5, "variables": SECRET})
    (line,) = lines(said)
    assert (line["method"], line["ms"], "variables" in line) == ("GET", 1.5, False)


def test_a_line_break_in_a_message_makes_no_second_line(said: Said) -> None:
    set_up_logging(is_json=True)
    logging.getLogger("touyan").warning("one\n%s", '{"level": "ERROR"}')
    assert len(lines(said)) == 1


def test_handlers_that_libraries_were_given_before_are_taken_from_them(said: Said) -> None:
    logging.config.dictConfig(LOGGING_CONFIG)
    set_up_logging(is_json=True)
    logging.getLogger("uvicorn.error").warning("one line")
    assert [line["message"] for line in lines(said)] == ["one line"]


def test_setting_up_again_replaces_and_the_level_counts(said: Said) -> None:
    set_up_logging(is_json=False)
    set_up_logging(is_json=True, level="warning")
    logging.getLogger("a.library").info("not told")
    logging.getLogger("alembic").info("not told")
    logging.getLogger("a.library").warning("told")
    assert [line["message"] for line in lines(said)] == ["told"]
