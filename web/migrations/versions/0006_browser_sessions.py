"""A row for each session; whoever is signed in signs in again"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from web.db import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
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


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_sign_in_attempt_at", "sign_in_attempt")
    op.drop_table("browser_session")
