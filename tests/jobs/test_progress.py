"""What is told of a run while it works, and how soon; and how soon a run that is cancelled ends."""

import asyncio
import json
import statistics
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
import pytest
from sqlmodel import select

from app.db import Database, run_in_transaction
from app.models import MatchPlan
from app.models.vocabulary import RunState
from app.services.programs import create_match_policy_version
from matching import PRESETS
from schema.ids import encode_id
from tests.jobs.machine import WATCH, Machine, machine, wait_for
from tests.jobs.test_faults import solvers_of

pytestmark = pytest.mark.slow

CANCEL = """mutation($id: ID!) {
  cancelMatchRun(input: { id: $id }) { matchRun { state cancelRequestedAt } userErrors { code message } }
}"""


@pytest.fixture
def large_office(database: Database, tmp_path: Path) -> Iterator[Machine]:
    """A county whose team plan takes long: supply equals demand, and the worst tenth is raised."""
    with machine(database, tmp_path, n_candidates=90) as made:
        content = PRESETS["TONGREN_2_PLUS_1"].to_json() | {"teamObjective": "TEAMS", "fairness": {"mode": "MAXMIN"}}
        run_in_transaction(
            database,
            lambda session: create_match_policy_version(session, made.world.officer, made.programs[0].id, content),
        )
        yield made


def test_cancelling_ends_the_solver_process_within_two_seconds_and_keeps_the_plan(large_office: Machine) -> None:
    office = large_office
    office.server(embedded=False)
    worker = office.worker("w1")
    run_id = office.start(office.programs[0])
    wait_for(lambda: _has_incumbent(office, run_id) or office.has_ended(run_id), office.logs)
    assert not office.has_ended(run_id), "the run was over before it could be cancelled"
    solvers = solvers_of(worker)
    assert solvers
    asked = time.monotonic()
    payload = office.ask(CANCEL, id=encode_id("MatchRun", run_id))["cancelMatchRun"]
    assert payload["userErrors"] == []
    _, alive = psutil.wait_procs(solvers, timeout=10)
    seconds = time.monotonic() - asked
    assert alive == []
    assert seconds <= 2.0, seconds
    assert office.wait_for_end(run_id) is RunState.CANCELLED
    with office.database.read() as session:
        (plan,) = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).all()
    assert plan.metrics["n_seats"] == 180


def test_a_worker_that_is_told_to_end_leaves_its_solve_to_the_next_one(large_office: Machine) -> None:
    office = large_office
    office.server(embedded=False)
    worker = office.worker("w1")
    run_id = office.start(office.programs[0], timeLimitS=20.0)
    wait_for(lambda: bool(solvers_of(worker)), office.logs)
    asked = time.monotonic()
    assert worker.end() == 0
    assert time.monotonic() - asked < 20.0
    assert office.state(run_id) is RunState.RUNNING
    office.worker("w1")
    assert office.wait_for_end(run_id) in (RunState.SOLVED, RunState.SOLVED_WITH_SHORTFALL), office.logs()
    assert office.plans(run_id) == [180]


def _has_incumbent(office: Machine, run_id: UUID) -> bool:
    query = "query($id: ID!) { matchRun(id: $id) { progress { levels { name value bound } } } }"
    return bool(office.ask(query, id=encode_id("MatchRun", run_id))["matchRun"]["progress"]["levels"])


def test_a_run_that_waits_is_cancelled_at_once(office: Machine) -> None:
    office.server(embedded=False)
    run_id = office.start(office.programs[0])
    payload = office.ask(CANCEL, id=encode_id("MatchRun", run_id))["cancelMatchRun"]
    assert payload["matchRun"]["state"] == "CANCELLED"
    (event,) = asyncio.run(office.watch(run_id))[-1:]
    assert event["progress"]["state"] == "CANCELLED"


@pytest.mark.parametrize("n_runs", [12])
def test_thirty_subscribers_hear_of_an_event_within_a_fraction_of_a_second(office: Machine, n_runs: int) -> None:
    most_s = 0.3 if office.database.engine.dialect.name == "sqlite" else 0.2
    office.server()
    delays: list[float] = []
    for number in range(n_runs):
        run_id = office.start(office.programs[0], idempotencyKey=str(number))
        heard = asyncio.run(_watch_by_many(office, run_id, 30))
        for events in heard:
            told = [event for event in events if event["kind"] != "FIGURES"]
            assert [event["offset"] for event in told] == [0, 1, 2]
            delays += [event["received"] - datetime.fromisoformat(event["at"]).timestamp() for event in told]
        office.wait_for_end(run_id)
    median = statistics.median(delays)
    print(f"\n{office.database.engine.dialect.name}: median {median * 1000:.0f} ms, of {len(delays)}")  # noqa: T201
    assert median <= most_s, sorted(delays)


async def _watch_by_many(office: Machine, run_id: UUID, n: int) -> list[list[dict[str, Any]]]:
    return list(await asyncio.gather(*(office.watch(run_id) for _ in range(n))))


def test_the_same_events_come_over_server_sent_events(office: Machine) -> None:
    office.server()
    run_id = office.start(office.programs[0])
    by_socket = asyncio.run(office.watch(run_id))
    body = {"query": WATCH, "variables": {"runId": encode_id("MatchRun", run_id), "after": 0}}
    headers = {"Authorization": f"Bearer {office.token}", "Accept": "text/event-stream"}
    names, told = [], []
    with httpx.stream("POST", f"http://127.0.0.1:{office.port}/graphql", json=body, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("event: "):
                names.append(line.removeprefix("event: "))
            if line.startswith("data: {"):
                told.append(json.loads(line.removeprefix("data: "))["data"]["matchRunProgress"])
    assert names == ["next"] * len(told) + ["complete"]
    stored = [{**event, "received": None, "progress": None} for event in by_socket if event["kind"] != "FIGURES"]
    again = [{**event, "received": None, "progress": None} for event in told if event["kind"] != "FIGURES"]
    assert again == stored[1:]
