"""What a new course still needs before its students can submit."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from web.models import Course, CourseAssignment
from web.services.overview.schedule import count_students


class Step(enum.StrEnum):
    """A step on the way to a course in which students can submit."""

    PEOPLE = "people"
    ASSIGNMENT = "assignment"
    DATES = "dates"
    RELEASE = "release"


@dataclass(frozen=True)
class Checklist:
    """
    How far a new course is.

    Args:
        done: Which steps are done, in their order.
        undated: The first assignment without a deadline, if there is any.
        hidden: The first assignment that is not to be released, if there is any.
    """

    done: Mapping[Step, bool]
    undated: CourseAssignment | None
    hidden: CourseAssignment | None

    @property
    def next_step(self) -> Step:
        """The first step that is not done."""
        return next(step for step, done in self.done.items() if not done)


def checklist(
    session: Session, course: Course, assignments: Sequence[CourseAssignment]
) -> Checklist | None:
    """
    Return how far a new course is; ``None`` once every step is done.

    Args:
        session: To read by.
        course: Which.
        assignments: All of the course.
    """
    undated = [each for each in assignments if each.due_at is None]
    hidden = [each for each in assignments if each.release_at is None]
    done = {
        Step.PEOPLE: count_students(session, course) > 0,
        Step.ASSIGNMENT: bool(assignments),
        Step.DATES: len(undated) < len(assignments),
        Step.RELEASE: len(hidden) < len(assignments),
    }
    if all(done.values()):
        return None
    return Checklist(done, next(iter(undated), None), next(iter(hidden), None))
