"""How late a submission is follows from the rules, and is stored nowhere"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward: the moment of receipt stays, and the rules decide about it."""
    op.drop_column("submission", "late_seconds")


def downgrade() -> None:
    """Go back: an earlier version takes all that came until now as in time."""
    late_seconds = sa.Column("late_seconds", sa.Integer(), nullable=False, server_default="0")
    op.add_column("submission", late_seconds)
