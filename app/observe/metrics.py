"""Figures of this process for Prometheus. Labels come from short lists that we know: no names, no ids, nothing typed.

The figures belong to the process, as those of the library do: several applications in one process share them.
"""

import math
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, Info, start_http_server
from prometheus_client.exposition import generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector
from sqlalchemy import Connection, Engine, event
from sqlalchemy.pool import QueuePool

CONTENT_TYPE = CONTENT_TYPE_LATEST
"""The media type of what is told."""

REGISTRY = CollectorRegistry()
"""Everything that is told."""

QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds that bound the classes of requests and operations: half of a county's answers take under 25 ms."""
STATEMENTS = (0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0)
SOLVES = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)

_all: Any = {"registry": REGISTRY}

requests = Counter(
    "touyan_http_requests", "Requests by route, method and status.", ["route", "method", "status"], **_all
)
request_seconds = Histogram("touyan_http_request_seconds", "Seconds of requests.", ["route"], buckets=QUICK, **_all)
operation_seconds = Histogram(
    "touyan_operation_seconds",
    "Seconds of GraphQL operations by kind and root field (`several` where there are more).",
    ["kind", "field"],
    buckets=QUICK,
    **_all,
)
errors = Counter("touyan_errors", "Errors and refusals told to clients, by code.", ["code"], **_all)
rate_refusals = Counter("touyan_rate_refusals", "Operations refused because their user asked for too much.", **_all)
open_sockets = Gauge("touyan_open_sockets", "WebSockets that are signed in.", **_all)
running_streams = Gauge("touyan_running_streams", "Operations that run over sockets and event streams.", **_all)
pool_connections = Gauge("touyan_database_connections", "Connections of the pool, by state.", ["state"], **_all)
statement_seconds = Histogram(
    "touyan_database_statement_seconds", "Seconds of database statements.", buckets=STATEMENTS, **_all
)
solve_seconds = Histogram("touyan_solve_seconds", "Seconds in which a share was solved.", buckets=SOLVES, **_all)
ended_jobs = Counter("touyan_ended_jobs", "Jobs that ended in this process.", ["job", "outcome"], **_all)
runs = Gauge("touyan_runs", "Runs in the database, by state.", ["state"], **_all)
queued_jobs = Gauge("touyan_queued_jobs", "Jobs that wait for a worker, by queue.", ["queue"], **_all)
running_jobs = Gauge("touyan_running_jobs", "Jobs that a worker has taken, by queue.", ["queue"], **_all)
worker_slots = Gauge(
    "touyan_worker_slots", "Slots of workers that have not ended, by what is heard.", ["state"], **_all
)
last_beat_age = Gauge(
    "touyan_worker_last_beat_age_seconds", "Seconds since the last beat of any worker; NaN before the first.", **_all
)
audit_sequence = Gauge(
    "touyan_audit_sequence", "Number of the last entry of the audit trail; NaN where its head is gone.", **_all
)
build = Info("touyan_build", "What runs here.", **_all)
for unread in (last_beat_age, audit_sequence):
    # A process that never looks at the database, as a worker, does not know them: that is not 0.
    unread.set(math.nan)
build.info({"version": version("touyan"), "python": platform.python_version()})
ProcessCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

METHODS = frozenset({"GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "WEBSOCKET"})


def count_request(route: str, method: str, status: int, seconds: float) -> None:
    """Count one request that has been answered."""
    known = method if method in METHODS else "other"
    requests.labels(route, known, str(status)).inc()
    request_seconds.labels(route).observe(seconds)


def count_operation(kind: str, field: str, seconds: float) -> None:
    """Count one GraphQL operation; ``field`` must be a name of the schema."""
    operation_seconds.labels(kind, field).observe(seconds)


def watch_statements(engine: Engine) -> None:
    """Measure every statement of an engine."""

    @event.listens_for(engine, "before_cursor_execute")
    def _before(connection: Connection, *_: Any) -> None:
        connection.info.setdefault("touyan_began", []).append(time.perf_counter())

    @event.listens_for(engine, "after_cursor_execute")
    def _after(connection: Connection, *_: Any) -> None:
        # One that began before it was measured has no beginning here.
        if began := connection.info.get("touyan_began"):
            statement_seconds.observe(time.perf_counter() - began.pop())


def watch_pool(engine: Engine) -> None:
    """Tell how many connections of an engine are in use; of the last engine that was named, where there are several."""
    pool = engine.pool
    if isinstance(pool, QueuePool):
        pool_connections.labels("in_use").set_function(pool.checkedout)
        pool_connections.labels("idle").set_function(pool.checkedin)


def told() -> bytes:
    """All figures in the text format of Prometheus."""
    return generate_latest(REGISTRY)


def serve_metrics(port: int) -> Callable[[], None]:
    """Tell the figures on a port of this machine alone; returns how to stop that."""
    server, thread = start_http_server(port, addr="127.0.0.1", registry=REGISTRY)

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return stop
