"""Who has a database file open: every process of ours shares a lock, and who replaces the file holds it alone.

The lock stands on a file beside the database and belongs to the process: the system takes it back when that dies.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import ConfigurationError
from app.owners import make_file


class InUseError(ConfigurationError):
    """Another process has the database open."""


def lock_file(path: Path) -> Path:
    """Where the lock of a database file stands."""
    return path.with_name(path.name + ".lock")


@contextmanager
def held(path: Path, *, alone: bool) -> Iterator[None]:
    """Hold the lock of a database file while the block runs; raises ``InUseError`` when that cannot be now.

    The path must hold no links: who comes by another name would take another lock (``Settings.sqlite_path``).
    """
    try:
        descriptor = _opened(lock_file(path))
    except OSError as error:
        raise ConfigurationError(
            f"TOUYAN_DATABASE_URL: nothing can be written beside {path} ({error.strerror}); name a database in a "
            f"folder that exists and can be written to / 无法在 {path} 所在文件夹写入，请将数据库放在可写的文件夹中"
        ) from error
    try:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _refusal(path, alone=alone) from None
        yield
    finally:
        os.close(descriptor)


def _opened(file: Path) -> int:
    try:
        return make_file(file)
    except FileExistsError:
        return os.open(file, os.O_RDWR | os.O_CLOEXEC)


def _refusal(path: Path, *, alone: bool) -> InUseError:
    if alone:
        return InUseError(
            f"The database {path} is in use: stop the server, the workers and other commands first "
            f"(systemctl stop touyan 'touyan-worker@*') / 数据库 {path} 正在使用，请先停止服务、工作进程和其他命令"
        )
    return InUseError(
        f"The database {path} is being migrated or restored at the moment; wait until that has ended / "
        f"数据库 {path} 正在升级或恢复，请等待完成后重试"
    )
