"""Write down what staff do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from web.models import AuditEntry, Course, Submission, User


def record(
    session: Session,
    actor: User | None,
    action: str,
    *,
    course: Course | None = None,
    target: str = "",
    **details: Any,
) -> None:
    """
    Add an entry to the audit log; it is stored with the change that it describes, or not at all.

    Args:
        session: A writing session; the caller commits.
        actor: Who did it; ``None`` for the system.
        action: What, such as ``"extension.granted"``.
        course: Where.
        target: To whom or what, in words that stay true when rows are gone.
        details: What changed, as plain data.
    """
    session.add(
        AuditEntry(
            actor_id=actor.id if actor else None,
            course_id=course.id if course else None,
            action=action,
            target=target[:200],
            details=details,
        )
    )


def question_target(submission: Submission, question_id: str) -> str:
    """Name a question of a submission in words that stay true when rows are gone."""
    place = f"{submission.assignment.name}, attempt {submission.number}, {question_id}"
    return f"{submission.user.email}, {place}"


def entries(session: Session, course: Course, limit: int = 200) -> Sequence[AuditEntry]:
    """Return a course's latest entries, the newest first."""
    return session.scalars(
        select(AuditEntry)
        .where(AuditEntry.course_id == course.id)
        .order_by(AuditEntry.id.desc())
        .limit(limit)
    ).all()
