"""
The course's grade, from the points in its assignments.

An assignment counts by its weight once it is settled: graded for good, or closed with nothing
submitted (no points). Of the settled assignments that may be dropped, the course drops the given
number with the smallest shares of their points; among equal ones the heavier goes first, then the
later. At least one assignment is kept. The total is the weighted mean of the shares of those that
are left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from web.services.gradebook.standing import Entry


@dataclass(frozen=True)
class Total:
    """
    A student's grade in a course.

    Args:
        share: The part of all points, from 0 to 1; ``None`` if nothing counts yet.
        dropped: Ids of the assignments that were dropped.
        settled: How many of those with a weight are settled.
        weighted: How many have a weight.
    """

    share: Fraction | None
    dropped: frozenset[int]
    settled: int
    weighted: int

    @property
    def final(self) -> bool:
        """Whether every assignment with a weight is settled."""
        return self.settled == self.weighted


def total(entries: Sequence[Entry], dropped_lowest: int) -> Total:
    """
    Return a student's grade.

    Args:
        entries: Of one student, one for each assignment, in the course's order.
        dropped_lowest: How many assignments the course drops.
    """
    weighted = [entry for entry in entries if entry.assignment.weight > 0]
    settled = {entry.assignment.id: entry for entry in weighted if entry.share is not None}
    dropped = frozenset(_dropped(list(settled.values()), dropped_lowest))
    kept = [entry for number, entry in settled.items() if number not in dropped]
    weights = sum((_weight(entry) for entry in kept), Fraction(0))
    points = sum((_weight(entry) * (entry.share or 0) for entry in kept), Fraction(0))
    return Total(points / weights if weights else None, dropped, len(settled), len(weighted))


def _dropped(settled: list[Entry], count: int) -> list[int]:
    candidates = [
        (entry.share or Fraction(0), -_weight(entry), -place, entry.assignment.id)
        for place, entry in enumerate(settled)
        if entry.assignment.may_drop
    ]
    count = max(0, min(count, len(settled) - 1))
    return [number for *_, number in sorted(candidates)[:count]]


def _weight(entry: Entry) -> Fraction:
    return _as_typed(entry.assignment.weight)


@lru_cache(maxsize=256)
def _as_typed(weight: float) -> Fraction:
    # As a person typed it: 0.1 is one tenth.
    return Fraction(str(weight))
