"""Ending the database work of one operation from outside: its statements stop, its transactions roll back.

Whoever runs an operation sets ``CURRENT`` to an ``Interrupt`` of its own; every transaction that begins in that
context, also on other threads that inherit it, joins it until it commits or rolls back.
"""

import logging
import sqlite3
import threading
from contextvars import ContextVar
from typing import Any

from psycopg import Connection as PostgresConnection
from psycopg import Error as PostgresError
from sqlalchemy import Connection, Engine, event

from app.errors import OperationTimedOutError

CANCEL_TIMEOUT_S = 5.0
"""Seconds within which PostgreSQL must take the request to cancel a statement."""

INTERRUPTED = frozenset({"57014", "SQLITE_INTERRUPT"})
"""What PostgreSQL (query_canceled) and SQLite call a statement that was ended from outside."""

log = logging.getLogger(__name__)


class Interrupt:
    """The transactions of one operation at this moment, and whether they were told to end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connections: dict[Connection, Any] = {}
        self._is_fired = False

    @property
    def is_fired(self) -> bool:
        """Whether the operation was told to end."""
        return self._is_fired

    def fire(self) -> None:
        """End what runs in the database, and refuse what would still begin. May wait for PostgreSQL."""
        # A connection leaves before it commits and goes back to the pool, and has to wait here while this goes on: so
        # a statement of somebody else, or a commit, is never hit.
        with self._lock:
            self._is_fired = True
            for driver in self._connections.values():
                try:
                    _cancel(driver)
                except (sqlite3.Error, PostgresError) as error:
                    # The others still have to end; the reason can hold an address, its type cannot.
                    log.warning("a statement could not be ended: %s", type(error).__name__)

    def join(self, connection: Connection) -> None:
        """Count a connection among those to end; raises ``OperationTimedOutError`` when it is too late."""
        with self._lock:
            if self._is_fired:
                raise OperationTimedOutError
            self._connections[connection] = connection.connection.driver_connection

    def leave(self, connection: Connection) -> None:
        """Count it no more; nothing is asked of it, because it may be broken."""
        with self._lock:
            self._connections.pop(connection, None)


CURRENT: ContextVar[Interrupt | None] = ContextVar("interrupt", default=None)
"""The interrupt of the operation that runs in this context; ``None`` where nothing ends it."""


def _cancel(connection: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.interrupt()
    elif isinstance(connection, PostgresConnection):
        connection.cancel_safe(timeout=CANCEL_TIMEOUT_S)
    else:
        raise TypeError(f"no way to cancel a {type(connection).__name__}")


def watch(engine: Engine) -> None:
    """Let every transaction of an engine join the interrupt of its context."""

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        interrupt = CURRENT.get()
        if interrupt is not None:
            interrupt.join(connection)

    @event.listens_for(engine, "commit")
    @event.listens_for(engine, "rollback")
    def _end(connection: Connection) -> None:
        interrupt = CURRENT.get()
        if interrupt is not None:
            interrupt.leave(connection)
