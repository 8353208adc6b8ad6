"""What a student has to do, by deadline: in one course, and next over all of theirs."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from web.db import now
from web.models import CourseAssignment, Membership, Role, Submission, SubmissionState, User
from web.services.courses.rule_book import rule_book
from web.services.grading.student_view import StudentAssignment

NEXT_ROWS: Final = 8
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_WHOLE: Final = 1000


class Pending(enum.StrEnum):
    """What a student waits for in an assignment."""

    GRADING = "grading"
    """The tests have not run, or not to their end."""
    MANUAL = "manual"
    """A written answer needs manual grading."""
    RESULTS = "results"
    """Points are hidden until a moment to come."""


@dataclass(frozen=True)
class ListedAssignment:
    """
    An assignment in a student's list.

    Args:
        view: The assignment as the student finds it.
        at: When it is looked at.
    """

    view: StudentAssignment
    at: datetime

    @property
    def penalty_percent(self) -> float:
        """What a submission would lose now for being late."""
        if not self.view.open:
            return 0.0
        lateness = self.view.rules.lateness(self.at)
        return 100.0 * (_WHOLE - lateness.penalised(_WHOLE)) / _WHOLE

    @property
    def pending(self) -> Pending | None:
        """What the student waits for; ``None``: nothing."""
        view = self.view
        if view.state == "waiting":
            return Pending.GRADING
        if view.state != "graded":
            return None
        if not view.results_visible:
            return Pending.RESULTS
        mark = view.mark
        return None if mark is None or mark.damaged or mark.complete else Pending.MANUAL


@dataclass(frozen=True)
class StudentList:
    """
    A course's assignments as one student finds them.

    Args:
        due: Those with a deadline to come, the next one first.
        open: Those that are accepted without one, or late.
        past: Those that are closed, the latest first.
    """

    due: Sequence[ListedAssignment]
    open: Sequence[ListedAssignment]
    past: Sequence[ListedAssignment]

    @property
    def empty(self) -> bool:
        """Whether there is none."""
        return not (self.due or self.open or self.past)


@dataclass(frozen=True)
class DueNext:
    """
    A deadline to come in one of a student's courses.

    Args:
        assignment: Which.
        due_at: The student's own deadline.
        submitted: Whether the student has submitted something.
        in_seconds: How long it is till then.
    """

    assignment: CourseAssignment
    due_at: datetime
    submitted: bool
    in_seconds: int


def student_list(views: Sequence[StudentAssignment]) -> StudentList:
    """Put a course's assignments in order, as one student finds them."""
    at = now()
    listed = sorted((ListedAssignment(view, at) for view in views), key=_deadline)
    past = [each for each in listed if _is_over(each)]
    present = [each for each in listed if not _is_over(each)]
    return StudentList(
        [each for each in present if each.view.due_in_seconds is not None],
        [each for each in present if each.view.due_in_seconds is None],
        past[::-1],
    )


def due_next(session: Session, user: User, memberships: Sequence[Membership]) -> list[DueNext]:
    """
    Return the next deadlines of a student in all of their courses.

    Args:
        session: To read by.
        user: Who.
        memberships: Their courses; those in which they are staff, and archived ones, are left out.
    """
    at = now()
    courses = [
        each.course_id
        for each in memberships
        if each.role is Role.STUDENT and each.course.archived_at is None
    ]
    query = select(CourseAssignment).where(
        CourseAssignment.course_id.in_(courses), CourseAssignment.release_at <= at
    )
    assignments = session.scalars(query).all()
    book = rule_book(session, assignments, [user.id])
    deadlines = [(book.rules(each, user.id).due_at, each) for each in assignments]
    coming = [(due_at, each) for due_at, each in deadlines if due_at is not None and due_at > at]
    coming = sorted(coming, key=lambda each: (each[0], each[1].id))[:NEXT_ROWS]
    submitted = _submitted(session, user, [each.id for _, each in coming])
    return [
        DueNext(each, due_at, each.id in submitted, int((due_at - at).total_seconds()))
        for due_at, each in coming
    ]


def _submitted(session: Session, user: User, assignment_ids: Sequence[int]) -> set[int]:
    query = select(Submission.assignment_id).where(
        Submission.user_id == user.id,
        Submission.assignment_id.in_(assignment_ids),
        Submission.state.not_in((SubmissionState.UNUSABLE, SubmissionState.FAILED)),
    )
    return set(session.scalars(query))


def _is_over(listed: ListedAssignment) -> bool:
    closes_at = listed.view.closes_at
    return closes_at is not None and closes_at < listed.at


def _deadline(listed: ListedAssignment) -> tuple[datetime, str]:
    return listed.view.rules.due_at or _NEVER, listed.view.assignment.name
