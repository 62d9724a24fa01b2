"""masked ID numbers without their last four characters.

Revision 0009.
Follows 0008.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Together with the birth date the last four are the whole number.
    op.execute(
        "UPDATE person SET id_number_masked = substr(id_number_masked, 1, 6) || '************' "
        "WHERE id_number_masked IS NOT NULL"
    )


def downgrade() -> None:
    """What was taken away is not needed by the former release either."""
