"""The application under test, asked over HTTP by each kind of viewer."""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr
from starlette.applications import Starlette

from app.config import Profile, Settings
from app.crypto import PersonalDataCipher
from app.db import Database
from app.main import create_app
from tests.factories_graph import World, build_world


@dataclass(frozen=True, slots=True)
class Door:
    """The application over a world, asked the way clients ask."""

    application: Starlette
    world: World
    database: Database

    def request(self, method: str, path: str, *, by: str | None = "county", **options: Any) -> httpx.Response:
        """One HTTP request with the token of a viewer (``None``: anonymous)."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.application)
            async with httpx.AsyncClient(transport=transport, base_url="http://touyan.test") as client:
                headers = {"Authorization": f"Bearer {self.world.tokens[by]}"} if by else {}
                return await client.request(method, path, headers=headers | options.pop("headers", {}), **options)

        return asyncio.run(send())

    def ask(self, query: str, *, by: str | None = "county", **variables: Any) -> dict[str, Any]:
        """The whole GraphQL response."""
        response = self.request("POST", "/graphql", by=by, json={"query": query, "variables": variables})
        body: dict[str, Any] = response.json()
        return body

    def data(self, query: str, *, by: str | None = "county", **variables: Any) -> Any:
        """The data of a response without errors."""
        body = self.ask(query, by=by, **variables)
        assert "errors" not in body, body["errors"]
        return body["data"]


def open_door(
    database: Database,
    cipher: PersonalDataCipher,
    *,
    profile: Profile = Profile.DEVELOPMENT,
    n_candidates: int = 5,
    **settings_: Any,
) -> Door:
    """The application over a new world in an empty database, with further settings by name."""
    secret = SecretStr("not used: the cipher is passed in")
    settings = Settings(profile=profile, data_keys=secret, embedded_worker=False, **settings_)
    world = build_world(database, cipher, n_candidates=n_candidates)
    return Door(application=create_app(settings, database, cipher), world=world, database=database)
