"""Where each student of a course stands in each assignment: gradebook and exports both ask here."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from web.db import now
from web.models import (
    Course,
    CourseAssignment,
    Membership,
    Role,
    Submission,
    SubmissionState,
    User,
)
from web.services.courses.assignments import results_visible
from web.services.courses.deadlines import rule_book
from web.services.grading import marks
from web.services.grading.marks import Mark


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


@dataclass(frozen=True)
class Entry:
    """
    A student in an assignment.

    Args:
        user_id: Which student.
        assignment: Which.
        standing: Where they stand.
        mark: What counts; ``None`` if nothing has been graded.
    """

    user_id: int
    assignment: CourseAssignment
    standing: Standing
    mark: Mark | None = None

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


def students(session: Session, course: Course) -> Sequence[Membership]:
    """Return a course's students, by name."""
    return session.scalars(
        select(Membership)
        .join(User)
        .where(
            Membership.course_id == course.id,
            Membership.role == Role.STUDENT,
            Membership.active.is_(True),
        )
        .order_by(User.name, User.id)
    ).all()


def entries(
    session: Session,
    assignment: CourseAssignment,
    members: Iterable[Membership],
    at: datetime | None = None,
) -> dict[int, Entry]:
    """Return where students stand, by the student's id, as staff see it."""
    counted = marks.counted_marks(session, assignment)
    return _entries(session, assignment, members, counted, at or now())


def entry_for_student(
    session: Session, assignment: CourseAssignment, member: Membership, at: datetime | None = None
) -> Entry:
    """Return where a student stands, with no more than they may see."""
    user_id = member.user_id
    counted = marks.counted_marks(session, assignment, [user_id])
    at = at or now()
    found = _entries(session, assignment, [member], counted, at)[user_id]
    if found.mark is None:
        return found
    if found.standing is Standing.DAMAGED:
        return Entry(user_id, assignment, Standing.NOT_GRADED)
    if not results_visible(assignment, at):
        return Entry(user_id, assignment, Standing.NOT_RELEASED)
    seen = marks.as_seen_by_student(found.mark)
    standing = Standing.RELEASED if seen.complete else Standing.AWAITS_PERSON
    return Entry(user_id, assignment, standing, seen)


def _entries(
    session: Session,
    assignment: CourseAssignment,
    members: Iterable[Membership],
    counted: dict[int, Mark],
    at: datetime,
) -> dict[int, Entry]:
    members = list(members)
    user_ids = [member.user_id for member in members]
    states = _states(session, assignment, user_ids)
    book = rule_book(session, [assignment])
    found = {}
    for member in members:
        mark = counted.get(member.user_id)
        if mark is not None:
            standing = _of_mark(mark)
        elif member.user_id in states:
            standing = _of_states(states[member.user_id])
        else:
            last = book.rules(assignment, member.user_id).closes_at
            closed = last is not None and at > last
            standing = Standing.NOT_SUBMITTED if closed else Standing.OPEN
        found[member.user_id] = Entry(member.user_id, assignment, standing, mark)
    return found


def _states(
    session: Session, assignment: CourseAssignment, user_ids: Sequence[int]
) -> dict[int, set[SubmissionState]]:
    rows = session.execute(
        select(Submission.user_id, Submission.state)
        .where(Submission.assignment_id == assignment.id, Submission.user_id.in_(user_ids))
        .distinct()
    )
    states: dict[int, set[SubmissionState]] = {}
    for user_id, state in rows:
        states.setdefault(user_id, set()).add(state)
    return states


def _of_mark(mark: Mark) -> Standing:
    if not mark.complete:
        return Standing.DAMAGED if mark.damaged else Standing.AWAITS_PERSON
    return Standing.RELEASED if marks.released(mark.submission, mark) else Standing.NOT_RELEASED


def _of_states(states: set[SubmissionState]) -> Standing:
    waiting = states & {SubmissionState.QUEUED, SubmissionState.RUNNING}
    return Standing.IN_QUEUE if waiting else Standing.NOT_GRADED
