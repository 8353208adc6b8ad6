"""What instructors tell everybody in a course."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from web.db import now
from web.models import Announcement, Course, User
from web.services import audit
from web.services.errors import RuleError
from web.services.people.names import clean_text

LONGEST_TITLE: Final = 200
LONGEST_TEXT: Final = 20_000
MOST: Final = 500
SHOWN: Final = 3
"""How many the page of a course shows itself."""


def of_course(session: Session, course: Course, limit: int | None = None) -> Sequence[Announcement]:
    """
    Return a course's announcements, the newest first.

    Args:
        session: To read.
        course: Which.
        limit: How many at most; ``None``: all.
    """
    return session.scalars(
        select(Announcement)
        .where(Announcement.course_id == course.id)
        .order_by(Announcement.published_at.desc(), Announcement.id.desc())
        .limit(limit)
    ).all()


def find(session: Session, course: Course, number: int) -> Announcement | None:
    """Find an announcement of a course."""
    found = session.get(Announcement, number)
    return found if found is not None and found.course_id == course.id else None


def publish(session: Session, actor: User, course: Course, title: str, text: str) -> Announcement:
    """
    Tell everybody in a course something, from now on.

    Raises:
        RuleError: If title or text is empty or too long, or there are too many.
    """
    title, text = _checked(title, text)
    count = select(func.count()).where(Announcement.course_id == course.id)
    if (session.scalar(count) or 0) >= MOST:
        raise RuleError(f"A course can have {MOST} announcements. Delete an old one first.")
    announcement = Announcement(course_id=course.id, author_id=actor.id, title=title, text=text)
    session.add(announcement)
    _record(session, actor, course, "announcement.published", title)
    return announcement


def change(
    session: Session, actor: User, announcement: Announcement, title: str, text: str
) -> None:
    """
    Change an announcement; it stays at its place, and says that it was changed.

    Raises:
        RuleError: If title or text is empty or too long.
    """
    title, text = _checked(title, text)
    if (title, text) != (announcement.title, announcement.text):
        announcement.title, announcement.text = title, text
        announcement.changed_at = now()
        _record(session, actor, announcement.course, "announcement.changed", title)


def delete(session: Session, actor: User, announcement: Announcement) -> None:
    """Delete an announcement."""
    session.delete(announcement)
    _record(session, actor, announcement.course, "announcement.deleted", announcement.title)


def _checked(title: str, text: str) -> tuple[str, str]:
    title, text = clean_text(title), text.strip()
    if not title or not text:
        raise RuleError("Enter a title and a text.")
    if len(title) > LONGEST_TITLE:
        raise RuleError(f"The title can have at most {LONGEST_TITLE} characters.")
    if len(text) > LONGEST_TEXT:
        raise RuleError(f"An announcement can have at most {LONGEST_TEXT} characters.")
    return title, text


def _record(session: Session, actor: User, course: Course, action: str, title: str) -> None:
    audit.record(session, actor, action, course=course, target=title)
