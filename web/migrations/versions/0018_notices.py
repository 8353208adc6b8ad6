"""Notices in the portal and by e-mail, links that people ask for themselves, a calendar feed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from web.db import UtcDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward: nobody is told what happened before."""
    _make_notices()
    _make_mail()
    op.create_table(
        "notice_choice",
        sa.Column("id", sa.Integer(), primary_key=True),
        _reference("user_id", "user.id"),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("delivery", sa.String(20), nullable=False),
        sa.UniqueConstraint("user_id", "kind"),
    )
    op.add_column(
        "invitation",
        sa.Column("self_requested", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("user", sa.Column("calendar_token", sa.String(64), nullable=True))
    op.create_index("ix_user_calendar_token", "user", ["calendar_token"], unique=True)


def _make_notices() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), primary_key=True),
        _reference("user_id", "user.id"),
        sa.Column("kind", sa.String(20), nullable=False),
        _reference("assignment_id", "course_assignment.id"),
        _reference("submission_id", "submission.id", nullable=True),
        sa.Column("before", UtcDateTime(), nullable=True),
        sa.Column("key", sa.String(100), nullable=True, unique=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("look_at", UtcDateTime(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("path", sa.String(300), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.Column("digest_at", UtcDateTime(), nullable=True),
    )
    op.create_index("ix_notice_waiting", "notice", ["told_at", "look_at"])
    op.create_index("ix_notice_reader", "notice", ["user_id", "read_at"])
    op.create_index("ix_notice_assignment", "notice", ["assignment_id"])
    op.create_index("ix_notice_digest_at", "notice", ["digest_at"])


def _make_mail() -> None:
    op.create_table(
        "mail",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("message_id", sa.String(32), nullable=False, unique=True),
        _reference("user_id", "user.id", nullable=True),
        sa.Column("kind", sa.String(20), nullable=False),
        _reference("notice_id", "notice.id", nullable=True),
        _reference("invitation_id", "invitation.id", nullable=True),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.String(300), nullable=False),
    )
    op.create_index("ix_mail_queue", "mail", ["state", "due_at"])
    op.create_index("ix_mail_user_id", "mail", ["user_id"])


def _reference(name: str, place: str, *, nullable: bool = False) -> sa.Column[int]:
    """Make a column whose rows go with what they refer to."""
    key = sa.ForeignKey(place, ondelete="CASCADE")
    return sa.Column(name, sa.Integer(), key, nullable=nullable)


def downgrade() -> None:
    """Go back: nobody is told anything, and links that people have asked for end."""
    op.drop_table("mail")
    op.drop_table("notice_choice")
    op.drop_table("notice")
    op.execute(sa.text("DELETE FROM invitation WHERE self_requested"))
    op.drop_column("invitation", "self_requested")
    op.drop_index("ix_user_calendar_token", "user")
    op.drop_column("user", "calendar_token")
