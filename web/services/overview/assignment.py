"""An assignment at a glance, for staff: how far it is, and what waits in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from web.models import (
    CourseAssignment,
    Extension,
    ExtensionRequest,
    Regrade,
    RegradeState,
    RequestState,
    Submission,
    SubmissionState,
)
from web.services.grading import release, requests, written_answers
from web.services.grading.ungraded import Ungraded
from web.services.overview.schedule import count_students, count_submitted


@dataclass(frozen=True)
class AssignmentOverview:
    """
    An assignment at a glance.

    Args:
        assignment: Which.
        students: How many students the course has.
        submitted: How many of them have submitted.
        states: How many submissions there are, by state.
        ungraded: The questions with ungraded answers.
        requests: How many regrade requests are open.
        extension_requests: How many students ask for more time, for those who may extend.
        unreleased: How many graded submissions are not released; 0 if nobody grades by hand.
        extensions: How many students have one.
        regrade: The one that waits to be published or discarded.
    """

    assignment: CourseAssignment
    students: int
    submitted: int
    states: Mapping[SubmissionState, int]
    ungraded: Sequence[Ungraded]
    requests: int
    extension_requests: int
    unreleased: int
    extensions: int
    regrade: Regrade | None

    @property
    def submissions(self) -> int:
        """How many submissions there are."""
        return sum(self.states.values())

    @property
    def failed(self) -> int:
        """How many submissions could not be graded."""
        return self.states.get(SubmissionState.FAILED, 0)

    @property
    def in_work(self) -> int:
        """How many submissions are queued or being graded."""
        waiting = (SubmissionState.QUEUED, SubmissionState.RUNNING)
        return sum(self.states.get(state, 0) for state in waiting)

    @property
    def nothing_to_do(self) -> bool:
        """Whether nothing waits for anybody."""
        numbers = (self.requests, self.extension_requests, self.unreleased, self.failed)
        return not (self.ungraded or any(numbers) or self.regrade)


def assignment_overview(
    session: Session,
    assignment: CourseAssignment,
    ungraded: Sequence[Ungraded],
    *,
    instructs: bool,
) -> AssignmentOverview:
    """
    Return an assignment at a glance.

    Args:
        session: To read by.
        assignment: Which.
        ungraded: The course's questions with ungraded answers.
        instructs: Whether the reader is an instructor, who alone extends deadlines.
    """
    written = written_answers.written_questions(assignment.snapshot)
    return AssignmentOverview(
        assignment,
        count_students(session, assignment.course),
        count_submitted(session, [assignment.id]).get(assignment.id, 0),
        _states(session, assignment),
        [each for each in ungraded if each.assignment_id == assignment.id],
        requests.open_by_assignment(session, assignment.course).get(assignment.id, 0),
        _extension_requests(session, assignment) if instructs else 0,
        release.unreleased(session, assignment) if written else 0,
        _extensions(session, assignment),
        _open_regrade(session, assignment),
    )


def _states(session: Session, assignment: CourseAssignment) -> dict[SubmissionState, int]:
    rows = session.execute(
        select(Submission.state, func.count())
        .where(Submission.assignment_id == assignment.id)
        .group_by(Submission.state)
    )
    return {state: int(count) for state, count in rows}


def _extension_requests(session: Session, assignment: CourseAssignment) -> int:
    query = select(func.count()).where(
        ExtensionRequest.assignment_id == assignment.id,
        ExtensionRequest.state == RequestState.OPEN,
    )
    return session.scalar(query) or 0


def _extensions(session: Session, assignment: CourseAssignment) -> int:
    query = select(func.count()).where(Extension.assignment_id == assignment.id)
    return session.scalar(query) or 0


def _open_regrade(session: Session, assignment: CourseAssignment) -> Regrade | None:
    return session.scalar(
        select(Regrade).where(
            Regrade.assignment_id == assignment.id, Regrade.state == RegradeState.OPEN
        )
    )
