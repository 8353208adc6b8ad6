"""Wall and CPU seconds of a command with all its descendants, and of a living tree of processes."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PR_SET_CHILD_SUBREAPER: Final = 36
ORPHAN_SECONDS: Final = 5.0
COMMAND_SECONDS: Final = 1800.0
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Taken:
    """
    What something took.

    Args:
        wall_seconds: From its start to its end.
        cpu_seconds: User and system time of all processes that took part.
    """

    wall_seconds: float
    cpu_seconds: float


class CommandError(Exception):
    """A command of the comparison failed; its output says why."""


def adopt_orphans() -> None:
    """Become the parent of every descendant whose parent dies, so that its CPU time is counted."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def run_command(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str]
) -> Taken:
    """
    Run a command to its end.

    CPU time is what ``getrusage(RUSAGE_CHILDREN)`` gains: the command and every descendant, also
    those that outlive it for a moment. They are waited for, but not on the command's wall time.

    Raises:
        CommandError: If it does not exit with 0.
    """
    before = _children_cpu()
    bystanders = set(_children_of(os.getpid()))
    began = time.perf_counter()
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_SECONDS,
    )
    wall = time.perf_counter() - began
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-30:])
        raise CommandError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{tail}")
    _wait_for_orphans(bystanders)
    return Taken(wall, _children_cpu() - before)


def tree_cpu(root: int) -> float:
    """
    Give the CPU seconds that a process and its descendants have used, ended ones included.

    Read from ``/proc/PID/stat``; an ended process counts with the parent that waited for it.
    """
    total, todo = 0, [root]
    while todo:
        pid = todo.pop()
        with suppress(OSError):
            stat = _stat(pid)
            total += sum(map(int, stat[11:15]))  # utime, stime, cutime, cstime
            todo += _children_of(pid)
    return total / _TICKS


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _wait_for_orphans(bystanders: set[int]) -> None:
    deadline = time.monotonic() + ORPHAN_SECONDS
    while orphans := set(_children_of(os.getpid())) - bystanders:
        for pid in orphans:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        if time.monotonic() > deadline:
            raise CommandError(f"processes {orphans} outlive the command that started them")
        time.sleep(0.01)


def _children_of(parent: int) -> list[int]:
    children = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if int(_stat(int(entry.name))[1]) == parent:
                    children.append(int(entry.name))
    return children


def _stat(pid: int) -> list[str]:
    """Give the fields of ``/proc/PID/stat`` from the third on; the second may hold blanks."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
