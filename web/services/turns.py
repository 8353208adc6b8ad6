"""One thing at a time for each person, so that nobody holds the portal's threads alone."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Final

from web.services.errors import TooManyError

MOST_AT_ONCE: Final = 2
"""One that goes on and one that waits: somebody pressed a button twice."""


class Turns:
    """
    Lets one of each key go on, and one wait.

    Args:
        refusal: What whoever comes beside these two is told.
    """

    def __init__(self, refusal: str) -> None:
        self._refusal = refusal
        self._lock = threading.Lock()
        self._places: dict[Hashable, tuple[int, threading.Lock]] = {}

    @contextmanager
    def turn(self, key: Hashable) -> Iterator[None]:
        """
        Wait for the turn of a key.

        Raises:
            TooManyError: If another one waits already.
        """
        with self._lock:
            count, turn = self._places.get(key, (0, threading.Lock()))
            if count >= MOST_AT_ONCE:
                raise TooManyError(self._refusal)
            self._places[key] = count + 1, turn
        try:
            with turn:
                yield
        finally:
            with self._lock:
                count, _ = self._places.pop(key)
                if count > 1:
                    self._places[key] = count - 1, turn
