"""What waits for a course's staff, in numbers: for the tabs of each page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from web.models import Course, CourseAssignment, Submission, SubmissionState
from web.services.courses import extension_requests
from web.services.grading import requests
from web.services.grading.ungraded import Ungraded


@dataclass(frozen=True)
class Waiting:
    """
    What waits for a course's staff.

    Args:
        answers: Written answers that nobody has graded.
        requests: Open requests of students that the reader can answer.
        failed: Submissions that could not be graded.
    """

    answers: int
    requests: int
    failed: int


def waiting(
    session: Session, course: Course, ungraded: Sequence[Ungraded], *, instructs: bool
) -> Waiting:
    """
    Count what waits for a course's staff.

    Args:
        session: To read by.
        course: Which.
        ungraded: Its questions with ungraded answers.
        instructs: Whether the reader is an instructor, who alone extends deadlines.
    """
    failed = (
        select(func.count())
        .select_from(Submission)
        .join(CourseAssignment, Submission.assignment_id == CourseAssignment.id)
        .where(CourseAssignment.course_id == course.id, Submission.state == SubmissionState.FAILED)
    )
    asked = sum(requests.open_by_assignment(session, course).values())
    return Waiting(
        sum(each.answers for each in ungraded),
        asked + (extension_requests.count_open(session, course) if instructs else 0),
        session.scalar(failed) or 0,
    )
