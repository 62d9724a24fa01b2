"""The web application: GraphQL, downloads and health under one roof."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Route

from app.config import Profile, Settings, data_keys, get_settings
from app.crypto import PersonalDataCipher
from app.db import Database
from app.http.exports import download_export
from app.http.health import health
from schema.asgi import GraphQLView
from schema.graphiql import graphiql_asset


def create_app(settings: Settings, database: Database, cipher: PersonalDataCipher) -> Starlette:
    """The application over an open database, which is closed together with it."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        database.dispose()

    is_development = settings.profile is Profile.DEVELOPMENT
    routes = [
        Route("/graphql", GraphQLView(database=database, cipher=cipher, is_development=is_development)),
        Route("/exports/{id}", download_export),
        Route("/healthz", health),
    ]
    if is_development:
        routes.append(Route("/graphiql/{name}", graphiql_asset))
    application = Starlette(routes=routes, lifespan=lifespan)
    application.state.database = database
    return application


def app_from_environment() -> Starlette:
    """The application of this machine's settings, for ``uvicorn --factory app.main:app_from_environment``."""
    settings = get_settings()
    return create_app(settings, Database(settings.database_url), PersonalDataCipher(data_keys(settings)))
