"""How long to wait for student code where others use the machine, too."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

MAX_STRETCH: Final = 10.0
"""A limit on time is never longer than so many times itself, however busy the machine is."""
_LOAD: Final = Path("/proc/loadavg")


def stretch() -> float:
    """
    Return how many times longer than on an idle machine work may take now.

    As many tasks as want to run share the cores. What is judged by it is wall time; a limit that is
    meant for work is over, too, once the kernel has had that much CPU time.
    """
    try:
        fields = _LOAD.read_text(encoding="ascii").split()
        wanting = max(float(fields[0]), int(fields[3].partition("/")[0]))
    except (OSError, ValueError, IndexError):
        return 1.0
    return min(MAX_STRETCH, max(1.0, wanting / len(os.sched_getaffinity(0))))
