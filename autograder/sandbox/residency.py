"""
Keep in memory every file that kernels share.

Which pages of a file are in memory is the same for all kernels that see it, and a kernel can tell,
by how long reading one takes. If pages were missing, one kernel could read some, by what a hidden
test gave it, and another one, whose output its student sees, could find out which. Kernels have no
call that takes a page out of memory (`policy.DENIED_SYSTEM_CALLS`); so once all are in, and while
the machine has memory, there is nothing to choose. A process of each fork server sees to it; one
of the machine at a time works, the others wait to take its place.

It runs beside bubblewrap as the same ordinary user. Until all has been read once it has a part of
the processors, however busy they are; later on it looks again only when nobody else wants them.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import signal
import socket
import time
from collections.abc import Iterator

from autograder.sandbox.runtime import linux

SECONDS_BETWEEN_LOOKS = 30.0
SECONDS_BETWEEN_TRIES = 5.0
FIRST_NICENESS = 5
# Linux reads no more at a time than a device's window, by default this one; what more is asked for
# is left out without a word.
WINDOW_BYTES = 2**17
# Smaller files would need more maps than Linux allows a process; they are read again and again.
LOCKED_FROM_BYTES = 2**16
# Of the machine's memory, no more than this share is locked: a smaller machine needs it elsewhere.
MOST_LOCKED_SHARE = 0.25


def fork_file_reader(sources: list[str], *, may_lock: bool) -> None:
    """
    Fork the process that keeps files in memory; it ends with this process, or what that becomes.

    Args:
        sources: Files, and folders with all that is in them.
        may_lock: Whether the limit on locked memory has been lifted.
    """
    parent = os.getpid()
    if os.fork() != 0:
        return
    try:
        linux.die_with_parent(signal.SIGKILL)
        if os.getppid() == parent:
            _close_inherited()
            _read_forever(sources, may_lock=may_lock)
    finally:
        os._exit(1)


def _close_inherited() -> None:
    """Close what others wait for the end of."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.closerange(3, 1024)


def _read_forever(sources: list[str], *, may_lock: bool) -> None:
    marks = [os.stat(source) for source in sources]
    key = hash(tuple(number for mark in marks for number in (mark.st_dev, mark.st_ino)))
    name = f"\0autograder-resident-{os.getuid()}-{key}"
    turn = socket.socket(socket.AF_UNIX)
    while True:
        try:
            turn.bind(name)
            break
        except OSError:
            time.sleep(SECONDS_BETWEEN_TRIES)
    # At the lowest priority a busy machine would leave pages to choose for as long as it is busy.
    os.nice(FIRST_NICENESS)
    read_into_memory(sources)
    if may_lock:
        lock_large_files(sources)
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    while True:
        time.sleep(SECONDS_BETWEEN_LOOKS)
        read_into_memory(sources)


def read_into_memory(sources: list[str]) -> int:
    """Ask Linux to read every page that is not in memory; return how many bytes the files have."""
    total = 0
    for path in files_of(sources):
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                size = os.fstat(descriptor).st_size
                for start in range(0, size, WINDOW_BYTES):
                    os.posix_fadvise(descriptor, start, WINDOW_BYTES, os.POSIX_FADV_WILLNEED)
                total += size
            finally:
                os.close(descriptor)
    return total


def machine_memory() -> int:
    """Return how many bytes of memory the machine has."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def lock_large_files(sources: list[str]) -> int:
    """Lock files into memory, as many as the machine can spare; return how many bytes."""
    libc = ctypes.CDLL(None, use_errno=True)
    left = int(machine_memory() * MOST_LOCKED_SHARE)
    locked = 0
    for path in files_of(sources):
        with contextlib.suppress(OSError, ValueError):
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                size = os.fstat(descriptor).st_size
                if not LOCKED_FROM_BYTES <= size <= left:
                    continue
                address = _map(libc, descriptor, size)
                if libc.mlock(ctypes.c_void_p(address), ctypes.c_size_t(size)) == 0:
                    locked += size
                    left -= size
            finally:
                os.close(descriptor)
    return locked


def _map(libc: ctypes.CDLL, descriptor: int, size: int) -> int:
    """Map a file for as long as this process lives."""
    libc.mmap.restype = ctypes.c_void_p
    address = libc.mmap(
        None,
        ctypes.c_size_t(size),
        mmap.PROT_READ,
        mmap.MAP_SHARED,
        descriptor,
        ctypes.c_long(0),
    )
    if address in (None, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), "mmap")
    return int(address)


def files_of(sources: list[str]) -> Iterator[str]:
    """Return every regular file, links left out."""
    waiting = list(sources)
    while waiting:
        path = waiting.pop()
        if not os.path.isdir(path):
            yield path
            continue
        with contextlib.suppress(OSError), os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    yield entry.path
