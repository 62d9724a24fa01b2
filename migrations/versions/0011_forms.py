"""forms beside rosters, archived files of rosters, texts of forms.

Revision 0011.
Follows 0010.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql")
ENUM = sa.String(length=40)


def upgrade() -> None:
    op.create_table(
        "form_text",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=80), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=80), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("division_id", sa.Uuid(), nullable=False),
        sa.Column("form", ENUM, nullable=False),
        sa.Column("texts", JSON, nullable=False),
        sa.Column("widths", JSON, nullable=False),
        sa.ForeignKeyConstraint(["division_id"], ["division.id"], name=op.f("fk_form_text_division_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form_text")),
        sa.UniqueConstraint("division_id", "form", name=op.f("uq_form_text_division_id_form")),
    )
    with op.batch_alter_table("form_text", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_form_text_division_id"), ["division_id"], unique=False)
    op.create_table(
        "roster_master",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("roster_id", sa.Uuid(), nullable=False),
        sa.Column("division_id", sa.Uuid(), nullable=False),
        sa.Column("form", ENUM, nullable=False),
        sa.Column("format", ENUM, nullable=False),
        sa.Column("layout", ENUM, nullable=False),
        sa.Column("mask_level", ENUM, nullable=False),
        sa.Column("row_order", ENUM, nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("own_line", sa.String(length=200), nullable=False),
        sa.Column("own_short", sa.String(length=80), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["division_id"], ["division.id"], name=op.f("fk_roster_master_division_id")),
        sa.ForeignKeyConstraint(["roster_id"], ["roster.id"], name=op.f("fk_roster_master_roster_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_master")),
        sa.UniqueConstraint(
            "roster_id",
            "division_id",
            "form",
            "format",
            "layout",
            "mask_level",
            "row_order",
            name="uq_roster_master_key",
        ),
    )
    with op.batch_alter_table("roster_master", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_roster_master_division_id"), ["division_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_roster_master_roster_id"), ["roster_id"], unique=False)
    with op.batch_alter_table("export_job", schema=None) as batch_op:
        batch_op.alter_column("roster_id", existing_type=sa.Uuid(), nullable=True)
        batch_op.add_column(sa.Column("form", ENUM, nullable=True))
        batch_op.add_column(sa.Column("layout", ENUM, nullable=True))
        batch_op.add_column(sa.Column("row_order", ENUM, nullable=True))
        for name, target in REFERENCES:
            batch_op.add_column(sa.Column(name, sa.Uuid(), nullable=True))
            batch_op.create_foreign_key(batch_op.f(f"fk_export_job_{name}"), target, [name], ["id"])
            batch_op.create_index(batch_op.f(f"ix_export_job_{name}"), [name], unique=False)
    # Until now every file was one of a roster; which layout it had is in the audit trail alone.
    op.execute(
        "UPDATE export_job SET layout = 'WIDE', row_order = 'OFFICIAL', "
        "form = (SELECT kind || '_ROSTER' FROM roster WHERE roster.id = export_job.roster_id), "
        "program_id = (SELECT program_id FROM roster WHERE roster.id = export_job.roster_id)"
    )
    op.execute(
        "UPDATE export_job SET division_id = COALESCE(county_id, "
        "(SELECT division_id FROM pairing_program WHERE pairing_program.id = export_job.program_id))"
    )
    with op.batch_alter_table("export_job", schema=None) as batch_op:
        for name in ("form", "layout", "row_order"):
            batch_op.alter_column(name, existing_type=ENUM, nullable=False)
        batch_op.alter_column("division_id", existing_type=sa.Uuid(), nullable=False)


REFERENCES = (
    ("program_id", "pairing_program"),
    ("plan_id", "match_plan"),
    ("master_id", "roster_master"),
    ("division_id", "division"),
)


def downgrade() -> None:
    # The former release knows files of rosters only, and no PDF.
    op.execute("DELETE FROM export_job WHERE roster_id IS NULL OR format = 'PDF' OR form NOT LIKE '%_ROSTER'")
    with op.batch_alter_table("export_job", schema=None) as batch_op:
        for name, _ in reversed(REFERENCES):
            batch_op.drop_index(batch_op.f(f"ix_export_job_{name}"))
            batch_op.drop_constraint(batch_op.f(f"fk_export_job_{name}"), type_="foreignkey")
            batch_op.drop_column(name)
        for name in ("row_order", "layout", "form"):
            batch_op.drop_column(name)
        batch_op.alter_column("roster_id", existing_type=sa.Uuid(), nullable=False)
    op.drop_table("roster_master")
    op.drop_table("form_text")
