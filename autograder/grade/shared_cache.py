"""Things that take long to make and that many may use at once, such as examiners."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar


class Process(Protocol):
    """Something that may end by itself, and must be closed."""

    def close(self) -> None:
        """Close it."""

    def alive(self) -> bool:
        """Return whether it still serves."""


Item = TypeVar("Item", bound=Process)


@dataclass
class _Entry(Generic[Item]):
    """Where one shared thing stands: nobody has it, or a number of users."""

    making: threading.Lock = field(default_factory=threading.Lock)
    item: Item | None = None
    users: int = 0


class SharedCache(Generic[Item]):
    """
    Keeps things that take long to make, and that many may use at once.

    Args:
        keep: How many to keep; of those that nobody uses, the longest idle are closed.
    """

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry[Item]] = {}

    @contextlib.contextmanager
    def borrow(self, key: str, make: Callable[[], Item]) -> Iterator[Item]:
        """Return the one for a key; `make` makes it if it is not there, or has ended."""
        with self._lock:
            entry = self._entries.pop(key, None) or _Entry[Item]()
            self._entries[key] = entry
            entry.users += 1
        try:
            yield self._alive(entry, make)
        finally:
            with self._lock:
                entry.users -= 1
                surplus = self._take_surplus()
            for item in surplus:
                item.close()

    def _alive(self, entry: _Entry[Item], make: Callable[[], Item]) -> Item:
        with entry.making:
            if entry.item is not None and not entry.item.alive():
                entry.item.close()
                entry.item = None
            if entry.item is None:
                entry.item = make()
            return entry.item

    def _take_surplus(self) -> list[Item]:
        idle = [key for key, entry in self._entries.items() if entry.users == 0]
        old = idle[: max(0, len(self._entries) - self._keep)]
        entries = [self._entries.pop(key) for key in old]
        return [entry.item for entry in entries if entry.item is not None]

    def close(self) -> None:
        """Close all."""
        with self._lock:
            entries, self._entries = list(self._entries.values()), {}
        for entry in entries:
            if entry.item is not None:
                entry.item.close()
