"""The migrations make exactly the tables of the models, on both databases, and can be taken back."""

from sqlalchemy import inspect

from app.db import Database
from app.models import metadata
from migrations.runner import check, downgrade, upgrade


def test_migrated_database_has_exactly_the_tables_of_the_models(database: Database) -> None:
    check(database.engine)
    tables = set(inspect(database.engine).get_table_names()) - {"alembic_version"}
    assert tables == set(metadata.tables)
    assert len(tables) == 45


def test_migrations_can_be_taken_back_and_run_again(database: Database) -> None:
    downgrade(database.engine)
    assert inspect(database.engine).get_table_names() == ["alembic_version"]
    upgrade(database.engine)
    check(database.engine)


def test_every_table_of_people_and_pairings_carries_its_county_indexed() -> None:
    slices = {"person", "appointment", "mentee", "mentor", "pairing", "pairing_member", "plan_item", "shortfall", "pin"}
    for name in slices:
        column = metadata.tables[name].c.county_id
        assert column.index, name
        assert not column.nullable, name
