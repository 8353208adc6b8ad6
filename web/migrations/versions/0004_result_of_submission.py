"""A submission's result is a row of results, on PostgreSQL too"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NAME = "submission_result_id_fkey"


def upgrade() -> None:
    """Go forward."""
    # The two tables refer to each other: SQLite's have known it since the first revision, and
    # there a constraint cannot be added without copying the table.
    if op.get_bind().dialect.name == "postgresql":
        op.create_foreign_key(_NAME, "submission", "result", ["result_id"], ["id"])


def downgrade() -> None:
    """Go back."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(_NAME, "submission", type_="foreignkey")
