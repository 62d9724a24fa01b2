"""What is looked at before a process begins to serve: files, folders and secrets that the settings name."""

import base64
import binascii
import difflib
import ipaddress
import os
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr
from sqlalchemy.engine import make_url

from app.config import Settings, variable
from app.errors import ConfigurationError
from app.key_file import data_keys
from app.mounts import REMOTE, find_mount

OTHER_VARIABLES = frozenset(
    {"TOUYAN_TOKEN", "TOUYAN_TEST_DATABASE_URL", "TOUYAN_FUZZ_CASES", "TOUYAN_FUZZ_SEED", "TOUYAN_NODE_REQUIRED"}
)
"""Variables of our name that are no settings: they belong to tests and examples."""

LEAST_DISTINCT_BYTES = 16
"""Different bytes in a key of 32: one that a machine has made has about 30, one that a person typed fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something wrong with a setting; ``is_fatal`` when nothing may start with it."""

    variable: str
    message: str
    message_zh: str
    is_fatal: bool = True

    def __str__(self) -> str:
        return f"{self.variable}: {self.message} / {self.message_zh}"


def require_fit(settings: Settings) -> list[Finding]:
    """Refuse to start with what is fatal, raising ``ConfigurationError``; returns the warnings."""
    found = list(findings(settings, os.environ))
    fatal = [str(finding) for finding in found if finding.is_fatal]
    if fatal:
        raise ConfigurationError("\n".join(fatal))
    return found


def findings(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Everything that is wrong, in the order of the settings."""
    yield from _unknown(environment)
    yield from _database(settings)
    yield from _keys(settings)
    yield from _files(settings)
    yield from _doors(settings)


def _unknown(environment: Mapping[str, str]) -> Iterator[Finding]:
    known = {variable(name) for name in Settings.model_fields}
    for name in sorted(environment):
        if name.startswith("TOUYAN_") and name not in known | OTHER_VARIABLES:
            close = difflib.get_close_matches(name, known, n=1)
            meant, meant_zh = (f"; did you mean {close[0]}?", f"，是否应为 {close[0]}？") if close else (".", "。")
            yield Finding(
                variable=name,
                message=f"no setting has this name, it does nothing{meant}",
                message_zh=f"没有此设置项，不起作用{meant_zh}",
                is_fatal=False,
            )


def _database(settings: Settings) -> Iterator[Finding]:
    name, path = variable("database_url"), settings.sqlite_path
    if path is None:
        return
    folder = path.parent
    if not folder.is_dir():
        yield Finding(
            variable=name,
            message=f"the folder {folder} does not exist; make it.",
            message_zh=f"文件夹 {folder} 不存在，请先创建。",
        )
        return
    # Whoever may not enter the folder cannot ask after the file either.
    exists = os.access(folder, os.X_OK) and path.exists()
    if not os.access(folder, os.W_OK | os.X_OK) or (exists and not os.access(path, os.R_OK | os.W_OK)):
        yield Finding(
            variable=name,
            message=f"{path} and its folder must be writable by the user who runs this.",
            message_zh=f"运行用户须对 {path} 及其所在文件夹有写权限。",
        )
    mount = find_mount(folder)
    if mount is not None and mount.kind in REMOTE:
        yield Finding(
            variable=name,
            message=f"{folder} lies on another machine ({mount.kind}); SQLite needs a local disk, or use PostgreSQL.",
            message_zh=f"{folder} 位于网络文件系统（{mount.kind}），SQLite 须使用本地磁盘，或改用 PostgreSQL。",
        )
    if settings.is_production and exists and path.stat().st_mode & 0o007:
        yield Finding(
            variable=name,
            message=f"every user of this machine can open {path}; run: chmod 600 {path}",
            message_zh=f"本机所有用户均可打开 {path}，请执行 chmod 600 {path}",
        )
    if settings.is_production and not settings.has_whole_path:
        yield Finding(
            variable=name,
            message="the path depends on the folder in which the process starts; write a whole one, sqlite:////...",
            message_zh="相对路径取决于启动目录，请使用绝对路径（sqlite:////…）。",
            is_fatal=False,
        )


def _keys(settings: Settings) -> Iterator[Finding]:
    name = variable("data_keys_file" if settings.data_keys_file is not None else "data_keys")
    if settings.data_keys is None and settings.data_keys_file is None:
        return
    try:
        keys = data_keys(settings)
    except ConfigurationError as error:
        # It names the variable by itself.
        english, _, chinese = str(error).removeprefix(f"{name}: ").partition(" / ")
        yield Finding(variable=name, message=english, message_zh=chinese)
        return
    if not keys:
        yield Finding(variable=name, message="holds no key.", message_zh="未包含密钥。")
    for number, key in enumerate(keys, start=1):
        fault = _fault_of_key(key)
        if fault is not None and (settings.is_production or fault == "form"):
            english, chinese = KEY_FAULTS[fault]
            yield Finding(
                variable=name,
                message=f"key {number} {english}; make one with `touyan token new-data-key`.",
                message_zh=f"第 {number} 个密钥{chinese}，请用 `touyan token new-data-key` 生成。",
            )


KEY_FAULTS = {
    "form": ("is not a 32-byte url-safe base64 key", "不是 32 字节的 url-safe base64 密钥"),
    "typed": ("was typed or copied from an example, not made at random", "是手工输入或示例密钥，并非随机生成"),
}


def _fault_of_key(key: str) -> str | None:
    try:
        value = base64.urlsafe_b64decode(key.encode("ascii"))
    except (binascii.Error, UnicodeEncodeError):
        return "form"
    if len(value) != 32:
        return "form"
    is_text = all(chr(byte) in string.printable for byte in value)
    return "typed" if is_text or len(set(value)) < LEAST_DISTINCT_BYTES else None


def _files(settings: Settings) -> Iterator[Finding]:
    documents = settings.trusted_documents
    if documents is not None and not (documents.is_file() and os.access(documents, os.R_OK)):
        yield Finding(
            variable=variable("trusted_documents"),
            message=f"the file {documents} is missing or cannot be read.",
            message_zh=f"文件 {documents} 不存在或无法读取。",
        )


def _doors(settings: Settings) -> Iterator[Finding]:
    if not settings.is_production:
        return
    proxies = [ipaddress.ip_network(part.strip()) for part in settings.trusted_proxies.split(",") if part.strip()]
    if any(network.prefixlen == 0 for network in proxies):
        yield Finding(
            variable=variable("trusted_proxies"),
            message="believes every address in the world; name those of your proxies alone.",
            message_zh="信任所有地址，请仅填写反向代理的地址。",
        )
    if settings.metrics and settings.metrics_token is None:
        yield Finding(
            variable=variable("metrics"),
            message="figures are told to every process of this machine; set TOUYAN_METRICS_TOKEN to ask for a token.",
            message_zh="本机任何进程均可读取指标，可设置 TOUYAN_METRICS_TOKEN 要求令牌。",
            is_fatal=False,
        )
    if settings.host not in ("127.0.0.1", "::1", "localhost"):
        yield Finding(
            variable=variable("host"),
            message="answers other machines without TLS; listen on 127.0.0.1 behind a proxy that has it.",
            message_zh="未加密直接对外提供服务，建议监听 127.0.0.1 并由反向代理提供 TLS。",
            is_fatal=False,
        )


def in_force(settings: Settings) -> list[tuple[str, str]]:
    """Every setting as it is now, by its variable, with secrets and passwords hidden."""
    return [(variable(name), _shown(name, getattr(settings, name))) for name in Settings.model_fields]


def _shown(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return "(hidden)"
    if name == "database_url" and not value.startswith("sqlite"):
        # A query can hold a password too.
        return make_url(value).set(query={}).render_as_string(hide_password=True)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
