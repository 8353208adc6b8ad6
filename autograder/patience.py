"""How long to wait for student code where others use the machine, too."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MAX_STRETCH: Final = 10.0
"""A limit on the clock is never longer than so many times itself, however busy the machine is."""
MAX_STARVED: Final = 40.0
"""Nor is one that leaves out the time for which the kernel waited for a processor."""
EARLY_SECONDS: Final = 0.2
"""After which a kernel is first asked what it has had: most cells and calls have ended by then."""
MORE_SECONDS: Final = 0.25
"""For which work that has been starved is given more time, again and again."""
_LOAD: Final = Path("/proc/loadavg")
_LOOKS: Final = 4
_BETWEEN_SECONDS: Final = 0.002


@dataclass(frozen=True)
class Usage:
    """
    What a kernel has had up to a moment.

    Args:
        at: The moment, by the monotonic clock.
        cpu_seconds: CPU time of all its processes.
        starved_seconds: For how long it would have run, but others had the processors; ``None``
            where Linux does not tell.
    """

    at: float
    cpu_seconds: float
    starved_seconds: float | None


class Allowance:
    """
    The time that a cell or a call may take; what others had meanwhile is no part of it.

    It is over once the kernel has had that much CPU time, or that much time on the clock but for
    what it spent waiting for a processor. Where Linux does not tell the latter, the machine's load
    stretches the clock.

    Args:
        seconds: How much, from now on.
        usage: Asks what the kernel has had. What it returns may be from a while ago.
    """

    def __init__(self, seconds: float, usage: Callable[[], Usage | None]) -> None:
        self._seconds = seconds
        self._usage = usage
        self._began = time.monotonic()
        self._first: Usage | None = None
        self.next_look = self._began + min(EARLY_SECONDS, seconds)

    def is_over(self) -> bool:
        """Return whether the time is over; before `next_look` it is not."""
        now = time.monotonic()
        if now < self.next_look:
            return False
        usage = self._usage()
        self._first = self._first or usage
        ends = self._began + self._seconds
        if now >= ends and self._is_used_up(now - self._began, usage):
            return True
        self.next_look = max(ends, now + MORE_SECONDS)
        return False

    def used(self) -> float:
        """Return how much has been used."""
        elapsed = time.monotonic() - self._began
        if elapsed < EARLY_SECONDS:
            return elapsed
        if self._first is None or self._first.starved_seconds is None:
            return elapsed / stretch()
        return elapsed - self._starved(self._usage())

    def _is_used_up(self, elapsed: float, usage: Usage | None) -> bool:
        if self._first is None or usage is None or usage.starved_seconds is None:
            return is_over(elapsed, self._seconds)
        if usage.cpu_seconds - self._first.cpu_seconds >= self._seconds:
            return True
        # An answer from a while ago says nothing of the time since.
        had = usage.at - self._first.at - self._starved(usage)
        return had >= self._seconds or elapsed >= self._seconds * MAX_STARVED

    def _starved(self, usage: Usage | None) -> float:
        if self._first is None or usage is None:
            return 0.0
        return (usage.starved_seconds or 0.0) - (self._first.starved_seconds or 0.0)


def is_over(elapsed: float, seconds: float) -> bool:
    """Return whether more time than a limit has passed, stretched as `stretch` says."""
    # The machine is looked at only then: that takes longer than most tests.
    return elapsed >= seconds and elapsed >= seconds * stretch()


def stretch() -> float:
    """
    Return how many times longer than on an idle machine work may take now.

    As many tasks as want to run at this moment share the cores; the load of the last minute would
    say so a minute late.
    """
    try:
        wanting = sum(_wanting() for _ in range(_LOOKS)) / _LOOKS
    except (OSError, ValueError, IndexError):
        return 1.0
    return min(MAX_STRETCH, max(1.0, wanting / len(os.sched_getaffinity(0))))


def _wanting() -> int:
    """Return how many tasks run or want to run; a little later than the last look."""
    time.sleep(_BETWEEN_SECONDS)
    return int(_LOAD.read_text(encoding="ascii").split()[3].partition("/")[0])
