"""Settings, read once from the environment (prefix ``TOUYAN_``) and checked at start."""

import os
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet
from pydantic import SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.errors import ConfigurationError


class Profile(StrEnum):
    """How the service is run; production has no defaults for secrets."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """All settings of the service. The defaults run one county on one machine with SQLite."""

    model_config = SettingsConfigDict(env_prefix="TOUYAN_", extra="ignore")

    profile: Profile = Profile.DEVELOPMENT
    database_url: str = "sqlite:///touyan.db"
    data_keys: SecretStr | None = None
    """Fernet keys, newest first, separated by commas; they encrypt ID numbers and phones."""
    export_dir: Path = Path("out")
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
    try:
        return Settings()
    except ValueError as error:
        raise ConfigurationError(str(error)) from error


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
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        key = Fernet.generate_key().decode("ascii")
        stream.write(key + "\n")
    return [key]
