"""The Linux calls that Python 3.11 lacks, by ctypes on the C library."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import struct
from collections.abc import Callable
from typing import Final

CLONE_NEWNS: Final = 0x00020000
CLONE_NEWCGROUP: Final = 0x02000000
CLONE_NEWUTS: Final = 0x04000000
CLONE_NEWIPC: Final = 0x08000000
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWPID: Final = 0x20000000
CLONE_NEWNET: Final = 0x40000000

MS_RDONLY: Final = 1
MS_NOSUID: Final = 2
MS_NODEV: Final = 4
MS_NOEXEC: Final = 8
MS_REMOUNT: Final = 32
MS_BIND: Final = 4096
MS_REC: Final = 16384
MS_SLAVE: Final = 1 << 19

PR_SET_PDEATHSIG: Final = 1
PR_SET_DUMPABLE: Final = 4
PR_SET_SECCOMP: Final = 22
PR_CAPBSET_DROP: Final = 24
PR_SET_NO_NEW_PRIVS: Final = 38
PR_CAP_AMBIENT: Final = 47
PR_CAP_AMBIENT_CLEAR_ALL: Final = 4
SECCOMP_MODE_FILTER: Final = 2
LAST_CAPABILITY: Final = 40

LANDLOCK_WRITE_FILE: Final = 1 << 1
# Removing and making of every kind, renaming from folder to folder, truncating: the bits by ABI.
_LANDLOCK_CHANGES: Final = {1: 0x1FF0 | LANDLOCK_WRITE_FILE, 2: 1 << 13, 3: 1 << 14}
_LANDLOCK_TCP: Final = 0b11  # bind and connect, from ABI 4
_LANDLOCK_SCOPES: Final = 0b11  # abstract sockets and signals, from ABI 6
_SYS_LANDLOCK_CREATE_RULESET: Final = 444
_SYS_LANDLOCK_ADD_RULE: Final = 445
_SYS_LANDLOCK_RESTRICT_SELF: Final = 446

_SYS_CLONE: Final = {"x86_64": 56, "aarch64": 220}
_SYS_KCMP: Final = {"x86_64": 312, "aarch64": 272}
_KCMP_VM: Final = 1

_libc = ctypes.CDLL(None, use_errno=True)
# Keeps the interpreter's lock, which the copy of a process must hold as the process does.
_locked_libc = ctypes.PyDLL(None, use_errno=True)
_locked_libc.syscall.restype = ctypes.c_long
_CAPABILITY_VERSION_3: Final = 0x20080522


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Move the calling process into namespaces of its own."""
    _check(_libc.unshare(flags), "unshare")


def clone(flags: int, prepare: Callable[[int], None] = lambda _: None) -> int:
    """
    Fork a process into namespaces of its own, as its first; returns what `os.fork` returns.

    Args:
        flags: Which namespaces.
        prepare: Called with a process that is in the new user namespace, before the forked one
            goes on.

    Raises:
        OSError: If there can be no such namespaces, or from `prepare`.
    """
    number = _SYS_CLONE.get(os.uname().machine)
    if number is None or len(os.listdir("/proc/self/task")) > 1:
        return _fork_twice(flags, prepare)
    go = _Gate()
    nothing = ctypes.c_void_p(None)
    ctypes.pythonapi.PyOS_BeforeFork()
    child = _locked_libc.syscall(
        ctypes.c_long(number),
        ctypes.c_ulong(flags | signal.SIGCHLD),
        *(nothing, nothing, nothing, nothing),
    )
    if child == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
        go.wait_or_exit()
        return 0
    error = ctypes.get_errno()
    ctypes.pythonapi.PyOS_AfterFork_Parent()
    if child < 0:
        go.close()
        raise OSError(error, f"clone: {os.strerror(error)}")
    with go:
        prepare(int(child))
    return int(child)


class _Gate:
    """Where a forked process waits until its parent lets it go on; left by an error, it ends."""

    def __init__(self) -> None:
        self._wait, self._open = os.pipe()

    def wait_or_exit(self) -> None:
        os.close(self._open)
        if os.read(self._wait, 1) != b"1":
            os._exit(1)
        os.close(self._wait)

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            os.write(self._open, b"1")
        self.close()

    def close(self) -> None:
        os.close(self._wait)
        os.close(self._open)


def _fork_twice(flags: int, prepare: Callable[[int], None]) -> int:
    """Clone by one more process: only the C library's fork frees locks that other threads hold."""
    go, unshared = _Gate(), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            unshare(flags)
            os.write(unshared[1], b"1")
            go.wait_or_exit()
            if os.fork() == 0:
                for descriptor in unshared:
                    os.close(descriptor)
                return 0
        except OSError as error:
            os._exit(error.errno or errno.EPERM)
        os._exit(0)
    os.close(unshared[1])
    try:
        with go:
            if os.read(unshared[0], 1) == b"1":
                prepare(child)
    finally:
        os.close(unshared[0])
        _, status = os.waitpid(child, 0)
    if number := os.waitstatus_to_exitcode(status):
        raise OSError(number, f"clone: {os.strerror(number)}")
    return child


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount a file system, or with `MS_BIND` show a folder at another place."""
    result = _libc.mount(
        source.encode(),
        target.encode(),
        kind.encode() or None,
        ctypes.c_ulong(flags),
        options.encode() or None,
    )
    _check(result, f"mount {kind or source} at {target}")


def bind_read_only(path: str) -> None:
    """Make a file or folder read-only in this mount namespace, for good."""
    mount(path, path, flags=MS_BIND | MS_REC)
    mount("", path, flags=MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)


def share_memory(pid: int, other: int) -> bool:
    """Return whether two processes have one memory, as a parent and its child before `exec`."""
    number = _SYS_KCMP.get(os.uname().machine)
    if number is None:
        return False
    return int(_libc.syscall(ctypes.c_long(number), pid, other, _KCMP_VM, 0, 0)) == 0


def prctl(option: int, argument: int = 0, third: int = 0) -> None:
    """Operate on the calling process."""
    long = ctypes.c_ulong
    _check(_libc.prctl(option, long(argument), long(third), long(0), long(0)), f"prctl {option}")


def die_with_parent(number: int) -> None:
    """Let the calling process get a signal when its parent ends."""
    prctl(PR_SET_PDEATHSIG, number)


def drop_capabilities() -> None:
    """Drop every capability of the calling thread, for good."""
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    for capability in range(LAST_CAPABILITY + 1):
        prctl(PR_CAPBSET_DROP, capability)
    header = struct.pack("<Ii", _CAPABILITY_VERSION_3, 0)
    _check(_libc.capset(header, bytes(24)), "capset")


class _SockFprog(ctypes.Structure):
    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def install_seccomp_filter(program: bytes) -> None:
    """
    Filter the system calls of the calling thread and of all that it starts.

    Args:
        program: Compiled classic BPF, eight bytes an instruction.
    """
    buffer = ctypes.create_string_buffer(program, len(program))
    fprog = _SockFprog(len(program) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    pointer = ctypes.c_void_p(ctypes.addressof(fprog))
    result = _libc.prctl(PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), pointer, 0, 0)
    _check(result, "seccomp")


def landlock_version() -> int:
    """Return the version of Landlock that this kernel offers, 0 if none."""
    return max(0, int(_libc.syscall(_SYS_LANDLOCK_CREATE_RULESET, None, 0, 1)))


def landlock(folders: tuple[str, ...], devices: tuple[str, ...]) -> None:
    """
    Let the calling thread, and all that it starts, change files nowhere but beneath folders.

    Args:
        folders: Where everything may be changed.
        devices: Where what exists may be written to.
    """
    version = landlock_version()
    if version == 0:
        return
    changes = sum(bits for since, bits in _LANDLOCK_CHANGES.items() if version >= since)
    attributes = (changes, _LANDLOCK_TCP, _LANDLOCK_SCOPES)
    known = 1 if version < 4 else 2 if version < 6 else 3
    packed = struct.pack(f"={known}Q", *attributes[:known])
    ruleset = _libc.syscall(_SYS_LANDLOCK_CREATE_RULESET, packed, ctypes.c_size_t(len(packed)), 0)
    _check(min(ruleset, 0), "landlock")
    allowed = [(folder, changes) for folder in folders]
    for path, access in allowed + [(device, LANDLOCK_WRITE_FILE) for device in devices]:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
        rule = struct.pack("=Qi", access, parent)
        _check(_libc.syscall(_SYS_LANDLOCK_ADD_RULE, ruleset, 1, rule, 0), f"landlock {path}")
        os.close(parent)
    _check(_libc.syscall(_SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0), "landlock")
    os.close(ruleset)
