"""A course has a key from points to grades, a bonus, and special grades"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; courses have no key at first, as before."""
    _add("course", sa.Column("grade_key", sa.JSON(), nullable=False, server_default="[]"))
    _add("course", sa.Column("bonus_percent", sa.Double(), nullable=False, server_default="0"))
    _add("course", _boolean("bonus_needs_pass", default=True))
    _add("course_assignment", _boolean("is_bonus", default=False))
    with op.batch_alter_table("membership") as batch:
        batch.add_column(sa.Column("special_grade", sa.String(length=20), nullable=True))
    reason = sa.Column("special_grade_reason", sa.Text(), nullable=False, server_default="")
    _add("membership", reason)


def downgrade() -> None:
    """Go back; grades are forgotten, points stay."""
    with op.batch_alter_table("membership") as batch:
        batch.drop_column("special_grade_reason")
        batch.drop_column("special_grade")
    with op.batch_alter_table("course_assignment") as batch:
        batch.drop_column("is_bonus")
    with op.batch_alter_table("course") as batch:
        batch.drop_column("bonus_needs_pass")
        batch.drop_column("bonus_percent")
        batch.drop_column("grade_key")


def _boolean(name: str, *, default: bool) -> sa.Column[bool]:
    value = sa.true() if default else sa.false()
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=value)


def _add(table: str, column: sa.Column[Any]) -> None:
    """Add a column whose default fills the rows that are there, and no later ones."""
    with op.batch_alter_table(table) as batch:
        batch.add_column(column)
    with op.batch_alter_table(table) as batch:
        batch.alter_column(column.name, server_default=None)
