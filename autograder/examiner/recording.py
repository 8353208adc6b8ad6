"""What a test asked of the kernel, kept so that a misconception can be recognised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

MAX_RECORDED_BYTES: Final = 8 * 2**20
"""What is kept of one test's calls: a misconception shows in small answers, too."""


@dataclass(frozen=True)
class RecordedCall:
    """
    One call that a test made, kept so that a misconception can be recognised.

    Args:
        name: The student's function.
        request: Its encoded arguments.
        functions: The grader's functions among them, by number.
        answer: The decoded value, or the exception that was raised.
        prepared: Lines that the test ran inside before this call, such as seeds.
        args_after: The positional arguments as the call left them; none if it raised.
    """

    name: str
    request: bytes
    functions: dict[int, Callable[..., Any]]
    answer: Any
    prepared: tuple[str, ...] = ()
    args_after: tuple[Any, ...] = ()


@dataclass
class Recording:
    """What one test asked of the kernel; large answers are left out."""

    calls: list[RecordedCall] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    prepared: tuple[str, ...] = ()
    asked: set[str] = field(default_factory=set)
    """Names of the notebook that the test read or called, whatever came of it."""
    answered: bool = False
    """Whether a value came back; one that stayed in the kernel shows nothing by itself."""
    refused: bool = False
    """Whether student code raised."""
    bytes_left: int = MAX_RECORDED_BYTES

    @property
    def only_refusals(self) -> bool:
        """Whether student code raised wherever the test asked it for a value."""
        return self.refused and not self.answered

    def keep_last_function(self) -> None:
        """Keep the calls of the function that was called last: those before were as they should."""
        if self.calls:
            self.calls = [each for each in self.calls if each.name == self.calls[-1].name]

    def has_room(self, size: int) -> bool:
        """Return whether something of this size may be kept, and count it."""
        self.bytes_left -= size
        return self.bytes_left >= 0
