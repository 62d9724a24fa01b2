"""texts of class A encrypted.

Revision 0008.
Follows 0007.
"""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import context, op

from app.crypto import PersonalDataCipher
from app.errors import ConfigurationError

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TEXTS = (
    # table, column, its length before, whether every row has one
    ("exclusion", "source", 80, True),
    ("pairing_member", "note", 200, False),
    ("plan_adjustment", "reason", 200, True),
    ("preference", "reason", 200, False),
    ("reserve_candidate", "exit_reason", 200, False),
)
BATCH = 1_000
"""Rows that are encrypted at a time."""


def upgrade() -> None:
    for table, column, _, is_required in TEXTS:
        encrypted = f"{column}_encrypted"
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column(encrypted, sa.String(), nullable=True))
        _convert(table, column, encrypted, lambda cipher, text: cipher.encrypt(text))
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column(column)
            if is_required:
                batch_op.alter_column(encrypted, existing_type=sa.String(), nullable=False)


def downgrade() -> None:
    for table, column, length, is_required in reversed(TEXTS):
        encrypted = f"{column}_encrypted"
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column(column, sa.String(length=length), nullable=True))
        _convert(table, encrypted, column, lambda cipher, token: cipher.decrypt(token))
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column(encrypted)
            if is_required:
                batch_op.alter_column(column, existing_type=sa.String(length=length), nullable=False)


def _convert(name: str, source: str, target: str, convert: Callable[[PersonalDataCipher, str], str]) -> None:
    """Fill one column of the rows that have a text in the other; a table without texts needs no key."""
    table = sa.table(name, sa.column("id", sa.Uuid()), sa.column(source, sa.String()), sa.column(target, sa.String()))
    connection = op.get_bind()
    rows = connection.execute(sa.select(table.c.id, table.c[source]).where(table.c[source].is_not(None))).all()
    if not rows:
        return
    cipher = _cipher(name)
    change = sa.update(table).where(table.c.id == sa.bindparam("row_id")).values({target: sa.bindparam("text")})
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        connection.execute(change, [{"row_id": key, "text": convert(cipher, text)} for key, text in batch])


def _cipher(table: str) -> PersonalDataCipher:
    cipher = context.config.attributes.get("cipher")
    if not isinstance(cipher, PersonalDataCipher):
        raise ConfigurationError(
            f"{table} holds texts that this step encrypts; run it as `touyan migrate`, which knows the data keys"
        )
    return cipher
