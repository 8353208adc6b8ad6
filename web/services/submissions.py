"""Hand in, queue, claim and finish submissions: the row is the job."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, aliased

from autograder.errors import NotebookError
from autograder.notebook import parse_notebook
from autograder.report import Report
from web.db import now
from web.models import (
    CourseAssignment,
    Result,
    Submission,
    SubmissionState,
    User,
)
from web.services.deadlines import (
    accepts_until,
    late_seconds,
    rules_for,
)
from web.services.errors import Refused

LEASE_SECONDS: Final = 60
MAX_TRIES: Final = 3
_MAX_NAME: Final = 200


def hand_in(
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
        data: The bytes.
        received_at: When; now by default.

    Raises:
        Refused: If the file is no notebook of this assignment, or the rules do not allow it.
    """
    received_at = received_at or now()
    check_may_hand_in(session, user, assignment, received_at)
    _check_notebook(data, assignment)
    rules = rules_for(session, assignment, user)
    submission = Submission(
        assignment=assignment,
        user=user,
        snapshot_id=assignment.snapshot_id,
        number=1 + (session.scalar(_attempts(user, assignment)) or 0),
        file_name=_shown_name(file_name),
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        received_at=received_at,
        queued_at=received_at,
        late_seconds=late_seconds(rules, received_at, assignment.grace_minutes),
    )
    session.add(submission)
    session.flush()
    _keep(folder, submission, data)
    return submission


def check_may_hand_in(
    session: Session, user: User, assignment: CourseAssignment, at: datetime
) -> None:
    """
    Check the rules for a student at a moment.

    Raises:
        Refused: If it is too late, or there were too many attempts.
    """
    rules = rules_for(session, assignment, user)
    last = accepts_until(rules, assignment.grace_minutes)
    if last is not None and at > last:
        raise Refused("This assignment is closed. Ask your instructor if you need an extension.")
    used = session.scalar(_attempts(user, assignment)) or 0
    if rules.max_attempts is not None and used >= rules.max_attempts:
        raise Refused(f"You have used all {rules.max_attempts} attempts.")
    if assignment.attempts_per_hour is not None:
        recent = _attempts(user, assignment).where(Submission.received_at > at - timedelta(hours=1))
        if (session.scalar(recent) or 0) >= assignment.attempts_per_hour:
            raise Refused(
                f"At most {assignment.attempts_per_hour} attempts an hour are accepted. "
                "Try again later; your earlier attempts are safe."
            )


def stored_file(folder: Path, submission: Submission) -> Path:
    """Give where a submission's bytes are; its name is ours, nothing of the student's."""
    return folder / submission.public_id[:2] / f"{submission.public_id}.ipynb"


def any_waiting(session: Session) -> bool:
    """Tell whether a submission waits; reading only, so that idle workers disturb nobody."""
    waiting = select(Submission.id).where(Submission.state == SubmissionState.QUEUED).limit(1)
    return session.scalar(waiting) is not None


def claim(session: Session, owner: str, at: datetime | None = None) -> Submission | None:
    """
    Take the next submission to grade, fair among students, with a lease.

    A student with several attempts waiting does not hold up the others: the first of each comes
    before the second of any.
    """
    at = at or now()
    other = aliased(Submission)
    ahead = (
        select(func.count())
        .where(
            other.user_id == Submission.user_id,
            (other.state == SubmissionState.RUNNING)
            | ((other.state == SubmissionState.QUEUED) & (other.id < Submission.id)),
        )
        .correlate(Submission)
        .scalar_subquery()
    )
    waiting = (
        select(Submission.id)
        .where(Submission.state == SubmissionState.QUEUED, Submission.queued_at <= at)
        .order_by(ahead, Submission.queued_at, Submission.id)
        .limit(5)
    )
    for submission_id in session.scalars(waiting).all():
        taken = session.execute(
            update(Submission)
            .where(Submission.id == submission_id, Submission.state == SubmissionState.QUEUED)
            .values(
                state=SubmissionState.RUNNING,
                lease_owner=owner,
                lease_until=at + timedelta(seconds=LEASE_SECONDS),
                tries=Submission.tries + 1,
                started_at=at,
                progress=None,
            )
        )
        if taken.rowcount == 1:  # type: ignore[attr-defined]  # an update's result has it
            return session.get_one(Submission, submission_id, populate_existing=True)
    return None


def extend_lease(
    session: Session, submission_id: int, owner: str, progress: dict[str, Any] | None
) -> bool:
    """Say that a worker is still at it, and how far; false if the lease was lost."""
    values: dict[str, Any] = {"lease_until": now() + timedelta(seconds=LEASE_SECONDS)}
    if progress is not None:
        values["progress"] = progress
    result = session.execute(
        update(Submission)
        .where(
            Submission.id == submission_id,
            Submission.lease_owner == owner,
            Submission.state == SubmissionState.RUNNING,
        )
        .values(**values)
    )
    return bool(result.rowcount == 1)  # type: ignore[attr-defined]  # an update's result has it


def finish(session: Session, submission_id: int, owner: str, report: Report, notebook: str) -> bool:
    """
    Store a report, once: false if the lease was lost to another worker meanwhile.

    Args:
        session: A writing session; the caller commits.
        submission_id: Which submission.
        owner: The worker's name.
        report: What came of it.
        notebook: The executed notebook's JSON.
    """
    submission = _leased(session, submission_id, owner)
    if submission is None:
        return False
    result = new_result(submission.id, submission.snapshot_id, report, notebook)
    submission.result = result
    submission.score_tenths = result.score_tenths
    _end(submission, SubmissionState.GRADED, "")
    session.flush()
    return True


def new_result(submission_id: int, snapshot_id: int, report: Report, notebook: str) -> Result:
    """Make a row of what a grading gave."""
    return Result(
        submission_id=submission_id,
        snapshot_id=snapshot_id,
        score_tenths=int(report.score * 10),
        question_tenths={
            question.id: None if question.score is None else int(question.score * 10)
            for question in report.questions
        },
        staff_view=report.staff_view().as_json(),
        student_view=report.student_view().as_json(),
        notebook=notebook,
        seconds=report.seconds,
    )


def refuse(session: Session, submission_id: int, owner: str, reason: str) -> bool:
    """Store that a file cannot be read as a notebook of its assignment."""
    submission = _leased(session, submission_id, owner)
    if submission is None:
        return False
    _end(submission, SubmissionState.UNUSABLE, reason)
    return True


def give_back(session: Session, submission_id: int, owner: str, reason: str) -> bool:
    """Store that we could not grade it: it is tried again, and after some tries shown to staff."""
    submission = _leased(session, submission_id, owner)
    if submission is None:
        return False
    _requeue(submission, reason)
    return True


def requeue_expired(session: Session, at: datetime | None = None) -> int:
    """Put back what workers claimed and never finished; gives how many."""
    expired = session.scalars(
        select(Submission).where(
            Submission.state == SubmissionState.RUNNING, Submission.lease_until < (at or now())
        )
    ).all()
    for submission in expired:
        _requeue(submission, "the worker went away")
    return len(expired)


def requeue_of(session: Session, owners: Sequence[str]) -> int:
    """Put back what workers that are known to be gone had claimed; gives how many."""
    left = session.scalars(
        select(Submission).where(
            Submission.state == SubmissionState.RUNNING, Submission.lease_owner.in_(owners)
        )
    ).all()
    for submission in left:
        _requeue(submission, "the portal was restarted")
    return len(left)


def retry(submission: Submission) -> None:
    """
    Grade a submission again that we could not grade.

    Raises:
        Refused: If it is not one of those.
    """
    if submission.state != SubmissionState.FAILED:
        raise Refused("Only a submission that could not be graded can be tried again.")
    submission.tries = 0
    submission.state = SubmissionState.QUEUED
    submission.queued_at = now()
    submission.reason = ""


def place_in_queue(session: Session, submission: Submission) -> int:
    """Give how many submissions are in front of one that waits; 0 if it is next."""
    return (
        session.scalar(
            select(func.count()).where(
                Submission.state == SubmissionState.QUEUED,
                (Submission.queued_at < submission.queued_at)
                | (
                    (Submission.queued_at == submission.queued_at) & (Submission.id < submission.id)
                ),
            )
        )
        or 0
    )


def attempts_of(session: Session, user: User, assignment: CourseAssignment) -> Sequence[Submission]:
    """Give a student's attempts, the newest first."""
    return session.scalars(
        select(Submission)
        .where(Submission.user_id == user.id, Submission.assignment_id == assignment.id)
        .order_by(Submission.number.desc())
    ).all()


def _attempts(user: User, assignment: CourseAssignment) -> Any:
    return select(func.count()).where(
        Submission.user_id == user.id, Submission.assignment_id == assignment.id
    )


def _check_notebook(data: bytes, assignment: CourseAssignment) -> None:
    # Untrusted: a student wrote every byte. What is refused here costs no attempt.
    if not data:
        raise Refused("The file is empty. Save the notebook, then hand it in again.")
    try:
        notebook = parse_notebook(data, "This file")
    except NotebookError as error:
        raise Refused(f"{error}. Nothing was handed in.") from None
    if notebook.assignment not in (None, assignment.name):
        raise Refused(
            f"This notebook belongs to the assignment “{notebook.assignment}”. Hand it in there."
        )


def _shown_name(file_name: str) -> str:
    # Untrusted: only shown; path parts and control characters are dropped all the same.
    base = file_name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(letter for letter in base if letter.isprintable())[:_MAX_NAME] or "notebook"


def _keep(folder: Path, submission: Submission, data: bytes) -> None:
    """Write the bytes so that a crash leaves either the whole file or none."""
    target = stored_file(folder, submission)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        Path(name).replace(target)
    except OSError:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _leased(session: Session, submission_id: int, owner: str) -> Submission | None:
    return session.scalar(
        select(Submission).where(
            Submission.id == submission_id,
            Submission.lease_owner == owner,
            Submission.state == SubmissionState.RUNNING,
        )
    )


def _end(submission: Submission, state: SubmissionState, reason: str) -> None:
    submission.state, submission.reason = state, reason
    submission.graded_at = now()
    submission.lease_owner = submission.lease_until = submission.progress = None


def _requeue(submission: Submission, reason: str) -> None:
    submission.reason = reason
    submission.lease_owner = submission.lease_until = submission.progress = None
    if submission.tries >= MAX_TRIES:
        submission.state = SubmissionState.FAILED
        submission.graded_at = now()
    else:
        submission.state = SubmissionState.QUEUED
