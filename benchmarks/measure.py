"""
Wall and CPU seconds of a command, or of a living process, with all descendants.

``getrusage(RUSAGE_CHILDREN)`` alone is not enough: when the first process of a PID namespace is
killed, Linux forgets what its children have used, and so it would flatter our own sandbox. So the
tree of processes is sampled as well, and whichever says more is believed.
"""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PR_SET_CHILD_SUBREAPER: Final = 36
SAMPLE_SECONDS: Final = 0.02
SAMPLES_PER_SEARCH: Final = 4
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
    """Become the parent of every descendant whose parent dies, to see when the last one ends."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def run_command(
    command: Sequence[str | Path],
    folder: Path,
    environment: Mapping[str, str],
    *,
    watched: bool = False,
) -> Taken:
    """
    Run a command to its end.

    Processes that outlive it for a moment are waited for; that counts as CPU, not as wall time.

    Args:
        command: What to run.
        folder: Where.
        environment: All of its environment.
        watched: Whether to sample its tree for the CPU time of PID namespaces; that takes a part
            of the machine, so the wall time is better taken from a run that is not watched.

    Raises:
        CommandError: If it does not exit with 0.
    """
    before = _children_cpu()
    bystanders = {pid for pid, _ in _children().get(os.getpid(), ())}
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            list(map(str, command)),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        with sampled(process.pid) if watched else nullcontext() as tree:
            process.wait(COMMAND_SECONDS)
            wall = time.perf_counter() - began
            _wait_for_orphans(bystanders)
        if process.returncode != 0:
            output.seek(0)
            tail = "\n".join(output.read().decode(errors="replace").splitlines()[-30:])
            name = " ".join(map(str, command))
            raise CommandError(f"{name} ended with {process.returncode}:\n{tail}")
    return Taken(wall, max(_children_cpu() - before, tree.cpu_seconds() if tree else 0.0))


@contextmanager
def sampled(root: int) -> Iterator[ProcessTree]:
    """Watch a process and its descendants while the block runs."""
    tree = ProcessTree(root)
    stop = threading.Event()

    def watch() -> None:
        samples = 0
        while not stop.wait(SAMPLE_SECONDS):
            samples += 1
            tree.sample(search=samples % SAMPLES_PER_SEARCH == 0)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield tree
    finally:
        stop.set()
        thread.join()
        tree.sample(search=True)


@dataclass
class _Seen:
    """One process: clock ticks of its own, and of the children that it has waited for."""

    parent: int
    own: int
    buried: int
    alive: bool = True
    children: set[int] = field(default_factory=set)


class ProcessTree:
    """
    The CPU time that a process and its descendants use from now on.

    Args:
        root: The process.
    """

    def __init__(self, root: int) -> None:
        self._root = root
        self._seen: dict[int, _Seen] = {}
        self._base: dict[int, tuple[int, int]] = {}
        self.sample(search=True)
        self._base = {pid: (seen.own, seen.buried) for pid, seen in self._seen.items()}

    def sample(self, *, search: bool) -> None:
        """Read the counters of the known processes; `search` looks for new ones first."""
        if search:
            children = _children()
            todo = [self._root, *self._seen]
            while todo:
                for pid, stat in children.get(todo.pop(), ()):
                    if pid not in self._seen:
                        self._note(pid, stat)
                        todo.append(pid)
        for pid in [self._root, *self._seen]:
            now = _stat(pid)
            if now is not None and now[0] != "Z":
                self._note(pid, now)
            elif pid in self._seen:
                self._seen[pid].alive = False

    def cpu_seconds(self) -> float:
        """Return the sum since this object was made, as far as the samples have seen it."""
        for seen in self._seen.values():
            seen.children = set()
        for pid, seen in self._seen.items():
            if seen.parent in self._seen:
                self._seen[seen.parent].children.add(pid)
        tops = [pid for pid, seen in self._seen.items() if seen.parent not in self._seen]
        return sum(map(self._ticks, tops)) / _TICKS

    def _ticks(self, pid: int) -> int:
        seen = self._seen[pid]
        own, buried = self._base.get(pid, (0, 0))
        living = [child for child in seen.children if self._seen[child].alive]
        ended = seen.children.difference(living)
        # A child that ended is in its parent's count, unless it ended with its PID namespace.
        lost = max(seen.buried - buried, sum(map(self._ticks, ended)))
        return seen.own - own + sum(map(self._ticks, living)) + lost

    def _note(self, pid: int, stat: list[bytes]) -> None:
        own, buried = int(stat[11]) + int(stat[12]), int(stat[13]) + int(stat[14])
        self._seen[pid] = _Seen(int(stat[1]), own, buried)


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _wait_for_orphans(bystanders: set[int]) -> None:
    deadline = time.monotonic() + ORPHAN_SECONDS
    while orphans := {pid for pid, _ in _children().get(os.getpid(), ())} - bystanders:
        for pid in orphans:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        if time.monotonic() > deadline:
            raise CommandError(f"processes {orphans} outlive the command that started them")
        time.sleep(SAMPLE_SECONDS)


def _children() -> dict[int, list[tuple[int, list[bytes]]]]:
    """Return the processes of the machine by their parents."""
    children: dict[int, list[tuple[int, list[bytes]]]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208  # often, so without a Path for each
        stat = _stat(int(name)) if name.isdigit() else None
        if stat is not None:
            children.setdefault(int(stat[1]), []).append((int(name), stat))
    return children


def _stat(pid: int) -> list[bytes] | None:
    """Return the fields of ``/proc/PID/stat`` from the third on; the second may hold blanks."""
    try:
        # Bytes: a process may call itself by any.
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123  # as above
            return file.read().rpartition(b")")[2].split()
    except OSError:
        return None
