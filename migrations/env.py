"""Alembic environment: one set of migrations for SQLite and PostgreSQL, limited to the project's own tables."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, MetaData
from sqlmodel.sql.sqltypes import AutoString

from app.db import EnumText, UtcDateTime, make_engine
from app.models import metadata


def _include_name(name: str | None, type_: str, _parents: object) -> bool:
    # Tables of other libraries (the job engine) live in the same database and are not ours to drop.
    return type_ != "table" or name in metadata.tables


def _render_item(type_: str, item: Any, _autogen: object) -> str | Literal[False]:
    # A migration must not change its meaning when the application's column types do: write plain types.
    if type_ == "type" and isinstance(item, EnumText | AutoString):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    if type_ == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def _run(connection: Connection, target: MetaData) -> None:
    context.configure(
        connection=connection,
        target_metadata=target,
        render_as_batch=True,
        include_name=_include_name,
        compare_type=True,
        render_item=_render_item,
    )
    with context.begin_transaction():
        context.run_migrations()


def run_migrations_online() -> None:
    """Migrate over the connection that ``migrations.runner`` put into the configuration, or over the settings' URL."""
    connection = context.config.attributes.get("connection")
    if connection is not None:
        _run(connection, metadata)
        return
    from app.config import get_settings
    from app.key_file import data_keys
    from app.sealing import SealKeys

    settings = get_settings()
    context.config.attributes["seal_keys"] = SealKeys.of(data_keys(settings))
    engine = make_engine(settings.database_url)
    with engine.connect() as own:
        _run(own, metadata)
        own.commit()
    engine.dispose()


run_migrations_online()
