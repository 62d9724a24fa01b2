"""``/healthz``: the process answers. ``/readyz``: it can do its work, told by names of checks and nothing else."""

import asyncio
import logging
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from starlette.requests import Request
from starlette.responses import JSONResponse

from app.access.chain import can_append
from app.db import Database
from app.errors import DatabaseUnavailableError
from app.jobs.engine import table_name
from app.presence import Phase, Presence

KEPT_S = 1.0
"""Seconds for which an answer is kept: however often it is asked for, the database is asked once a second."""

PATIENCE_S = 2.0
"""Seconds after which a check that has not answered has failed."""

ROOM_BYTES = 64 * 2**20
"""Less room than this beside a database of SQLite is none: its log of writes grows to some dozens of MiB."""

PLAIN = {"Cache-Control": "no-store"}

log = logging.getLogger("touyan.health")

Check = Callable[[], bool]


async def health(_: Request) -> JSONResponse:
    """200 as long as the process can answer at all."""
    return JSONResponse({"status": "ok"}, headers=PLAIN)


@dataclass(slots=True, kw_only=True)
class Readiness:
    """Whether the process can do its work, and which check says that it cannot."""

    presence: Presence
    checks: dict[str, Check]
    _known: dict[str, bool] = field(default_factory=dict)
    _known_at: float = -KEPT_S
    _running: asyncio.Future[dict[str, bool]] | None = None
    _threads: ThreadPoolExecutor = field(
        # One thread: where a check hangs, the next one waits for it instead of taking a further thread.
        default_factory=lambda: ThreadPoolExecutor(max_workers=1, thread_name_prefix="readiness")
    )

    async def view(self, _: Request) -> JSONResponse:
        """200 with ``ready``, or 503 with what is not; needs no token."""
        phase = self.presence.phase
        if phase is not Phase.SERVING:
            return JSONResponse({"status": phase.value, "checks": {}}, 503, headers=PLAIN)
        known = await self._ask()
        is_ready = all(known.values())
        body = {"status": "ready" if is_ready else "not ready", "checks": known}
        return JSONResponse(body, 200 if is_ready else 503, headers=PLAIN)

    async def _ask(self) -> dict[str, bool]:
        if time.monotonic() - self._known_at < KEPT_S:
            return self._known
        if self._running is None or self._running.done():
            self._running = asyncio.get_running_loop().run_in_executor(self._threads, self._look)
        try:
            found = await asyncio.wait_for(asyncio.shield(self._running), PATIENCE_S)
        except TimeoutError:
            return dict.fromkeys(self.checks, False)
        if self._known != found and not all(found.values()):
            log.warning("not ready: %s", ", ".join(name for name, is_well in found.items() if not is_well))
        self._known, self._known_at = found, time.monotonic()
        return found

    def _look(self) -> dict[str, bool]:
        found: dict[str, bool] = {}
        for name, check in self.checks.items():
            try:
                found[name] = check()
            except (DatabaseUnavailableError, DBAPIError, OSError):
                found[name] = False
        return found

    def close(self) -> None:
        """Let the thread go."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def answers(database: Database) -> Check:
    """Whether the database answers."""

    def check() -> bool:
        with database.read() as session:
            session.connection().execute(text("SELECT 1"))
        return True

    return check


def has_schema(database: Database, head: Callable[[], str]) -> Check:
    """Whether the tables are those of this release: somebody may have migrated the database meanwhile."""

    def check() -> bool:
        with database.read() as session:
            found = session.connection().execute(text("SELECT version_num FROM alembic_version")).scalars().all()
        return list(found) == [head()]

    return check


def has_own_trail(database: Database) -> Check:
    """Whether this process can record what it does: keys may have been rotated while it ran."""

    def check() -> bool:
        with database.read() as session:
            return can_append(session, database.seal_keys)

    return check


def has_engine_tables(database: Database) -> Check:
    """Whether the tables of the job engine are there."""

    def check() -> bool:
        with database.read() as session:
            version = text(f"SELECT version FROM {table_name(session, 'dbos_migrations')}")  # noqa: S608 - our words
            return session.connection().execute(version).scalar() is not None

    return check


def has_room(path: Path) -> Check:
    """Whether the disk of a database file has room for what is written next."""
    return lambda: shutil.disk_usage(path.absolute().parent).free >= ROOM_BYTES
