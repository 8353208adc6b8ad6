"""
A kernel for trying the sandbox from inside: for `autograder doctor` and the sandbox's own tests.

What runs in it is our own code, but it runs where student code runs and has no more rights.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from autograder.closeable import Closeable
from autograder.errors import SandboxError
from autograder.examiner.channel import CallChannel
from autograder.examiner.exchange import CallLimits
from autograder.kernels.client import open_socket, session_of
from autograder.kernels.zmtp import Connection
from autograder.limits import Limits
from autograder.patience import Usage
from autograder.sandbox.kernel_process import KernelProcess
from autograder.sandbox.runtime.protocol import SERVE_CALLS
from autograder.student import Target


class Probe(Closeable):
    """
    A fresh kernel, given limits and no notebook, that answers calls.

    Args:
        kernel: Fresh from the fork server; ended by `close`.
        limits: What it may use.
        files: What its folder holds, by name.
    """

    def __init__(
        self, kernel: KernelProcess, limits: Limits, files: dict[str, bytes] | None = None
    ) -> None:
        self.kernel = kernel
        self._shell: Connection | None = None
        calls = CallLimits(limits.call_seconds, limits.grace_seconds, callback_calls=0)
        self._channel = CallChannel(kernel.calls, self, calls)
        try:
            kernel.wait_bound()
            kernel.assign(files or {}, limits)
            self._shell = asyncio.run(open_socket(kernel, "shell_port", "DEALER", limits))
        except SandboxError:
            self.close()
            raise
        session = session_of(kernel)
        self._shell.send(session.serialize(session.msg(SERVE_CALLS, {})))

    def run(self, source: str) -> None:
        """
        Execute statements inside.

        Raises:
            StudentFault: Whatever they did instead of ending well.
        """
        self._channel.run(source)

    def call(self, name: str, *args: Any) -> Any:
        """Call a function that `run` defined, and return its value."""
        return self._channel.call(Target(name=name), args, {}).value

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression."""
        self.run(f"_value = {expression}")
        return self._channel.get("_value")

    def calls(self) -> socket.socket | None:
        """Return the call channel, unless the kernel has ended."""
        return self.kernel.calls if self.kernel.exit is None else None

    def interrupt(self) -> None:
        """Send SIGINT to the kernel."""
        self.kernel.interrupt()

    def end(self, *, kill: bool) -> str | None:
        """Return why the kernel ended; with `kill`, end it first."""
        end = None if kill else self.kernel.wait_exit(2.0)
        self.kernel.kill()
        return end.reason if end else None

    def usage(self) -> Usage | None:
        """Return what the kernel has had."""
        return self.kernel.usage()

    def replace(self) -> socket.socket | None:
        """Return ``None``: what was tried in a kernel that has ended is not tried again."""
        return None

    def close(self) -> None:
        """End the kernel."""
        if self._shell is not None:
            self._shell.close()
        self.kernel.kill()
