"""Groups of answers that are alike, decisions that can be undone, answers assigned to graders"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from web.db import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward: answers that are there are in no group until they are graded anew."""
    op.create_table(
        "answer_text",
        sa.Column("result_id", sa.Integer(), sa.ForeignKey("result.id"), primary_key=True),
        sa.Column("question", sa.String(60), primary_key=True),
        sa.Column("cells", sa.JSON(), nullable=False),
    )
    op.create_table(
        "grade_change",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("decision", sa.String(32), nullable=False),
        sa.Column("submission_id", sa.Integer(), sa.ForeignKey("submission.id"), nullable=False),
        sa.Column("question", sa.String(60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("grader_id", sa.Integer(), sa.ForeignKey("user.id"), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
    )
    op.create_index("ix_grade_change_answer", "grade_change", ["submission_id", "question"])
    op.create_index("ix_grade_change_grader", "grade_change", ["grader_id", "question"])
    op.create_table(
        "grading_share",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "assignment_id", sa.Integer(), sa.ForeignKey("course_assignment.id"), nullable=False
        ),
        sa.Column("question", sa.String(60), nullable=False),
        sa.Column("grader_id", sa.Integer(), sa.ForeignKey("user.id"), nullable=False),
        sa.Column("section", sa.String(200), nullable=True),
        sa.UniqueConstraint("assignment_id", "question", "grader_id"),
    )


def downgrade() -> None:
    """Go back: what was decided stays and can no longer be undone."""
    op.drop_table("grading_share")
    op.drop_table("grade_change")
    op.drop_table("answer_text")
