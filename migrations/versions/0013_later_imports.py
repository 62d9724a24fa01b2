"""whom committed imports are about.

Revision 0013.
Follows 0012.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("import_undo", schema=None) as batch_op:
        batch_op.add_column(sa.Column("about", JSON, nullable=False, server_default="[]"))


def downgrade() -> None:
    with op.batch_alter_table("import_undo", schema=None) as batch_op:
        batch_op.drop_column("about")
