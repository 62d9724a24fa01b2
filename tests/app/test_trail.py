"""The audit trail: appended to in the moment of the commit, without gaps and forks, however many write at once."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from app.access import chain as chain_module
from app.access import pending_events, record
from app.db import Database, run_in_transaction
from app.errors import AuditTrailError, ConfigurationError, InvalidInputError, StorageFullError
from app.models import ApiToken, AuditEvent
from app.models.vocabulary import AuditAction, Role
from app.request_id import request_id
from app.sealing import FIRST_HASH, Entry, Head, SealKey, SealKeys, entry_hash
from tests.app.test_db import token
from tests.app.trails import ADMIN, COUNTY, OFFICER, act, burglar, check, entries, findings, head, recorded_in
from tests.servers import TEST_SEAL_KEYS


def pin(session: Session, number: int = 0) -> None:
    record(session, OFFICER, AuditAction.PIN_ADDED, f"Pin {number}")


def test_entries_are_numbered_from_one_and_each_holds_the_hash_of_the_one_before(database: Database) -> None:
    act(database, 2)
    run_in_transaction(database, lambda session: [pin(session, number) for number in range(3)])
    rows = entries(database)
    assert [row.sequence for row in rows] == [1, 2, 3, 4, 5]
    assert [row.previous_hash for row in rows] == [FIRST_HASH, *(row.entry_hash for row in rows[:-1])]
    assert [row.target for row in rows[2:]] == ["Pin 0", "Pin 1", "Pin 2"]
    report = check(database)
    assert (report.is_whole, report.n_entries, report.entry_hash) == (True, 5, rows[-1].entry_hash)
    end = head(database)
    assert end is not None
    assert (end.n_entries, end.entry_hash, end.key_fingerprint) == (
        5, rows[-1].entry_hash, TEST_SEAL_KEYS.newest.fingerprint,
    )  # fmt: skip


def test_an_entry_says_who_did_what_in_which_territory_and_for_which_request(database: Database) -> None:
    known = request_id.set("r-17")
    try:
        act(database)
    finally:
        request_id.reset(known)
    act(database, viewer=ADMIN)
    first, second = entries(database)
    assert (first.actor, first.role, first.action, first.territory_code, first.county_id, first.request_id) == (
        "思南县经办", Role.COUNTY_ADMIN, AuditAction.PIN_ADDED, "520624", COUNTY, "r-17",
    )  # fmt: skip
    assert (second.actor, second.territory_code, second.county_id, second.request_id) == ("system", "", None, None)


def test_the_encoding_of_an_entry_is_the_documented_one() -> None:
    entry = Entry(
        sequence=7,
        id=UUID(int=1),
        at=datetime(2026, 1, 31, 8, 15, 0, 123456, tzinfo=UTC),
        actor="经办",
        role="COUNTY_ADMIN",
        action="PIN_ADDED",
        target="Pin 1",
        detail={"b": [1, None], "a": "甲"},
        territory_code="520624",
        county_id=None,
        request_id=None,
    )
    from hashlib import sha256

    text_ = (
        '["touyan-audit-1","' + "0" * 64 + '",7,"00000000-0000-0000-0000-000000000001","2026-01-31T08:15:00.123456Z",'
        r'"\u7ecf\u529e","COUNTY_ADMIN","PIN_ADDED","Pin 1",{"a":"\u7532","b":[1,null]},"520624",null,null]'
    )
    assert entry_hash(FIRST_HASH, entry) == sha256(text_.encode()).hexdigest()


def test_seals_differ_by_key_count_hash_and_instant_and_the_key_is_not_shown() -> None:
    key, other = SealKey.derived("a" * 43 + "="), SealKey.derived("b" * 43 + "=")
    head_ = Head(n_entries=3, entry_hash="ab" * 32, sealed_at=datetime(2026, 1, 1, tzinfo=UTC))
    others = (
        Head(n_entries=4, entry_hash=head_.entry_hash, sealed_at=head_.sealed_at),
        Head(n_entries=3, entry_hash="cd" * 32, sealed_at=head_.sealed_at),
        Head(n_entries=3, entry_hash=head_.entry_hash, sealed_at=datetime(2026, 1, 2, tzinfo=UTC)),
    )
    assert key.fits(head_, key.seal(head_))
    assert len({key.seal(head_), other.seal(head_), *(key.seal(each) for each in others)}) == 5
    assert not other.fits(head_, key.seal(head_))
    assert not key.fits(head_, "kein Siegel äöü")
    assert key.secret.hex() not in repr(key)
    assert "secret" not in repr(key)
    assert (len(key.fingerprint), key.fingerprint != other.fingerprint) == (16, True)


def test_what_is_rolled_back_leaves_neither_an_entry_nor_a_gap(database: Database) -> None:
    act(database)

    def lose(session: Session) -> None:
        pin(session)
        session.add(token())
        session.flush()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        run_in_transaction(database, lose)
    with database.session() as session:
        pin(session)  # never committed
    act(database)
    assert [row.sequence for row in entries(database)] == [1, 2]
    assert check(database).is_whole


def test_a_savepoint_takes_its_events_back_and_no_others(database: Database) -> None:
    def lose(session: Session, number: int) -> None:
        with session.begin_nested():
            pin(session, number)
            with session.begin_nested():
                pin(session, number)
            raise RuntimeError

    def unit(session: Session) -> None:
        pin(session, 1)
        with pytest.raises(RuntimeError):
            lose(session, 2)
        with session.begin_nested():
            pin(session, 4)
            with pytest.raises(RuntimeError):
                lose(session, 5)
        pin(session, 6)
        assert [each.target for each in pending_events(session)] == ["Pin 1", "Pin 4", "Pin 6"]
        assert recorded_in(session) == 0

    run_in_transaction(database, unit)
    assert [(row.sequence, row.target) for row in entries(database)] == [(1, "Pin 1"), (2, "Pin 4"), (3, "Pin 6")]
    assert check(database).is_whole


def test_a_session_that_goes_on_after_a_rollback_or_a_commit_records_each_event_once(database: Database) -> None:
    with database.session() as session:
        pin(session, 1)
        session.rollback()
        pin(session, 2)
        session.commit()
        pin(session, 3)
        session.commit()
        session.commit()
    assert [row.target for row in entries(database)] == ["Pin 2", "Pin 3"]


def _fail_inside_a_savepoint(session: Session) -> None:
    with session.begin_nested():
        session.add(token(token_hash="0" * 64))
        record(session, ADMIN, AuditAction.POLICY_CREATED, "inside")
        session.flush()


def test_a_flush_that_fails_inside_a_savepoint_takes_nothing_back_that_was_recorded_before_it(
    database: Database,
) -> None:
    with database.write() as session:
        record(session, ADMIN, AuditAction.POLICY_CREATED, "before")
        session.add(token(token_hash="0" * 64))
        session.flush()
        with pytest.raises(DBAPIError):
            _fail_inside_a_savepoint(session)
        record(session, ADMIN, AuditAction.POLICY_CREATED, "behind")
    assert [each.target for each in entries(database)] == ["before", "behind"]


def test_a_commit_under_an_open_savepoint_does_not_lose_events_silently(database: Database) -> None:
    def unit(session: Session) -> None:
        pin(session)
        session.begin_nested()

    with pytest.raises(RuntimeError, match="open savepoint"):
        run_in_transaction(database, unit)


@pytest.mark.parametrize("kind", ["deadlock", "duplicate"])
def test_a_unit_that_runs_again_records_its_events_once(database: Database, kind: str) -> None:
    attempts = []
    with database.write() as session:
        session.add(token("FIRST", token_hash="taken"))

    def unit(session: Session) -> None:
        attempts.append(None)
        pin(session)
        if len(attempts) == 1:
            if kind == "duplicate":
                session.add(token("SECOND", token_hash="taken"))
                session.flush()
            fault = Exception("deadlock")
            fault.sqlstate = "40P01"  # type: ignore[attr-defined]
            raise DBAPIError("", None, fault)

    run_in_transaction(database, unit)
    assert len(attempts) == 2
    assert [row.sequence for row in entries(database)] == [1]


def test_a_commit_that_fails_after_the_append_leaves_the_head_as_it_was(database: Database) -> None:
    act(database)
    before = head(database)

    def fail(_: Session) -> None:
        raise RuntimeError("at the last moment")

    with database.session() as session:
        pin(session)
        event.listen(session, "before_commit", fail)
        with pytest.raises(RuntimeError, match="at the last moment"):
            session.commit()
    assert head(database) == before
    assert (len(entries(database)), check(database).is_whole) == (1, True)


@pytest.mark.parametrize("n_threads", [4])
def test_many_writers_at_once_make_one_chain_without_gap_or_fork(database: Database, n_threads: int) -> None:
    """Their transactions hold rows of their own in every order, and lock each other's: only the head is common."""
    with database.write() as session:
        session.add_all([token("A", id=UUID(int=1)), token("B", id=UUID(int=2))])
    faults: list[BaseException] = []
    each_writes = 12
    barrier = threading.Barrier(n_threads)

    def work(number: int) -> None:
        def unit(session: Session, turn: int) -> None:
            pin(session, number * 100 + turn)
            own = session.get_one(ApiToken, UUID(int=1 + number % 2), with_for_update=True)
            own.version += 1
            session.add(own)
            with session.begin_nested():
                pin(session, number * 100 + turn)

        try:
            barrier.wait()
            for turn in range(each_writes):
                run_in_transaction(database, lambda session, turn=turn: unit(session, turn))
        except BaseException as fault:  # noqa: BLE001 - told to the test
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert faults == []
    rows = entries(database)
    assert [row.sequence for row in rows] == list(range(1, 2 * each_writes * n_threads + 1))
    assert check(database).is_whole
    # The two events of a transaction stand together, and those of a thread in its order.
    assert [row.target for row in rows[::2]] == [row.target for row in rows[1::2]]
    of_thread = [int(row.target.split()[1]) for row in rows[::2]]
    for number in range(n_threads):
        mine = [target for target in of_thread if target // 100 == number]
        assert mine == sorted(mine)


def test_the_head_is_locked_for_the_end_of_a_transaction_only(database: Database) -> None:
    """A transaction that recorded and goes on working lets others record and commit meanwhile."""
    if database.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    with database.session() as slow, slow.begin():
        pin(slow, 1)
        slow.flush()
        act(database, 2)
        assert len(entries(database)) == 2
    assert [row.sequence for row in entries(database)] == [1, 2, 3]
    assert entries(database)[-1].target == "Pin 1"


def test_a_database_without_seal_keys_says_so_and_writes_nothing(database: Database) -> None:
    bare = Database(database.engine.url.render_as_string(hide_password=False))

    def unit(session: Session) -> None:
        session.add(token())
        pin(session)

    with pytest.raises(ConfigurationError, match="opened without the keys that seal its audit trail"):
        run_in_transaction(bare, unit)
    bare.dispose()
    with database.read() as session:
        assert session.exec(select(ApiToken)).all() == []


def with_keys(database: Database, *keys: str) -> Database:
    return Database(database.engine.url.render_as_string(hide_password=False), seal_keys=SealKeys.of(keys))


def test_a_process_without_the_key_of_the_head_is_told_which_one_is_missing(database: Database) -> None:
    act(database)
    stranger = with_keys(database, "another key")
    with pytest.raises(AuditTrailError, match=f"{TEST_SEAL_KEYS.newest.fingerprint}.*TOUYAN_DATA_KEYS") as refused:
        act(stranger)
    assert TEST_SEAL_KEYS.newest.fingerprint in refused.value.message_zh
    stranger.dispose()
    assert len(entries(database)) == 1


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM audit_head",
        "UPDATE audit_head SET n_entries = n_entries - 1",
        "UPDATE audit_head SET seal = NULL",
        "UPDATE audit_head SET seal = NULL, key_fingerprint = NULL",
        f"UPDATE audit_head SET seal = '{'0' * 64}'",
    ],
)
def test_nothing_is_appended_behind_a_head_that_was_tampered_with(database: Database, damage: str) -> None:
    """To seal it again would make the forgery genuine."""
    act(database, 2)
    with burglar(database) as connection:
        connection.execute(text(damage))

    def unit(session: Session) -> None:
        session.add(token())
        pin(session)

    with pytest.raises(AuditTrailError, match="touyan audit verify"):
        run_in_transaction(database, unit)
    with database.read() as session:
        assert session.exec(select(ApiToken)).all() == []
    assert len(entries(database)) == 2
    assert findings(database) != []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_event SET actor = 'nobody'",
        "DELETE FROM audit_event",
        "DELETE FROM audit_head",
    ],
)
def test_the_database_itself_refuses_to_change_or_delete_entries(database: Database, change: str) -> None:
    act(database)
    with pytest.raises(DBAPIError, match="append-only"), database.engine.begin() as connection:
        connection.execute(text(change))
    assert check(database).is_whole


def test_a_truncation_is_refused_as_well(database: Database) -> None:
    if database.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    act(database)
    with pytest.raises(DBAPIError, match="append-only"), database.engine.begin() as connection:
        connection.execute(text("TRUNCATE audit_event"))


@pytest.mark.parametrize("value", [0.5, object(), b"bytes"])
def test_detail_holds_only_what_both_databases_give_back_unchanged(sqlite_database: Database, value: object) -> None:
    with sqlite_database.write() as session, pytest.raises(TypeError, match="audit detail 'share'"):
        record(session, OFFICER, AuditAction.PIN_ADDED, "Pin 1", share=value)


@pytest.mark.parametrize("text_", ["13812341234", "致电13812341234。", "520624198506120013", "52062419850612001x"])
@pytest.mark.parametrize("place", ["detail", "nested", "target"])
def test_a_personal_number_never_enters_the_trail(sqlite_database: Database, text_: str, place: str) -> None:
    values: dict[str, Callable[[Session], None]] = {
        "detail": lambda session: record(session, OFFICER, AuditAction.PIN_ADDED, "Pin 1", purpose=text_),
        "nested": lambda session: record(session, OFFICER, AuditAction.PIN_ADDED, "Pin 1", all=[{"purpose": text_}]),
        "target": lambda session: record(session, OFFICER, AuditAction.PIN_ADDED, text_),
    }
    with pytest.raises(InvalidInputError) as refused, sqlite_database.write() as session:
        values[place](session)
    assert text_ not in refused.value.message + refused.value.message_zh
    assert entries(sqlite_database) == []


def test_codes_checksums_and_ids_are_no_personal_numbers(sqlite_database: Database) -> None:
    def unit(session: Session) -> None:
        for values in ("520624105201", "520624-00013", "13" * 32, str(uuid4()), "2025-06-02", "1" * 12):
            record(session, OFFICER, AuditAction.PIN_ADDED, "Pin 1", value=values)

    run_in_transaction(sqlite_database, unit)
    assert len(entries(sqlite_database)) == 6


def test_a_full_disk_in_the_moment_of_the_commit_is_told_as_such(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job engine would try again for ever, if it saw the fault of the driver."""

    def full(*_: object) -> None:
        fault = Exception("disk full")
        fault.sqlstate = "53100"  # type: ignore[attr-defined]
        raise DBAPIError("", None, fault)

    monkeypatch.setattr(chain_module, "append", full)
    with pytest.raises(StorageFullError):
        act(sqlite_database)
    monkeypatch.undo()
    assert recorded_count(sqlite_database) == 0


def recorded_count(database: Database) -> int:
    with database.read() as session:
        return recorded_in(session)


def test_an_action_that_is_not_in_the_list_is_refused(sqlite_database: Database) -> None:
    with sqlite_database.write() as session, pytest.raises(ValueError, match="not a valid AuditAction"):
        record(session, OFFICER, "PIN_PAINTED", "Pin 1")  # type: ignore[arg-type]


def test_rows_cannot_be_added_beside_the_chain(database: Database) -> None:
    """The columns of the chain have no defaults."""
    row = AuditEvent(actor="x", role=Role.READER, action=AuditAction.PIN_ADDED, target="-")
    with pytest.raises(DBAPIError), database.write() as session:
        session.add(row)
    assert check(database).n_entries == 0
