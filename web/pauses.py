"""Who asks again and again waits for the refusal, so that asking costs the others little."""

from __future__ import annotations

import threading
import time
from typing import Final

from web.http import end_transaction

SECONDS: Final = 2.0
MOST_AT_ONCE: Final = 8
"""Of the portal's threads; whoever comes beside these is refused at once."""
_places: Final = threading.BoundedSemaphore(MOST_AT_ONCE)


def pause() -> None:
    """Wait before a refusal, without a connection to the database."""
    if not _places.acquire(blocking=False):
        return
    try:
        end_transaction()
        time.sleep(SECONDS)
    finally:
        _places.release()
