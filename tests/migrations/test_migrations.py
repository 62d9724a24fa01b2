"""The migrations make exactly the tables of the models, on both databases, and can be taken back."""

import pytest
from sqlalchemy import inspect
from sqlmodel import SQLModel, func, select, text

from app.crypto import PersonalDataCipher
from app.db import Database
from app.errors import ConfigurationError
from app.folding import folded
from app.models import (
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
from migrations.runner import check, downgrade, upgrade
from tests.app.services.world import make_world, populate
from tests.factories_graph import build_world

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
    assert len(own) == 53
    # The rest, in a schema of their own on PostgreSQL, belongs to the job engine.
    assert all(name.startswith(("dbos_", "datasource_")) or name in ENGINE_TABLES for name in tables - own)


def test_migrations_can_be_taken_back_and_run_again(database: Database) -> None:
    downgrade(database.engine)
    assert set(inspect(database.engine).get_table_names()).isdisjoint(metadata.tables)
    upgrade(database.engine)
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
    upgrade(database.engine)
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
        upgrade(database.engine)
    upgrade(database.engine, cipher=cipher)
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
    upgrade(database.engine)
    check(database.engine)
    with database.read() as session:
        people, places = session.exec(select(Person)).all(), session.exec(select(Division)).all()
    assert "张钟书" in {row.search_text for row in people}
    assert all(row.search_text == folded(row.name) for row in (*people, *places))
    assert len(places) > 5
