"""People's decisions belong to answers; practice, retries later, regrades of one question"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from web.db import UtcDateTime
from web.services.submissions.answers import stored_hash

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_submissions = sa.table(
    "submission",
    sa.column("id", sa.Integer),
    sa.column("result_id", sa.Integer),
    sa.column("released_at", UtcDateTime),
)
_results = sa.table(
    "result",
    sa.column("id", sa.Integer),
    sa.column("notebook", sa.Text),
    sa.column("staff_view", sa.Text),
)


def upgrade() -> None:
    """Go forward: what people have decided finds its answer, and is as visible as it was."""
    for table, column in _added():
        op.add_column(table, column)
    for table in ("manual_grade", "points_override"):
        _find_answers(table)


def downgrade() -> None:
    """Go back: decisions belong to the submission in which they were made."""
    for table, column in reversed(_added()):
        op.drop_column(table, column.name)


def _added() -> list[tuple[str, sa.Column[Any]]]:
    return [
        ("result", sa.Column("answers", sa.JSON(), nullable=True)),
        ("manual_grade", sa.Column("answer_hash", sa.String(64), nullable=True)),
        ("manual_grade", sa.Column("question_hash", sa.String(64), nullable=True)),
        ("manual_grade", sa.Column("released_at", UtcDateTime(), nullable=True)),
        ("points_override", sa.Column("answer_hash", sa.String(64), nullable=True)),
        ("points_override", sa.Column("released_at", UtcDateTime(), nullable=True)),
        ("submission", sa.Column("retry_at", UtcDateTime(), nullable=True)),
        (
            "submission",
            sa.Column("practice", sa.Boolean(), nullable=False, server_default=sa.false()),
        ),
        ("regrade_job", sa.Column("retry_at", UtcDateTime(), nullable=True)),
        ("regrade", sa.Column("question", sa.String(60), nullable=True)),
        (
            "course_assignment",
            sa.Column("practice", sa.Boolean(), nullable=False, server_default=sa.false()),
        ),
    ]


def _find_answers(name: str) -> None:
    connection = op.get_bind()
    table = sa.table(
        name,
        sa.column("id", sa.Integer),
        sa.column("submission_id", sa.Integer),
        sa.column("question", sa.String),
        sa.column("answer_hash", sa.String),
        sa.column("released_at", UtcDateTime),
    )
    found = (
        sa.select(
            table.c.id, table.c.question, _submissions.c.released_at, _submissions.c.result_id
        )
        .join(_submissions, _submissions.c.id == table.c.submission_id)
        .order_by(table.c.id)
    )
    for row in connection.execute(found).all():
        result = connection.execute(
            sa.select(
                _results.c.notebook, sa.cast(_results.c.staff_view, sa.Text).label("view")
            ).where(_results.c.id == row.result_id)
        ).first()
        answer = None if result is None else _answer(result.notebook, result.view, row.question)
        new = {"answer_hash": answer, "released_at": row.released_at}
        connection.execute(sa.update(table).where(table.c.id == row.id).values(new))


def _answer(notebook: str, view: str, question_id: str) -> str | None:
    """Return an answer's hash; ``None`` if the rows are damaged: the decision stays where it is."""
    try:
        staff_view = json.loads(view)
    except (ValueError, TypeError, RecursionError):
        return None
    return stored_hash(notebook, staff_view, question_id)
