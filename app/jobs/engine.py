"""The job engine over the service's own database: its tables, its settings, and one running engine per process."""

import logging
import time
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from dbos import DBOS, DBOSConfig, SQLAlchemyDatasource
from dbos._datasource import DatasourceOptions, IsolationLevel
from dbos._datasource_migration import get_datasource_migration_versions
from dbos._migration import get_migration_versions, get_sqlite_migration_versions
from dbos._serialization import DBOSPortableJSONSerializer
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from app.db import WORKER_IDLE_LIMIT_S, Database, idle_limit, make_engine, refusal_of
from app.errors import DatabaseUnavailableError, StorageFullError
from app.observe import tracing

NAME, VERSION = "touyan", "1"
"""What workflows are owned by. The version is constant: workers of a newer release finish the runs of an older one."""

SCHEMA = "dbos"
"""Where the tables of the engine stand on PostgreSQL."""

RUNS_QUEUE, SHARES_QUEUE = "runs", "shares"
"""A run waits for its shares, so the two must not take places from each other."""

MOST_RUNS_AT_A_TIME = 8
"""Runs that one worker conducts side by side; conducting is waiting for shares, except when they are joined."""

STREAM = "progress"
"""Name of the stream in which a run tells what happens to it."""

RUNS_POLLING_S, SHARES_POLLING_S = 1.5, 1.5
"""Seconds between two looks at a queue. Each look costs some milliseconds, also on a server with nothing to do."""

OWN_QUEUE_POLLING_S = 30.0
"""The same for the queue that the engine keeps for itself: nothing here ever puts a workflow into it."""

BUSY_RUNS_POLLING_S, BUSY_POLLING_S = 0.2, 0.05
"""Seconds between two looks at runs and shares while runs are open, and when a worker begins: it may have come to take
up what a dead one has left. A small county takes a tenth of a second, and a slot that has solved one takes the next
with the next look only. While all slots are taken, a look costs one statement."""

POLLING_S = 0.2
"""Seconds between two looks at something that is waited for."""

ABSENCE_S = 0.5
"""Seconds between two attempts to reach a database that is away."""

ResultT = TypeVar("ResultT")


def engine_of(database_url: str) -> Engine:
    """The connections of the job engine: for SQLite, transactions are begun by the driver, as the library expects."""
    if not database_url.startswith("sqlite"):
        limit = idle_limit(WORKER_IDLE_LIMIT_S)
        return create_engine(database_url, pool_pre_ping=True, hide_parameters=True, pool_size=10, connect_args=limit)
    engine = create_engine(database_url, hide_parameters=True, connect_args={"timeout": 30, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "busy_timeout=30000", "foreign_keys=ON", "synchronous=NORMAL"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


def migrate_jobs(database_url: str) -> None:
    """Create or update the tables of the job engine beside the service's own."""
    DBOS.migrate(database_url)
    SQLAlchemyDatasource.migrate(database_url)


def has_current_tables(database_url: str) -> bool:
    """Whether the tables of the job engine are there, and as new as this version of it needs them."""
    engine = engine_of(database_url)
    try:
        is_sqlite = engine.dialect.name == "sqlite"
        with engine.connect() as connection:
            steps, known_steps = get_datasource_migration_versions(connection, None if is_sqlite else SCHEMA)
        own, known = (
            get_sqlite_migration_versions(engine) if is_sqlite else get_migration_versions(engine, SCHEMA, True)
        )
    finally:
        engine.dispose()
    return own >= known and steps >= known_steps


def table_name(session: Session, name: str) -> str:
    """A table of the job engine as a statement names it: on PostgreSQL it stands in a schema of its own."""
    return name if session.get_bind().dialect.name == "sqlite" else f"{SCHEMA}.{name}"


class WithoutText(logging.Filter):
    """Leaves of an exception its type and its place: the text of one can hold values of people."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; every record passes."""
        fault = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if fault is not None:
            place = "".join(traceback.format_tb(fault.__traceback__))
            record.msg, record.args = f"{type(fault).__name__} in a job\n{place}", ()
            record.exc_info, record.exc_text = None, None
        return True


class Jobs:
    """The running engine of this process. There is one at a time: the library keeps its state in the process."""

    def __init__(self, database: Database, *, slot: str, n_shares: int) -> None:
        url = database.engine.url.render_as_string(hide_password=False)
        self.database = database
        self.slot = slot
        self._n_shares = n_shares
        self._engine = engine_of(url)
        config: DBOSConfig = {
            "name": NAME,
            "system_database_url": url,
            "system_database_engine": self._engine,
            "application_version": VERSION,
            "executor_id": slot,
            "serializer": DBOSPortableJSONSerializer(),
            # Looks for messages between workflows and for schedules, neither of which is used here.
            "notification_listener_polling_interval_sec": 1.0,
            "scheduler_polling_interval_sec": 60.0,
            "run_migrations": False,
            "enable_otlp": False,
            "log_level": "WARNING",
            "use_listen_notify": False,
        }
        # The engine has no setting for this; left alone it would look once a second, for nothing.
        DBOS(config=config)._registry.get_internal_queue()._polling_interval_sec = OWN_QUEUE_POLLING_S
        # The library's own handler writes to the standard error of this moment; its records go the way of all others.
        log = logging.getLogger("dbos")
        log.handlers.clear()
        log.propagate = True
        if not any(isinstance(known, WithoutText) for known in log.filters):
            log.addFilter(WithoutText())
        self._datasource = SQLAlchemyDatasource.create(
            url,
            engine=make_engine(url, idle_limit_s=WORKER_IDLE_LIMIT_S),
            serializer=DBOSPortableJSONSerializer(),
            sessionmaker=sessionmaker(class_=Session, expire_on_commit=False, info=database.session_info),
            run_migrations=False,
        )
        is_sqlite = database.engine.dialect.name == "sqlite"
        self._isolation: IsolationLevel = "SERIALIZABLE" if is_sqlite else "READ COMMITTED"

    def launch(self) -> None:
        """Take up what this slot has left, and begin to take jobs from the queues."""
        DBOS.launch()
        DBOS.register_queue(
            RUNS_QUEUE, worker_concurrency=MOST_RUNS_AT_A_TIME, polling_interval_sec=BUSY_RUNS_POLLING_S
        )
        DBOS.register_queue(SHARES_QUEUE, worker_concurrency=self._n_shares, polling_interval_sec=BUSY_POLLING_S)

    def keep_pace(self, *, is_busy: bool) -> None:
        """Let all workers look often while there are runs, and seldom while there are none."""
        paces = {
            RUNS_QUEUE: BUSY_RUNS_POLLING_S if is_busy else RUNS_POLLING_S,
            SHARES_QUEUE: BUSY_POLLING_S if is_busy else SHARES_POLLING_S,
        }
        for name, wanted in paces.items():
            queue = DBOS.retrieve_queue(name)
            if queue is not None and queue.polling_interval_sec != wanted:
                queue.set_polling_interval_sec(wanted)

    def transaction(self, name: str, unit: Callable[[Session], ResultT]) -> ResultT:
        """Run a unit of work in one transaction with the engine's checkpoint: exactly once, whatever happens."""

        def work() -> ResultT:
            with tracing.span(f"step {name}"):
                return attempt()

        def attempt() -> ResultT:
            session: Session = self._datasource.sql_session()  # type: ignore[assignment]
            try:
                result = unit(session)
                session.flush()
            except DBAPIError as fault:
                refusal = refusal_of(fault)
                # The engine would take a full disk for a lost connection, and try for ever.
                if isinstance(refusal, StorageFullError):
                    raise refusal from None
                raise
            return result

        return self._datasource.run_tx_step(DatasourceOptions(name=name, isolation_level=self._isolation), work)

    def close(self) -> None:
        """Stop taking jobs and close what is open; work that is under way is taken up again by the next process."""
        DBOS.destroy()
        self._datasource.engine.dispose()
        self._engine.dispose()


def patiently(work: Callable[[], ResultT]) -> ResultT:
    """Do something with the database, again and again while it is away: a job waits for it, as the engine does."""
    while True:
        try:
            return work()
        except DatabaseUnavailableError:
            time.sleep(ABSENCE_S)
