"""Submit notebooks: what is accepted, when, and where it is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, lazyload

from autograder.files import write_file
from autograder.messages import Message, MessageCode
from web.db import now
from web.models import (
    CourseAssignment,
    Submission,
    SubmissionState,
    User,
)
from web.services.courses.rule_book import rules_for
from web.services.errors import RuleError
from web.services.submissions import reading
from web.services.submissions.advice import advice, advice_on

_MAX_NAME: Final = 200


def submit(
    session: Session,
    folder: Path,
    user: User,
    assignment: CourseAssignment,
    file_name: str,
    data: bytes,
    received_at: datetime | None = None,
) -> Submission:
    """
    Accept a notebook: keep its bytes as they came, and queue it.

    Args:
        session: A writing session; the caller commits.
        folder: Where submitted bytes are kept.
        user: Whose it is.
        assignment: What it answers.
        file_name: What the browser called it; never opened.
        data: The bytes, for which `check_notebook` was called.
        received_at: When; now by default.

    Raises:
        RuleError: If the rules do not allow it.
    """
    received_at = received_at or now()
    # One at a time for each student, or two at once would both be the last one allowed.
    session.execute(select(User.id).where(User.id == user.id).with_for_update())
    practice = check_may_submit(session, user, assignment, received_at)
    submission = Submission(
        assignment=assignment,
        user=user,
        snapshot_id=assignment.snapshot_id,
        number=1 + (session.scalar(_latest_number(user, assignment)) or 0),
        file_name=_shown_name(file_name),
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        received_at=received_at,
        queued_at=now(),
        practice=practice,
    )
    session.add(submission)
    session.flush()
    _keep(folder, submission, data)
    return submission


def check_may_submit(
    session: Session, user: User, assignment: CourseAssignment, at: datetime
) -> bool:
    """
    Check the rules for a student at a moment.

    Returns:
        Whether it is practice, since the student's own last moment is over.

    Raises:
        RuleError: If it is too late, or there were too many attempts.
    """
    rules = rules_for(session, assignment, user)
    last = rules.closes_at
    practice = last is not None and at > last
    if practice and not assignment.practice:
        raise RuleError("This assignment is closed. Ask your instructor if you need an extension.")
    used = session.scalar(_used_attempts(user, assignment)) or 0
    if not practice and rules.max_attempts is not None and used >= rules.max_attempts:
        raise RuleError(f"You have used all {rules.max_attempts} attempts.")
    if assignment.attempts_per_hour is not None:
        recent = _attempts(user, assignment).where(Submission.received_at > at - timedelta(hours=1))
        if (session.scalar(recent) or 0) >= assignment.attempts_per_hour:
            raise RuleError(
                f"At most {assignment.attempts_per_hour} attempts per hour are accepted. "
                "Try again later; your earlier attempts are safe."
            )
    return practice


def stored_file(folder: Path, submission: Submission) -> Path:
    """Return where a submission's bytes are; its name is ours, nothing of the student's."""
    return file_of(folder, submission.public_id)


def file_of(folder: Path, public_id: str) -> Path:
    """Return where a submission's bytes are, or were before its row was deleted."""
    return folder / public_id[:2] / f"{public_id}.ipynb"


def retry(submission: Submission) -> None:
    """
    Grade a submission again that we could not grade.

    Raises:
        RuleError: If it is not one of those.
    """
    if submission.state != SubmissionState.FAILED:
        raise RuleError("Only a submission that could not be graded can be retried.")
    submission.tries = 0
    submission.state = SubmissionState.QUEUED
    submission.queued_at = now()
    submission.reason = submission.retry_at = None


def attempts_in(
    session: Session, user: User, assignments: Iterable[CourseAssignment]
) -> dict[int, list[Submission]]:
    """Return a student's attempts by the assignment's id, the newest first."""
    found: dict[int, list[Submission]] = {each.id: [] for each in assignments}
    query = (
        select(Submission)
        .where(Submission.user_id == user.id, Submission.assignment_id.in_(found))
        .order_by(Submission.number.desc())
        # Joined, the assignment and its snapshot would be read again with every row.
        .options(lazyload(Submission.assignment))
    )
    for attempt in session.scalars(query):
        found[attempt.assignment_id].append(attempt)
    return found


def _attempts(user: User, assignment: CourseAssignment) -> Any:
    """Count attempts; those that we could not grade cost nothing."""
    return select(func.count()).where(
        Submission.user_id == user.id,
        Submission.assignment_id == assignment.id,
        Submission.state != SubmissionState.FAILED,
    )


def _used_attempts(user: User, assignment: CourseAssignment) -> Any:
    """Count what `Submission.uses_attempt` tells of each."""
    return _attempts(user, assignment).where(Submission.practice.is_(False))


def _latest_number(user: User, assignment: CourseAssignment) -> Any:
    return select(func.max(Submission.number)).where(
        Submission.user_id == user.id, Submission.assignment_id == assignment.id
    )


def check_notebook(data: bytes, assignment_name: str, file_name: str = "") -> bool:
    """
    Check that a file is a notebook of an assignment; one that is refused costs no attempt.

    A large file takes a second, so it is for before a transaction.

    Returns:
        Whether it was made from a notebook that was given. Answers in another one are graded all
        the same, but it may be the wrong file.

    Raises:
        RuleError: If it is not.
        BusyError: If too many files are read at the moment.
    """
    if not data:
        raise RuleError("The file is empty. Save the notebook, then submit it again.")
    # Untrusted: a student wrote every byte, so another process reads them.
    found = reading.describe(data)
    if found.fault is not None:
        raise RuleError(f"Not submitted. {advice_on(found.fault, data, _shown_name(file_name))}")
    if found.assignment not in (None, assignment_name):
        names = {"other": found.assignment or "", "this": assignment_name}
        raise RuleError(advice(Message(MessageCode.OTHER_ASSIGNMENT, names)))
    return found.given


def _shown_name(file_name: str) -> str:
    # Untrusted: only shown; path parts and control characters are dropped all the same.
    base = file_name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(letter for letter in base if letter.isprintable())[:_MAX_NAME] or "notebook"


def _keep(folder: Path, submission: Submission, data: bytes) -> None:
    target = stored_file(folder, submission)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_file(target, data)
