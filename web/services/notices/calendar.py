"""A calendar of somebody's own deadlines, as calendar programs fetch it (RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from web.db import now
from web.models import CourseAssignment, Membership, User
from web.services.courses.rule_book import rule_book
from web.services.notices import paths
from web.services.notices.letters import moment
from web.services.people.tokens import new_token

_OCTETS = 75
"""In a line, without its end."""


def token_of(session: Session, user: User) -> str:
    """Return what stands in the address of somebody's calendar; made if there is none yet."""
    if user.calendar_token is None:
        return renew(session, user)
    return user.calendar_token


def renew(session: Session, user: User) -> str:
    """
    Return another token; the address that there was leads nowhere from now on.

    Args:
        session: A writing session; the caller commits.
        user: Whose.
    """
    token = new_token()
    session.get_one(User, user.id).calendar_token = token
    return token


def reader(session: Session, token: str) -> User | None:
    """Return whose calendar a token stands for; ``None``: nobody's, or of a closed account."""
    query = select(User).where(User.calendar_token == token, User.active.is_(True))
    return session.scalar(query)


def calendar(session: Session, user: User, public_url: str) -> bytes:
    """
    Return somebody's deadlines, each with what is their own applied.

    Args:
        session: To read by.
        user: Whose.
        public_url: With what links begin.
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//autograder//deadlines//EN",
        "METHOD:PUBLISH",
        "X-WR-CALNAME:Deadlines",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
        *_events(session, user, public_url),
        "END:VCALENDAR",
    ]
    return b"".join(_folded(line) for line in lines)


def _events(session: Session, user: User, public_url: str) -> Iterator[str]:
    at = now()
    assignments = session.scalars(
        select(CourseAssignment)
        .join(Membership, Membership.course_id == CourseAssignment.course_id)
        .where(
            Membership.user_id == user.id,
            Membership.active.is_(True),
            CourseAssignment.release_at <= at,
        )
        .order_by(CourseAssignment.id)
    ).all()
    book = rule_book(session, assignments, [user.id])
    for assignment in assignments:
        rules = book.rules(assignment, user.id)
        if rules.due_at is not None:
            yield from _event(assignment, rules.due_at, rules.cutoff_at, public_url, at)


def _event(
    assignment: CourseAssignment,
    due_at: datetime,
    cutoff_at: datetime | None,
    public_url: str,
    at: datetime,
) -> Iterator[str]:
    course = assignment.course
    yield "BEGIN:VEVENT"
    yield f"UID:assignment-{assignment.id}@{urlsplit(public_url).hostname or 'autograder'}"
    yield f"DTSTAMP:{_utc(at)}"
    yield f"DTSTART:{_utc(due_at)}"
    yield f"SUMMARY:{_text(f'Due: {assignment.snapshot.title} ({course.title})')}"
    if cutoff_at is not None and cutoff_at > due_at:
        late = f"Late submissions until {moment(cutoff_at, course.time_zone)}"
        yield f"DESCRIPTION:{_text(late)}"
    yield f"URL:{public_url}{paths.of_assignment(assignment)}"
    # It takes nobody's time by itself.
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _utc(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    # Untrusted: titles are typed by people; a line end would begin a property of theirs.
    plain = "".join(each for each in " ".join(value.split()) if each.isprintable())
    for special in ("\\", ";", ","):
        plain = plain.replace(special, f"\\{special}")
    return plain


def _folded(line: str) -> bytes:
    """Return a line with its end, in parts that are not too long, and no character cut in two."""
    parts, part = [], b""
    for octets in (each.encode() for each in line):
        if len(part) + len(octets) > _OCTETS:
            parts.append(part)
            part = b" "
        part += octets
    return b"\r\n".join([*parts, part]) + b"\r\n"
