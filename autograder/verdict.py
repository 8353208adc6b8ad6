"""The verdicts of tests and questions."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final


class Verdict(StrEnum):
    """What came of a test, or of a question."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    """Student code raised."""
    MISSING = "missing"
    """A name is not defined."""
    UNANSWERED = "unanswered"
    """The answer's cells are still as students get them."""
    TIMEOUT = "timeout"
    MEMORY = "memory"
    OUTPUT_LIMIT = "output_limit"
    KERNEL_DIED = "kernel_died"
    INVALID = "invalid"
    """A value that cannot be what was asked for: NaN, wrong shape, not a number."""
    SKIPPED = "skipped"
    PENDING = "pending"
    """Awaits a person."""
    INTERNAL = "internal"
    """Our fault: never a zero."""


# What explains most comes first: a time-out that ended the kernel explains why tests after it
# found none.
PRECEDENCE: Final = (
    Verdict.INTERNAL,
    Verdict.PENDING,
    Verdict.UNANSWERED,
    Verdict.MISSING,
    Verdict.MEMORY,
    Verdict.OUTPUT_LIMIT,
    Verdict.TIMEOUT,
    Verdict.KERNEL_DIED,
    Verdict.ERROR,
    Verdict.INVALID,
    Verdict.FAILED,
    Verdict.SKIPPED,
    Verdict.PASSED,
)


def combined(verdicts: Iterable[Verdict]) -> Verdict:
    """Return a question's verdict: passed if all its tests are, else the first by precedence."""
    found = set(verdicts)
    return next((verdict for verdict in PRECEDENCE if verdict in found), Verdict.SKIPPED)
