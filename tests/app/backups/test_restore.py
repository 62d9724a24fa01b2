"""The way back, which loses nothing."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from app.backup import back_up, restore
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction, utc_now
from app.errors import ConfigurationError
from app.models import WorkerSlot
from app.sqlite_files import part_of, require_whole
from migrations.runner import downgrade, find_revision, head_revision
from tests.app.backups.contents import tokens_and_events, write
from tests.app.services.world import make_world, populate
from tests.servers import TEST_SEAL_KEYS, opened


def test_what_a_killed_restore_left_beside_the_database_goes_with_the_next_one(
    sqlite_database: Database, live: Path, tmp_path: Path, cipher: PersonalDataCipher
) -> None:
    made = back_up(sqlite_database, live, tmp_path / "copy.db")
    sqlite_database.dispose()
    workshop = live.with_name(f".{live.name}.01234567.new")
    left = [workshop, part_of(workshop), part_of(live.with_name(f"{live.name}.before-restore-20261126T023000007Z"))]
    for path in (*left, tmp_path / ".other.db.01234567.part"):
        path.touch()
    restore(made.path, live, cipher, TEST_SEAL_KEYS)
    assert [path.name for path in tmp_path.glob(".*")] == [".other.db.01234567.part"]


class TestRestoring:
    @pytest.fixture
    def copy(self, sqlite_database: Database, live: Path, tmp_path: Path, cipher: PersonalDataCipher) -> Path:
        populate(make_world(sqlite_database, cipher), n=2)
        write(sqlite_database, "before")
        made = back_up(sqlite_database, live, tmp_path / "copy.db")
        write(sqlite_database, "after")
        sqlite_database.dispose()
        return made.path

    def test_the_former_database_is_kept_aside(self, live: Path, copy: Path, cipher: PersonalDataCipher) -> None:
        after, _ = tokens_and_events(live)
        done = restore(copy, live, cipher, TEST_SEAL_KEYS)
        assert done.aside is not None
        assert tokens_and_events(done.aside)[0] == after
        assert tokens_and_events(live)[0] < after
        assert stat.S_IMODE(done.aside.stat().st_mode) == 0o600

    def test_other_data_keys_are_refused_before_anything_changes(self, live: Path, copy: Path) -> None:
        after = tokens_and_events(live)
        with pytest.raises(ConfigurationError, match=r"do not open person.* of this backup"):
            restore(copy, live, PersonalDataCipher([Fernet.generate_key().decode()]), TEST_SEAL_KEYS)
        assert tokens_and_events(live) == after

    def test_a_backup_of_an_older_release_gets_the_tables_of_this_one(
        self, live: Path, copy: Path, cipher: PersonalDataCipher
    ) -> None:
        older = opened(f"sqlite:///{copy}")
        downgrade(older.engine, "0004")
        older.dispose()
        assert restore(copy, live, cipher, TEST_SEAL_KEYS).revision == "0004"
        database = opened(f"sqlite:///{live}")
        assert find_revision(database.engine) == head_revision()
        database.dispose()

    def test_a_backup_of_a_newer_release_is_refused(self, live: Path, copy: Path, cipher: PersonalDataCipher) -> None:
        with closing(sqlite3.connect(copy)) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
            connection.commit()
        before = live.read_bytes()
        with pytest.raises(ConfigurationError, match="newer release"):
            restore(copy, live, cipher, TEST_SEAL_KEYS)
        assert live.read_bytes() == before

    @pytest.mark.parametrize("kind", ["text", "cut", "other", "absent"])
    def test_what_is_no_backup_is_refused(
        self, live: Path, copy: Path, tmp_path: Path, cipher: PersonalDataCipher, kind: str
    ) -> None:
        file = tmp_path / "given"
        if kind == "text":
            file.write_text("no database" * 1000, encoding="ascii")
        elif kind == "cut":
            content = copy.read_bytes()
            file.write_bytes(content[: len(content) // 2 // 4096 * 4096])
        elif kind == "other":
            with closing(sqlite3.connect(file)) as connection:
                connection.execute("CREATE TABLE other (id INTEGER)")
                connection.commit()
        before = live.read_bytes()
        with pytest.raises(ConfigurationError):
            restore(file, live, cipher, TEST_SEAL_KEYS)
        assert live.read_bytes() == before

    def test_a_damaged_database_is_replaced_and_kept_byte_by_byte(
        self, live: Path, copy: Path, cipher: PersonalDataCipher
    ) -> None:
        live.write_bytes(b"broken" * 10_000)
        done = restore(copy, live, cipher, TEST_SEAL_KEYS)
        assert done.aside is not None
        assert done.aside.read_bytes() == b"broken" * 10_000
        require_whole(live)
        assert tokens_and_events(live)[0] == tokens_and_events(copy)[0]

    def test_a_worker_of_another_machine_keeps_it_from_happening(
        self, live: Path, copy: Path, cipher: PersonalDataCipher
    ) -> None:
        database = opened(f"sqlite:///{live}")
        slot = WorkerSlot(name="w1", host="another machine", process_id=1, beat_at=utc_now())
        run_in_transaction(database, lambda session: session.add(slot))
        database.dispose()
        with pytest.raises(ConfigurationError, match="stop the server and all workers"):
            restore(copy, live, cipher, TEST_SEAL_KEYS)
