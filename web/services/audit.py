"""Write down what staff do and what becomes of accounts, and read it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from web.db import now
from web.models import AuditEntry, Course, Membership, Role, Submission, User

PAGE_ROWS: Final = 100
REPEATED_WITHIN: Final = timedelta(hours=1)
KINDS: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "people": ("roster", "membership", "person", "link", "role", "instructor"),
        "course": ("course", "announcement"),
        "assignments": ("assignment", "extension", "grading"),
        "grading": (
            "answer",
            "comment",
            "grades",
            "points",
            "results",
            "request",
            "rubric",
            "line_comment",
            "second_marking",
            "submission",
            "regrade",
        ),
        "gradebook": ("grade_rules", "gradebook", "marks", "special_grade"),
        "accounts": ("account",),
        "portal": ("portal",),
    }
)
"""What entries can be filtered by: with what their actions begin."""
_OF_PASSWORDS: Final = ("account.link_used", "account.password_changed")


@dataclass(frozen=True)
class Filters:
    """
    Which entries to show.

    Args:
        kind: One of `KINDS`; empty: all.
        text: In who did it, or to what; empty: all.
        since: What was done before this moment is left out.
        before: What was done at this moment or later is left out.
        page: From 1.
    """

    kind: str = ""
    text: str = ""
    since: datetime | None = None
    before: datetime | None = None
    page: int = 1


@dataclass(frozen=True)
class LogView:
    """
    A page of the log.

    Args:
        rows: Its entries, the newest first.
        total: How many match, on all pages.
        page: Which page this is, from 1.
        pages: How many there are.
    """

    rows: Sequence[AuditEntry]
    total: int
    page: int
    pages: int


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

    What somebody does again within an hour, while nothing else has been done to the same target,
    is counted in the entry that is there, so that nobody can hide what others did.

    Args:
        session: A writing session; the caller commits.
        actor: Who did it; ``None`` for the system.
        action: What, such as ``"extension.granted"``.
        course: Where.
        target: To whom or what, in words that stay true when rows are gone.
        details: What changed, as plain data.
    """
    entry = AuditEntry(
        actor_id=actor.id if actor else None,
        course_id=course.id if course else None,
        action=action,
        target=target[:200],
        details=details,
    )
    before = _before(session, entry)
    if before is None or not _same(before, entry):
        session.add(entry)
        return
    before.first_at = before.first_at or before.at
    before.at = now()
    before.times += 1


def _before(session: Session, entry: AuditEntry) -> AuditEntry | None:
    """Return the latest entry on the same target, if it is not long ago."""
    with session.no_autoflush:
        return session.scalar(
            select(AuditEntry)
            .where(AuditEntry.course_id == entry.course_id, AuditEntry.target == entry.target)
            .where(AuditEntry.at > now() - REPEATED_WITHIN)
            .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
            .limit(1)
        )


def _same(one: AuditEntry, other: AuditEntry) -> bool:
    # As they are stored: JSON knows no tuples, and no words of an enumeration.
    details = json.loads(json.dumps(other.details, default=str))
    return (one.actor_id, one.action, one.details) == (other.actor_id, other.action, details)


def question_target(submission: Submission, question_id: str) -> str:
    """Name a question of a submission in words that stay true when rows are gone."""
    place = f"{submission.assignment.name}, attempt {submission.number}, {question_id}"
    return f"{submission.user.email}, {place}"


def entries(session: Session, course: Course | None, filters: Filters) -> LogView:
    """
    Return what was done in a course, and to the accounts of its people; or everywhere.

    Of students a course is shown when a password was set, and not when they sign in.

    Args:
        session: To read.
        course: Which; ``None``: the whole portal, for admins.
        filters: Which entries.
    """
    conditions = _conditions(filters)
    if course is not None:
        conditions.append(_of_course(course))
    matching = select(AuditEntry).outerjoin(User, AuditEntry.actor_id == User.id).where(*conditions)
    total = session.scalar(select(func.count()).select_from(matching.subquery())) or 0
    pages = max(1, -(-total // PAGE_ROWS))
    page = min(max(1, filters.page), pages)
    newest_first = matching.order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
    rows = session.scalars(newest_first.offset((page - 1) * PAGE_ROWS).limit(PAGE_ROWS)).all()
    return LogView(rows, total, page, pages)


def _of_course(course: Course) -> ColumnElement[bool]:
    people = select(Membership.user_id).where(
        Membership.course_id == course.id, Membership.active.is_(True)
    )
    staff = people.where(Membership.role != Role.STUDENT)
    passwords = and_(AuditEntry.action.in_(_OF_PASSWORDS), AuditEntry.actor_id.in_(people))
    of_accounts = or_(AuditEntry.actor_id.in_(staff), passwords)
    return or_(
        AuditEntry.course_id == course.id,
        and_(AuditEntry.course_id.is_(None), _begins("account"), of_accounts),
    )


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.kind in KINDS:
        conditions.append(or_(*(_begins(start) for start in KINDS[filters.kind])))
    if text := filters.text.strip():
        parts = (User.name, User.email, AuditEntry.target)
        conditions.append(or_(*(part.icontains(text, autoescape=True) for part in parts)))
    if filters.since is not None:
        conditions.append(AuditEntry.at >= filters.since)
    if filters.before is not None:
        conditions.append(AuditEntry.at < filters.before)
    return conditions


def _begins(start: str) -> ColumnElement[bool]:
    return AuditEntry.action.startswith(f"{start}.", autoescape=True)
