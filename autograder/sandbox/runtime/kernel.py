"""
One kernel: an IPython kernel that also answers the calls of hidden tests.

Untrusted: from the first cell on, everything in this process belongs to the student.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import random
import resource
import signal
import socket
import stat
import sys
import warnings
import zlib
from types import SimpleNamespace
from typing import Any, Self

import numpy
import numpy.random  # NumPy imports it at its first use: once here, not in every kernel
from ipykernel import ipkernel
from ipykernel.compiler import XCachingCompiler, get_tmp_directory
from ipykernel.iostream import OutStream
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from ipykernel.zmqshell import ZMQInteractiveShell
from traitlets import Type
from traitlets.config import Config

from autograder.sandbox.runtime import calls, linux
from autograder.sandbox.runtime.layout import CONNECTION_FILE, HOME, WRITABLE
from autograder.sandbox.runtime.protocol import SERVE_CALLS

DEVICES = ("/dev", "/proc")

# What ipykernel and IPython would import anew in each kernel that starts.
IMPORTED_AT_START = (
    "faulthandler",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.magics.execution",
    "IPython.extensions.storemagic",
    "ipykernel.debugger",
    "tornado.platform.asyncio",
    "tornado.queues",
)

_call_channel: socket.socket | None = None
_seccomp_filter = b""
_shell: SandboxShell | None = None


def prepare(seccomp_filter: bytes) -> None:
    """Do once, before any fork, what every kernel would do again; all install this filter."""
    global _seccomp_filter, _shell
    _seccomp_filter = seccomp_filter
    # A debugger has no use here, and its import would take longer than the rest of a kernel.
    sys.modules.setdefault("debugpy", None)  # type: ignore[arg-type]  # how Python marks "not there"
    for name in IMPORTED_AT_START:
        importlib.import_module(name)
    # Building these two takes a third of a kernel's start.
    SandboxApp.instance(config=_config(), kernel_class=SandboxKernel)
    _shell = SandboxShell(config=_config(), compiler_class=SandboxCompiler)
    # What shows values is made when the first is shown.
    _shell.display_formatter.format(0)
    # An error is shown once, for the modules that showing it imports.
    try:
        raise RuntimeError
    except RuntimeError as error:
        _shell.InteractiveTB.text(RuntimeError, error, error.__traceback__)
    if "otter.check.logs" in sys.modules:
        _leave_out_account_of_checks(sys.modules["otter.check.logs"].LogEntry)


def _leave_out_account_of_checks(entry_class: Any) -> None:
    """Let otter write no `.OTTER_LOG`, for nobody reads it here, unless it puts variables there."""
    write = entry_class.flush_to_file
    entry_class.flush_to_file = lambda entry, file: write(entry, file) if entry.shelf else None


class SandboxCompiler(XCachingCompiler):
    """IPython's compiler, which calls a cell's code by a name that is computed fast."""

    def get_code_name(self, raw_code: str, code: str, number: int) -> str:  # noqa: ARG002  # IPython's
        """Name a cell as ipykernel does, but for its hash, which is one for debuggers."""
        return f"{get_tmp_directory()}/{zlib.crc32(raw_code.encode(errors='surrogatepass'))}.py"


class SandboxShell(ZMQInteractiveShell):
    """IPython's shell, built before the fork, which stays when a cell asks to leave."""

    _transformed: tuple[str, int, str] | None = None

    @classmethod
    def instance(cls, *args: Any, **kwargs: Any) -> Self:
        """Return the kernel that asks the shell that waits for it; then the same to others."""
        if not cls.initialized() and isinstance(_shell, cls):
            for each in cls._walk_mro():
                each._instance = _shell
            for name in ("kernel", "parent", "profile_dir"):
                setattr(_shell, name, kwargs[name])
        shell: Self = super().instance(*args, **kwargs)
        return shell

    def transform_cell(self, raw_cell: str) -> str:
        """Do once what ipykernel asks to see whether a cell waits, and IPython again to run it."""
        key = (raw_cell, self.execution_count)
        before, self._transformed = self._transformed, None
        if before is not None and before[:2] == key:
            return before[2]
        transformed: str = super().transform_cell(raw_cell)
        self._transformed = (*key, transformed)
        return transformed

    def ask_exit(self) -> None:
        """Do nothing: an ``exit()`` left in a notebook must not cost the cells after it."""


class SandboxStream(OutStream):
    """A standard stream, which ipykernel flushes five times a cell, mostly with nothing in it."""

    def flush(self) -> None:
        """Wait for the thread that sends only if it has something to send."""
        if self._buffers:
            super().flush()


class SandboxApp(IPKernelApp):
    """IPython's kernel application, without a command line to read."""

    def parse_command_line(self, argv: list[str] | None = None) -> None:
        """Do nothing: building the parser takes an eighth of a kernel's start."""

    def load_config_file(self, suppress_errors: bool | None = None) -> None:  # noqa: FBT001  # IPython's
        """Do nothing: there is no settings file where the sandbox's user could have one."""


class SandboxKernel(IPythonKernel):
    """An IPython kernel with one more message, which starts the loop that answers calls."""

    shell_class = Type(SandboxShell)

    def __init__(self, **kwargs: Any) -> None:
        # For its debugger ipykernel asks each module for its file: 4 MB that would be copied.
        ipkernel.sys = SimpleNamespace(modules={})
        try:
            super().__init__(**kwargs)
        finally:
            ipkernel.sys = sys
        self.shell_handlers[SERVE_CALLS] = self.serve_calls

    async def serve_calls(self, _stream: Any, _ident: Any, _parent: Any) -> None:
        """Answer calls in the main thread, where student code expects to run."""
        assert _call_channel is not None
        calls.serve(_call_channel, self.shell)


def run(calls_fd: int, ready: int) -> None:
    """Be the kernel until it is told to end."""
    global _call_channel
    os.setsid()
    _redirect_standard_streams()
    _call_channel = socket.socket(fileno=calls_fd)
    _reopen_files()
    _give_up_all_privileges()
    os.chdir(HOME)
    _reseed()
    # There is no network for the pipe that forked children would print through.
    warnings.filterwarnings("ignore", message="Couldn't bind IOPub Pipe")
    app = SandboxApp.instance()
    app.initialize([])
    if "matplotlib" in sys.modules:
        # Imported before this shell existed, so matplotlib has not told it how to show figures.
        app.shell.enable_matplotlib("inline")
    os.write(ready, b"1")
    os.close(ready)
    app.start()


def _config() -> Config:
    config = Config()
    config.IPKernelApp.connection_file = CONNECTION_FILE
    config.IPKernelApp.log_level = 50
    config.IPKernelApp.outstream_class = f"{__name__}.{SandboxStream.__name__}"
    # A pause before each reply, for clients that look at replies alone.
    config.IPythonKernel._execute_sleep = 0.0
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    return config


def _redirect_standard_streams() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1) if os.environ.get("AUTOGRADER_DEBUG") else (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)


def _reopen_files() -> None:
    """Open again what the warm process has open, such as fonts: forks share a file's position."""
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        with contextlib.suppress(OSError):  # the listing's own
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                position = os.lseek(descriptor, 0, os.SEEK_CUR)
                own = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY)
                os.lseek(own, position, os.SEEK_SET)
                os.dup2(own, descriptor, inheritable=False)
                os.close(own)


def _give_up_all_privileges() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # The guardian is closed to others, and a fork inherits that; this process's memory it must see.
    linux.prctl(linux.PR_SET_DUMPABLE, 1)
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")  # should the machine run out of memory, this process goes first
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    linux.landlock(WRITABLE, DEVICES)
    linux.drop_capabilities()
    # Before any thread exists: the filter holds for this thread and for all that it starts.
    linux.install_seccomp_filter(_seccomp_filter)


def _reseed() -> None:
    """Forks share the state of their parent's generators; a fresh interpreter would not."""
    random.seed()
    numpy.random.seed()
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is not None:
        # Limits thread pools without starting one; it must come before the first operation.
        tensorflow.config.threading.set_intra_op_parallelism_threads(1)
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)
