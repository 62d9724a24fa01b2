"""``/metrics``: the figures of this process and of the database, for Prometheus alone."""

import asyncio
import hmac
import ipaddress
import math
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from app.config import Settings
from app.db import Database
from app.errors import DatabaseUnavailableError
from app.jobs.client import JobClient
from app.observe import metrics
from app.reads.operation import operation_figures

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
"""Headers of proxies: what came through one comes from elsewhere, however near the proxy itself is."""

_reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="metrics")
"""One thread: scrapes that come faster than they are answered wait for each other, not for requests of people."""


def metrics_door(settings: Settings, database: Database, jobs: JobClient) -> Callable[[Request], Awaitable[Response]]:
    """The view of the figures, which looks at who asks."""

    async def tell(request: Request) -> Response:
        if not _may_read(request, settings):
            headers = {} if settings.metrics_token is None else {"WWW-Authenticate": "Bearer"}
            return PlainTextResponse("forbidden\n", 403 if settings.metrics_token is None else 401, headers=headers)
        text = await asyncio.get_running_loop().run_in_executor(_reader, _told, database, jobs)
        return Response(text, headers={"Content-Type": metrics.CONTENT_TYPE, "Cache-Control": "no-store"})

    return tell


def _may_read(request: Request, settings: Settings) -> bool:
    if settings.metrics_token is not None:
        wanted = f"Bearer {settings.metrics_token.get_secret_value()}"
        return hmac.compare_digest(request.headers.get("authorization", "").encode(), wanted.encode())
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _told(database: Database, jobs: JobClient) -> bytes:
    try:
        with database.read() as session:
            figures = operation_figures(session)
            n_jobs = jobs.n_jobs(session)
    except DatabaseUnavailableError:
        # What the process itself counts is wanted most while the database is away; readiness tells that it is.
        for gauge in (metrics.runs, metrics.queued_jobs, metrics.running_jobs, metrics.worker_slots):
            gauge.clear()
        metrics.last_beat_age.set(math.nan)
        metrics.audit_sequence.set(math.nan)
        return metrics.told()
    for state, count in figures.n_runs.items():
        metrics.runs.labels(state.value).set(count)
    for (queue, status), count in n_jobs.items():
        (metrics.queued_jobs if status == "ENQUEUED" else metrics.running_jobs).labels(queue).set(count)
    metrics.worker_slots.labels("beating").set(figures.n_beating)
    metrics.worker_slots.labels("silent").set(figures.n_silent)
    metrics.last_beat_age.set(math.nan if figures.last_beat_age_s is None else figures.last_beat_age_s)
    metrics.audit_sequence.set(math.nan if figures.audit_sequence is None else figures.audit_sequence)
    return metrics.told()
