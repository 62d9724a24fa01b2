"""Backups: consistent under load, whole, never over another file."""

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
from sqlmodel import select

from app.backup import ABANDONED_S, back_up, forget_old, name_in, restore
from app.crypto import PersonalDataCipher
from app.db import Database
from app.errors import ConfigurationError
from app.models import ApiToken
from app.sqlite_files import UnfitFileError, copy_whole, part_of, require_whole
from migrations.runner import head_revision
from tests.app.backups.contents import actions, tokens_and_events, write
from tests.servers import TEST_SEAL_KEYS


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
