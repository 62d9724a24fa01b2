"""Relay: its compiler over the schema, and its store over the real server."""

from pathlib import Path

import pytest

from schema.ids import encode_id
from tests.clients.toolbox import Toolbox
from tests.jobs.machine import Machine

pytestmark = pytest.mark.slow

COMPILER = "../node_modules/relay-compiler/cli.js"
TYPESCRIPT = "../node_modules/typescript/lib/tsc.js"
ARTIFACTS = {
    "CandidatesPaginationQuery",
    "CandidatesQuery",
    "CandidatesRowRefetchQuery",
    "CandidatesTagMutation",
    "Candidates_page",
    "Candidates_row",
    "PinsAddMutation",
    "PinsQuery",
    "PinsRemoveMutation",
    "RunsItemsPaginationQuery",
    "RunsProgressSubscription",
    "RunsQuery",
    "RunsStartMutation",
    "Runs_items",
}


@pytest.fixture
def workshop(toolbox: Toolbox, tmp_path: Path) -> Path:
    """A copy of the documents and the program in which tools may write."""
    return toolbox.workshop(tmp_path) / "relay"


def test_relay_compiles_the_documents_and_its_store_works_over_the_server(
    toolbox: Toolbox, workshop: Path, office: Machine
) -> None:
    compiled = toolbox.run(COMPILER, "relay.config.json", folder=workshop)
    assert compiled.returncode == 0, compiled.stdout + compiled.stderr
    made = {path.name.removesuffix(".graphql.ts") for path in (workshop / "__generated__").iterdir()}
    assert made == ARTIFACTS
    typed = toolbox.run(TYPESCRIPT, "-p", ".", folder=workshop)
    assert (typed.stdout, typed.returncode) == ("", 0)

    program_id = encode_id("PairingProgram", office.programs[0].id)
    address = f"http://127.0.0.1:{office.port}/graphql"
    told = toolbox.answer("program.js", address, program_id, folder=workshop, TOUYAN_TOKEN=office.token)
    assert told["pages"] == {"sizes": [5, 10, 12], "total": 12, "distinct": 12}
    assert told["tag"] == {
        "sameAsInPage": True,
        "userErrors": [],
        "tags": ["relay"],
        "versions": 1,
        "stale": ["VERSION_CONFLICT"],
    }
    assert told["pin"] == {
        "before": 0,
        "added": [True],
        "isOfCandidate": True,
        "isRemoved": True,
        "isHeldBefore": True,
        "isHeldAfter": False,
        "left": 0,
    }
    assert told["run"] == {
        "heard": ["0 STARTED", "1 SOLVED", "2 ENDED"],
        "state": "SOLVED",
        "sizes": [10, 20, 24],
    }


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("totalCount", "sum", "The type `ReserveCandidateConnection` has no field `sum`"),
        ("on Query\n", "on Viewer\n", "The type `Viewer` has no field `reserveCandidates`"),
        ("after: $cursor)", "after: $cursor, size: 3)", "Unknown argument 'size'"),
    ],
)
def test_relay_refuses_what_the_schema_does_not_have(
    toolbox: Toolbox, workshop: Path, right: str, wrong: str, complaint: str
) -> None:
    source = workshop / "Candidates.ts"
    text = source.read_text(encoding="utf-8")
    assert text.count(right) == 1
    source.write_text(text.replace(right, wrong), encoding="utf-8")
    compiled = toolbox.run(COMPILER, "relay.config.json", folder=workshop)
    assert compiled.returncode != 0
    assert complaint in compiled.stdout + compiled.stderr
    assert not (workshop / "__generated__").exists()
