"""GraphQL over a WebSocket: who may connect, what an operation may see, and what an error tells."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlmodel import select
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from app.errors import DatabaseUnavailableError
from app.models import MatchRun
from schema.asgi import MAX_BODY_BYTES
from schema.ids import encode_id
from tests.schema.door import Door
from tests.schema.serving import served

WATCH = "subscription($id: ID!) { matchRunProgress(runId: $id) { offset kind progress { state shareCount } } }"


@contextmanager
def line(
    door: Door, by: str | None = "county", *, protocol: str = "graphql-transport-ws"
) -> Iterator[ClientConnection]:
    """An open connection, before the first message unless ``by`` names who asks."""
    with (
        served(door) as port,
        connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=[protocol]) as session,  # type: ignore[list-item]
    ):
        if by is not None:
            tell(session, {"type": "connection_init", "payload": {"authorization": f"Bearer {door.world.tokens[by]}"}})
            assert json.loads(session.recv()) == {"type": "connection_ack"}
        yield session


def tell(session: ClientConnection, message: Any) -> None:
    session.send(json.dumps(message))


def ask(session: ClientConnection, query: str, **variables: Any) -> list[dict[str, Any]]:
    """All messages of one operation."""
    tell(session, {"id": "1", "type": "subscribe", "payload": {"query": query, "variables": variables}})
    messages: list[dict[str, Any]] = []
    while not messages or messages[-1]["type"] not in ("complete", "error"):
        messages.append(json.loads(session.recv(timeout=20)))
    return messages


def closing_code(session: ClientConnection) -> int | None:
    """The code with which the other side closes the connection."""
    with pytest.raises(ConnectionClosed) as end:
        session.recv(timeout=20)
    return None if end.value.rcvd is None else int(end.value.rcvd.code)


def run_of(door: Door) -> str:
    with door.database.read() as session:
        return encode_id("MatchRun", session.exec(select(MatchRun.id)).first())  # type: ignore[arg-type]


def refusal(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """The one error of an operation that was refused."""
    payload = messages[0]["payload"]
    (error,) = payload if isinstance(payload, list) else payload["errors"]
    return dict(error)


def test_a_run_that_has_ended_tells_its_state_and_completes(door: Door) -> None:
    with line(door) as session:
        messages = ask(session, WATCH, id=run_of(door))
    assert [message["type"] for message in messages] == ["next", "complete"]
    event = messages[0]["payload"]["data"]["matchRunProgress"]
    assert (event["offset"], event["kind"]) == (-1, "FIGURES")
    assert event["progress"]["state"].startswith("SOLVED")


@pytest.mark.parametrize(
    ("by", "code"), [("other_county", "NOT_FOUND"), ("mentee", "FORBIDDEN"), ("mentor", "FORBIDDEN")]
)
def test_a_run_is_watched_only_by_those_who_may_read_it(lite: Door, by: str, code: str) -> None:
    with line(lite, by) as session:
        error = refusal(ask(session, WATCH, id=run_of(lite)))
    assert error["extensions"]["code"] == code
    assert "stack" not in str(error).lower()


def test_queries_over_a_socket_answer_as_over_http(lite: Door) -> None:
    query = "{ viewer { role } }"
    with line(lite) as session:
        first, second = ask(session, query), ask(session, query)
    assert first == second
    assert first[0]["payload"]["data"] == lite.data(query)


@pytest.mark.parametrize("payload", [None, {}, {"authorization": "Bearer wrong"}, {"authorization": 7}])
def test_a_connection_without_a_valid_token_is_closed(lite: Door, payload: dict[str, Any] | None) -> None:
    with line(lite, None) as session:
        tell(session, {"type": "connection_init", **({} if payload is None else {"payload": payload})})
        assert closing_code(session) == 4403


@pytest.mark.parametrize("frame", ["7", "[]", "null", '"x"', "{", '{"type": "unknown"}', "{}"])
def test_a_frame_that_is_no_message_closes_the_connection(lite: Door, frame: str) -> None:
    with line(lite) as session:
        session.send(frame)
        assert closing_code(session) == 4400


@pytest.mark.parametrize(
    "payload",
    [
        {"query": "{ viewer { role } }", "variables": {"a": "b\0"}},
        {"query": "{ viewer { role } } # \\u0000"},
        {"query": 7},
        {},
        7,
    ],
)
def test_an_operation_that_http_would_refuse_closes_the_connection(lite: Door, payload: Any) -> None:
    with line(lite) as session:
        tell(session, {"id": "1", "type": "subscribe", "payload": payload})
        assert closing_code(session) == 4400


@pytest.mark.parametrize(
    "query",
    [
        "{ viewer { role } " * 700,
        "{ viewer { role",
        "{ viewer { role } } " + "x" * 300,
        "{ nothing }",
        "query A{viewer{role}} query B{viewer{role}}",
    ],
)
def test_a_document_that_http_would_refuse_is_told_the_same_and_other_operations_go_on(lite: Door, query: str) -> None:
    with line(lite) as session:
        (message,) = ask(session, query)
        assert message == {"id": "1", "type": "error", "payload": lite.ask(query)["errors"]}
        assert message["payload"][0]["extensions"] == {"code": "BAD_DOCUMENT"}
        assert [message["type"] for message in ask(session, "{ viewer { role } }")] == ["next", "complete"]


def test_an_operation_before_the_first_message_and_a_second_one_close_the_connection(lite: Door) -> None:
    with line(lite, None) as session:
        tell(session, {"id": "1", "type": "subscribe", "payload": {"query": "{ viewer { role } }"}})
        assert closing_code(session) == 4401
    with line(lite) as session:
        tell(session, {"type": "connection_init", "payload": {}})
        assert closing_code(session) == 4429


def test_a_fault_tells_an_id_alone(lite: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret of a person")

    monkeypatch.setattr("schema.runs.progress.runs_by_id", fail)
    with line(lite) as session:
        error = refusal(ask(session, WATCH, id=run_of(lite)))
    assert error["extensions"]["code"] == "INTERNAL"
    assert "secret" not in str(error)


def test_other_subprotocols_are_refused(lite: Door) -> None:
    with line(lite, None, protocol="graphql-ws") as session:
        assert closing_code(session) == 4406


@pytest.mark.parametrize(
    "message",
    [
        {"id": ["1"], "type": "subscribe", "payload": {"query": "{ viewer { role } }"}},
        {"id": {}, "type": "complete"},
        {"type": "多" * 200},
    ],
)
def test_a_message_of_a_wrong_shape_ends_the_connection_with_a_code(lite: Door, message: dict[str, Any]) -> None:
    with line(lite) as session:
        tell(session, message)
        assert closing_code(session) == 4400


def test_a_message_larger_than_a_body_may_be_ends_the_connection(lite: Door) -> None:
    with line(lite, by=None) as session:
        tell(session, {"type": "connection_init", "payload": {"authorization": "x" * MAX_BODY_BYTES}})
        assert closing_code(session) == 1009


def test_who_asks_while_the_database_is_away_may_try_later(lite: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any) -> None:
        raise DatabaseUnavailableError("The database cannot be reached.", "数据库暂时无法连接。")

    monkeypatch.setattr("schema.sockets.find_grant_for_header", away)
    with line(lite, by=None) as session:
        tell(session, {"type": "connection_init", "payload": {"authorization": "Bearer x"}})
        assert closing_code(session) == 1013


def test_an_operation_of_another_name_is_a_mistake_not_a_fault(lite: Door) -> None:
    with line(lite) as session:
        payload = {"query": "{ viewer { role } }", "operationName": "other"}
        tell(session, {"id": "1", "type": "subscribe", "payload": payload})
        (error,) = json.loads(session.recv(timeout=20))["payload"]
    assert error["extensions"] == {"code": "BAD_REQUEST"}
