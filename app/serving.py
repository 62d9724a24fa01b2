"""The server of ``touyan serve``: how it listens, and how it ends without leaving anybody without an answer.

Told to end, it says that it is not ready, and still takes what comes for a while; then it takes no new connections,
answers what is under way, closes what lasts with a reason, and goes, all within a bounded time.
"""

import asyncio
import ctypes
import logging
import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from app.config import Settings
from app.lines import Line
from app.presence import Presence
from schema.asgi import MAX_BODY_BYTES

LINGER_S = 0.5
"""Seconds in which a request may still arrive over a connection that was made before the door closed."""

SO_ATTACH_FILTER = 26
"""Linux: what arrives at a socket first goes through a program."""

LEAVING_SIGNALS = (signal.SIGTERM, signal.SIGINT)

log = logging.getLogger("touyan.server")


class Server(uvicorn.Server):
    """The library's server with another end."""

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        presence: Presence,
        *,
        host: str,
        port: int,
        leave: Callable[[], Awaitable[None]],
    ) -> None:
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            loop="uvloop",
            http="httptools",
            ws=Line,
            ws_max_size=MAX_BODY_BYTES,
            # Lines of the log go the way of all others, and requests are written down by the application.
            log_config=None,
            access_log=False,
            proxy_headers=bool(settings.trusted_proxies.strip()),
            forwarded_allow_ips=settings.trusted_proxies,
            server_header=False,
        )
        super().__init__(config)
        self.presence = presence
        self.drain_s = settings.drain_s
        self.timeout_s = settings.shutdown_timeout_s
        self.leave = leave

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End in steps; a second signal skips those that wait."""
        self.presence.leave()
        log.info("leaving: not ready any more, connections are taken for %.1f s", self.drain_s)
        await self._wait(self.drain_s)
        await self._close_doors()
        for each in sockets or []:
            each.close()
        await self._wait(LINGER_S)
        leaving = asyncio.create_task(self._leave())
        end = asyncio.get_running_loop().time() + self.timeout_s
        while (self._is_answering() or not leaving.done()) and not self.force_exit:
            if asyncio.get_running_loop().time() > end:
                log.error("%d requests are not answered: no time is left for them", len(self.server_state.tasks))
                break
            await asyncio.sleep(0.02)
        leaving.cancel()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        tasks = list(self.server_state.tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=1.0)
        await self.lifespan.shutdown()
        log.info("left")

    async def _close_doors(self) -> None:
        """Take nobody any more, but everybody whose connection the system has made already: those may have asked."""
        doors = [socket.socket(fileno=os.dup(each.fileno())) for server in self.servers for each in server.sockets]
        for door in doors:
            turn_away(door)
        for server in self.servers:
            server.close()
        for door in doors:
            with door, suppress(BlockingIOError):
                door.setblocking(False)
                while True:
                    line, _ = door.accept()
                    line.setblocking(False)
                    await asyncio.get_running_loop().connect_accepted_socket(self._protocol, line)

    def _protocol(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made

    async def _leave(self) -> None:
        """Let the application end what lasts, and connections without a request close."""
        await self.leave()
        for connection in list(self.server_state.connections):
            connection.shutdown()

    def _is_answering(self) -> bool:
        return bool(self.server_state.tasks)

    async def _wait(self, seconds: float) -> None:
        end = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end and not self.force_exit:
            await asyncio.sleep(min(0.05, seconds))

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End upon a signal; the process is not killed by it afterwards, as the library would have it."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        former = {number: signal.signal(number, self.handle_exit) for number in LEAVING_SIGNALS}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal begins the end, the second one hurries."""
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True


def turn_away(door: socket.socket) -> None:
    """Let a listening socket make no further connections, without closing it.

    Closing it would reset those that wait to be taken. Whoever comes now hears nothing, tries again, and finds the door
    closed. Where the system has no such means, a connection that is made in the last moment is reset.
    """
    if not sys.platform.startswith("linux") or door.family not in (socket.AF_INET, socket.AF_INET6):
        return
    # One instruction: return 0, of what has arrived nothing is kept.
    program = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
    door.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(program)))
