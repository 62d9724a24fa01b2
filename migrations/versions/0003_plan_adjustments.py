"""plan adjustments.

Revision 0003.
Follows 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "plan_origin",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["match_plan.id"], name=op.f("fk_plan_origin_plan_id")),
        sa.PrimaryKeyConstraint("plan_id", name=op.f("pk_plan_origin")),
    )
    op.create_table(
        "plan_adjustment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=80), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=80), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("mentee_id", sa.Uuid(), nullable=False),
        sa.Column("mentor_id", sa.Uuid(), nullable=False),
        sa.Column("slot_code", sa.String(length=40), nullable=True),
        sa.Column("other_mentee_id", sa.Uuid(), nullable=True),
        sa.Column("other_mentor_id", sa.Uuid(), nullable=True),
        sa.Column("other_slot_code", sa.String(length=40), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(["county_id"], ["division.id"], name=op.f("fk_plan_adjustment_county_id")),
        sa.ForeignKeyConstraint(["mentee_id"], ["mentee.id"], name=op.f("fk_plan_adjustment_mentee_id")),
        sa.ForeignKeyConstraint(["mentor_id"], ["mentor.id"], name=op.f("fk_plan_adjustment_mentor_id")),
        sa.ForeignKeyConstraint(["other_mentee_id"], ["mentee.id"], name=op.f("fk_plan_adjustment_other_mentee_id")),
        sa.ForeignKeyConstraint(["other_mentor_id"], ["mentor.id"], name=op.f("fk_plan_adjustment_other_mentor_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["match_plan.id"], name=op.f("fk_plan_adjustment_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_adjustment")),
        sa.UniqueConstraint("plan_id", "number", name=op.f("uq_plan_adjustment_plan_id_number")),
    )
    with op.batch_alter_table("plan_adjustment", schema=None) as batch_op:
        for column in ("county_id", "mentee_id", "mentor_id", "plan_id"):
            batch_op.create_index(batch_op.f(f"ix_plan_adjustment_{column}"), [column], unique=False)


def downgrade() -> None:
    op.drop_table("plan_adjustment")
    op.drop_table("plan_origin")
