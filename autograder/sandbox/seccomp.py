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
    seccomp = library()
    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    _deny_calls(rules, seccomp)
    _deny_arguments(rules, seccomp)
    _ignore_locks(rules, seccomp)
    _deny_sockets(rules, seccomp)
    _deny_uncounted_memory(rules, seccomp)
    return exported(rules, seccomp)


def library() -> Any:
    """
    Return libseccomp's module.

    Raises:
        SandboxError: If libseccomp is not there.
    """
    try:
        import pyseccomp
    except (ImportError, RuntimeError) as error:
        raise SandboxError("libseccomp is missing; install it: apt install libseccomp2") from error
    return pyseccomp


def exported(rules: Any, seccomp: Any) -> bytes:
    """Return a filter as classic BPF; calls of another machine's convention end the process."""
    # The process, not one of its threads.
    rules.set_attr(seccomp.Attr.ACT_BADARCH, seccomp.KILL_PROCESS)
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
            continue  # there is no such call on this architecture; the tests know it from a typo
    for flag in (bit for bit in (1 << n for n in range(32)) if bit & policy.NAMESPACE_CLONE_FLAGS):
        rules.add_rule(denied, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
    # The flags of clone3 are in memory, out of a filter's sight; the C library falls back to clone.
    rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")
    flags = policy.CLONE_THREAD | policy.CLONE_FILES
    rules.add_rule(denied, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flags, policy.CLONE_THREAD))
    # One's own limits only: the guardian has the same user id, so its limits could be lowered.
    rules.add_rule(denied, "prlimit64", seccomp.Arg(0, seccomp.NE, 0))


def _deny_arguments(rules: Any, seccomp: Any) -> None:
    """Deny calls for one value of an argument, of which Linux looks at the lower half."""
    denied = seccomp.ERRNO(errno.EPERM)
    for call, argument, values in (
        ("ioctl", 1, policy.DENIED_TERMINAL_REQUESTS),
        ("fcntl", 1, policy.DENIED_FILE_COMMANDS),
        ("madvise", 2, policy.DENIED_ADVICE),
        ("prctl", 0, policy.DENIED_PROCESS_OPTIONS),
    ):
        for value in values:
            low_half = seccomp.Arg(argument, seccomp.MASKED_EQ, 0xFFFFFFFF, value)
            rules.add_rule(denied, call, low_half)
    for call, argument in policy.FLAGGED_SENDS.items():
        urgent = seccomp.Arg(argument, seccomp.MASKED_EQ, policy.MSG_OOB, policy.MSG_OOB)
        rules.add_rule(seccomp.ERRNO(errno.EOPNOTSUPP), call, urgent)


def _ignore_locks(rules: Any, seccomp: Any) -> None:
    ignored = seccomp.ERRNO(0)
    for call in policy.IGNORED_LOCK_CALLS:
        rules.add_rule(ignored, call)
    for command in policy.IGNORED_LOCK_COMMANDS:
        rules.add_rule(ignored, "fcntl", seccomp.Arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF, command))


def _deny_sockets(rules: Any, seccomp: Any) -> None:
    denied = seccomp.ERRNO(errno.EACCES)
    for call in ("socket", "socketpair"):
        edges = (-1, *sorted(policy.ALLOWED_SOCKET_FAMILIES), 1 << 31)
        for low, high in itertools.pairwise(edges):
            # libseccomp takes one condition on an argument, so each gap is named value by value.
            for family in range(low + 1, min(high, 64)):
                rules.add_rule(denied, call, seccomp.Arg(0, seccomp.EQ, family))
        rules.add_rule(denied, call, seccomp.Arg(0, seccomp.GE, 64))
    for call, option in itertools.product(
        ("getsockopt", "setsockopt"), policy.DENIED_SOCKET_OPTIONS
    ):
        rules.add_rule(denied, call, *_socket_option(seccomp, option))
    for option in policy.IGNORED_SOCKET_OPTIONS:
        rules.add_rule(seccomp.ERRNO(0), "setsockopt", *_socket_option(seccomp, option))
    route_only = (seccomp.Arg(0, seccomp.EQ, policy.AF_NETLINK), seccomp.Arg(2, seccomp.NE, 0))
    rules.add_rule(denied, "socket", *route_only)


def _socket_option(seccomp: Any, option: int) -> tuple[Any, Any]:
    level = seccomp.Arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF, policy.SOL_SOCKET)
    return level, seccomp.Arg(2, seccomp.MASKED_EQ, 0xFFFFFFFF, option)


def _deny_uncounted_memory(rules: Any, seccomp: Any) -> None:
    for flags in policy.DENIED_MAP_FLAGS:
        shared = seccomp.Arg(3, seccomp.MASKED_EQ, flags, flags)
        rules.add_rule(seccomp.ERRNO(errno.EPERM), "mmap", shared)
