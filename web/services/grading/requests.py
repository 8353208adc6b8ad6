"""Students ask to look again at one question; staff answer."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from web.db import now
from web.models import (
    Course,
    CourseAssignment,
    NoticeKind,
    RegradeRequest,
    RequestState,
    Submission,
    User,
)
from web.services import audit, outbox
from web.services.errors import RuleError
from web.services.grading import overrides, visible_marks
from web.services.grading.worth import QuestionMark
from web.services.visibility import visibility_for

MAX_LENGTH: Final = 4000


@dataclass(frozen=True)
class RequestFigures:
    """
    What became of requests.

    Args:
        open: How many wait for a reply.
        accepted: How many were right.
        declined: How many were not.
        median_seconds: From a request to its reply, half of them sooner; ``None`` without a reply.
    """

    open: int
    accepted: int
    declined: int
    median_seconds: float | None

    @property
    def total(self) -> int:
        """How many there are."""
        return self.open + self.accepted + self.declined


@dataclass(frozen=True)
class Neighbours:
    """
    What stands beside a request.

    Args:
        before: The open request before it, in the order of asking.
        after: The open request after it.
        earlier: What the student asked about the question before, in whatever attempt.
    """

    before: RegradeRequest | None
    after: RegradeRequest | None
    earlier: Sequence[RegradeRequest]


def last_moments(
    session: Session, submission: Submission, questions: Iterable[QuestionMark]
) -> dict[str, datetime | None]:
    """
    Return until when a student may ask about questions, by the question; ``None``: no end.

    The days begin anew with what is new to look at: another result, a release, a person's decision.

    Args:
        session: To read by.
        submission: Which.
        questions: What they are worth, as far as the student may know it.
    """
    assignment = submission.assignment
    seen: list[datetime | None] = []
    if assignment.regrade_request_days is not None and submission.result is not None:
        visibility = visibility_for(session, assignment, submission.user)
        seen = [submission.result.created_at, submission.released_at, visibility.results_from]
    return {each.id: _last_moment(assignment, seen, each) for each in questions}


def closed_because(assignment: CourseAssignment, last: datetime | None) -> str:
    """Return why no request is taken now whose last moment this is; empty if it is."""
    if not assignment.regrade_requests:
        return "Regrade requests are turned off for this assignment."
    if last is not None and last < now():
        return "The time for regrade requests is over."
    return ""


def _last_moment(
    assignment: CourseAssignment, seen: Sequence[datetime | None], question: QuestionMark
) -> datetime | None:
    moments = [assignment.regrade_requests_until]
    if seen and assignment.regrade_request_days is not None:
        decided = [
            None if question.grade is None else question.grade.graded_at,
            None if question.override is None else question.override.created_at,
        ]
        since = max(each for each in [*seen, *decided] if each is not None)
        moments.append(since + timedelta(days=assignment.regrade_request_days))
    return min((each for each in moments if each is not None), default=None)


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
    if submission.practice:
        raise RuleError("This was practice, not part of the grade, so there is nothing to regrade.")
    mark = visible_marks.visible_mark(session, submission)
    question = mark.question(question_id) if mark is not None else None
    last = submission.assignment.regrade_requests_until
    if question is not None:
        last = last_moments(session, submission, [question])[question_id]
    if reason := closed_because(submission.assignment, last):
        raise RuleError(reason)
    if question is None or question.tenths is None:
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
    outbox.note_on_submission(session, NoticeKind.ANSWERED, request.submission)


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


def figures(
    session: Session, course: Course
) -> tuple[RequestFigures, dict[tuple[int, str], RequestFigures]]:
    """Return what became of a course's requests: of all, and by assignment and question."""
    rows = session.execute(
        select(
            Submission.assignment_id,
            RegradeRequest.question,
            RegradeRequest.state,
            RegradeRequest.created_at,
            RegradeRequest.answered_at,
        )
        .join(Submission, RegradeRequest.submission_id == Submission.id)
        .join(CourseAssignment, Submission.assignment_id == CourseAssignment.id)
        .where(CourseAssignment.course_id == course.id)
        .order_by(Submission.assignment_id, RegradeRequest.question)
    ).all()
    by_question: dict[tuple[int, str], list[_Asked]] = {}
    everything: list[_Asked] = []
    for row in rows:
        waited = None
        if row.answered_at is not None:
            waited = (row.answered_at - row.created_at).total_seconds()
        everything.append((row.state, waited))
        by_question.setdefault((row.assignment_id, row.question), []).append((row.state, waited))
    return _figures(everything), {key: _figures(found) for key, found in by_question.items()}


def neighbours(session: Session, request: RegradeRequest) -> Neighbours:
    """Return what stands beside a request."""
    submission = request.submission
    waiting = of_course(session, submission.assignment.course, only_open=True)
    before = [each for each in waiting if each.id < request.id]
    after = [each for each in waiting if each.id > request.id]
    earlier = session.scalars(
        select(RegradeRequest)
        .join(Submission, RegradeRequest.submission_id == Submission.id)
        .where(
            Submission.assignment_id == submission.assignment_id,
            Submission.user_id == submission.user_id,
            RegradeRequest.question == request.question,
            RegradeRequest.id < request.id,
        )
        .order_by(RegradeRequest.id)
    ).all()
    return Neighbours(before[-1] if before else None, after[0] if after else None, earlier)


_Asked = tuple[RequestState, float | None]


def _figures(asked: Sequence[_Asked]) -> RequestFigures:
    states = [state for state, _ in asked]
    waits = [seconds for _, seconds in asked if seconds is not None]
    return RequestFigures(
        states.count(RequestState.OPEN),
        states.count(RequestState.ACCEPTED),
        states.count(RequestState.DECLINED),
        statistics.median(waits) if waits else None,
    )
