"""The host's side of a warm process, and of the kernels that it forks."""

from __future__ import annotations

import contextlib
import io
import json
import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import autograder
from autograder.environments import BaseInterpreter, Environment, base_interpreter
from autograder.errors import SandboxError
from autograder.sandbox import policy
from autograder.sandbox.policy import Limits
from autograder.sandbox.seccomp import compiled_filter

WARM_UP_SECONDS: Final = 120.0
BIND_SECONDS: Final = 30.0
PORTS: Final = ("shell_port", "iopub_port", "stdin_port", "hb_port", "control_port")
_RUNTIME_FILES: Final = (
    "__init__.py",
    "wire.py",
    "sandbox/__init__.py",
    "sandbox/runtime/__init__.py",
    "sandbox/runtime/calls.py",
    "sandbox/runtime/guardian.py",
    "sandbox/runtime/kernel.py",
    "sandbox/runtime/linux.py",
    "sandbox/runtime/protocol.py",
    "sandbox/runtime/warm.py",
)
_START: Final = (
    f"import sys; sys.path.insert(0, {policy.RUNTIME!r}); "
    "from autograder.sandbox.runtime import warm; sys.path.pop(0); warm.main()"
)


@dataclass(frozen=True)
class KernelExit:
    """How a kernel ended: its exit code and, if the guardian ended it, why."""

    status: int
    reason: str | None = None
    detail: str = ""


class KernelProcess:
    """
    One single-use kernel behind the wall.

    Args:
        control: The guardian's control socket.
        calls: The call channel.
        connection: What a Jupyter client needs to connect.
        folder: The kernel's sockets folder, removed at the end.
    """

    def __init__(
        self,
        control: socket.socket,
        calls: socket.socket,
        connection: dict[str, Any],
        folder: Path,
    ) -> None:
        self.calls = calls
        self.connection = connection
        self.exit: KernelExit | None = None
        self._control = control
        self._folder = folder
        self._guardian: int | None = None
        self._seen: set[str] = set()
        self._lock = threading.Lock()

    def fileno(self) -> int:
        """Give the descriptor that becomes readable when the guardian has news."""
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
        Give the kernel its work, once: files to see, by their paths, and limits to keep.

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

    def poll(self) -> KernelExit | None:
        """Read the guardian's news without waiting; the exit, if the kernel has ended."""
        while self.exit is None and select.select([self._control], [], [], 0)[0]:
            self._read_news()
        return self.exit

    def wait_exit(self, timeout: float) -> KernelExit | None:
        """Wait for the kernel's end."""
        deadline = time.monotonic() + timeout
        while self.exit is None:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._control], [], [], left)[0]:
                break
            self._read_news()
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

    def _wait_for(self, event: str, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while event not in self._seen:
            left = deadline - time.monotonic()
            if self.exit is not None:
                reason = explain(self.exit.detail) if self.exit.detail else str(self.exit)
                raise SandboxError(f"a kernel could not be made: {reason}")
            if left <= 0 or not select.select([self._control], [], [], left)[0]:
                raise SandboxError(f"a kernel was not {event} within {timeout:g} s")
            self._read_news()

    def _read_news(self) -> None:
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
                message["status"], message.get("reason"), message.get("detail", "")
            )
        self._seen.add(message["event"])


def _pack(files: Mapping[str, bytes], target: IO[bytes]) -> None:
    import tarfile  # late: what is to start soonest imports this module

    with tarfile.open(fileobj=target, mode="w") as archive:
        for path, content in files.items():
            info = tarfile.TarInfo(path)
            # Of today: what students zip, as otter's export does, must not be from before 1980.
            info.size, info.mode, info.mtime = len(content), 0o644, time.time()
            archive.addfile(info, io.BytesIO(content))


class WarmProcess:
    """
    A process behind bubblewrap that has imported an environment's libraries and forks kernels.

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
        self._number = 0
        # Unix sockets' paths end at 107 bytes, so the folder's name is short.
        self._folder = Path(tempfile.mkdtemp(prefix="ag-", dir="/tmp"))
        self._folder.chmod(0o755)
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        started: list[subprocess.Popen[bytes]] = []
        # bubblewrap dies with the thread that started it, so that thread lives as long as we do.
        self._stop = threading.Event()
        self._error: Exception | None = None
        up = threading.Event()

        def live() -> None:
            try:
                started.append(self._launch(theirs))
            except Exception as error:
                self._error = error
            finally:
                theirs.close()
                up.set()
            self._stop.wait()

        self._thread = threading.Thread(target=live, daemon=True, name=f"warm-{environment.name}")
        self._thread.start()
        up.wait()
        if self._error is not None:
            self.close()
            raise self._error
        self._process = started[0]
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
            SandboxError: If the sandbox cannot be built, or the warm process is gone.
        """
        self.wait_until_warm()
        with self._lock:
            self._number += 1
            name = f"k{self._number}"
        folder = self._sockets / name
        folder.mkdir(mode=0o755)
        connection = _connection(folder)
        inside = connection | {"ip": "/run/kernel/s"}
        (folder / "connection.json").write_text(json.dumps(inside))
        for path in (folder, folder / "connection.json"):
            _give_to_sandbox(path)
        control, guardian = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        calls, kernel = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        process = KernelProcess(control, calls, connection, folder)
        with guardian, kernel:
            try:
                request = json.dumps({"kernel": name}).encode()
                socket.send_fds(self._control, [request], [guardian.fileno(), kernel.fileno()])
            except OSError as error:
                process.kill()
                raise SandboxError("the warm process has ended") from error
        return process

    def import_for(self, packages: frozenset[str]) -> None:
        """Let later kernels have imported what notebooks use that import these packages."""
        with self._lock:
            new = self.environment.modules_for(packages - self._packages)
            self._packages |= packages
        if new:
            # Without the process there is nothing to do: who asks for a kernel will notice.
            with contextlib.suppress(OSError):
                self._control.send(json.dumps({"import": new}).encode())

    def alive(self) -> bool:
        """Tell whether the warm process still runs."""
        return self._process.poll() is None

    def owner(self) -> int:
        """Give the user that the sandbox runs as."""
        return Path(f"/proc/{self._process.pid}").stat().st_uid

    def close(self) -> None:
        """End the warm process and every kernel that it forked."""
        self._control.close()
        process = getattr(self, "_process", None)
        if process is not None:
            process.kill()
            process.wait()
            if process.stderr is not None:
                process.stderr.close()
        self._stop.set()
        self._thread.join()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _sockets(self) -> Path:
        return self._folder / "s"

    def _launch(self, control: socket.socket) -> subprocess.Popen[bytes]:
        for name in ("s", "stage", "runtime"):
            (self._folder / name).mkdir(mode=0o755)
        _give_to_sandbox(self._sockets)
        runtime = self._folder / "runtime"
        _copy_runtime(runtime)
        plan = _plan(self.environment, self._folder, control.fileno(), self._packages)
        error_log = None if os.environ.get("AUTOGRADER_DEBUG") else subprocess.PIPE
        return subprocess.Popen(  # noqa: S603  # our own program, on our own plan
            [sys.executable, "-S", "-c", f"{_LAUNCH}(**{plan!r})"],
            pass_fds=[control.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=error_log,
            cwd="/",
            # The launcher is trusted; bubblewrap clears what it passes on.
            env={
                "PYTHONPATH": str(Path(autograder.__file__).parent.parent),
                "PATH": "/usr/bin:/bin",
            },
        )

    def _send_filter(self) -> None:
        """Compile the system-call filter while the process starts."""
        try:
            # Without the process there is nothing to do: who waits for it will notice.
            with contextlib.suppress(OSError):
                self._control.send(compiled_filter())
        except SandboxError:
            self.close()
            raise

    def _wait(self) -> None:
        if self._error is None:
            if select.select([self._control], [], [], WARM_UP_SECONDS)[0]:
                with contextlib.suppress(OSError):
                    if self._control.recv(4096):
                        return
            self._process.kill()
            _, errors = self._process.communicate()
            text = (errors or b"").decode(errors="replace").strip()[-2000:]
            self.close()
            self._error = SandboxError(f"the sandbox could not be built: {explain(text)}")
        raise self._error


_LAUNCH: Final = "from autograder.sandbox.launcher import main; main"


def explain(errors: str) -> str:
    """Turn bubblewrap's complaint into what the operator can do about it."""
    if "uid map" in errors or "user namespace" in errors or "namespace" in errors.lower():
        return (
            f"{errors}\nThis machine does not let ordinary users make namespaces. Allow it with "
            "`sysctl -w user.max_user_namespaces=10000 kernel.unprivileged_userns_clone=1` "
            "(Debian) or an AppArmor profile for bwrap that holds `userns,` (Ubuntu 24.04: "
            "kernel.apparmor_restrict_unprivileged_userns). `autograder doctor` tries it."
        )
    return errors or "no reason was given"


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


def _copy_runtime(target: Path) -> None:
    source = Path(autograder.__file__).parent
    for name in _RUNTIME_FILES:
        place = target / "autograder" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes((source / name).read_bytes())
    (target / "passwd").write_text(policy.PASSWD)
    (target / "group").write_text(policy.GROUP)
    (target / "fonts.conf").write_text(policy.FONTS)


def _plan(
    environment: Environment, folder: Path, control: int, packages: frozenset[str] = frozenset()
) -> dict[str, Any]:
    bwrap = shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin")
    if bwrap is None:
        raise SandboxError("bubblewrap is missing; install it: apt install bubblewrap")
    base = base_interpreter(environment.python)
    before = ["--unshare-all", "--uid", str(policy.SANDBOX_UID), "--gid", str(policy.SANDBOX_UID)]
    before += ["--hostname", "sandbox", "--die-with-parent", "--new-session", "--clearenv"]
    for name, value in policy.ENVIRONMENT.items():
        before += ["--setenv", name, value]
    before += ["--setenv", "PATH", f"{policy.VENV}/bin:{policy.ENVIRONMENT['PATH']}"]
    if os.environ.get("AUTOGRADER_DEBUG"):
        before += ["--setenv", "AUTOGRADER_DEBUG", "1"]
    for merged in policy.MERGED_FOLDERS:
        if Path(merged).is_symlink():
            before += ["--symlink", str(Path(merged).readlink()), merged]
    for scratch in policy.WARM_SCRATCH_FOLDERS:
        before += ["--tmpfs", scratch]
    after: list[str] = []
    for masked in _masked(base):
        after += ["--tmpfs", str(masked)]
    for empty in policy.EMPTY_FOLDERS:
        after += ["--dir", empty]
    after += ["--proc", "/proc", "--dev", "/dev", "--bind", str(folder / "s"), "/run/sockets"]
    after += ["--remount-ro", "/", "--chdir", "/", "--"]
    after += [f"{policy.VENV}/bin/python", "-s", "-E", "-c", _START, str(control)]
    return {
        "bwrap": bwrap,
        "staging": str(folder / "stage"),
        "user": policy.ROOT_DROPS_TO_UID,
        "before": before,
        "binds": [
            (str(mount.source), mount.target) for mount in _mounts(environment, base, folder)
        ],
        "after": after + [json.dumps(modules) for modules in _imports(environment, packages)],
    }


def _imports(environment: Environment, packages: frozenset[str]) -> Iterator[tuple[str, ...]]:
    """Give the modules to import before the first fork, those that wait, those for a pause."""
    yield environment.preload + environment.modules_for(packages)
    yield environment.at_first_use
    yield environment.modules_for(frozenset(environment.if_imported) - packages)


def _mounts(
    environment: Environment, base: BaseInterpreter, folder: Path
) -> Iterator[policy.Mount]:
    for name in (*policy.SYSTEM_FOLDERS, *policy.SYSTEM_FILES):
        if Path(name).exists():
            yield policy.Mount(Path(name).resolve(), name)
    for name in policy.MERGED_FOLDERS:
        if Path(name).is_dir() and not Path(name).is_symlink():
            yield policy.Mount(Path(name), name)
    # The loader asks for the shared library by its full name, the one that the links end at; were
    # it missing, the system's own of another version would be taken.
    library = base.library.resolve() if base.library is not None else None
    for path in (base.executable, base.stdlib, library):
        if path is not None and not str(path).startswith(("/usr/bin/", "/usr/lib/")):
            yield policy.Mount(path, str(path))
    for link in _interpreter_links(environment.python, base.executable):
        yield policy.Mount(base.executable, str(link))
    yield policy.Mount(environment.folder, policy.VENV)
    runtime = folder / "runtime"
    yield policy.Mount(runtime, policy.RUNTIME)
    yield policy.Mount(runtime / "passwd", "/etc/passwd")
    yield policy.Mount(runtime / "group", "/etc/group")


def _interpreter_links(python: Path, executable: Path) -> Iterator[Path]:
    """Give the names outside the environment that its interpreter's link goes through."""
    path = python
    while path.is_symlink():
        path = path.parent / path.readlink()
        inside = path.parent == python.parent
        if not inside and path != executable and not str(path).startswith("/usr/bin/"):
            yield path


def _masked(base: BaseInterpreter) -> list[Path]:
    site = [base.stdlib / name for name in ("site-packages", "dist-packages")]
    folders = [*map(Path, policy.MASKED_FOLDERS), *site]
    return [folder for folder in folders if folder.is_dir()]
