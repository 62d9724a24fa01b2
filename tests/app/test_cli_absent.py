"""Where there is no database, no command but those that make one leaves anything, and each says what to do."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.config import get_settings
from app.locking import held
from tests.loggers import kept

ID = "00000000-0000-4000-8000-000000000000"
COMMANDS = [
    ["check"],
    ["audit", "verify"],
    ["audit", "head"],
    ["audit", "list"],
    ["keys", "check"],
    ["keys", "rotate"],
    ["user", "list"],
    ["worker", "status"],
    ["worker"],
    ["serve"],
    ["retention", "apply", "--dry-run"],
    ["compare", ID, ID],
    ["explain", ID, "520624-00001"],
    ["token", "create", "--role", "READER"],
    ["sample", "fushan"],
    ["backup", "copy.db"],
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in [name for name in os.environ if name.startswith("TOUYAN_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    get_settings.cache_clear()
    with kept():
        yield tmp_path
    get_settings.cache_clear()


def run(*arguments: str, code: int = 1) -> str:
    result = CliRunner(env={"COLUMNS": "300"}).invoke(cli, list(arguments), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_nothing_is_made(folder: Path, command: list[str]) -> None:
    said = run(*command)
    assert f"there is no database {folder}/touyan.db" in said
    assert "make it with: touyan migrate" in said
    assert "请更正路径" in said
    assert list(folder.iterdir()) == []


def test_an_empty_file_is_no_database_either(folder: Path) -> None:
    (folder / "touyan.db").touch()
    assert "there is no database" in run("audit", "verify")
    assert [path.name for path in folder.iterdir()] == ["touyan.db"]


def test_migrating_makes_database_and_key_and_a_lost_key_is_not_made_anew(folder: Path) -> None:
    run("migrate", code=0)
    assert run("user", "list", code=0)
    key = folder / "touyan.db.key"
    kept_key = key.rename(folder / "elsewhere")
    for command in (["migrate"], ["user", "list"], ["keys", "new"], ["serve"]):
        assert "touyan.db.key is not there, and none is made anew" in run(*command)
    assert not key.exists()
    kept_key.rename(key)
    assert run("user", "list", code=0)


def test_a_backup_is_restored_under_its_key_alone(folder: Path) -> None:
    run("migrate", code=0)
    run("backup", "copy.db", code=0)
    assert "new.db.key is not there" in run("restore", "copy.db", "--database", "new.db")
    assert not (folder / "new.db.key").exists()
    assert not (folder / "new.db").exists()
    (folder / "touyan.db.key").rename(folder / "new.db.key")
    assert "Restored" in run("restore", "copy.db", "--database", "new.db", code=0)


def test_the_database_of_a_demonstration_that_is_being_served_is_not_made_anew(folder: Path) -> None:
    (folder / "out").mkdir()
    served = folder / "out" / "demo.db"
    served.write_bytes(b"served")
    with held(served, alone=False):
        assert "is in use: stop the server" in run("demo")
    assert served.read_bytes() == b"served"
    assert sorted(path.name for path in served.parent.iterdir()) == ["demo.db", "demo.db.lock"]
