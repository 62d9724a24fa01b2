"""Settings: a wrong one is named by its variable, and no value of it is repeated."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from app.config import Settings, font_faces, get_settings, settings_with_database
from app.errors import ConfigurationError
from app.key_file import data_keys, key_file_of
from app.mounts import Mount

NEW, OLD = (Fernet.generate_key().decode() for _ in range(2))


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


def test_all_names_of_a_database_file_lead_to_one_lock_and_one_key_file(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    (tmp_path / "folder").symlink_to(disk)
    (tmp_path / "link.db").symlink_to("folder/touyan.db")
    for name in ("link.db", "folder/touyan.db", "disk/../disk/touyan.db"):
        settings = settings_with_database(f"sqlite:///{tmp_path}/{name}")
        assert settings.sqlite_path == disk / "touyan.db"
        assert key_file_of(settings) == disk / "touyan.db.key"


@pytest.mark.parametrize(
    ("name", "value", "english", "chinese"),
    [
        ("PORT", "0", "greater than or equal to 1", "不得小于 1"),
        ("PORT", "eight", "valid integer", "须为整数"),
        ("RATE_POINTS", "none", "valid number", "须为数字"),
        ("REQUEST_TIMEOUT_S", "0", "greater than 0", "须大于 0"),
        ("DRAIN_S", "301", "less than or equal to 300", "不得大于 300"),
        ("EMBEDDED_WORKER", "perhaps", "valid boolean", "须为 true 或 false"),
        ("PROFILE", "staging", "'development' or 'production'", "只能取 'development' or 'production'"),
        ("LOG_FORMAT", "xml", "'json' or 'text'", "只能取"),
        ("METRICS_TOKEN", "short", "16 or more", "16 个以上"),
        ("OTEL_ENDPOINT", "http://user:geheim@host:4318", "without user or password", "不得含用户名或密码"),
        ("TRUSTED_PROXIES", "proxy.example", "addresses or networks", "IP 地址或网段"),
        ("ALLOWED_ORIGINS", "desk", "must be origins", "须为来源地址"),
        ("DATABASE_URL", "sqlite:///:memory:", "names no file", "未指定文件"),
    ],
)
def test_a_wrong_setting_is_named_with_what_to_write_in_both_languages(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, english: str, chinese: str
) -> None:
    monkeypatch.setenv(f"TOUYAN_{name}", value)
    with pytest.raises(ConfigurationError) as refused:
        get_settings()
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"TOUYAN_{name}: ")
    assert english in line
    assert chinese in line
    assert "geheim" not in line


def test_every_wrong_setting_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORT", "DRAIN_S", "RATE_POINTS"):
        monkeypatch.setenv(f"TOUYAN_{name}", "x")
    with pytest.raises(ConfigurationError) as refused:
        get_settings()
    named = [line.partition(":")[0] for line in str(refused.value).splitlines()]
    assert named == ["TOUYAN_PORT", "TOUYAN_RATE_POINTS", "TOUYAN_DRAIN_S"]


class TestKeyFile:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        path = tmp_path / "keys"
        path.write_text(f"{NEW}\n{OLD}\n", encoding="ascii")
        path.chmod(0o600)
        return path

    def test_the_keys_stand_one_a_line_newest_first(self, path: Path) -> None:
        assert data_keys(Settings(data_keys_file=path)) == [NEW, OLD]

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
    def test_a_file_that_others_can_read_is_refused(self, path: Path, mode: int) -> None:
        path.chmod(mode)
        with pytest.raises(ConfigurationError, match=f"(?s)mode {mode:o}.*chmod 600.*其他用户可读取") as refused:
            data_keys(Settings(data_keys_file=path))
        assert NEW not in str(refused.value)

    def test_the_key_of_development_is_refused_as_well_when_others_can_read_it(self, tmp_path: Path) -> None:
        settings = Settings(database_url=f"sqlite:///{tmp_path}/touyan.db")
        (made,) = data_keys(settings, may_make=True)
        key_file = tmp_path / "touyan.db.key"
        assert (key_file.stat().st_mode & 0o777, data_keys(settings)) == (0o600, [made])
        key_file.chmod(0o644)
        with pytest.raises(ConfigurationError, match="others can read"):
            data_keys(settings)

    def test_a_credential_of_the_supervisor_may_be_shared_with_its_group(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path.chmod(0o440)
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(path.parent))
        assert data_keys(Settings(data_keys_file=path)) == [NEW, OLD]

    @pytest.mark.parametrize("mode", [0o444, 0o440, 0o644])
    def test_what_an_orchestrator_hands_over_in_memory_may_show_a_mode_for_all(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
    ) -> None:
        # As Kubernetes lays a secret out: the name leads over a folder that is exchanged as a whole.
        shown, kept = path.parent / "shown", path.parent / "..2026_11_26"
        kept.mkdir()
        path.rename(kept / "data-keys")
        (kept / "data-keys").chmod(mode)
        (path.parent / "..data").symlink_to(kept)
        shown.symlink_to("..data/data-keys")
        settings = Settings(data_keys_file=shown)
        kinds = {
            (kind, closed): Mount(point=path.parent, kind=kind, is_read_only=closed)
            for kind in ("tmpfs", "ext4")
            for closed in (True, False)
        }
        for (kind, closed), mount in kinds.items():
            monkeypatch.setattr("app.key_file.find_mount", lambda place, mount=mount: mount)
            if kind == "tmpfs" and closed:
                assert data_keys(settings) == [NEW, OLD]
                (kept / "data-keys").chmod(mode | 0o020)
                with pytest.raises(ConfigurationError, match="mode"):
                    data_keys(settings)
                (kept / "data-keys").chmod(mode)
                continue
            with pytest.raises(ConfigurationError, match="others can read"):
                data_keys(settings)

    def test_a_secret_of_docker_may_show_a_mode_for_all_and_a_link_to_elsewhere_may_not(
        self, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        secrets = tmp_path / "secrets"
        secrets.mkdir()
        monkeypatch.setattr("app.key_file.SECRETS", secrets)
        path.chmod(0o444)
        (secrets / "link").symlink_to(path)
        with pytest.raises(ConfigurationError, match="others can read"):
            data_keys(Settings(data_keys_file=secrets / "link"))
        given = path.rename(secrets / "data-keys")
        assert data_keys(Settings(data_keys_file=given)) == [NEW, OLD]

    def test_a_missing_key_file_is_never_made_where_data_are(self, tmp_path: Path) -> None:
        settings = Settings(database_url=f"sqlite:///{tmp_path}/touyan.db")
        key_file = tmp_path / "touyan.db.key"
        with pytest.raises(ConfigurationError, match=r"touyan\.db\.key is not there.*没有密钥文件"):
            data_keys(settings)
        assert not key_file.exists(), "who only reads makes none at all"
        with closing(sqlite3.connect(tmp_path / "touyan.db")) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("CREATE TABLE person (id INTEGER)")
            with pytest.raises(ConfigurationError, match="opens nothing that is stored"):
                data_keys(settings, may_make=True)
        assert not key_file.exists()

    def test_a_database_on_a_server_gets_no_key_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        settings = Settings(database_url="postgresql+psycopg://u@host/db")
        with pytest.raises(ConfigurationError, match="TOUYAN_DATA_KEYS must be set for a database on a server"):
            data_keys(settings, may_make=True)
        assert list(tmp_path.iterdir()) == []

    def test_an_empty_or_missing_file_is_refused(self, path: Path) -> None:
        path.write_text("", encoding="ascii")
        with pytest.raises(ConfigurationError, match="is empty"):
            data_keys(Settings(data_keys_file=path))
        path.unlink()
        with pytest.raises(ConfigurationError, match="cannot be read"):
            data_keys(Settings(data_keys_file=path))

    def test_keys_have_one_place(self, path: Path) -> None:
        with pytest.raises(ValueError, match="not both"):
            Settings(data_keys_file=path, data_keys=SecretStr(NEW))


@pytest.mark.parametrize("name", ["missing.ttf", "notes.txt", "font.ttc#x", "font.ttc#-1"])
def test_a_font_that_is_not_there_or_is_none_is_refused_at_the_start(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for present in ("notes.txt", "font.ttc"):
        (tmp_path / present).write_bytes(b"x")
    monkeypatch.setenv("TOUYAN_PDF_FONT", str(tmp_path / name))
    with pytest.raises(ConfigurationError, match="TOUYAN_PDF_FONT"):
        get_settings()


def test_several_fonts_are_named_with_their_faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for present in ("a.ttc", "b.ttf"):
        (tmp_path / present).write_bytes(b"x")
    setting = f"{tmp_path / 'a.ttc'}#1, {tmp_path / 'b.ttf'}"
    monkeypatch.setenv("TOUYAN_PDF_FONT", setting)
    assert [(face.path.name, face.number) for face in font_faces(get_settings().pdf_font or "")] == [
        ("a.ttc", 1),
        ("b.ttf", None),
    ]
