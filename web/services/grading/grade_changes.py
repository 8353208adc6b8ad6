"""What graders' decisions changed, and how a grader takes the last one back."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, delete, func, select, update
from sqlalchemy.orm import Session

from web.db import now
from web.models import (
    ChosenRubricItem,
    CourseAssignment,
    GradeChange,
    ManualGrade,
    Submission,
    User,
)
from web.services import audit
from web.services.errors import RuleError


@dataclass(frozen=True)
class LastDecision:
    """
    What a grader can take back.

    Args:
        id: Of the decision.
        submissions: Whose answers were graded by it, in the order of grading.
    """

    id: str
    submissions: Sequence[Submission]


def new_decision() -> str:
    """Return the id of a decision."""
    return uuid.uuid4().hex


def state_of(grade: ManualGrade | None) -> dict[str, Any] | None:
    """Return all that a decision may change in a grade, as plain data."""
    if grade is None:
        return None
    return {
        "version": grade.version,
        "points_tenths": grade.points_tenths,
        "items": [each.as_json() for each in grade.items],
        "reason": grade.reason,
        "comment": grade.comment,
        "answer_hash": grade.answer_hash,
        "question_hash": grade.question_hash,
        "released_at": None if grade.released_at is None else grade.released_at.isoformat(),
        "grader_id": grade.grader_id,
        "graded_at": grade.graded_at.isoformat(),
    }


def record(
    session: Session, decision: str, grade: ManualGrade, before: dict[str, Any] | None
) -> None:
    """
    Keep what a decision changed in a grade.

    Args:
        session: A writing session; the caller commits.
        decision: Its id.
        grade: As it is now.
        before: As `state_of` returned it.
    """
    session.add(
        GradeChange(
            decision=decision,
            submission_id=grade.submission_id,
            question=grade.question,
            version=grade.version,
            before=before,
            grader_id=grade.grader_id,
        )
    )
    session.flush()


def next_version(session: Session, submission: Submission, question_id: str) -> int:
    """Return the version of a new grade, which none had that was taken back."""
    versions = select(func.max(GradeChange.version)).where(
        GradeChange.submission_id == submission.id, GradeChange.question == question_id
    )
    return (session.scalar(versions) or 0) + 1


def last_decision(
    session: Session, grader: User, assignment: CourseAssignment, question_id: str
) -> LastDecision | None:
    """Return the last decision of a grader on a question that still holds, if there is one."""
    changes = _holding(grader, assignment, question_id)
    last = session.scalars(changes.order_by(GradeChange.id.desc()).limit(1)).first()
    if last is None:
        return None
    rows = session.scalars(changes.where(GradeChange.decision == last.decision)).all()
    numbers = [row.submission_id for row in rows]
    found = session.scalars(select(Submission).where(Submission.id.in_(numbers))).all()
    return LastDecision(last.decision, sorted(found, key=lambda each: numbers.index(each.id)))


def undo(
    session: Session, grader: User, assignment: CourseAssignment, question_id: str, decision: str
) -> Sequence[Submission]:
    """
    Take a decision back: each answer has the grade that it had before, or none.

    What somebody has changed since stays as it is.

    Args:
        session: A writing session; the caller commits.
        grader: Whose decision it was.
        assignment: Which.
        question_id: Of the written question.
        decision: Its id, of `last_decision`.

    Returns:
        Whose answers have changed.

    Raises:
        RuleError: If it is not the last one any more, or nothing of it holds.
    """
    last = last_decision(session, grader, assignment, question_id)
    if last is None or last.id != decision:
        raise RuleError("This has been undone or changed already. Nothing was changed now.")
    changes = _holding(grader, assignment, question_id).where(GradeChange.decision == decision)
    by_number = {each.id: each for each in last.submissions}
    for change in session.scalars(changes).all():
        _take_back(session, grader, change, by_number[change.submission_id])
    session.flush()
    session.expire_all()
    return last.submissions


def _holding(grader: User, assignment: CourseAssignment, question_id: str) -> Select[GradeChange]:
    """Choose the changes by a grader after which nobody has changed the grade."""
    same = and_(
        ManualGrade.submission_id == GradeChange.submission_id,
        ManualGrade.question == GradeChange.question,
        ManualGrade.version == GradeChange.version,
        ManualGrade.grader_id == GradeChange.grader_id,
    )
    return (
        select(GradeChange)
        .join(ManualGrade, same)
        .join(Submission, Submission.id == GradeChange.submission_id)
        .where(
            GradeChange.grader_id == grader.id,
            GradeChange.question == question_id,
            GradeChange.undone_at.is_(None),
            Submission.assignment_id == assignment.id,
        )
    )


def _take_back(session: Session, grader: User, change: GradeChange, submission: Submission) -> None:
    held = (
        ManualGrade.submission_id == change.submission_id,
        ManualGrade.question == change.question,
        ManualGrade.version == change.version,
    )
    given = session.scalar(select(ManualGrade.points_tenths).where(*held))
    before = change.before
    if before is None:
        done = session.execute(delete(ManualGrade).where(*held))
    else:
        done = session.execute(
            update(ManualGrade).where(*held).values(version=change.version + 1, **_columns(before))
        )
    if done.rowcount != 1:  # type: ignore[attr-defined]  # an update's result has it
        raise RuleError("Somebody changed this grade at this moment. Reload the page.")
    change.undone_at = now()
    if before is not None:
        _follow(session, change, before["version"])
    audit.record(
        session,
        grader,
        "answer.undone",
        course=submission.assignment.course,
        target=audit.question_target(submission, change.question),
        before=given,
        after=None if before is None else before["points_tenths"],
    )


def _follow(session: Session, change: GradeChange, restored: int) -> None:
    """Let the decision before be undone, too: its grade holds again, by another version."""
    session.execute(
        update(GradeChange)
        .where(
            GradeChange.submission_id == change.submission_id,
            GradeChange.question == change.question,
            GradeChange.version == restored,
            GradeChange.undone_at.is_(None),
        )
        .values(version=change.version + 1)
    )


def _columns(before: dict[str, Any]) -> dict[str, Any]:
    released = before["released_at"]
    return {
        **{key: value for key, value in before.items() if key != "version"},
        "items": tuple(ChosenRubricItem.from_json(each) for each in before["items"]),
        "released_at": None if released is None else datetime.fromisoformat(released),
        "graded_at": datetime.fromisoformat(before["graded_at"]),
    }
