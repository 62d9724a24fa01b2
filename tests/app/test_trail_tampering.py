"""Whatever somebody does to the stored trail without the key is found, at its first entry, on both databases."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, make_url, text
from sqlmodel import Session

from app.access import SYSTEM_VIEWER, accept_trail, record
from app.access.verify import BATCH
from app.db import Database, run_in_transaction
from app.errors import AuditTrailError
from app.models import AuditEvent, AuditHead
from app.models.vocabulary import AuditAction
from app.sealing import FIRST_HASH, Entry, entry_hash
from tests.app.trails import (
    OFFICER,
    act,
    change_for_good,
    check,
    entries,
    findings,
    found_after,
    head,
    rechain,
    sql,
)
from tests.servers import TEST_SEAL_KEYS
from tests.stock import Files, Server

EVENTS = AuditEvent.__table__  # type: ignore[attr-defined]
CHANGES: dict[str, Any] = {
    "id": uuid4(),
    "at": "2020-01-01 00:00:00.000000",
    "actor": "another",
    "role": "READER",
    "action": "PIN_REMOVED",
    "target": "Pin another",
    "detail": '{"number": 18}',
    "territory_code": "520625",
    "county_id": uuid4(),
    "request_id": "another",
    "previous_hash": "ab" * 32,
    "entry_hash": "ab" * 32,
    "sequence": 99,
}
"""Another value for every column; the test below holds it to the table."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def trail(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database with five entries, in which no test leaves anything behind."""
    stock: Files | Server = request.getfixturevalue("files" if request.param == "sqlite" else "server")
    url = make_url(f"sqlite:///{tmp_path_factory.mktemp('trail') / 'touyan.db'}")
    with stock.database(url if request.param == "sqlite" else stock.new_url()) as database:
        act(database, 5)
        yield database


def test_every_column_of_the_trail_is_tampered_with() -> None:
    assert set(CHANGES) == {column.name for column in EVENTS.columns}


@pytest.mark.parametrize("column", sorted(CHANGES))
def test_a_changed_column_is_found(trail: Database, column: str) -> None:
    second = entries(trail)[1]

    def change(connection: Connection) -> None:
        value = CHANGES[column]
        if column in ("at", "detail") and connection.dialect.name == "postgresql":
            kind = "timestamptz" if column == "at" else "jsonb"
            connection.execute(
                text(f"UPDATE audit_event SET {column} = CAST(:value AS {kind}) WHERE sequence = 2"), {"value": value}
            )
        elif column in ("at", "detail"):
            connection.execute(text(f"UPDATE audit_event SET {column} = :value WHERE sequence = 2"), {"value": value})
        else:
            connection.execute(EVENTS.update().where(EVENTS.c.id == second.id).values({column: value}))

    fault = "ENTRY_MISSING" if column == "sequence" else "ENTRY_CHANGED"
    assert found_after(trail, change) == [(2, fault)]


@pytest.mark.parametrize(("gone", "fault"), [(1, "ENTRY_MISSING"), (3, "ENTRY_MISSING"), (5, "END_MISSING")])
def test_a_removed_entry_is_found(trail: Database, gone: int, fault: str) -> None:
    assert found_after(trail, sql(f"DELETE FROM audit_event WHERE sequence = {gone}")) == [(gone, fault)]


def test_a_trail_that_was_emptied_is_found(trail: Database) -> None:
    assert found_after(trail, sql("DELETE FROM audit_event")) == [(1, "END_MISSING")]


def test_two_entries_that_changed_places_are_found(trail: Database) -> None:
    swap = sql(
        "UPDATE audit_event SET sequence = -2 WHERE sequence = 2",
        "UPDATE audit_event SET sequence = 2 WHERE sequence = 3",
        "UPDATE audit_event SET sequence = 3 WHERE sequence = -2",
    )
    assert found_after(trail, swap) == [(2, "ENTRY_CHANGED")]


def copy_of_second(connection: Connection, **values: Any) -> None:
    row = connection.execute(EVENTS.select().where(EVENTS.c.sequence == 2)).one()._asdict()
    connection.execute(EVENTS.insert(), row | {"id": uuid4()} | values)


def test_an_inserted_entry_is_found_in_the_middle_and_at_the_end(trail: Database) -> None:
    assert found_after(trail, lambda connection: copy_of_second(connection, sequence=6)) == [(6, "ENTRY_CHANGED")]

    def change(connection: Connection) -> None:
        for number in (5, 4, 3):
            connection.execute(text(f"UPDATE audit_event SET sequence = {number + 1} WHERE sequence = {number}"))
        copy_of_second(connection, sequence=3)

    assert found_after(trail, change) == [(3, "ENTRY_CHANGED")]


def test_an_entry_with_a_right_hash_of_its_own_in_the_wrong_place_is_found(trail: Database) -> None:
    """Hashed as the entry after the first, it stands third."""
    first = entries(trail)[0]

    def change(connection: Connection) -> None:
        row = connection.execute(EVENTS.select().where(EVENTS.c.sequence == 3)).one()
        entry = Entry(**{name: getattr(row, name) for name in Entry.__dataclass_fields__})
        hashed = {"previous_hash": first.entry_hash, "entry_hash": entry_hash(first.entry_hash, entry)}
        connection.execute(EVENTS.update().where(EVENTS.c.sequence == 3).values(hashed))

    assert found_after(trail, change) == [(3, "ENTRY_MISPLACED")]


def test_a_number_that_stands_twice_is_found(trail: Database) -> None:
    """Whoever owns the database can drop the constraint as well."""
    if trail.engine.dialect.name == "sqlite":
        pytest.skip("a constraint of SQLite goes with its table only")

    def change(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE audit_event DROP CONSTRAINT uq_audit_event_sequence"))
        copy_of_second(connection)

    assert found_after(trail, change)[0] in {(3, "ENTRY_REPEATED"), (2, "ENTRY_CHANGED")}


@pytest.mark.parametrize("removed", [2, 5])
def test_a_chain_that_was_made_anew_without_the_key_is_found(trail: Database, removed: int) -> None:

    def change(connection: Connection) -> None:
        connection.execute(text(f"DELETE FROM audit_event WHERE sequence = {removed}"))
        rechain(connection, start=removed)

    assert found_after(trail, change) == [(5, "END_MISSING")]


def test_a_changed_entry_whose_tail_was_hashed_anew_is_found(trail: Database) -> None:

    def change(connection: Connection) -> None:
        connection.execute(text("UPDATE audit_event SET actor = 'another' WHERE sequence = 2"))
        rechain(connection, start=2)

    assert found_after(trail, change) == [(5, "RECHAINED")]


def test_entries_that_were_chained_to_the_end_without_the_key_are_found(trail: Database) -> None:

    def change(connection: Connection) -> None:
        copy_of_second(connection, sequence=6)
        rechain(connection, start=6)

    assert found_after(trail, change) == [(6, "END_UNSEALED")]


@pytest.mark.parametrize("seal", ["that of before", "of another key", "none", "of an unknown key"])
def test_a_whole_forgery_with_a_head_of_its_own_is_found(trail: Database, seal: str) -> None:

    def change(connection: Connection) -> None:
        connection.execute(text("DELETE FROM audit_event WHERE sequence = 3"))
        n_entries, last = rechain(connection, start=3)
        table = AuditHead.__table__  # type: ignore[attr-defined]
        values: dict[str, Any] = {"n_entries": n_entries, "entry_hash": last}
        if seal == "of another key":
            values |= {"seal": "ab" * 32}
        elif seal == "none":
            values |= {"seal": None, "key_fingerprint": None}
        elif seal == "of an unknown key":
            values |= {"seal": "ab" * 32, "key_fingerprint": "ab" * 8}
        connection.execute(table.update().values(values))

    fault = {"none": "HEAD_UNSEALED", "of an unknown key": "KEY_UNKNOWN"}.get(seal, "HEAD_FORGED")
    assert found_after(trail, change) == [(4, fault)]


def test_a_head_that_is_gone_is_found(trail: Database) -> None:
    assert found_after(trail, sql("DELETE FROM audit_head")) == [(6, "HEAD_MISSING")]


def test_a_head_with_another_instant_is_found(trail: Database) -> None:
    change = "UPDATE audit_head SET sealed_at = '2020-01-01 00:00:00.000000'"
    assert found_after(trail, sql(change)) == [(5, "HEAD_FORGED")]


def test_a_head_that_cannot_be_read_is_found_and_nothing_is_appended_behind_it(database: Database) -> None:
    act(database, 2)
    value = "'yesterday'" if database.engine.dialect.name == "sqlite" else "'infinity'"
    assert change_for_good(database, sql(f"UPDATE audit_head SET sealed_at = {value}")) == [(2, "HEAD_FORGED")]
    with pytest.raises(AuditTrailError):
        act(database)
    run_in_transaction(database, lambda session: accept_trail(session, SYSTEM_VIEWER, TEST_SEAL_KEYS, "核查"))
    assert findings(database) == []


def test_a_faulty_entry_and_a_forged_head_are_both_told(trail: Database) -> None:
    both = sql("UPDATE audit_event SET actor = 'x' WHERE sequence = 2", "UPDATE audit_head SET n_entries = 7")
    assert found_after(trail, both) == [(2, "ENTRY_CHANGED"), (7, "HEAD_FORGED")]


def test_what_the_service_could_not_even_read_is_found(trail: Database) -> None:
    """SQLite takes anything for any column."""
    if trail.engine.dialect.name == "postgresql":
        pytest.skip("PostgreSQL refuses values of another type")
    values = (
        "at = 'yesterday'",
        "detail = '{'",
        "id = 'no id'",
        "county_id = 'no id'",
        "actor = x'00ff'",
        "target = 17",
    )
    found = {value: found_after(trail, sql(f"UPDATE audit_event SET {value} WHERE sequence = 2")) for value in values}
    assert {value: len(each) for value, each in found.items()} == dict.fromkeys(values, 1)
    assert {each[0][0] for each in found.values()} == {2}
    assert {each[0][1] for each in found.values()} == {"ENTRY_UNREADABLE", "ENTRY_CHANGED"}
    assert found["actor = x'00ff'"] == found["at = 'yesterday'"] == [(2, "ENTRY_UNREADABLE")]


def test_an_instant_beyond_all_calendars_is_found(trail: Database) -> None:
    if trail.engine.dialect.name == "sqlite":
        pytest.skip("only PostgreSQL has such instants")
    assert found_after(trail, sql("UPDATE audit_event SET at = 'infinity' WHERE sequence = 2")) == [
        (2, "ENTRY_UNREADABLE")
    ]


class TestAnchors:
    """What only somebody outside can find: the whole trail, with its genuine head, was put back to an earlier day."""

    def test_a_trail_put_back_to_an_earlier_state_is_found_by_an_anchor(self, database: Database) -> None:
        act(database, 3)
        old = head(database)
        assert old is not None
        act(database, 2)
        anchor = entries(database)[-1]

        def change(connection: Connection) -> None:
            connection.execute(text("DELETE FROM audit_event WHERE sequence > 3"))
            table = AuditHead.__table__  # type: ignore[attr-defined]
            connection.execute(table.update().values(old.model_dump()))

        assert change_for_good(database, change) == []
        assert findings(database, anchors={anchor.sequence: anchor.entry_hash}) == [(5, "ANCHOR_MISSING")]
        act(database, 2)
        assert findings(database) == []
        assert findings(database, anchors={anchor.sequence: anchor.entry_hash}) == [(5, "ANCHOR_DIFFERS")]

    def test_genuine_anchors_hold_at_every_place(self, database: Database) -> None:
        act(database, 4)
        assert findings(database, anchors={row.sequence: row.entry_hash for row in entries(database)}) == []
        assert findings(database, anchors={0: FIRST_HASH}) == []


def test_a_trail_longer_than_one_batch_is_checked_to_its_end(sqlite_database: Database) -> None:
    n = 2 * BATCH + 3

    def unit(session: Session) -> None:
        for number in range(n):
            record(session, OFFICER, AuditAction.PIN_ADDED, f"Pin {number}")

    run_in_transaction(sqlite_database, unit)
    assert (check(sqlite_database).n_entries, check(sqlite_database).is_whole) == (n, True)
    late = sql(f"UPDATE audit_event SET actor = 'x' WHERE sequence = {n - 1}")
    assert change_for_good(sqlite_database, late) == [(n - 1, "ENTRY_CHANGED")]


def test_another_spelling_of_an_instant_or_an_id_is_a_change(sqlite_database: Database) -> None:
    """What reads as another instant, or is found no more under its county, is no longer what was written."""
    act(sqlite_database, 3)
    for sequence, column in ((3, "id = upper(id)"), (2, "at = at || '+14:00'")):
        changed = change_for_good(sqlite_database, sql(f"UPDATE audit_event SET {column} WHERE sequence = {sequence}"))
        assert changed == [(sequence, "ENTRY_UNREADABLE")]
