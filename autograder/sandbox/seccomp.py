"""Compile the policy's system-call filter with libseccomp, on the host."""

from __future__ import annotations

import errno
import functools
import itertools
import tempfile
from typing import Any

from autograder.errors import SandboxError
from autograder.sandbox import policy


@functools.cache
def compiled_filter() -> bytes:
    """
    Return the filter as classic BPF, ready for ``prctl(PR_SET_SECCOMP)``.

    Raises:
        SandboxError: If libseccomp is not there.
    """
    try:
        import pyseccomp
    except (ImportError, RuntimeError) as error:
        raise SandboxError("libseccomp is missing; install it: apt install libseccomp2") from error
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    # Calls in another machine's convention end the process, not one of its threads.
    rules.set_attr(pyseccomp.Attr.ACT_BADARCH, pyseccomp.KILL_PROCESS)
    _deny_calls(rules, pyseccomp)
    _deny_sockets(rules, pyseccomp)
    _deny_uncounted_memory(rules, pyseccomp)
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _deny_calls(rules: Any, seccomp: Any) -> None:
    denied = seccomp.ERRNO(errno.EPERM)
    for name in policy.DENIED_SYSTEM_CALLS:
        try:
            rules.add_rule(denied, name)
        except OSError:
            continue  # this machine's kernel has no such call
    for flag in (bit for bit in (1 << n for n in range(32)) if bit & policy.NAMESPACE_CLONE_FLAGS):
        rules.add_rule(denied, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
    # The flags of clone3 are in memory, out of a filter's sight; the C library falls back to clone.
    rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")
    # One's own limits only: the guardian has the same user id, so its limits could be lowered.
    rules.add_rule(denied, "prlimit64", seccomp.Arg(0, seccomp.NE, 0))
    for request in policy.TERMINAL_INJECTION_IOCTLS:
        rules.add_rule(denied, "ioctl", seccomp.Arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF, request))


def _deny_sockets(rules: Any, seccomp: Any) -> None:
    denied = seccomp.ERRNO(errno.EACCES)
    for call in ("socket", "socketpair"):
        edges = (-1, *sorted(policy.ALLOWED_SOCKET_FAMILIES), 1 << 31)
        for low, high in itertools.pairwise(edges):
            # libseccomp takes one condition on an argument, so each gap is named value by value.
            for family in range(low + 1, min(high, 64)):
                rules.add_rule(denied, call, seccomp.Arg(0, seccomp.EQ, family))
        rules.add_rule(denied, call, seccomp.Arg(0, seccomp.GE, 64))
    route_only = (seccomp.Arg(0, seccomp.EQ, policy.AF_NETLINK), seccomp.Arg(2, seccomp.NE, 0))
    rules.add_rule(denied, "socket", *route_only)


def _deny_uncounted_memory(rules: Any, seccomp: Any) -> None:
    for flags in policy.DENIED_MAP_FLAGS:
        shared = seccomp.Arg(3, seccomp.MASKED_EQ, flags, flags)
        rules.add_rule(seccomp.ERRNO(errno.EPERM), "mmap", shared)
