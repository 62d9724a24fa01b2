"""Engine, sessions, column types and the naming of constraints: the same for SQLite and PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import DateTime, Dialect, Engine, String, create_engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.types import TypeDecorator
from sqlmodel import Session as Session
from sqlmodel import SQLModel

from app.errors import (
    AppError,
    DatabaseUnavailableError,
    DuplicateError,
    OperationTimedOutError,
    StorageFullError,
)
from app.interrupts import INTERRUPTED, watch
from app.sealing import SealKeys

NAMING_CONVENTION = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING_CONVENTION

EnumT = TypeVar("EnumT", bound=StrEnum)


class EnumText(TypeDecorator[EnumT]):
    """A ``StrEnum`` stored as text: the database knows no enum types, Python validates on the way in and out."""

    impl = String
    cache_ok = True

    def __init__(self, enum: type[EnumT], length: int = 40) -> None:
        super().__init__(length)
        self.enum = enum

    def process_bind_param(self, value: EnumT | str | None, dialect: Dialect) -> str | None:
        """Refuse a text that is not a member; the statement fails with ``ValueError``."""
        return None if value is None else self.enum(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> EnumT | None:
        """The member for the stored text."""
        return None if value is None else self.enum(value)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant, aware and in UTC on both databases (SQLite drops the zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive instants; SQLite receives UTC wall time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime: instants must be aware")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The stored instant, aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def utc_now() -> datetime:
    """The current instant in UTC, to the microsecond."""
    return datetime.now(UTC)


IDLE_LIMIT_S, WORKER_IDLE_LIMIT_S = 60, 10
"""Seconds for which a transaction on PostgreSQL may wait for its own process: one that was stopped, or whose machine is
gone, must not keep the locks of its rows. Units of workers are shorter than those of a request."""


def idle_limit(seconds: int) -> dict[str, Any]:
    """What PostgreSQL is told at connecting about transactions whose process does not go on."""
    return {"options": f"-c idle_in_transaction_session_timeout={seconds * 1000}"}


PRAGMAS = ("journal_mode=WAL", "busy_timeout=30000", "foreign_keys=ON", "synchronous=NORMAL", "secure_delete=ON")
"""What every connection to SQLite is told. What is deleted is written over with zeros: in the free parts of a file the
texts would stay readable for years. Many builds of SQLite do so by themselves, others do not."""

LOG_WAIT_MS = 2_000
"""How long the emptying of SQLite's log of writes waits for those who still read from it."""


def make_engine(database_url: str, *, idle_limit_s: int = IDLE_LIMIT_S) -> Engine:
    """An engine for SQLite (WAL, foreign keys on, IMMEDIATE transactions) or PostgreSQL (psycopg 3).

    The parameters of a failed statement stay out of its error: they can be personal data, and errors go to logs.
    """
    if not database_url.startswith("sqlite"):
        engine = create_engine(
            database_url, pool_pre_ping=True, hide_parameters=True, connect_args=idle_limit(idle_limit_s)
        )
        watch(engine)
        return engine
    engine = create_engine(database_url, hide_parameters=True, connect_args={"timeout": 30, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        # The driver must not begin transactions by itself: it opens none for SELECT, and reads would not be stable.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    watch(engine)

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        read_only = connection.get_execution_options().get("touyan_read_only", False)
        connection.exec_driver_sql("BEGIN DEFERRED" if read_only else "BEGIN IMMEDIATE")

    return engine


SEAL_KEYS = "touyan_seal_keys"
"""Where a session keeps the keys that seal the audit trail (``Session.info``)."""


class Database:
    """One engine and the two ways to use it: write units and read units, each its own session and transaction.

    Without ``seal_keys`` nothing can be recorded in the audit trail: ``app.access.record`` says so.
    """

    def __init__(
        self, database_url: str, *, seal_keys: SealKeys | None = None, idle_limit_s: int = IDLE_LIMIT_S
    ) -> None:
        self.engine = make_engine(database_url, idle_limit_s=idle_limit_s)
        self.seal_keys = seal_keys
        self._reader = self.engine.execution_options(touyan_read_only=True)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose transaction commits when the block ends and rolls back when it raises.

        Raises ``DatabaseUnavailableError`` or ``StorageFullError`` where the database itself is the reason, and
        ``OperationTimedOutError`` where the work was ended from outside.
        """
        with _database_faults(), self.session() as session, session.begin():
            yield session

    def session(self) -> Session:
        """A session of its own for writing, whose transactions the caller begins and ends."""
        return Session(self.engine, expire_on_commit=False, info=self.session_info)

    @property
    def session_info(self) -> dict[Any, Any]:
        """What every session that writes to this database must know."""
        return {} if self.seal_keys is None else {SEAL_KEYS: self.seal_keys}

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session over one stable snapshot of the database; nothing is ever written.

        Raises ``DatabaseUnavailableError`` where the database cannot be reached.
        """
        with _database_faults(), Session(self._reader, expire_on_commit=False, autoflush=False) as session:
            if self.engine.dialect.name == "postgresql":
                session.connection(
                    execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
                )
            try:
                yield session
            finally:
                # What was read stays usable after the block: a rollback would expire it.
                session.expunge_all()
                session.rollback()

    def empty_log(self) -> bool:
        """Bring SQLite's log of writes into the file and empty it: it holds pages as they were before a deletion.

        ``False`` where somebody still reads from it; it is emptied the next time then. PostgreSQL has nothing of the
        kind: its own vacuum takes deleted rows away.
        """
        if self.engine.dialect.name != "sqlite":
            return True
        # By itself: inside a transaction nothing can be brought over.
        with closing(self.engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
            cursor.execute(f"PRAGMA busy_timeout={LOG_WAIT_MS}")
            try:
                (is_busy, _, _) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                cursor.execute("PRAGMA busy_timeout=30000")
        return not is_busy

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def known_fault(error: Exception) -> Exception:
    """The refusal that an error of the database stands for, or the error itself."""
    return (refusal_of(error) or error) if isinstance(error, DBAPIError | PoolTimeout) else error


@contextmanager
def _database_faults() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, PoolTimeout) as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        raise refusal from error


FULL = frozenset({"53100", "SQLITE_FULL"})
"""What PostgreSQL (disk_full) and SQLite call a database without room."""
UNREACHABLE = frozenset({"57P01", "57P02", "57P03", "53300", "SQLITE_BUSY", "SQLITE_CANTOPEN", "SQLITE_IOERR"})
"""Shutdown, crash, start-up and too many connections of PostgreSQL; a file of SQLite that is locked or gone."""


def refusal_of(error: DBAPIError | PoolTimeout) -> AppError | None:
    """The refusal that tells of a database without room or out of reach, or of an interrupt; else ``None``."""
    if isinstance(error, DBAPIError):
        orig = error.orig
        state = getattr(orig, "sqlstate", None) or getattr(orig, "sqlite_errorname", None)
        if state in FULL:
            return StorageFullError(
                "The database has no room left; free or add disk space, then repeat this step. Nothing was written.",
                "数据库存储空间已满，请清理或扩充磁盘空间后重试；本次未写入任何数据。",
            )
        if state in INTERRUPTED:
            return OperationTimedOutError()
        # A connection that was refused, or that broke, has no state at all.
        is_lost = error.connection_invalidated or (type(orig).__name__ == "OperationalError" and state is None)
        if not is_lost and state not in UNREACHABLE and not str(state).startswith("08"):
            return None
    return DatabaseUnavailableError(
        "The database cannot be reached at the moment; check that it runs, then repeat this step.",
        "数据库暂时无法连接，请确认其正在运行后重试。",
    )


ResultT = TypeVar("ResultT")
RETRYABLE_SQLSTATES = frozenset({"40001", "40P01"})
"""PostgreSQL's serialization_failure and deadlock_detected: the transaction may simply be run again."""
UNIQUE_VIOLATIONS = frozenset({"23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"})
"""What PostgreSQL and SQLite call a second row under a key that must be unique."""


def run_in_transaction(database: Database, unit: Callable[[Session], ResultT], *, attempts: int = 5) -> ResultT:
    """Run one unit of work in one transaction, again when PostgreSQL reports a serialization failure or deadlock.

    A unit that breaks a unique constraint is run once more: another writer was faster, and the unit's own checks now
    find that row and say what it is. When they do not, ``DuplicateError`` says so without any value.
    """
    has_collided = False
    for attempt in range(1, attempts + 1):
        try:
            with database.write() as session:
                return unit(session)
        except DBAPIError as error:
            if is_unique_violation(error):
                if has_collided or attempt == attempts:
                    raise DuplicateError(
                        "The same item exists already, or somebody entered it at the same moment; read again.",
                        "相同的记录已存在，或他人同时录入了该记录，请刷新后核对。",
                    ) from None
                has_collided = True
            elif getattr(error.orig, "sqlstate", None) not in RETRYABLE_SQLSTATES or attempt == attempts:
                raise
    raise AssertionError("unreachable")


def is_unique_violation(error: DBAPIError) -> bool:
    """Whether the database refused a row because another one has its key."""
    names = (getattr(error.orig, "sqlstate", None), getattr(error.orig, "sqlite_errorname", None))
    return isinstance(error, IntegrityError) and not UNIQUE_VIOLATIONS.isdisjoint(names)
