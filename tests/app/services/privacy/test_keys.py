"""Data keys come and go: every value and hash moves under the newest one, also after a kill -9 in the middle."""

import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Column, MetaData, String, Table
from sqlmodel import func, select
from typer.testing import CliRunner

from app.access import SYSTEM_VIEWER
from app.cli import cli
from app.config import get_settings
from app.crypto import PersonalDataCipher, WrongDataKeyError
from app.db import Database
from app.errors import DuplicateError
from app.key_file import data_keys
from app.models import AuditEvent, ImportBatch, ImportRow, Person
from app.models.vocabulary import ImportState, RowChange
from app.sealing import SealKeys
from app.services import people
from app.services.privacy.columns import encrypted_columns
from app.services.privacy.keys import count_key_use, rotate_keys
from tests.app.services.office import Office
from tests.factories import id_number, make_places
from tests.servers import TEST_DATA_KEY

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
BEFORE, DURING, AFTER = PersonalDataCipher([OLD]), PersonalDataCipher([NEW, OLD]), PersonalDataCipher([NEW])


def fill(database: Database, n: int, cipher: PersonalDataCipher = BEFORE) -> None:
    """``n`` persons with number and phone, and one source row of an import."""
    with database.write() as session:
        places = make_places(session)
        office = Office(session=session, viewer=places.officer(session), cipher=cipher, places=places)
        for number in range(n):
            office.person(id_number=id_number(date(1985, 6, 12), number), phone=f"138{number:08d}")
        batch = ImportBatch(
            file_name="a.xlsx", file_sha256="0" * 64, state=ImportState.READY, created_by="t", updated_by="t"
        )
        session.add(batch)
        session.flush()
        token = cipher.encrypt("0:{}")
        row = ImportRow(
            batch_id=batch.id, sheet="s", row_number=1, kind="MENTORS", change=RowChange.NEW, content_encrypted=token
        )
        session.add(row)


def test_after_a_rotation_the_old_key_can_leave_and_nothing_is_lost(database: Database) -> None:
    fill(database, 3)
    with database.read() as session:
        versions = {row.code: row.version for row in session.exec(select(Person))}
    assert count_key_use(database, DURING).by_key == [0, 7]
    assert count_key_use(database, DURING).unused == []
    done = rotate_keys(database, SYSTEM_VIEWER, DURING)
    assert (done.values, done.hashes, done.use.by_key, done.use.unused) == (7, 6, [7, 0], [1])
    with database.read() as session:
        rows = session.exec(select(Person).order_by(Person.code)).all()
        events = session.exec(select(AuditEvent).where(AuditEvent.action == "KEYS_ROTATED")).all()
    for number, row in enumerate(rows):
        clear = id_number(date(1985, 6, 12), number)
        assert AFTER.decrypt(row.id_number_encrypted or "") == clear
        assert AFTER.decrypt(row.phone_encrypted or "") == f"138{number:08d}"
        assert row.id_number_hash == AFTER.keyed_hash("id_number", clear)
        assert row.phone_hash == AFTER.keyed_hash("phone", f"138{number:08d}")
        with pytest.raises(WrongDataKeyError):
            BEFORE.decrypt(row.phone_encrypted or "")
    assert {row.code: row.version for row in rows} == versions
    assert [(event.detail["values"], event.detail["hashes"]) for event in events] == [(7, 6)]
    assert events[0].detail["unused"] == [DURING.key_names[1]]


def test_a_second_rotation_finds_nothing_to_do(sqlite_database: Database) -> None:
    fill(sqlite_database, 2)
    rotate_keys(sqlite_database, SYSTEM_VIEWER, DURING)
    with sqlite_database.read() as session:
        tokens = session.exec(select(Person.phone_encrypted)).all()
    again = rotate_keys(sqlite_database, SYSTEM_VIEWER, DURING)
    assert (again.values, again.hashes) == (0, 0)
    with sqlite_database.read() as session:
        assert session.exec(select(Person.phone_encrypted)).all() == tokens


def test_people_are_found_by_hashes_of_every_present_key(database: Database) -> None:
    fill(database, 1)
    with database.write() as session:
        places_office = Office(
            session=session,
            viewer=SYSTEM_VIEWER,
            cipher=DURING,
            places=None,  # type: ignore[arg-type]
        )
        person = session.exec(select(Person)).one()
        draft = people.PersonDraft(
            name="李四", division_id=person.division_id, id_number=id_number(date(1985, 6, 12), 0)
        )
        with pytest.raises(DuplicateError, match="this ID number exists already"):
            people.create_cadre(session, SYSTEM_VIEWER, places_office.cipher, people.CadreDraft(person=draft))
        # The value that the row holds under the old key is no change.
        same = people.PersonChanges(id_number=id_number(date(1985, 6, 12), 0), phone="13800000000")
        people.update_cadre(session, SYSTEM_VIEWER, DURING, person.id, same)
        assert person.version == 1
        people.update_cadre(session, SYSTEM_VIEWER, DURING, person.id, people.PersonChanges(phone="13912345678"))
        assert person.phone_hash == AFTER.keyed_hash("phone", "13912345678")


def test_two_persons_with_one_number_are_named_by_their_codes(database: Database) -> None:
    fill(database, 2)
    clear = id_number(date(1985, 6, 12), 0)
    with database.write() as session:
        # Two processes wrote under different newest keys, so the database saw two different hashes.
        other = session.exec(select(Person).order_by(Person.code.desc())).first()  # type: ignore[attr-defined]
        assert other is not None
        other.id_number_encrypted, other.id_number_hash = AFTER.encrypt(clear), AFTER.keyed_hash("id_number", clear)
    with pytest.raises(DuplicateError, match=r"520624-0000[12] and 520624-0000[12] hold the same id_number") as refused:
        rotate_keys(database, SYSTEM_VIEWER, DURING)
    assert clear not in str(refused.value)


def test_values_under_an_absent_key_are_counted_and_no_key_may_leave(sqlite_database: Database) -> None:
    fill(sqlite_database, 2)
    stranger = PersonalDataCipher([Fernet.generate_key().decode(), NEW])
    done = rotate_keys(sqlite_database, SYSTEM_VIEWER, stranger)
    assert done.values == 0
    assert dict(done.use.unreadable) == {
        "import_row.content_encrypted": 1,
        "person.id_number_encrypted": 2,
        "person.phone_encrypted": 2,
    }
    assert count_key_use(sqlite_database, BEFORE).by_key == [5]


CHILD = """
import os, signal, sys
from app.access import SYSTEM_VIEWER
from app.crypto import PersonalDataCipher
from app.db import Database
from app.sealing import SealKeys
from app.services.privacy import keys

class Mortal(PersonalDataCipher):
    n = 0
    def encrypt(self, value):
        Mortal.n += 1
        if Mortal.n == 25:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().encrypt(value)

keys.BATCH_ROWS = 10
keys.rotate_keys(Database(sys.argv[1], seal_keys=SealKeys.of(sys.argv[2:])), SYSTEM_VIEWER, Mortal(sys.argv[2:]))
"""


def test_a_rotation_that_was_killed_goes_on_where_it_was(sqlite_database: Database) -> None:
    fill(sqlite_database, 30)
    url = sqlite_database.engine.url.render_as_string(hide_password=False)
    child = subprocess.run([sys.executable, "-c", CHILD, url, NEW, OLD], check=False, cwd=Path(__file__).parents[4])
    assert child.returncode == -signal.SIGKILL
    use = count_key_use(sqlite_database, DURING)
    # One row of an import and one batch of ten persons were done; the killed batch left nothing.
    assert use.by_key == [21, 40]
    done = rotate_keys(sqlite_database, SYSTEM_VIEWER, DURING)
    assert (done.values, done.use.by_key) == (40, [61, 0])
    with sqlite_database.read() as session:
        hashes = set(session.exec(select(Person.id_number_hash)).all())
        n_events = session.exec(select(func.count()).where(AuditEvent.action == "KEYS_ROTATED")).one()
    assert hashes == {AFTER.keyed_hash("id_number", id_number(date(1985, 6, 12), n)) for n in range(30)}
    assert n_events == 1


def test_what_else_rests_on_a_key_is_renewed_with_the_record(sqlite_database: Database) -> None:
    fill(sqlite_database, 1)
    done = rotate_keys(sqlite_database, SYSTEM_VIEWER, DURING, renewals=[lambda _session, _cipher: 4])
    assert done.renewed == 4
    with sqlite_database.read() as session:
        event = session.exec(select(AuditEvent).where(AuditEvent.action == "KEYS_ROTATED")).one()
    assert event.detail["renewed"] == 4


def test_a_new_encrypted_column_is_found_by_its_name_and_must_carry_its_class() -> None:
    tables = MetaData()
    Table("diary", tables, Column("id", String), Column("page_encrypted", String, info={"pii": "A"}))
    found = {
        f"{table.name}.{each.column.name}": each.hash_column is not None
        for table, columns in encrypted_columns(tables).items()
        for each in columns
    }
    assert found == {"diary.page_encrypted": False}
    Table("letter", tables, Column("id", String), Column("text_encrypted", String))
    with pytest.raises(LookupError, match=r"letter\.text_encrypted"):
        encrypted_columns(tables)


def test_the_key_file_of_a_development_database_takes_a_new_first_key(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(sqlite_database.engine.url.database or "")
    monkeypatch.delenv("TOUYAN_DATA_KEYS", raising=False)
    monkeypatch.setenv("TOUYAN_DATABASE_URL", f"sqlite:///{path}")
    get_settings.cache_clear()
    path.with_name("touyan.db.key").touch(0o600)
    path.with_name("touyan.db.key").write_text(f"{TEST_DATA_KEY}\n", encoding="ascii")
    old = data_keys(get_settings())
    # The trail is sealed under the data keys as well, so the rows are entered as the service enters them.
    own = Database(f"sqlite:///{path}", seal_keys=SealKeys.of(old))
    fill(own, 2, PersonalDataCipher(old))
    own.dispose()
    run = CliRunner()
    assert run.invoke(cli, ["keys", "new"]).exit_code == 0
    keys = data_keys(get_settings())
    key_file = path.with_name("touyan.db.key")
    assert keys[1:] == old
    assert len(keys) == 2
    assert key_file.stat().st_mode & 0o777 == 0o600
    told = run.invoke(cli, ["keys", "check"])
    assert (told.exit_code, "key 2" in told.output, "5 values" in told.output) == (0, True, True)
    told = run.invoke(cli, ["keys", "rotate"])
    assert told.exit_code == 0, told.output
    assert "may leave TOUYAN_DATA_KEYS" in told.output
    assert "with the backups that were made before" in told.output
    assert not any(key in told.output for key in keys)
    key_file.write_text(keys[0] + "\n")
    told = run.invoke(cli, ["keys", "check"])
    assert told.exit_code == 0, told.output
    get_settings.cache_clear()


def test_keys_of_the_environment_are_printed_and_no_file_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUYAN_DATA_KEYS", OLD)
    monkeypatch.setenv("TOUYAN_DATABASE_URL", f"sqlite:///{tmp_path / 'touyan.db'}")
    get_settings.cache_clear()
    told = CliRunner().invoke(cli, ["keys", "new"])
    assert told.exit_code == 0
    Fernet(told.output.split()[0])
    assert list(tmp_path.iterdir()) == []
    get_settings.cache_clear()
