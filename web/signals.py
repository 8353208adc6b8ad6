"""The signals that ask a process of the portal to stop."""

from __future__ import annotations

import signal
from types import FrameType


def note_signals() -> list[int]:
    """Return a list to which from now on the signals are added that ask to stop."""
    signals: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        signals.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, note)
    return signals
