"""What a process may still do while it renders an untrusted notebook: compute, within limits."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import signal
from dataclasses import dataclass
from typing import Final

from autograder.sandbox.runtime import linux
from autograder.sandbox.seccomp import exported, library


@dataclass(frozen=True)
class RenderLimits:
    """What rendering one notebook may take."""

    cpu_seconds: int = 10
    """An honest one takes 0.2 s; `autograder.render.cells` stops by itself, between two cells."""
    memory_bytes: int = 1 << 30
    """Address space, libraries included; a notebook of 30 MB needs half of it."""
    output_bytes: int = 32 << 20
    """The pictures of a notebook, of which figures are 16 MB and pasted ones 8 MB at most as text,
    and its text."""


SOURCE: Final = 0
TARGET: Final = 1
"""Descriptors of the two files that a confined process has."""
_HIGHEST_DESCRIPTOR: Final = 2**31 - 1

# All that an interpreter needs that has opened and loaded everything: no file, no socket, no
# process, and nothing of another process.
_ALLOWED_CALLS: Final = tuple(
    """
    brk clock_getres clock_gettime close exit exit_group futex getpid getrandom getrusage gettid
    gettimeofday lseek madvise mmap mprotect mremap munmap read restart_syscall rt_sigaction
    rt_sigprocmask rt_sigreturn sched_yield sigaltstack time write
    """.split()  # noqa: SIM905  # thirty quoted names would be thirty lines
)


def compiled_filter() -> bytes:
    """
    Return the filter of system calls as classic BPF.

    Raises:
        SandboxError: If libseccomp is not there.
    """
    seccomp = library()
    rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    for name in _ALLOWED_CALLS:
        # A machine's kernel may lack a call, which nobody uses there.
        with contextlib.suppress(OSError):
            rules.add_rule(seccomp.ALLOW, name)
    return exported(rules, seccomp)


def confine(
    limits: RenderLimits, parent: int, system_calls: bytes, source: int, target: int
) -> None:
    """
    Take from the calling process all but computing, reading one file and writing another.

    Args:
        limits: For the rest of its life.
        parent: The process that it does not outlive.
        system_calls: The filter that `compiled_filter` returned.
        source: The file to read, from now on `SOURCE`.
        target: The file to write, from now on `TARGET`.
    """
    linux.die_with_parent(signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    os.dup2(source, SOURCE)
    os.dup2(target, TARGET)
    os.closerange(TARGET + 1, _HIGHEST_DESCRIPTOR)
    for kind, amount in (
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, limits.output_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (amount, amount))
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    linux.install_seccomp_filter(system_calls)
