"""What the sockets of the library's server do differently here: they can be dropped, and say why they end.

A peer that does not read cannot be asked to go.
"""

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from schema.connections import GOING_AWAY, GOING_AWAY_REASON
from schema.sockets import DROP

if TYPE_CHECKING:
    from websockets.http11 import Request

GRACE_S = 3.0
"""Seconds in which a peer that begins to read again still learns why it was dropped."""


class Line(WebSocketsSansIOProtocol):
    """The library's protocol with one more extension of the scope: ``drop(code, reason)``."""

    def handle_connect(self, event: "Request") -> None:
        """Offer the extension to the application, whose task has not begun yet."""
        super().handle_connect(event)
        if self.handshake_initiated and not self.handshake_complete:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[DROP] = self.drop

    def drop(self, code: int, reason: str) -> None:
        """Say why behind what is still unread, and end the connection even if that is never read."""
        if self.close_sent or self.transport.is_closing():
            return
        self.close_sent = True
        self.stop_keepalive()
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.close()
        self.loop.call_later(GRACE_S, self.transport.abort)

    def shutdown(self) -> None:
        """End the connection because the server ends: one that is open hears why."""
        if self.handshake_complete and not self.close_sent:
            self.stop_keepalive()
            self.queue.put_nowait({"type": "websocket.disconnect", "code": GOING_AWAY, "reason": GOING_AWAY_REASON})
            self.conn.send_close(GOING_AWAY, GOING_AWAY_REASON)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
            self.transport.close()
        else:
            super().shutdown()
