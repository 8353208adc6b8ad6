"""What of a result is shown to its student, and what to staff."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.errors import StoredReportError
from autograder.render.findings import QuestionView, SummaryView, summary_of
from autograder.render.outcomes import OutcomeView
from autograder.report import StaffView, StudentQuestion, StudentView
from web.models import CourseAssignment, Result, Snapshot, Submission
from web.services.grading.marks import Mark, mark_of
from web.services.grading.visible_marks import VisibleMark
from web.services.grading.worth import QuestionMark, Worth

View = TypeVar("View", StudentView, StaffView)

FULL: Final = OutcomeView("✔", "full points", "good")
PART: Final = OutcomeView("…", "partial credit", "wait")
NOTHING: Final = OutcomeView("✘", "no points", "bad")

log: Final = logging.getLogger(__name__)


def read_view(kind: type[View], data: Any) -> View | None:
    """
    Read what is stored of a report; ``None`` if it is damaged, or of a version to come.

    Args:
        kind: Whose view.
        data: As it is stored.
    """
    try:
        return kind.from_json(data)
    except StoredReportError as error:
        # One row says so; others, and what else stands on a page, do not depend on it.
        log.warning("%s", error)
        return None


def student_summary(
    submission: Submission, mark: VisibleMark | None, hidden_until: datetime | None = None
) -> SummaryView | None:
    """
    Return a submission's result as its student may read it.

    While points are held back, only public tests are in it, and no score of a question.

    Args:
        submission: Which.
        mark: What the student may know of its worth; ``None`` while points are held back.
        hidden_until: Until when they are, where a page says so.

    Returns:
        ``None`` if there is no result, or if nobody can read it.
    """
    if submission.result is None or (mark is not None and mark.damaged):
        return None
    view = read_view(StudentView, submission.result.student_view)
    if view is None:
        return None
    if mark is not None:
        return _with_points(summary_of(view), mark)
    public = summary_of(replace(view, questions=tuple(map(_public_part, view.questions))))
    hidden = _hidden(submission.assignment, hidden_until)
    questions = tuple(replace(each, score=None, outcome=hidden) for each in public.questions)
    return replace(public, score=0.0, questions=questions)


def staff_summary(session: Session, mark: Mark | None) -> SummaryView | None:
    """Return the result that a mark rests on, all that is known; ``None`` if that is nothing."""
    if mark is None:
        return None
    view = read_view(StaffView, session.get_one(Result, mark.result_id).staff_view)
    return None if view is None else _with_points(summary_of(view), mark)


@dataclass(frozen=True)
class Grading:
    """
    One grading of a submission by the tests.

    Args:
        id: Of its result.
        created_at: When.
        content_hash: Of the version that it was graded by.
        score_tenths: What the tests gave.
        shown: Whether it is the one that is looked at.
    """

    id: int
    created_at: datetime
    content_hash: str
    score_tenths: int
    shown: bool


def all_gradings(session: Session, submission: Submission, chosen: int | None) -> list[Grading]:
    """
    Return all gradings of a submission, the newest first.

    Args:
        session: To read by.
        submission: Which.
        chosen: The result that staff want to look at; by default the one that holds.
    """
    rows = session.execute(
        select(Result.id, Result.created_at, Snapshot.content_hash, Result.score_tenths)
        .join(Snapshot, Result.snapshot_id == Snapshot.id)
        .where(Result.submission_id == submission.id)
        .order_by(Result.id.desc())
    ).all()
    shown = _shown_result_id(submission, chosen, {row.id for row in rows})
    return [Grading(*row, shown=row.id == shown) for row in rows]


def chosen_mark(session: Session, submission: Submission, chosen: int | None) -> Mark | None:
    """
    Return what a submission is worth by one of its gradings; ``None`` if there is none.

    Args:
        session: To read by.
        submission: Which.
        chosen: The result that staff want to look at; by default the one that holds.
    """
    query = select(Result.id).where(Result.submission_id == submission.id)
    shown = _shown_result_id(submission, chosen, set(session.scalars(query)))
    return mark_of(session, submission, result_id=shown)


def _shown_result_id(submission: Submission, chosen: int | None, own: set[int]) -> int | None:
    # Untrusted: the number stands in an address; what belongs to others is not looked at.
    return chosen if chosen in own else submission.result_id


def answer_cells(result: Result, question_id: str) -> tuple[int, ...]:
    """Return the numbers, from 0, of the cells that hold a question's written answer."""
    view = read_view(StaffView, result.staff_view)
    questions = () if view is None else view.questions
    return next((each.answer_cells for each in questions if each.id == question_id), ())


def _with_points(summary: SummaryView, mark: Worth) -> SummaryView:
    """Put in what people gave and changed."""
    questions = tuple(_with_mark(each, mark.question(each.id)) for each in summary.questions)
    # Where only the points are damaged, staff read in the report what they were.
    score = summary.score if mark.damaged else mark.tenths / 10
    return replace(summary, score=score, questions=questions)


def _with_mark(question: QuestionView, mark: QuestionMark | None) -> QuestionView:
    if mark is None or mark.tenths is None:
        return question
    outcome = question.outcome
    if mark.manual:
        outcome = FULL if mark.tenths == mark.max_tenths else PART if mark.tenths else NOTHING
    return replace(question, score=mark.tenths / 10, outcome=outcome)


def _public_part(question: StudentQuestion) -> StudentQuestion:
    # A hint is found by hidden inputs, too.
    tests = tuple(replace(test, hint=None) for test in question.tests if test.visible)
    return replace(question, tests=tests)


def _hidden(assignment: CourseAssignment, until: datetime | None) -> OutcomeView:
    """Describe a question's outcome while its assignment's scores are hidden."""
    if until is None:
        return OutcomeView("…", "hidden for now", "wait")
    visible_from = until.astimezone(ZoneInfo(assignment.course.time_zone))
    return OutcomeView("…", f"hidden until {visible_from:%-d %b}", "wait")
