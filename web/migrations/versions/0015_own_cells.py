"""A result keeps its student's own cells as HTML, for its page"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward: results that are there have none, and their pages say less."""
    column = sa.Column("own_cells", sa.Text(), nullable=True)
    if op.get_bind().dialect.name != "sqlite":
        op.add_column("result", column)
        return
    # SQLite reads a row from its beginning: a page shows this, and seldom the notebook behind it.
    order = ("student_view", "own_cells", "notebook", "rendered")
    with op.batch_alter_table("result", recreate="always", partial_reordering=[order]) as table:
        table.add_column(column)


def downgrade() -> None:
    """Go back: the pages are as they were."""
    op.drop_column("result", "own_cells")
