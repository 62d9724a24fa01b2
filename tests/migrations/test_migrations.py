"""The migrations make exactly the tables of the models, on both databases, and can be taken back."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel, col, func, select, text

from app.access import SYSTEM_VIEWER, record, verify_trail
from app.crypto import PersonalDataCipher
from app.db import Database, UtcDateTime, run_in_transaction
from app.errors import ConfigurationError
from app.folding import folded
from app.models import (
    AuditEvent,
    Division,
    MatchPlan,
    MatchRun,
    MatchSnapshot,
    PairingMember,
    Person,
    PlanItem,
    Preference,
    RosterEntry,
    metadata,
)
from app.models.columns import JSON_TYPE
from app.models.vocabulary import AuditAction
from migrations.runner import check, downgrade, upgrade
from tests.app.services.world import make_world, populate
from tests.factories_graph import build_world
from tests.servers import TEST_SEAL_KEYS

ENGINE_TABLES = frozenset(
    {
        "application_versions",
        "event_dispatch_kv",
        "notifications",
        "operation_outputs",
        "queues",
        "streams",
        "workflow_events",
        "workflow_input",
        "workflow_output",
        "workflow_events_history",
        "workflow_schedules",
        "workflow_status",
    }
)
"""Tables of the job engine beside those with its prefix."""


def test_migrated_database_has_exactly_the_tables_of_the_models(database: Database) -> None:
    check(database.engine)
    tables = set(inspect(database.engine).get_table_names()) - {"alembic_version"}
    own = tables & set(metadata.tables)
    assert own == set(metadata.tables)
    assert len(own) == 60
    # The rest, in a schema of their own on PostgreSQL, belongs to the job engine.
    assert all(name.startswith(("dbos_", "datasource_")) or name in ENGINE_TABLES for name in tables - own)


def test_migrations_can_be_taken_back_and_run_again(database: Database) -> None:
    downgrade(database.engine)
    assert set(inspect(database.engine).get_table_names()).isdisjoint(metadata.tables)
    upgrade(database.engine, seal_keys=database.seal_keys)
    check(database.engine)


def test_every_table_of_people_and_pairings_carries_its_county_indexed() -> None:
    slices = {"person", "appointment", "mentee", "mentor", "pairing", "pairing_member", "plan_item", "shortfall", "pin"}
    for name in slices:
        column = metadata.tables[name].c.county_id
        assert column.index, name
        assert not column.nullable, name


def test_rows_survive_migrations_back_and_forth(database: Database, cipher: PersonalDataCipher) -> None:
    world = make_world(database, cipher)
    populate(world, n=2)
    run_id = world.run(world.program())
    with database.read() as session:
        plan = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one()
    world.publish(plan)

    def counts() -> dict[str, int]:
        tables: list[type[SQLModel]] = [MatchSnapshot, MatchRun, MatchPlan, PlanItem, PairingMember, RosterEntry]
        with database.read() as session:
            return {table.__name__: session.exec(select(func.count()).select_from(table)).one() for table in tables}

    before = counts()
    assert before == {
        "MatchSnapshot": 1,
        "MatchRun": 1,
        "MatchPlan": 1,
        "PlanItem": 4,
        "PairingMember": 4,
        "RosterEntry": 2,
    }
    downgrade(database.engine, "0001")
    upgrade(database.engine, seal_keys=database.seal_keys)
    check(database.engine)
    assert counts() == before


def test_texts_of_class_a_that_are_stored_already_are_encrypted_and_come_back(
    database: Database, cipher: PersonalDataCipher
) -> None:
    world = build_world(database, cipher, n_candidates=3)
    tables = ("exclusion", "pairing_member", "plan_adjustment", "preference", "reserve_candidate")
    with pytest.raises(ConfigurationError, match=r"holds texts that this step encrypts; run it as `touyan migrate`"):
        downgrade(database.engine, "0005")
    downgrade(database.engine, "0005", cipher=cipher)
    with database.engine.connect() as connection:
        clear = connection.execute(text("SELECT note FROM pairing_member")).scalars().all()
        assert clear == ["restricted-note"] * 6
        assert connection.execute(text("SELECT reason FROM preference")).scalars().all() == [
            "restricted-preference-reason"
        ]
    with pytest.raises(ConfigurationError):
        upgrade(database.engine, seal_keys=database.seal_keys)
    upgrade(database.engine, seal_keys=database.seal_keys, cipher=cipher)
    check(database.engine)
    with database.engine.connect() as connection:
        for name in tables:
            assert "restricted" not in str(connection.execute(text(f"SELECT * FROM {name}")).all())
    with database.read() as session:
        members = session.exec(select(PairingMember)).all()
        wish = session.get_one(Preference, world.ids["preference"])
    assert {cipher.decrypt(row.note_encrypted or "") for row in members} == {"restricted-note"}
    assert cipher.decrypt(wish.reason_encrypted or "") == "restricted-preference-reason"


def test_names_that_are_stored_already_are_folded_for_search(database: Database, cipher: PersonalDataCipher) -> None:
    world = make_world(database, cipher)
    populate(world, n=2)
    with database.write() as session:
        person = session.exec(select(Person).order_by(Person.code)).first()
        assert person is not None
        person.name = "張　鍾書"
    downgrade(database.engine, "0004")
    with database.read() as session:
        assert session.exec(text("SELECT count(*) FROM person WHERE name = '張　鍾書'")).scalar_one() == 1  # type: ignore[call-overload]
    upgrade(database.engine, seal_keys=database.seal_keys)
    check(database.engine)
    with database.read() as session:
        people, places = session.exec(select(Person)).all(), session.exec(select(Division)).all()
    assert "张钟书" in {row.search_text for row in people}
    assert all(row.search_text == folded(row.name) for row in (*people, *places))
    assert len(places) > 5


OLD_EVENTS = sa.table(
    "audit_event",
    sa.column("id", sa.Uuid()),
    sa.column("at", UtcDateTime()),
    sa.column("actor", sa.String()),
    sa.column("role", sa.String()),
    sa.column("action", sa.String()),
    sa.column("target", sa.String()),
    sa.column("detail", JSON_TYPE),
)
"""The trail before it was a chain."""


def test_events_that_are_stored_already_are_chained_by_their_instants_and_sealed(database: Database) -> None:
    downgrade(database.engine, "0006")
    start = datetime(2025, 3, 1, tzinfo=UTC)
    n_events = 2_100  # more than are chained at a time
    rows = [
        {
            "id": UUID(int=n_events - number),
            "at": start + timedelta(microseconds=number // 2),
            "actor": "经办",
            "role": "COUNTY_ADMIN",
            "action": ("CREATE_PERSON", "COMMIT_IMPORT", "PIN_ADDED")[number % 3],
            "target": f"Person {number}",
            "detail": {"share": 0.1, "counts": {"新": number}, "none": None},
        }
        for number in range(n_events)
    ]
    with database.engine.begin() as connection:
        connection.execute(OLD_EVENTS.insert(), rows)
    with pytest.raises(ConfigurationError, match="2100 audit events"):
        upgrade(database.engine, seal_keys=None)
    with database.engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(OLD_EVENTS)).scalar() == n_events
    upgrade(database.engine, seal_keys=database.seal_keys)
    check(database.engine)
    with database.read() as session:
        report = verify_trail(session, TEST_SEAL_KEYS)
        events = session.exec(select(AuditEvent).order_by(col(AuditEvent.sequence))).all()
    assert (report.is_whole, report.n_entries) == (True, n_events)
    expected = sorted(rows, key=lambda row: (row["at"], row["id"]))
    assert [event.target for event in events] == [row["target"] for row in expected]
    assert {event.action for event in events} == {
        AuditAction.PERSON_CREATED,
        AuditAction.IMPORT_COMMITTED,
        AuditAction.PIN_ADDED,
    }
    run_in_transaction(database, lambda s: record(s, SYSTEM_VIEWER, AuditAction.PIN_REMOVED, "Pin 1"))
    downgrade(database.engine, "0006")
    with database.engine.connect() as connection:
        actions = connection.execute(sa.select(OLD_EVENTS.c.action).distinct()).scalars().all()
    assert sorted(actions) == ["COMMIT_IMPORT", "CREATE_PERSON", "PIN_ADDED", "PIN_REMOVED"]
    upgrade(database.engine, seal_keys=database.seal_keys)
    with database.read() as session:
        assert verify_trail(session, TEST_SEAL_KEYS).n_entries == n_events + 1
    with pytest.raises(DBAPIError, match="append-only"), database.engine.begin() as connection:
        connection.execute(OLD_EVENTS.delete())
