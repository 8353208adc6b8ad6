"""Things that take long to make and serve one user at a time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Closable(Protocol):
    """Something that must be closed."""

    def close(self) -> None:
        """Close it."""


Item = TypeVar("Item", bound=Closable)


class IdlePool(Generic[Item]):
    """
    Keeps things that take long to make and serve one user at a time.

    Args:
        make: Makes one for a key.
        keep: How many idle ones to keep; the longest idle are closed.
    """

    def __init__(self, make: Callable[[str], Item], keep: int) -> None:
        self._make = make
        self._keep = keep
        self._lock = threading.Lock()
        self._idle: deque[tuple[str, Item]] = deque()

    def take(self, key: str) -> Item:
        """Return an idle one, or make one."""
        with self._lock:
            for entry in reversed(self._idle):
                if entry[0] == key:
                    self._idle.remove(entry)
                    return entry[1]
        return self._make(key)

    def put(self, key: str, item: Item) -> None:
        """Give one back for the next user."""
        with self._lock:
            self._idle.append((key, item))
            old = [self._idle.popleft()[1] for _ in range(len(self._idle) - self._keep)]
        for each in old:
            each.close()

    def close(self) -> None:
        """Close the idle ones."""
        with self._lock:
            idle, self._idle = self._idle, deque()
        for _, item in idle:
            item.close()
