"""Reminds students of a deadline a day before, if they have not submitted anything."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from web.db import lock, now
from web.models import (
    Course,
    CourseAssignment,
    Extension,
    Membership,
    Notice,
    NoticeKind,
    Submission,
)
from web.services import lookup, outbox
from web.services.courses.rule_book import rule_book

BEFORE: Final = timedelta(days=1)
_LONGEST_STRETCH: Final = timedelta(days=400)
"""Further than a time multiplier moves a deadline."""


def to_remind(session: Session) -> Sequence[CourseAssignment]:
    """Return the assignments of which somebody is to be reminded now; reading only."""
    at = now()
    return [each for each in _near(session, at) if _missing(session, each, at)]


def remind(session: Session, assignment: CourseAssignment) -> int:
    """
    Write down whom to remind of an assignment, each once for the same deadline.

    Args:
        session: A writing session; the caller commits.
        assignment: Which.

    Returns:
        How many are reminded.
    """
    # Another process would find the same people missing.
    lock(session, assignment)
    missing = _missing(session, assignment, now())
    outbox.note_reminders(session, assignment, missing)
    return len(missing)


def _near(session: Session, at: datetime) -> Sequence[CourseAssignment]:
    """Return the released assignments whose deadline may be near for somebody."""
    soon = at + BEFORE
    extended = select(Extension.assignment_id).where(Extension.due_at.between(at, soon))
    stretched = select(Membership.course_id).where(
        Membership.time_multiplier != 1.0, Membership.active.is_(True)
    )
    query = (
        select(CourseAssignment)
        .join(Course)
        .where(
            # Nobody can submit to an archived course.
            Course.archived_at.is_(None),
            CourseAssignment.release_at <= at,
            or_(
                CourseAssignment.due_at.between(at, soon),
                CourseAssignment.id.in_(extended),
                and_(
                    CourseAssignment.course_id.in_(stretched),
                    CourseAssignment.due_at.between(at - _LONGEST_STRETCH, soon),
                ),
            ),
        )
    )
    return session.scalars(query).all()


def _missing(session: Session, assignment: CourseAssignment, at: datetime) -> dict[int, str]:
    """Return who is to be reminded, with what their reminder is known by."""
    submitted = select(Submission.user_id).where(Submission.assignment_id == assignment.id)
    reminded = select(Notice.key).where(
        Notice.kind == NoticeKind.REMINDER, Notice.assignment_id == assignment.id
    )
    done = set(session.scalars(submitted))
    known = set(session.scalars(reminded))
    book = rule_book(session, [assignment])
    found = {}
    for member in lookup.students_of(session, assignment.course):
        due_at = book.rules(assignment, member.user_id).due_at
        if member.user_id in done or due_at is None or not _is_near(assignment, due_at, at):
            continue
        key = f"reminder:{assignment.id}:{member.user_id}:{due_at:%Y%m%d%H%M%S}"
        if key not in known:
            found[member.user_id] = key
    return found


def _is_near(assignment: CourseAssignment, due_at: datetime, at: datetime) -> bool:
    """Return whether a deadline is a day away or less, and was further away at the release."""
    released_at = assignment.release_at
    return at < due_at <= at + BEFORE and released_at is not None and released_at < due_at - BEFORE
