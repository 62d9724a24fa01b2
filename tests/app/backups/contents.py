"""What the tests of backups write, and what a copy holds of it."""

from pathlib import Path

from sqlmodel import col, select

from app.access import create_token
from app.db import Database, run_in_transaction
from app.models import ApiToken, AuditEvent
from app.models.vocabulary import Role
from tests.servers import TEST_DATA_KEY

KEY = TEST_DATA_KEY


def write(database: Database, label: str) -> None:
    """One transaction that writes two linked rows: a token, and the event that tells of it."""
    run_in_transaction(database, lambda session: create_token(session, role=Role.READER, label=label, division=None))


def tokens_and_events(path: Path) -> tuple[set[str], set[str]]:
    database = Database(f"sqlite:///{path}")
    with database.read() as session:
        tokens = {f"ApiToken {row.id}" for row in session.exec(select(ApiToken))}
        told = select(AuditEvent.target).where(AuditEvent.action == "TOKEN_CREATED")
        events = set(session.exec(told))
    database.dispose()
    return tokens, events


def actions(path: Path) -> list[str]:
    database = Database(f"sqlite:///{path}")
    with database.read() as session:
        found = list(session.exec(select(AuditEvent.action).order_by(col(AuditEvent.at))))
    database.dispose()
    return found
