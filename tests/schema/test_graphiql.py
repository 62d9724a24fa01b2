"""The query page of the development profile works on a machine without internet."""

import asyncio
import gzip
import re

import pytest
from httpx import ASGITransport, AsyncClient, Response
from pydantic import SecretStr

from app.config import Profile, Settings
from app.crypto import PersonalDataCipher
from app.db import Database
from app.main import create_app
from schema.graphiql import FOLDER, MEDIA_TYPES, PAGE


def get(database: Database, cipher: PersonalDataCipher, profile: Profile, path: str) -> tuple[int, str, str]:
    settings = Settings(profile=profile, data_keys=SecretStr("unused") if profile is Profile.PRODUCTION else None)
    transport = ASGITransport(create_app(settings, database, cipher))

    async def send() -> Response:
        async with AsyncClient(transport=transport, base_url="http://touyan.test") as client:
            return await client.get(path, headers={"Accept": "text/html"})

    answer = asyncio.run(send())
    return answer.status_code, answer.headers.get("content-type", ""), answer.text


def test_the_page_names_only_files_of_this_server() -> None:
    addresses = re.findall(r'(?:src|href)="([^"]+)"', PAGE)
    assert "http" not in PAGE
    assert {a for a in addresses if a != "data:,"} == {f"/graphiql/{name}" for name in MEDIA_TYPES}


@pytest.mark.parametrize("name", MEDIA_TYPES)
def test_the_files_fetch_nothing_when_loaded(name: str) -> None:
    text = gzip.decompress((FOLDER / f"{name}.gz").read_bytes()).decode("utf-8")
    assert "sourceMappingURL" not in text
    assert not re.search(r"@import\s+url\(|url\(['\"]?https?:", text)


def test_development_serves_the_page_and_its_files(sqlite_database: Database, cipher: PersonalDataCipher) -> None:
    status, kind, text = get(sqlite_database, cipher, Profile.DEVELOPMENT, "/graphql")
    assert (status, kind) == (200, "text/html; charset=utf-8")
    assert text == PAGE
    for name, media_type in MEDIA_TYPES.items():
        status, kind, text = get(sqlite_database, cipher, Profile.DEVELOPMENT, f"/graphiql/{name}")
        assert (status, kind.split(";")[0]) == (200, media_type)
        assert len(text) > 5_000
    assert (get(sqlite_database, cipher, Profile.DEVELOPMENT, "/graphiql/index.html"))[0] == 404


def test_the_page_reads_the_schema_before_a_token_is_filled_in(
    sqlite_database: Database, cipher: PersonalDataCipher
) -> None:
    transport = ASGITransport(create_app(Settings(), sqlite_database, cipher))

    async def send(query: str) -> Response:
        async with AsyncClient(transport=transport, base_url="http://touyan.test") as client:
            return await client.post("/graphql", json={"query": query}, headers={"Authorization": "Bearer "})

    shown = asyncio.run(send("{ __schema { queryType { name } } }")).json()
    assert (shown["data"], "errors" in shown) == ({"__schema": {"queryType": {"name": "Query"}}}, False)
    refused = asyncio.run(send("{ viewer { role } }"))
    assert refused.status_code == 401
    assert refused.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def test_production_serves_neither(sqlite_database: Database, cipher: PersonalDataCipher) -> None:
    assert (get(sqlite_database, cipher, Profile.PRODUCTION, "/graphiql/graphiql.min.js"))[0] == 404
    status, _, text = get(sqlite_database, cipher, Profile.PRODUCTION, "/graphql")
    assert status == 401
    assert "graphiql" not in text
