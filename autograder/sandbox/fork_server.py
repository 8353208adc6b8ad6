"""The host's side of a fork server: the process that kernels are forked from."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import socket
import threading
from pathlib import Path
from typing import Any, Final

from autograder.closeable import Closeable
from autograder.environments import Environment
from autograder.errors import SandboxError
from autograder.sandbox import policy
from autograder.sandbox.bubblewrap import copy_runtime, explain, plan
from autograder.sandbox.host_folder import HostFolder
from autograder.sandbox.kernel_process import KernelProcess
from autograder.sandbox.launching import Launched
from autograder.sandbox.runtime import layout
from autograder.sandbox.seccomp import compiled_filter
from autograder.sandbox.users import UserLease, kernel_users

# For one that hangs: one that ends is noticed at once, and a busy machine may take its time.
WARM_UP_SECONDS: Final = 600.0
PORTS: Final = ("shell_port", "iopub_port", "stdin_port", "hb_port", "control_port")


class ForkServer(Closeable):
    """
    A process in bubblewrap that has imported an environment's libraries and forks kernels.

    It has been launched when the constructor returns, and is warm some time later.

    Args:
        environment: What to import.
        packages: What the notebooks to come import, as far as is known.

    Raises:
        SandboxError: If it cannot be launched.
    """

    def __init__(self, environment: Environment, packages: frozenset[str] = frozenset()) -> None:
        self.environment = environment
        self._packages = packages
        self._lock = threading.Lock()
        self._host_folder = HostFolder(policy.ROOT_DROPS_TO_UID)
        self._folder = self._host_folder.path
        self._users = kernel_users(environment)
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._error: SandboxError | None = None
        try:
            with theirs:
                self._launched = self._launch(theirs)
        except Exception:
            self.close()
            raise
        self._process = self._launched.process
        self._send_filter()
        self._warming = threading.Lock()
        self._warm = False

    def wait_until_warm(self) -> None:
        """
        Wait until kernels can be forked.

        Raises:
            SandboxError: If the sandbox cannot be built.
        """
        with self._warming:
            if not self._warm:
                self._wait()
            self._warm = True

    def fork_kernel(self) -> KernelProcess:
        """
        Ask for a new kernel, once that is possible; it is being made when this returns.

        Raises:
            SandboxError: If the sandbox cannot be built, or the fork server has ended.
        """
        self.wait_until_warm()
        # A number would tell a kernel how many there have been.
        name = secrets.token_hex(4)
        folder = self._sockets / name
        folder.mkdir()
        connection = _connection(folder)
        inside = connection | {"ip": f"{layout.KERNEL_FOLDER}/s"}
        (folder / "connection.json").write_text(json.dumps(inside))
        for path, mode in ((folder, 0o770), (folder / "connection.json", 0o640)):
            _give_to_sandbox(path)
            path.chmod(mode)
        user = UserLease(self._users) if self._users is not None else None
        control, guardian = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        calls, kernel = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        process = KernelProcess(control, calls, connection, folder, user)
        with guardian, kernel:
            try:
                number = user.number if user is not None else None
                request = json.dumps({"kernel": name, "user": number}).encode()
                socket.send_fds(self._control, [request], [guardian.fileno(), kernel.fileno()])
            except OSError as error:
                process.kill()
                if isinstance(error, ConnectionError):
                    # It has ended, or is about to: `alive` is to know at once.
                    self._launched.kill()
                raise SandboxError(f"the fork server takes no request: {error}") from error
        return process

    def import_for(self, packages: frozenset[str]) -> None:
        """Let later kernels have imported what notebooks use that import these packages."""
        with self._lock:
            new = self.environment.modules_for(packages - self._packages)
            self._packages |= packages
        if new:
            # Without the process there is nothing to do: the next request for a kernel finds out.
            with contextlib.suppress(OSError):
                self._control.send(json.dumps({"import": new}).encode())

    def alive(self) -> bool:
        """Return whether the process still runs."""
        return self._process.poll() is None

    def owner(self) -> int:
        """Return the user that the sandbox runs as."""
        return Path(f"/proc/{self._process.pid}").stat().st_uid

    def users_for_kernels(self) -> int:
        """Return how many users there are for kernels, each another one; 0 if all share one."""
        self.wait_until_warm()
        return self._users.count if self._users is not None else 0

    def close(self) -> None:
        """End the process and every kernel that it forked."""
        self._control.close()
        launched: Launched | None = getattr(self, "_launched", None)
        if launched is not None:
            launched.end()
        self._host_folder.close()

    @property
    def _sockets(self) -> Path:
        return self._folder / "s"

    def _launch(self, control: socket.socket) -> Launched:
        for name in ("s", "stage", "runtime"):
            folder = self._folder / name
            folder.mkdir()
            # Whatever the umask: under the portal's, the sandbox's user could not read it.
            folder.chmod(0o755)
        _give_to_sandbox(self._sockets)
        runtime = self._folder / "runtime"
        copy_runtime(runtime)
        arguments = plan(
            self.environment, self._folder, control.fileno(), self._packages, self._users
        )
        name = f"fork-server-{self.environment.name}"
        return Launched(arguments, [control.fileno()], name=name)

    def _send_filter(self) -> None:
        """Compile the system-call filter while the process starts."""
        try:
            # Without the process there is nothing to do: `wait_until_warm` finds out.
            with contextlib.suppress(OSError):
                self._control.send(compiled_filter())
        except SandboxError:
            self.close()
            raise

    def _wait(self) -> None:
        if self._error is None:
            if select.select([self._control], [], [], WARM_UP_SECONDS)[0]:
                with contextlib.suppress(OSError):
                    if warm := self._control.recv(4096):
                        if not json.loads(warm)["kernel_users"]:
                            self._users = None
                        return
            self._process.kill()
            _, errors = self._process.communicate()
            reason = explain((errors or b"").decode(errors="replace").strip()[-2000:])
            self.close()
            self._error = SandboxError(f"the sandbox could not be built: {reason}")
        raise self._error


def _connection(folder: Path) -> dict[str, Any]:
    ports = {port: number for number, port in enumerate(PORTS, start=1)}
    return {
        "transport": "ipc",
        "ip": f"{folder}/s",
        "key": secrets.token_hex(16),
        "signature_scheme": "hmac-sha256",
        "kernel_name": "",
        **ports,
    }


def _give_to_sandbox(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, policy.ROOT_DROPS_TO_UID, policy.ROOT_DROPS_TO_UID)
