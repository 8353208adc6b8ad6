"""What is fuzzed: one module for each reader, as `Target` describes it."""

from __future__ import annotations

import importlib
import pkgutil
import resource
import time
from collections.abc import Iterable
from typing import Final, Protocol, cast

MAX_SECONDS: Final = 2.0
"""CPU time for one input; all of them are small, and those that fuzzing makes are traced."""
MAX_MEGABYTES: Final = 64
"""By which one input may raise the process's peak of memory."""


class Target(Protocol):
    """
    A module of this folder.

    Attributes:
        MAX_BYTES: Longest input that fuzzing tries.
        IS_JSON: Whether inputs are changed as JSON: values, not characters.
    """

    MAX_BYTES: int
    IS_JSON: bool

    def seeds(self) -> Iterable[bytes]:
        """Return honest inputs, and attacks that are known."""

    def check(self, data: bytes) -> None:
        """Hold the property for one input; whatever is raised is a defect."""


def names() -> list[str]:
    """Return the names of all targets."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def load(name: str) -> Target:
    """Import a target, and with it what it fuzzes."""
    return cast("Target", importlib.import_module(f"{__name__}.{name}"))


def check_within_bounds(target: Target, data: bytes) -> None:
    """Hold a target's property for one input, within the bounds of time and memory."""
    began, peak = time.thread_time(), _peak_megabytes()
    target.check(data)
    seconds, megabytes = time.thread_time() - began, _peak_megabytes() - peak
    assert seconds < MAX_SECONDS, f"took {seconds:.1f} s"
    assert megabytes < MAX_MEGABYTES, f"took {megabytes:.0f} MB"


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
