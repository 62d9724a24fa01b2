"""``touyan roster``: a file is compared, people are chosen, and its edits are laid down."""

from pathlib import Path

import pytest
from click.testing import Result
from sqlmodel import select
from typer.testing import CliRunner

from app.cli import cli
from app.config import get_settings
from app.crypto import PersonalDataCipher
from app.db import Database
from app.models import Exclusion, Pin
from tests.app.rosters.round_trips import TOWNSHIP, VILLAGE, Office, Paper, open_office
from tests.conftest import TEST_DATA_KEY


@pytest.fixture
def office(sqlite_database: Database, cipher: PersonalDataCipher, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("TOUYAN_DATA_KEYS", TEST_DATA_KEY)
    get_settings.cache_clear()
    return open_office(sqlite_database, cipher)


def run(office: Office, *arguments: str, code: int = 0) -> str:
    url = office.database.engine.url.render_as_string(hide_password=False)
    result: Result = CliRunner(env={"COLUMNS": "240"}).invoke(
        cli, ["roster", *arguments, "--roster", str(office.roster_id), "--database", url], catch_exceptions=False
    )
    assert result.exit_code == code, result.output
    return result.output


def written(office: Office) -> tuple[int, int]:
    with office.database.read() as session:
        return len(session.exec(select(Pin)).all()), len(session.exec(select(Exclusion)).all())


def test_a_file_is_compared_chosen_and_laid_down(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "花名册.xlsx"
    path.write_bytes(office.file())
    assert "identical: 3 mentees, 6 seats" in run(office, "compare", str(path))
    assert "nothing to lay down" in run(office, "apply", str(path), "--reason", "x")

    before = office.teams()
    first, second, third = sorted(before)
    paper = Paper(office.file())
    paper.swap(before[first][TOWNSHIP], before[second][TOWNSHIP])
    row, column = paper.find(before[third][VILLAGE])
    paper.sheet.cell(row, column + 1).value = None
    path.write_bytes(paper.bytes())
    unclear = run(office, "compare", str(path), code=1)
    assert "AMBIGUOUS" in unclear
    assert f"choose 可选: {before[third][VILLAGE]}" in unclear
    assert "Nothing was written" in run(office, "apply", str(path), "--reason", "x", code=1)
    assert written(office) == (0, 0)

    cell = f"花名册!{paper.sheet.cell(row, column + 1).coordinate}"
    shown = run(office, "compare", str(path), "--choose", f"{cell}=")
    assert f"Pin mentor {before[second][TOWNSHIP]} to mentee {first}" in shown
    assert "a repair would also move" in shown
    assert run(office, "compare", str(path), "--choose", f"{cell}={before[third][VILLAGE]}").count("REPLACED") == 2
    done = run(office, "apply", str(path), "--reason", "征求意见", "--choose", f"{cell}=")
    assert (
        f"2 pin(s), 1 exclusion(s) laid down, 0 were in force already; next: touyan repair {office.program_id}" in done
    )
    assert written(office) == (2, 1)
    assert office.repaired()[first] == before[first] | {TOWNSHIP: before[second][TOWNSHIP]}


@pytest.mark.parametrize("choice", ["E7", "花名册!E7", "E7=520624-00001", "花名册!E7=520624-99999"])
def test_a_choice_must_name_a_cell_and_one_person(office: Office, tmp_path: Path, choice: str) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(office.file())
    assert "--choose" in run(office, "compare", str(path), "--choose", choice, code=2)
