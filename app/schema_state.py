"""Whether a database has the tables that this release needs, and what to do where it has not."""

from enum import StrEnum

from app.db import Database
from app.errors import ConfigurationError
from app.jobs.engine import has_current_tables
from migrations.runner import find_revision, head_revision, known_revisions


class SchemaState(StrEnum):
    """How the tables of a database compare with this release."""

    EMPTY = "EMPTY"
    OLD = "OLD"
    CURRENT = "CURRENT"
    UNKNOWN = "UNKNOWN"


def url_of(database: Database) -> str:
    """The address of a database with its password, for what connects by itself."""
    return database.engine.url.render_as_string(hide_password=False)


def schema_state(database: Database) -> SchemaState:
    """Look at the tables of the service and at those of the job engine."""
    found = find_revision(database.engine)
    if found is None:
        return SchemaState.EMPTY
    if found not in known_revisions():
        return SchemaState.UNKNOWN
    if found == head_revision() and has_current_tables(url_of(database)):
        return SchemaState.CURRENT
    return SchemaState.OLD


def require_current(database: Database) -> None:
    """Refuse to start over other tables than those of this release, raising ``ConfigurationError`` with the remedy."""
    state = schema_state(database)
    if state is SchemaState.UNKNOWN:
        raise unknown_revision()
    if state is not SchemaState.CURRENT:
        raise not_migrated(state)


def not_migrated(state: SchemaState) -> ConfigurationError:
    """The refusal of a database without tables, or with those of an older release."""
    kind, kind_zh = TOLD[state]
    return ConfigurationError(
        f"The database {kind}; run: touyan migrate (for another database, with --database) / "
        f"数据库{kind_zh}，请执行 touyan migrate（其他数据库加 --database）"
    )


TOLD = {
    SchemaState.EMPTY: ("has no tables yet", "尚无数据表"),
    SchemaState.OLD: ("has the tables of an older release", "表结构版本过旧"),
}


def unknown_revision() -> ConfigurationError:
    """The refusal of a database that a newer release has migrated."""
    return ConfigurationError(
        "The database was migrated by a newer release of Touyan, which this one does not know; start that release, or "
        "restore the backup that its migration made / 数据库已由更新版本的 Touyan 升级，本版本无法使用；"
        "请运行新版本，或恢复升级前的备份"
    )
