"""Roles of staff are offered, and accepted by a link"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NAME = "invitation_membership_id_fkey"


def upgrade() -> None:
    """Go forward; who has a role keeps it."""
    op.add_column("membership", sa.Column("offered_role", sa.String(length=20), nullable=True))
    with op.batch_alter_table("invitation") as batch:
        batch.add_column(sa.Column("membership_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(_NAME, "membership", ["membership_id"], ["id"])


def downgrade() -> None:
    """Go back; links that accept a role end, since they would set passwords."""
    op.execute("DELETE FROM invitation WHERE membership_id IS NOT NULL")
    with op.batch_alter_table("invitation") as batch:
        batch.drop_constraint(_NAME, type_="foreignkey")
        batch.drop_column("membership_id")
    op.drop_column("membership", "offered_role")
