"""Comments of staff on single lines of a student's own code or text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.report import StaffView
from web.models import LineComment, Submission, User
from web.services import audit
from web.services.errors import RuleError
from web.services.grading.results import read_view

MOST: Final = 100
MAX_LENGTH: Final = 4000
_SHOWN_TEXT: Final = 300


@dataclass(frozen=True)
class OwnLines:
    """
    A cell that its student wrote.

    Args:
        cell: Its number in the notebook, from 0.
        lines: Of its source; untrusted.
    """

    cell: int
    lines: Sequence[str]


def own_lines(submission: Submission, question_id: str) -> list[OwnLines]:
    """Return a student's own cells for a question, line by line; none if they cannot be told."""
    result = submission.result
    view = None if result is None else read_view(StaffView, result.staff_view)
    if result is None or view is None:
        return []
    question = next((each for each in view.questions if each.id == question_id), None)
    numbers = () if question is None else question.own_cells or question.answer_cells
    try:
        cells: list[dict[str, Any]] = json.loads(result.notebook)["cells"]
        return [
            OwnLines(number, _source(cells[number]).splitlines())
            for number in numbers
            if 0 <= number < len(cells)
        ]
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return []


def of_submission(session: Session, submission: Submission) -> Sequence[LineComment]:
    """Return the comments on a submission's lines, in the notebook's order."""
    return session.scalars(
        select(LineComment)
        .where(LineComment.submission_id == submission.id)
        .order_by(LineComment.cell, LineComment.line, LineComment.id)
    ).all()


def add(
    session: Session,
    actor: User,
    submission: Submission,
    question_id: str,
    cell: int,
    line: int,
    text: str,
) -> LineComment:
    """
    Write a comment to a line.

    Args:
        session: A writing session; the caller commits.
        actor: Who.
        submission: Where the line stands.
        question_id: To which question it belongs.
        cell: The cell's number in the notebook, from 0.
        line: The line's number in the cell, from 1.
        text: For the student, in Markdown and LaTeX.

    Raises:
        RuleError: If there is no such line, or the text is empty, too long, or one too many.
    """
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise RuleError("Write the comment; the student will see it.")
    if len(text) > MAX_LENGTH:
        raise RuleError(f"A comment can have at most {MAX_LENGTH} characters.")
    if len(of_submission(session, submission)) >= MOST:
        raise RuleError(f"A submission can have at most {MOST} comments on its lines.")
    own = next((each for each in own_lines(submission, question_id) if each.cell == cell), None)
    if own is None or not 1 <= line <= len(own.lines):
        raise RuleError("Choose a line.")
    comment = LineComment(
        submission_id=submission.id,
        question=question_id,
        cell=cell,
        line=line,
        line_text=own.lines[line - 1][:_SHOWN_TEXT],
        text=text,
        created_by_id=actor.id,
    )
    session.add(comment)
    _record(session, actor, submission, comment, "line_comment.written")
    session.flush()
    return comment


def delete(session: Session, actor: User, submission: Submission, number: int) -> LineComment:
    """
    Delete a comment; returns it.

    Raises:
        RuleError: If it is gone already.
    """
    comment = session.get(LineComment, number)
    if comment is None or comment.submission_id != submission.id:
        raise RuleError("This comment has already been deleted.")
    session.delete(comment)
    _record(session, actor, submission, comment, "line_comment.deleted")
    return comment


def _source(cell: dict[str, Any]) -> str:
    # Untrusted: a student wrote it; files hold a text, or a list of lines.
    source = cell.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def _record(
    session: Session, actor: User, submission: Submission, comment: LineComment, action: str
) -> None:
    audit.record(
        session,
        actor,
        action,
        course=submission.assignment.course,
        target=audit.question_target(submission, comment.question),
        cell=comment.cell + 1,
        line=comment.line,
        text=comment.text,
    )
