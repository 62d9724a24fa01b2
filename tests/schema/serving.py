"""The application on a real port, as ``touyan serve`` runs it."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from app.lines import Line
from schema.asgi import MAX_BODY_BYTES
from tests.schema.door import Door


@contextmanager
def served(door: Door) -> Iterator[int]:
    """The port on which the application listens, without a worker inside."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            door.application,
            log_level="error",
            ws=Line,
            ws_max_size=MAX_BODY_BYTES,
            http="httptools",
            loop="uvloop",
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield int(listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join()
