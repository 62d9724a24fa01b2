"""GraphQL over a WebSocket, protocol ``graphql-transport-ws``: who asks is told once, by the first message.

The library runs the protocol. What differs here: a connection without a valid token is closed, every operation has a
context of its own, and an error tells no more than it does over HTTP.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, cast

from cross_web import HTTPException
from graphql import GraphQLError
from starlette.websockets import WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    ConnectionInitMessage,
    Message,
    SubscribeMessage,
)
from strawberry.types.execution import ExecutionResult, PreExecutionError

from app.access import Grant
from app.access.cookies import secret_of
from app.errors import DatabaseUnavailableError, ForbiddenError
from app.observe.logs import ACCESS
from app.reads.access import find_grant_for_cookie, find_grant_for_header
from app.request_id import new_request_id, request_id
from schema.connections import FORBIDDEN, TooManyError
from schema.context import Context
from schema.faults import fault, told
from schema.operations import operation_of
from schema.watching import NOTE, Note

if TYPE_CHECKING:
    from schema.asgi import GraphQLView

BAD_MESSAGE, TOO_MANY = 4400, 4429
"""Codes of the protocol with which a connection is closed."""

SLOW_READER = TRY_LATER = 1013
"""Code for a client that does not read what it asked for: it may try again later, and go on behind what it has; also
where nobody can say at this moment who it is."""

MAX_REASON_BYTES = 123
"""What the protocol of WebSockets leaves for a reason; the library repeats what the client has sent."""

READING_S = 10.0
"""Seconds within which a client must read: by then it holds some dozens of messages in buffers of the system."""

DROP = "touyan.drop"
"""Name of the extension of the server that ends a connection whose peer does not read (``app.lines``)."""

log = logging.getLogger("touyan.graphql")


def _write_down(note: Note, user: str, seconds: float) -> None:
    facts = {
        "kind": note.kind,
        "field": note.field,
        "ms": round(seconds * 1000, 1),
        "errors": note.has_errors,
        "user": user,
    }
    ACCESS.info("operation %s", " ".join(f"{name}={value}" for name, value in facts.items()), extra=facts)


class TextSocket(ASGIWebSocketAdapter):
    """A socket that sends its JSON as text, which is what the clients of the protocol read."""

    async def send_json(self, message: Mapping[str, object]) -> None:
        """Send one message; drops a client that does not read, so that nothing is kept for it without bound."""
        if self.ws.application_state is WebSocketState.DISCONNECTED:
            raise WebSocketDisconnected
        try:
            async with asyncio.timeout(READING_S):
                await self.ws.send_text(self.view.encode_json_string(message))
        except WebSocketDisconnect as end:
            raise WebSocketDisconnected from end
        except TimeoutError:
            log.warning("a client that does not read was dropped")
            self.drop(SLOW_READER, "Messages are not read")
            raise WebSocketDisconnected from None

    async def close(self, code: int, reason: str) -> None:
        """Close the connection once; a second reason to do so is none."""
        if self.ws.application_state is not WebSocketState.DISCONNECTED:
            await self.ws.close(code=code, reason=reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore"))

    def drop(self, code: int, reason: str) -> None:
        """End the connection without waiting for the client."""
        drop = (self.ws.scope.get("extensions") or {}).get(DROP)
        if drop is not None:
            drop(code, reason)


class SocketHandler(BaseGraphQLTransportWSHandler[Context, None]):
    """One connection and its operations."""

    grant: Grant | None = None
    is_over = False
    """Whether the right to this connection has ended: what still arrives is not begun."""

    @property
    def context(self) -> Context:
        """A fresh context, for one operation."""
        visitor = None if self.grant is None else self.grant.viewer
        return self._own_view.new_context(visitor, streams=True, over_socket=True)

    @context.setter
    def context(self, value: Context) -> None:
        """What the library would keep for the whole connection is not kept."""

    @property
    def _own_view(self) -> "GraphQLView":
        return cast("GraphQLView", self.view)

    async def handle(self) -> None:
        """Serve the connection until one side ends it."""
        self.n_operations = 0
        self.own_id = request_id.get() or new_request_id()
        with ExitStack() as self._held:
            await super().handle()

    async def handle_message(self, message: Message) -> None:
        """Handle one message; one of a wrong shape ends the connection."""
        if self.is_over:
            return
        if not isinstance(message, dict):
            await self.websocket.close(BAD_MESSAGE, "A message must be a JSON object")
        elif not isinstance(message.get("id", ""), str):
            await self.websocket.close(BAD_MESSAGE, "`id` must be a text")
        else:
            await super().handle_message(message)

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        """Learn who asks, from ``{"authorization": "Bearer <token>"}``, the header of the handshake, or its cookie.

        With the cookie the payload is ``{"csrfToken": "..."}``, which no page of another origin knows.
        """
        if self.connection_init_received:
            await super().handle_connection_init(message)
            return
        payload = message.get("payload")
        header = payload.get("authorization", payload.get("Authorization")) if isinstance(payload, dict) else None
        socket = cast("TextSocket", self.websocket).ws
        if header is None:
            header = socket.headers.get("authorization")
        view = self._own_view
        secret = secret_of(socket.cookies, is_production=not view.is_development)
        try:
            if header is not None or secret is None:
                self.grant = await find_grant_for_header(view.database, header if isinstance(header, str) else None)
            else:
                csrf = payload.get("csrfToken") if isinstance(payload, dict) else None
                self.grant = await find_grant_for_cookie(
                    view.database, secret, csrf=csrf if isinstance(csrf, str) else None, is_safe=False
                )
        except ForbiddenError as refusal:
            await self.websocket.close(FORBIDDEN, refusal.message)
            return
        except DatabaseUnavailableError as refusal:
            await self.websocket.close(TRY_LATER, refusal.message)
            return
        if self.grant is None:
            await self.websocket.close(FORBIDDEN, "Forbidden")
            return
        try:
            self._held.enter_context(view.connections.socket(self.grant.viewer.subject))
        except TooManyError as refusal:
            await self.websocket.close(TOO_MANY, refusal.message)
            return
        self._held.enter_context(view.connections.guarded(self.grant, self._end))
        await super().handle_connection_init(message)

    def _end(self, code: int, reason: str) -> None:
        """Stop every operation and close, because who asks may no longer do so."""
        self.is_over = True
        for operation in list(self.operations):
            self.operations.pop(operation).task.cancel()  # type: ignore[union-attr]
        closing = asyncio.create_task(self.websocket.close(code, reason))
        self._held.callback(closing.cancel)

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """Begin an operation; one of a wrong shape ends the connection, as a message of a wrong shape does."""
        if self._own_view.connections.is_leaving:
            return  # the connection is about to be closed, upon which the client asks again elsewhere
        payload: object = message["payload"]
        try:
            query, *_ = operation_of(payload if isinstance(payload, dict) else {}, self._own_view.documents)
        except HTTPException as refusal:
            await self.websocket.close(BAD_MESSAGE, refusal.reason)
            return
        message["payload"]["query"] = query
        await super().handle_subscribe(message)

    async def run_operation(self, operation: Operation[Context, None]) -> None:
        """Run an operation under an id of its own, unless its user has too many already."""
        user = "" if self.grant is None else self.grant.viewer.subject
        connections, note, began = self._own_view.connections, Note(), time.perf_counter()
        self.n_operations += 1
        # Each operation is a task with a context of its own.
        request_id.set(f"{self.own_id}.{self.n_operations}")
        NOTE.set(note)
        connections.running.add(note)
        try:
            with connections.operation(user):
                await super().run_operation(operation)
        except TooManyError as refusal:
            error = GraphQLError(refusal.message, original_error=refusal)
            await operation.send_initial_errors([self._told(error)])
        except WebSocketDisconnected:
            self.operations.pop(operation.id, None)
        finally:
            connections.running.discard(note)
            _write_down(note, user, time.perf_counter() - began)

    async def handle_task_exception(self, error: Exception) -> None:
        """Write a fault down like any other; that the client has gone is none."""
        if not isinstance(error, WebSocketDisconnected):
            fault(error)

    async def _handle_pre_execution_error(self, operation: Operation[Context, None], result: PreExecutionError) -> None:
        # The library would close the connection, with all its operations, over one document that does not parse; with
        # a reason too long for a closing frame it would only complete the operation, without a word.
        await operation.send_initial_errors([self._told(error) for error in result.errors or ()])

    async def _send_result_stream(self, operation: Operation[Context, None], result_source: Any) -> None:
        await super()._send_result_stream(operation, self._told_results(result_source))

    async def _told_results(self, results: Any) -> AsyncGenerator[Any, None]:
        async for result in results:
            if isinstance(result, ExecutionResult) and result.errors and not isinstance(result, PreExecutionError):
                result.errors = [self._told(error) for error in result.errors]
            yield result

    def _told(self, error: GraphQLError) -> GraphQLError:
        formatted = told(error, suggests=self._own_view.is_development)
        return GraphQLError(
            formatted["message"],
            nodes=error.nodes,
            source=error.source,
            positions=error.positions,
            path=error.path,
            extensions=formatted.get("extensions"),
        )
