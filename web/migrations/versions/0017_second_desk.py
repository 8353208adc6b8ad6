"""Changed rubrics, days for regrade requests, second marking, comments on lines"""

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
    op.create_table(
        "second_marking",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "assignment_id", sa.Integer(), sa.ForeignKey("course_assignment.id"), nullable=False
        ),
        sa.Column("question", sa.String(60), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.UniqueConstraint("assignment_id", "question"),
    )
    op.create_table(
        "second_mark",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("submission_id", sa.Integer(), sa.ForeignKey("submission.id"), nullable=False),
        sa.Column("question", sa.String(60), nullable=False),
        sa.Column("answer_hash", sa.String(64), nullable=True),
        sa.Column("first_tenths", sa.Integer(), nullable=False),
        sa.Column("first_grader_id", sa.Integer(), sa.ForeignKey("user.id"), nullable=False),
        sa.Column("points_tenths", sa.Integer(), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("grader_id", sa.Integer(), sa.ForeignKey("user.id"), nullable=False),
        sa.Column("graded_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.UniqueConstraint("submission_id", "question"),
    )
    op.create_table(
        "line_comment",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("submission_id", sa.Integer(), sa.ForeignKey("submission.id"), nullable=False),
        sa.Column("question", sa.String(60), nullable=False),
        sa.Column("cell", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("line_text", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), sa.ForeignKey("user.id"), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_line_comment_submission", "line_comment", ["submission_id"])


def downgrade() -> None:
    """Go back: grades keep the points and items that they have."""
    op.drop_table("line_comment")
    op.drop_table("second_mark")
    op.drop_table("second_marking")
    op.drop_table("question_rubric")
    with op.batch_alter_table("course_assignment") as table:
        table.drop_column("regrade_request_days")
