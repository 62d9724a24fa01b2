"""the audit trail becomes a chain, with a sealed head.

Revision 0007.
Follows 0006.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from app.errors import ConfigurationError
from app.sealing import FIRST_HASH, Entry, Head, SealKeys, entry_hash

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql")
BATCH = 2_000
"""Entries that are chained at a time."""

FORMER_NAMES = {
    "COMMIT_IMPORT": "IMPORT_COMMITTED",
    "DISCARD_IMPORT": "IMPORT_DISCARDED",
    "CREATE_PERSON": "PERSON_CREATED",
    "UPDATE_PERSON": "PERSON_CHANGED",
    "CREATE_RESERVE_CANDIDATE": "RESERVE_CANDIDATE_CREATED",
    "UPDATE_RESERVE_CANDIDATE": "RESERVE_CANDIDATE_CHANGED",
    "REMOVE_RESERVE_CANDIDATE": "RESERVE_CANDIDATE_REMOVED",
    "CREATE_ASSIGNED_CADRE": "ASSIGNED_CADRE_CREATED",
    "CREATE_MENTOR": "MENTOR_CREATED",
    "UPDATE_MENTOR": "MENTOR_CHANGED",
}
"""Actions that were not named in the past tense as the others are."""

EVENTS = sa.table(
    "audit_event",
    sa.column("id", sa.Uuid()),
    sa.column("at", sa.DateTime(timezone=True)),
    sa.column("actor", sa.String()),
    sa.column("role", sa.String()),
    sa.column("action", sa.String()),
    sa.column("target", sa.String()),
    sa.column("detail", JSON),
    sa.column("sequence", sa.BigInteger()),
    sa.column("previous_hash", sa.String()),
    sa.column("entry_hash", sa.String()),
)
INDEXED = ("actor", "target", "request_id")

# A change of the table on SQLite makes it anew, without these: such a migration must make them again.
SQLITE_GUARDS = {
    "audit_event_not_changed": "BEFORE UPDATE ON audit_event",
    "audit_event_not_deleted": "BEFORE DELETE ON audit_event",
    "audit_head_not_deleted": "BEFORE DELETE ON audit_head",
}
POSTGRESQL_GUARDS = {
    "audit_event_not_changed": ("audit_event", "BEFORE UPDATE OR DELETE OR TRUNCATE"),
    "audit_head_not_deleted": ("audit_head", "BEFORE DELETE OR TRUNCATE"),
}


def upgrade() -> None:
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sequence", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("territory_code", sa.String(length=12), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("county_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("request_id", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("previous_hash", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("entry_hash", sa.String(length=64), nullable=True))
    _rename(FORMER_NAMES)
    n_entries, last = _chain()
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.alter_column("sequence", existing_type=sa.BigInteger(), nullable=False)
        batch_op.alter_column("previous_hash", existing_type=sa.String(length=64), nullable=False)
        batch_op.alter_column("entry_hash", existing_type=sa.String(length=64), nullable=False)
        batch_op.create_unique_constraint(batch_op.f("uq_audit_event_sequence"), ["sequence"])
        for name in INDEXED:
            batch_op.create_index(batch_op.f(f"ix_audit_event_{name}"), [name], unique=False)
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n_entries", sa.BigInteger(), nullable=False),
        sa.Column("entry_hash", sa.String(length=64), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=True),
        sa.Column("key_fingerprint", sa.String(length=16), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_audit_head_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.bulk_insert(head, [_head(n_entries, last)])
    _make_guards()


def _rename(names: dict[str, str]) -> None:
    for old, new in names.items():
        op.execute(sa.update(EVENTS).where(EVENTS.c.action == old).values(action=new))


def _chain() -> tuple[int, str]:
    """Number and chain what was recorded so far, in the order of its instants."""
    connection = op.get_bind()
    change = (
        sa.update(EVENTS)
        .where(EVENTS.c.id == sa.bindparam("row_id"))
        .values(sequence=sa.bindparam("number"), previous_hash=sa.bindparam("before"), entry_hash=sa.bindparam("after"))
    )
    n_entries, last = 0, FIRST_HASH
    for rows in _batches(connection):
        changes = []
        for row in rows:
            n_entries += 1
            entry = Entry(
                sequence=n_entries,
                id=row.id,
                at=_in_utc(row.at),
                actor=row.actor,
                role=row.role,
                action=row.action,
                target=row.target,
                detail=row.detail,
                territory_code="",
                county_id=None,
                request_id=None,
            )
            before, last = last, entry_hash(last, entry)
            changes.append({"row_id": row.id, "number": n_entries, "before": before, "after": last})
        connection.execute(change, changes)
    return n_entries, last


def _batches(connection: sa.Connection) -> Iterator[Any]:
    place = sa.tuple_(EVENTS.c.at, EVENTS.c.id)
    after = None
    while True:
        wanted = sa.select(EVENTS).order_by(EVENTS.c.at, EVENTS.c.id).limit(BATCH)
        if after is not None:
            wanted = wanted.where(place > sa.tuple_(*after))
        rows = connection.execute(wanted).all()
        if not rows:
            return
        yield rows
        after = (sa.literal(rows[-1].at, sa.DateTime(timezone=True)), sa.literal(rows[-1].id, sa.Uuid()))


def _in_utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _head(n_entries: int, last: str) -> dict[str, object]:
    """The head; one without entries may go unsealed until `touyan migrate` seals it, any other may not."""
    at = datetime.now(UTC)
    values = {"id": 1, "n_entries": n_entries, "entry_hash": last, "sealed_at": at}
    keys = context.config.attributes.get("seal_keys")
    if n_entries == 0 and keys is None:
        return values
    if not isinstance(keys, SealKeys):
        raise ConfigurationError(
            f"{n_entries} audit events are there already; to seal them, the migration needs the data keys: run "
            "`touyan migrate` with TOUYAN_DATA_KEYS"
        )
    seal = keys.newest.seal(Head(n_entries=n_entries, entry_hash=last, sealed_at=at))
    return {**values, "seal": seal, "key_fingerprint": keys.newest.fingerprint}


def _make_guards() -> None:
    """The trail is appended to only: the database itself refuses everything else, by accident or by a fault."""
    if op.get_bind().dialect.name == "sqlite":
        for name, moment in SQLITE_GUARDS.items():
            op.execute(
                f"CREATE TRIGGER {name} {moment} BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION refuse_change_of_audit_trail() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$"
    )
    for name, (table, moment) in POSTGRESQL_GUARDS.items():
        op.execute(
            f"CREATE TRIGGER {name} {moment} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit_trail()"
        )


def _drop_guards() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in SQLITE_GUARDS:
            op.execute(f"DROP TRIGGER {name}")
        return
    for name, (table, _) in POSTGRESQL_GUARDS.items():
        op.execute(f"DROP TRIGGER {name} ON {table}")
    op.execute("DROP FUNCTION refuse_change_of_audit_trail()")


def downgrade() -> None:
    _drop_guards()
    op.drop_table("audit_head")
    _rename({new: old for old, new in FORMER_NAMES.items()})
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        for name in INDEXED:
            batch_op.drop_index(batch_op.f(f"ix_audit_event_{name}"))
        batch_op.drop_constraint(batch_op.f("uq_audit_event_sequence"), type_="unique")
        for name in ("entry_hash", "previous_hash", "request_id", "county_id", "territory_code", "sequence"):
            batch_op.drop_column(name)
