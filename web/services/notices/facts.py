"""What a notice says now: whether what it tells is so, and whether its reader may know it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from web.db import now
from web.models import (
    ExtensionRequest,
    Notice,
    NoticeKind,
    RequestState,
    Submission,
    SubmissionState,
)
from web.services.courses.rule_book import rules_for
from web.services.notices import paths
from web.services.notices.letters import moment
from web.services.visibility import Visibility, visibility_for


@dataclass(frozen=True)
class Told:
    """
    What is told.

    Args:
        subject: In a few words.
        text: In a sentence or two.
        path: Of the page that shows it.
    """

    subject: str
    text: str
    path: str


@dataclass(frozen=True)
class Wait:
    """
    The reader may not know it yet.

    Args:
        until: When to look again; ``None``: nobody knows.
    """

    until: datetime | None


_ONE_STEP: Final = timedelta(seconds=5)
Facts = Told | Wait | None


def facts_of(session: Session, notice: Notice) -> Facts:
    """
    Return what a notice says.

    Args:
        session: To read by.
        notice: Which; its reader is in the course.

    Returns:
        ``None`` if there is nothing to tell any more.
    """
    return _BY_KIND[notice.kind](session, notice)


def _graded(session: Session, notice: Notice) -> Facts:
    submission, title = notice.submission, _title(notice)
    if submission is None:
        return None
    attempt = f"Attempt {submission.number} of {_name(notice)}"
    if submission.state is SubmissionState.UNUSABLE:
        text = f"{attempt} could not be read. Its page says why, and what to do."
        return Told(f"{title}: the file could not be read", text, paths.of_submission(submission))
    if submission.state is not SubmissionState.GRADED:
        return None
    visibility = _visibility(session, notice)
    if not visibility.results:
        return Wait(visibility.results_from)
    text = f"{attempt} is graded, and you can see the result."
    return Told(f"{title}: graded", text, paths.of_submission(submission))


def _regraded(session: Session, notice: Notice) -> Facts:
    submission = notice.submission
    if submission is None:
        return None
    visibility = _visibility(session, notice)
    if not visibility.results:
        return Wait(visibility.results_from)
    text = f"The tests of {_name(notice)} were corrected, and your points have changed."
    path = paths.of_submission(submission)
    return Told(f"{_title(notice)}: your points have changed", text, path)


def _released(session: Session, notice: Notice) -> Facts:
    own = select(Submission.id).where(
        Submission.assignment_id == notice.assignment_id,
        Submission.user_id == notice.user_id,
        Submission.released_at.is_not(None),
    )
    if session.scalar(own.limit(1)) is None:
        return None
    visibility = _visibility(session, notice)
    if not visibility.results:
        return Wait(visibility.results_from)
    text = f"The grades of {_name(notice)} are released, and you can see yours."
    return Told(f"{_title(notice)}: grades released", text, paths.of_assignment(notice.assignment))


def _answered(session: Session, notice: Notice) -> Facts:
    title = _title(notice)
    if notice.submission is not None:
        text = f"There is a reply to your regrade request on {_name(notice)}."
        path = paths.of_submission(notice.submission)
        return Told(f"{title}: reply to your regrade request", text, path)
    request = session.scalars(
        select(ExtensionRequest)
        .where(
            ExtensionRequest.assignment_id == notice.assignment_id,
            ExtensionRequest.user_id == notice.user_id,
            ExtensionRequest.state != RequestState.OPEN,
        )
        .order_by(ExtensionRequest.id.desc())
    ).first()
    if request is None:
        return None
    text = f"There is a reply to your extension request for {_name(notice)}."
    if request.granted_until is not None:
        text += f" {_deadline_is(session, notice)}"
    path = paths.of_assignment(notice.assignment)
    return Told(f"{title}: reply to your extension request", text, path)


def _moved(session: Session, notice: Notice) -> Facts:
    due_at = _due_at(session, notice)
    if due_at == notice.before or not notice.assignment.is_released(now()):
        return None
    if _is_told_by_reply(session, notice):
        return None
    if due_at is None:
        text = f"{_name(notice)} has no deadline now."
    else:
        text = f"Your deadline for {_name(notice)} is now {_moment(notice, due_at)}."
    if notice.before is not None:
        text += f" Before, it was {_moment(notice, notice.before)}."
    path = paths.of_assignment(notice.assignment)
    return Told(f"{_title(notice)}: your deadline has changed", text, path)


def _is_told_by_reply(session: Session, notice: Notice) -> bool:
    """Return whether a deadline moved because somebody has asked for it: the reply says so."""
    replies = select(Notice.id).where(
        Notice.user_id == notice.user_id,
        Notice.kind == NoticeKind.ANSWERED,
        Notice.assignment_id == notice.assignment_id,
        Notice.submission_id.is_(None),
        Notice.created_at.between(notice.created_at - _ONE_STEP, notice.created_at + _ONE_STEP),
    )
    return session.scalar(replies.limit(1)) is not None


def _reminder(session: Session, notice: Notice) -> Facts:
    due_at = _due_at(session, notice)
    own = select(Submission.id).where(
        Submission.assignment_id == notice.assignment_id, Submission.user_id == notice.user_id
    )
    if due_at is None or due_at <= now() or session.scalar(own.limit(1)) is not None:
        return None
    text = f"You have not submitted {_name(notice)} yet. {_deadline_is(session, notice)}"
    path = paths.of_assignment(notice.assignment)
    return Told(f"{_title(notice)}: due {_moment(notice, due_at)}", text, path)


_BY_KIND: Final[Mapping[NoticeKind, Callable[[Session, Notice], Facts]]] = {
    NoticeKind.GRADED: _graded,
    NoticeKind.RELEASED: _released,
    NoticeKind.ANSWERED: _answered,
    NoticeKind.REGRADED: _regraded,
    NoticeKind.DEADLINE: _moved,
    NoticeKind.REMINDER: _reminder,
}


def _visibility(session: Session, notice: Notice) -> Visibility:
    return visibility_for(session, notice.assignment, notice.user)


def _due_at(session: Session, notice: Notice) -> datetime | None:
    return rules_for(session, notice.assignment, notice.user).due_at


def _deadline_is(session: Session, notice: Notice) -> str:
    due_at = _due_at(session, notice)
    if due_at is None:
        return "It has no deadline now."
    return f"Your deadline is {_moment(notice, due_at)}."


def _title(notice: Notice) -> str:
    return notice.assignment.snapshot.title


def _name(notice: Notice) -> str:
    return f"“{_title(notice)}” ({notice.assignment.course.title})"


def _moment(notice: Notice, value: datetime) -> str:
    return moment(value, notice.assignment.course.time_zone)
