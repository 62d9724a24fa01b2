"""names folded for search.

Revision 0005.
Follows 0004.
"""

import sqlalchemy as sa
from alembic import op

from app.folding import folded

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NAMED_TABLES = ("person", "division", "reserve_pool", "mentor_pool", "pairing_program")
BATCH = 5_000
"""Rows whose names are folded at a time."""


def upgrade() -> None:
    for name in NAMED_TABLES:
        with op.batch_alter_table(name, schema=None) as batch_op:
            batch_op.add_column(sa.Column("search_text", sa.String(), nullable=False, server_default=""))
        _fill(name)


def _fill(name: str) -> None:
    """Fold the names that are stored already, by the folding of today: searches fold by the same."""
    table = sa.table(
        name, sa.column("id", sa.Uuid()), sa.column("name", sa.String()), sa.column("search_text", sa.String())
    )
    connection = op.get_bind()
    rows = connection.execute(sa.select(table.c.id, table.c.name)).all()
    change = sa.update(table).where(table.c.id == sa.bindparam("row_id")).values(search_text=sa.bindparam("text"))
    for start in range(0, len(rows), BATCH):
        connection.execute(change, [{"row_id": key, "text": folded(text)} for key, text in rows[start : start + BATCH]])


def downgrade() -> None:
    for name in reversed(NAMED_TABLES):
        with op.batch_alter_table(name, schema=None) as batch_op:
            batch_op.drop_column("search_text")
