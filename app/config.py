"""Settings, read once from the environment (prefix ``TOUYAN_``) and checked at start."""

import ipaddress
import os
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.errors import ConfigurationError


class Profile(StrEnum):
    """How the service is run; production has no defaults for secrets."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class LogFormat(StrEnum):
    """How a line of the log is written."""

    JSON = "json"
    TEXT = "text"


class LogLevel(StrEnum):
    """From which weight on something is written down."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


FONT_SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")


@dataclass(frozen=True, slots=True, kw_only=True)
class FontFace:
    """A font file, and which of its faces where it is a collection."""

    path: Path
    number: int | None = None


def font_faces(setting: str) -> tuple[FontFace, ...]:
    """The faces of a setting such as ``/fonts/simsun.ttc#0,/fonts/extension.ttf``.

    >>> [(face.path.name, face.number) for face in font_faces("/fonts/simsun.ttc#1, /fonts/b.ttf")]
    [('simsun.ttc', 1), ('b.ttf', None)]
    """
    faces = []
    for part in parts(setting):
        path, _, number = part.partition("#")
        faces.append(FontFace(path=Path(path), number=int(number) if number else None))
    return tuple(faces)


class Settings(BaseSettings):
    """All settings of the service. The defaults run one county on one machine with SQLite."""

    model_config = SettingsConfigDict(env_prefix="TOUYAN_", extra="ignore", hide_input_in_errors=True)

    profile: Profile = Profile.DEVELOPMENT
    database_url: str = "sqlite:///touyan.db"
    data_keys: SecretStr | None = None
    """Fernet keys, newest first, separated by commas; they encrypt ID numbers and phones."""
    data_keys_file: Path | None = None
    """A file with the same, one key a line; what a supervisor hands over as a credential."""
    pdf_font: str | None = None
    """Font files for PDF, first choice first, separated by commas; a face of a collection after ``#``.

    The open font that comes with the service is asked last. Only what is used of a font is embedded.
    """
    embedded_worker: bool = True
    """Whether the server works on runs itself; false where `touyan worker` processes do."""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65_535)
    trusted_proxies: str = "127.0.0.1,::1"
    """Addresses or networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed, separated by commas."""
    allowed_origins: str = ""
    """Origins whose pages may call from a browser, separated by commas; none unless stated."""
    trusted_documents: Path | None = None
    """JSON file of document ids and GraphQL documents that clients may name by their ids."""
    only_trusted_documents: bool = False
    """Whether every other document is refused."""
    request_timeout_s: float = Field(default=30.0, gt=0, le=3_600)
    """Seconds for one operation; those that compute have ten minutes."""
    reveals_per_day: int = Field(default=50, ge=1, le=1_000)
    """Clear ID numbers and phones that one user may reveal in a day."""
    keep_candidates_years: int = Field(default=2, ge=1, le=30)
    """Years after leaving the pool for good until a candidate becomes a pseudonym."""
    keep_restricted_years: int = Field(default=1, ge=1, le=30)
    """Years after the end of its effect until a fact of class A is deleted."""
    max_upload_mb: int = Field(default=20, ge=1, le=50)
    """Size in MB (2**20 bytes) of an uploaded file; a county's largest workbook has about one."""
    keep_import_days: int = Field(default=90, ge=1, le=365)
    """Days for which the rows of uploaded files are kept."""
    keep_export_days: int = Field(default=30, ge=1)
    """Days for which the bytes of files handed out are kept; the record of them stays."""
    keep_export_record_years: int = Field(default=10, ge=3)
    """Years for which the record of a file handed out is kept; the law asks for three."""
    keep_token_days: int = Field(default=30, ge=1)
    """Days after its end for which a token or a signed-in session is kept."""
    keep_run_days: int = Field(default=365, ge=30)
    """Days for which the facts of a run are kept none of whose plans went the way to publication."""
    rate_points: float = Field(default=200_000.0, ge=1_000)
    rate_points_per_s: float = Field(default=5_000.0, gt=0)
    """What one user may ask for at once, and again with every second, in objects (see `extensions.cost`)."""
    log_format: LogFormat | None = None
    """Lines of JSON or for the eye; unless set, JSON in production."""
    log_level: LogLevel = LogLevel.INFO
    metrics: bool | None = None
    """Whether figures are told at /metrics; unless set, in development, and in production with a token for them."""
    metrics_token: SecretStr | None = None
    """The bearer token that may read them; without one they are told to this machine only."""
    otel_endpoint: str | None = None
    """Where a collector takes traces by OTLP over HTTP, such as http://127.0.0.1:4318; none are made unless set."""
    drain_s: float = Field(default=1.0, ge=0, le=300)
    """Seconds for which a server that ends still takes connections after it has said that it is not ready."""
    shutdown_timeout_s: float = Field(default=30.0, gt=0, le=3_600)
    """Seconds within which what is under way then has to be answered."""

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError(
                "must begin with sqlite:/// or postgresql+psycopg:// / 须以 sqlite:/// 或 postgresql+psycopg:// 开头"
            )
        if value.startswith("sqlite:///") and value.removeprefix("sqlite:///").partition("?")[0] in ("", ":memory:"):
            raise ValueError("names no file; write sqlite:///touyan.db / 未指定文件，例如 sqlite:///touyan.db")
        return value

    @field_validator("allowed_origins")
    @classmethod
    def _whole_origins(cls, value: str) -> str:
        for origin in parts(value):
            url = urlsplit(origin)
            if url.scheme not in ("http", "https") or not url.netloc or origin != f"{url.scheme}://{url.netloc}":
                raise ValueError(
                    "must be origins such as https://desk.example, separated by commas / "
                    "须为来源地址（如 https://desk.example），以逗号分隔"
                )
        return value

    @field_validator("pdf_font")
    @classmethod
    def _known_fonts(cls, value: str | None) -> str | None:
        for part in parts(value or ""):
            path, mark, number = part.partition("#")
            if mark and not (number.isascii() and number.isdigit()):
                raise ValueError(
                    "must name a face by its number, such as simsun.ttc#0 / 字体序号须为从0起的整数，如 simsun.ttc#0"
                )
            if not path.lower().endswith(FONT_SUFFIXES) or not Path(path).is_file():
                raise ValueError(
                    "names a file that is not there, or is no .ttf, .otf, .ttc or .otc / "
                    "字体文件不存在，或不是 .ttf、.otf、.ttc、.otc 文件"
                )
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, value: str) -> str:
        for part in parts(value):
            try:
                ipaddress.ip_network(part)
            except ValueError:
                raise ValueError(
                    "must be addresses or networks such as 10.0.0.5 or 10.0.0.0/24, separated by commas / "
                    "须为 IP 地址或网段（如 10.0.0.5 或 10.0.0.0/24），以逗号分隔"
                ) from None
        return value

    @field_validator("metrics_token")
    @classmethod
    def _long_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"[!-~]{16,}", value.get_secret_value()):
            raise ValueError("must have 16 or more visible ASCII characters / 须为 16 个以上可见 ASCII 字符")
        return value

    @field_validator("otel_endpoint")
    @classmethod
    def _whole_address(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"https?://[^/@\s?#]+(/[^@\s?#]*)?", value):
            raise ValueError(
                "must be an address such as http://127.0.0.1:4318, without user or password / "
                "须为地址（如 http://127.0.0.1:4318），不得含用户名或密码"
            )
        return value

    @model_validator(mode="after")
    def _something_is_trusted(self) -> "Settings":
        if self.only_trusted_documents and self.trusted_documents is None:
            raise ValueError(
                "TOUYAN_ONLY_TRUSTED_DOCUMENTS needs TOUYAN_TRUSTED_DOCUMENTS / "
                "启用 TOUYAN_ONLY_TRUSTED_DOCUMENTS 时须设置 TOUYAN_TRUSTED_DOCUMENTS"
            )
        return self

    @model_validator(mode="after")
    def _one_place_for_keys(self) -> "Settings":
        if self.data_keys is not None and self.data_keys_file is not None:
            raise ValueError(
                "set either TOUYAN_DATA_KEYS or TOUYAN_DATA_KEYS_FILE, not both / "
                "TOUYAN_DATA_KEYS 与 TOUYAN_DATA_KEYS_FILE 只能设置其一"
            )
        return self

    @model_validator(mode="after")
    def _production_has_secrets(self) -> "Settings":
        if self.is_production and self.data_keys is None and self.data_keys_file is None:
            raise ValueError(
                "TOUYAN_DATA_KEYS must be set in production, or TOUYAN_DATA_KEYS_FILE; make a key with "
                "`touyan token new-data-key` / 生产环境须设置 TOUYAN_DATA_KEYS 或 TOUYAN_DATA_KEYS_FILE，"
                "可用 `touyan token new-data-key` 生成密钥"
            )
        return self

    @property
    def is_production(self) -> bool:
        """Whether the profile is production."""
        return self.profile is Profile.PRODUCTION

    @property
    def logs_json(self) -> bool:
        """Whether lines of the log are JSON."""
        return self.is_production if self.log_format is None else self.log_format is LogFormat.JSON

    @property
    def tells_metrics(self) -> bool:
        """Whether figures can be read at /metrics."""
        return (not self.is_production or self.metrics_token is not None) if self.metrics is None else self.metrics

    @property
    def origins(self) -> list[str]:
        """The allowed origins, one by one."""
        return parts(self.allowed_origins)

    @property
    def sqlite_path(self) -> Path | None:
        """The database file, or ``None`` when the database is PostgreSQL.

        Links are followed, as SQLite does it: lock, key file and copies stand beside the file itself, so that all of
        its names share them.
        """
        named = self._named_file
        return None if named is None else Path(os.path.realpath(named))

    @property
    def has_whole_path(self) -> bool:
        """Whether the database is found from every folder."""
        named = self._named_file
        return named is None or Path(named).is_absolute()

    @property
    def _named_file(self) -> str | None:
        if self.database_url.startswith("sqlite:///"):
            return self.database_url.removeprefix("sqlite:///").partition("?")[0]
        return None


def parts(text: str) -> list[str]:
    """What stands between the commas of a setting."""
    return [part.strip() for part in text.split(",") if part.strip()]


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Read the settings once per process; raises ``ConfigurationError`` naming the faulty variable."""
    return _checked_settings()


def settings_with_database(database_url: str) -> Settings:
    """The settings of the environment with another database, checked in the same way."""
    return _checked_settings(database_url=database_url)


def _checked_settings(**overrides: str) -> Settings:
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        # The values themselves stay out: a database URL holds a password.
        faults = [f"{_variable(fault['loc'])}{_text(fault)}" for fault in error.errors(include_input=False)]
        raise ConfigurationError("\n".join(faults)) from None


def _variable(location: tuple[int | str, ...]) -> str:
    return f"{variable(str(location[0]))}: " if location else ""


def variable(name: str) -> str:
    """The environment variable of a setting.

    >>> variable("data_keys")
    'TOUYAN_DATA_KEYS'
    """
    return f"TOUYAN_{name.upper()}"


CHINESE = {
    "int_parsing": "须为整数",
    "float_parsing": "须为数字",
    "bool_parsing": "须为 true 或 false",
    "greater_than": "须大于 {gt}",
    "greater_than_equal": "不得小于 {ge}",
    "less_than_equal": "不得大于 {le}",
    "enum": "只能取 {expected}",
}
"""What the checks of the library mean, by their names."""


def _text(fault: Any) -> str:
    """What is wrong with a setting, in both languages."""
    text = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "value_error":
        return text
    chinese = CHINESE.get(fault["type"], "取值无效").format(**fault.get("ctx", {}))
    return f"{text} / {chinese}"
