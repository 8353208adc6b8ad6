"""Change the points of any question by a member of staff's word."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from web.db import now
from web.models import PointsOverride, Submission, User
from web.services import audit
from web.services.errors import RuleError
from web.services.grading.marks import answer_hash_of, question_mark_of, released_with

MAX_REASON: Final = 2000


def set_points(
    session: Session,
    actor: User,
    submission: Submission,
    question_id: str,
    tenths: int | None,
    reason: str,
) -> PointsOverride:
    """
    Give a question of a submission other points; replaces an earlier change.

    Args:
        session: A writing session; the caller commits.
        actor: Who.
        submission: Which.
        question_id: Which question.
        tenths: The points, in tenths.
        reason: Shown to the student.

    Raises:
        RuleError: Without a reason, or with points that the question cannot give.
    """
    question = question_mark_of(session, submission, question_id)
    if question is None:
        raise RuleError("Points can be adjusted once the submission has been graded.")
    if tenths is None or not 0 <= tenths <= question.max_tenths:
        raise RuleError(f"This question gives from 0 to {question.max_tenths / 10:g} points.")
    reason = reason.strip()[:MAX_REASON]
    if not reason:
        raise RuleError("Enter a reason; the student will see it.")
    override = question.override
    released_at = released_with(session, submission, question_id)
    if override is None:
        override = PointsOverride(
            submission_id=submission.id,
            question=question_id,
            answer_hash=answer_hash_of(submission, question_id),
        )
    override.released_at = override.released_at or released_at
    override.points_tenths, override.reason = tenths, reason
    override.created_by_id, override.created_at = actor.id, now()
    session.add(override)
    _record(session, actor, submission, "points.changed", override, before=question.tenths)
    session.flush()
    return override


def remove(session: Session, actor: User, submission: Submission, question_id: str) -> None:
    """
    Undo a change of points: the original ones are restored.

    Raises:
        RuleError: If there is none.
    """
    override = override_of(session, submission, question_id)
    if override is None:
        raise RuleError("The points of this question have not been adjusted.")
    session.delete(override)
    _record(session, actor, submission, "points.change_removed", override)


def override_of(
    session: Session, submission: Submission, question_id: str
) -> PointsOverride | None:
    """Return the change of points that holds for an answer, if there is one."""
    question = question_mark_of(session, submission, question_id)
    return None if question is None else question.override


def _record(
    session: Session,
    actor: User,
    submission: Submission,
    action: str,
    override: PointsOverride,
    **details: int | None,
) -> None:
    audit.record(
        session,
        actor,
        action,
        course=submission.assignment.course,
        target=audit.question_target(submission, override.question),
        points=override.points_tenths,
        reason=override.reason,
        **details,
    )
