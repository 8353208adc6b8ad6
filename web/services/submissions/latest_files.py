"""
Which file somebody has sent last before they had to sign in.

The moment at which a file came may count although it is accepted later. If it did for each of many
files, one of them could be chosen once the solution or results are there to be seen.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Final

_HOUR: Final = 3600
_MOST_PLACES: Final = 20
"""Of each person; who sends files to more assignments within an hour loses the earliest."""


class LatestFiles:
    """Remembers, for an hour, the last file of each person for each assignment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: dict[int, dict[str, tuple[str, float]]] = {}

    def note(self, user_ids: Iterable[int], place: str, sha256: str) -> None:
        """
        Note that a file came.

        Args:
            user_ids: Who may have sent it.
            place: The course and the assignment that it was sent to.
            sha256: Of its bytes.
        """
        with self._lock:
            self._forget()
            for user_id in user_ids:
                files = self._files.setdefault(user_id, {})
                files.pop(place, None)
                files[place] = sha256, time.monotonic()
                if len(files) > _MOST_PLACES:
                    del files[next(iter(files))]

    def is_latest(self, user_id: int, place: str, sha256: str) -> bool:
        """Return whether somebody has sent this file, and no other one to the same place since."""
        with self._lock:
            found = self._files.get(user_id, {}).get(place)
        return found is not None and found[0] == sha256

    def _forget(self) -> None:
        start = time.monotonic() - _HOUR
        for user_id, files in list(self._files.items()):
            kept = {place: each for place, each in files.items() if each[1] >= start}
            if kept:
                self._files[user_id] = kept
            else:
                del self._files[user_id]
