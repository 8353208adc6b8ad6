"""How well two people agree who graded the same answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, pvariance


@dataclass(frozen=True)
class Agreement:
    """
    How well two gradings of the same answers agree.

    Args:
        answers: How many were graded twice.
        same: How many got the same points.
        mean_difference: The mean of the differences without their signs, in tenths of points.
        kappa: Cohen's kappa with quadratic weights, 1 for full agreement, 0 for chance; ``None``
            where all points are one value, which says nothing.
    """

    answers: int
    same: int
    mean_difference: float
    kappa: float | None


def agreement_of(pairs: Sequence[tuple[int, int]]) -> Agreement | None:
    """
    Return how well pairs of points agree, in tenths; ``None`` if there are none.

    With quadratic weights kappa compares the mean squared difference with the one that two graders
    would have by chance who give the same points as often (J. Cohen, "Weighted kappa",
    Psychological Bulletin 70, 1968, 213; J. L. Fleiss and J. Cohen, Educational and Psychological
    Measurement 33, 1973, 613).

    Args:
        pairs: The points of the first and of the second.
    """
    if not pairs:
        return None
    first = [one for one, _ in pairs]
    second = [other for _, other in pairs]
    differences = [one - other for one, other in pairs]
    squared = fmean(each * each for each in differences)
    by_chance = pvariance(first) + pvariance(second) + (fmean(first) - fmean(second)) ** 2
    return Agreement(
        len(pairs),
        differences.count(0),
        fmean(map(abs, differences)),
        1 - squared / by_chance if by_chance else None,
    )
