"""What each process of the sandbox of staff's code may use."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Final

_LIMITS: Final = {
    resource.RLIMIT_AS: 6 * 2**30,
    resource.RLIMIT_NPROC: 512,
    resource.RLIMIT_NOFILE: 1024,
    resource.RLIMIT_FSIZE: 2**28,
    resource.RLIMIT_CORE: 0,
}

_GIVES_WAY: Final = "500"
"""Between a kernel's 1000 and the 0 of the grader and all else, as Linux weighs them."""


def give_way() -> None:
    """Let Linux end this process before others than kernels, should memory run out."""
    Path("/proc/self/oom_score_adj").write_text(_GIVES_WAY)


def limit_resources(*, file_bytes: int = _LIMITS[resource.RLIMIT_FSIZE]) -> None:
    """
    Bound what this process and its children may use, for good: they cannot raise a limit again.

    Args:
        file_bytes: How large a file may become that they write.
    """
    for limit, value in (_LIMITS | {resource.RLIMIT_FSIZE: file_bytes}).items():
        resource.setrlimit(limit, (value, value))
