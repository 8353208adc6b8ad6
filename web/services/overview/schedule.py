"""What comes next in a course: assignments open, are due, close; results become visible."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from web.db import now
from web.models import Course, CourseAssignment, Membership, Submission
from web.services.lookup import PRESENT_STUDENT

EVENTS: Final = 7
BEFORE: Final = timedelta(days=1)
"""How long something is shown after it has happened."""


class EventKind(enum.StrEnum):
    """What happens to an assignment."""

    OPENS = "opens"
    DUE = "due"
    CLOSES = "closes"
    RESULTS = "results"


@dataclass(frozen=True)
class Event:
    """
    Something that happens to an assignment for the whole class; extensions are left out.

    Args:
        assignment: Which.
        kind: What happens.
        at: When.
        submitted: How many students have submitted.
        students: How many there are.
    """

    assignment: CourseAssignment
    kind: EventKind
    at: datetime
    submitted: int
    students: int

    @property
    def in_seconds(self) -> int | None:
        """How long it is till then; ``None`` if it has happened."""
        seconds = int((self.at - now()).total_seconds())
        return seconds if seconds > 0 else None


def schedule(
    session: Session, course: Course, assignments: Sequence[CourseAssignment]
) -> list[Event]:
    """
    Return what has just happened and what comes next, by time.

    Args:
        session: To read by.
        course: Which.
        assignments: All of the course.
    """
    since = now() - BEFORE
    found = [
        (at, assignment, kind)
        for assignment in assignments
        for at, kind in _moments(assignment)
        if at >= since
    ]
    found = sorted(found, key=lambda each: (each[0], each[1].name))[:EVENTS]
    submitted = count_submitted(session, {assignment.id for _, assignment, _ in found})
    students = count_students(session, course) if found else 0
    return [
        Event(assignment, kind, at, submitted.get(assignment.id, 0), students)
        for at, assignment, kind in found
    ]


def _moments(assignment: CourseAssignment) -> Iterator[tuple[datetime, EventKind]]:
    moments = (
        (assignment.release_at, EventKind.OPENS),
        (assignment.due_at, EventKind.DUE),
        (assignment.cutoff_at, EventKind.CLOSES),
        (assignment.results_at, EventKind.RESULTS),
    )
    for at, kind in moments:
        # Late submissions that end with the deadline end nothing of their own.
        if at is not None and (kind is not EventKind.CLOSES or at != assignment.due_at):
            yield at, kind


def count_submitted(session: Session, assignment_ids: Collection[int]) -> dict[int, int]:
    """Count the present students who have submitted something, by assignment."""
    rows = session.execute(
        select(Submission.assignment_id, func.count(Submission.user_id.distinct()))
        .join(CourseAssignment, Submission.assignment_id == CourseAssignment.id)
        .join(
            Membership,
            (Membership.user_id == Submission.user_id)
            & (Membership.course_id == CourseAssignment.course_id),
        )
        .where(
            Submission.assignment_id.in_(assignment_ids),
            Submission.practice.is_(False),
            *PRESENT_STUDENT,
        )
        .group_by(Submission.assignment_id)
    )
    return {int(number): int(count) for number, count in rows}


def count_students(session: Session, course: Course) -> int:
    """Count a course's present students."""
    query = select(func.count()).where(Membership.course_id == course.id, *PRESENT_STUDENT)
    return session.scalar(query) or 0
