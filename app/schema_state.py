"""Whether a database has the tables that this release needs, and what to do where it has not."""

from enum import StrEnum

from app.access.chain import StoredHead, find_head
from app.db import Database
from app.errors import ConfigurationError
from app.jobs.engine import has_current_tables
from app.models.vocabulary import TrailFault
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
    _require_own_trail(database)


def _require_own_trail(database: Database) -> None:
    """Refuse to start with keys under which nothing could be recorded: work would be done and then thrown away."""
    if database.seal_keys is None:
        return
    with database.read() as session:
        head = find_head(session)
        if isinstance(head, StoredHead) and head.fault(database.seal_keys) is TrailFault.KEY_UNKNOWN:
            raise ConfigurationError(
                f"TOUYAN_DATA_KEYS: the audit trail is sealed under the key {head.key_fingerprint}, which is not among "
                "the data keys given here; every process of one database needs the same keys / "
                f"审计日志由密钥 {head.key_fingerprint} 封存，而此处的数据密钥中没有该密钥；"
                "同一数据库的所有进程须使用相同密钥"
            )


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
