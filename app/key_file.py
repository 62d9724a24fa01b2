"""The data keys of an installation, and the file in which they may stand: who may read it, and when it is made."""

import os
import stat
from pathlib import Path

from app.config import Settings, parts, variable
from app.crypto import new_data_key
from app.errors import ConfigurationError
from app.mounts import find_mount
from app.owners import make_file
from app.sqlite_files import has_tables


def data_keys(settings: Settings, *, may_make: bool = False) -> list[str]:
    """The keys for personal columns, newest first.

    Where no variable names them they stand in a key file beside the database, in development only. ``may_make`` lets
    that file be made for a database of SQLite that holds nothing yet. Otherwise a missing file is refused: a new key
    would open nothing of what is stored, and hide that the old one is lost.
    """
    if settings.data_keys is not None:
        return parts(settings.data_keys.get_secret_value())
    if settings.data_keys_file is not None:
        return _read_keys(settings.data_keys_file, variable("data_keys_file"))
    key_file = key_file_of(settings)
    if key_file.exists():
        return _read_keys(key_file, variable("data_keys"))
    path = settings.sqlite_path
    if path is None:
        raise ConfigurationError(
            "TOUYAN_DATA_KEYS must be set for a database on a server; use the keys that it was begun with, or for a "
            "new one make a key with `touyan token new-data-key` / 使用数据库服务器时须设置 TOUYAN_DATA_KEYS："
            "请使用原有密钥；新数据库可用 `touyan token new-data-key` 生成密钥"
        )
    if not may_make or has_tables(path):
        raise ConfigurationError(
            f"TOUYAN_DATA_KEYS: the key file {key_file} is not there, and none is made anew: another key opens nothing "
            "that is stored. Put the file back from where it is kept, or set TOUYAN_DATA_KEYS to the keys of these "
            f"data / 没有密钥文件 {key_file}，不会新建：新密钥无法解密已存数据。请从备份处恢复该文件，"
            "或将 TOUYAN_DATA_KEYS 设为这些数据的密钥"
        )
    return [_made_key(key_file)]


def _made_key(key_file: Path) -> str:
    key = new_data_key()
    try:
        _write_keys(make_file(key_file), [key])
    except OSError as error:
        raise ConfigurationError(
            f"TOUYAN_DATA_KEYS: the key file {key_file} cannot be made ({error.strerror}); name a database in a folder "
            f"that exists and can be written to, or set TOUYAN_DATA_KEYS / 无法创建密钥文件 {key_file}，"
            "请将数据库放在可写的文件夹中，或设置 TOUYAN_DATA_KEYS"
        ) from error
    return key


def _write_keys(descriptor: int, keys: list[str]) -> None:
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write("".join(f"{each}\n" for each in keys))
        stream.flush()
        os.fsync(stream.fileno())


def key_file_of(settings: Settings) -> Path:
    """Where the keys of a development database stand: beside it; production has no such file."""
    database = settings.sqlite_path or Path("touyan.db")
    return database.with_name(database.name + ".key")


SECRETS = Path("/run/secrets")
"""Where Docker, Podman and Kubernetes put what they hand over."""


def _forbidden_mode(path: Path) -> int:
    """The bits of a mode that a key file must not have.

    Nobody else may read it, unless a supervisor hands it over. systemd lets the service read by an access list, which
    shows as a group that may. Docker, Podman and Kubernetes show a file that all may read, to processes of the
    container alone: below ``/run/secrets``, or on a mount of its own that is in memory and read-only.
    """
    place = path.resolve()
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if credentials is not None and place.is_relative_to(Path(credentials).resolve()):
        return 0o037
    mount = find_mount(place)
    if place.is_relative_to(SECRETS.resolve()) or (mount is not None and mount.is_handed_over):
        return 0o022
    return 0o077


def _read_keys(path: Path, name: str) -> list[str]:
    try:
        with path.open(encoding="ascii") as stream:
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            keys = [line.strip() for line in stream if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{name}: the key file {path} cannot be read ({type(error).__name__}); it must hold one key a line and be "
            f"readable by the user who runs this / 无法读取密钥文件 {path}，该文件每行一个密钥，运行用户须可读"
        ) from error
    if mode & _forbidden_mode(path):
        raise ConfigurationError(
            f"{name}: others can read the key file {path} (mode {mode:03o}); run: chmod 600 {path} / "
            f"其他用户可读取密钥文件 {path}（权限 {mode:03o}），请执行 chmod 600 {path}"
        )
    if not keys:
        raise ConfigurationError(
            f"{name}: the key file {path} is empty; restore it from where it is kept, a new key opens nothing that is "
            f"stored already / 密钥文件 {path} 为空，请从备份处恢复；新密钥无法解密已存数据"
        )
    return keys


def put_key_in_front(settings: Settings, key: str) -> Path | None:
    """Make a key the newest one of the key file, whole or not at all; ``None`` where the environment names the keys."""
    if settings.data_keys is not None or settings.data_keys_file is not None:
        return None
    keys, key_file = data_keys(settings), key_file_of(settings)
    partial = key_file.with_name(key_file.name + ".part")
    try:
        partial.unlink(missing_ok=True)
        _write_keys(make_file(partial), [key, *keys])
        partial.replace(key_file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ConfigurationError(
            f"TOUYAN_DATA_KEYS: the key file {key_file} cannot be written ({error.strerror}); it is as it was / "
            f"无法写入密钥文件 {key_file}（{error.strerror}），文件未改变"
        ) from error
    return key_file
