"""
The course's grade, from the points in its assignments.

An assignment counts by its weight once it is settled: graded for good, or closed with nothing
submitted (no points). Of the settled assignments that may be dropped, the course drops the given
number with the smallest shares of their points; among equal ones the heavier goes first, then the
later. At least one assignment is kept. The total is the weighted mean of the shares of those that
are left.

Assignments that count as a bonus are apart: the weighted mean of theirs, times the course's bonus,
is added to the total of the others, which it takes to 100 % at most. Where the course says so, it
is added only if the total passes without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple, Self

from web.models import Course
from web.services.gradebook.standing import Entry


@dataclass(frozen=True)
class TotalRules:
    """
    How a course's totals are computed, besides the weights of its assignments.

    Args:
        dropped_lowest: How many assignments are dropped.
        bonus: The largest bonus, as a part of all points.
        pass_share: The part of all points that is needed for the bonus; 0 if none is.
    """

    dropped_lowest: int = 0
    bonus: Fraction = Fraction(0)
    pass_share: Fraction = Fraction(0)

    @classmethod
    def of(cls, course: Course) -> Self:
        """Return a course's rules."""
        passing = [step.from_share for step in course.grade_key if step.passed]
        needed = min(passing, default=Fraction(0)) if course.bonus_needs_pass else Fraction(0)
        return cls(course.dropped_lowest, _as_typed(course.bonus_percent) / 100, needed)


@dataclass(frozen=True)
class Total:
    """
    A student's total in a course.

    Args:
        share: The part of all points, from 0 to 1, with the bonus; ``None`` if nothing counts yet.
        dropped: Ids of the assignments that were dropped.
        settled: How many of those with a weight are settled.
        weighted: How many have a weight.
        bonus: What of the share is bonus.
    """

    share: Fraction | None
    dropped: frozenset[int]
    settled: int
    weighted: int
    bonus: Fraction = Fraction(0)

    @property
    def final(self) -> bool:
        """Whether every assignment with a weight is settled."""
        return self.settled == self.weighted


def total(entries: Sequence[Entry[Any]], rules: TotalRules) -> Total:
    """
    Return a student's total.

    Args:
        entries: Of one student, one for each assignment, in the course's order.
        rules: The course's.
    """
    weighted = [entry for entry in entries if entry.assignment.weight > 0]
    settled = [_Settled.of(entry, entry.share) for entry in weighted if entry.share is not None]
    dropped = frozenset(_dropped(settled, rules.dropped_lowest))
    kept = [each for each in settled if each.assignment_id not in dropped]
    share = _mean(each for each in kept if not each.is_bonus)
    bonus = Fraction(0)
    if share is not None and rules.bonus and share >= rules.pass_share:
        earned = (_mean(each for each in kept if each.is_bonus) or 0) * rules.bonus
        bonus = max(Fraction(0), min(earned, 1 - share))
        share += bonus
    return Total(share, dropped, len(settled), len(weighted), bonus)


class _Settled(NamedTuple):
    """An assignment with a weight, and the part of its points that a student has for good."""

    assignment_id: int
    weight: Fraction
    share: Fraction
    may_drop: bool
    is_bonus: bool

    @classmethod
    def of(cls, entry: Entry[Any], share: Fraction) -> Self:
        of = entry.assignment
        return cls(of.id, _as_typed(of.weight), share, of.may_drop, of.is_bonus)


def _mean(settled: Iterable[_Settled]) -> Fraction | None:
    weights = Fraction(0)
    # In whole numbers: to reduce each sum is most of the work for a large class.
    points, of = 0, 1
    for each in settled:
        weights += each.weight
        part = each.weight.denominator * each.share.denominator
        points = points * part + each.weight.numerator * each.share.numerator * of
        of *= part
    return Fraction(points, of) / weights if weights else None


def _dropped(settled: Sequence[_Settled], count: int) -> list[int]:
    candidates = [
        (each.share, -each.weight, -place, each.assignment_id)
        for place, each in enumerate(settled)
        if each.may_drop
    ]
    count = max(0, min(count, len(settled) - 1))
    return [number for *_, number in sorted(candidates)[:count]] if count else []


@lru_cache(maxsize=256)
def _as_typed(weight: float) -> Fraction:
    # As a person typed it: 0.1 is one tenth.
    return Fraction(str(weight))
