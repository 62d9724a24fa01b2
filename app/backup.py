"""Backups of a database of SQLite, the way back, and new releases over old data: the old or the new, never half.

A backup is the database alone. The data key, which opens ID numbers and phones, is kept elsewhere.
"""

import re
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from app.access import SYSTEM_VIEWER, record, seal_unused
from app.crypto import PersonalDataCipher, WrongDataKeyError
from app.db import Database, run_in_transaction, utc_now
from app.errors import ConfigurationError
from app.jobs.engine import migrate_jobs
from app.jobs.slots import has_live_worker
from app.models import WorkerSlot, metadata
from app.models.vocabulary import AuditAction
from app.schema_state import SchemaState, schema_state, unknown_revision, url_of
from app.sealing import SealKeys
from app.sqlite_files import (
    UnfitFileError,
    changes_seen,
    copy_whole,
    is_there,
    keep_aside,
    put_in_place,
    remove,
    require_room,
    rewrite,
    size_of,
    watched,
)
from migrations.runner import find_revision, head_revision, upgrade

WHEN_AND_WHAT = r"\d{8}T\d{9}Z-[0-9a-z_]+\.db"
"""How the name of a backup in a folder ends: with instant and revision, so that its order is that of time."""

UNFINISHED = re.compile(rf"\.touyan-(?:.+-)?{WHEN_AND_WHAT}\.[0-9a-f]{{8}}\.part(?:-wal|-shm|-journal)?")
"""Names of copies in a folder that have no name of their own yet, of this release and of those before it."""

ABANDONED_S = 6 * 3600
"""Seconds after which whoever was at work on a file has died: a copy is written without pause, and then read once,
which takes minutes for a gigabyte on a slow disk. Whoever lives all the same fails, and leaves nothing. A lock would be
surer on a disk of this machine, but sticks and disks of other machines, where backups go, keep none."""

ENCRYPTED_SINCE = "0008"
"""The revision since which no text of class A stands in clear."""

SAMPLE_ROWS = 5
"""Encrypted values of each column that a data key is tried on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What was kept, where, and how it can be told from others."""

    path: Path
    n_bytes: int
    n_events: int
    revision: str
    sha256: str


def back_up(database: Database, source: Path, target: Path) -> Backup:
    """Copy the database, look the copy over, name it, and record that in the database.

    What killed backups left in the folder goes first: it takes room, and holds what a whole one holds.
    """
    _forget_abandoned(target)
    made = _copied(source, target)
    run_in_transaction(
        database,
        lambda session: record(
            session,
            SYSTEM_VIEWER,
            AuditAction.BACKUP_MADE,
            f"Backup {made.path.name}"[:120],
            sha256=made.sha256,
            revision=made.revision,
            events=made.n_events,
        ),
    )
    return made


def instant(moment: datetime) -> str:
    """A moment in UTC for the name of a file, to the millisecond.

    >>> from datetime import UTC
    >>> instant(datetime(2026, 11, 26, 2, 30, 0, 7000, tzinfo=UTC))
    '20261126T023000007Z'
    """
    return f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03}Z"


def database_name(source: Path) -> str:
    """What a database is called in the names of its backups; no two files of one folder are called alike.

    >>> database_name(Path("/var/lib/touyan/fushan.db")), database_name(Path("my data.sqlite"))
    ('fushan', 'my%000020data.sqlite')
    """
    return re.sub(r"[^\w.-]", lambda found: f"%{ord(found[0]):06x}", source.name.removesuffix(".db"))


def name_in(folder: Path, source: Path, revision: str, *, now: datetime | None = None) -> Path:
    """The path of a backup of a database that is made now."""
    return folder / f"touyan-{database_name(source)}-{instant(now or utc_now())}-{revision}.db"


def forget_old(folder: Path, source: Path, *, keep: int, made: Path | None = None) -> list[Path]:
    """Delete the oldest backups of one database in a folder but ``keep``. Returns what was deleted.

    Those of other databases and other files stay, and so do those that releases before this one named, without the
    database. The one that was just ``made`` stays in any case: by a clock that was put back it may look like the
    oldest. An empty file is no backup: a name that was taken for one that was never finished.
    """
    own = re.compile(rf"touyan-{re.escape(database_name(source))}-{WHEN_AND_WHAT}")
    named = sorted(path for path in folder.iterdir() if own.fullmatch(path.name))
    found = [path for path in named if path.stat().st_size > 0]
    old = found[: max(len(found) - keep, 0)]
    gone = [path for path in old if path != made]
    gone += [path for path in named if path not in found and _is_abandoned(path)]
    for path in gone:
        path.unlink()
    return gone


def _forget_abandoned(target: Path) -> None:
    """Delete what killed processes left of this backup, and of all that were named in its folder."""
    own = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{8}}\.part(?:-wal|-shm|-journal)?")
    for path in target.absolute().parent.iterdir():
        if (UNFINISHED.fullmatch(path.name) or own.fullmatch(path.name)) and _is_abandoned(path):
            path.unlink(missing_ok=True)


def _is_abandoned(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > ABANDONED_S
    except FileNotFoundError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What came back, and where the former database is."""

    revision: str
    n_events: int
    aside: Path | None


def restore(file: Path, live: Path, cipher: PersonalDataCipher, seal_keys: SealKeys) -> Restored:
    """Put the content of a backup in the place of a database, which is kept aside; the caller holds the lock alone.

    The backup of an older release is brought to the tables of this one on the way.
    """
    if not file.is_file() or not is_there(file):
        raise UnfitFileError(f"There is no backup {file} / 没有备份文件 {file}")
    _require_quiet(live)
    with _workshop(live) as copy:
        copy_whole(file, copy)
        with _over(copy, seal_keys) as database:
            revision = _known_revision(database, file)
            _require_key(copy, cipher)
            _bring_up(database, cipher)
            digest = _digest(file)
            run_in_transaction(
                database,
                lambda session: record(
                    session,
                    SYSTEM_VIEWER,
                    AuditAction.DATABASE_RESTORED,
                    f"Backup {file.name}"[:120],
                    sha256=digest,
                    revision=revision,
                ),
            )
        if revision != head_revision():
            rewrite(copy)
        _, n_events = _content_of(copy)
        aside = None
        if is_there(live):
            aside = live.with_name(f"{live.name}.before-restore-{instant(utc_now())}")
            keep_aside(live, aside)
        put_in_place(copy, live)
    return Restored(revision=revision, n_events=n_events, aside=aside)


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """From which revision to which; ``backup`` is ``None`` where there was nothing to lose."""

    before: str | None
    after: str
    backup: Path | None

    @property
    def has_clear_backup(self) -> bool:
        """Whether the backup holds texts of class A as they were stored in former releases: in clear."""
        return self.backup is not None and holds_clear_texts(self.before)


def holds_clear_texts(revision: str | None) -> bool:
    """Whether tables of a revision hold texts of class A in clear; numbers of revisions grow."""
    return revision is not None and revision < ENCRYPTED_SINCE


class MigrationFailedError(ConfigurationError):
    """A migration that failed; the database is as it was."""


def migrate(live: Path, cipher: PersonalDataCipher, seal_keys: SealKeys) -> Migrated:
    """Bring a database to the tables of this release; the caller holds the lock alone.

    The old content is kept beside it, the migration works on a copy, and the copy is put in place at once.
    """
    if not is_there(live):
        with _workshop(live) as copy, _over(copy, seal_keys) as database:
            _bring_up(database, cipher)
            database.dispose()
            put_in_place(copy, live)
        return Migrated(before=None, after=head_revision(), backup=None)
    _require_quiet(live)
    _forget_stale(live)
    with _over(live, seal_keys) as database:
        state, before = schema_state(database), find_revision(database.engine)
        if state is SchemaState.CURRENT:
            run_in_transaction(database, lambda session: seal_unused(session, seal_keys))
    if state is SchemaState.UNKNOWN:
        raise unknown_revision()
    if state is SchemaState.CURRENT:
        return Migrated(before=before, after=head_revision(), backup=None)
    # The backup, the copy, and the log of the one transaction that puts it in place.
    require_room(live.absolute().parent, 3 * size_of(live))
    backup = live.with_name(f"{live.name}.{instant(utc_now())}-from-{before or 'empty'}.backup")
    with watched(live) as watch, _workshop(live) as copy:
        seen = changes_seen(watch)
        made = _copied(live, backup)
        copy_whole(backup, copy)
        try:
            with _over(copy, seal_keys) as database:
                _bring_up(database, cipher)
                run_in_transaction(database, lambda session: _record_migration(session, made, before))
            # What a migration has encrypted must not stay behind in clear, on pages that are no longer used.
            rewrite(copy)
        except Exception as fault:
            raise MigrationFailedError(
                f"The migration failed ({type(fault).__name__}); the database is as it was, and a backup of it is "
                f"{backup}. Report this with the log, and go on with the former release / 升级失败"
                f"（{type(fault).__name__}），数据库未改变，备份在 {backup}；请报告此问题并继续使用原版本"
            ) from fault
        if changes_seen(watch) != seen:
            raise MigrationFailedError(
                "Somebody wrote to the database meanwhile; stop everything that uses it, then repeat this step. "
                "Nothing was changed / 升级期间有其他程序写入数据库，请停止后重试；未做任何更改"
            )
        put_in_place(copy, live)
    return Migrated(before=before, after=head_revision(), backup=backup)


def is_worked_on(database: Database) -> bool:
    """Whether a worker was heard lately; the first releases had none."""
    has_workers = inspect(database.engine).has_table(str(WorkerSlot.__tablename__))
    return has_workers and run_in_transaction(database, has_live_worker)


def _bring_up(database: Database, cipher: PersonalDataCipher) -> None:
    upgrade(database.engine, cipher=cipher, seal_keys=database.seal_keys)
    migrate_jobs(url_of(database))


def _record_migration(session: Session, made: Backup, before: str | None) -> None:
    target = f"Backup {made.path.name}"[:120]
    record(session, SYSTEM_VIEWER, AuditAction.BACKUP_MADE, target, sha256=made.sha256, revision=made.revision)
    record(
        session,
        SYSTEM_VIEWER,
        AuditAction.DATABASE_MIGRATED,
        f"Schema {head_revision()}",
        before=before,
        after=head_revision(),
    )


def _copied(source: Path, target: Path) -> Backup:
    copy_whole(source, target)
    revision, n_events = _content_of(target)
    return Backup(
        path=target,
        n_bytes=target.stat().st_size,
        n_events=n_events,
        revision=revision or "empty",
        sha256=_digest(target),
    )


def _content_of(path: Path) -> tuple[str | None, int]:
    """The revision of a database, and how many events its audit trail holds; nothing is written into it."""
    with closing(sqlite3.connect(path)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "alembic_version" not in tables:
            return None, 0
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        counted = connection.execute("SELECT count(*) FROM audit_event") if "audit_event" in tables else None
        return None if found is None else str(found[0]), 0 if counted is None else int(counted.fetchone()[0])


@contextmanager
def _workshop(live: Path) -> Iterator[Path]:
    """The path of a copy beside the database, which is gone afterwards; what a killed process left there goes first."""
    _forget_stale(live)
    copy = live.with_name(f".{live.name}.{secrets.token_hex(4)}.new")
    try:
        yield copy
    finally:
        remove(copy)


def _forget_stale(live: Path) -> None:
    """Delete the copies that a killed process left beside the database; to be called with its lock held alone."""
    stale = re.compile(rf"\.{{1,2}}{re.escape(live.name)}\..*\.(?:new|part)(?:-wal|-shm|-journal)?")
    for path in live.absolute().parent.iterdir():
        if stale.fullmatch(path.name):
            path.unlink(missing_ok=True)


@contextmanager
def _over(path: Path, seal_keys: SealKeys | None = None) -> Iterator[Database]:
    database = Database(f"sqlite:///{path}", seal_keys=seal_keys)
    try:
        yield database
    finally:
        database.dispose()


def _known_revision(database: Database, file: Path) -> str:
    state, revision = schema_state(database), find_revision(database.engine)
    if state is SchemaState.UNKNOWN:
        raise unknown_revision()
    if revision is None:
        raise UnfitFileError(f"{file} is a database, but none of Touyan / {file} 是数据库，但不是 Touyan 的备份")
    return revision


def _require_quiet(live: Path) -> None:
    """Refuse while a worker lives that does not share the lock: on another machine, over a shared disk."""
    if not is_there(live):
        return
    try:
        with _over(live) as database:
            is_live = is_worked_on(database)
    except DBAPIError as fault:
        if getattr(fault.orig, "sqlite_errorname", None) not in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
            raise
        return  # a damaged database has no workers, and is about to be replaced
    if is_live:
        raise ConfigurationError(
            "A worker of this database was heard within the last seconds; stop the server and all workers, then repeat "
            "this step / 该数据库的工作进程仍在运行，请停止服务和所有工作进程后重试"
        )


def _require_key(path: Path, cipher: PersonalDataCipher) -> None:
    """Refuse a backup whose encrypted values the present data keys do not open."""
    with closing(sqlite3.connect(path)) as connection:
        for table in metadata.sorted_tables:
            there = {row[1] for row in connection.execute(f'PRAGMA table_info("{table.name}")')}
            for column in (each.name for each in table.columns if "encrypted" in each.name and each.name in there):
                sample = f'SELECT "{column}" FROM "{table.name}" WHERE "{column}" IS NOT NULL LIMIT {SAMPLE_ROWS}'  # noqa: S608 - names of our own tables
                for (value,) in connection.execute(sample):
                    try:
                        cipher.decrypt(value)
                    except WrongDataKeyError:
                        raise ConfigurationError(
                            f"TOUYAN_DATA_KEYS: the present data keys do not open {table.name}.{column} of this "
                            "backup; set the keys that were in use when it was made / 当前数据密钥无法解密该备份中的 "
                            f"{table.name}.{column}，请设置备份时使用的密钥"
                        ) from None


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as stream:
        while block := stream.read(2**20):
            digest.update(block)
    return digest.hexdigest()
