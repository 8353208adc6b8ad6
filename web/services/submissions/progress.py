"""Where a submission stands, in words for its student."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from web.models import Submission, SubmissionState
from web.services.submissions.queue import place_in_queue


@dataclass(frozen=True)
class Status:
    """
    Where a submission stands.

    Args:
        state: Of the submission.
        text: In a sentence.
        done: Whether nothing more will come.
        part: How much of the work is done, from 0 to 1.
    """

    state: str
    text: str
    done: bool
    part: float


def status_of(session: Session, submission: Submission) -> Status:
    """Return a submission's status."""
    state = submission.state
    if submission.tried_again:
        text = "Something went wrong on our side. Your submission is safe and is tried again soon."
        return Status(state, text, done=False, part=0.0)
    if state is SubmissionState.QUEUED:
        ahead = place_in_queue(session, submission)
        waiting = "You are next." if ahead == 0 else f"{ahead} ahead of you."
        return Status(state, f"Queued. {waiting}", done=False, part=0.0)
    if state is SubmissionState.RUNNING:
        return _running(submission)
    texts = {
        SubmissionState.GRADED: "Graded.",
        SubmissionState.UNUSABLE: "This file could not be graded.",
        SubmissionState.FAILED: "Grading failed because of a problem on our side, not yours.",
    }
    return Status(state, texts[state], done=True, part=1.0)


def _running(submission: Submission) -> Status:
    progress = submission.progress
    if progress is None:
        return Status(SubmissionState.RUNNING, "Starting…", done=False, part=0.0)
    number, total = progress.number + 1, max(1, progress.total)
    if progress.stage == "test":
        text = f"Testing question {progress.question}: test {number} of {total}."
        return Status(SubmissionState.RUNNING, text, done=False, part=0.5 + 0.5 * number / total)
    text = f"Running your notebook: cell {number} of {total}."
    return Status(SubmissionState.RUNNING, text, done=False, part=0.5 * number / total)
