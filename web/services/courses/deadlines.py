"""When a submission is late, for whom, and what that costs. The server's clock alone decides."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from web.models import Submission

SECONDS_PER_DAY: Final = 86_400
_LAST_MOMENT: Final = datetime(9999, 12, 30, tzinfo=UTC)  # in every time zone a date


class Terms(Protocol):
    """What an assignment says about time: as it is saved, or as somebody is about to save it."""

    @property
    def release_at(self) -> datetime | None:
        """From when students see it."""

    @property
    def due_at(self) -> datetime | None:
        """The deadline."""

    @property
    def cutoff_at(self) -> datetime | None:
        """Nothing is accepted after it."""

    @property
    def grace_minutes(self) -> int:
        """After a deadline, that still count as in time."""

    @property
    def late_percent_per_day(self) -> float:
        """What each day of being late costs."""

    @property
    def max_late_days(self) -> int:
        """How many of a student's late days may be used for it."""

    @property
    def max_attempts(self) -> int | None:
        """How many there are; ``None``: as many as they like."""


class MoreTime(Protocol):
    """What an extension gives: as it is saved, or as somebody is about to save it."""

    @property
    def due_at(self) -> datetime | None:
        """The deadline."""

    @property
    def cutoff_at(self) -> datetime | None:
        """Nothing is accepted after it."""

    @property
    def extra_attempts(self) -> int:
        """How many there are beyond the others'."""


@dataclass(frozen=True)
class Lateness:
    """
    How late a submission is by the rules as they stand now, and what that costs.

    Args:
        seconds: After the deadline; 0 if it is in time, or within the grace.
        percent_per_day: What each day that has begun costs, beyond those that are free.
        free_days: How many of these cost nothing, since the student's late days pay for them.
    """

    seconds: int = 0
    percent_per_day: float = 0.0
    free_days: int = 0

    @property
    def days(self) -> int:
        """How many days of being late have begun."""
        return days_begun(self.seconds)

    def penalised(self, tenths: int) -> int:
        """Return points after the late penalty."""
        if not self.seconds:
            return tenths
        return penalised_tenths(tenths, self.seconds, self.percent_per_day, self.free_days)


IN_TIME: Final = Lateness()


@dataclass(frozen=True)
class Rules:
    """
    The rules that hold for one student in one assignment.

    Args:
        due_at: The deadline; ``None``: there is none.
        cutoff_at: Nothing is accepted after it and the grace; ``None``: never closed.
        max_attempts: ``None``: as many as they like.
        extended: Whether an extension changed any of it.
        time_multiplier: Of the student.
        grace_minutes: After a deadline, that still count as in time.
        late_percent_per_day: What each day of being late costs.
        late_days: How many days of being late cost the student nothing here.
    """

    due_at: datetime | None
    cutoff_at: datetime | None
    max_attempts: int | None
    extended: bool
    time_multiplier: float
    grace_minutes: int = 0
    late_percent_per_day: float = 0.0
    late_days: int = 0

    @property
    def closes_at(self) -> datetime | None:
        """The last moment at which a submission is accepted; the grace comes on top."""
        if self.cutoff_at is None:
            return None
        return _after(self.cutoff_at, timedelta(minutes=self.grace_minutes))

    def lateness_of(self, submission: Submission) -> Lateness:
        """Return how late a submission is; practice never is."""
        return IN_TIME if submission.practice else self.lateness(submission.received_at)

    def lateness(self, received_at: datetime) -> Lateness:
        """Return how late a submission of a moment is; within the grace it is in time."""
        if self.due_at is None:
            return IN_TIME
        late = (received_at - self.due_at).total_seconds()
        in_time = late <= self.grace_minutes * 60
        seconds = 0 if in_time else int(late)
        free = min(self.late_days, days_begun(seconds))
        return Lateness(seconds, self.late_percent_per_day, free)


def rules_with(terms: Terms, extension: MoreTime | None, multiplier: float | None) -> Rules:
    """Return the rules that follow from an extension and a time multiplier, if there are any."""
    factor = multiplier or 1.0
    due_at = _stretched(terms, terms.due_at, factor)
    cutoff_at = _stretched(terms, terms.cutoff_at or terms.due_at, factor)
    attempts = terms.max_attempts
    if extension is not None:
        due_at = extension.due_at or due_at
        cutoff_at = _later(extension.cutoff_at or extension.due_at, cutoff_at)
        attempts = None if attempts is None else attempts + extension.extra_attempts
    return Rules(
        due_at,
        cutoff_at,
        attempts,
        extension is not None,
        factor,
        terms.grace_minutes,
        terms.late_percent_per_day,
    )


def _stretched(terms: Terms, moment: datetime | None, factor: float) -> datetime | None:
    """Stretch the time from release to a moment, for a student with a time multiplier."""
    if moment is None or terms.release_at is None or factor == 1.0:
        return moment
    return _after(terms.release_at, moment - terms.release_at, factor)


def _after(moment: datetime, length: timedelta, factor: float = 1.0) -> datetime:
    """Return a moment so much later; the last one that there is where none is as late."""
    try:
        return min(moment + length * factor, _LAST_MOMENT)
    except OverflowError:
        return _LAST_MOMENT


def _later(first: datetime | None, second: datetime | None) -> datetime | None:
    moments = [moment for moment in (first, second) if moment is not None]
    return max(moments, default=None)


def days_begun(late: int) -> int:
    """Return how many days of being late have begun."""
    return math.ceil(late / SECONDS_PER_DAY)


def penalised_tenths(
    score_tenths: int, late: int, percent_per_day: float, free_days: int = 0
) -> int:
    """
    Return a score after the late penalty, in tenths of points, rounded half up.

    Each day that has begun costs `percent_per_day` of the score, but for the days that are free.
    """
    days = max(0, days_begun(late) - free_days)
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
