"""Whole database files of SQLite: copied while others write, looked over, and put in the place of another at once."""

import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from app.errors import ConfigurationError

SPARE_BYTES = 64 * 2**20
"""Room that must be left beside what is written: others write as well."""

BUSY_S = 30.0
"""Seconds for which the file waits for a writer."""


class UnfitFileError(ConfigurationError):
    """A file that is no whole database."""


def free_bytes(folder: Path) -> int:
    """Bytes that can still be written into a folder."""
    return shutil.disk_usage(folder).free


def require_room(folder: Path, n_bytes: int) -> None:
    """Refuse to begin what would fill the disk."""
    free = free_bytes(folder)
    if free < n_bytes + SPARE_BYTES:
        wanted, there = (n_bytes + SPARE_BYTES) // 2**20, free // 2**20
        raise ConfigurationError(
            f"{folder} has {there} MiB left and {wanted} MiB are needed; nothing was changed. Free some room, then "
            f"repeat this step / {folder} 仅剩 {there} MiB，需要 {wanted} MiB；未做任何更改，请清理磁盘后重试"
        )


def size_of(path: Path) -> int:
    """Bytes of a database with what stands in its log of writes."""
    return sum(each.stat().st_size for each in (path, _beside(path, "-wal")) if each.exists())


def copy_whole(source: Path, target: Path) -> None:
    """Copy a database as it is at one moment into a new file, whatever others write meanwhile; 0600, one file alone.

    The copy is looked over before it gets its name, which must not be taken. Raises ``UnfitFileError``, and
    ``ConfigurationError`` for a name that is taken or a disk that is full.
    """
    require_room(target.absolute().parent, size_of(source))
    if target.exists():
        raise _taken(target)
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with _faults_of(source), closing(_open(source)) as old, closing(_open(part)) as new:
            old.backup(new)
            # A log of writes of its own would be a second file that can get lost.
            new.execute("PRAGMA journal_mode=DELETE")
        require_whole(part)
        _sync(part)
        try:
            # Unlike a renaming, this never takes the place of another file.
            os.link(part, target)
        except FileExistsError:
            raise _taken(target) from None
        _sync(target.absolute().parent)
    except OSError as error:
        raise ConfigurationError(
            f"{target} cannot be written ({error.strerror}) / 无法写入 {target}（{error.strerror}）"
        ) from error
    finally:
        remove(part)


def put_in_place(new: Path, live: Path) -> None:
    """Let a database have the content of another one, at once: whoever is killed leaves the old or the new content.

    All of it is one transaction of the database itself. A file that is no database any more is replaced instead.
    """
    require_room(live.absolute().parent, size_of(new))
    if not live.exists():
        os.close(os.open(live, os.O_RDWR | os.O_CREAT, 0o600))
    try:
        with closing(_open(new)) as source, closing(_open(live)) as target:
            target.execute("PRAGMA journal_mode=WAL")
            source.backup(target)
            target.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode not in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise _storage_fault(live, error) from error
        # What belongs to the broken file would be taken for a part of the new one.
        for suffix in ("-wal", "-shm", "-journal"):
            _beside(live, suffix).unlink(missing_ok=True)
        _sync(new)
        os.replace(new, live)
        _sync(live.absolute().parent)


def require_whole(path: Path) -> None:
    """Refuse a file with broken pages or with rows that refer to nothing."""
    with _faults_of(path), closing(_open(path)) as connection:
        (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        broken = None if found != "ok" else connection.execute("PRAGMA foreign_key_check").fetchone()
    if found != "ok" or broken is not None:
        what = found if broken is None else f"rows of {broken[0]} refer to rows of {broken[2]} that are not there"
        raise UnfitFileError(f"{path} is damaged: {what} / {path} 已损坏")


def changes_seen(connection: sqlite3.Connection) -> int:
    """A number that changes when another process has written to the database of an open connection."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


@contextmanager
def watched(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that does nothing but notice what others write."""
    with closing(_open(path)) as connection:
        changes_seen(connection)
        yield connection


def is_there(path: Path) -> bool:
    """Whether there is a database with anything in it."""
    return path.exists() and path.stat().st_size > 0


def remove(path: Path) -> None:
    """Remove a database file with what belongs to it, if it is there."""
    for each in (path, *(_beside(path, suffix) for suffix in ("-wal", "-shm", "-journal"))):
        with suppress(FileNotFoundError):
            each.unlink()


def keep_aside(path: Path, aside: Path) -> None:
    """Copy a database that is about to be replaced; one that is damaged is kept byte by byte."""
    try:
        copy_whole(path, aside)
    except UnfitFileError:
        for suffix in ("", "-wal"):
            if _beside(path, suffix).exists():
                descriptor = os.open(_beside(aside, suffix), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "wb") as kept, _beside(path, suffix).open("rb") as damaged:
                    shutil.copyfileobj(damaged, kept)


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _taken(target: Path) -> ConfigurationError:
    return ConfigurationError(
        f"{target} exists already and is not overwritten; choose another name / {target} 已存在，不会覆盖，请另选文件名"
    )


@contextmanager
def _faults_of(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise UnfitFileError(f"{path} is no whole database of SQLite / {path} 不是完整的 SQLite 数据库") from error
        raise _storage_fault(path, error) from error


def _storage_fault(path: Path, error: sqlite3.DatabaseError) -> ConfigurationError:
    return ConfigurationError(
        f"{path} could not be read or written to the end ({error.sqlite_errorname}); is the disk full, or the file "
        f"locked? Nothing was changed / 读写 {path} 未完成（{error.sqlite_errorname}），"
        "请检查磁盘空间或文件锁；未做任何更改"
    )
