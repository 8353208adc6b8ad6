"""An assignment has one open regrade at most"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from web.db import UtcDateTime, now

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_INDEX = "ix_regrade_open"
_OPEN = sa.text("state = 'open'")
_DISCARDED = '{"code": "regrade_discarded", "parameters": {}}'
_regrades = sa.table(
    "regrade",
    sa.column("id", sa.Integer),
    sa.column("assignment_id", sa.Integer),
    sa.column("state", sa.String),
    sa.column("decided_at", UtcDateTime),
)
_jobs = sa.table(
    "regrade_job",
    sa.column("regrade_id", sa.Integer),
    sa.column("state", sa.String),
    sa.column("reason", sa.Text),
    sa.column("lease_owner", sa.String),
    sa.column("lease_until", UtcDateTime),
)


def upgrade() -> None:
    """Go forward; of several that are open, started at the same moment, the newest stays."""
    connection = op.get_bind()
    found = sa.select(_regrades.c.id, _regrades.c.assignment_id).where(_regrades.c.state == "open")
    rows = connection.execute(found.order_by(_regrades.c.id)).all()
    newest = {assignment: number for number, assignment in rows}
    others = [number for number, assignment in rows if newest[assignment] != number]
    connection.execute(
        sa.update(_jobs)
        .where(_jobs.c.regrade_id.in_(others), _jobs.c.state.in_(("queued", "running")))
        .values(state="failed", reason=_DISCARDED, lease_owner=None, lease_until=None)
    )
    connection.execute(
        sa.update(_regrades)
        .where(_regrades.c.id.in_(others))
        .values(state="discarded", decided_at=now())
    )
    op.create_index(
        _INDEX,
        "regrade",
        ["assignment_id"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )


def downgrade() -> None:
    """Go back."""
    op.drop_index(_INDEX, table_name="regrade")
