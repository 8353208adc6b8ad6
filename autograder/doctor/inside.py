"""
What `autograder doctor` runs inside a kernel, where it is student code like any other.

Never imported: its text is sent there. Each function tries something that the sandbox should
refuse, and returns what came of it.
"""

# Tries what student code would try, by the calls that it would use.
# ruff: noqa: PTH107, PTH111, PTH118, PTH123, PTH208, S108

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os
import resource
import socket
import sys
import threading
import time
from collections.abc import Callable
from functools import partial

SYSTEM_PLACES = ("/", "/etc", "/usr/bin", "/usr/lib", "/opt", "/dev", "/run/kernel", "/run/sockets")
# Numbers on x86-64 and on the architectures that share one table.
FORBIDDEN = {
    "x86_64": {"unshare": 272, "mount": 165, "ptrace": 101, "setns": 308, "bpf": 321},
    "aarch64": {"unshare": 97, "mount": 40, "ptrace": 117, "setns": 268, "bpf": 280},
}
MEGABYTE = 2**20
# Constants that Python does not name.
F_SET_RW_HINT = 1036
MADV_PAGEOUT = 21
_libc = ctypes.CDLL(None, use_errno=True)
_held: list[bytes] = []


def outcome(function: Callable[[], object]) -> str:
    """Return the name of the error that a call ends in, or ``done``."""
    try:
        function()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    return "done"


def status() -> dict[str, str]:
    """Return the status of this process, as Linux reports it."""
    with open("/proc/self/status") as file:
        fields = (line.partition(":") for line in file)
        return {name: value.strip() for name, _, value in fields}


def processes() -> list[int]:
    """Return the processes that can be seen."""
    return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())


def environment() -> list[str]:
    """Return the names of the environment's variables."""
    return sorted(os.environ)


def network() -> dict[str, str]:
    """Try to reach another machine, and this one, by every common kind of socket."""
    kinds = {"IPv4": socket.AF_INET, "IPv6": socket.AF_INET6, "raw": socket.AF_PACKET}
    return {name: outcome(partial(_make_socket, kind)) for name, kind in kinds.items()}


def _make_socket(kind: int) -> None:
    socket.socket(kind, socket.SOCK_DGRAM).close()


def interfaces() -> list[str]:
    """Return the network's interfaces."""
    return [name for _, name in socket.if_nameindex()]


def written_places() -> list[str]:
    """Try to write to the system; return where that worked."""
    places = []
    for folder in SYSTEM_PLACES:
        path = os.path.join(folder, "written-by-doctor")
        if outcome(partial(_touch, path)) == "done":
            os.remove(path)
            places.append(folder)
    return places


def _touch(path: str) -> None:
    with open(path, "w"):
        pass


def fill_scratch() -> int:
    """Write files until that is refused, in all folders together; return the megabytes."""
    written = 0
    paths = [f"{folder}/full" for folder in ("/tmp", "/dev/shm", os.path.expanduser("~"))]
    for path in paths:
        with open(path, "wb", buffering=0) as file:
            try:
                while file.write(bytes(MEGABYTE)) == MEGABYTE:
                    written += 1
            except OSError:
                continue
    for path in paths:
        os.remove(path)
    return written


def system_calls() -> dict[str, str]:
    """Try system calls that have been ways out of sandboxes."""
    numbers = FORBIDDEN.get(os.uname().machine, {})
    return {name: _system_call(number) for name, number in numbers.items()}


def _system_call(number: int) -> str:
    # Arguments that an unfiltered call would refuse as wrong, not as forbidden.
    result = _libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, (-1, -1, -1, -1, -1)))
    return errno.errorcode[ctypes.get_errno()] if result == -1 else "done"


def guardian() -> dict[str, str]:
    """Try to look into the process that watches this one, to slow it and to signal it."""
    return {
        "memory": outcome(lambda: open("/proc/1/mem", "rb").close()),
        "files": outcome(lambda: os.listdir("/proc/1/fd")),
        "limits": outcome(lambda: resource.prlimit(1, resource.RLIMIT_NOFILE, (64, 64))),
        "priority": outcome(lambda: os.setpriority(os.PRIO_PROCESS, 1, 19)),
    }


def signal_guardian() -> str:
    """Ask whether this process may signal the guardian; Landlock refuses that."""
    return outcome(lambda: os.kill(1, 0))


def terminals() -> int:
    """Take terminals until there are no more; return how many there were."""
    taken: list[tuple[int, int]] = []
    try:
        while len(taken) < 100:
            taken.append(os.openpty())
    except OSError:
        pass
    return len(taken)


def shared_files() -> dict[str, str]:
    """Try what would choose, or show, something about a file that other kernels see, too."""
    path = os.__file__
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as place:
        number = file.fileno()
        return {
            "notification": outcome(lambda: fcntl.fcntl(number, fcntl.F_NOTIFY, fcntl.DN_ACCESS)),
            "lease": outcome(lambda: fcntl.fcntl(number, fcntl.F_SETLEASE, fcntl.F_RDLCK)),
            "hint": outcome(lambda: fcntl.fcntl(number, F_SET_RW_HINT, bytes(8))),
            "presence": outcome(lambda: os.preadv(number, [bytearray(1)], 0, os.RWF_NOWAIT)),
            "eviction": outcome(lambda: os.posix_fadvise(number, 0, 0, os.POSIX_FADV_DONTNEED)),
            "page out": outcome(lambda: place.madvise(MADV_PAGEOUT)),
        }


def locked_twice() -> bool:
    """Lock a file, as if nobody else could; return whether somebody else can all the same."""
    with open(os.__file__, "rb") as one, open(os.__file__, "rb") as other:
        for file in (one, other):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return True


def moving_counters() -> list[str]:
    """Return which counters of the machine move while this process works."""
    names = ("stat", "meminfo", "vmstat", "loadavg", "uptime", "interrupts", "locks")
    before = {name: _content(f"/proc/{name}") for name in names}
    time.sleep(0.2)
    return [name for name in names if _content(f"/proc/{name}") != before[name]]


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def busy_sessions(count: int, allowed: int) -> int:
    """Let processes work, each in a session of its own; return how many are let go on."""
    children = []
    for _ in range(count):
        children.append(os.fork())
        if children[-1] == 0:
            os.setsid()
            endless()
    alive = count
    for _ in range(100):
        time.sleep(0.1)
        alive = sum(b") Z" not in _content(f"/proc/{child}/stat") for child in children)
        if alive <= allowed:
            break
    return alive


def limits() -> dict[str, int]:
    """Return the limits that hold for good."""
    names = ("DATA", "AS", "FSIZE", "NPROC", "NOFILE", "CORE")
    return {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[1] for name in names}


def too_much_memory() -> str:
    """Ask for more memory than one process may have."""
    try:
        _held.append(bytes(limits()["DATA"]))
    except MemoryError:
        return "MemoryError"
    return "done"


def too_much_memory_together(megabytes: int, children: int) -> None:
    """Hold memory in children, each within its own limit, one of them without its first thread."""
    for _ in range(children):
        if os.fork() == 0:
            threading.Thread(target=_hold, args=(megabytes,)).start()
            _libc.pthread_exit(None)
    time.sleep(60)


def _hold(megabytes: int) -> None:
    _held.append(b"x" * (megabytes * MEGABYTE))
    time.sleep(60)


def too_many_processes() -> int:
    """Fork until that is refused; return how often it was not."""
    count = 0
    while outcome(_fork_sleeper) == "done" and count < 1000:
        count += 1
    return count


def _fork_sleeper() -> None:
    if os.fork() == 0:
        time.sleep(60)
        os._exit(0)


def endless() -> None:
    """Run for ever, but heed the interrupt."""
    while True:
        pass


def ignore_interrupts() -> None:
    """Run for ever, and swallow every interrupt."""
    while True:
        try:
            endless()
        except KeyboardInterrupt:
            continue


def versions(modules: list[str]) -> dict[str, str]:
    """Return the versions of modules that were imported before this kernel was forked."""
    found = {"python": sys.version.split()[0]}
    for name in modules:
        if name in sys.modules:
            found[name] = str(getattr(sys.modules[name], "__version__", ""))
    return found
