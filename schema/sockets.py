"""GraphQL over a WebSocket, protocol ``graphql-transport-ws``: who asks is told once, by the first message.

The library runs the protocol. What differs here: a connection without a valid token is closed, every operation has a
context of its own, and an error tells no more than it does over HTTP.
"""

from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, Any, cast

from cross_web import HTTPException
from graphql import GraphQLError
from starlette.websockets import WebSocketDisconnect
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    ConnectionInitMessage,
    Message,
    SubscribeMessage,
)
from strawberry.types.execution import ExecutionResult, PreExecutionError

from app.access import Viewer
from app.reads.access import viewer_for_header
from schema.context import Context
from schema.faults import told
from schema.operations import operation_of

if TYPE_CHECKING:
    from schema.asgi import GraphQLView

FORBIDDEN, BAD_MESSAGE = 4403, 4400
"""Codes of the protocol with which a connection is closed."""


class TextSocket(ASGIWebSocketAdapter):
    """A socket that sends its JSON as text, which is what the clients of the protocol read."""

    async def send_json(self, message: Mapping[str, object]) -> None:
        """Send one message."""
        try:
            await self.ws.send_text(self.view.encode_json_string(message))
        except WebSocketDisconnect as end:
            raise WebSocketDisconnected from end


class SocketHandler(BaseGraphQLTransportWSHandler[Context, None]):
    """One connection and its operations."""

    visitor: Viewer | None = None

    @property
    def context(self) -> Context:
        """A fresh context, for one operation."""
        return cast("GraphQLView", self.view).new_context(self.visitor)

    @context.setter
    def context(self, value: Context) -> None:
        """What the library would keep for the whole connection is not kept."""

    async def handle_message(self, message: Message) -> None:
        """Handle one message; one that is no object ends the connection."""
        if isinstance(message, dict):
            await super().handle_message(message)
        else:
            await self.websocket.close(BAD_MESSAGE, "A message must be a JSON object")

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        """Learn who asks, from ``{"authorization": "Bearer <token>"}`` or the header of the handshake."""
        if self.connection_init_received:
            await super().handle_connection_init(message)
            return
        payload = message.get("payload")
        header = payload.get("authorization", payload.get("Authorization")) if isinstance(payload, dict) else None
        if header is None:
            header = cast("TextSocket", self.websocket).ws.headers.get("authorization")
        view = cast("GraphQLView", self.view)
        self.visitor = await viewer_for_header(view.database, header if isinstance(header, str) else None)
        if self.visitor is None:
            await self.websocket.close(FORBIDDEN, "Forbidden")
            return
        await super().handle_connection_init(message)

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """Begin an operation; one of a wrong shape ends the connection, as a message of a wrong shape does."""
        payload: object = message["payload"]
        try:
            operation_of(payload if isinstance(payload, dict) else {})
        except HTTPException as refusal:
            await self.websocket.close(BAD_MESSAGE, refusal.reason)
            return
        await super().handle_subscribe(message)

    async def _send_result_stream(self, operation: Operation[Context, None], result_source: Any) -> None:
        await super()._send_result_stream(operation, _told_results(result_source))


async def _told_results(results: Any) -> AsyncGenerator[Any, None]:
    async for result in results:
        if isinstance(result, ExecutionResult) and result.errors and not isinstance(result, PreExecutionError):
            result.errors = [_told_error(error) for error in result.errors]
        yield result


def _told_error(error: GraphQLError) -> GraphQLError:
    formatted = told(error)
    return GraphQLError(
        formatted["message"],
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=formatted.get("extensions"),
    )
