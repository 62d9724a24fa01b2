"""What the server of the library does differently here: lines that can be dropped, and logs without personal data.

A peer that does not read cannot be asked to go; an operation that is sent by GET carries its variables in the address.
"""

import logging
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from uvicorn.config import LOGGING_CONFIG
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from schema.sockets import DROP

if TYPE_CHECKING:
    from websockets.http11 import Request

GRACE_S = 3.0
"""Seconds in which a peer that begins to read again still learns why it was dropped."""


class AddressFilter(logging.Filter):
    """Takes what stands behind the path out of every address before it is logged: it can hold names and tokens."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; none is left out."""
        if isinstance(record.args, tuple):
            record.args = tuple(part.partition("?")[0] if isinstance(part, str) else part for part in record.args)
        return True


def _logging() -> dict[str, Any]:
    config = deepcopy(LOGGING_CONFIG)
    config["filters"] = {"addresses": {"()": AddressFilter}}
    for handler in config["handlers"].values():
        handler["filters"] = ["addresses"]
    return config


LOGGING = _logging()
"""The logging of the library, with addresses cut."""


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
