"""Gradebook"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    with op.batch_alter_table("course", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("dropped_lowest", sa.Integer(), nullable=False, server_default="0")
        )
    with op.batch_alter_table("course_assignment", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("may_drop", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    # Defaults were for rows that were there already; new ones get theirs from the models.
    with op.batch_alter_table("course", schema=None) as batch_op:
        batch_op.alter_column("dropped_lowest", server_default=None)
    with op.batch_alter_table("course_assignment", schema=None) as batch_op:
        batch_op.alter_column("may_drop", server_default=None)


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("course_assignment", schema=None) as batch_op:
        batch_op.drop_column("may_drop")
    with op.batch_alter_table("course", schema=None) as batch_op:
        batch_op.drop_column("dropped_lowest")
