"""The seal of the trail's head: from the first day on, under keys that change, over a trail that is not whole."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session
from typer.testing import CliRunner

from app.access import SYSTEM_VIEWER, accept_trail, create_token, reseal, verify, verify_trail
from app.access.chain import can_append
from app.cli import cli
from app.config import get_settings
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.errors import AuditTrailError
from app.models import AuditHead
from app.models.vocabulary import AuditAction, Role
from app.sealing import FIRST_HASH, SealKey, SealKeys
from migrations.runner import upgrade
from tests.app.trails import (
    act,
    burglar,
    change_for_good,
    check,
    entries,
    findings,
    head,
    sql,
)
from tests.factories_graph import build_world
from tests.servers import TEST_DATA_KEY, TEST_SEAL_KEYS

NEW_KEY = "bmV3IGtleSBmb3IgdGVzdHMgb2YgdGhlIHRyYWlsISE="


class TestKeys:
    """The key of the seal changes, and the trail goes on."""

    def rotated(self) -> SealKeys:
        return SealKeys.of([NEW_KEY, TEST_DATA_KEY])

    def test_the_head_keeps_its_key_until_it_is_sealed_anew(self, database: Database) -> None:
        act(database, 2)
        url = database.engine.url.render_as_string(hide_password=False)
        both = Database(url, seal_keys=self.rotated())
        act(both)
        act(database)  # a process that has not been started anew yet
        assert check(database).is_whole
        run_in_transaction(both, lambda session: reseal(session, self.rotated()))
        end = head(database)
        assert end is not None
        assert (end.n_entries, end.key_fingerprint) == (4, SealKey.derived(NEW_KEY).fingerprint)
        act(both)
        both.dispose()
        with pytest.raises(AuditTrailError):
            act(database)
        assert findings(database) == [(5, "KEY_UNKNOWN")]
        only_new = Database(url, seal_keys=SealKeys.of([NEW_KEY]))
        act(only_new)
        only_new.dispose()
        assert len(entries(database)) == 6

    def test_a_faulty_trail_is_not_sealed_anew(self, database: Database) -> None:
        act(database, 3)
        before = head(database)
        with burglar(database) as connection:
            connection.execute(text("UPDATE audit_event SET actor = 'x' WHERE sequence = 2"))
        with pytest.raises(AuditTrailError, match="ENTRY_CHANGED at entry 2"):
            run_in_transaction(database, lambda session: reseal(session, self.rotated()))
        assert head(database) == before


def accept(database: Database, *, key_is_lost: bool = False) -> None:
    run_in_transaction(
        database,
        lambda session: accept_trail(session, SYSTEM_VIEWER, TEST_SEAL_KEYS, "备份恢复后核查", key_is_lost=key_is_lost),
    )


class TestGoingOn:
    """A trail that is not whole: somebody answers for going on, and that is recorded."""

    @pytest.mark.parametrize(
        "damage",
        [
            "DELETE FROM audit_head",
            "UPDATE audit_head SET n_entries = 1",
            "UPDATE audit_head SET key_fingerprint = 'x'",
        ],
    )
    def test_a_broken_head_is_replaced_and_the_entry_says_what_was_found(self, database: Database, damage: str) -> None:
        act(database, 3)
        found = change_for_good(database, sql(damage))
        assert found
        with pytest.raises(AuditTrailError):
            act(database)
        is_unknown = found == [(3, "KEY_UNKNOWN")]
        if is_unknown:
            # Perhaps only this process lacks the key: then the service would be shut out.
            with pytest.raises(AuditTrailError, match="key-is-lost"):
                accept(database)
        accept(database, key_is_lost=is_unknown)
        last = entries(database)[-1]
        assert (last.sequence, last.action, last.target) == (4, AuditAction.TRAIL_RESEALED, "AuditTrail 3")
        assert last.detail["reason"] == "备份恢复后核查"
        assert [(each["sequence"], each["fault"]) for each in last.detail["findings"]] == found
        act(database)
        assert findings(database) == []

    def test_a_faulty_entry_stays_one(self, database: Database) -> None:
        act(database, 3)
        assert change_for_good(database, sql("DELETE FROM audit_event WHERE sequence = 2")) == [(2, "ENTRY_MISSING")]
        run_in_transaction(database, lambda session: accept_trail(session, SYSTEM_VIEWER, TEST_SEAL_KEYS, "核查"))
        act(database)
        assert findings(database) == [(2, "ENTRY_MISSING")]


def test_a_trail_that_was_wiped_with_its_head_is_found_by_what_must_have_been_recorded(database: Database) -> None:
    with database.write() as session:
        create_token(session, role=Role.READER, label="desk", division=None)
    wiped = "UPDATE audit_head SET n_entries = 0, seal = NULL, key_fingerprint = NULL, entry_hash = '" + "0" * 64 + "'"
    change_for_good(database, sql("DELETE FROM audit_event"))
    assert change_for_good(database, sql(wiped)) == [(0, "HEAD_UNSEALED")]
    # The next entry must not seal what is left, and neither must a migration.
    with pytest.raises(AuditTrailError, match="has no seal"):
        act(database)
    with database.read() as session:
        assert not can_append(session, TEST_SEAL_KEYS)
    upgrade(database.engine, seal_keys=TEST_SEAL_KEYS)
    assert findings(database) == [(0, "HEAD_UNSEALED")]
    assert entries(database) == []


def test_the_seal_of_the_first_day_that_is_put_back_over_a_wiped_trail_is_found(database: Database) -> None:
    first = head(database)
    assert first is not None
    with database.write() as session:
        create_token(session, role=Role.READER, label="desk", division=None)
    change_for_good(database, sql("DELETE FROM audit_event"))
    table = AuditHead.__table__  # type: ignore[attr-defined]
    assert change_for_good(
        database, lambda connection: connection.execute(table.update().values(first.model_dump()))
    ) == [(1, "END_MISSING")]


class TestFirstSeal:
    """The head is sealed from the first day on, so that a head without a seal is a forgery, however empty it is."""

    def test_a_new_database_is_sealed_before_anything_is_recorded(self, database: Database) -> None:
        first = head(database)
        assert first is not None
        assert (first.n_entries, first.key_fingerprint) == (0, TEST_SEAL_KEYS.newest.fingerprint)
        assert findings(database) == []

    def test_a_database_that_was_never_used_is_sealed_by_the_next_migration_once(self, database: Database) -> None:
        unsealed = sql("UPDATE audit_head SET seal = NULL, key_fingerprint = NULL")
        assert change_for_good(database, unsealed) == [(0, "HEAD_UNSEALED")]
        with pytest.raises(AuditTrailError, match="touyan migrate"):
            act(database)
        upgrade(database.engine)
        assert findings(database) == [(0, "HEAD_UNSEALED")]
        upgrade(database.engine, seal_keys=TEST_SEAL_KEYS)
        sealed = head(database)
        upgrade(database.engine, seal_keys=TEST_SEAL_KEYS)
        assert head(database) == sealed
        act(database)
        assert findings(database) == []

    def test_a_database_with_people_and_no_entries_is_not_sealed(
        self, database: Database, cipher: PersonalDataCipher
    ) -> None:
        build_world(database, cipher, n_candidates=1)
        change_for_good(database, sql("DELETE FROM audit_event"))
        wiped = "UPDATE audit_head SET n_entries = 0, seal = NULL, key_fingerprint = NULL, entry_hash = '{}'"
        change_for_good(database, sql(wiped.format(FIRST_HASH)))
        upgrade(database.engine, seal_keys=TEST_SEAL_KEYS)
        assert findings(database) == [(0, "HEAD_UNSEALED")]

    def test_the_command_seals_a_database_of_the_present_release_that_was_never_used(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        change_for_good(database, sql("UPDATE audit_head SET seal = NULL, key_fingerprint = NULL"))
        database.dispose()
        monkeypatch.setenv("TOUYAN_DATA_KEYS", TEST_DATA_KEY)
        get_settings.cache_clear()
        url = database.engine.url.render_as_string(hide_password=False)
        done = CliRunner().invoke(cli, ["migrate", "--database", url])
        get_settings.cache_clear()
        assert done.exit_code == 0, done.output
        assert findings(database) == []


class TestCheckedBefore:
    """The long check is made without a lock; under it only what is new is looked at."""

    @pytest.fixture
    def looked_at(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """The numbers of the entries that checks look at."""
        numbers: list[int] = []
        plain = verify._fault_of

        def spied(row: Any, expected: int, last: str) -> Any:
            numbers.append(row.sequence)
            return plain(row, expected, last)

        monkeypatch.setattr(verify, "_fault_of", spied)
        return numbers

    def test_others_write_during_the_check_and_only_their_entries_are_checked_under_the_lock(
        self, database: Database, looked_at: list[int]
    ) -> None:
        act(database, 6)
        with database.read() as session:
            checked = verify_trail(session, TEST_SEAL_KEYS)
            act(database, 2)
        looked_at.clear()
        report = run_in_transaction(database, lambda session: reseal(session, TEST_SEAL_KEYS, checked=checked))
        assert (report.n_entries, report.is_whole, looked_at) == (8, True, [7, 8])
        looked_at.clear()
        run_in_transaction(
            database,
            lambda session: accept_trail(session, SYSTEM_VIEWER, TEST_SEAL_KEYS, "核查", checked=report),
        )
        assert looked_at == []
        assert (check(database).n_entries, check(database).is_whole) == (9, True)

    @pytest.mark.parametrize(
        ("change", "fault", "n_looked_at"),
        [
            ("UPDATE audit_event SET actor = 'x' WHERE sequence = 5", "ENTRY_CHANGED at entry 5", 1),
            ("DELETE FROM audit_event WHERE sequence = 6", "END_MISSING at entry 6", 1),
            ("DELETE FROM audit_event WHERE sequence > 3", "END_MISSING at entry 4", 3),
            ("UPDATE audit_head SET n_entries = 3", "HEAD_FORGED at entry 3", 2),
        ],
    )
    def test_what_is_tampered_with_meanwhile_is_found(
        self, database: Database, looked_at: list[int], change: str, fault: str, n_looked_at: int
    ) -> None:
        act(database, 4)
        checked = check(database)
        act(database, 2)
        with burglar(database) as connection:
            connection.execute(text(change))
        looked_at.clear()
        with pytest.raises(AuditTrailError, match=fault):
            run_in_transaction(database, lambda session: reseal(session, TEST_SEAL_KEYS, checked=checked))
        assert len(looked_at) == n_looked_at

    def test_a_fault_that_was_found_before_is_found_again_at_once(
        self, database: Database, looked_at: list[int]
    ) -> None:
        act(database, 5)
        with burglar(database) as connection:
            connection.execute(text("UPDATE audit_event SET actor = 'x' WHERE sequence = 4"))
        checked = check(database)
        looked_at.clear()
        with pytest.raises(AuditTrailError, match="ENTRY_CHANGED at entry 4"):
            run_in_transaction(database, lambda session: reseal(session, TEST_SEAL_KEYS, checked=checked))
        assert looked_at == [4]

    def test_a_trail_in_which_the_last_checked_entry_is_not_there_is_checked_whole(
        self, database: Database, looked_at: list[int]
    ) -> None:
        act(database, 4)
        checked = replace(check(database), n_entries=9)
        looked_at.clear()
        report = run_in_transaction(database, lambda session: reseal(session, TEST_SEAL_KEYS, checked=checked))
        assert (report.is_whole, looked_at) == (True, [1, 2, 3, 4])

    @pytest.mark.parametrize("command", [["audit", "accept", "--reason", "核查"], ["keys", "rotate"]])
    def test_the_commands_check_the_long_part_beside_the_work_of_others(
        self, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, command: list[str]
    ) -> None:
        act(sqlite_database, 3)
        plain, checks = verify._rows, list[tuple[bool, int]]()

        def spied(session: Session, *, after: int) -> Any:
            checks.append((bool(session.get_bind().get_execution_options().get("touyan_read_only")), after))
            if after == 0:
                act(sqlite_database)  # would wait for ever behind a write lock of this thread
            return plain(session, after=after)

        monkeypatch.setattr(verify, "_rows", spied)
        monkeypatch.setenv("TOUYAN_DATA_KEYS", TEST_DATA_KEY)
        get_settings.cache_clear()
        url = sqlite_database.engine.url.render_as_string(hide_password=False)
        done = CliRunner().invoke(cli, [*command, "--database", url])
        get_settings.cache_clear()
        assert done.exit_code == 0, done.output
        assert checks == [(True, 0), (False, 3)]
        monkeypatch.setattr(verify, "_rows", plain)
        assert check(sqlite_database).is_whole
