"""Server-sent events: where a submission stands, while its student looks on."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Final

from web.services.submissions.progress import Status

STREAM_SECONDS: Final = 60.0
# Most notebooks are graded within two seconds, so one looks often at first.
LOOK_SECONDS: Final = 0.08
LONGEST_LOOK_SECONDS: Final = 0.5
COMMENT_SECONDS: Final = 4.0
"""After that long without an event a comment is sent: only writing shows that nobody reads."""
_COMMENT: Final = ": nothing new\n\n"


class StreamPlaces:
    """
    Counts open streams: each holds a thread of the server's.

    Args:
        together: How many everybody may have open.
        each: How many of them one person may.
    """

    def __init__(self, together: int, each: int) -> None:
        self._together = together
        self._each = each
        self._lock = threading.Lock()
        self._open: Counter[int] = Counter()

    def take(self, user_id: int) -> bool:
        """Take a place for a stream of somebody's; false if there is none."""
        with self._lock:
            if self._open.total() >= self._together or self._open[user_id] >= self._each:
                return False
            self._open[user_id] += 1
            return True

    def give_back(self, user_id: int) -> None:
        """Let the place of one of somebody's streams be taken again."""
        with self._lock:
            self._open[user_id] -= 1
            # Who has none is not remembered.
            self._open += Counter()


class EventStream:
    """
    A submission's events, for a minute: looks a few times a second and holds nothing meanwhile.

    Args:
        look: Returns where the submission stands.
        closed: Called once when the stream is over.
    """

    def __init__(self, look: Callable[[], Status], closed: Callable[[], None]) -> None:
        self._look = look
        self._closed = closed
        self._over = False

    def __iter__(self) -> Iterator[str]:
        started = sent_at = time.monotonic()
        pause = LOOK_SECONDS
        last: Status | None = None
        while time.monotonic() - started < STREAM_SECONDS:
            current = self._look()
            silent = time.monotonic() - sent_at > COMMENT_SECONDS
            if current != last or silent:
                yield _COMMENT if current == last else f"data: {json.dumps(asdict(current))}\n\n"
                sent_at = time.monotonic()
                last = current
            if current.done:
                return
            time.sleep(pause)
            pause = min(1.02 * pause, LONGEST_LOOK_SECONDS)

    def close(self) -> None:
        """End the stream; a server calls it whether or not all was read."""
        if not self._over:
            self._over = True
            self._closed()
