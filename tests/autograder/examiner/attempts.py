"""
What a hidden test might try, to reach what its author may not read.

Each attempt is a function of `Facts` that returns normally if it succeeds. The file is copied into
an assignment's folder ``hidden``, so it imports nothing of the project.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CLONE_NEWUSER = 0x10000000
SO_PEERPIDFD = 77


@dataclass(frozen=True)
class Facts:
    """What there is to reach: a file, the assignment's folder, two sockets, a process."""

    secret: str
    folder: str
    port: int
    name: str
    pid: int


def read_the_secret(facts: Facts) -> None:
    """Read a file of the operator's."""
    Path(facts.secret).read_text()


def list_the_folder_of_the_secret(facts: Facts) -> None:
    """List the folder above it."""
    list(Path(facts.secret).parent.iterdir())


def connect_to_a_port(facts: Facts) -> None:
    """Connect to a server of the machine."""
    socket.create_connection(("127.0.0.1", facts.port), timeout=2).close()


def connect_to_an_abstract_socket(facts: Facts) -> None:
    """Connect to a socket without a file."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(f"\0{facts.name}")


def signal_the_grader(facts: Facts) -> None:
    """Send nothing to the grader, to see whether something could be sent."""
    os.kill(facts.pid, 0)


def read_how_the_grader_was_started(facts: Facts) -> None:
    """Read the grader's arguments in `/proc`."""
    if facts.secret.encode() not in Path(f"/proc/{facts.pid}/cmdline").read_bytes():
        raise FileNotFoundError("another process has this number here")


def read_a_variable(_: Facts) -> None:
    """Read a variable of the grader's environment."""
    os.environ["A_SECRET_OF_THE_OPERATOR"]


def change_its_own_assignment(facts: Facts) -> None:
    """Write beside the hidden tests."""
    Path(facts.folder, "written").touch()


def fill_the_scratch(_: Facts) -> None:
    """Write two gigabytes."""
    block = bytes(2**24)
    paths = [Path(f"/tmp/attempt-{number}") for number in range(16)]
    try:
        for path in paths:
            with path.open("wb") as file:
                for _step in range(8):
                    file.write(block)
    finally:
        for path in paths:
            path.unlink(missing_ok=True)


def fill_the_shared_memory(_: Facts) -> None:
    """Write a hundred megabytes where processes share memory."""
    path = Path("/dev/shm/attempt")
    try:
        path.write_bytes(bytes(100 * 2**20))
    finally:
        path.unlink(missing_ok=True)


def write_among_the_devices(_: Facts) -> None:
    """Make a file beside the devices, in memory that nobody counts."""
    path = Path("/dev/attempt")
    path.touch()
    path.unlink()


def take_a_handle_on_the_other_end(_: Facts) -> None:
    """Ask each socket for a handle on the process at its other end, which is the grader."""
    ends = socket.socketpair()
    sockets = [*ends]
    for number in os.listdir("/proc/self/fd"):  # noqa: PTH208  # numbers, not paths
        with contextlib.suppress(OSError):
            sockets.append(socket.socket(fileno=os.dup(int(number))))
    for each in sockets:
        with each, contextlib.suppress(OSError):
            os.close(each.getsockopt(socket.SOL_SOCKET, SO_PEERPIDFD))
            return
    raise PermissionError("refused")


def make_a_namespace(_: Facts) -> None:
    """Become root in a namespace of its own."""
    child = os.fork()
    if child == 0:
        os._exit(ctypes.CDLL(None).unshare(CLONE_NEWUSER) != 0)
    if os.waitpid(child, 0)[1] != 0:
        raise PermissionError("refused")


def start_a_thousand_processes(_: Facts) -> None:
    """Fork a thousand processes that stay."""
    children: list[int] = []
    try:
        for _number in range(1000):
            child = os.fork()
            if child == 0:
                signal.pause()
            children.append(child)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


ATTEMPTS: dict[str, Callable[[Facts], None]] = {
    each.__name__: each
    for each in (
        read_the_secret,
        list_the_folder_of_the_secret,
        connect_to_a_port,
        connect_to_an_abstract_socket,
        signal_the_grader,
        read_how_the_grader_was_started,
        read_a_variable,
        change_its_own_assignment,
        fill_the_scratch,
        fill_the_shared_memory,
        write_among_the_devices,
        take_a_handle_on_the_other_end,
        make_a_namespace,
        start_a_thousand_processes,
    )
}


def succeeds(name: str, facts: Facts) -> bool:
    """Return whether an attempt succeeds here."""
    try:
        ATTEMPTS[name](facts)
    except (OSError, KeyError):
        return False
    return True


def load(path: Path) -> Facts:
    """Read what there is to reach."""
    return Facts(**json.loads(path.read_text()))
