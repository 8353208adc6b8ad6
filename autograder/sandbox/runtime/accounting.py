"""
What the processes of a kernel use, as the guardian reads it from ``/proc``.

Untrusted: what student code can choose (a process's name, the shape of its threads) must neither
change a number nor stop the guardian. Files that hold nothing but numbers are preferred, all are
read as bytes, and lines end at a line feed alone: a name may hold every other byte, but Linux
escapes that one.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from autograder.sandbox.runtime import linux

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
# What a socket may hold unread: its buffer, which no kernel can make larger, and one more message.
with socket.socket(socket.AF_UNIX) as _fresh:
    SOCKET_BYTES = 2 * _fresh.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
# What stands behind any other descriptor: a pipe beyond a user's soft limit keeps two pages.
DESCRIPTOR_BYTES = 2 * PAGE_BYTES
# An event loop or libzmq watches some ten; these are bounds on what Linux counts by user.
MOST_WATCHED = 10_000
MOST_IN_FLIGHT = 64
READ_BYTES = 2**20
_IN_FLIGHT = re.compile(rb"^scm_fds:[ \t]*(\d+)", re.MULTILINE)
_STATUS_LINE = {
    name: re.compile(rb"^%s:[ \t]*(\d+)" % name, re.MULTILINE)
    for name in (b"VmSwap", b"VmPTE", b"FDSize")
}
_SHARE_LINE = re.compile(rb"^(?:Pss|SwapPss):[ \t]*(\d+) kB$", re.MULTILINE)


@dataclass(frozen=True)
class Process:
    """
    One process, by its number and when it began: numbers are used again.

    Args:
        pid: Its number.
        session: The session that it is in.
        began: When it began, in ticks since the machine's start.
        own_ticks: CPU time of its own threads.
        reaped_ticks: CPU time of the children that it has waited for.
        state: A letter: ``R`` runs or would, ``Z`` has ended and waits for its parent to ask.
    """

    pid: int
    session: int
    began: int
    own_ticks: int
    reaped_ticks: int
    state: bytes


@dataclass(frozen=True)
class Thread:
    """
    One thread that runs, or would if it had a processor.

    Args:
        tid: Its number.
        began: When it began, in ticks since the machine's start.
        ticks: CPU time that it has used.
    """

    tid: int
    began: int
    ticks: int = field(compare=False)


class CpuClock:
    """The CPU time of all processes that a kernel has had."""

    def __init__(self) -> None:
        self._last: dict[tuple[int, int], int] = {}
        self._gone_ticks = 0
        self._most_seconds = 0.0

    def seconds(self, found: list[Process]) -> float:
        """
        Return the CPU time up to now.

        Args:
            found: The processes that live.
        """
        reaped = os.times()
        waited_for = reaped.children_user + reaped.children_system
        waited_for += sum(each.own_ticks + each.reaped_ticks for each in found) / TICKS_PER_SECOND
        # A parent that ignores the end of its children is not told of their time.
        now = {(each.pid, each.began): each.own_ticks for each in found}
        self._gone_ticks += sum(ticks for key, ticks in self._last.items() if key not in now)
        self._last = now
        seen = (self._gone_ticks + sum(now.values())) / TICKS_PER_SECOND
        self._most_seconds = max(self._most_seconds, waited_for, seen)
        return self._most_seconds


class WaitClock:
    """
    For how long a kernel has waited for a processor because others had it.

    At each look it is what the thread that has waited longest since the last look has waited: many
    threads that wait at once are no more than one. Of its own threads a kernel keeps none waiting
    without using the CPU time itself.
    """

    def __init__(self) -> None:
        self._looked = time.monotonic()
        self._last: dict[tuple[int, int, str], int] = {}
        self._seconds = 0.0

    def seconds(self, found: list[Process]) -> float | None:
        """
        Return what has been waited up to now, ``None`` where Linux does not tell.

        Args:
            found: The processes that live.
        """
        began, now = self._looked, time.monotonic()
        waits = dict(_waits(found))
        if not waits:
            return None
        longest = max(waited - self._last.get(key, 0) for key, waited in waits.items())
        self._seconds += min(max(longest, 0) * 1e-9, now - began)
        self._looked, self._last = now, waits
        return self._seconds


def _waits(processes: list[Process]) -> Iterator[tuple[tuple[int, int, str], int]]:
    """Yield each thread and the nanoseconds for which it was ready to run, but did not."""
    for process in processes:
        with contextlib.suppress(OSError):
            for tid in os.listdir(f"/proc/{process.pid}/task"):
                # CPU time, time ready to run, and how often it ran, which is 0 if none is counted.
                fields = _read(f"/proc/{process.pid}/task/{tid}/schedstat").split()
                if len(fields) == 3 and fields[2] != b"0":
                    yield (process.pid, process.began, tid), int(fields[1])


def living() -> list[Process]:
    """Return all processes of this namespace but its first, the oldest first."""
    pids = (int(name) for name in os.listdir("/proc") if name.isdigit() and name != "1")
    found = [process for pid in pids if (process := _process(pid)) is not None]
    return sorted(found, key=lambda process: (process.began, process.pid))


def exceeds_memory(processes: list[Process], allowed: int) -> bool:
    """Return whether processes and what the system holds for them need more than is allowed."""
    pids = [process.pid for process in processes]
    allowed -= _socket_bytes() + sum(map(_system_bytes, pids))
    # Resident pages may be shared with the fork server; the exact share costs more to read. It
    # counts twice what a process and its child hold together until the child has called `exec`.
    if sum(map(_resident_bytes, pids)) <= allowed or sum(map(_proportional_bytes, pids)) <= allowed:
        return False
    return sum(map(_proportional_bytes, _memories(pids))) > allowed


def _memories(pids: list[int]) -> list[int]:
    """Return one process for each memory."""
    found: dict[bytes, list[tuple[int, int]]] = {}
    for pid in pids:
        thread, pages = _thread_with_memory(pid)
        alike = found.setdefault(pages, [])
        if not any(linux.share_memory(thread, other) for _, other in alike):
            alike.append((pid, thread))
    return [pid for alike in found.values() for pid, _ in alike]


def _thread_with_memory(pid: int) -> tuple[int, bytes]:
    """Return a thread of a process that still has its memory, and how large that is."""
    # Threads that have ended have none, so Linux says that all of them have the same.
    for folder in _thread_folders(pid):
        pages = _read(f"{folder}/statm")
        if pages and not pages.startswith(b"0 "):
            return int(folder.rpartition("/")[2]), pages
    return pid, b""


def _read(path: str, most: int = -1) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(most)
    except OSError:
        return b""  # the process has ended meanwhile, or made itself unreadable


def _thread_folders(pid: int) -> Iterator[str]:
    yield f"/proc/{pid}"
    # A process whose first thread has ended shows its memory in its other threads alone.
    with contextlib.suppress(OSError):
        yield from (f"/proc/{pid}/task/{name}" for name in os.listdir(f"/proc/{pid}/task"))


def _stat(folder: str) -> list[bytes]:
    """Return the numbers on a process or thread; nothing if it has ended."""
    # The name in parentheses may hold anything, so fields are counted behind its end.
    fields = _read(f"{folder}/stat").rpartition(b")")[2].split()
    return fields if len(fields) > 19 else []


def _process(pid: int) -> Process | None:
    fields = _stat(f"/proc/{pid}")
    if not fields:
        return None
    return Process(
        pid,
        session=int(fields[3]),
        began=int(fields[19]),
        own_ticks=int(fields[11]) + int(fields[12]),
        reaped_ticks=int(fields[13]) + int(fields[14]),
        state=fields[0],
    )


def busy_threads(processes: list[Process]) -> list[Thread]:
    """Return the threads that run, or would if they had a processor, the oldest first."""
    busy = []
    for process in processes:
        with contextlib.suppress(OSError):
            for tid in os.listdir(f"/proc/{process.pid}/task"):
                fields = _stat(f"/proc/{process.pid}/task/{tid}")
                if fields and fields[0] == b"R":
                    used = int(fields[11]) + int(fields[12])
                    busy.append(Thread(int(tid), int(fields[19]), used))
    return sorted(busy, key=lambda thread: (thread.began, thread.tid))


def _status_number(pid: int, name: bytes) -> int:
    """Return a number of the first thread that has a line such as ``VmPTE:  1234 kB``."""
    for folder in _thread_folders(pid):
        found = _STATUS_LINE[name].search(_read(f"{folder}/status"))
        if found:
            return int(found[1])
    return 0


def _system_bytes(pid: int) -> int:
    """Return what Linux holds for a process besides its pages: page tables and descriptors."""
    return 1024 * _status_number(pid, b"VmPTE") + DESCRIPTOR_BYTES * descriptors(pid)


def descriptors(pid: int) -> int:
    """Return how many descriptors a process has open, or before Linux 6.2 has room for."""
    try:
        count = os.stat(f"/proc/{pid}/fd").st_size
    except OSError:
        return 0
    return count or _status_number(pid, b"FDSize")


def exceeds_shared_counts(processes: list[Process]) -> bool:
    """
    Return whether processes hold much of what Linux counts by user, or in no process's memory.

    That are descriptors watched by an epoll instance, each once for every descriptor that it has
    had, and descriptors that have been sent and not received.
    """
    watched = in_flight = 0
    for process in processes:
        folder = f"/proc/{process.pid}"
        with contextlib.suppress(OSError):
            for number in os.listdir(f"{folder}/fd"):
                with contextlib.suppress(OSError):
                    kind = os.readlink(f"{folder}/fd/{number}")
                    if kind == "anon_inode:[eventpoll]":
                        watched += _read(f"{folder}/fdinfo/{number}", READ_BYTES).count(b"\ntfd:")
                    elif kind.startswith("socket:"):
                        found = _IN_FLIGHT.search(_read(f"{folder}/fdinfo/{number}", READ_BYTES))
                        in_flight += int(found[1]) if found else 0
        if watched > MOST_WATCHED or in_flight > MOST_IN_FLIGHT:
            return True
    return False


def _resident_bytes(pid: int) -> int:
    for folder in _thread_folders(pid):
        pages = _read(f"{folder}/statm").split()
        if len(pages) > 1 and pages[1] != b"0":
            return int(pages[1]) * PAGE_BYTES + 1024 * _status_number(pid, b"VmSwap")
    return 0


def _proportional_bytes(pid: int) -> int:
    for folder in _thread_folders(pid):
        found = _SHARE_LINE.findall(_read(f"{folder}/smaps_rollup"))
        if found:
            return 1024 * sum(map(int, found))
    return _resident_bytes(pid)


def _socket_bytes() -> int:
    """Bound what the namespace's sockets hold unread, which counts as no process's memory."""
    words = _read("/proc/net/sockstat").split()
    return int(words[2]) * SOCKET_BYTES if len(words) > 2 else 0
