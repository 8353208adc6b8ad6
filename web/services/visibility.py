"""
What a student may see of an assignment, and from when: one place for pages, downloads and marks.

The solution, and results that are held back, wait for the moment that the assignment names and for
the student's own last moment: who may still submit could use them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from web.db import now
from web.models import CourseAssignment, User
from web.services import lookup
from web.services.courses.deadlines import Rules
from web.services.courses.rule_book import rule_book, rules_for


@dataclass(frozen=True)
class Visibility:
    """
    What one student may see of an assignment at a moment.

    Args:
        at: The moment.
        results_at: When the assignment lets students see hidden results and totals; ``None``: at
            once.
        solution_at: When it lets them see the solution; ``None``: never.
        closes_at: The student's own last moment to submit; ``None``: there is none.
    """

    at: datetime
    results_at: datetime | None
    solution_at: datetime | None
    closes_at: datetime | None

    @property
    def may_submit(self) -> bool:
        """Whether the student's own last moment is still to come, or there is none."""
        return self.closes_at is None or self.at <= self.closes_at

    @property
    def results_from(self) -> datetime | None:
        """The moment that the student's hidden results and totals wait for; ``None``: none."""
        return _latest(self.results_at, self.closes_at)

    @property
    def results(self) -> bool:
        """Whether the student sees hidden results and totals."""
        if self.results_at is None:
            return True
        return self.results_at <= self.at and (self.closes_at is None or not self.may_submit)

    @property
    def solution(self) -> bool:
        """Whether the student sees the solution; never, while there is no end of submitting."""
        due = self.solution_at is not None and self.solution_at <= self.at
        return due and not self.may_submit


@dataclass(frozen=True)
class LongerWait:
    """
    A student who waits longer than the others for the solution and for results held back.

    Args:
        user: Who.
        until: Their own last moment to submit.
    """

    user: User
    until: datetime


def visibility_by(
    assignment: CourseAssignment, rules: Rules, at: datetime | None = None
) -> Visibility:
    """Return what a student may see under whom these rules hold, at a moment; now by default."""
    closes_at = rules.closes_at
    return Visibility(at or now(), assignment.results_at, assignment.solution_at, closes_at)


def visibility_for(
    session: Session, assignment: CourseAssignment, user: User, at: datetime | None = None
) -> Visibility:
    """Return what a student may see, at a moment; now by default."""
    return visibility_by(assignment, rules_for(session, assignment, user), at)


def longer_waits(session: Session, assignment: CourseAssignment) -> Sequence[LongerWait]:
    """Return the students whose own last moment comes after what the assignment names, by name."""
    moments = [each for each in (assignment.results_at, assignment.solution_at) if each]
    if not moments:
        return []
    book = rule_book(session, [assignment])
    found = []
    for member in lookup.students_of(session, assignment.course):
        until = book.rules(assignment, member.user_id).closes_at
        if until is not None and until > min(moments):
            found.append(LongerWait(member.user, until))
    return found


def _latest(moment: datetime | None, other: datetime | None) -> datetime | None:
    """Return the later of two moments; ``None`` if there is no first one."""
    return moment if moment is None or other is None else max(moment, other)
