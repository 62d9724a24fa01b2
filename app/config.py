"""Settings, read once from the environment (prefix ``TOUYAN_``) and checked at start."""

import os
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet
from pydantic import SecretStr, ValidationError, field_validator, model_validator
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

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("must begin with sqlite:/// or postgresql+psycopg://")
        return value

    @model_validator(mode="after")
    def _production_has_secrets(self) -> "Settings":
        if self.profile is Profile.PRODUCTION and self.data_keys is None:
            raise ValueError("TOUYAN_DATA_KEYS must be set in production; make one with `touyan token new-data-key`")
        return self

    @property
    def sqlite_path(self) -> Path | None:
        """The database file, or ``None`` when the database is PostgreSQL."""
        if self.database_url.startswith("sqlite:///"):
            return Path(self.database_url.removeprefix("sqlite:///"))
        return None


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

    In development a key file is made beside the database on first use, readable by its owner only; production
    must set ``TOUYAN_DATA_KEYS``.
    """
    if settings.data_keys is not None:
        return [key.strip() for key in settings.data_keys.get_secret_value().split(",") if key.strip()]
    database = settings.sqlite_path or Path("touyan.db")
    key_file = database.with_name(database.name + ".key")
    try:
        descriptor = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return [key_file.read_text(encoding="ascii").strip()]
    except OSError as error:
        raise ConfigurationError(
            f"the key file {key_file} cannot be made ({error.strerror}); name a database in a folder that exists and "
            "can be written to, or set TOUYAN_DATA_KEYS"
        ) from error
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        key = Fernet.generate_key().decode("ascii")
        stream.write(key + "\n")
    return [key]
