"""Things that take long to make and serve one user at a time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from autograder.closeable import Closeable

Item = TypeVar("Item", bound=Closeable)


class IdlePool(Generic[Item]):
    """
    Keeps things that take long to make and serve one user at a time.

    Args:
        make: Makes one.
        keep: How many idle ones to keep; the longest idle are closed.
    """

    def __init__(self, make: Callable[[], Item], keep: int) -> None:
        self._make = make
        self._keep = keep
        self._lock = threading.Lock()
        self._idle: deque[Item] = deque()

    def take(self) -> Item:
        """Return an idle one, or make one."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._make()

    def put(self, item: Item) -> None:
        """Give one back for the next user."""
        with self._lock:
            self._idle.append(item)
            old = [self._idle.popleft() for _ in range(len(self._idle) - self._keep)]
        for each in old:
            each.close()

    def close(self) -> None:
        """Close the idle ones."""
        with self._lock:
            idle, self._idle = self._idle, deque()
        for item in idle:
            item.close()
