"""People of a course have labels; students ask for extensions, and have late days"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from web.db import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_NUMBERS = (("course", "late_days"), ("course_assignment", "max_late_days"))


def upgrade() -> None:
    """Go forward."""
    labels = sa.Column("labels", sa.Text(), nullable=False, server_default="")
    op.add_column("membership", labels)
    for table, name in _NUMBERS:
        op.add_column(table, sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "extension_request",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "assignment_id", sa.Integer(), sa.ForeignKey("course_assignment.id"), nullable=False
        ),
        sa.Column("user_id", sa.Integer(), sa.ForeignKey("user.id"), nullable=False),
        sa.Column("wished_until", UtcDateTime(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("granted_until", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("answered_by_id", sa.Integer(), sa.ForeignKey("user.id"), nullable=True),
    )
    is_open = sa.text("state = 'open'")
    op.create_index(
        "ix_extension_request_student", "extension_request", ["assignment_id", "user_id"]
    )
    op.create_index(
        "ix_extension_request_open",
        "extension_request",
        ["assignment_id", "user_id"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def downgrade() -> None:
    """Go back: labels, requests and late days are gone."""
    op.drop_table("extension_request")
    for table, name in _NUMBERS:
        op.drop_column(table, name)
    op.drop_column("membership", "labels")
