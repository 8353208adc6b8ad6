"""
The guardian of one kernel: builds the inner sandbox, then is PID 1 in it.

It stays trusted: student code has no capability over it, cannot trace it and cannot signal it. The
host controls it over a socket, in packets of JSON:

    host                                   guardian
                                           {"event": "born"} +fd    a descriptor of the guardian
    {"do": "assign", "limits": {...}} +fd  {"event": "assigned"}    files are in place, limits hold
    {"do": "interrupt"}                                             SIGINT to the kernel
    {"do": "usage"}                        {"event": "usage", "at": T,            had up to now
                                            "cpu_seconds": S,
                                            "starved_seconds": S or null}
                                           {"event": "bound"}       the kernel's sockets exist
                                           {"event": "exit", "status": N, "reason": R}

If either end goes away the guardian ends, and every process of the namespace with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import socket
import sys
import time
import traceback
from typing import IO, Any

from autograder.sandbox.runtime import accounting, linux
from autograder.sandbox.runtime.fairness import FairShare
from autograder.sandbox.runtime.layout import (
    HOME,
    KERNEL_FOLDER,
    SCRATCH,
    SOCKETS_FOLDER,
    UID,
    WRITABLE,
)

TICK_MILLISECONDS = 50
TICKS_BETWEEN_LOOKS = 5
_KEPT_FLAGS = {"nodev": linux.MS_NODEV, "noexec": linux.MS_NOEXEC}
PREFORK_SCRATCH_BYTES = 256 * 2**20
TERMINALS = "newinstance,ptmxmode=0666,mode=620,max=16"
FROZEN = ("loadavg", "meminfo", "stat", "uptime")
EMPTIED = (
    *("buddyinfo", "cmdline", "config.gz", "diskstats", "interrupts", "iomem", "ioports"),
    *("kallsyms", "key-users", "keys", "kmsg", "locks", "modules", "pagetypeinfo", "partitions"),
    *("schedstat", "slabinfo", "softirqs", "swaps", "timer_list", "vmallocinfo", "vmstat"),
    *("zoneinfo", "sys/kernel/ns_last_pid", "sys/kernel/random/entropy_avail"),
)
HIDDEN = (
    "acpi",
    "bus",
    "driver",
    "fs",
    "irq",
    "pressure",
    "scsi",
    "tty",
    "sys/fs",
    "sys/kernel/pty",
)
NAMESPACES = (
    linux.CLONE_NEWUSER
    | linux.CLONE_NEWNS
    | linux.CLONE_NEWPID
    | linux.CLONE_NEWIPC
    | linux.CLONE_NEWNET
    | linux.CLONE_NEWUTS
    | linux.CLONE_NEWCGROUP
)


def run(name: str, control_fd: int, calls_fd: int) -> None:
    """Be the guardian of the kernel called `name`: PID 1 of new namespaces, until it ends."""
    control = socket.socket(fileno=control_fd)
    try:
        _become_user()
        linux.prctl(linux.PR_SET_DUMPABLE, 0)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _introduce(control)
        _mount_inner_sandbox(name)
        ready_read, ready_write = os.pipe()
        kernel_pid = os.fork()
        if kernel_pid == 0:
            _become_kernel(control, ready_read, calls_fd, ready_write)
        os.close(calls_fd)
        os.close(ready_write)
        Guardian(control, kernel_pid, ready_read).supervise()
    except Exception:
        report_failure(control)
    os._exit(0)


def report_failure(control: socket.socket) -> None:
    """Report to the host the exception that is being handled: there will be no kernel."""
    reason = traceback.format_exc(limit=-3)[-2000:]
    with contextlib.suppress(OSError):
        _send(control, {"event": "exit", "status": 1, "reason": "setup", "detail": reason})


def _introduce(control: socket.socket) -> None:
    """Hand the host what it needs to end this process; a number could come to mean another one."""
    descriptor = os.pidfd_open(os.getpid())
    socket.send_fds(control, [json.dumps({"event": "born"}).encode()], [descriptor])
    os.close(descriptor)


def _become_user() -> None:
    """Be the kernel's user, whom the fork server has put into the map; its group is the same."""
    for name, line in (("setgroups", "deny"), ("gid_map", f"{UID} {UID} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(line)
    os.setresuid(UID, UID, UID)


def _mount_inner_sandbox(name: str) -> None:
    """Give the kernel its own scratch, sockets folder and view of processes."""
    linux.mount("", "/", flags=linux.MS_SLAVE | linux.MS_REC)
    # One file system holds all that the kernel may write, so one cap on size and files holds.
    options = f"size={PREFORK_SCRATCH_BYTES},nr_inodes=20000,mode=0755,uid={UID},gid={UID}"
    linux.mount("tmpfs", SCRATCH, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, options)
    for folder, place in (("home", HOME), ("tmp", "/tmp"), ("shm", "/dev/shm")):  # noqa: S108
        os.mkdir(f"{SCRATCH}/{folder}", 0o700)
        linux.mount(f"{SCRATCH}/{folder}", place, flags=linux.MS_BIND)
    linux.mount(f"{SOCKETS_FOLDER}/{name}", KERNEL_FOLDER, flags=linux.MS_BIND)
    # Other kernels' sockets and the scratch's second name disappear.
    for folder in (SOCKETS_FOLDER, SCRATCH):
        linux.mount("tmpfs", folder, "tmpfs", linux.MS_RDONLY, "size=0,nr_inodes=1")
    # Reads zeros too, but cannot be mapped as shared memory, which no limit counts.
    linux.mount("/dev/full", "/dev/zero", flags=linux.MS_BIND)
    flags = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
    linux.mount("proc", "/proc", "proc", flags)
    # Its own terminals: the fork server's are one small number for all kernels, and each may write
    # to another one's.
    linux.mount("devpts", "/dev/pts", "devpts", linux.MS_NOSUID | linux.MS_NOEXEC, TERMINALS)
    _freeze_counters()
    _seal_mounts()


def _freeze_counters() -> None:
    """
    Hide the counters of the whole machine, and the paths of its start.

    One kernel can change them and another one read them, at once and exactly. What programs ask
    for stays as it was when the kernel began.
    """
    for name in filter(_in_proc, FROZEN):
        copy = f"{HOME}/.{name}"
        with open(f"/proc/{name}", "rb") as source, open(copy, "wb") as target:
            target.write(source.read())
        linux.mount(copy, f"/proc/{name}", flags=linux.MS_BIND)
        os.unlink(copy)
    for name in filter(_in_proc, EMPTIED):
        linux.mount("/dev/null", f"/proc/{name}", flags=linux.MS_BIND)
    for name in filter(_in_proc, HIDDEN):
        linux.mount("tmpfs", f"/proc/{name}", "tmpfs", linux.MS_RDONLY, "size=0,nr_inodes=1")


def _in_proc(name: str) -> bool:
    return os.path.exists(f"/proc/{name}")


def _seal_mounts() -> None:
    """Make every mount read-only but the kernel's own: what one kernel writes, the next may see."""
    with open("/proc/self/mounts") as file:
        mounts = [line.split()[1:4] for line in file]
    for place, kind, options in reversed(mounts):
        if place not in WRITABLE and kind != "proc" and "ro" not in options.split(","):
            flags = linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY | linux.MS_NOSUID
            for name, flag in _KEPT_FLAGS.items():
                flags |= flag if name in options.split(",") else 0
            linux.mount("", place, flags=flags)


def _become_kernel(control: socket.socket, ready_read: int, calls_fd: int, ready: int) -> None:
    status = 1
    try:
        control.close()
        os.close(ready_read)
        # Only here: the host's own code reads this module's docstring without IPython.
        from autograder.sandbox.runtime import kernel

        kernel.run(calls_fd, ready)
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(status & 0xFF)


def _send(control: socket.socket, message: dict[str, Any]) -> None:
    control.send(json.dumps(message).encode())


class Guardian:
    """Watches one kernel from inside its PID namespace, as that namespace's first process."""

    def __init__(self, control: socket.socket, kernel_pid: int, ready: int) -> None:
        self._control = control
        self._kernel_pid = kernel_pid
        self._ready = ready
        self._memory_bytes = 0
        self._child_processes = 0
        self._ticks = 0
        self._cpu_seconds = 0.0
        self._clock = accounting.CpuClock()
        self._waits = accounting.WaitClock()
        self._share = FairShare(kernel_pid)
        self._reason: str | None = None

    def supervise(self) -> None:
        """Serve the host until the kernel has ended or the host has gone."""
        pidfd = os.pidfd_open(self._kernel_pid)
        poll = select.poll()
        for descriptor in (self._control.fileno(), pidfd, self._ready):
            poll.register(descriptor, select.POLLIN)
        while True:
            # Until the kernel has work there is nothing to watch.
            events = dict(poll.poll(TICK_MILLISECONDS if self._memory_bytes else None))
            if self._ready in events:
                poll.unregister(self._ready)
                self._seal_sockets()
            if self._control.fileno() in events and not self._handle_request():
                return
            if pidfd in events:
                self._report_exit()
                return
            if self._memory_bytes and self._reason is None:
                self._watch()

    def _seal_sockets(self) -> None:
        if os.read(self._ready, 1) == b"":
            return  # the kernel ended before its sockets were bound
        # Student code could replace a socket by a link to another one; now it cannot.
        linux.bind_read_only(KERNEL_FOLDER)
        _send(self._control, {"event": "bound"})

    def _handle_request(self) -> bool:
        data, descriptors, _, _ = socket.recv_fds(self._control, 65536, 1)
        if not data:
            return False
        message = json.loads(data)
        if message["do"] == "interrupt":
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._kernel_pid, signal.SIGINT)
        elif message["do"] == "usage":
            _send(self._control, {"event": "usage", **self._usage()})
        elif message["do"] == "assign":
            with os.fdopen(descriptors[0], "rb") as packed:
                place_files(packed)
            self._limit(message["limits"])
            _send(self._control, {"event": "assigned"})
        return True

    def _usage(self) -> dict[str, float | None]:
        processes = accounting.living()
        starved = self._waits.seconds(processes)
        used = self._clock.seconds(processes)
        return {"at": time.monotonic(), "cpu_seconds": used, "starved_seconds": starved}

    def _limit(self, limits: dict[str, int]) -> None:
        memory = limits["memory_bytes"]
        for kind, amount in (
            (resource.RLIMIT_DATA, memory),
            (resource.RLIMIT_AS, memory + limits["address_space_extra_bytes"]),
            (resource.RLIMIT_FSIZE, limits["scratch_bytes"]),
            (resource.RLIMIT_NPROC, limits["processes"]),
            (resource.RLIMIT_NOFILE, limits["open_files"]),
        ):
            resource.prlimit(self._kernel_pid, kind, (amount, amount))
        options = f"size={limits['scratch_bytes']},nr_inodes={limits['scratch_files']}"
        linux.mount(
            "", HOME, flags=linux.MS_REMOUNT | linux.MS_NOSUID | linux.MS_NODEV, options=options
        )
        self._child_processes = limits["child_processes"]
        self._memory_bytes, self._cpu_seconds = memory, limits["cpu_seconds"]

    def _watch(self) -> None:
        processes = accounting.living()
        cpu_seconds = self._clock.seconds(processes)
        self._reap(processes)
        self._ticks += 1
        if accounting.exceeds_memory(processes, self._memory_bytes):
            self._end("memory")
        elif cpu_seconds > self._cpu_seconds:
            self._end("timeout")
        if self._ticks % TICKS_BETWEEN_LOOKS == 0:
            self._waits.seconds(processes)
            self._share.limit_threads(processes)
            if accounting.exceeds_shared_counts(processes):
                self._end("memory")  # of the system's own
        self._share.limit_sessions(processes)
        running = [process for process in processes if process.state != b"Z"]
        for surplus in running[self._child_processes :]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(surplus.pid, signal.SIGKILL)

    def _end(self, reason: str) -> None:
        self._reason = reason
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)

    def _reap(self, processes: list[accounting.Process]) -> None:
        """Wait for the exit of orphans, but leave the kernel itself to `_report_exit`."""
        for process in processes:
            if process.state == b"Z" and process.pid != self._kernel_pid:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(process.pid, os.WNOHANG)

    def _report_exit(self) -> None:
        _, status = os.waitpid(self._kernel_pid, 0)
        code = os.waitstatus_to_exitcode(status)
        with contextlib.suppress(OSError):
            _send(self._control, {"event": "exit", "status": code, "reason": self._reason})


def place_files(packed: IO[bytes]) -> None:
    """Put the notebook and the public data where the kernel starts, read-only."""
    names = set()
    for path, size in json.loads(packed.readline()):
        place = f"{HOME}/{path}"
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "xb") as file:
            file.write(packed.read(size))
        names.add(path.split("/")[0])
    for name in sorted(names):
        linux.bind_read_only(f"{HOME}/{name}")
