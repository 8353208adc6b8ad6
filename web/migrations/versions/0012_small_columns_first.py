"""What points are made of stands before what is large in a result's row"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    # SQLite reads a row from its beginning: behind a notebook of 300 kB a number costs all of it.
    # PostgreSQL keeps what is large elsewhere.
    if op.get_bind().dialect.name != "sqlite":
        return
    order = (
        *("id", "submission_id", "snapshot_id", "score_tenths", "question_tenths", "answers"),
        *("seconds", "created_at", "staff_view", "student_view", "notebook", "rendered"),
    )
    with op.batch_alter_table("result", recreate="always", partial_reordering=[order]):
        pass


def downgrade() -> None:
    """Go back: earlier versions read columns in any order."""
