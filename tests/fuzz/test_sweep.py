"""Every argument of every root field takes every hostile value, and every list any length, without a fault.

CI tries a third of them on each database, ``make fuzz`` all on both.
"""

import asyncio
import os
from collections import Counter

import httpx
import pytest

from app.crypto import PersonalDataCipher
from app.db import Database
from app.models.vocabulary import Role
from tests.fuzz.county import County, open_county
from tests.fuzz.judge import alarm, faults_of
from tests.fuzz.operations import root_fields
from tests.fuzz.sweep import Place, hostile_values, places
from tests.fuzz.values import packed, readable

pytestmark = [pytest.mark.slow, pytest.mark.shared_texts]

TRIES_ALL = "TOUYAN_FUZZ_CASES" in os.environ
MOST_FAULTS_SHOWN = 8


def test_the_sweep_knows_every_root_field_with_arguments() -> None:
    without = {"Query.viewer", "Query.auditTrail", "Query.importKinds"}
    assert {f"{each.operation}.{each.field}" for each in places()} == set(root_fields()) - without


def test_no_hostile_value_makes_a_fault(database: Database, cipher: PersonalDataCipher) -> None:
    county = open_county(database, cipher)
    # A third: other values from place to place, and others on each database.
    first = ("sqlite", "postgresql").index(database.engine.dialect.name)
    tried = [
        (place, value)
        for at, place in enumerate(places())
        for number, value in enumerate(hostile_values(place))
        if TRIES_ALL or (at + number) % 3 == first
    ]
    faults, codes = asyncio.run(_swept(county, tried))
    print(f"\nsweep on {database.engine.dialect.name}: {len(tried)} operations, {dict(codes)}")  # noqa: T201
    shown = "\n\n".join(faults[:MOST_FAULTS_SHOWN])
    assert not faults, f"{len(faults)} faults\n{shown}"
    # Most values come to where they are looked at, instead of being refused for the document around them.
    assert codes["EXECUTED"] > len(tried) * 0.7


async def _swept(county: County, tried: list[tuple[Place, object]]) -> tuple[list[str], Counter[str]]:
    faults: list[str] = []
    codes: Counter[str] = Counter()
    headers = {"Authorization": f"Bearer {county.tokens[Role.SYSTEM_ADMIN]}", "Content-Type": "application/json"}
    transport = httpx.ASGITransport(app=county.door.application)
    async with httpx.AsyncClient(transport=transport, base_url="http://touyan.test", headers=headers) as client:
        for place, value in tried:
            body = packed(place.query(), place.variables(value), county.bait.filled)
            with alarm() as heard:
                response = await client.post("/graphql", content=body)
            found, answer = faults_of(
                response.status_code,
                response.headers["content-type"],
                response.content,
                readable(body),
                county.bait,
                is_bound=False,
            )
            found += heard.lines
            if found:
                faults.append("\n".join([f"{place.label} = {str(value)[:100]!r}", *found]))
            codes["EXECUTED"] += "data" in answer
            codes.update(each["extensions"]["code"] for each in answer.get("errors", ()))
    return faults, codes
