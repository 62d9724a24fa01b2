"""several plans per run, and repairs.

Revision 0004.
Follows 0002.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql")


def upgrade() -> None:
    op.create_table(
        "plan_repair",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("max_changes", sa.Integer(), nullable=True),
        sa.Column("n_published", sa.Integer(), nullable=False),
        sa.Column("n_kept", sa.Integer(), nullable=False),
        sa.Column("n_changed_links", sa.Integer(), nullable=False),
        sa.Column("n_moves", sa.Integer(), nullable=False),
        sa.Column("n_people_affected", sa.Integer(), nullable=False),
        sa.Column("ended", JSON, nullable=False),
        sa.Column("added", JSON, nullable=False),
        sa.Column("mentees", JSON, nullable=False),
        sa.Column("mentors", JSON, nullable=False),
        sa.Column("offers", JSON, nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["match_plan.id"], name=op.f("fk_plan_repair_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_repair")),
        sa.UniqueConstraint("plan_id", name=op.f("uq_plan_repair_plan_id")),
    )
    with op.batch_alter_table("match_run", schema=None) as batch_op:
        batch_op.add_column(sa.Column("presets", JSON, nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("curve_points", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("max_changes", sa.Integer(), nullable=True))
    with op.batch_alter_table("match_share", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.String(length=40), nullable=False, server_default="SOLVE"))
        batch_op.add_column(sa.Column("variant", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("part", sa.Integer(), nullable=False, server_default="0"))
        batch_op.alter_column("content", existing_type=sa.LargeBinary(), nullable=True)
    # The shares of runs under way are the parts of their only plan, in this order.
    op.execute("UPDATE match_share SET part = number")
    with op.batch_alter_table("match_plan", schema=None) as batch_op:
        batch_op.add_column(sa.Column("number", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("method", sa.String(length=40), nullable=False, server_default="POLICY"))
        batch_op.add_column(sa.Column("solver_status", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("weights", JSON, nullable=True))
        batch_op.add_column(sa.Column("levels_by_policy", JSON, nullable=True))
        batch_op.add_column(sa.Column("curve", JSON, nullable=True))
        batch_op.add_column(sa.Column("same_as_id", sa.Uuid(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_match_plan_same_as_id"), "match_plan", ["same_as_id"], ["id"])
    # Every plan so far is the only one of its run.
    op.execute(
        "UPDATE match_plan SET solver_status = "
        "(SELECT match_run.solver_status FROM match_run WHERE match_run.id = match_plan.run_id)"
    )


def downgrade() -> None:
    op.drop_table("plan_repair")
    with op.batch_alter_table("match_plan", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_match_plan_same_as_id"), type_="foreignkey")
        for column in ("same_as_id", "curve", "levels_by_policy", "weights", "solver_status", "method", "number"):
            batch_op.drop_column(column)
    op.execute("DELETE FROM match_share WHERE content IS NULL")
    with op.batch_alter_table("match_share", schema=None) as batch_op:
        batch_op.alter_column("content", existing_type=sa.LargeBinary(), nullable=False)
        for column in ("part", "variant", "kind"):
            batch_op.drop_column(column)
    with op.batch_alter_table("match_run", schema=None) as batch_op:
        for column in ("max_changes", "curve_points", "presets"):
            batch_op.drop_column(column)
