"""A row for each session; entries of the log that say how often"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from web.db import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; whoever is signed in signs in again."""
    op.create_table(
        "browser_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
    )
    for column in ("user_id", "expires_at"):
        op.create_index(f"ix_browser_session_{column}", "browser_session", [column])
    op.create_index("ix_sign_in_attempt_at", "sign_in_attempt", ["at"])
    times = sa.Column("times", sa.Integer(), nullable=False, server_default="1")
    with op.batch_alter_table("audit_entry") as batch:
        batch.add_column(times)
        batch.add_column(sa.Column("first_at", UtcDateTime(), nullable=True))
    with op.batch_alter_table("audit_entry") as batch:
        batch.alter_column("times", server_default=None)
        batch.create_index("ix_audit_entry_course_id_target", ["course_id", "target"])


def downgrade() -> None:
    """Go back; what was done several times stays as one entry."""
    with op.batch_alter_table("audit_entry") as batch:
        batch.drop_index("ix_audit_entry_course_id_target")
        batch.drop_column("first_at")
        batch.drop_column("times")
    op.drop_index("ix_sign_in_attempt_at", "sign_in_attempt")
    op.drop_table("browser_session")
