"""
The warm process: imports the libraries once, runs no student code, and forks kernels.

It reads requests from its control socket. A request is one packet, ``{"kernel": NAME}``, with two
file descriptors: the guardian's control socket and the kernel's call channel.
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
import types

from autograder.sandbox.runtime import guardian

MAX_REQUEST_BYTES = 4096
PAUSE_SECONDS = 0.3


def receive_request(control: socket.socket) -> tuple[str, list[int]] | None:
    """Wait for a request; ``None`` once the host has gone."""
    space = socket.CMSG_SPACE(2 * array.array("i").itemsize)
    data, ancillary, _, _ = control.recvmsg(MAX_REQUEST_BYTES, space)
    if not data:
        return None
    descriptors = array.array("i")
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(content)
    return json.loads(data)["kernel"], list(descriptors)


def preload(modules: list[str], late: list[str]) -> None:
    """Import what kernels will want, and what they all need."""
    for name in late:
        if "." in name:
            load_at_first_use(name)
    for name in modules:
        importlib.import_module(name)
    if "nbformat" in sys.modules:
        # Compiles its schemas; otter reads a notebook in every kernel.
        nbformat = importlib.import_module("nbformat")
        nbformat.validate(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("")]))
    importlib.import_module("autograder.sandbox.runtime.kernel").prepare()
    # Collecting garbage would touch, and so copy, every page that a fork shares.
    gc.collect()
    gc.freeze()


def load_at_first_use(name: str) -> None:
    """
    Let a submodule wait where its package imports it: a third of otter's import is its API's.

    `importlib.util.LazyLoader` would not do: whatever walks through all modules, as `inspect` does
    for a traceback, wakes what it has put to sleep.
    """
    waiting = types.ModuleType(name)

    def load(attribute: str) -> object:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return getattr(load_now(name), attribute)

    waiting.__getattr__ = load  # type: ignore[method-assign]  # PEP 562
    sys.modules[name] = waiting


def load_now(name: str) -> types.ModuleType:
    """Import a module that may be waiting."""
    if getattr(sys.modules.get(name), "__spec__", None) is None:
        sys.modules.pop(name, None)
    return importlib.import_module(name)


def warm_up(late: list[str]) -> None:
    """Import the rest, and draw a figure: fonts are read at the first."""
    for name in late:
        load_now(name)
    if "matplotlib" in sys.modules:
        figure = importlib.import_module("matplotlib.figure").Figure()
        axes = figure.add_subplot()
        axes.plot([0, 1], label="$x^2$")
        axes.set(title="title", xlabel="x", ylabel="$y_1$")
        axes.legend()
        figure.savefig(io.BytesIO())
    gc.collect()
    gc.freeze()


def main() -> None:
    """Serve requests until the host has gone."""
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    modules, late = map(json.loads, sys.argv[2:])
    preload(modules, late)
    control.send(json.dumps({"event": "warm"}).encode())
    warmed_up = False
    while True:
        # The first kernels are forked at once; what makes later ones quicker waits for a pause.
        if not warmed_up and not select.select([control], [], [], PAUSE_SECONDS)[0]:
            warm_up(late)
            warmed_up = True
            continue
        request = receive_request(control)
        if request is None:
            return
        name, descriptors = request
        if os.fork() == 0:
            # Whatever goes wrong, the child must never come back to this loop.
            with contextlib.suppress(BaseException):
                control.close()
                guardian.run(name, *descriptors)
            os._exit(1)
        for descriptor in descriptors:
            os.close(descriptor)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


if __name__ == "__main__":
    main()
