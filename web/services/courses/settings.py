"""What a course is called, its time zone, and whether it goes on or is archived."""

from __future__ import annotations

from zoneinfo import available_timezones

from sqlalchemy.orm import Session

from web.db import now
from web.models import Course, User
from web.services import audit
from web.services.errors import RuleError
from web.services.people.names import clean_text

LONGEST_TITLE = 200


def check_title(typed: str) -> str:
    """
    Return a course's title as it is stored.

    Raises:
        RuleError: If there is none.
    """
    title = clean_text(typed)[:LONGEST_TITLE]
    if not title:
        raise RuleError("Enter a title for the course.")
    return title


def check_time_zone(name: str) -> str:
    """
    Return the name of a time zone.

    Raises:
        RuleError: If it is unknown.
    """
    # Untrusted: only names from the list are looked up as files.
    if name not in available_timezones():
        raise RuleError("Unknown time zone. Use a name such as Europe/Berlin.")
    return name


def change(session: Session, actor: User, course: Course, title: str, time_zone: str) -> None:
    """
    Change a course's title and time zone; moments that are set stay the moments that they are.

    Args:
        session: A writing session; the caller commits.
        actor: Who.
        course: Which.
        title: As typed.
        time_zone: In which its pages show times, and its forms read them.

    Raises:
        RuleError: If the title is empty, or the time zone unknown.
    """
    wanted = {"title": check_title(title), "time_zone": check_time_zone(time_zone.strip())}
    changed = {
        name: [getattr(course, name), value]
        for name, value in wanted.items()
        if getattr(course, name) != value
    }
    if changed:
        course.title, course.time_zone = wanted["title"], wanted["time_zone"]
        audit.record(
            session,
            actor,
            "course.settings_changed",
            course=course,
            target=course.slug,
            changed=changed,
        )


def archive(session: Session, actor: User, course: Course) -> None:
    """
    Let a course be read and no longer changed.

    What is in the queue is still graded, so that no submission is left without a result.

    Raises:
        RuleError: If it is archived already.
    """
    if course.archived_at is not None:
        raise RuleError("This course is already archived.")
    course.archived_at = now()
    audit.record(session, actor, "course.archived", course=course, target=course.slug)


def reopen(session: Session, actor: User, course: Course) -> None:
    """
    Let an archived course go on, as it was.

    Raises:
        RuleError: If it is not archived.
    """
    if course.archived_at is None:
        raise RuleError("This course is not archived.")
    course.archived_at = None
    audit.record(session, actor, "course.reopened", course=course, target=course.slug)
