"""Where each student of a course stands in each assignment: gradebook and exports both ask here."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from typing import Generic, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from web.db import now
from web.models import (
    CourseAssignment,
    Membership,
    Submission,
    SubmissionState,
)
from web.services.courses.deadlines import Rules
from web.services.courses.rule_book import RuleBook, rule_book
from web.services.grading import class_marks
from web.services.grading.marks import Mark
from web.services.grading.student_view import StudentAssignment
from web.services.grading.visible_marks import VisibleMark, counted_so_far, fully_visible
from web.services.grading.worth import Worth
from web.services.visibility import Visibility, visibility_by


class Standing(enum.StrEnum):
    """Where a student stands in an assignment."""

    OPEN = "open"
    """Nothing submitted, and it is still accepted."""
    NOT_SUBMITTED = "not_handed_in"
    """Nothing submitted, and nothing more is accepted."""
    IN_QUEUE = "in_queue"
    """Submitted; the tests have not run yet."""
    NOT_GRADED = "not_graded"
    """Submitted, but no attempt could be graded."""
    AWAITS_PERSON = "awaits_person"
    """A written answer has not been graded yet."""
    NOT_RELEASED = "not_released"
    """Graded; the student does not see the points yet."""
    DAMAGED = "damaged"
    """Graded, but what was stored cannot be read; it has to be graded again."""
    RELEASED = "released"
    """Graded, and the student sees the points."""


Known = TypeVar("Known", bound=Worth)
_States = dict[tuple[int, int], set[SubmissionState]]


@dataclass(frozen=True)
class Entry(Generic[Known]):
    """
    A student in an assignment, as staff know it or as the student does.

    Args:
        user_id: Which student.
        assignment: Which.
        standing: Where they stand.
        mark: What counts; ``None`` if nothing has been graded.
    """

    user_id: int
    assignment: CourseAssignment
    standing: Standing
    mark: Known | None = None

    @property
    def tenths(self) -> int | None:
        """The points that count, after the late penalty; ``None`` if there are none yet."""
        if self.standing is Standing.DAMAGED:
            return None
        if self.mark is not None:
            return self.mark.final_tenths
        return 0 if self.standing is Standing.NOT_SUBMITTED else None

    @property
    def max_tenths(self) -> int:
        """The points of all questions, in the version that the attempt was graded by."""
        return self.assignment.snapshot.max_tenths if self.mark is None else self.mark.max_tenths

    @cached_property
    def share(self) -> Fraction | None:
        """The part of all points; ``None`` while it is not known for good."""
        if self.tenths is None or self.standing is Standing.AWAITS_PERSON or not self.max_tenths:
            return None
        return Fraction(self.tenths, self.max_tenths)


def entries(
    session: Session,
    assignment: CourseAssignment,
    members: Iterable[Membership],
    at: datetime | None = None,
    book: RuleBook | None = None,
) -> dict[int, Entry[Mark]]:
    """
    Return where students stand, by the student's id, as staff see it.

    Args:
        session: To read by.
        assignment: In which assignment.
        members: Of whom.
        at: At which moment; now by default.
        book: The rules, if they have been read already.
    """
    members = list(members)
    book = book or rule_book(session, [assignment], [each.user_id for each in members])
    return entries_in(session, [assignment], members, book, at)[assignment.id]


def entries_in(
    session: Session,
    assignments: Sequence[CourseAssignment],
    members: Sequence[Membership],
    book: RuleBook,
    at: datetime | None = None,
) -> dict[int, dict[int, Entry[Mark]]]:
    """
    Return where students stand in several assignments, as staff see it.

    Args:
        session: To read by.
        assignments: In which assignments.
        members: Of whom.
        book: The rules.
        at: At which moment; now by default.

    Returns:
        Entries by the student's id, by the assignment's id.
    """
    user_ids = {each.user_id for each in members}
    counted = class_marks.counted_in(session, assignments, user_ids, book)
    states = _states(session, assignments, user_ids)
    moment = at or now()
    return {
        each.id: _entries(each, user_ids, counted[each.id], states, moment, book)
        for each in assignments
    }


def entry_of(view: StudentAssignment, user_id: int) -> Entry[VisibleMark]:
    """Return where a student stands, with no more than they may see."""
    counting = [attempt for attempt in view.attempts if not attempt.practice]
    states = {attempt.state for attempt in counting}
    if SubmissionState.GRADED not in states:
        return Entry(user_id, view.assignment, _without_mark(states, view.visibility))
    if not view.visibility.results:
        return Entry(user_id, view.assignment, Standing.NOT_RELEASED)
    # What counts is chosen among what the student sees, or it would tell of what they do not.
    seen = [view.marks[attempt.id] for attempt in counting if attempt.id in view.marks]
    mark = counted_so_far(view.assignment.counted, seen)
    if mark is None or (mark.damaged and not mark.complete):
        return Entry(user_id, view.assignment, Standing.NOT_GRADED)
    standing = Standing.RELEASED if mark.complete else Standing.AWAITS_PERSON
    return Entry(user_id, view.assignment, standing, mark)


def _entries(
    assignment: CourseAssignment,
    user_ids: Iterable[int],
    counted: dict[int, Mark],
    states: _States,
    at: datetime,
    book: RuleBook,
) -> dict[int, Entry[Mark]]:
    # Nearly all of a class have the same rules, and so see the same.
    visibilities: dict[Rules, Visibility] = {}
    found = {}
    for user_id in user_ids:
        rules = book.rules(assignment, user_id)
        visibility = visibilities.get(rules)
        if visibility is None:
            visibility = visibilities[rules] = visibility_by(assignment, rules, at)
        mark = counted.get(user_id)
        if mark is not None:
            standing = _of_mark(mark, visibility)
        else:
            standing = _without_mark(states.get((assignment.id, user_id), set()), visibility)
        found[user_id] = Entry(user_id, assignment, standing, mark)
    return found


def _states(
    session: Session, assignments: Iterable[CourseAssignment], user_ids: Collection[int]
) -> _States:
    rows = session.execute(
        select(Submission.assignment_id, Submission.user_id, Submission.state)
        .where(
            Submission.assignment_id.in_([each.id for each in assignments]),
            Submission.user_id.in_(user_ids),
            Submission.practice.is_(False),
        )
        .distinct()
    )
    states: _States = {}
    for assignment_id, user_id, state in rows:
        states.setdefault((assignment_id, user_id), set()).add(state)
    return states


def _of_mark(mark: Mark, visibility: Visibility) -> Standing:
    if not mark.complete:
        return Standing.DAMAGED if mark.damaged else Standing.AWAITS_PERSON
    return Standing.RELEASED if fully_visible(mark, visibility) else Standing.NOT_RELEASED


def _without_mark(states: set[SubmissionState], visibility: Visibility) -> Standing:
    if not states:
        return Standing.OPEN if visibility.may_submit else Standing.NOT_SUBMITTED
    waiting = states & {SubmissionState.QUEUED, SubmissionState.RUNNING}
    return Standing.IN_QUEUE if waiting else Standing.NOT_GRADED
