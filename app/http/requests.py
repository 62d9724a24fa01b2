"""What happens to every request, whatever it asks for: it gets an id, is counted, timed and written down."""

import logging
import time
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.observe import metrics, tracing
from app.observe.logs import ACCESS, place_of
from app.presence import Presence
from app.request_id import request_id, request_id_of

ID_HEADER = "X-Request-ID"

LOOKED_AT = frozenset({"/healthz", "/readyz", "/metrics"})
"""Routes that machines ask every few seconds; they are written down in detail only."""

GONE = 499
"""What is written down where the client went away before anything was answered."""

MAX_PATH = 200
"""Characters of a path that are written down."""

log = logging.getLogger("touyan.http")


class Requests:
    """Outermost of the application: nothing is answered that has not gone through here."""

    def __init__(self, app: ASGIApp, presence: Presence) -> None:
        self.app = app
        self.presence = presence

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and keep account of it."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(ID_HEADER)
        own_id = request_id_of(given)
        scope.setdefault("state", {})
        account = _Account(scope, own_id, self.presence)
        token = request_id.set(own_id)
        try:
            with tracing.request(scope, own_id) as span:
                try:
                    await self.app(scope, receive, account.sending(send))
                except Exception as fault:  # noqa: BLE001 - the last place where a fault can still be answered
                    await account.answer_fault(fault, receive, send)
                finally:
                    account.close()
                    tracing.end_request(span, account.route, account.status)
        finally:
            request_id.reset(token)


class _Account:
    """What is known of one request."""

    def __init__(self, scope: Scope, own_id: str, presence: Presence) -> None:
        self.scope, self.own_id, self.presence = scope, own_id, presence
        self.began = time.perf_counter()
        self.status = 0
        self.n_bytes = 0

    def sending(self, send: Send) -> Send:
        """A way to send that notes what is sent."""

        async def noted(message: Message) -> None:
            kind = message["type"]
            if kind in ("http.response.start", "websocket.accept", "websocket.http.response.start"):
                self.status = message.get("status", 101)
                headers = MutableHeaders(scope=message)
                headers[ID_HEADER] = self.own_id
                if kind == "http.response.start" and self.presence.is_leaving:
                    # The connection will not be there for the next request.
                    headers["Connection"] = "close"
            elif kind == "http.response.body":
                self.n_bytes += len(message.get("body", b""))
            await send(message)

        return noted

    async def answer_fault(self, fault: Exception, receive: Receive, send: Send) -> None:
        """Write a fault down and tell its id, as far as something can still be told."""
        log.error("fault %s: %s", self.own_id, place_of(fault))
        metrics.errors.labels("INTERNAL").inc()
        if self.scope["type"] == "http" and self.status == 0:
            message = f"Something went wrong on our side; report error id {self.own_id}."
            error = {"message": message, "extensions": {"code": "INTERNAL", "errorId": self.own_id}}
            answer = JSONResponse({"errors": [error]}, 500, headers={"Cache-Control": "no-store"})
            await answer(self.scope, receive, self.sending(send))
            return
        raise fault

    @property
    def route(self) -> str:
        """The route as the application knows it, without what stands in its place; ``other`` for unknown paths."""
        return str(getattr(self.scope.get("route"), "path", "other"))

    def close(self) -> None:
        """Count the request and write it down."""
        seconds = time.perf_counter() - self.began
        is_socket = self.scope["type"] == "websocket"
        method = "WEBSOCKET" if is_socket else self.scope["method"]
        # Who has gone away before the answer was no error of anybody.
        self.status = self.status or GONE
        if not is_socket:
            metrics.count_request(self.route, method, self.status, seconds)
        level = logging.DEBUG if self.route in LOOKED_AT else logging.INFO
        if not ACCESS.isEnabledFor(level):
            return
        raw = self.scope.get("raw_path") or self.scope["path"].encode()
        facts: dict[str, Any] = {
            "method": method,
            "path": raw.partition(b"?")[0].decode("ascii", "replace")[:MAX_PATH],
            "status": self.status,
            "ms": round(seconds * 1000, 1),
            "bytes": self.n_bytes,
            "user": getattr(getattr(self.scope["state"].get("grant"), "viewer", None), "subject", None),
        }
        ACCESS.log(level, "%s", " ".join(f"{name}={value}" for name, value in facts.items()), extra=facts)
