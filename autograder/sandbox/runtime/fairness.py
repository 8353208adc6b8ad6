"""
How a kernel is kept from taking its neighbours' share of the processors.

Linux shares them between groups of processes, one for each session where it groups by session, and
between threads within a group. A kernel with many sessions, or many busy threads, would get many
shares. So its few first busy threads keep theirs, and all others run when nobody else wants to;
further sessions are few, and get next to nothing. None of it can be undone from inside.
"""

from __future__ import annotations

import contextlib
import os
import signal

from autograder.sandbox.runtime.accounting import TICKS_PER_SECOND, Process, Thread, busy_threads
from autograder.sandbox.runtime.layout import NICE

# Of one kernel, at full share.
MOST_BUSY = 4
# Beside the kernel's own: a command of a cell has one.
MOST_SESSIONS = 4
# Who has used so much, and a thread at so many looks, is busy.
BUSY_SECONDS = 0.3
BUSY_LOOKS = 3
# CPU time of all further sessions together before their share was lowered; then there are no more.
FRESH_SECONDS = 10.0
LOWEST_NICE = 19


class FairShare:
    """
    Watches who of a kernel is busy.

    Args:
        kernel_pid: The kernel's first process, whose session is its own.
    """

    def __init__(self, kernel_pid: int) -> None:
        self._kernel_pid = kernel_pid
        self._own_lowered = False
        self._lowered: set[int] = set()
        self._fresh_ticks: dict[tuple[int, int], int] = {}
        self._ticks: dict[tuple[int, int], int] = {}
        self._busy: dict[Thread, int] = {}
        self._idle_only: set[Thread] = set()

    def limit_sessions(self, processes: list[Process]) -> None:
        """Lower the share of every session, most of all of further ones; end busy ones too many."""
        self._own_lowered = self._own_lowered or _lower_share(self._kernel_pid, NICE)
        sessions: dict[int, list[Process]] = {}
        for process in self._at_work(processes):
            if process.session != self._kernel_pid:
                sessions.setdefault(process.session, []).append(process)
        for number, (session, members) in enumerate(sessions.items()):
            if session not in self._lowered:
                self._fresh_ticks |= {(each.pid, each.began): each.own_ticks for each in members}
                used = sum(each.own_ticks for each in members) / TICKS_PER_SECOND
                if used >= BUSY_SECONDS and _lower_share(members[0].pid, LOWEST_NICE):
                    self._lowered.add(session)
            exhausted = sum(self._fresh_ticks.values()) > FRESH_SECONDS * TICKS_PER_SECOND
            if number >= MOST_SESSIONS or (exhausted and session not in self._lowered):
                for each in members:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(each.pid, signal.SIGKILL)

    def _at_work(self, processes: list[Process]) -> list[Process]:
        """Return who runs, or has run since the last look in any thread."""
        before = self._ticks
        self._ticks = {(each.pid, each.began): each.own_ticks for each in processes}
        return [
            each
            for each in processes
            if each.state == b"R"
            or (each.state != b"Z" and each.own_ticks > before.get((each.pid, each.began), 0))
        ]

    def limit_threads(self, processes: list[Process]) -> None:
        """Let busy threads beyond the first few run only when nobody else wants to."""
        busy = [
            thread
            for thread in busy_threads(processes)
            if thread not in self._idle_only and thread.tid != self._kernel_pid
        ]
        self._busy = {thread: self._busy.get(thread, 0) + 1 for thread in busy}
        lasting = [
            thread
            for thread in busy
            if self._busy[thread] >= BUSY_LOOKS and thread.ticks >= BUSY_SECONDS * TICKS_PER_SECOND
        ]
        for thread in lasting[MOST_BUSY - 1 :]:
            with contextlib.suppress(OSError):
                os.sched_setscheduler(thread.tid, os.SCHED_IDLE, os.sched_param(0))
                self._idle_only.add(thread)


def _lower_share(pid: int, nice: int) -> bool:
    """Lower the share of a process's session, where Linux groups by session."""
    try:
        with open(f"/proc/{pid}/autogroup", "w") as file:
            file.write(str(nice))
    except BlockingIOError:
        return False  # Linux takes few such requests a second, of all users together
    except OSError:
        pass  # it does not group by session, or the process has ended
    return True
