"""What a course's staff have to do now, what comes next, and what has just come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from web.db import now
from web.models import (
    Course,
    CourseAssignment,
    ExtensionRequest,
    Regrade,
    RegradeRequest,
    RegradeState,
    RequestState,
    Submission,
    SubmissionState,
)
from web.services.courses import extension_requests
from web.services.courses.assignments import course_assignments
from web.services.grading import requests
from web.services.grading.marks import Mark, marks_of
from web.services.grading.ungraded import Ungraded
from web.services.overview.checklist import Checklist, checklist
from web.services.overview.schedule import Event, schedule

ROWS: Final = 5
LATEST_ROWS: Final = 8
RECENT: Final = timedelta(hours=1)


@dataclass(frozen=True)
class ToGrade:
    """
    A written question with answers that nobody has graded.

    Args:
        assignment: Which.
        question_id: Of the question.
        answers: How many there are.
        claimed: How many of them somebody reads now.
    """

    assignment: CourseAssignment
    question_id: str
    answers: int
    claimed: int


@dataclass(frozen=True)
class Dashboard:
    """
    A course as its staff find it when they come.

    Args:
        to_grade: Questions with ungraded answers, by deadline.
        requests: The open requests that wait the longest.
        more_requests: How many more there are.
        extension_requests: The open requests for more time that wait the longest.
        more_extension_requests: How many more there are.
        failed: The latest submissions that could not be graded.
        more_failed: How many more there are.
        regrades: Those that wait to be published or discarded.
        events: What comes next, by time.
        latest: The latest submissions.
        marks: What these are worth, by their ids.
        last_hour: How many submissions came within the last hour.
        waiting: How many submissions are queued or being graded.
        checklist: How far a new course is, for who can do something about it; ``None`` once it is
            set up.
    """

    to_grade: Sequence[ToGrade]
    requests: Sequence[RegradeRequest]
    more_requests: int
    extension_requests: Sequence[ExtensionRequest]
    more_extension_requests: int
    failed: Sequence[Submission]
    more_failed: int
    regrades: Sequence[Regrade]
    events: Sequence[Event]
    latest: Sequence[Submission]
    marks: Mapping[int, Mark]
    last_hour: int
    waiting: int
    checklist: Checklist | None

    @property
    def nothing_to_do(self) -> bool:
        """Whether nothing waits for anybody."""
        waiting = (self.to_grade, self.requests, self.extension_requests, self.failed)
        return not any(waiting) and not self.regrades


def dashboard(
    session: Session, course: Course, ungraded: Sequence[Ungraded], *, instructs: bool
) -> Dashboard:
    """
    Return a course as its staff find it when they come.

    Args:
        session: To read by.
        course: Which.
        ungraded: Its questions with ungraded answers.
        instructs: Whether the reader is an instructor, who alone sets a course up, extends
            deadlines and decides on regrades.
    """
    assignments = course_assignments(session, course)
    by_id = {each.id: each for each in assignments}
    asked = sum(requests.open_by_assignment(session, course).values())
    more_time = extension_requests.of_course(session, course, only_open=True) if instructs else []
    states = _states(session, course)
    failed = states.get(SubmissionState.FAILED, 0)
    latest = _submissions(session, course, LATEST_ROWS)
    return Dashboard(
        [
            ToGrade(by_id[each.assignment_id], each.question_id, each.answers, each.claimed)
            for each in ungraded
            if each.assignment_id in by_id
        ],
        _open_requests(session, course) if asked else [],
        max(0, asked - ROWS),
        more_time[:ROWS],
        max(0, len(more_time) - ROWS),
        _submissions(session, course, ROWS, SubmissionState.FAILED) if failed else [],
        max(0, failed - ROWS),
        _open_regrades(session, course) if instructs else [],
        schedule(session, course, assignments),
        latest,
        marks_of(session, latest),
        _last_hour(session, course),
        states.get(SubmissionState.QUEUED, 0) + states.get(SubmissionState.RUNNING, 0),
        checklist(session, course, assignments) if instructs else None,
    )


def _submissions(
    session: Session, course: Course, number: int, state: SubmissionState | None = None
) -> Sequence[Submission]:
    query = (
        select(Submission)
        .join(CourseAssignment, Submission.assignment_id == CourseAssignment.id)
        .where(CourseAssignment.course_id == course.id)
        .order_by(Submission.received_at.desc(), Submission.id.desc())
        .limit(number)
    )
    if state is not None:
        query = query.where(Submission.state == state)
    return session.scalars(query).all()


def _states(session: Session, course: Course) -> dict[SubmissionState, int]:
    """Count a course's submissions by state, but the graded ones, of which there are many."""
    rows = session.execute(
        select(Submission.state, func.count())
        .join(CourseAssignment, Submission.assignment_id == CourseAssignment.id)
        .where(
            CourseAssignment.course_id == course.id,
            Submission.state.in_(
                (SubmissionState.QUEUED, SubmissionState.RUNNING, SubmissionState.FAILED)
            ),
        )
        .group_by(Submission.state)
    )
    return {state: int(count) for state, count in rows}


def _last_hour(session: Session, course: Course) -> int:
    query = (
        select(func.count())
        .select_from(Submission)
        .join(CourseAssignment, Submission.assignment_id == CourseAssignment.id)
        .where(CourseAssignment.course_id == course.id, Submission.received_at > now() - RECENT)
    )
    return session.scalar(query) or 0


def _open_requests(session: Session, course: Course) -> Sequence[RegradeRequest]:
    return session.scalars(
        select(RegradeRequest)
        .join(Submission, RegradeRequest.submission_id == Submission.id)
        .join(CourseAssignment, Submission.assignment_id == CourseAssignment.id)
        .where(CourseAssignment.course_id == course.id, RegradeRequest.state == RequestState.OPEN)
        .order_by(RegradeRequest.id)
        .limit(ROWS)
    ).all()


def _open_regrades(session: Session, course: Course) -> Sequence[Regrade]:
    return session.scalars(
        select(Regrade)
        .join(CourseAssignment, Regrade.assignment_id == CourseAssignment.id)
        .where(CourseAssignment.course_id == course.id, Regrade.state == RegradeState.OPEN)
        .order_by(Regrade.id)
    ).all()
