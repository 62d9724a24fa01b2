"""A new release over old data: a backup first, then all of it or nothing, also where the process is killed."""

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlmodel import col, select
from typer.testing import CliRunner

from app import backup as copies
from app.backup import MigrationFailedError, migrate
from app.cli import cli
from app.config import get_settings
from app.crypto import PersonalDataCipher
from app.db import Database
from app.errors import ConfigurationError
from app.locking import held
from app.models import AuditEvent
from app.schema_state import SchemaState, require_current, schema_state
from app.sqlite_files import require_whole
from migrations.runner import downgrade, find_revision, head_revision
from tests.app.services.world import make_world, populate
from tests.loggers import kept
from tests.servers import TEST_DATA_KEY, TEST_SEAL_KEYS

OLD = "0004"
KEY = TEST_DATA_KEY
CIPHER = PersonalDataCipher([TEST_DATA_KEY])


@pytest.fixture
def old(sqlite_database: Database, cipher: PersonalDataCipher, tmp_path: Path) -> Path:
    """A database with people and the tables of an older release."""
    populate(make_world(sqlite_database, cipher), n=3)
    downgrade(sqlite_database.engine, OLD, cipher=cipher)
    with sqlite_database.engine.connect() as connection:
        connection.exec_driver_sql("DROP TABLE dbos_migrations")
    sqlite_database.dispose()
    return tmp_path / "touyan.db"


def look(path: Path) -> tuple[str, int, bool]:
    """Revision, number of people, and whether names are folded for search, as of release 0005."""
    with closing(sqlite3.connect(path)) as connection:
        (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        (n_people,) = connection.execute("SELECT count(*) FROM person").fetchone()
        columns = {row[1] for row in connection.execute("PRAGMA table_info(person)")}
        is_folded = "search_text" in columns and (
            connection.execute("SELECT count(*) FROM person WHERE search_text = ''").fetchone() == (0,)
        )
    return revision, n_people, is_folded


def backups(folder: Path) -> list[Path]:
    return sorted(folder.glob("touyan.db.*.backup"))


def left_behind(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_a_backup_of_the_old_tables_is_made_and_named_by_its_revision(old: Path) -> None:
    before = look(old)
    done = migrate(old, CIPHER, TEST_SEAL_KEYS)
    assert (done.before, done.after) == (OLD, head_revision())
    (kept,) = backups(old.parent)
    assert (done.backup, look(kept)) == (kept, before)
    assert kept.name.endswith(f"-from-{OLD}.backup")
    assert look(old) == (head_revision(), before[1], True)
    database = Database(f"sqlite:///{old}")
    require_current(database)
    with database.read() as session:
        told = list(session.exec(select(AuditEvent.action).order_by(col(AuditEvent.at))))
    database.dispose()
    assert told[-2:] == ["BACKUP_MADE", "DATABASE_MIGRATED"]
    assert left_behind(old.parent) == []


def test_a_second_time_nothing_happens(old: Path) -> None:
    migrate(old, CIPHER, TEST_SEAL_KEYS)
    assert migrate(old, CIPHER, TEST_SEAL_KEYS).backup is None
    assert len(backups(old.parent)) == 1


def test_a_new_database_needs_no_backup_and_is_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "touyan.db"
    assert migrate(path, CIPHER, TEST_SEAL_KEYS).backup is None
    assert path.stat().st_mode & 0o777 == 0o600
    database = Database(f"sqlite:///{path}")
    assert schema_state(database) is SchemaState.CURRENT
    database.dispose()
    assert backups(tmp_path) == []


def test_a_migration_that_fails_in_the_middle_leaves_the_old_database_usable(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, names = old.read_bytes(), iter(range(100))

    def folded(text: str) -> str:
        if next(names) == 4:
            raise RuntimeError("张三")
        return text

    monkeypatch.setattr("app.folding.folded", folded)
    with pytest.raises(MigrationFailedError) as failed:
        migrate(old, CIPHER, TEST_SEAL_KEYS)
    (kept,) = backups(old.parent)
    assert str(kept) in str(failed.value)
    assert "as it was" in str(failed.value)
    assert "数据库未改变" in str(failed.value)
    assert "张三" not in str(failed.value)
    assert next(names) > 4, "some rows were migrated before"
    assert old.read_bytes() == before
    monkeypatch.undo()
    assert migrate(old, CIPHER, TEST_SEAL_KEYS).before == OLD


def test_a_database_of_a_newer_release_is_left_alone(old: Path) -> None:
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    before = old.read_bytes()
    with pytest.raises(ConfigurationError, match=r"newer release.*更新版本"):
        migrate(old, CIPHER, TEST_SEAL_KEYS)
    database = Database(f"sqlite:///{old}")
    with pytest.raises(ConfigurationError, match="newer release"):
        require_current(database)
    database.dispose()
    assert (old.read_bytes(), backups(old.parent)) == (before, [])


def test_without_room_for_all_of_it_nothing_is_begun(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, size = old.read_bytes(), old.stat().st_size
    monkeypatch.setattr("app.sqlite_files.free_bytes", lambda _: 64 * 2**20 + 2 * size)
    with pytest.raises(ConfigurationError, match="nothing was changed"):
        migrate(old, CIPHER, TEST_SEAL_KEYS)
    assert (old.read_bytes(), backups(old.parent), left_behind(old.parent)) == (before, [], [])


def test_what_somebody_writes_meanwhile_is_not_lost(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bring_up = copies._bring_up

    def interfere(database: Database, cipher: PersonalDataCipher) -> None:
        bring_up(database, cipher)
        with closing(sqlite3.connect(old)) as connection:
            connection.execute("UPDATE person SET name = '新名'")
            connection.commit()

    monkeypatch.setattr(copies, "_bring_up", interfere)
    with pytest.raises(MigrationFailedError, match="Somebody wrote"):
        migrate(old, CIPHER, TEST_SEAL_KEYS)
    assert look(old)[0] == OLD
    with closing(sqlite3.connect(old)) as connection:
        assert connection.execute("SELECT DISTINCT name FROM person").fetchall() == [("新名",)]


REMNANT = "密件：群众来信反映其与村民有经济纠纷，"


def leave_remnants(path: Path) -> None:
    """Texts of class A as former releases stored them, and such as were deleted by a build that only frees pages."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("UPDATE reserve_candidate SET exit_reason = ?", (REMNANT + "在库",))
        # More than a migration fills again.
        many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) SELECT ? AS text FROM n"
        connection.execute(f"CREATE TABLE gone AS {many}", (REMNANT * 40,))
        connection.commit()
        connection.execute("DROP TABLE gone")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def bytes_of(path: Path) -> bytes:
    """The file with what stands beside it."""
    return b"".join(each.read_bytes() for each in sorted(path.parent.glob(f"{path.name}*")) if each.suffix != ".backup")


def test_no_text_that_a_migration_encrypts_stays_in_the_file(old: Path) -> None:
    leave_remnants(old)
    assert old.read_bytes().count(REMNANT.encode()) > 100
    done = migrate(old, CIPHER, TEST_SEAL_KEYS)
    assert REMNANT.encode() not in bytes_of(old)
    assert done.has_clear_backup
    assert done.backup is not None
    assert REMNANT.encode() in done.backup.read_bytes()
    with closing(sqlite3.connect(old)) as connection:
        tokens = [row[0] for row in connection.execute("SELECT exit_reason_encrypted FROM reserve_candidate")]
    assert {CIPHER.decrypt(token) for token in tokens} == {REMNANT + "在库"}
    assert left_behind(old.parent) == []
    require_whole(old)


def test_a_backup_that_comes_back_leaves_no_such_text_in_the_file_either(old: Path, tmp_path: Path) -> None:
    leave_remnants(old)
    live = tmp_path / "live.db"
    copies.restore(old, live, CIPHER, TEST_SEAL_KEYS)
    assert REMNANT.encode() not in bytes_of(live)


class TestCommands:
    @pytest.fixture(autouse=True)
    def settings(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setenv("TOUYAN_DATABASE_URL", f"sqlite:///{tmp_path}/touyan.db")
        monkeypatch.setenv("TOUYAN_DATA_KEYS", KEY)
        get_settings.cache_clear()
        with kept():
            yield
        get_settings.cache_clear()

    def run(self, *arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result.output

    def test_where_a_server_lives_nothing_is_migrated(self, old: Path) -> None:
        with held(old, alone=False):
            said = self.run("migrate", code=1)
        assert "stop the server" in said
        assert "正在使用" in said
        assert look(old)[0] == OLD
        assert "Database is up to date." in self.run("migrate")

    def test_what_the_backup_holds_in_clear_is_told_once(self, old: Path) -> None:
        said = self.run("migrate")
        assert "holds texts of class A (kinship, discipline, complaints) in clear: destroy them" in said
        assert "升级验收后请立即销毁" in said
        assert "in clear" not in self.run("migrate")

    def test_a_backup_of_encrypted_tables_is_nothing_to_destroy(self, old: Path) -> None:
        migrate(old, CIPHER, TEST_SEAL_KEYS)
        database = Database(f"sqlite:///{old}")
        downgrade(database.engine, "0008", cipher=CIPHER)
        database.dispose()
        said = self.run("migrate")
        assert "Backup of revision 0008" in said
        assert "in clear" not in said

    @pytest.mark.parametrize("command", ["serve", "worker"])
    def test_neither_server_nor_worker_begins_over_old_tables(self, old: Path, command: str) -> None:
        said = self.run(command, code=1)
        assert "tables of an older release" in said
        assert "touyan migrate" in said
        assert "请执行 touyan migrate" in said

    def test_an_empty_database_is_told_from_an_old_one(self, tmp_path: Path) -> None:
        assert "there is no database" in self.run("serve", code=1)
        with closing(sqlite3.connect(tmp_path / "touyan.db")) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        assert "has no tables yet" in self.run("serve", code=1)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_on_postgresql_data_are_migrated_only_after_a_backup(
    database: Database, cipher: PersonalDataCipher, monkeypatch: pytest.MonkeyPatch
) -> None:
    populate(make_world(database, cipher), n=2)
    downgrade(database.engine, OLD, cipher=CIPHER)
    monkeypatch.setenv("TOUYAN_DATABASE_URL", database.engine.url.render_as_string(False))
    monkeypatch.setenv("TOUYAN_DATA_KEYS", KEY)
    get_settings.cache_clear()
    refused = CliRunner().invoke(cli, ["migrate"], catch_exceptions=False)
    assert (refused.exit_code, find_revision(database.engine)) == (1, OLD)
    assert "pg_dump --format=custom" in refused.output
    assert "--i-have-a-backup" in refused.output
    database.dispose()
    done = CliRunner().invoke(cli, ["migrate", "--i-have-a-backup"], catch_exceptions=False)
    get_settings.cache_clear()
    assert (done.exit_code, find_revision(database.engine)) == (0, head_revision())
    assert "升级验收后请立即销毁" in done.output


KILLED = """
import sys, time
from pathlib import Path
import app.backup as copies
from app.crypto import PersonalDataCipher
from app.sealing import SealKeys
place, marks = copies.put_in_place, Path(sys.argv[2])
bring_up = copies._bring_up
def slow(database, cipher):
    (marks / "migrating").touch()
    bring_up(database, cipher)
def last(copy, live):
    (marks / "placing").touch()
    place(copy, live)
    (marks / "placed").touch()
copies._bring_up, copies.put_in_place = slow, last
copies.migrate(Path(sys.argv[1]), PersonalDataCipher([sys.argv[3]]), SealKeys.of([sys.argv[3]]))
"""


@pytest.mark.slow
def test_a_migration_that_is_killed_at_any_moment_leaves_the_old_or_the_new_database_whole(old: Path) -> None:
    with closing(sqlite3.connect(old)) as connection:
        # Large enough that putting it in place takes some tenths of a second.
        connection.execute(
            "INSERT INTO match_snapshot (hash, content, created_at) "
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120) "
            "SELECT 'h' || i, randomblob(1000000), '2026-01-01 00:00:00' FROM n"
        )
        connection.commit()
    n_people, chance = look(old)[1], random.Random(20261126)
    original = old.parent / "original"
    shutil.copyfile(old, original)
    found: list[str] = []
    for number in range(8):
        folder = old.parent / f"try{number}"
        folder.mkdir()
        live = folder / "touyan.db"
        shutil.copyfile(original, live)
        process = subprocess.Popen([sys.executable, "-c", KILLED, str(live), str(folder), KEY], stderr=subprocess.PIPE)
        mark = folder / ("migrating", "placing", "placing", "placed")[number % 4]
        while not mark.exists():
            assert process.poll() is None, process.stderr.read() if process.stderr else ""
            time.sleep(0.002)
        time.sleep(chance.uniform(0.0, 0.0 if mark.name == "placed" else 0.8))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if process.stderr:
            process.stderr.close()
        require_whole(live)
        revision, people, is_folded = look(live)
        assert (people, is_folded) == (n_people, revision == head_revision())
        assert revision in (OLD, head_revision())
        if (folder / "placed").exists():
            assert revision == head_revision()
        found.append(revision)
        (kept,) = backups(folder)
        assert look(kept)[0] == OLD
        migrate(live, CIPHER, TEST_SEAL_KEYS)
        assert look(live) == (head_revision(), n_people, True)
        assert left_behind(folder) == []
        shutil.rmtree(folder)
    assert set(found) == {OLD, head_revision()}, "both ends were seen"
