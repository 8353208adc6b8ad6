"""When a submission is late, for whom, and what that costs. The server's clock alone decides."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from web.models import CourseAssignment, Extension, Membership, User

SECONDS_PER_DAY: Final = 86_400
_LAST_MOMENT: Final = datetime(9999, 12, 30, tzinfo=UTC)  # in every time zone a date


@dataclass(frozen=True)
class Rules:
    """
    The rules that hold for one student in one assignment.

    Args:
        due_at: The deadline; ``None``: there is none.
        cutoff_at: Nothing is accepted after it; ``None``: never closed.
        max_attempts: ``None``: as many as they like.
        extended: Whether an extension changed any of it.
        time_multiplier: Of the student.
    """

    due_at: datetime | None
    cutoff_at: datetime | None
    max_attempts: int | None
    extended: bool
    time_multiplier: float


def rules_for(session: Session, assignment: CourseAssignment, user: User) -> Rules:
    """Return the rules for a student: the assignment's, with extension and multiplier applied."""
    extension = session.scalar(
        select(Extension).where(
            Extension.assignment_id == assignment.id, Extension.user_id == user.id
        )
    )
    multiplier = session.scalar(
        select(Membership.time_multiplier).where(
            Membership.course_id == assignment.course_id, Membership.user_id == user.id
        )
    )
    return rules_with(assignment, extension, multiplier)


def rules_with(
    assignment: CourseAssignment, extension: Extension | None, multiplier: float | None
) -> Rules:
    """Return the rules that follow from an extension and a time multiplier, if there are any."""
    factor = multiplier or 1.0
    due_at = _stretched(assignment, assignment.due_at, factor)
    cutoff_at = _stretched(assignment, assignment.cutoff_at or assignment.due_at, factor)
    attempts = assignment.max_attempts
    if extension is not None:
        due_at = extension.due_at or due_at
        cutoff_at = _later(extension.cutoff_at or extension.due_at, cutoff_at)
        attempts = None if attempts is None else attempts + extension.extra_attempts
    return Rules(due_at, cutoff_at, attempts, extension is not None, factor)


def _stretched(
    assignment: CourseAssignment, moment: datetime | None, factor: float
) -> datetime | None:
    """Stretch the time from release to a moment, for a student with a time multiplier."""
    if moment is None or assignment.release_at is None or factor == 1.0:
        return moment
    length = moment - assignment.release_at
    return _after(assignment.release_at, length, factor)


def _after(moment: datetime, length: timedelta, factor: float = 1.0) -> datetime:
    """Return a moment so much later; the last one that there is where none is as late."""
    try:
        return min(moment + length * factor, _LAST_MOMENT)
    except OverflowError:
        return _LAST_MOMENT


def _later(first: datetime | None, second: datetime | None) -> datetime | None:
    moments = [moment for moment in (first, second) if moment is not None]
    return max(moments, default=None)


def accepts_until(rules: Rules, grace_minutes: int) -> datetime | None:
    """Return the last moment at which a submission is accepted; the grace comes on top."""
    if rules.cutoff_at is None:
        return None
    return _after(rules.cutoff_at, timedelta(minutes=grace_minutes))


def late_seconds(rules: Rules, received_at: datetime, grace_minutes: int) -> int:
    """Return by how much a submission is late; within the grace it is in time."""
    if rules.due_at is None:
        return 0
    late = (received_at - rules.due_at).total_seconds()
    return int(late) if late > grace_minutes * 60 else 0


def days_begun(late: int) -> int:
    """Return how many days of being late have begun."""
    return math.ceil(late / SECONDS_PER_DAY)


def penalised_tenths(score_tenths: int, late: int, percent_per_day: float) -> int:
    """
    Return a score after the late penalty, in tenths of points, rounded half up.

    Each day that has begun costs `percent_per_day` of the score.
    """
    days = days_begun(late)
    kept = max(0.0, 100.0 - percent_per_day * days)
    return math.floor(score_tenths * kept / 100 + 0.5)


def duration(seconds: int) -> str:
    """Write a length of time as people say it: ``2 days and 3 hours``, ``5 minutes``."""
    minutes = max(1, round(seconds / 60))
    days, minutes = divmod(minutes, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    amounts = ((days, "day"), (hours, "hour"), (minutes, "minute"))
    parts = [f"{number} {unit}{'s' * (number != 1)}" for number, unit in amounts if number]
    return " and ".join(parts[:2])
