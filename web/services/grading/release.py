"""Release what people gave to students, in one step, and see before what they will see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from web.db import now
from web.models import (
    Course,
    CourseAssignment,
    ManualGrade,
    Membership,
    NoticeKind,
    PointsOverride,
    Submission,
    SubmissionState,
    User,
)
from web.services import audit, outbox
from web.services.courses.assignments import course_assignments
from web.services.errors import RuleError
from web.services.grading.marks import Mark
from web.services.grading.written_answers import student_marks, written_questions
from web.services.lookup import PRESENT_STUDENT

MOST_DAYS: Final = 365


@dataclass(frozen=True)
class Readiness:
    """
    How far the grading of an assignment is.

    Args:
        marks: The mark that counts of each student, in the order of submission.
        unreleased: How many graded submissions students do not see in full yet.
    """

    marks: list[Mark]
    unreleased: int

    @property
    def incomplete(self) -> int:
        """How many students have an answer that awaits a person."""
        return sum(not mark.complete for mark in self.marks)


@dataclass(frozen=True)
class Progress:
    """
    How far the grading of an assignment is, without what each student's attempt is worth.

    Args:
        assignment: Which.
        written: Whether it has questions that a person grades.
        students: How many students have a graded attempt.
        unreleased: How many graded submissions students do not see in full yet.
    """

    assignment: CourseAssignment
    written: bool
    students: int
    unreleased: int


@dataclass(frozen=True)
class GradingRules:
    """What an instructor sets about people's grading; names are those of `CourseAssignment`."""

    anonymous_grading: bool
    regrade_requests: bool
    regrade_requests_until: datetime | None
    regrade_request_days: int | None = None


def readiness(session: Session, assignment: CourseAssignment) -> Readiness:
    """Report how far the grading of an assignment is."""
    return Readiness(student_marks(session, assignment), unreleased(session, assignment))


def unreleased(session: Session, assignment: CourseAssignment) -> int:
    """Count the graded submissions that students do not see in full yet."""
    return session.scalar(select(func.count()).where(*_unreleased(assignment))) or 0


def progress(session: Session, course: Course) -> list[Progress]:
    """Report how far the grading of each assignment of a course is, by deadline."""
    assignments = course_assignments(session, course)
    graded = (
        Submission.assignment_id.in_([each.id for each in assignments]),
        Submission.state == SubmissionState.GRADED,
        Submission.practice.is_(False),
    )
    students = select(Membership.user_id).where(Membership.course_id == course.id, *PRESENT_STUDENT)
    by_assignment = _counted(
        session,
        func.count(Submission.user_id.distinct()),
        *graded,
        Submission.user_id.in_(students),
    )
    hidden = _counted(session, func.count(), *graded, Submission.released_at.is_(None))
    return [
        Progress(
            each,
            bool(written_questions(each.snapshot)),
            by_assignment.get(each.id, 0),
            hidden.get(each.id, 0),
        )
        for each in assignments
    ]


def _counted(
    session: Session, number: ColumnElement[int], *conditions: ColumnElement[bool]
) -> dict[int, int]:
    query = select(Submission.assignment_id, number).where(*conditions)
    rows = session.execute(query.group_by(Submission.assignment_id))
    return {int(assignment_id): int(count) for assignment_id, count in rows}


def release(session: Session, actor: User, assignment: CourseAssignment) -> int:
    """
    Let students see what people gave; returns how many submissions it reached.

    While the assignment's results are held back, they see it from that moment on. What is graded
    later of these submissions is visible at once.

    Raises:
        RuleError: If there is nothing to release.
    """
    state = readiness(session, assignment)
    at = now()
    students = session.scalars(
        select(Submission.user_id).where(*_unreleased(assignment)).distinct()
    ).all()
    done = session.execute(
        update(Submission).where(*_unreleased(assignment)).values(released_at=at)
    )
    count = int(done.rowcount)  # type: ignore[attr-defined]  # an update's result has it
    if not count:
        raise RuleError("All graded submissions have already been released.")
    _show_decisions(session, assignment, at)
    assignment.grades_released_at = at
    audit.record(
        session,
        actor,
        "grades.released",
        course=assignment.course,
        target=assignment.name,
        submissions=count,
        incomplete=state.incomplete,
    )
    outbox.note(session, NoticeKind.RELEASED, assignment, students)
    return count


def withdraw(session: Session, actor: User, assignment: CourseAssignment) -> None:
    """
    Hide what people gave again, after a release that came too early.

    Raises:
        RuleError: If nothing is released.
    """
    if assignment.grades_released_at is None:
        raise RuleError("Nothing has been released yet.")
    session.execute(
        update(Submission).where(Submission.assignment_id == assignment.id).values(released_at=None)
    )
    _show_decisions(session, assignment, None)
    assignment.grades_released_at = None
    audit.record(
        session, actor, "grades.withdrawn", course=assignment.course, target=assignment.name
    )
    outbox.forget(session, NoticeKind.RELEASED, assignment)


def _show_decisions(session: Session, assignment: CourseAssignment, at: datetime | None) -> None:
    """Let what people decided be seen from a moment on in every attempt with the answer, or not."""
    attempts = select(Submission.id).where(Submission.assignment_id == assignment.id)
    for kind in (ManualGrade, PointsOverride):
        session.execute(update(kind).where(kind.submission_id.in_(attempts)).values(released_at=at))


def hide_results(
    session: Session, actor: User, assignment: CourseAssignment, until: datetime | None
) -> None:
    """
    Hold points and hidden results back again, which became visible too early.

    Args:
        session: A writing session; the caller commits.
        actor: Who.
        assignment: Which.
        until: When they become visible.

    Raises:
        RuleError: If that moment is not to come, or they are held back already.
    """
    if visible_from(assignment) is not None:
        raise RuleError("The results are already hidden.")
    if until is None or until <= now():
        raise RuleError("Choose a date in the future from which students can see the results.")
    assignment.results_at = until
    audit.record(
        session,
        actor,
        "results.hidden",
        course=assignment.course,
        target=assignment.name,
        until=until.isoformat(),
    )


def set_grading_rules(
    session: Session, actor: User, assignment: CourseAssignment, rules: GradingRules
) -> None:
    """
    Change whether names are hidden, and whether and until when students may ask.

    Raises:
        RuleError: If the days are none that somebody could use.
    """
    days = rules.regrade_request_days
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise RuleError(f"Give students from 1 to {MOST_DAYS} days for regrade requests.")
    assignment.regrade_request_days = days
    assignment.anonymous_grading = rules.anonymous_grading
    assignment.regrade_requests = rules.regrade_requests
    assignment.regrade_requests_until = rules.regrade_requests_until
    last = rules.regrade_requests_until
    audit.record(
        session,
        actor,
        "grading.rules_changed",
        course=assignment.course,
        target=assignment.name,
        anonymous=rules.anonymous_grading,
        requests=rules.regrade_requests,
        requests_until=None if last is None else last.isoformat(),
        request_days=days,
    )


def visible_from(assignment: CourseAssignment) -> datetime | None:
    """Return the moment that a release waits for; ``None`` if it takes effect at once."""
    at = assignment.results_at
    return None if at is None or at <= now() else at


def _unreleased(assignment: CourseAssignment) -> tuple[ColumnElement[bool], ...]:
    return (
        Submission.assignment_id == assignment.id,
        Submission.state == SubmissionState.GRADED,
        Submission.practice.is_(False),
        Submission.released_at.is_(None),
    )
