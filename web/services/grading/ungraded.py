"""How many written answers await manual grading, known quickly enough for every page to say it."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from web.models import Course, CourseAssignment
from web.services.courses.assignments import course_assignments
from web.services.grading.written_answers import queue, student_marks, written_questions

KEPT_SECONDS: Final = 15.0
"""How long a count is kept: what other processes change is seen after this time."""
PAGE_SECONDS: Final = 0.04
"""Of the processor's time, after which a page leaves what is left to be counted to the next one."""
_QUICK_SECONDS: Final = 0.2
"""An assignment that takes more is counted anew so seldom that it takes one part in `_SHARE`."""
_SHARE: Final = 20


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
class _Count:
    """What was counted in an assignment: when, after which change, and what it took."""

    ungraded: Sequence[Ungraded]
    at: float
    changes: int
    seconds: float

    def is_due(self, at: float, changes: int) -> bool:
        """Return whether to count anew; what takes long is not counted again and again."""
        rest = 0.0 if self.seconds < _QUICK_SECONDS else _SHARE * self.seconds
        wait = rest if changes != self.changes else max(rest, KEPT_SECONDS)
        return at >= self.at + wait


class UngradedAnswers:
    """
    The ungraded answers of each course, counted anew when something was written or time has passed.

    Which attempt counts takes the marks of a whole class, too much for the tabs of every page. So
    a page counts a large course's assignments in turn, and the first one all of them.

    Args:
        page_seconds: How much of the processor's time a page spends, one assignment at least.
    """

    def __init__(self, page_seconds: float = PAGE_SECONDS) -> None:
        self._page_seconds = page_seconds
        self._courses: dict[int, dict[int, _Count]] = {}
        self._numbers = itertools.count(1)
        self._changes = 0

    def of_course(self, session: Session, course: Course) -> Sequence[Ungraded]:
        """Return a course's questions with ungraded answers, by deadline and in their order."""
        counts = self._courses.get(course.id, {})
        at, changes = time.monotonic(), self._changes
        if not counts or any(each.is_due(at, changes) for each in counts.values()):
            counts = self._counted(session, course, counts)
        return [each for count in counts.values() for each in count.ungraded]

    def by_assignment(self, session: Session, course: Course) -> Counter[int]:
        """Return how many ungraded answers there are, by the assignment's id."""
        counts: Counter[int] = Counter()
        for each in self.of_course(session, course):
            counts[each.assignment_id] += each.answers
        return counts

    def forget(self) -> None:
        """Count anew from now on: something was written."""
        self._changes = next(self._numbers)

    def _counted(
        self, session: Session, course: Course, before: Mapping[int, _Count]
    ) -> dict[int, _Count]:
        assignments = course_assignments(session, course)
        # What was written while it is counted may be missing in it.
        at, changes, began = time.monotonic(), self._changes, time.thread_time()
        counts = {each.id: before[each.id] for each in assignments if each.id in before}
        start = began
        for each in sorted(assignments, key=lambda each: _age(counts.get(each.id))):
            known = counts.get(each.id)
            if known is not None and not known.is_due(at, changes):
                continue
            if known is not None and start > began + self._page_seconds:
                break
            found = _of_assignment(session, each)
            end = time.thread_time()
            counts[each.id] = _Count(found, at, changes, end - start)
            start = end
        ordered = {each.id: counts[each.id] for each in assignments}
        self._courses[course.id] = ordered
        return ordered


def _age(count: _Count | None) -> float:
    return 0.0 if count is None else count.at


def _of_assignment(session: Session, assignment: CourseAssignment) -> list[Ungraded]:
    questions = written_questions(assignment.snapshot)
    marks = student_marks(session, assignment, people=False) if questions else []
    found = []
    for question in questions:
        answers = queue(session, assignment, question.id, marks)
        waiting = [each for each in answers if not each.graded]
        claimed = sum(each.claim is not None for each in waiting)
        if waiting:
            found.append(Ungraded(assignment.id, question.id, len(waiting), claimed))
    return found
