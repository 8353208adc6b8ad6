"""A result keeps its notebook as HTML"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward: what is there is rendered when somebody looks at it."""
    op.add_column("result", sa.Column("rendered", sa.Text(), nullable=True))


def downgrade() -> None:
    """Go back: the HTML can be made again."""
    op.drop_column("result", "rendered")
