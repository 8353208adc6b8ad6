"""What people wrote about the questions of a submission, and what its student may ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from web.models import LineComment, RegradeRequest, RequestState, Submission
from web.services.grading import line_comments, requests
from web.services.grading.visible_marks import VisibleMark
from web.services.grading.worth import QuestionMark, Worth


@dataclass(frozen=True)
class RubricLine:
    """
    A line of a rubric, and whether an answer met it.

    Args:
        text: What it is for.
        points_tenths: What it is worth, in tenths; may be negative.
        met: Whether the answer met it.
    """

    text: str
    points_tenths: int
    met: bool


@dataclass(frozen=True)
class Remark:
    """
    What people wrote about one question.

    Args:
        mark: What it is worth, as far as the reader may know it.
        requests: The student's requests, the oldest first.
        may_ask: Whether the student may ask to look at it again now.
        ask_until: Until when; ``None``: there is no end.
        lines: Comments on lines of the student's own cells.
    """

    mark: QuestionMark
    requests: Sequence[RegradeRequest]
    may_ask: bool
    ask_until: datetime | None = None
    lines: Sequence[LineComment] = ()

    @property
    def rubric(self) -> Sequence[RubricLine]:
        """The lines that the answer met, and those on which it lost points."""
        grade = self.mark.grade
        if grade is None:
            return ()
        met = [RubricLine(each.text, each.points_tenths, met=True) for each in grade.items]
        chosen = {(each.index, each.text) for each in grade.items}
        numbered = list(enumerate(self.mark.rubric))
        known = {(number, item.text) for number, item in numbered}
        # Points that somebody typed, or gave by another rubric, say nothing of the other lines.
        if not chosen <= known or (not chosen and grade.points_tenths):
            return met
        lines = [
            RubricLine(item.text, item.points_tenths, met=(number, item.text) in chosen)
            for number, item in numbered
        ]
        return [line for line in lines if line.met or line.points_tenths > 0]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        said = self.mark.grade or self.mark.override or self.requests or self.lines
        return not said and not self.may_ask


def remarks_of(session: Session, submission: Submission, mark: Worth | None) -> dict[str, Remark]:
    """
    Return what people wrote about a submission, by question.

    Args:
        session: To read by.
        submission: Which.
        mark: What the reader may know of its worth; ``None`` while points are held back.
    """
    if mark is None:
        return {}
    asked = requests.of_submission(session, submission)
    comments = line_comments.of_submission(session, submission)
    last = requests.last_moments(session, submission, mark.questions)
    remarks = {}
    for question in mark.questions:
        own = [each for each in asked if each.question == question.id and _may_read(mark, each)]
        until = last[question.id]
        taken = not requests.closed_because(submission.assignment, until)
        taken = taken and not submission.practice
        remark = _remark(question, own, until, taken=taken)
        if not _is_hidden(mark, question):
            lines = [each for each in comments if each.question == question.id]
            remark = replace(remark, lines=lines)
        remarks[question.id] = remark
    return remarks


def _may_read(mark: Worth, request: RegradeRequest) -> bool:
    """Return whether the reader sees a request; an answer may tell points that are hidden again."""
    question = mark.question(request.question)
    hidden = question is not None and _is_hidden(mark, question)
    return request.state is RequestState.OPEN or not hidden


def _is_hidden(mark: Worth, question: QuestionMark) -> bool:
    """Return whether the reader is a student who does not know the question's points yet."""
    return isinstance(mark, VisibleMark) and question.tenths is None


def _remark(
    question: QuestionMark,
    asked: Sequence[RegradeRequest],
    until: datetime | None,
    *,
    taken: bool,
) -> Remark:
    waits = any(each.state is RequestState.OPEN for each in asked)
    lacks = question.tenths is not None and question.tenths < question.max_tenths
    return Remark(question, asked, taken and lacks and not waits, until)
