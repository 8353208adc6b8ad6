"""Students ask for a later deadline; those who may extend it answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from web.db import now
from web.models import (
    Course,
    CourseAssignment,
    Extension,
    ExtensionRequest,
    NoticeKind,
    RequestState,
    User,
)
from web.services import audit, outbox
from web.services.courses.assignments import ExtensionTerms
from web.services.courses.deadlines import Rules
from web.services.errors import RuleError, refuse_duplicates

MAX_LENGTH: Final = 2000


def ask(
    session: Session,
    assignment: CourseAssignment,
    user: User,
    rules: Rules,
    wished_until: datetime | None,
    text: str,
) -> ExtensionRequest:
    """
    Ask, as a student, for a later deadline.

    Args:
        session: A writing session; the caller commits.
        assignment: Of which assignment.
        user: The student.
        rules: That hold for the student.
        wished_until: The deadline that they ask for.
        text: Why.

    Raises:
        RuleError: If there is nothing to extend, the moment is none, or a request is open already.
    """
    # Browsers count a line's end as one character and send two.
    text = text.replace("\r\n", "\n").strip()
    if rules.due_at is None:
        raise RuleError("This assignment has no deadline, so there is nothing to extend.")
    if not text:
        raise RuleError("Describe why you need more time.")
    if len(text) > MAX_LENGTH:
        raise RuleError(f"A request can have at most {MAX_LENGTH} characters.")
    if wished_until is None:
        raise RuleError("Enter the deadline that you ask for.")
    if wished_until <= max(rules.due_at, now()):
        raise RuleError("The deadline that you ask for must be later than now and than yours.")
    request = ExtensionRequest(
        assignment_id=assignment.id, user_id=user.id, wished_until=wished_until, text=text
    )
    with refuse_duplicates(session, "Your earlier request for this assignment is still open."):
        session.add(request)
    _record(session, user, request, assignment, "requested", wished_until)
    return request


def terms_granted(
    request: ExtensionRequest, present: Extension | None, until: datetime | None
) -> ExtensionTerms:
    """
    Return the extension that grants a request; more attempts that the student has stay.

    Raises:
        RuleError: If it has an answer, or there is no deadline.
    """
    _check_open(request)
    if until is None:
        raise RuleError("Enter the new deadline.")
    reason = f"Requested: {request.text}"[:1000]
    if present is None:
        return ExtensionTerms(until, None, 0, reason)
    cutoff_at = present.cutoff_at
    if cutoff_at is not None and cutoff_at < until:
        cutoff_at = None
    return ExtensionTerms(until, cutoff_at, present.extra_attempts, reason)


def close(
    session: Session,
    actor: User,
    request: ExtensionRequest,
    text: str,
    granted_until: datetime | None = None,
) -> None:
    """
    Answer a request, beside the extension that grants it.

    Args:
        session: A writing session; the caller commits.
        actor: Who.
        request: Which.
        text: For the student; only a request that is granted needs none.
        granted_until: The deadline that was granted; ``None``: none was.

    Raises:
        RuleError: If it has an answer, or is declined without a word.
    """
    _check_open(request)
    text = text.strip()[:MAX_LENGTH]
    if not text and granted_until is None:
        raise RuleError("Write a reply; the student will see it.")
    granted = granted_until is not None
    request.state = RequestState.ACCEPTED if granted else RequestState.DECLINED
    request.answer, request.granted_until = text, granted_until
    request.answered_by_id, request.answered_at = actor.id, now()
    if not granted:
        _record(session, actor, request, request.assignment, "declined", None)
    outbox.note(session, NoticeKind.ANSWERED, request.assignment, [request.user_id])


def of_student(
    session: Session, assignment: CourseAssignment, user: User
) -> Sequence[ExtensionRequest]:
    """Return what a student has asked for in an assignment, the oldest first."""
    return session.scalars(
        select(ExtensionRequest)
        .where(ExtensionRequest.assignment_id == assignment.id, ExtensionRequest.user_id == user.id)
        .order_by(ExtensionRequest.id)
    ).all()


def of_course(session: Session, course: Course, *, only_open: bool) -> Sequence[ExtensionRequest]:
    """Return a course's requests: those that wait the longest first, then the answered ones."""
    query = (
        select(ExtensionRequest)
        .join(CourseAssignment, ExtensionRequest.assignment_id == CourseAssignment.id)
        .where(CourseAssignment.course_id == course.id)
        .order_by(ExtensionRequest.state != RequestState.OPEN, ExtensionRequest.id)
    )
    if only_open:
        query = query.where(ExtensionRequest.state == RequestState.OPEN)
    return session.scalars(query).all()


def count_open(session: Session, course: Course) -> int:
    """Count the requests of a course that wait for an answer."""
    query = (
        select(func.count())
        .select_from(ExtensionRequest)
        .join(CourseAssignment, ExtensionRequest.assignment_id == CourseAssignment.id)
        .where(CourseAssignment.course_id == course.id, ExtensionRequest.state == RequestState.OPEN)
    )
    return session.scalar(query) or 0


def _check_open(request: ExtensionRequest) -> None:
    if request.state is not RequestState.OPEN:
        name = request.answered_by.name if request.answered_by else "Somebody"
        raise RuleError(f"{name} has already answered this request.")


def _record(
    session: Session,
    actor: User,
    request: ExtensionRequest,
    assignment: CourseAssignment,
    action: str,
    until: datetime | None,
) -> None:
    owner = session.get_one(User, request.user_id)
    details = {"answer": request.answer} if until is None else {"until": until.isoformat()}
    audit.record(
        session,
        actor,
        f"extension.{action}",
        course=assignment.course,
        target=f"{owner.email}, {assignment.name}",
        **details,
    )
