"""
Delete a course with all that belongs to it.

What belongs to a course is read off the tables: a row that refers to the course, or to something
that belongs to it. So a table that is added later is not forgotten. Accounts and versions of
assignments belong to no course and stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Table, delete, func, null, or_, select, update
from sqlalchemy.orm import Session

from web.db import Base
from web.models import Course, Submission, User
from web.services import audit
from web.services.errors import RuleError
from web.services.people.names import clean_text

SHOWN: Final[Mapping[str, tuple[str, str]]] = {
    "course_assignment": ("assignment", "assignments"),
    "membership": ("person's membership", "people's memberships"),
    "submission": ("submission with its file", "submissions with their files"),
    "result": ("result", "results"),
    "manual_grade": ("grade by a person", "grades by people"),
    "extension": ("extension", "extensions"),
    "regrade": ("regrade", "regrades"),
    "announcement": ("announcement", "announcements"),
    "audit_entry": ("entry of the activity log", "entries of the activity log"),
}
"""What is counted before a course is deleted, in words for one and for several."""


@dataclass(frozen=True)
class Counted:
    """
    How much of something would be deleted.

    Args:
        count: How many.
        words: What they are.
    """

    count: int
    words: str


def count(session: Session, course: Course) -> list[Counted]:
    """Return what would be deleted with a course, as far as people know it."""
    owned = owned_by(course.id)
    found = []
    for table, condition in owned.items():
        if table.name in SHOWN:
            number = session.scalar(select(func.count()).select_from(table).where(condition)) or 0
            found.append((table.name, number))
    numbers = dict(found)
    return [
        Counted(numbers[name], words[numbers[name] != 1])
        for name, words in SHOWN.items()
        if numbers.get(name)
    ]


def check_name(course: Course, typed: str) -> None:
    """
    Check that who deletes a course has typed what it is called in addresses.

    Raises:
        RuleError: If it is something else.
    """
    if clean_text(typed) != course.slug:
        raise RuleError(f"Nothing was deleted. Type “{course.slug}” to delete this course.")


def delete_course(session: Session, actor: User, course: Course) -> list[str]:
    """
    Delete an archived course and all that belongs to it, its part of the activity log included.

    Args:
        session: A writing session; the caller commits.
        actor: Who.
        course: Which.

    Returns:
        The public ids of its submissions, whose files the caller deletes after the commit.

    Raises:
        RuleError: If it is not archived.
    """
    if course.archived_at is None:
        raise RuleError("Archive the course first. Only an archived course can be deleted.")
    session.flush()
    owned = owned_by(course.id)
    counted = {each.words: each.count for each in count(session, course)}
    submissions = Submission.__table__
    assert isinstance(submissions, Table)
    ids = session.scalars(select(Submission.public_id).where(owned[submissions])).all()
    # A submission and its results refer to each other.
    session.execute(update(submissions).where(owned[submissions]).values(result_id=null()))
    for table in reversed(Base.metadata.sorted_tables):
        if table in owned:
            session.execute(delete(table).where(owned[table]))
    audit.record(
        session, actor, "course.deleted", target=course.slug, title=course.title, deleted=counted
    )
    return list(ids)


def owned_by(course_id: int) -> dict[Table, ColumnElement[bool]]:
    """Return the tables with rows that belong to a course, each with what chooses them."""
    courses = Course.__table__
    assert isinstance(courses, Table)
    owned: dict[Table, ColumnElement[bool]] = {courses: courses.c.id == course_id}
    for table in Base.metadata.sorted_tables:
        conditions = [
            key.parent.in_(select(key.column).where(owned[key.column.table]))
            for key in table.foreign_keys
            if key.column.table in owned and not key.use_alter
        ]
        if conditions:
            owned[table] = or_(*conditions)
    return owned
