"""The web application: GraphQL, downloads, health and figures under one roof. ``touyan serve`` runs it."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Route, WebSocketRoute

from app.config import Settings
from app.crypto import PersonalDataCipher
from app.db import Database
from app.http.exports import download_export
from app.http.health import Check, Readiness, answers, has_engine_tables, has_own_trail, has_room, has_schema, health
from app.http.imports import ImportDoor
from app.http.metrics import metrics_door
from app.http.requests import ID_HEADER, Requests
from app.http.roster_edits import RosterEditsDoor
from app.http.sessions import SessionDoor
from app.http.templates import download_template
from app.http.uploads import MOST_AT_ONCE
from app.jobs.client import JobClient
from app.jobs.hub import ProgressHub
from app.jobs.slots import Pulse
from app.jobs.worker import working
from app.observe import metrics, tracing
from app.presence import Presence
from app.services.privacy.retention import daily_retention
from migrations.runner import head_revision
from schema.asgi import PREFLIGHT, GraphQLView
from schema.graphiql import graphiql_asset
from schema.ids import encode_id, key_of

SMALL_BYTES, COMPRESSION = 1_000, 5
"""Answers from this size on are compressed, at a level that costs about 10 ms for a megabyte."""

SERVER_SLOT = "server"
"""The slot of the worker inside the server."""


def create_app(
    settings: Settings, database: Database, cipher: PersonalDataCipher, presence: Presence | None = None
) -> Starlette:
    """The application over an open database, which is closed together with it."""
    present = presence or Presence()
    pulse = Pulse()
    jobs = JobClient(database)
    hub = ProgressHub(database, jobs)
    readiness = Readiness(presence=present, checks=_checks(settings, database, pulse))
    if settings.tells_metrics:
        metrics.watch_statements(database.engine)
        metrics.watch_pool(database.engine)
    if settings.otel_endpoint is not None:
        tracing.trace_statements(database.engine)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        with ExitStack() as stack:
            stack.callback(database.dispose)
            stack.callback(jobs.close)
            stack.callback(readiness.close)
            if settings.embedded_worker:
                worker = working(
                    database,
                    slot=SERVER_SLOT,
                    n_shares=os.cpu_count() or 1,
                    pulse=pulse,
                    keeping=daily_retention(database, cipher, settings),
                )
                await asyncio.to_thread(stack.enter_context, worker)
            present.begin()
            yield
            present.leave()
            await view.connections.close()
            # Ending solves waits for processes, and answers are still being sent meanwhile.
            await asyncio.to_thread(stack.close)

    view = GraphQLView(database=database, cipher=cipher, jobs=jobs, hub=hub, settings=settings)
    turn = asyncio.Semaphore(MOST_AT_ONCE)
    edits = RosterEditsDoor(database, cipher, settings, encode_id, turn, key_of=key_of)
    routes: list[BaseRoute] = [
        Route("/graphql", view),
        WebSocketRoute("/graphql", view),
        Route("/session", SessionDoor(database, settings).answer, methods=["GET", "POST", "DELETE"]),
        Route("/imports", ImportDoor(database, cipher, settings, encode_id, turn).answer, methods=["POST"]),
        Route("/rosters/{id}/edits", edits.answer, methods=["POST"]),
        Route("/exports/{id}", download_export),
        Route("/templates/{kind}", download_template),
        Route("/healthz", health),
        Route("/readyz", readiness.view),
    ]
    if settings.tells_metrics:
        routes.append(Route("/metrics", metrics_door(settings, database, jobs)))
    if not settings.is_production:
        routes.append(Route("/graphiql/{name}", graphiql_asset))
    # Streams of events pass uncompressed, and so do files, which are compressed already.
    middleware = [
        Middleware(Requests, presence=present),
        Middleware(GZipMiddleware, minimum_size=SMALL_BYTES, compresslevel=COMPRESSION),
    ]
    if settings.origins:
        cors = Middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type", PREFLIGHT, ID_HEADER],
            expose_headers=[ID_HEADER],
        )
        middleware.insert(1, cors)
    application = Starlette(routes=routes, lifespan=lifespan, middleware=middleware)
    application.state.database = database
    application.state.is_production = settings.is_production
    application.state.leave = view.connections.leave
    return application


def _checks(settings: Settings, database: Database, pulse: Pulse) -> dict[str, Check]:
    """What must hold for the service to do its work, by the name that readiness tells."""
    checks: dict[str, Check] = {
        "database": answers(database),
        "schema": has_schema(database, head_revision),
        "jobs": has_engine_tables(database),
        "trail": has_own_trail(database),
    }
    if settings.sqlite_path is not None:
        checks["disk"] = has_room(settings.sqlite_path)
    if settings.embedded_worker:
        checks["worker"] = lambda: pulse.is_felt
    return checks
