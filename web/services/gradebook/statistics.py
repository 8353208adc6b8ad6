"""
What a class's points say about questions and tests; pure functions of numbers.

**Success rate** of a question: the mean part of its points that was reached; of a test: the part
of the attempts that passed it.

**Discrimination**: the corrected item-total correlation (Henrysson 1963, Psychometrika 28, 211):
Pearson's r between the item and the rest, that is the total without the question that the item is,
or belongs to. For a test, which is passed or not, that is the point-biserial correlation. Ebel and
Frisbie (1991) call 0.4 and more very good, and less than 0.2 poor. The other common measure, the
difference between upper and lower 27 % (Kelley 1939, J. Educ. Psychol. 30, 17), rests on one or two
persons in a class of five.

**Quartiles** interpolate linearly between the points in order, ends included (Hyndman and Fan
1996, type 7).
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

FEW: Final = 5
"""With fewer attempts, numbers say more about persons than about questions."""
LEAST_FOR_CORRELATION: Final = 3
BINS: Final = 10
POOR: Final = 0.2


@dataclass(frozen=True)
class TestKey:
    """A test: the question that it belongs to, its id, its title, whether students have it."""

    __test__ = False

    question: str
    id: str
    title: str
    public: bool


@dataclass(frozen=True)
class Attempt:
    """
    One student's attempt, in numbers.

    Args:
        points: By question, in tenths; ``None`` before it is graded manually.
        max_points: By question, in tenths.
        tests_points: What the tests gave, by question, in tenths; ``None`` for written questions.
        passed: By test; tests that were not judged are absent.
    """

    points: Mapping[str, int | None]
    max_points: Mapping[str, int]
    tests_points: Mapping[str, int | None]
    passed: Mapping[TestKey, bool]

    @cached_property
    def total(self) -> int:
        """All points so far, in tenths, before the late penalty."""
        return sum(points or 0 for points in self.points.values())

    def without(self, question: str) -> int:
        """The points of all other questions."""
        return self.total - (self.points.get(question) or 0)


@dataclass(frozen=True)
class PointsSummary:
    """Points of a class in five numbers and the mean, in tenths."""

    count: int
    mean: float
    lowest: float
    first_quartile: float
    median: float
    third_quartile: float
    highest: float


@dataclass(frozen=True)
class Bin:
    """How many attempts have at least `low` and less than `high` tenths; the last one includes."""

    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Item:
    """
    What a question or test did.

    Args:
        count: In how many attempts it was judged.
        success: The success rate; ``None`` if there are none.
        discrimination: ``None`` if it is not defined: too few, or all alike.
    """

    count: int
    success: float | None
    discrimination: float | None

    @property
    def poor(self) -> bool:
        """Whether it does little to tell those who know from those who do not."""
        return self.discrimination is not None and self.discrimination < POOR


@dataclass(frozen=True)
class QuestionStatistics(Item):
    """A question; see `Item`."""

    id: str
    max_points: int


@dataclass(frozen=True)
class TestStatistics(Item):
    """
    A test; see `Item`.

    Args:
        key: Which.
        losers: How many attempts lost points in its question.
        losers_failed: How many of those failed this test.
    """

    __test__ = False

    key: TestKey
    losers: int
    losers_failed: int

    @property
    def catches_nothing(self) -> bool:
        """Whether answers lost points in this question, but none of them failed this test."""
        return self.losers > 0 and self.losers_failed == 0

    @property
    def nobody_passes(self) -> bool:
        """Whether it was judged and nobody passed it."""
        return self.count > 0 and self.success == 0


@dataclass(frozen=True)
class MisconceptionCount:
    """How often a misconception was recognised, and with how many students."""

    question: str
    title: str
    attempts: int
    students: int


def summary(totals: Sequence[int]) -> PointsSummary | None:
    """Return a class's points in a few numbers; ``None`` for nobody."""
    if not totals:
        return None
    ordered = sorted(totals)
    first, median, third = (_quantile(ordered, part) for part in (0.25, 0.5, 0.75))
    mean = statistics.fmean(ordered)
    return PointsSummary(len(ordered), mean, ordered[0], first, median, third, ordered[-1])


def histogram(totals: Iterable[int], max_tenths: int, bins: int = BINS) -> list[Bin]:
    """Count points in bins of equal width from 0 to the most that can be reached."""
    width = max(max_tenths, 1) / bins
    # What an override put below 0 or above the maximum belongs to the bin at the end.
    places = Counter(min(max(math.floor(total / width), 0), bins - 1) for total in totals)
    return [Bin(place * width, (place + 1) * width, places[place]) for place in range(bins)]


def question_statistics(attempts: Sequence[Attempt]) -> list[QuestionStatistics]:
    """Return what each question did, in the order in which attempts name them."""
    most: dict[str, int] = {}
    for attempt in attempts:
        most |= attempt.max_points
    return [_question(attempts, question, most[question]) for question in most]


def test_statistics(attempts: Sequence[Attempt]) -> list[TestStatistics]:
    """Return what each test did, in the order in which attempts name them."""
    keys = dict.fromkeys(key for attempt in attempts for key in attempt.passed)
    return [_test(attempts, key) for key in keys]


def misconception_counts(found: Iterable[tuple[int, str, str]]) -> list[MisconceptionCount]:
    """
    Count misconceptions, the most widespread first.

    Args:
        found: Student, question and title, one for each attempt in which it was recognised.
    """
    attempts: Counter[tuple[str, str]] = Counter()
    students: dict[tuple[str, str], set[int]] = {}
    for student, question, title in found:
        attempts[question, title] += 1
        students.setdefault((question, title), set()).add(student)
    counts = [
        MisconceptionCount(question, title, count, len(students[question, title]))
        for (question, title), count in attempts.items()
    ]
    return sorted(counts, key=lambda each: (-each.students, -each.attempts, each.question))


def correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Return Pearson's r; ``None`` for too few pairs, or where all values are alike."""
    if len(first) < LEAST_FOR_CORRELATION or len(set(first)) == 1 or len(set(second)) == 1:
        return None
    return statistics.correlation(first, second)


def _question(attempts: Sequence[Attempt], question: str, most: int) -> QuestionStatistics:
    shares, rests = [], []
    for attempt in attempts:
        points, max_points = attempt.points.get(question), attempt.max_points.get(question)
        if points is not None and max_points:
            shares.append(points / max_points)
            rests.append(float(attempt.without(question)))
    success = statistics.fmean(shares) if shares else None
    return QuestionStatistics(
        len(shares), success, correlation(shares, rests), id=question, max_points=most
    )


def _test(attempts: Sequence[Attempt], key: TestKey) -> TestStatistics:
    judged = [attempt for attempt in attempts if key in attempt.passed]
    passed = [float(attempt.passed[key]) for attempt in judged]
    rests = [float(attempt.without(key.question)) for attempt in judged]
    losers = [attempt for attempt in judged if _lost(attempt, key.question)]
    return TestStatistics(
        len(judged),
        statistics.fmean(passed) if passed else None,
        correlation(passed, rests),
        key=key,
        losers=len(losers),
        losers_failed=sum(not attempt.passed[key] for attempt in losers),
    )


def _lost(attempt: Attempt, question: str) -> bool:
    """Return whether tests took points from an answer; what people gave says nothing of tests."""
    points = attempt.tests_points.get(question)
    return points is not None and points < attempt.max_points.get(question, 0)


def _quantile(ordered: Sequence[int], part: float) -> float:
    place = (len(ordered) - 1) * part
    below, above = ordered[math.floor(place)], ordered[math.ceil(place)]
    return below + (above - below) * (place - math.floor(place))
