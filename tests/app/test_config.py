"""Settings: a wrong one is named by its variable, and no value of it is repeated."""

from collections.abc import Iterator

import pytest

from app.config import get_settings, settings_with_database
from app.errors import ConfigurationError


@pytest.fixture(autouse=True)
def fresh_settings() -> Iterator[None]:
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def test_a_wrong_database_url_names_the_variable_and_hides_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOUYAN_DATABASE_URL", "mysql://u:geheim@host/db")
    with pytest.raises(ConfigurationError, match=r"TOUYAN_DATABASE_URL: .*must begin with sqlite:///") as refused:
        get_settings()
    assert "geheim" not in str(refused.value)


def test_production_without_data_keys_hides_the_other_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOUYAN_PROFILE", "production")
    monkeypatch.delenv("TOUYAN_DATA_KEYS", raising=False)
    monkeypatch.setenv("TOUYAN_DATABASE_URL", "postgresql+psycopg://u:geheim@host/db")
    with pytest.raises(ConfigurationError, match="TOUYAN_DATA_KEYS must be set") as refused:
        get_settings()
    assert "geheim" not in str(refused.value)


def test_another_database_is_checked_like_the_one_of_the_environment() -> None:
    assert settings_with_database("sqlite:///other.db").database_url == "sqlite:///other.db"
    with pytest.raises(ConfigurationError, match="TOUYAN_DATABASE_URL"):
        settings_with_database("mysql://host/db")
