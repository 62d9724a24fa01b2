"""Streams of server-sent events: they end with the right to see them, and with the patience for slow readers."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from typing import Any, cast

from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send
from strawberry.http import GraphQLHTTPResponse
from strawberry.http.streaming import SSETransport

from app.access import Grant
from schema.connections import FORBIDDEN, GOING_AWAY, Connections
from schema.sockets import READING_S

SSE = SSETransport()

log = logging.getLogger("touyan.graphql")


class EventStream(StreamingResponse):
    """A stream that drops a client that does not read, and lets go of what it holds at its end, however it ends."""

    def __init__(self, parts: AsyncGenerator[str, None], headers: Mapping[str, str]) -> None:
        super().__init__(parts, headers=headers)
        self.parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the parts as they come."""

        async def send_soon(message: Message) -> None:
            async with asyncio.timeout(READING_S):
                await send(message)

        try:
            await super().__call__(scope, receive, send_soon)
        except TimeoutError:
            log.warning("a client that does not read was dropped")
        finally:
            await self.parts.aclose()


async def guarded(
    connections: Connections,
    grant: Grant,
    stream: Callable[[], AsyncIterator[str]],
    encode_json: Callable[[object], str],
) -> AsyncGenerator[str, None]:
    """The parts of a stream, until it ends or whoever asked may no longer see it; the latter is told as an error."""
    end: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()

    def on_end(code: int, reason: str) -> None:
        if not end.done():
            end.set_result((code, reason))

    parts = cast(AsyncGenerator[str, None], stream())
    step: asyncio.Task[str | None] | None = None
    with connections.operation(grant.viewer.subject), connections.guarded(grant, on_end):
        try:
            while not end.done():
                step = asyncio.create_task(_next_part(parts))
                both: set[asyncio.Future[Any]] = {step, end}
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                if not step.done():
                    break
                part = step.result()
                if part is None:
                    return
                yield part
        finally:
            if step is not None and not step.done():
                step.cancel()
                await asyncio.wait({step})
            await parts.aclose()
    code, reason = end.result()
    if code == GOING_AWAY:
        # Without the word that all is told, clients connect again and go on.
        return
    name = "FORBIDDEN" if code == FORBIDDEN else "UNAUTHENTICATED"
    refusal = {"message": f"{reason}.", "extensions": {"code": name}}
    response = cast(GraphQLHTTPResponse, {"data": None, "errors": [refusal]})
    yield SSE.encode_next(response, encode_json)
    yield SSE.encode_complete()


async def _next_part(parts: AsyncGenerator[str, None]) -> str | None:
    return await anext(parts, None)
