"""Find students, assignments and submissions of a course by what staff type into one field."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from web.models import Course, CourseAssignment, Membership, Role, Snapshot, Submission, User
from web.services.lookup import person_has

MOST: Final = 20
MAX_LENGTH: Final = 100
_NUMBER: Final = re.compile(r"(?:answer\s+|\S*/submissions/)?([0-9a-f]{4,32})/?", re.IGNORECASE)


@dataclass(frozen=True)
class Found:
    """
    What was found.

    Args:
        students: By name.
        assignments: By name.
        submissions: The newest first, by the beginning of their number.
        more: Whether there is more than is shown.
    """

    students: Sequence[Membership] = ()
    assignments: Sequence[CourseAssignment] = ()
    submissions: Sequence[Submission] = ()
    more: bool = False

    @property
    def total(self) -> int:
        """How many are shown."""
        return len(self.students) + len(self.assignments) + len(self.submissions)


def search(session: Session, course: Course, text: str) -> Found:
    """
    Return a course's students, assignments and submissions that match, some of each.

    No student's submissions are found by the student: where grading is anonymous, it would tell
    whose they are.

    Args:
        session: To read by.
        course: Which.
        text: Part of a name, an address, a student number or a title; or a submission's number,
            its beginning, or the address of its page.
    """
    # Untrusted: what people type; it is bounded, and its wildcards are letters like others.
    text = text.strip()[:MAX_LENGTH]
    if not text:
        return Found()
    students, more_students = _some(session, _students(course, text))
    assignments, more_assignments = _some(session, _assignments(course, text))
    number = _NUMBER.fullmatch(text)
    submissions, more_submissions = (
        _some(session, _submissions(course, number[1].lower())) if number else ([], False)
    )
    more = more_students or more_assignments or more_submissions
    return Found(students, assignments, submissions, more)


def _some(session: Session, query: Select[Any]) -> tuple[list[Any], bool]:
    rows = list(session.scalars(query.limit(MOST + 1)))
    return rows[:MOST], len(rows) > MOST


def _students(course: Course, text: str) -> Select[Membership]:
    return (
        select(Membership)
        .join(User)
        .where(
            Membership.course_id == course.id,
            Membership.role == Role.STUDENT,
            person_has(text),
        )
        .order_by(Membership.active.desc(), User.name, User.id)
    )


def _assignments(course: Course, text: str) -> Select[CourseAssignment]:
    columns = (CourseAssignment.name, Snapshot.title)
    return (
        select(CourseAssignment)
        .join(Snapshot, CourseAssignment.snapshot_id == Snapshot.id)
        .where(
            CourseAssignment.course_id == course.id,
            or_(*(column.icontains(text, autoescape=True) for column in columns)),
        )
        .order_by(CourseAssignment.name)
    )


def _submissions(course: Course, number: str) -> Select[Submission]:
    return (
        select(Submission)
        .join(CourseAssignment, Submission.assignment_id == CourseAssignment.id)
        .where(CourseAssignment.course_id == course.id, Submission.public_id.startswith(number))
        .order_by(Submission.received_at.desc(), Submission.id.desc())
    )
