"""Live operations by the public clients graphql-ws and graphql-sse against the real server."""

from typing import Any

import pytest

from schema.ids import encode_id, key_of
from tests.clients.toolbox import Toolbox
from tests.jobs.machine import Machine

pytestmark = pytest.mark.slow

MISTAKE = {
    "message": "Cannot query field 'shoeSize' on type 'Viewer'.",
    "locations": [{"line": 1, "column": 26}],
    "extensions": {"code": "BAD_DOCUMENT"},
}
STORED = [
    (0, "STARTED", None),
    (1, "SOLVED", 0),
    (2, "ENDED", None),
]
"""Events of a run of one county: offset, kind, number of the solved part."""
END = {"state": "SOLVED", "phase": None, "shareCount": 1, "solvedShareCount": 1}


def live(toolbox: Toolbox, office: Machine, kind: str, token: str) -> dict[str, Any]:
    program_id = encode_id("PairingProgram", office.programs[0].id)
    address = f"http://127.0.0.1:{office.port}/graphql"
    told: dict[str, Any] = toolbox.answer("live.mjs", kind, address, program_id, TOUYAN_TOKEN=token)
    return told


def data_of(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The data of results without errors; what an operation cost stands beside it."""
    assert all(set(result) - {"extensions"} == {"data"} for result in results), results
    return [result["data"] for result in results]


def events_of(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [data["matchRunProgress"] for data in data_of(results)]


def stored(events: list[dict[str, Any]]) -> list[tuple[int, str, int | None]]:
    return [(event["offset"], event["kind"], event["share"]) for event in events if event["kind"] != "FIGURES"]


@pytest.mark.parametrize(
    ("kind", "mistake"),
    [("ws", {"thrown": [MISTAKE]}), ("sse", [{"errors": [MISTAKE]}])],
)
def test_a_client_asks_changes_and_watches_a_run_to_its_end(
    toolbox: Toolbox, office: Machine, kind: str, mistake: Any
) -> None:
    told = live(toolbox, office, kind, office.token)
    assert data_of(told["query"]) == [{"viewer": {"role": "SYSTEM_ADMIN"}}]
    assert told["mistake"] == mistake
    (started,) = data_of(told["mutation"])
    assert started["startMatchRun"]["userErrors"] == []
    run_id = key_of(started["startMatchRun"]["matchRun"]["id"], "MatchRun")

    events = events_of(told["events"])
    assert stored(events) == STORED
    assert events[-1] == {"offset": 2, "kind": "ENDED", "share": None, "progress": END}
    assert office.plans(run_id) == [24]

    resumed = events_of(told["resumed"])
    assert stored(resumed) == STORED[1:]
    assert {tuple(event["progress"].items()) for event in resumed} == {tuple(END.items())}


@pytest.mark.parametrize(
    ("kind", "refused"),
    [("ws", {"code": 4403, "reason": "Forbidden"}), ("sse", {"status": 401})],
)
def test_a_client_with_a_wrong_token_is_refused(
    toolbox: Toolbox, office: Machine, kind: str, refused: dict[str, Any]
) -> None:
    assert live(toolbox, office, kind, "wrong") == {"refused": refused}
