"""
The fork server: imports the libraries once, runs no student code, and forks kernels.

Its control socket first brings the system-call filter, as one packet; the others are requests:
``{"kernel": NAME, "user": NUMBER}``, with two file descriptors, the guardian's control socket and
the kernel's call channel; or ``{"import": [MODULE, ...]}`` with none.
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import io
import json
import os
import select
import signal
import socket
import sys
from typing import Any

from autograder.sandbox.runtime import guardian, linux
from autograder.sandbox.runtime.deferred import load_at_first_use, withdraw
from autograder.sandbox.runtime.layout import FIRST_KERNEL_USER, UID

MAX_REQUEST_BYTES = 65536
MAX_FILTER_BYTES = 8 * 4096  # as Linux bounds it: 4,096 instructions of 8 bytes each
PAUSE_SECONDS = 1.0
REAP_SECONDS = 0.5


def receive_request(control: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Wait for a request; ``None`` once the host has gone."""
    space = socket.CMSG_SPACE(2 * array.array("i").itemsize)
    data, ancillary, _, _ = control.recvmsg(MAX_REQUEST_BYTES, space)
    if not data:
        return None
    descriptors = array.array("i")
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(content)
    return json.loads(data), list(descriptors)


def preload(modules: list[str], at_first_use: list[str]) -> None:
    """Import what notebooks want."""
    waiting = [load_at_first_use(*part.split(":")) for part in at_first_use]
    import_all(modules)
    for module in waiting:
        withdraw(module)
    if "nbformat" in sys.modules:
        # Compiles its schemas; otter reads a notebook in every kernel.
        nbformat = importlib.import_module("nbformat")
        nbformat.validate(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("")]))


def import_all(modules: list[str]) -> None:
    """Import modules; with matplotlib, draw a figure: much is read and made at the first."""
    drawn = "matplotlib.pyplot" in sys.modules
    for name in modules:
        importlib.import_module(name)
    if not drawn and "matplotlib.pyplot" in sys.modules:
        draw_figure()


def import_ahead(modules: list[str]) -> None:
    """Import between two kernels; a notebook that needs what cannot be imported will say so."""
    for name in modules:
        with contextlib.suppress(Exception):
            import_all([name])
    freeze()


def freeze() -> None:
    """Keep the garbage collector from what is there: it would touch, and so copy, every page."""
    gc.freeze()


def draw_figure() -> None:
    """Read fonts, and look through all installed packages for backends."""
    figure = importlib.import_module("matplotlib.figure").Figure()
    axes = figure.add_subplot()
    axes.plot([0, 1], label="$x^2$")
    axes.set(title="title", xlabel="x", ylabel="$y_1$")
    axes.legend()
    figure.savefig(io.BytesIO())
    sys.modules["matplotlib"].backends.backend_registry.list_all()


def has_kernel_users() -> bool:
    """Return whether this namespace holds users for kernels besides its own."""
    with open("/proc/self/uid_map") as file:
        return any(int(line.split()[0]) == FIRST_KERNEL_USER for line in file)


def fork_guardian(
    control: socket.socket, name: str, user: int | None, descriptors: list[int]
) -> None:
    """Fork the guardian of the kernel called `name`; if that fails, report it to the host."""

    def map_user(pid: int) -> None:
        with open(f"/proc/{pid}/uid_map", "w") as file:
            file.write(f"{UID} {UID if user is None else FIRST_KERNEL_USER + user} 1")

    try:
        child = linux.clone(guardian.NAMESPACES, map_user)
    except OSError:
        with socket.socket(fileno=os.dup(descriptors[0])) as host:
            guardian.report_failure(host)
        return
    if child == 0:
        # Whatever goes wrong, the child must never come back to the loop.
        with contextlib.suppress(BaseException):
            control.close()
            guardian.run(name, *descriptors)
        os._exit(1)


def wait_for_request(control: socket.socket) -> None:
    """Wait until the host says something; guardians that end meanwhile are waited for, too."""
    while reap() and not select.select([control], [], [], REAP_SECONDS)[0]:
        pass


def reap() -> bool:
    """Take note of the guardians that have ended; return whether there are others."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
        return True
    return False


def main() -> None:
    """Serve requests until the host has gone."""
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()  # imports make much and leave no garbage
    modules, at_first_use, in_a_pause = map(json.loads, sys.argv[2:])
    preload(modules, at_first_use)
    kernel = importlib.import_module("autograder.sandbox.runtime.kernel")
    kernel.prepare(control.recv(MAX_FILTER_BYTES))
    freeze()
    gc.enable()
    control.send(json.dumps({"event": "warm", "kernel_users": has_kernel_users()}).encode())
    while True:
        if in_a_pause and not select.select([control], [], [], PAUSE_SECONDS)[0]:
            import_ahead(in_a_pause)
            in_a_pause = []
            continue
        wait_for_request(control)
        received = receive_request(control)
        if received is None:
            return
        request, descriptors = received
        if "import" in request:
            import_ahead(request["import"])
            continue
        fork_guardian(control, request["kernel"], request["user"], descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


if __name__ == "__main__":
    main()
