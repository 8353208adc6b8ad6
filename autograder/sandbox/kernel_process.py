"""The host's control of one kernel, through its guardian, and its call channel."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from autograder.errors import SandboxError
from autograder.limits import Limits
from autograder.patience import Usage
from autograder.sandbox.bubblewrap import explain
from autograder.sandbox.users import UserLease

# For a guardian that hangs: one that ends is noticed at once, and a busy machine may take its time.
BIND_SECONDS: Final = 300.0
# Who asks what a kernel has had may be an event loop, which others wait for.
USAGE_SECONDS: Final = 0.003
KILLED: Final = "killed"
"""Why a kernel ended that got a SIGKILL, from the machine or from itself."""


@dataclass(frozen=True)
class KernelExit:
    """
    How a kernel ended.

    Args:
        status: Its exit code.
        reason: Why the guardian ended it, if it did: ``"memory"``, ``"timeout"`` or ``"setup"``.
        detail: What went wrong in the setup.
        reported: Whether the guardian has reported it; if not, the guardian itself is gone.
    """

    status: int
    reason: str | None = None
    detail: str = ""
    reported: bool = False

    @property
    def cause(self) -> str | None:
        """Why it ended, as far as the guardian knows: its reason, or `KILLED`."""
        killed = self.reported and self.status == -signal.SIGKILL and self.reason is None
        return KILLED if killed else self.reason


class KernelProcess:
    """
    One single-use kernel in the sandbox.

    Args:
        control: The guardian's control socket.
        calls: The call channel.
        connection: What a Jupyter client needs to connect.
        folder: The kernel's sockets folder, removed at the end.
        user: The user that no other kernel has, given back at the end.
    """

    def __init__(
        self,
        control: socket.socket,
        calls: socket.socket,
        connection: dict[str, Any],
        folder: Path,
        user: UserLease | None = None,
    ) -> None:
        self.calls = calls
        self.connection = connection
        self.exit: KernelExit | None = None
        self._control = control
        self._folder = folder
        self._user = user
        self._guardian: int | None = None
        self._seen: set[str] = set()
        self._usage_requested = False
        self._usage: Usage | None = None
        self._lock = threading.Lock()

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when the guardian has sent something."""
        return self._control.fileno()

    def wait_bound(self, timeout: float = BIND_SECONDS) -> None:
        """
        Wait until a client can connect.

        Raises:
            SandboxError: If the kernel could not be made.
        """
        self._wait_for("bound", timeout)

    def assign(self, files: Mapping[str, bytes], limits: Limits) -> None:
        """
        Assign the kernel its work, once: files to see, by their paths, and limits to keep.

        Raises:
            SandboxError: If the guardian is gone.
        """
        descriptor = os.memfd_create("files", os.MFD_CLOEXEC)
        try:
            with os.fdopen(descriptor, "wb", closefd=False) as file:
                _pack(files, file)
            os.lseek(descriptor, 0, os.SEEK_SET)
            message = json.dumps({"do": "assign", "limits": limits.for_guardian()}).encode()
            socket.send_fds(self._control, [message], [descriptor])
        except OSError as error:
            raise SandboxError("the kernel went away before it had work") from error
        finally:
            os.close(descriptor)
        self._wait_for("assigned", BIND_SECONDS)

    def interrupt(self) -> None:
        """Send SIGINT to the kernel and its children."""
        with contextlib.suppress(OSError):
            self._control.send(b'{"do": "interrupt"}')

    def usage(self) -> Usage | None:
        """
        Return what the kernel has had.

        Waits for the guardian's answer for some milliseconds at most. One that comes later is
        returned by the next call, so what is returned may be from a while ago.

        Returns:
            The last answer, or ``None`` as long as none has come.
        """
        if self.exit is None and not self._usage_requested:
            with contextlib.suppress(OSError):
                self._control.send(b'{"do": "usage"}')
                self._usage_requested = True
        deadline = time.monotonic() + USAGE_SECONDS
        while self.exit is None and self._usage_requested:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._control], [], [], left)[0]:
                break
            self._receive()
        return self._usage

    def poll(self) -> KernelExit | None:
        """Return how the kernel ended, if it has, by what the guardian has sent up to now."""
        while self.exit is None and select.select([self._control], [], [], 0)[0]:
            self._receive()
        return self.exit

    def wait_exit(self, timeout: float) -> KernelExit | None:
        """Wait for the kernel's end."""
        deadline = time.monotonic() + timeout
        while self.exit is None:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._control], [], [], left)[0]:
                break
            self._receive()
        return self.exit

    def kill(self) -> None:
        """End the kernel, all its descendants and its guardian, and forget its folder."""
        with self._lock:
            if self._guardian is not None:
                # PID 1 of the namespace: its end takes every process of the kernel with it.
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._guardian, signal.SIGKILL)
                os.close(self._guardian)
                self._guardian = None
            # A guardian that was never heard of ends when it sees this.
            self._control.close()
            self.calls.close()
            if self.exit is None:
                self.exit = KernelExit(-signal.SIGKILL)
            shutil.rmtree(self._folder, ignore_errors=True)
            if self._user is not None:
                self._user.close()

    def _wait_for(self, event: str, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while event not in self._seen:
            left = deadline - time.monotonic()
            if self.exit is not None:
                reason = explain(self.exit.detail) if self.exit.detail else str(self.exit)
                raise SandboxError(f"a kernel could not be made: {reason}")
            if left <= 0 or not select.select([self._control], [], [], left)[0]:
                raise SandboxError(f"a kernel was not {event} within {timeout:g} s")
            self._receive()

    def _receive(self) -> None:
        descriptors: list[int] = []
        try:
            data, descriptors, _, _ = socket.recv_fds(self._control, 65536, 1)
        except OSError:
            data = b""
        if descriptors:
            self._guardian = descriptors[0]
        if not data:
            self.exit = KernelExit(-signal.SIGKILL)
            return
        message = json.loads(data)
        if message["event"] == "exit":
            self.exit = KernelExit(
                message["status"], message.get("reason"), message.get("detail", ""), reported=True
            )
        if message["event"] == "usage":
            self._usage_requested = False
            self._usage = Usage(message["at"], message["cpu_seconds"], message["starved_seconds"])
        self._seen.add(message["event"])


def _pack(files: Mapping[str, bytes], target: IO[bytes]) -> None:
    """Write what `guardian.place_files` reads: a line of names and sizes, then the contents."""
    sizes = [(path, len(content)) for path, content in files.items()]
    target.write(json.dumps(sizes).encode() + b"\n")
    target.writelines(files.values())
