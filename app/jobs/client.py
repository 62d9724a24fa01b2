"""What the service asks of the job engine: enqueue a run in the caller's transaction."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any
from uuid import UUID

from dbos import DBOSClient
from dbos._serialization import DBOSPortableJSONSerializer
from sqlalchemy import text
from sqlmodel import Session

from app.db import Database
from app.jobs.engine import NAME, RUNS_QUEUE, SHARES_QUEUE, STREAM, VERSION, engine_of, table_name

READING_S = 0.15
"""Seconds between two looks at the stream of a run that somebody watches."""


class JobClient:
    """Connection to the queues; it runs nothing by itself."""

    def __init__(self, database: Database) -> None:
        self._engine = engine_of(database.engine.url.render_as_string(hide_password=False))
        self._client = DBOSClient(
            system_database_engine=self._engine,
            serializer=DBOSPortableJSONSerializer(),
            application_name=NAME,
            lazy=True,
            # Who waits for an absent database here would hold a thread that others need.
            retry_connection_errors=False,
        )

    def enqueue_run(self, session: Session, run_id: UUID) -> None:
        """Put a run into the queue; it is seen by workers when the caller's transaction commits."""
        self._client.enqueue_in_transaction(
            session,
            {
                "workflow_name": "match_run",
                "queue_name": RUNS_QUEUE,
                "workflow_id": str(run_id),
                "app_version": VERSION,
            },
            str(run_id),
        )

    async def events(self, run_id: UUID, *, offset: int = 0) -> AsyncIterator[dict[str, Any]]:
        """Yield what a run's workflow has told, from an offset, until it tells no more."""
        values = self._client.read_stream_async(str(run_id), STREAM, offset=offset, polling_interval_sec=READING_S)
        async with aclosing(values):
            async for value in values:
                yield value

    def n_jobs(self, session: Session) -> dict[tuple[str, str], int]:
        """How many jobs wait (``ENQUEUED``) or are worked on (``PENDING``), by queue and state."""
        counted = text(
            f"SELECT queue_name, status, count(*) FROM {table_name(session, 'workflow_status')} "  # noqa: S608 - our words
            "WHERE status IN ('ENQUEUED', 'PENDING') GROUP BY queue_name, status"
        )
        found = {(queue, status): count for queue, status, count in session.connection().execute(counted)}
        kinds = [(queue, status) for queue in (RUNS_QUEUE, SHARES_QUEUE) for status in ("ENQUEUED", "PENDING")]
        return {kind: found.get(kind, 0) for kind in kinds}

    def close(self) -> None:
        """Close the connections."""
        self._client.destroy()
        self._engine.dispose()
