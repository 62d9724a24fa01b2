"""What reading through the API costs: requests per second and processor time of the server for three queries.

The county has 1,216 reserve candidates, each in a pairing with two of as many mentors. The server is a process of its
own; the requests come from this one, over eight connections that are kept.
"""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from sqlmodel import col, select

from app.crypto import PersonalDataCipher
from app.db import Database
from app.models import ReserveCandidate
from schema.ids import encode_id
from tests.factories_graph import World, build_world
from tests.jobs.machine import Machine
from tests.servers import TEST_DATA_KEY as KEY

pytestmark = pytest.mark.bench

N_CANDIDATES = 1_216
N_CONNECTIONS = 8
SECONDS = 8.0
MENTORS = "pairings { startDate members { slotCode mentor { category person { name code } } } }"
ONE = f"query($id: ID!) {{ reserveCandidate(id: $id) {{ state person {{ name code }} village {{ name }} {MENTORS} }} }}"
PAGE = f"{{ reserveCandidates(first: 50) {{ nodes {{ state person {{ name code }} village {{ name }} {MENTORS} }} }} }}"
NESTED = "{ reserveCandidates(first: 200) { nodes { id pairings { id members { id mentor { id } } } } } }"
"""200 candidates, 200 pairings, 400 seats and 400 mentors: 1,200 rows."""


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Iterator[tuple[Machine, World]]:
    world = build_world(database, PersonalDataCipher([KEY]), n_candidates=N_CANDIDATES)
    made = Machine(database, None, tmp_path, world.tokens["county"], [])  # type: ignore[arg-type]
    try:
        made.server(embedded=False, TOUYAN_RATE_POINTS="1e12", TOUYAN_RATE_POINTS_PER_S="1e12")
        yield made, world
    finally:
        for process in made.processes:
            process.kill()


async def load(made: Machine, body: dict[str, Any], seconds: float) -> int:
    """Ask the same again and again over all connections; returns how often it was answered."""
    n_answers = 0
    end = time.monotonic() + seconds
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {made.token}"}, timeout=60) as client:

        async def ask() -> None:
            nonlocal n_answers
            while time.monotonic() < end:
                answer = await client.post(f"http://127.0.0.1:{made.port}/graphql", json=body)
                assert answer.status_code == 200
                n_answers += 1

        await asyncio.gather(*(ask() for _ in range(N_CONNECTIONS)))
    return n_answers


def test_three_queries(office: tuple[Machine, World]) -> None:
    made, _ = office
    kind = made.database.engine.dialect.name
    with made.database.read() as session:
        key = session.exec(select(ReserveCandidate.id).order_by(col(ReserveCandidate.id))).first()
    assert key is not None
    candidate = encode_id("ReserveCandidate", key)
    one = made.ask(ONE, id=candidate)["reserveCandidate"]
    page = made.ask(PAGE)["reserveCandidates"]["nodes"]
    nested = made.ask(NESTED)["reserveCandidates"]["nodes"]
    assert [len(pairing["members"]) for pairing in one["pairings"]] == [2]
    assert len(page) == 50
    seats = [seat for node in nested for pairing in node["pairings"] for seat in pairing["members"]]
    assert (len(nested), len(seats), all(seat["mentor"] for seat in seats)) == (200, 400, True)
    server = psutil.Process(made.processes[0].popen.pid)
    print(f"\n{kind}: query, requests/s, server ms/request")  # noqa: T201
    for name, query in (("one candidate", ONE), ("page of 50", PAGE), ("1,200 nested rows", NESTED)):
        body = {"query": query, "variables": {"id": candidate} if query is ONE else {}}
        asyncio.run(load(made, body, 1.0))
        before, started = server.cpu_times(), time.monotonic()
        n_answers = asyncio.run(load(made, body, SECONDS))
        after, seconds = server.cpu_times(), time.monotonic() - started
        cpu_ms = 1e3 * (after.user + after.system - before.user - before.system) / n_answers
        print(f"  {name:18} {n_answers / seconds:8.1f} {cpu_ms:8.2f}")  # noqa: T201
