"""Comments that the graders of a question use again and again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from web.models import CourseAssignment, SavedComment, User
from web.services import audit
from web.services.errors import RuleError

MOST: Final = 50
MAX_LENGTH: Final = 4000


def of_question(
    session: Session, assignment: CourseAssignment, question_id: str
) -> Sequence[SavedComment]:
    """Return the comments of a question, the oldest first, so that their numbers stay."""
    return session.scalars(
        select(SavedComment)
        .where(SavedComment.assignment_id == assignment.id, SavedComment.question == question_id)
        .order_by(SavedComment.id)
    ).all()


def add(
    session: Session, actor: User, assignment: CourseAssignment, question_id: str, text: str
) -> SavedComment:
    """
    Save a comment for the next answers.

    Raises:
        RuleError: If it is empty, too long, or one too many.
    """
    text = text.strip()
    if not text:
        raise RuleError("Write the comment first, then save it.")
    if len(text) > MAX_LENGTH:
        raise RuleError(f"A saved comment can have at most {MAX_LENGTH} characters.")
    count = select(func.count()).where(
        SavedComment.assignment_id == assignment.id, SavedComment.question == question_id
    )
    if (session.scalar(count) or 0) >= MOST:
        raise RuleError(f"{MOST} comments are saved already. Delete one that is not used.")
    comment = SavedComment(
        assignment_id=assignment.id, question=question_id, text=text, created_by_id=actor.id
    )
    session.add(comment)
    _record(session, actor, assignment, "comment.kept", comment)
    return comment


def delete(
    session: Session, actor: User, assignment: CourseAssignment, question_id: str, number: int
) -> None:
    """
    Delete a saved comment; grades that used it keep its words.

    Raises:
        RuleError: If it is gone already.
    """
    comment = session.get(SavedComment, number)
    if comment is None or (comment.assignment_id, comment.question) != (assignment.id, question_id):
        raise RuleError("This comment has already been deleted.")
    session.delete(comment)
    _record(session, actor, assignment, "comment.deleted", comment)


def _record(
    session: Session, actor: User, assignment: CourseAssignment, action: str, comment: SavedComment
) -> None:
    audit.record(
        session,
        actor,
        action,
        course=assignment.course,
        target=f"{assignment.name}, {comment.question}",
        text=comment.text,
    )
