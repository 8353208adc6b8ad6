"""Rubrics that a course has changed; days for regrade requests"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from web.db import UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward: every question is graded by its version's own rubric."""
    op.add_column(
        "course_assignment", sa.Column("regrade_request_days", sa.Integer(), nullable=True)
    )
    op.create_table(
        "question_rubric",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "assignment_id", sa.Integer(), sa.ForeignKey("course_assignment.id"), nullable=False
        ),
        sa.Column("question", sa.String(60), nullable=False),
        sa.Column("question_hash", sa.String(64), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("changed_by_id", sa.Integer(), sa.ForeignKey("user.id"), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("assignment_id", "question", "question_hash"),
    )


def downgrade() -> None:
    """Go back: grades keep the points and items that they have."""
    op.drop_table("question_rubric")
    with op.batch_alter_table("course_assignment") as table:
        table.drop_column("regrade_request_days")
