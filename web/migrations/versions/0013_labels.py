"""People of a course have labels"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    labels = sa.Column("labels", sa.Text(), nullable=False, server_default="")
    op.add_column("membership", labels)


def downgrade() -> None:
    """Go back: labels are gone."""
    op.drop_column("membership", "labels")
