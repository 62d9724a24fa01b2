"""Connections that last: they end with the right to hold them, a user holds only so many, and slow readers go."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlmodel import select
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from app.access import Grant, find_grant, hash_token
from app.db import utc_now
from app.jobs.hub import Progress
from app.models import ApiToken, MatchRun
from app.models.vocabulary import Role, RunState
from app.reads.progress import RunView
from schema import connections, sockets, streams
from schema.asgi import GraphQLView
from schema.ids import encode_id
from tests.schema.door import Door
from tests.schema.serving import served

WATCH = "subscription($id: ID!) { matchRunProgress(runId: $id) { offset } }"


def change_token(door: Door, by: str, change: Callable[[ApiToken], None]) -> None:
    with door.database.write() as session:
        token = session.exec(select(ApiToken).where(ApiToken.token_hash == hash_token(door.world.tokens[by]))).one()
        change(token)
        session.add(token)


def run_of(door: Door) -> str:
    with door.database.read() as session:
        return encode_id("MatchRun", session.exec(select(MatchRun.id)).first())  # type: ignore[arg-type]


@contextmanager
def open_socket(door: Door, port: int, by: str = "county") -> Iterator[ClientConnection]:
    with connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=["graphql-transport-ws"]) as session:  # type: ignore[list-item]
        payload = {"authorization": f"Bearer {door.world.tokens[by]}"}
        session.send(json.dumps({"type": "connection_init", "payload": payload}))
        yield session


def closing(session: ClientConnection, *, timeout_s: float = 20) -> tuple[int, str]:
    """The code and the reason with which the other side closes the connection."""
    with pytest.raises(ConnectionClosed) as closed:
        _read_on(session, timeout_s)
    assert closed.value.rcvd is not None
    return int(closed.value.rcvd.code), closed.value.rcvd.reason


def _read_on(session: ClientConnection, timeout_s: float) -> None:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        session.recv(timeout=timeout_s)


class Endless:
    """Instead of the hub: a run that never ends, told at the given pace."""

    def __init__(self, pace_s: float) -> None:
        self.pace_s = pace_s
        self.n_told = self.n_followers = 0

    async def follow(self, run_id: UUID, after: int) -> AsyncGenerator[Progress, None]:
        view = RunView(state=RunState.RUNNING, phase=None, n_shares=1, n_solved=0, levels=(), seconds=0.0)
        self.n_followers += 1
        try:
            while True:
                self.n_told += 1
                yield Progress(offset=after, event=None, view=view)
                await asyncio.sleep(self.pace_s)
        finally:
            self.n_followers -= 1


@pytest.fixture
def hub(lite: Door, monkeypatch: pytest.MonkeyPatch) -> Endless:
    hub = Endless(pace_s=0.02)
    monkeypatch.setattr(view_of(lite), "hub", hub)
    monkeypatch.setattr(connections, "LOOKING_S", 0.2)
    return hub


def view_of(door: Door) -> GraphQLView:
    (view,) = {route.app for route in door.application.routes if getattr(route, "path", "") == "/graphql"}  # type: ignore[attr-defined]
    assert isinstance(view, GraphQLView)
    return view


def watch(session: ClientConnection, run: str, number: int = 1) -> None:
    payload = {"query": WATCH, "variables": {"id": run}}
    session.send(json.dumps({"id": str(number), "type": "subscribe", "payload": payload}))


def wait_for(is_so: Callable[[], bool], *, within_s: float = 10.0) -> None:
    end = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def expire_soon(token: ApiToken) -> None:
    token.expires_at = utc_now() + timedelta(seconds=1.5)


def revoke(token: ApiToken) -> None:
    token.revoked_at = utc_now()


def lower(token: ApiToken) -> None:
    token.role = Role.READER


def move(token: ApiToken) -> None:
    token.division_id = None


def test_a_socket_is_closed_when_its_token_expires(lite: Door, hub: Endless) -> None:
    change_token(lite, "county", expire_soon)
    with served(lite) as port, open_socket(lite, port) as session:
        watch(session, run_of(lite))
        started = time.monotonic()
        assert closing(session) == (4401, "Token expired")
        assert time.monotonic() - started < 3.0
        wait_for(lambda: hub.n_followers == 0)
        told = hub.n_told
    assert told > 10


@pytest.mark.parametrize(
    ("change", "end"),
    [
        (revoke, (4401, "Token revoked")),
        (lower, (4403, "Role or territory changed")),
        (move, (4403, "Role or territory changed")),
    ],
)
def test_a_socket_is_closed_when_what_its_token_gives_has_changed(
    lite: Door, hub: Endless, change: Callable[[ApiToken], None], end: tuple[int, str]
) -> None:
    with served(lite) as port, open_socket(lite, port) as session, open_socket(lite, port, "approver") as other:
        watch(session, run_of(lite))
        watch(other, run_of(lite))
        wait_for(lambda: hub.n_followers == 2)
        change_token(lite, "county", change)
        assert closing(session) == end
        wait_for(lambda: hub.n_followers == 1)
        told = hub.n_told
        wait_for(lambda: hub.n_told > told + 3)  # the other one goes on
        with open_socket(lite, port) as again:
            if change is revoke:
                assert closing(again)[0] == 4403


def test_a_stream_of_events_ends_with_the_token(lite: Door, hub: Endless) -> None:
    with served(lite) as port:
        headers = {"Authorization": f"Bearer {lite.world.tokens['county']}", "Accept": "text/event-stream"}
        body = {"query": WATCH, "variables": {"id": run_of(lite)}}
        with httpx.stream("POST", f"http://127.0.0.1:{port}/graphql", json=body, headers=headers, timeout=20) as answer:
            assert answer.headers["cache-control"].startswith("no-")
            lines = answer.iter_lines()
            assert next(lines) == "event: next"
            change_token(lite, "county", revoke)
            rest = [line for line in lines if line]
    assert rest[-2:] == ["event: complete", "data: "]
    assert json.loads(rest[-3].removeprefix("data: ")) == {
        "data": None,
        "errors": [{"message": "Token revoked.", "extensions": {"code": "UNAUTHENTICATED"}}],
    }
    wait_for(lambda: hub.n_followers == 0)


def test_a_user_holds_only_so_many_sockets_and_others_are_not_hindered(
    lite: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_SOCKETS", 2)
    with served(lite) as port, open_socket(lite, port) as first, open_socket(lite, port) as second:
        for session in (first, second):
            assert json.loads(session.recv(timeout=10)) == {"type": "connection_ack"}
        with open_socket(lite, port) as third:
            assert closing(third)[0] == 4429
        with open_socket(lite, port, "approver") as other:
            assert json.loads(other.recv(timeout=10)) == {"type": "connection_ack"}
        first.close()
        wait_for(lambda: view_of(lite).connections.sockets["county"] == 1)
        with open_socket(lite, port) as fourth:
            assert json.loads(fourth.recv(timeout=10)) == {"type": "connection_ack"}


def test_a_user_runs_only_so_many_operations_over_sockets_and_streams(
    lite: Door, hub: Endless, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_OPERATIONS", 2)
    run = run_of(lite)
    with served(lite) as port, open_socket(lite, port) as session:
        for number in (1, 2):
            watch(session, run, number)
        wait_for(lambda: hub.n_followers == 2)
        watch(session, run, 3)
        refused = next(
            message for message in map(json.loads, session) if message["type"] not in ("connection_ack", "next")
        )
        assert (refused["id"], refused["type"]) == ("3", "error")
        assert refused["payload"][0]["extensions"]["code"] == "TOO_MANY"
        headers = {"Authorization": f"Bearer {lite.world.tokens['county']}", "Accept": "text/event-stream"}
        body = {"query": WATCH, "variables": {"id": run}}
        answer = httpx.post(f"http://127.0.0.1:{port}/graphql", json=body, headers=headers)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (429, "TOO_MANY")
        assert hub.n_followers == 2


def test_a_client_that_does_not_read_is_dropped_with_a_code_and_nothing_piles_up(
    lite: Door, hub: Endless, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "READING_S", 0.5)
    hub.pace_s = 0.0
    with served(lite) as port:
        deaf = raw_socket(lite, port)
        deaf.sendall(
            frame(
                json.dumps(
                    {"id": "1", "type": "subscribe", "payload": {"query": WATCH, "variables": {"id": run_of(lite)}}}
                )
            )
        )
        wait_for(lambda: hub.n_told > 0)
        wait_for(lambda: hub.n_followers == 0, within_s=60)
        wait_for(lambda: not view_of(lite).connections.sockets, within_s=10)
        # What was in buffers can still be read, and behind it stands why.
        received = b""
        deaf.settimeout(5)
        while part := _receive(deaf):
            received += part
        deaf.close()
    assert len(received) < 20_000_000
    assert b"Messages are not read" not in received or received[-23:-21] == (1013).to_bytes(2, "big")


def test_a_stream_that_is_not_read_is_dropped(lite: Door, hub: Endless, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "READING_S", 0.5)
    hub.pace_s = 0.0
    body = json.dumps({"query": WATCH, "variables": {"id": run_of(lite)}})
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {lite.world.tokens['county']}\r\n"
        f"Accept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with served(lite) as port, socket.create_connection(("127.0.0.1", port)) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        deaf.sendall((head + body).encode())
        wait_for(lambda: hub.n_told > 0)
        wait_for(lambda: hub.n_followers == 0, within_s=60)
        wait_for(lambda: not view_of(lite).connections.operations, within_s=10)


def raw_socket(door: Door, port: int) -> socket.socket:
    """A socket after the handshakes, which is read by hand alone."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    raw.connect(("127.0.0.1", port))
    raw.sendall(
        b"GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
    )
    raw.settimeout(10)
    assert raw.recv(4_096).startswith(b"HTTP/1.1 101")
    payload = {"authorization": f"Bearer {door.world.tokens['county']}"}
    raw.sendall(frame(json.dumps({"type": "connection_init", "payload": payload})))
    assert b"connection_ack" in raw.recv(4_096)
    return raw


def frame(text: str) -> bytes:
    """A text frame of a client, with a mask of zeros."""
    data = text.encode()
    return b"\x81" + bytes([0x80 | 126]) + len(data).to_bytes(2, "big") + b"\0\0\0\0" + data


def _receive(raw: socket.socket) -> bytes:
    try:
        return raw.recv(65_536)
    except OSError:
        return b""


def test_a_token_of_months_is_not_taken_for_expired(lite: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "LONGEST_TIMER_S", 0.05)
    with lite.database.read() as session:
        grant = find_grant(session, lite.world.tokens["county"])
    assert grant is not None
    ends: list[tuple[int, str]] = []

    async def hold(seconds: float, held: Grant) -> None:
        with view_of(lite).connections.guarded(held, lambda code, reason: ends.append((code, reason))):
            await asyncio.sleep(seconds)
        await view_of(lite).connections.close()

    asyncio.run(hold(0.3, grant))
    assert ends == []
    asyncio.run(hold(0.5, replace(grant, expires_at=utc_now() + timedelta(seconds=0.2))))
    assert ends == [(4401, "Token expired")]


def test_what_arrives_after_the_right_has_ended_is_not_begun(lite: Door) -> None:
    begun: list[object] = []

    class Closed:
        async def close(self, code: int, reason: str) -> None:
            await asyncio.sleep(60)

    async def late() -> None:
        handler = sockets.SocketHandler(
            view=view_of(lite),
            websocket=Closed(),
            context=None,
            root_value=None,
            schema=view_of(lite).schema,
            connection_init_wait_timeout=timedelta(seconds=1),
        )
        handler.connection_acknowledged = True
        handler.handle_subscribe = begun.append  # type: ignore[method-assign, assignment]
        with ExitStack() as handler._held:
            handler._end(4401, "Token revoked")
            await handler.handle_message({"id": "1", "type": "subscribe", "payload": {"query": "{ viewer { role } }"}})

    asyncio.run(late())
    assert begun == []
