"""imports that can be corrected, mapped and taken back.

Revision 0010.
Follows 0009.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql")


def _tracking() -> list[sa.Column[object]]:
    return [
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=80), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=80), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    ]


def upgrade() -> None:
    with op.batch_alter_table("import_batch", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sender_code", sa.String(length=12), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("mappings", JSON, nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("sheets_encrypted", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("import_batch", schema=None) as batch_op:
        batch_op.alter_column("sender_code", existing_type=sa.String(length=12), server_default=None)
        batch_op.alter_column("mappings", existing_type=JSON, server_default=None)
    with op.batch_alter_table("import_row", schema=None) as batch_op:
        batch_op.add_column(sa.Column("position", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("changed_columns", JSON, nullable=False, server_default="[]"))
    # Rows of before carry their place in front of their content, which is encrypted; their numbers give the same order.
    op.execute("UPDATE import_row SET position = row_number")
    with op.batch_alter_table("import_row", schema=None) as batch_op:
        batch_op.alter_column("position", existing_type=sa.Integer(), server_default=None)
        batch_op.alter_column("changed_columns", existing_type=JSON, server_default=None)
    with op.batch_alter_table("import_issue", schema=None) as batch_op:
        batch_op.add_column(sa.Column("position", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("column_key", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("choices", JSON, nullable=False, server_default="[]"))
    with op.batch_alter_table("import_issue", schema=None) as batch_op:
        batch_op.alter_column("position", existing_type=sa.Integer(), server_default=None)
        batch_op.alter_column("choices", existing_type=JSON, server_default=None)
    # A file that is still open was uploaded without its bytes being kept: it must be uploaded again.
    op.execute(
        "UPDATE import_batch SET state = 'DISCARDED' WHERE state IN ('UPLOADED', 'PARSED', 'HAS_ERRORS', 'READY')"
    )
    for table in ("import_source", "import_undo"):
        op.create_table(
            table,
            sa.Column("id", sa.Uuid(), nullable=False),
            sa.Column("batch_id", sa.Uuid(), nullable=False),
            sa.Column("content_encrypted", sa.String(), nullable=True),
            sa.ForeignKeyConstraint(["batch_id"], ["import_batch.id"], name=op.f(f"fk_{table}_batch_id")),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
            sa.UniqueConstraint("batch_id", name=op.f(f"uq_{table}_batch_id")),
        )
    op.create_table(
        "import_correction",
        sa.Column("id", sa.Uuid(), nullable=False),
        *_tracking(),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("sheet", sa.String(length=80), nullable=False),
        sa.Column("cell", sa.String(length=12), nullable=False),
        sa.Column("is_row_skipped", sa.Boolean(), nullable=False),
        sa.Column("text_encrypted", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batch.id"], name=op.f("fk_import_correction_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_correction")),
        sa.UniqueConstraint("batch_id", "sheet", "cell", name=op.f("uq_import_correction_batch_id_sheet_cell")),
    )
    op.create_index(op.f("ix_import_correction_batch_id"), "import_correction", ["batch_id"])
    op.create_table(
        "import_mapping",
        sa.Column("id", sa.Uuid(), nullable=False),
        *_tracking(),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("sender_code", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("header", sa.String(length=200), nullable=False),
        sa.Column("column_key", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["county_id"], ["division.id"], name=op.f("fk_import_mapping_county_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_mapping")),
        sa.UniqueConstraint(
            "county_id",
            "sender_code",
            "kind",
            "header",
            name=op.f("uq_import_mapping_county_id_sender_code_kind_header"),
        ),
    )
    op.create_index(op.f("ix_import_mapping_county_id"), "import_mapping", ["county_id"])


def downgrade() -> None:
    for table in ("import_mapping", "import_correction", "import_undo", "import_source"):
        op.drop_table(table)
    op.execute(
        "UPDATE import_batch SET state = 'DISCARDED' WHERE state IN ('UPLOADED', 'PARSED', 'HAS_ERRORS', 'READY')"
    )
    op.execute("UPDATE import_batch SET state = 'COMMITTED' WHERE state = 'UNDONE'")
    for table, columns in (
        ("import_issue", ("choices", "column_key", "position")),
        ("import_row", ("changed_columns", "position")),
        ("import_batch", ("undone_at", "sheets_encrypted", "mappings", "sender_code")),
    ):
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.drop_column(column)
