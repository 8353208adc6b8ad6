"""Settings for gunicorn: what the process that answers requests does once it is ready."""

from __future__ import annotations

import gc
from typing import Any


def post_worker_init(_: Any) -> None:
    """Begin to answer requests; gunicorn calls it in each process, once the program is loaded."""
    leave_program_to_itself()


def leave_program_to_itself() -> None:
    """
    Let the garbage collector pass over all that is loaded now, for good.

    It would look at it again while a page is made for a large class, and take a third of its time.
    """
    gc.collect()
    gc.freeze()
