"""How the cells of a notebook ran."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SHOWN_TYPES: Final = (
    "text/html",
    "text/markdown",
    "text/latex",
    "image/png",
    "image/jpeg",
    "image/gif",
    "text/plain",
)
"""Types of a displayed value that pages show, the first that a value has; no other is kept."""


class CellStatus(StrEnum):
    """What came of running a cell."""

    OK = "ok"
    ERROR = "error"
    TIMEOUT = "timeout"
    OUTPUT_LIMIT = "output_limit"
    MEMORY = "memory"
    KERNEL_DIED = "kernel_died"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class CellRun:
    """
    How one code cell ran.

    Args:
        index: Its place among all cells.
        status: What came of it.
        seconds: Wall time.
        count: Its execution count, if it ran.
        error: Name of the exception that it raised, as its output shows it.
    """

    index: int
    status: CellStatus
    seconds: float = 0.0
    count: int | None = None
    error: str | None = None
