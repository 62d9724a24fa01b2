"""What is looked at before a process begins to serve, and what `touyan check` tells of it."""

import os
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from typer.testing import CliRunner

from app.backup import migrate
from app.cli import cli
from app.config import Profile, Settings, get_settings
from app.crypto import PersonalDataCipher
from app.errors import ConfigurationError
from app.mounts import Mount
from app.preflight import Finding, findings, in_force, require_fit
from app.sealing import SealKeys

SECRET = Fernet.generate_key().decode()
TYPED = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
ZEROS = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


def found(folder: Path, environment: dict[str, str] | None = None, **changed: object) -> list[Finding]:
    given: dict[str, object] = {
        "profile": Profile.PRODUCTION,
        "database_url": f"sqlite:///{folder}/touyan.db",
        "data_keys": SecretStr(SECRET),
        **changed,
    }
    return list(findings(Settings(**given), environment or {}))  # type: ignore[arg-type]


def told(found: list[Finding]) -> list[tuple[str, bool]]:
    return [(finding.variable, finding.is_fatal) for finding in found]


def test_a_whole_installation_has_no_findings(tmp_path: Path) -> None:
    assert found(tmp_path) == []


@pytest.mark.parametrize("key", [TYPED, ZEROS])
def test_production_refuses_keys_that_no_machine_made(tmp_path: Path, key: str) -> None:
    (finding,) = found(tmp_path, data_keys=SecretStr(f"{SECRET},{key}"))
    assert (finding.variable, finding.is_fatal) == ("TOUYAN_DATA_KEYS", True)
    assert "key 2 was typed" in finding.message
    assert "第 2 个密钥" in finding.message_zh
    assert key not in str(finding)
    assert found(tmp_path, data_keys=SecretStr(key), profile=Profile.DEVELOPMENT) == []


@pytest.mark.parametrize("key", ["secret", SECRET[:-8], "钥匙"], ids=["word", "short", "chinese"])
def test_what_is_no_key_is_refused_everywhere(tmp_path: Path, key: str) -> None:
    for profile in Profile:
        (finding,) = found(tmp_path, data_keys=SecretStr(key), profile=profile)
        assert "key 1 is not a 32-byte" in finding.message
        assert key not in str(finding)


def test_a_key_file_that_others_can_read_is_fatal(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(SECRET, encoding="ascii")
    path.chmod(0o644)
    (finding,) = found(tmp_path, data_keys=None, data_keys_file=path)
    assert (finding.variable, "others can read" in finding.message, "其他用户" in finding.message_zh) == (
        "TOUYAN_DATA_KEYS_FILE",
        True,
        True,
    )


def test_the_database_needs_a_folder_that_exists(tmp_path: Path) -> None:
    assert told(found(tmp_path, database_url=f"sqlite:///{tmp_path}/absent/touyan.db")) == [
        ("TOUYAN_DATABASE_URL", True)
    ]


def test_a_database_that_everybody_can_open_is_refused_in_production(tmp_path: Path) -> None:
    path = tmp_path / "touyan.db"
    path.touch(0o644)
    path.chmod(0o644)
    (finding,) = found(tmp_path)
    assert f"chmod 600 {path}" in finding.message
    assert found(tmp_path, profile=Profile.DEVELOPMENT) == []


def test_a_folder_that_cannot_be_written_to_is_fatal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    # The administrator of a machine may write everywhere, so the answer of the system is made here.
    monkeypatch.setattr("app.preflight.os.access", lambda path, mode: not (path == closed and mode & os.W_OK))
    assert told(found(tmp_path, database_url=f"sqlite:///{closed}/touyan.db")) == [("TOUYAN_DATABASE_URL", True)]


def test_a_database_on_another_machine_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    far = tmp_path / "far"
    far.mkdir()
    (tmp_path / "link.db").symlink_to(far / "touyan.db")
    disk, server = (Mount(point=Path("/"), kind=kind, is_read_only=False) for kind in ("ext4", "nfs4"))
    monkeypatch.setattr("app.preflight.find_mount", lambda folder: server if folder == far else disk)
    assert found(tmp_path) == []
    (finding,) = found(tmp_path, database_url=f"sqlite:///{tmp_path}/link.db")
    assert f"{far} lies on another machine (nfs4)" in finding.message
    assert finding.is_fatal


def test_a_path_that_depends_on_the_folder_of_the_process_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert told(found(tmp_path, database_url="sqlite:///touyan.db")) == [("TOUYAN_DATABASE_URL", False)]


def test_missing_documents_are_fatal(tmp_path: Path) -> None:
    assert told(found(tmp_path, trusted_documents=tmp_path / "absent.json")) == [("TOUYAN_TRUSTED_DOCUMENTS", True)]


def test_proxies_must_be_somebody_and_open_doors_are_warned_of(tmp_path: Path) -> None:
    assert told(found(tmp_path, trusted_proxies="0.0.0.0/0")) == [("TOUYAN_TRUSTED_PROXIES", True)]
    assert told(found(tmp_path, host="0.0.0.0")) == [("TOUYAN_HOST", False)]
    assert told(found(tmp_path, metrics=True)) == [("TOUYAN_METRICS", False)]
    assert found(tmp_path, metrics=True, metrics_token=SecretStr("x" * 16)) == []


def test_a_variable_of_an_unknown_name_is_warned_of_with_the_name_that_was_meant(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, {"TOUYAN_DATABSE_URL": "x", "TOUYAN_PORT": "1", "PATH": "y"})
    assert (finding.variable, finding.is_fatal) == ("TOUYAN_DATABSE_URL", False)
    assert "did you mean TOUYAN_DATABASE_URL?" in finding.message


def test_only_what_is_fatal_keeps_a_process_from_starting(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/absent/touyan.db")
    with pytest.raises(ConfigurationError, match="TOUYAN_DATABASE_URL: the folder"):
        require_fit(settings)


def test_no_secret_is_shown() -> None:
    settings = Settings(
        data_keys=SecretStr(SECRET),
        metrics_token=SecretStr("geheim-geheim-geheim"),
        database_url="postgresql+psycopg://u:geheim@host/db?password=geheim",
    )
    shown = dict(in_force(settings))
    assert SECRET not in str(shown)
    assert "geheim" not in str(shown)
    assert shown["TOUYAN_DATABASE_URL"] == "postgresql+psycopg://u:***@host/db"
    assert (shown["TOUYAN_DATA_KEYS"], shown["TOUYAN_PORT"]) == ("(hidden)", "8000")


class TestCommand:
    @pytest.fixture(autouse=True)
    def production(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TOUYAN_PROFILE", "production")
        monkeypatch.setenv("TOUYAN_DATABASE_URL", f"sqlite:///{tmp_path}/touyan.db")
        monkeypatch.setenv("TOUYAN_DATA_KEYS", SECRET)
        get_settings.cache_clear()

    def run(self, code: int) -> str:
        get_settings.cache_clear()
        result = CliRunner().invoke(cli, ["check"], catch_exceptions=False)
        get_settings.cache_clear()
        assert result.exit_code == code, result.output
        return result.output

    def test_it_shows_settings_without_secrets(self, tmp_path: Path) -> None:
        assert "touyan migrate" in self.run(1), "there are no tables yet"
        assert not (tmp_path / "touyan.db").exists()
        migrate(tmp_path / "touyan.db", PersonalDataCipher([SECRET]), SealKeys.of([SECRET]))
        said = self.run(0)
        assert "TOUYAN_PROFILE" in said
        assert "in order" in said
        assert SECRET not in said

    def test_it_fails_with_what_is_wrong(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TOUYAN_DATA_KEYS", TYPED)
        said = self.run(1)
        assert "ERROR" in said
        assert "TOUYAN_DATA_KEYS: key 1 was typed" in said
        assert TYPED not in said

    def test_it_names_what_cannot_be_read_at_all(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TOUYAN_PORT", "x")
        assert "TOUYAN_PORT" in self.run(1)
