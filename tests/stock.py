"""Databases of tests: each is a copy of a template, made when somebody first connects.

A template holds the tables alone, or a small world besides, which so is written row by row once in a test session. What
a database will be a copy of is settled by ``furnish``, before the first connection.
"""

import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar
from uuid import uuid4
from weakref import WeakKeyDictionary

from sqlalchemy import URL, Connection, Dialect, create_engine, event, make_url, text
from sqlalchemy.util import LRUCache

from app.db import Database
from tests.servers import migrated, opened

TABLES_ALONE = "tables alone"

ToldT = TypeVar("ToldT")


class Stock(ABC):
    """The templates of one kind of database, by what they hold, and what was told when they were written."""

    def __init__(self) -> None:
        self._templates: dict[str, URL] = {}
        self._told: dict[str, Any] = {}
        self._dialect: Dialect | None = None
        self._statements: LRUCache[Any, Any] = LRUCache(5_000)

    @abstractmethod
    def new_url(self) -> URL:
        """Where a template can stand."""

    @abstractmethod
    def make(self, url: URL, template: URL | None) -> None:
        """Make a database, empty or as a copy of a template that nobody is connected to."""

    @abstractmethod
    def drop(self, url: URL) -> None:
        """Remove a database."""

    def settle(self, database: Database) -> None:  # noqa: B027 - nothing to do for a server
        """Bring everything that was written to where ``make`` finds it."""

    def template(self, name: str, fill: Callable[[Database], ToldT], *, base: str) -> ToldT:
        """What was told when the template of this name was written: by this call, where there is none yet."""
        if name not in self._templates:
            url = self.new_url()
            database = self.blank(url, base)
            self._told[name] = fill(database)
            self.settle(database)
            database.dispose()
            self._templates[name] = url
        told: ToldT = self._told[name]
        return told

    def tables(self) -> URL:
        """The template with the tables alone."""
        if TABLES_ALONE not in self._templates:
            url = self.new_url()
            self.make(url, None)
            database = migrated(url.render_as_string(hide_password=False))
            self.settle(database)
            self._dialect = database.engine.dialect
            database.dispose()
            self._templates[TABLES_ALONE] = url
        return self._templates[TABLES_ALONE]

    def blank(self, url: URL, holds: str = TABLES_ALONE) -> Database:
        """A database that is made when somebody connects to it first."""
        self.tables()
        self.lay_out(holds, url)
        database = opened(url.render_as_string(hide_password=False))
        blank = _blanks[database] = Blank(self, url, holds)
        event.listen(database.engine, "do_connect", lambda *_: blank.make())
        self._share_statements(database)
        return database

    def _share_statements(self, database: Database) -> None:
        """Let all databases of this kind know the statements that were compiled for one: that takes longer than running
        them. An engine knows its own alone, by its dialect.
        """
        assert self._dialect is not None
        for engine in (database.engine, database._reader):
            engine.dialect, engine._compiled_cache = self._dialect, self._statements

    @contextmanager
    def database(self, url: URL) -> Iterator[Database]:
        """As ``blank``, and removed afterwards."""
        database = self.blank(url)
        yield database
        database.dispose()
        if _blanks[database].is_made:
            self.drop(url)

    def lay_out(self, holds: str, url: URL) -> None:  # noqa: B027 - a server waits for the first connection
        """Take note of what a database will be a copy of."""

    def copy(self, holds: str, url: URL) -> None:
        """Make a database as a copy of what holds this, for whoever connects first."""
        self.make(url, self._templates[holds])


class Files(Stock):
    """Files of SQLite below a folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def new_url(self) -> URL:
        """A file below the folder."""
        return make_url(f"sqlite:///{self._folder / uuid4().hex}.db")

    def make(self, url: URL, template: URL | None) -> None:
        """Copy the file; the engine itself makes an empty one."""
        if template is not None:
            shutil.copyfile(str(template.database), str(url.database))

    def lay_out(self, holds: str, url: URL) -> None:
        """Copy the template at once: whoever looks at the file by another way must find it."""
        self.make(url, self._templates[holds])

    def copy(self, holds: str, url: URL) -> None:
        """Leave the file, which is laid out already."""

    def drop(self, url: URL) -> None:
        """Leave the file to the folder that it stands in."""

    def settle(self, database: Database) -> None:
        """Move everything from the write-ahead log into the file."""
        with database.engine.connect() as connection:
            connection.connection.dbapi_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]


class Server(Stock):
    """Databases of a PostgreSQL server, reached through one connection."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = make_url(url)
        self._engine = create_engine(self._url, isolation_level="AUTOCOMMIT")
        self._admin: Connection = self._engine.connect()
        self._lock = Lock()

    def new_url(self) -> URL:
        """A database of this server."""
        return self._url.set(database=f"t_{uuid4().hex}")

    def make(self, url: URL, template: URL | None) -> None:
        """Copy its files: of a small database that is faster than copying block by block through the log."""
        source = f" TEMPLATE {template.database} STRATEGY FILE_COPY" if template is not None else ""
        self._do(f"CREATE DATABASE {url.database}{source}")

    def drop(self, url: URL) -> None:
        """Remove the database, and whoever is still connected."""
        self._do(f"DROP DATABASE {url.database} WITH (FORCE)")

    def _do(self, statement: str) -> None:
        with self._lock:
            self._admin.execute(text(statement))

    def close(self) -> None:
        """Remove the templates and end the connection."""
        for url in self._templates.values():
            self.drop(url)
        self._admin.close()
        self._engine.dispose()


@dataclass(slots=True)
class Blank:
    """What a database will be a copy of, until it is made."""

    stock: Stock
    url: URL
    holds: str
    is_made: bool = False
    lock: Lock = field(default_factory=Lock)

    def make(self) -> None:
        """Make the database, once."""
        with self.lock:
            if not self.is_made:
                self.stock.copy(self.holds, self.url)
                self.is_made = True


_blanks: WeakKeyDictionary[Database, Blank] = WeakKeyDictionary()


def furnish(database: Database, name: str, fill: Callable[[Database], ToldT], *, base: str = TABLES_ALONE) -> ToldT:
    """Let a database that holds ``base`` hold what ``fill`` writes into one as well, and return what ``fill`` tells.

    Of a database that nobody has connected to yet, ``fill`` is called once in a test session for each name and kind of
    database, with another one: what it tells must not be changed by tests.
    """
    blank = _blanks.get(database)
    if blank is None or blank.is_made or blank.holds != base:
        return fill(database)
    told = blank.stock.template(name, fill, base=base)
    blank.holds = name
    blank.stock.lay_out(name, blank.url)
    return told


def is_untouched(database: Database) -> bool:
    """Whether nobody has connected to a database by this engine yet, and no other way leads to it."""
    blank = _blanks.get(database)
    return blank is not None and not blank.is_made and isinstance(blank.stock, Server)
