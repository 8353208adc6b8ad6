"""The processes of a grading, found as the machine sees them, and what becomes of them."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.autograder.sandbox.processes import descendants_of, parents

STOPPED_SECONDS: Final = 0.4


def chain(outermost: int) -> list[int]:
    """
    Return the Python processes in a sandbox that a process has built, the outermost first.

    Inside a fork server's these are the server, a kernel's guardian and the kernel, if there is one
    kernel; inside an examiner's the examiner and its child.
    """
    tree = parents()

    def depth(pid: int) -> int:
        return 0 if pid not in tree or pid == outermost else 1 + depth(tree[pid])

    found = [pid for pid in descendants_of(outermost) if in_sandbox(pid)]
    return sorted(found, key=depth)


def in_sandbox(pid: int) -> bool:
    """Return whether a process is a Python program that is not bubblewrap's neighbour."""
    try:
        program, option, *_ = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return False
    # The launcher's own, which keeps files in memory, has `-S`.
    return program.endswith((b"/python", b"/python3")) and option != b"-S"


def kill(pid: int) -> None:
    """End a process as Linux does when memory runs out, and wait until it has ended."""
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while pid in parents():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def stop_for_a_while(pid: int) -> None:
    """Stop a process, and let it go on after a while."""

    def go_on() -> None:
        # It may have been killed meanwhile, which a stopped process can be.
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    os.kill(pid, signal.SIGSTOP)
    threading.Timer(STOPPED_SECONDS, go_on).start()
