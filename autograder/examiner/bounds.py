"""What each process of the sandbox of staff's code may use."""

from __future__ import annotations

import resource
from typing import Final

_LIMITS: Final = {
    resource.RLIMIT_AS: 6 * 2**30,
    resource.RLIMIT_NPROC: 512,
    resource.RLIMIT_NOFILE: 1024,
    resource.RLIMIT_FSIZE: 2**28,
    resource.RLIMIT_CORE: 0,
}


def limit_resources(*, file_bytes: int = _LIMITS[resource.RLIMIT_FSIZE]) -> None:
    """
    Bound what this process and its children may use, for good: they cannot raise a limit again.

    Args:
        file_bytes: How large a file may become that they write.
    """
    for limit, value in (_LIMITS | {resource.RLIMIT_FSIZE: file_bytes}).items():
        resource.setrlimit(limit, (value, value))
