"""The leak search over a test run: no log, error, metric or job table holds a clear value that the run has made.

Each test is searched when it ends; one in whose time a value was found fails, and is told the source and the kind of
the value, never the value.
"""

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send
from websockets.asyncio.connection import Connection as AsyncConnection
from websockets.sync.connection import Connection as SyncConnection

from app.crypto import PersonalDataCipher
from app.db import Database
from app.http.requests import Requests
from tests.leaks.search import Search
from tests.servers import TEST_DATA_KEY
from tests.stock import is_untouched

OWN_LOGGERS = ("app", "schema", "matching", "migrations", "touyan")
"""They are heard from DEBUG on; of the others what they log by themselves."""
EVENTS = "text/event-stream"
SEARCH = Search()
_unsearched: list[str] = []
_parts: list[dict[str, Any]] = []


def pytest_sessionstart() -> None:
    """Listen to what is encrypted, logged and answered from now on."""
    encrypt, send, send_async = PersonalDataCipher.encrypt, httpx.Client.send, httpx.AsyncClient.send

    def heard_encrypt(self: PersonalDataCipher, value: str) -> str:
        SEARCH.secrets.learn(value)
        return encrypt(self, value)

    def heard_send(self: httpx.Client, *args: Any, **options: Any) -> httpx.Response:
        response = send(self, *args, **options)
        SEARCH.hear_answer(response)
        return response

    async def heard_send_async(self: httpx.AsyncClient, *args: Any, **options: Any) -> httpx.Response:
        response = await send_async(self, *args, **options)
        SEARCH.hear_answer(response)
        return response

    PersonalDataCipher.encrypt = heard_encrypt  # type: ignore[method-assign]
    httpx.Client.send = heard_send  # type: ignore[method-assign]
    httpx.AsyncClient.send = heard_send_async  # type: ignore[method-assign]
    _listen_to_messages()
    for level, name in ((logging.DEBUG, "debug"), (logging.INFO, "info")):
        setattr(logging.Logger, name, _also_heard(level, getattr(logging.Logger, name)))


def _listen_to_messages() -> None:
    """Listen to sockets and streams: at the door of the application in this process, and where a test reads them."""
    answer, receive, receive_async = Requests.__call__, SyncConnection.recv, AsyncConnection.recv
    iterate, iterate_async = httpx.Response.iter_bytes, httpx.Response.aiter_bytes

    async def heard_answer(self: Requests, scope: Scope, receive: Receive, send: Send) -> None:
        is_stream = False

        async def heard(message: Message) -> None:
            nonlocal is_stream
            if message["type"] == "websocket.send":
                SEARCH.hear_message(scope["path"], message.get("text") or message.get("bytes") or "")
            elif message["type"] == "http.response.start":
                is_stream = Headers(raw=list(message["headers"])).get("content-type", "").startswith(EVENTS)
            elif is_stream and message["type"] == "http.response.body":
                SEARCH.hear_message(scope["path"], message.get("body", b""))
            await send(message)

        await answer(self, scope, receive, heard)

    def heard_receive(self: SyncConnection, *args: Any, **options: Any) -> Any:
        message = receive(self, *args, **options)
        SEARCH.hear_message("a socket", message)
        return message

    async def heard_receive_async(self: AsyncConnection, *args: Any, **options: Any) -> Any:
        message = await receive_async(self, *args, **options)
        SEARCH.hear_message("a socket", message)
        return message

    def heard_iterate(self: httpx.Response, *args: Any, **options: Any) -> Iterator[bytes]:
        read: list[bytes] = []
        try:
            for chunk in iterate(self, *args, **options):
                read.append(chunk)
                yield chunk
        finally:
            _hear_stream(self, read)

    async def heard_iterate_async(self: httpx.Response, *args: Any, **options: Any) -> AsyncIterator[bytes]:
        read: list[bytes] = []
        try:
            async for chunk in iterate_async(self, *args, **options):
                read.append(chunk)
                yield chunk
        finally:
            _hear_stream(self, read)

    Requests.__call__ = heard_answer  # type: ignore[method-assign]
    SyncConnection.recv = heard_receive  # type: ignore[method-assign]
    AsyncConnection.recv = heard_receive_async  # type: ignore[method-assign]
    httpx.Response.iter_bytes = heard_iterate  # type: ignore[method-assign]
    httpx.Response.aiter_bytes = heard_iterate_async  # type: ignore[method-assign]


def _hear_stream(response: httpx.Response, read: list[bytes]) -> None:
    if response.headers.get("content-type", "").startswith(EVENTS):
        SEARCH.hear_message(response.request.url.path, b"".join(read))


def _also_heard(level: int, original: Callable[..., None]) -> Callable[..., None]:
    """A method of loggers that lets the search hear what is below the level that a logger is set to."""

    def log(self: logging.Logger, message: object, *args: Any, **options: Any) -> None:
        if self.name.partition(".")[0] in OWN_LOGGERS and not self.isEnabledFor(level):
            SEARCH.ear.handle(self.makeRecord(self.name, level, "", 0, message, args, None))
        original(self, message, *args, **options | {"stacklevel": options.get("stacklevel", 1) + 1})

    return log


def pytest_runtest_setup() -> None:
    """Listen at the root, and at loggers that pass nothing on to it."""
    alone = [
        logger
        for logger in logging.root.manager.loggerDict.values()
        if isinstance(logger, logging.Logger) and not logger.propagate
    ]
    for logger in (logging.root, *alone):
        if SEARCH.ear not in logger.handlers:
            logger.addHandler(SEARCH.ear)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Search while the databases of the test are still there; a passed test with a finding has failed."""
    report: Any = yield
    if call.when == "call":
        found = _findings(item)
        if item.get_closest_marker("shared_texts"):
            found = [each for each in found if "class A" not in each]
            # Such a text is no secret, for the tests that follow neither.
            SEARCH.secrets.texts.clear()
        if found and report.passed:
            report.outcome = "failed"
            report.longrepr = "clear personal values where none may stand:\n" + "\n".join(sorted(set(found)))
    return report


def _findings(item: pytest.Item) -> list[str]:
    given: dict[str, Any] = getattr(item, "funcargs", {})
    found: list[str] = []
    ciphers = [each for each in given.values() if isinstance(each, PersonalDataCipher)]
    for opened in _connections(given):
        try:
            with opened() as connection:
                SEARCH.learn_from(connection, [*ciphers, *_known_ciphers()])
                found += SEARCH.findings_in_tables(connection)
        except SQLAlchemyError as fault:
            # A test that breaks its database; counted and told at the end of the run.
            _unsearched.append(f"{item.nodeid}: {type(fault).__name__}")
    if isinstance(given.get("tmp_path"), Path):
        found += SEARCH.findings_in_files(given["tmp_path"])
    return found + SEARCH.findings()


def _connections(given: dict[str, Any]) -> list[Callable[[], AbstractContextManager[Connection]]]:
    """How to read each database that a test was given: through its own open session, whose rows nobody else sees."""
    sessions = [getattr(each, "session", None) for each in given.values()]
    owned = [each for each in sessions if isinstance(each, Session)]
    if owned:
        return [lambda: nullcontext(owned[0].connection())]
    found = [each if isinstance(each, Database) else getattr(each, "database", None) for each in given.values()]
    databases = {id(each): each for each in found if isinstance(each, Database) and not is_untouched(each)}
    # Reading must not wait for whoever writes.
    readers = [each.engine.execution_options(touyan_read_only=True) for each in databases.values()]
    return [reader.connect for reader in readers]


def _known_ciphers() -> list[PersonalDataCipher]:
    return [PersonalDataCipher([TEST_DATA_KEY])]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what was searched to the process that tells it, where tests run in several."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["leak_search"] = _own_part()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what one of several processes searched."""
    part = getattr(node, "workeroutput", {}).get("leak_search")
    if part is not None:
        _parts.append(part)


def _own_part() -> dict[str, Any]:
    secrets = SEARCH.secrets
    return {
        "counts": {"numbers": len(secrets.numbers), "texts of class A": len(secrets.texts), **SEARCH.counts},
        "unsearched": list(_unsearched),
    }


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell how much was searched for how many values, in all processes together."""
    parts = _parts or [_own_part()]
    total = {name: sum(part["counts"][name] for part in parts) for name in parts[0]["counts"]}
    counts = ", ".join(f"{number} {name}" for name, number in total.items())
    terminalreporter.write_line(f"leak search: {counts}")
    for part in parts:
        for each in part["unsearched"]:
            terminalreporter.write_line(f"leak search: a database could not be searched: {each}")
