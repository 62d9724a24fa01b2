"""The web application: GraphQL, downloads and health under one roof."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Route, WebSocketRoute

from app.config import Profile, Settings, data_keys, get_settings
from app.crypto import PersonalDataCipher
from app.db import Database
from app.http.exports import download_export
from app.http.health import health
from app.http.sessions import SessionDoor
from app.jobs.client import JobClient
from app.jobs.hub import ProgressHub
from app.jobs.worker import working
from app.services.privacy.retention import daily_retention
from schema.asgi import PREFLIGHT, GraphQLView
from schema.graphiql import graphiql_asset

SMALL_BYTES, COMPRESSION = 1_000, 5
"""Answers from this size on are compressed, at a level that costs about 10 ms for a megabyte."""

SERVER_SLOT = "server"
"""The slot of the worker inside the server."""


def create_app(settings: Settings, database: Database, cipher: PersonalDataCipher) -> Starlette:
    """The application over an open database, which is closed together with it."""

    jobs = JobClient(database)
    hub = ProgressHub(database, jobs)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        with ExitStack() as stack:
            stack.callback(database.dispose)
            stack.callback(jobs.close)
            if settings.embedded_worker:
                worker = working(
                    database,
                    slot=SERVER_SLOT,
                    n_shares=os.cpu_count() or 1,
                    keeping=daily_retention(database, cipher, settings),
                )
                await asyncio.to_thread(stack.enter_context, worker)
            yield
            await view.connections.close()

    is_development = settings.profile is Profile.DEVELOPMENT
    view = GraphQLView(database=database, cipher=cipher, jobs=jobs, hub=hub, settings=settings)
    routes: list[BaseRoute] = [
        Route("/graphql", view),
        WebSocketRoute("/graphql", view),
        Route("/session", SessionDoor(database, settings).answer, methods=["GET", "POST", "DELETE"]),
        Route("/exports/{id}", download_export),
        Route("/healthz", health),
    ]
    if is_development:
        routes.append(Route("/graphiql/{name}", graphiql_asset))
    # Streams of events pass uncompressed, and so do files, which are compressed already.
    middleware = [Middleware(GZipMiddleware, minimum_size=SMALL_BYTES, compresslevel=COMPRESSION)]
    if settings.origins:
        cors = Middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type", PREFLIGHT],
        )
        middleware.insert(0, cors)
    application = Starlette(routes=routes, lifespan=lifespan, middleware=middleware)
    application.state.database = database
    application.state.is_production = not is_development
    return application


def app_from_environment() -> Starlette:
    """The application of this machine's settings, for ``uvicorn --factory app.main:app_from_environment``."""
    settings = get_settings()
    return create_app(settings, Database(settings.database_url), PersonalDataCipher(data_keys(settings)))
