"""Whole database files of SQLite: copied while others write, looked over, and put in the place of another at once."""

import errno
import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from app.errors import ConfigurationError
from app.owners import make_file

SPARE_BYTES = 64 * 2**20
"""Room that must be left beside what is written: others write as well."""

BUSY_S = 30.0
"""Seconds for which the file waits for a writer."""

WITHOUT_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS})
"""What file systems answer that know no second name: FAT and exFAT of sticks, some disks of other machines."""

WITHOUT_SYNC = frozenset({errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP})
"""What file systems answer whose folders cannot be waited for."""


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
    part = part_of(target)
    try:
        require_room(target.absolute().parent, size_of(source))
        if target.exists():
            raise _taken(target)
        os.close(make_file(part))
        with _faults_of(source), closing(_open(source)) as old, closing(_open(part)) as new:
            old.backup(new)
            # A log of writes of its own would be a second file that can get lost.
            new.execute("PRAGMA journal_mode=DELETE")
        require_whole(part)
        _sync(part)
        _publish(part, target)
        _sync_folder(target)
    except OSError as error:
        raise ConfigurationError(
            f"{target} cannot be written ({error.strerror}) / 无法写入 {target}（{error.strerror}）"
        ) from error
    finally:
        with suppress(OSError):  # a name or a folder that is impossible has been told of
            remove(part)


def part_of(target: Path) -> Path:
    """A name for what is not finished yet, beside the file that it will be."""
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")


def _publish(part: Path, target: Path) -> None:
    """Give a finished file its name, unless another one has it."""
    try:
        # Unlike a renaming, this never takes the place of another file.
        os.link(part, target)
        return
    except FileExistsError:
        raise _taken(target) from None
    except OSError as error:
        if error.errno not in WITHOUT_LINKS:
            raise
    try:
        # The name is taken first, by an empty file, which is no backup to anybody; only that one is replaced.
        os.close(make_file(target))
    except FileExistsError:
        raise _taken(target) from None
    try:
        os.replace(part, target)
    except OSError:
        target.unlink()
        raise


def put_in_place(new: Path, live: Path) -> None:
    """Let a database have the content of another one, at once: whoever is killed leaves the old or the new content.

    All of it is one transaction of the database itself. A file that is no database any more is replaced instead.
    """
    require_room(live.absolute().parent, size_of(new))
    if not live.exists():
        os.close(make_file(live))
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
        _sync_folder(live)


def rewrite(path: Path) -> None:
    """Write a database that nobody uses anew, row by row, so that its file holds what is in its tables and no more.

    Pages that were freed keep what stood on them, and are copied with the rest by every backup.
    """
    part = path.with_name(f"{path.name}.rewritten.new")
    try:
        os.close(make_file(part))
        with _faults_of(path), closing(_open(path)) as old:
            # A file beside it, not in place: that would need the room twice.
            old.execute("VACUUM INTO ?", (str(part),))
        _sync(part)
        remove(path)
        os.replace(part, path)
    finally:
        remove(part)


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


def require_there(path: Path) -> None:
    """Refuse a database that nobody has made: whoever opened it would make an empty one where it was not looked for."""
    try:
        found = is_there(path)
    except PermissionError as error:
        raise ConfigurationError(
            f"TOUYAN_DATABASE_URL: this user may not look at {path} ({error.strerror}); run this as the user of the "
            f"service (touyan-admin) / 当前用户无权访问 {path}，请以服务用户执行（touyan-admin）"
        ) from error
    if found:
        return
    if not path.parent.is_dir():
        raise ConfigurationError(
            f"TOUYAN_DATABASE_URL: {path} is in no folder that exists; correct the path, or make the folder and run: "
            f"touyan migrate / {path} 所在文件夹不存在，请更正路径，或创建文件夹后执行 touyan migrate"
        )
    raise ConfigurationError(
        f"TOUYAN_DATABASE_URL: there is no database {path}, and this command makes none; correct the path "
        f"(TOUYAN_DATABASE_URL or --database), or make it with: touyan migrate / 没有数据库 {path}，本命令不会创建；"
        "请更正路径（TOUYAN_DATABASE_URL 或 --database），或执行 touyan migrate 创建"
    )


def has_tables(path: Path) -> bool:
    """Whether a database holds anything; raises ``UnfitFileError`` for what is no database."""
    if not is_there(path):
        return False
    with _faults_of(path), closing(_open(path)) as connection:
        return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None


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
                with (
                    os.fdopen(make_file(_beside(aside, suffix)), "wb") as kept,
                    _beside(path, suffix).open("rb") as damaged,
                ):
                    shutil.copyfileobj(damaged, kept)


def _open(path: Path) -> sqlite3.Connection:
    # Never made by being opened: an unfinished copy that somebody took away must not come back as an empty one.
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_S, isolation_level=None)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(path: Path) -> None:
    """Wait until the name of a file is on the disk, where its file system can tell."""
    try:
        _sync(path.absolute().parent)
    except OSError as error:
        if error.errno not in WITHOUT_SYNC:
            raise


def _taken(target: Path) -> ConfigurationError:
    if target.is_file() and target.stat().st_size == 0:
        return ConfigurationError(
            f"{target} is there and empty: another backup takes this name at the moment, or was ended while it did; in "
            f"that case delete the file / {target} 为空文件：另一备份正在占用此名称，或已中断；如已中断，请删除该文件"
        )
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
