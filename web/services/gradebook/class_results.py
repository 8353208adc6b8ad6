"""From rows to the numbers that statistics are made of."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from web.models import CourseAssignment, Submission
from web.services import lookup
from web.services.gradebook import statistics
from web.services.gradebook.report_digests import Digest, digests
from web.services.gradebook.statistics import Attempt
from web.services.grading import marks
from web.services.grading.marks import Mark


class Which(enum.StrEnum):
    """Which attempt of each student statistics are made of."""

    COUNTED = "counted"
    FIRST = "first"


@dataclass(frozen=True)
class ClassStatistics:
    """
    Statistics of an assignment.

    Args:
        which: Of which attempts.
        students: How many are in the course.
        submitted: How many of them have submitted something.
        graded: How many of them have a graded attempt.
        awaiting: In how many attempts a written answer needs manual grading.
        unreadable: How many graded attempts are left out since what is stored cannot be read.
        max_tenths: The points of all questions.
        summary: Of the points; ``None`` if there are none.
        histogram: Of the points.
        questions: One for each question.
        tests: One for each test.
        misconceptions: In all graded attempts.
    """

    which: Which
    students: int
    submitted: int
    graded: int
    awaiting: int
    unreadable: int
    max_tenths: int
    summary: statistics.PointsSummary | None
    histogram: Sequence[statistics.Bin]
    questions: Sequence[statistics.QuestionStatistics]
    tests: Sequence[statistics.TestStatistics]
    misconceptions: Sequence[statistics.MisconceptionCount]

    @property
    def few(self) -> bool:
        """Whether the class is too small for these numbers to mean much."""
        return self.graded < statistics.FEW


def class_statistics(
    session: Session, assignment: CourseAssignment, which: Which = Which.COUNTED
) -> ClassStatistics:
    """Return an assignment's statistics; what staff submit to try it out does not count."""
    members = lookup.students_of(session, assignment.course)
    ids = {member.user_id for member in members}
    graded = [
        mark for mark in marks.graded_marks(session, assignment) if mark.submission.user_id in ids
    ]
    chosen = {mark.result_id: mark for mark in _chosen(assignment, graded, which)}
    attempts, recognised, unreadable = _read(session, graded, chosen)
    totals = [attempt.total for attempt in attempts]
    most = max(
        (mark.max_tenths for mark in chosen.values()), default=assignment.snapshot.max_tenths
    )
    return ClassStatistics(
        which=which,
        students=len(members),
        submitted=len(_who_submitted(session, assignment) & ids),
        graded=len(chosen),
        awaiting=sum(not mark.complete and not mark.damaged for mark in chosen.values()),
        unreadable=unreadable,
        max_tenths=most,
        summary=statistics.summary(totals),
        histogram=statistics.histogram(totals, most),
        questions=statistics.question_statistics(attempts),
        tests=statistics.test_statistics(attempts),
        misconceptions=statistics.misconception_counts(recognised),
    )


def _chosen(assignment: CourseAssignment, graded: list[Mark], which: Which) -> Iterable[Mark]:
    if which is Which.COUNTED:
        return marks.counted_by_user(assignment.counted, graded).values()
    first: dict[int, Mark] = {}
    for mark in sorted(graded, key=lambda each: each.submission.number):
        first.setdefault(mark.submission.user_id, mark)
    return first.values()


def _who_submitted(session: Session, assignment: CourseAssignment) -> set[int]:
    query = select(Submission.user_id).where(
        Submission.assignment_id == assignment.id, Submission.practice.is_(False)
    )
    return set(session.scalars(query.distinct()))


def _read(
    session: Session, graded: list[Mark], chosen: Mapping[int, Mark]
) -> tuple[list[Attempt], list[tuple[int, str, str]], int]:
    """
    Read each report once.

    Returns:
        The chosen attempts' numbers, the misconceptions of all, and how many cannot be read.
    """
    damaged = {mark.result_id for mark in graded if mark.damaged}
    students = {mark.result_id: mark.submission.user_id for mark in graded}
    attempts: list[Attempt] = []
    recognised: list[tuple[int, str, str]] = []
    for number, digest in digests(session, list(students)).items():
        if digest is None:
            damaged.add(number)
            continue
        if number in chosen and number not in damaged:
            attempts.append(_attempt(chosen[number], digest))
        recognised += [(students[number], *each) for each in digest.recognised]
    return attempts, recognised, len(damaged)


def _attempt(mark: Mark, digest: Digest) -> Attempt:
    return Attempt(
        points={question.id: question.tenths for question in mark.questions},
        max_points={question.id: question.max_tenths for question in mark.questions},
        tests_points={question.id: question.tests_tenths for question in mark.questions},
        passed=digest.passed,
    )
