"""What root makes in the folder of another user belongs to that user."""

import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.backup import migrate
from app.config import Settings
from app.crypto import PersonalDataCipher, new_data_key
from app.key_file import data_keys, put_key_in_front
from app.locking import held
from app.owners import make_file
from app.sqlite_files import copy_whole, keep_aside, rewrite
from tests.servers import TEST_SEAL_KEYS

NOBODY = 65_534


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is not root's; where the tests do not run as root, every folder of theirs is one."""
    folder = tmp_path / "service"
    folder.mkdir()
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    return folder


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, int]]:
    """What was given away by root, whom the process takes itself for: the file behind each descriptor, and to whom."""
    told: list[tuple[str, int, int]] = []
    chown = os.chown

    def noted(file: int, user: int, group: int) -> None:
        told.append((Path(os.readlink(f"/proc/self/fd/{file}")).name, user, group))
        chown(file, user, group)

    monkeypatch.setattr("app.owners.os.geteuid", lambda: 0)
    monkeypatch.setattr("app.owners.os.chown", noted)
    return told


def test_everything_that_stands_beside_a_database_can_be_opened_by_the_owner_of_the_folder(
    folder: Path, given: list[tuple[str, int, int]], cipher: PersonalDataCipher
) -> None:
    owner = folder.stat()
    live = folder / "touyan.db"
    settings = Settings(database_url=f"sqlite:///{live}")
    with held(live, alone=True):
        assert len(data_keys(settings, may_make=True)) == 1
        migrate(live, cipher, TEST_SEAL_KEYS)
    put_key_in_front(settings, new_data_key())
    copy_whole(live, folder / "copy.db")
    rewrite(folder / "copy.db")
    (folder / "broken.db").write_bytes(b"broken" * 1000)
    keep_aside(folder / "broken.db", folder / "aside.db")
    with closing(sqlite3.connect(live)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE other (id INTEGER)")
        made = {path.name: (path.stat().st_uid, path.stat().st_gid) for path in folder.iterdir()}
    del made["broken.db"]
    wanted = {"aside.db", "copy.db", "touyan.db", "touyan.db-shm", "touyan.db-wal", "touyan.db.key", "touyan.db.lock"}
    assert made == dict.fromkeys(wanted, (owner.st_uid, owner.st_gid))
    names = {name for name, *_ in given}
    assert {
        "copy.db.rewritten.new",
        "touyan.db",
        "touyan.db.key",
        "touyan.db.key.part",
        "touyan.db.lock",
        "aside.db",
    } <= names
    assert {(user, group) for _, user, group in given} == {(owner.st_uid, owner.st_gid)}


def test_what_is_there_already_and_what_lies_in_a_folder_of_roots_is_left_alone(
    folder: Path, given: list[tuple[str, int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "touyan.db.lock").touch()
    with held(folder / "touyan.db", alone=True):
        pass
    (folder / "target").touch()
    (folder / "link").symlink_to(folder / "target")
    with pytest.raises(FileExistsError):
        make_file(folder / "link")
    assert given == []
    monkeypatch.setattr("app.owners.os.geteuid", lambda: 1000)
    os.close(make_file(folder / "of a user"))
    assert given == []


def test_a_file_system_without_owners_is_told_of_and_the_file_is_made(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("app.owners.os.geteuid", lambda: 0)
    monkeypatch.setattr("app.owners.os.chown", refuse)
    with caplog.at_level(logging.WARNING, "touyan.files"):
        os.close(make_file(folder / "copy.db"))
    assert (folder / "copy.db").stat().st_mode & 0o777 == 0o600
    assert "stays with root" in caplog.text
