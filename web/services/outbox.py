"""
Write down what is to be told to whom, and which messages are to go, beside what happened.

Rows are written in the transaction of what they tell, so that there is neither without the other.
What a notice says, whether its reader may know it, and how it reaches them is decided afterwards,
in `web.services.notices`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from web.db import now
from web.models import (
    CourseAssignment,
    Invitation,
    Mail,
    MailKind,
    Notice,
    NoticeKind,
    Submission,
    User,
)


def note(
    session: Session, kind: NoticeKind, assignment: CourseAssignment, user_ids: Iterable[int]
) -> None:
    """
    Write down that people are to be told something about an assignment.

    Args:
        session: A writing session; the caller commits.
        kind: What happened.
        assignment: Where.
        user_ids: Who is to know.
    """
    _add(session, [_row(kind, assignment.id, each) for each in user_ids])


def note_on_submission(session: Session, kind: NoticeKind, submission: Submission) -> None:
    """Write down that a student is to be told something about a submission."""
    row = _row(kind, submission.assignment_id, submission.user_id)
    _add(session, [row | {"submission_id": submission.id}])


def note_moved(
    session: Session, assignment: CourseAssignment, before: Mapping[int, datetime | None]
) -> None:
    """Write down that the deadline of people has moved, with the one that each had before."""
    rows = [
        _row(NoticeKind.DEADLINE, assignment.id, user_id) | {"before": moment}
        for user_id, moment in before.items()
    ]
    _add(session, rows)


def note_reminders(session: Session, assignment: CourseAssignment, keys: Mapping[int, str]) -> None:
    """Write down whom to remind of an assignment, each with a key that comes once only."""
    rows = [
        _row(NoticeKind.REMINDER, assignment.id, user_id) | {"key": key}
        for user_id, key in keys.items()
    ]
    _add(session, rows)


def forget(
    session: Session, kind: NoticeKind, assignment: CourseAssignment, user: User | None = None
) -> None:
    """Take back what is no longer so, told or not, with its messages that have not gone."""
    query = delete(Notice).where(Notice.kind == kind, Notice.assignment_id == assignment.id)
    if user is not None:
        query = query.where(Notice.user_id == user.id)
    session.execute(query)


def send_link(session: Session, invitation: Invitation) -> None:
    """Let a link be sent to the person whom it is for, in place of being shown to who made it."""
    session.flush()
    mail = Mail(kind=MailKind.INVITATION, user_id=invitation.user_id, invitation_id=invitation.id)
    session.add(mail)


def send_reset(session: Session, user: User | None) -> None:
    """Let a link that sets a password be sent to who has asked for it, if there is an account."""
    session.add(Mail(kind=MailKind.RESET, user_id=None if user is None else user.id))


def _row(kind: NoticeKind, assignment_id: int, user_id: int) -> dict[str, object]:
    return {"kind": kind, "assignment_id": assignment_id, "user_id": user_id}


def _add(session: Session, rows: list[dict[str, object]]) -> None:
    if rows:
        # What was changed in this transaction comes first: it may be what the rows refer to.
        session.flush()
        at = now()
        session.execute(insert(Notice), [row | {"created_at": at, "look_at": at} for row in rows])
