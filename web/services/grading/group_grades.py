"""One decision on many answers, each of which has a grade of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from web.models import Submission, User
from web.services.errors import RuleError
from web.services.grading import claims, grade_changes, written_answers
from web.services.grading.written_answers import Entered, NewerGradeError


@dataclass(frozen=True)
class Member:
    """
    An answer on which a grader decides with others.

    Args:
        submission: Where it stands.
        version: Of the grade that the grader saw; 0 if there was none.
    """

    submission: Submission
    version: int


@dataclass(frozen=True)
class Together:
    """
    What became of answers that were graded together.

    Args:
        graded: Those that have the grade.
        left: Those that another grader reads or has graded, or that belong to another version of
            the question.
    """

    graded: Sequence[Submission]
    left: Sequence[Submission]


def save_together(
    session: Session,
    grader: User,
    members: Sequence[Member],
    question_id: str,
    question_hash: str,
    entered: Entered,
) -> Together:
    """
    Grade several answers alike; whoever decided it can undo it in one step.

    Args:
        session: A writing session; the caller commits.
        grader: Who grades.
        members: Which answers.
        question_id: Of the written question.
        question_hash: Of its version that the grader saw.
        entered: What they typed and chose.

    Raises:
        RuleError: If none is chosen, or the points do not follow from what was entered.
    """
    if not members:
        raise RuleError("Choose at least one answer.")
    decision = grade_changes.new_decision()
    held = claims.present(session, [each.submission.id for each in members], question_id)
    graded, left = [], []
    for member in members:
        submission = member.submission
        claim = held.get(submission.id)
        read_by_others = claim is not None and claim.grader_id != grader.id
        if read_by_others or _hash(session, submission, question_id) != question_hash:
            left.append(submission)
            continue
        own = replace(entered, version=member.version)
        try:
            written_answers.save(session, grader, submission, question_id, own, decision=decision)
        except NewerGradeError:
            left.append(submission)
        else:
            graded.append(submission)
    return Together(graded, left)


def _hash(session: Session, submission: Submission, question_id: str) -> str | None:
    snapshot = written_answers.graded_snapshot(session, submission)
    question = written_answers.written_question(snapshot, question_id)
    return None if question is None else question.hash
