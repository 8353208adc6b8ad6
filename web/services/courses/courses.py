"""Make courses and name who instructs them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from web.models import Course, Membership, User
from web.services import audit
from web.services.courses.assignments import MOST_LATE_DAYS
from web.services.courses.settings import check_time_zone, check_title
from web.services.errors import RuleError, refuse_duplicates
from web.services.people import roster
from web.services.people.names import LONGEST_NAME, clean_text, is_address, normalised

_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,58}[a-z0-9]")


def make_course(session: Session, actor: User, slug: str, title: str, time_zone: str) -> Course:
    """
    Create a course.

    Raises:
        RuleError: If the address is taken or not one, or the time zone is unknown.
    """
    slug = check_slug(slug)
    course = Course(slug=slug, title=check_title(title), time_zone=check_time_zone(time_zone))
    with refuse_duplicates(session, "Another course already uses this URL name."):
        session.add(course)
    audit.record(session, actor, "course.made", course=course, target=slug)
    return course


def check_slug(typed: str) -> str:
    """
    Return a course's name in addresses, as it is stored.

    Raises:
        RuleError: If it cannot be one.
    """
    slug = typed.strip().lower()
    if not _SLUG.fullmatch(slug):
        raise RuleError("The URL name must have 3 to 60 lowercase letters, digits or hyphens.")
    return slug


def name_instructor(
    session: Session, actor: User, course: Course, email: str, name: str
) -> Membership:
    """
    Offer somebody to instruct a course; makes their account if there is none.

    Raises:
        RuleError: If the address is no e-mail address.
    """
    address = normalised(email)
    if not is_address(address):
        raise RuleError("Enter a valid e-mail address, such as ada@example.org.")
    user = session.scalar(select(User).where(User.email == address))
    if user is None:
        name = clean_text(name)[:LONGEST_NAME] or address.partition("@")[0]
        user = User(email=address, name=name)
        session.add(user)
        session.flush()
    membership = roster.name_instructor(session, actor, course, user)
    audit.record(session, actor, "instructor.named", course=course, target=address)
    return membership


def check_late_days(late_days: int) -> None:
    """
    Check how many late days a course is to give each student.

    Raises:
        RuleError: If it is out of range.
    """
    if not 0 <= late_days <= MOST_LATE_DAYS:
        raise RuleError(f"A course can give from 0 to {MOST_LATE_DAYS} late days.")


def set_late_days(
    session: Session, actor: User, course: Course, late_days: int, effect: Mapping[str, int]
) -> None:
    """
    Change how many days each student may be late without a penalty.

    Args:
        session: A writing session; the caller commits.
        actor: Who.
        course: Which.
        late_days: Over all of its assignments; 0 for none.
        effect: What becomes of marks by it, for the log.

    Raises:
        RuleError: If it is out of range.
    """
    check_late_days(late_days)
    changed = {"late_days": [course.late_days, late_days]}
    course.late_days = late_days
    audit.record(
        session,
        actor,
        "course.late_days_changed",
        course=course,
        target=course.slug,
        changed=changed,
        **effect,
    )


def zone_of(course: Course) -> ZoneInfo:
    """Return a course's time zone."""
    return ZoneInfo(course.time_zone)
