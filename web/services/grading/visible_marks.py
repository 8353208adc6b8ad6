"""
What students know of marks: the only way by which their pages, notices and totals get points.

A mark as staff know it (`Mark`) becomes one that its student may see (`VisibleMark`) here and
nowhere else. What is chosen among a student's marks for the student, such as the attempt that
counts, is chosen among visible ones, so that it tells nothing of those that are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from web.models import CountedAttempt, Submission
from web.services.courses.rule_book import RuleBook
from web.services.grading.marks import Mark, marks_of
from web.services.grading.worth import QuestionMark, QuestionMarks, Worth
from web.services.visibility import Visibility, visibility_for


class VisibleMark(Worth):
    """What a submission is worth, as far as its student may know it."""


def visible(mark: Mark, visibility: Visibility) -> VisibleMark | None:
    """Return what a student sees of a mark; ``None`` while results are held back."""
    if not visibility.results:
        return None
    if mark.submission.released_at is not None:
        return _visible(mark, mark.questions)
    return _visible(mark, QuestionMarks(map(_visible_part, mark.questions)))


def fully_visible(mark: Mark, visibility: Visibility) -> bool:
    """Return whether a student sees all that was given so far."""
    released = mark.submission.released_at is not None
    return visibility.results and (released or all(map(_is_visible, mark.questions)))


def visible_mark(
    session: Session, submission: Submission, at: datetime | None = None
) -> VisibleMark | None:
    """Return what a student sees of a submission's worth; ``None`` if that is nothing."""
    visibility = visibility_for(session, submission.assignment, submission.user, at)
    return visible_marks(session, [submission], visibility).get(submission.id)


def preview_marks(session: Session, submissions: Iterable[Submission]) -> dict[int, VisibleMark]:
    """Return what a student will see once all is released, for staff's preview, by the ids."""
    found = marks_of(session, submissions)
    return {number: _visible(mark, mark.questions) for number, mark in found.items()}


def visible_marks(
    session: Session,
    submissions: Iterable[Submission],
    visibility: Visibility,
    *,
    results: dict[int, int] | None = None,
) -> dict[int, VisibleMark]:
    """
    Return what a student sees of their submissions' worth, by the submissions' ids.

    Args:
        session: To read by.
        submissions: Of one student in one assignment.
        visibility: What the student may see.
        results: Other results to go by, by submission.
    """
    found = marks_of(session, submissions, results=results)
    seen = {number: visible(mark, visibility) for number, mark in found.items()}
    return {number: mark for number, mark in seen.items() if mark is not None}


def visible_marks_in(
    session: Session,
    submissions: Iterable[Submission],
    visibilities: Mapping[int, Visibility],
    book: RuleBook,
) -> dict[int, VisibleMark]:
    """
    Return what a student sees of their submissions' worth in several assignments.

    Args:
        session: To read by.
        submissions: Of one student.
        visibilities: What the student may see, by the assignment's id.
        book: The rules of these assignments.
    """
    found = marks_of(session, submissions, book=book).values()
    seen = [visible(mark, visibilities[mark.submission.assignment_id]) for mark in found]
    return {mark.submission.id: mark for mark in seen if mark is not None}


def counted_so_far(rule: CountedAttempt, marks: Sequence[VisibleMark]) -> VisibleMark | None:
    """
    Return the mark that counts so far among a student's own: the best, or the last.

    The best is the one with the most points that the student sees, so that what they see of their
    points does not fall while a newer attempt needs manual grading.
    """
    if rule is CountedAttempt.LAST:
        return max(marks, key=lambda mark: mark.submission.number, default=None)
    return max(
        marks,
        key=lambda mark: (mark.final_tenths, mark.complete, mark.submission.number),
        default=None,
    )


def _visible(mark: Mark, questions: QuestionMarks) -> VisibleMark:
    return VisibleMark(mark.submission, mark.result_id, questions, mark.lateness, mark.damaged)


def _visible_part(question: QuestionMark) -> QuestionMark:
    """Leave out what people gave for a written answer, until it is released, here or elsewhere."""
    if _is_visible(question):
        return question
    grade, override = question.grade, question.override
    return replace(
        question,
        grade=grade if grade is not None and grade.released_at is not None else None,
        override=override if override is not None and override.released_at is not None else None,
    )


def _is_visible(question: QuestionMark) -> bool:
    """Return whether nothing that a person gave for it is held back."""
    given = (question.grade, question.override)
    return not question.manual or all(each is None or each.released_at for each in given)
