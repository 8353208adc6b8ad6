"""Courses are archived, versions wait to be validated; announcements, the portal's own texts"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from web.db import UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_WAITING = ("next_snapshot_id", "snapshot"), ("next_snapshot_by_id", "user")


def upgrade() -> None:
    """Go forward: of each assignment the versions that have graded are known."""
    op.add_column("course", sa.Column("archived_at", UtcDateTime(), nullable=True))
    op.add_column(
        "user",
        sa.Column("may_upload", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    with op.batch_alter_table("course_assignment") as table:
        for name, other in _WAITING:
            table.add_column(sa.Column(name, sa.Integer(), nullable=True))
            table.create_foreign_key(f"fk_course_assignment_{name}", other, [name], ["id"])
    op.create_table(
        "assignment_version",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "assignment_id", sa.Integer(), sa.ForeignKey("course_assignment.id"), nullable=False
        ),
        sa.Column("snapshot_id", sa.Integer(), sa.ForeignKey("snapshot.id"), nullable=False),
        sa.Column("used_from", UtcDateTime(), nullable=False),
        sa.Column("used_by_id", sa.Integer(), sa.ForeignKey("user.id"), nullable=True),
    )
    op.create_index("ix_assignment_version_assignment_id", "assignment_version", ["assignment_id"])
    _fill_versions()
    op.create_table(
        "announcement",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("course_id", sa.Integer(), sa.ForeignKey("course.id"), nullable=False),
        sa.Column("author_id", sa.Integer(), sa.ForeignKey("user.id"), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=True),
    )
    op.create_index("ix_announcement_course_id", "announcement", ["course_id"])
    op.create_table(
        "instance",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("imprint", sa.Text(), nullable=False),
        sa.Column("privacy", sa.Text(), nullable=False),
    )
    op.create_table(
        "worker_process",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("workers", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(40), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
    )


def _fill_versions() -> None:
    """Write down which versions submissions were made for, and then the present one."""
    op.execute(
        "INSERT INTO assignment_version (assignment_id, snapshot_id, used_from)"
        " SELECT s.assignment_id, s.snapshot_id, MIN(s.received_at) AS used_from"
        " FROM submission s JOIN course_assignment a ON a.id = s.assignment_id"
        " WHERE s.snapshot_id <> a.snapshot_id"
        " GROUP BY s.assignment_id, s.snapshot_id ORDER BY used_from"
    )
    op.execute(
        "INSERT INTO assignment_version (assignment_id, snapshot_id, used_from)"
        " SELECT a.id, a.snapshot_id, COALESCE(MIN(s.received_at), a.created_at)"
        " FROM course_assignment a LEFT JOIN submission s"
        " ON s.assignment_id = a.id AND s.snapshot_id = a.snapshot_id"
        " GROUP BY a.id, a.snapshot_id, a.created_at ORDER BY a.id"
    )


def downgrade() -> None:
    """Go back: archived courses go on; announcements and the portal's texts are gone."""
    for name in ("worker_process", "instance", "announcement", "assignment_version"):
        op.drop_table(name)
    with op.batch_alter_table("course_assignment") as table:
        for name, _ in _WAITING:
            table.drop_constraint(f"fk_course_assignment_{name}", type_="foreignkey")
            table.drop_column(name)
    op.drop_column("user", "may_upload")
    op.drop_column("course", "archived_at")
