"""TypeScript types generated from the schema, and a program that is compiled over them."""

from pathlib import Path

import pytest

from tests.clients.toolbox import Toolbox

pytestmark = pytest.mark.slow

TYPESCRIPT = "../node_modules/typescript/lib/tsc.js"


@pytest.fixture
def workshop(toolbox: Toolbox, tmp_path: Path) -> Path:
    """A copy of the documents and the program in which tools may write."""
    return toolbox.workshop(tmp_path) / "typed"


def generate(toolbox: Toolbox, workshop: Path) -> tuple[int, str]:
    done = toolbox.run("generate.mjs", "../../../schema/schema.graphql", "operations.ts", folder=workshop)
    return done.returncode, done.stdout + done.stderr


def compiled(toolbox: Toolbox, workshop: Path) -> tuple[int, str]:
    done = toolbox.run(TYPESCRIPT, "--noEmit", "--strict", "-p", ".", folder=workshop)
    return done.returncode, done.stdout + done.stderr


def changed(path: Path, right: str, wrong: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(right) == 1
    path.write_text(text.replace(right, wrong), encoding="utf-8")


def test_a_strict_program_compiles_over_the_generated_types_and_mistakes_in_it_do_not(
    toolbox: Toolbox, workshop: Path
) -> None:
    assert generate(toolbox, workshop) == (0, "")
    assert compiled(toolbox, workshop) == (0, "")
    changed(workshop / "program.ts", "${event.progress.state}", "${event.progress.phase}")
    code, told = compiled(toolbox, workshop)
    assert code != 0
    (complaint,) = told.strip().splitlines()
    assert "error TS2339: Property 'phase' does not exist on type" in complaint


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("    totalCount\n", "    sum\n", 'Cannot query field "sum" on type "ReserveCandidateConnection".'),
        ("after: $after, filter", "offset: 3, filter", 'Unknown argument "offset" on field "Query.reserveCandidates".'),
        ("query Candidate($id: ID!)", "query Candidate($id: Int!)", 'Variable "$id" of type "Int!" used in position'),
    ],
)
def test_a_document_that_the_schema_does_not_admit_gets_no_types(
    toolbox: Toolbox, workshop: Path, right: str, wrong: str, complaint: str
) -> None:
    changed(workshop / "candidates.graphql", right, wrong)
    code, told = generate(toolbox, workshop)
    assert code != 0
    assert complaint in told
    assert not (workshop / "operations.ts").exists()
