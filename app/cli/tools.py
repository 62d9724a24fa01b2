"""What the commands share: the database they work on, and refusals as exit codes."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy.exc import OperationalError, ProgrammingError

from app.config import LogFormat, Settings, get_settings, settings_with_database
from app.crypto import PersonalDataCipher
from app.db import IDLE_LIMIT_S, Database, refusal_of
from app.errors import AppError, ConfigurationError
from app.key_file import data_keys
from app.locking import held
from app.observe.logs import set_up_logging
from app.observe.tracing import start_tracing, stop_tracing
from app.preflight import require_fit
from app.sealing import SealKeys
from app.sqlite_files import require_there

err = Console(stderr=True)
log = logging.getLogger("touyan")

DatabaseOption = Annotated[
    str | None, typer.Option("--database", help="Database file or URL; default: TOUYAN_DATABASE_URL.")
]


@contextmanager
def refusals_as_exit_codes() -> Iterator[None]:
    """Print a refusal in both languages and leave with code 1."""
    try:
        yield
    except AppError as error:
        err.print(f"[red]{error.code}[/red] {escape(error.message)}\n{escape(error.message_zh)}")
        raise typer.Exit(1) from error
    except ConfigurationError as error:
        err.print(f"[red]CONFIGURATION[/red] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(1) from error
    except OSError as error:
        if isinstance(error, ConnectionError):
            raise  # whoever read what is printed has gone, or a server has: no file is at fault
        what = error.strerror or type(error).__name__
        told = what if error.filename is None else f"{error.filename}: {what}"
        err.print(
            f"[red]FILE[/red] {escape(told)}. Correct the path, the rights "
            "or the room on the disk, then repeat this step / 请检查路径、权限或磁盘空间后重试",
            soft_wrap=True,
        )
        raise typer.Exit(1) from error
    except (OperationalError, ProgrammingError) as error:
        refusal = refusal_of(error)
        if refusal is not None:
            err.print(f"[red]{refusal.code}[/red] {escape(refusal.message)}\n{escape(refusal.message_zh)}")
            raise typer.Exit(1) from error
        err.print(
            f"[red]DATABASE[/red] {escape(str(error.orig).strip())}\n"
            "Is the server reachable, and is the schema up to date (touyan migrate)? "
            "请检查数据库是否可用，并执行 touyan migrate。"
        )
        raise typer.Exit(1) from error


def settings_for(database: str | None) -> Settings:
    """The settings, with another database when one is named on the command line."""
    if database is None:
        return get_settings()
    return settings_with_database(database if "://" in database else f"sqlite:///{database}")


@contextmanager
def opened(
    database: str | None,
    *,
    idle_limit_s: int = IDLE_LIMIT_S,
    is_service: bool = False,
    alone: bool = False,
    may_be_absent: bool = False,
    may_make_key: bool = False,
) -> Iterator[tuple[Settings, Database, PersonalDataCipher]]:
    """Settings, database and cipher for one command; what a service needs besides is looked at before it starts.

    A file of SQLite is shared with other commands of ours while the block runs, or held ``alone``. Unless it
    ``may_be_absent`` one that nobody has made is refused, and nothing is made in its place.
    """
    with refusals_as_exit_codes():
        settings = settings_for(database)
        if is_service:
            begin_service(settings)
        else:
            set_up_logging(is_json=settings.log_format is LogFormat.JSON, level="warning")
        path = settings.sqlite_path
        if path is not None and not may_be_absent:
            require_there(path)
        with nullcontext() if path is None else held(path, alone=alone):
            keys = data_keys(settings, may_make=may_make_key)
            cipher = PersonalDataCipher(keys)
            handle = Database(settings.database_url, seal_keys=SealKeys.of(keys), idle_limit_s=idle_limit_s)
            try:
                yield settings, handle, cipher
            finally:
                handle.dispose()


def seal_keys_of(handle: Database) -> SealKeys:
    """The keys that seal the audit trail, with which ``opened`` opens every database."""
    assert handle.seal_keys is not None
    return handle.seal_keys


def begin_service(settings: Settings) -> None:
    """Look at the settings, and begin to write the log and to send traces."""
    set_up_logging(is_json=settings.logs_json, level=settings.log_level)
    for warning in require_fit(settings):
        log.warning("%s", warning)
    if settings.otel_endpoint is not None:
        start_tracing(settings.otel_endpoint, component="service")


def leave_process(code: int) -> NoReturn:
    """End this process now, whatever its threads still do; traces and lines of the log are sent before."""
    stop_tracing()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


@contextmanager
def progress_bar(description: str) -> Iterator[Progress]:
    """A progress bar with counts and elapsed time."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        bar.add_task(description, total=None)
        yield bar
