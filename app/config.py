"""Settings, read once from the environment (prefix ``TOUYAN_``) and checked at start."""

import os
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.errors import ConfigurationError


class Profile(StrEnum):
    """How the service is run; production has no defaults for secrets."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """All settings of the service. The defaults run one county on one machine with SQLite."""

    model_config = SettingsConfigDict(env_prefix="TOUYAN_", extra="ignore", hide_input_in_errors=True)

    profile: Profile = Profile.DEVELOPMENT
    database_url: str = "sqlite:///touyan.db"
    data_keys: SecretStr | None = None
    """Fernet keys, newest first, separated by commas; they encrypt ID numbers and phones."""
    export_dir: Path = Path("out")
    embedded_worker: bool = True
    """Whether the server works on runs itself; false where `touyan worker` processes do."""
    host: str = "127.0.0.1"
    port: int = 8000
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

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("must begin with sqlite:/// or postgresql+psycopg://")
        return value

    @field_validator("allowed_origins")
    @classmethod
    def _whole_origins(cls, value: str) -> str:
        for origin in _parts(value):
            url = urlsplit(origin)
            if url.scheme not in ("http", "https") or not url.netloc or origin != f"{url.scheme}://{url.netloc}":
                raise ValueError("must be origins such as https://desk.example, separated by commas")
        return value

    @model_validator(mode="after")
    def _something_is_trusted(self) -> "Settings":
        if self.only_trusted_documents and self.trusted_documents is None:
            raise ValueError("TOUYAN_ONLY_TRUSTED_DOCUMENTS needs TOUYAN_TRUSTED_DOCUMENTS")
        return self

    @model_validator(mode="after")
    def _production_has_secrets(self) -> "Settings":
        if self.profile is Profile.PRODUCTION and self.data_keys is None:
            raise ValueError("TOUYAN_DATA_KEYS must be set in production; make one with `touyan token new-data-key`")
        return self

    @property
    def origins(self) -> list[str]:
        """The allowed origins, one by one."""
        return _parts(self.allowed_origins)

    @property
    def sqlite_path(self) -> Path | None:
        """The database file, or ``None`` when the database is PostgreSQL."""
        if self.database_url.startswith("sqlite:///"):
            return Path(self.database_url.removeprefix("sqlite:///"))
        return None


def _parts(text: str) -> list[str]:
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
        faults = [f"{_variable(fault['loc'])}{fault['msg']}" for fault in error.errors(include_input=False)]
        raise ConfigurationError("; ".join(faults)) from None


def _variable(location: tuple[int | str, ...]) -> str:
    return f"TOUYAN_{str(location[0]).upper()}: " if location else ""


def data_keys(settings: Settings) -> list[str]:
    """The keys for personal columns, newest first.

    In development a key file is made beside the database on first use, readable by its owner only, with one key a
    line; production must set ``TOUYAN_DATA_KEYS``.
    """
    if settings.data_keys is not None:
        return _parts(settings.data_keys.get_secret_value())
    key_file = key_file_of(settings)
    try:
        descriptor = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return key_file.read_text(encoding="ascii").split()
    except OSError as error:
        raise ConfigurationError(
            f"the key file {key_file} cannot be made ({error.strerror}); name a database in a folder that exists and "
            "can be written to, or set TOUYAN_DATA_KEYS"
        ) from error
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        key = Fernet.generate_key().decode("ascii")
        stream.write(key + "\n")
    return [key]


def key_file_of(settings: Settings) -> Path:
    """Where the keys of a development database stand; production has no such file."""
    database = settings.sqlite_path or Path("touyan.db")
    return database.with_name(database.name + ".key")


def put_key_in_front(settings: Settings, key: str) -> Path | None:
    """Make a key the newest one of the key file, whole or not at all; ``None`` where the environment names the keys."""
    if settings.data_keys is not None:
        return None
    keys, key_file = data_keys(settings), key_file_of(settings)
    partial = key_file.with_name(key_file.name + ".part")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as stream:
        stream.write("".join(f"{each}\n" for each in (key, *keys)))
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(key_file)
    return key_file
