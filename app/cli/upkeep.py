"""``touyan migrate``, ``backup``, ``restore``: the tables of a release, and copies of the database."""

import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from sqlalchemy import URL, make_url

from app import backup as copies
from app.access import seal_unused
from app.cli.tools import DatabaseOption, opened, seal_keys_of
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.errors import ConfigurationError
from app.jobs.engine import migrate_jobs
from app.schema_state import SchemaState, schema_state, unknown_revision, url_of
from migrations.runner import find_revision, head_revision, upgrade

out = Console(soft_wrap=True, highlight=False)

KEY_NOTE = (
    "The data key is not in it: keep TOUYAN_DATA_KEYS in another place, without it ID numbers and phones are lost.\n"
    "备份不含数据密钥，请将 TOUYAN_DATA_KEYS 另行保管；丢失密钥则身份证号和电话无法恢复。"
)

CLEAR_NOTE = (
    "That backup, and every older one, holds texts of class A (kinship, discipline, complaints) in clear: destroy them "
    "as soon as this upgrade is accepted.\n"
    "该备份及更早的备份以明文保存回避、处分、信访等敏感文字，升级验收后请立即销毁。"
)


def migrate(
    i_have_a_backup: Annotated[
        bool, typer.Option("--i-have-a-backup", help="PostgreSQL: a backup was made of the data that are there.")
    ] = False,
    database: DatabaseOption = None,
) -> None:
    """Bring the database to the newest schema; on SQLite with a backup first, and whole or not at all."""
    with opened(database, alone=True, may_be_absent=True, may_make_key=True) as (settings, handle, cipher):
        path = settings.sqlite_path
        if path is None:
            _migrate_server(handle, cipher, has_backup=i_have_a_backup)
        else:
            handle.dispose()
            done = copies.migrate(path, cipher, seal_keys_of(handle))
            if done.backup is not None:
                out.print(f"Backup of revision {done.before}: {escape(str(done.backup))}\n{KEY_NOTE}")
            if done.has_clear_backup:
                out.print(CLEAR_NOTE)
        out.print("Database is up to date.")


def _migrate_server(handle: Database, cipher: PersonalDataCipher, *, has_backup: bool) -> None:
    """PostgreSQL: our own tables change in one transaction, those of the job engine before them, step by step."""
    state = schema_state(handle)
    if state is SchemaState.UNKNOWN:
        raise unknown_revision()
    if state is SchemaState.CURRENT:
        run_in_transaction(handle, lambda session: seal_unused(session, seal_keys_of(handle)))
        return
    before = find_revision(handle.engine)
    if state is SchemaState.OLD:
        if copies.is_worked_on(handle):
            raise ConfigurationError(
                "A worker of this database was heard within the last seconds; stop the server and all workers, then "
                "repeat this step / 该数据库的工作进程仍在运行，请停止服务和所有工作进程后重试"
            )
        if not has_backup:
            dump, _ = server_commands(handle, Path(f"touyan-from-{before}.dump"))
            raise ConfigurationError(
                "There are data in this database. Make a backup first:\n"
                f"  {dump}\nthen run: touyan migrate --i-have-a-backup / "
                "数据库中已有数据，请先用上述命令备份，然后执行 touyan migrate --i-have-a-backup"
            )
    migrate_jobs(url_of(handle))
    upgrade(handle.engine, cipher=cipher, seal_keys=handle.seal_keys)
    if copies.holds_clear_texts(before):
        out.print(CLEAR_NOTE)
    if find_revision(handle.engine) != head_revision():
        raise ConfigurationError("The database is not at the newest revision after migrating / 升级后版本不符")


def backup(
    target: Annotated[Path, typer.Argument(help="File to write, or a folder in which the backup gets a name.")],
    keep: Annotated[int | None, typer.Option(min=1, help="In a folder: delete the oldest backups but so many.")] = None,
    database: DatabaseOption = None,
) -> None:
    """Copy the database, consistent while others work, and look the copy over. The data key is not in it."""
    with opened(database) as (settings, handle, _cipher):
        path = settings.sqlite_path
        if path is None:
            dump, load = server_commands(handle, target / "touyan.dump" if target.is_dir() else target)
            raise ConfigurationError(
                "A database on a PostgreSQL server is copied by its own tools; nothing was copied now. Run\n"
                f"  {dump}\nand to get it back into an empty database\n  {load}\n(the password comes from ~/.pgpass or "
                f"PGPASSWORD) / PostgreSQL 数据库请用上述命令备份和恢复，本次未备份\n{KEY_NOTE}"
            )
        if keep is not None and not target.is_dir():
            raise typer.BadParameter("--keep needs a folder that exists, so that the backups of it can be told.")
        if target.is_dir():
            target = copies.name_in(target, path, find_revision(handle.engine) or "empty")
        made = copies.back_up(handle, path, target)
        out.print(
            f"Backup {escape(str(made.path))}: {made.n_bytes:,} bytes, revision {made.revision}, "
            f"{made.n_events:,} audit events, sha256 {made.sha256}"
        )
        for old in () if keep is None else copies.forget_old(target.parent, path, keep=keep, made=made.path):
            out.print(f"Deleted {escape(str(old))}")
        out.print(KEY_NOTE)


def restore(
    file: Annotated[Path, typer.Argument(help="A backup made by `touyan backup`.")],
    database: DatabaseOption = None,
) -> None:
    """Put a backup in the place of the database, which is kept aside. Stop the server and the workers first."""
    with opened(database, alone=True, may_be_absent=True) as (settings, handle, cipher):
        path = settings.sqlite_path
        if path is None:
            _, load = server_commands(handle, file)
            raise ConfigurationError(
                f"A database on a PostgreSQL server is restored by its own tools, into an empty database:\n  {load} / "
                "PostgreSQL 数据库请用上述命令恢复到空数据库"
            )
        handle.dispose()
        done = copies.restore(file, path, cipher, seal_keys_of(handle))
        out.print(f"Restored {escape(str(file))} (revision {done.revision}, {done.n_events:,} audit events).")
        if done.aside is not None:
            out.print(f"The former database is {escape(str(done.aside))}; delete it when all is well.")
        out.print("The data key opens what is encrypted. 数据密钥可解密备份中的数据。")


def server_commands(handle: Database, file: Path) -> tuple[str, str]:
    """How to copy a database of a server and to load it again, without a password."""
    known = make_url(url_of(handle))
    url = URL.create("postgresql", known.username, None, known.host, known.port, known.database, known.query)
    address = url.difference_update_query(["password"]).render_as_string(hide_password=False)
    dump = ["pg_dump", "--format=custom", "--no-owner", f"--file={file}", f"--dbname={address}"]
    load = ["pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", f"--dbname={address}", str(file)]
    return shlex.join(dump), shlex.join(load)
