"""How many written answers await manual grading, known quickly enough for every page to say it."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from web.models import Course, CourseAssignment
from web.services.courses.assignments import course_assignments
from web.services.grading.written_answers import queue, student_marks, written_questions

KEPT_SECONDS: Final = 15.0
"""How long a count is kept: what other processes change is seen after this time."""


@dataclass(frozen=True)
class Ungraded:
    """
    Answers to one question that await manual grading.

    Args:
        assignment_id: Of the assignment.
        question_id: Of the question in it.
        answers: How many there are, one for each student at most.
        claimed: How many of them somebody reads now.
    """

    assignment_id: int
    question_id: str
    answers: int
    claimed: int


@dataclass(frozen=True)
class _Kept:
    until: float
    ungraded: Sequence[Ungraded]


class UngradedAnswers:
    """
    The ungraded answers of each course, counted anew when something was written or time has passed.

    Which attempt counts takes the marks of a whole class, too much for the tabs of every page.
    """

    def __init__(self) -> None:
        self._kept: dict[int, _Kept] = {}
        self._changes = 0
        self._lock = threading.Lock()

    def of_course(self, session: Session, course: Course) -> Sequence[Ungraded]:
        """Return a course's questions with ungraded answers, by deadline and in their order."""
        kept = self._kept.get(course.id)
        if kept is not None and time.monotonic() < kept.until:
            return kept.ungraded
        changes = self._changes
        found = ungraded_answers(session, course)
        with self._lock:
            # What was written since may be missing in what was read.
            if changes == self._changes:
                self._kept[course.id] = _Kept(time.monotonic() + KEPT_SECONDS, found)
        return found

    def forget(self) -> None:
        """Count anew from now on: something was written."""
        with self._lock:
            self._changes += 1
            self._kept.clear()


def ungraded_answers(session: Session, course: Course) -> list[Ungraded]:
    """Return a course's questions with ungraded answers, by deadline and in their order."""
    return [
        each
        for assignment in course_assignments(session, course)
        for each in _of_assignment(session, assignment)
    ]


def _of_assignment(session: Session, assignment: CourseAssignment) -> list[Ungraded]:
    questions = written_questions(assignment.snapshot)
    marks = student_marks(session, assignment) if questions else []
    found = []
    for question in questions:
        answers = queue(session, assignment, question.id, marks)
        waiting = [each for each in answers if not each.graded]
        claimed = sum(each.claim is not None for each in waiting)
        if waiting:
            found.append(Ungraded(assignment.id, question.id, len(waiting), claimed))
    return found
