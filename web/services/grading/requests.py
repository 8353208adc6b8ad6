"""Students ask to look again at one question; staff answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from web.db import now
from web.models import (
    Course,
    CourseAssignment,
    RegradeRequest,
    RequestState,
    Submission,
    User,
)
from web.services import audit
from web.services.errors import RuleError
from web.services.grading import overrides, visible_marks

MAX_LENGTH: Final = 4000


def closed_because(assignment: CourseAssignment) -> str:
    """Return why no request is taken now; empty if it is."""
    if not assignment.regrade_requests:
        return "Regrade requests are turned off for this assignment."
    last = assignment.regrade_requests_until
    if last is not None and last < now():
        return "The time for regrade requests is over."
    return ""


def ask(session: Session, submission: Submission, question_id: str, text: str) -> RegradeRequest:
    """
    Ask, as its student, to look again at a question.

    Args:
        session: A writing session; the caller commits.
        submission: The student's own.
        question_id: Which question.
        text: What should be looked at.

    Raises:
        RuleError: If it is not graded and released, requests are closed, or one is open already.
    """
    # Browsers count a line's end as one character and send two.
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise RuleError("Describe what should be regraded, and why.")
    if len(text) > MAX_LENGTH:
        raise RuleError(f"A request can have at most {MAX_LENGTH} characters.")
    if reason := closed_because(submission.assignment):
        raise RuleError(reason)
    if submission.practice:
        raise RuleError("This was practice, not part of the grade, so there is nothing to regrade.")
    mark = visible_marks.visible_mark(session, submission)
    question = mark.question(question_id) if mark is not None else None
    if mark is None or question is None or question.tenths is None:
        raise RuleError(
            "You can request a regrade once this question is graded and its points are released."
        )
    request = RegradeRequest(submission_id=submission.id, question=question_id, text=text)
    try:
        with session.begin_nested():
            session.add(request)
    except IntegrityError:
        raise RuleError("Your earlier request on this question is still open.") from None
    return request


def answer(
    session: Session,
    actor: User,
    request: RegradeRequest,
    *,
    accepted: bool,
    text: str,
    tenths: int | None = None,
) -> None:
    """
    Answer a request.

    Args:
        session: A writing session; the caller commits.
        actor: Who.
        request: Which.
        accepted: Whether the student is right.
        text: For the student.
        tenths: New points of the question, with the answer as their reason; ``None``: as they are.

    Raises:
        RuleError: If it has an answer, the answer is empty, or points come with a refusal.
    """
    text = text.strip()[:MAX_LENGTH]
    if request.state is not RequestState.OPEN:
        name = request.answered_by.name if request.answered_by else "Somebody"
        raise RuleError(f"{name} has already answered this request.")
    if not text:
        raise RuleError("Write a reply; the student will see it.")
    if tenths is not None and not accepted:
        raise RuleError("Points can change only if you accept the request.")
    if tenths is not None:
        overrides.set_points(session, actor, request.submission, request.question, tenths, text)
    request.state = RequestState.ACCEPTED if accepted else RequestState.DECLINED
    request.answer, request.answered_by_id, request.answered_at = text, actor.id, now()
    audit.record(
        session,
        actor,
        f"request.{request.state}",
        course=request.submission.assignment.course,
        target=audit.question_target(request.submission, request.question),
        answer=text,
    )


def of_submission(session: Session, submission: Submission) -> Sequence[RegradeRequest]:
    """Return the requests on a submission, the oldest first."""
    return session.scalars(
        select(RegradeRequest)
        .where(RegradeRequest.submission_id == submission.id)
        .order_by(RegradeRequest.id)
    ).all()


def of_course(session: Session, course: Course, *, only_open: bool) -> Sequence[RegradeRequest]:
    """Return a course's requests: those that wait the longest first, then the answered ones."""
    query = (
        select(RegradeRequest)
        .join(Submission, RegradeRequest.submission_id == Submission.id)
        .join(CourseAssignment, Submission.assignment_id == CourseAssignment.id)
        .where(CourseAssignment.course_id == course.id)
        .order_by(RegradeRequest.state != RequestState.OPEN, RegradeRequest.id)
    )
    if only_open:
        query = query.where(RegradeRequest.state == RequestState.OPEN)
    return session.scalars(query).all()


def open_by_assignment(session: Session, course: Course) -> dict[int, int]:
    """Count the open requests, by assignment."""
    rows = session.execute(
        select(Submission.assignment_id, func.count())
        .join(RegradeRequest, RegradeRequest.submission_id == Submission.id)
        .join(CourseAssignment, Submission.assignment_id == CourseAssignment.id)
        .where(CourseAssignment.course_id == course.id, RegradeRequest.state == RequestState.OPEN)
        .group_by(Submission.assignment_id)
    ).all()
    return {int(number): int(count) for number, count in rows}
