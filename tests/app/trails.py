"""A trail to tamper with: events, and changes as somebody who has the database but no key would make them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text
from sqlmodel import Session, col, select

from app.access import TrailReport, Viewer, record, verify_trail
from app.db import Database, run_in_transaction
from app.models import AuditEvent, AuditHead
from app.models.vocabulary import AuditAction, Role
from app.sealing import FIRST_HASH, Entry, entry_hash
from tests.servers import TEST_SEAL_KEYS

COUNTY = UUID(int=624)
OFFICER = Viewer(subject="思南县经办", role=Role.COUNTY_ADMIN, code_prefix="520624", county_ids=frozenset({COUNTY}))
ADMIN = Viewer(subject="system", role=Role.SYSTEM_ADMIN)


def act(database: Database, n: int = 1, *, viewer: Viewer = OFFICER) -> None:
    """Record events, each in a transaction of its own."""
    for _ in range(n):
        run_in_transaction(
            database, lambda session: record(session, viewer, AuditAction.PIN_ADDED, f"Pin {uuid4()}", number=17)
        )


def entries(database: Database) -> list[AuditEvent]:
    with database.read() as session:
        return list(session.exec(select(AuditEvent).order_by(col(AuditEvent.sequence))))


def head(database: Database) -> AuditHead | None:
    with database.read() as session:
        return session.get(AuditHead, 1)


def check(database: Database, **anchors: Any) -> TrailReport:
    with database.read() as session:
        return verify_trail(session, TEST_SEAL_KEYS, **anchors)


def findings(database: Database, **anchors: Any) -> list[tuple[int, str]]:
    return [(each.sequence, each.fault.value) for each in check(database, **anchors).findings]


@contextmanager
def burglar(database: Database) -> Iterator[Connection]:
    """A connection of somebody who owns the database: the guards of the tables do not stop them."""
    with database.engine.begin() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        if is_sqlite:
            guards = connection.execute(
                text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit_%'")
            ).all()
            for name, _ in guards:
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield connection
        if is_sqlite and connection.in_transaction():
            for _, sql in guards:
                connection.exec_driver_sql(sql)


def rechain(connection: Connection, *, start: int) -> tuple[int, str]:
    """Number and chain the entries anew from a number on, as anybody can who knows how; the end of the chain."""
    table = AuditEvent.__table__  # type: ignore[attr-defined]
    rows = connection.execute(select(table).order_by(table.c.sequence, table.c.id)).all()
    last = FIRST_HASH
    for sequence, row in enumerate(rows, start=1):
        if sequence < start:
            last = row.entry_hash
            continue
        columns = {name: getattr(row, name) for name in Entry.__dataclass_fields__}
        before, last = last, entry_hash(last, Entry(**(columns | {"sequence": sequence})))
        change = table.update().where(table.c.id == row.id)
        connection.execute(change.values(sequence=sequence, previous_hash=before, entry_hash=last))
    return len(rows), last


Change = Callable[[Connection], object]


def found_after(database: Database, change: Change, **anchors: Any) -> list[tuple[int, str]]:
    """What a check finds after a change, which is then taken back."""
    with burglar(database) as connection:
        change(connection)
        with Session(connection) as session:
            report = verify_trail(session, TEST_SEAL_KEYS, **anchors)
        connection.get_transaction().rollback()  # type: ignore[union-attr]
    return [(each.sequence, each.fault.value) for each in report.findings]


def change_for_good(database: Database, change: Change) -> list[tuple[int, str]]:
    """What a check finds after a change that stays."""
    with burglar(database) as connection:
        change(connection)
    return findings(database)


def sql(*statements: str) -> Change:
    """The change that statements make."""

    def run(connection: Connection) -> None:
        for statement in statements:
            connection.execute(text(statement))

    return run


def recorded_in(session: Session) -> int:
    """Entries that a session sees."""
    return len(session.exec(select(AuditEvent.id)).all())
