"""
One kernel: an IPython kernel that also answers the calls of hidden tests.

Untrusted: from the first cell on, everything in this process belongs to the student.
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import signal
import socket
import stat
import sys
from typing import Any

import numpy
import numpy.random  # NumPy imports it at its first use: once here, not in every kernel
from ipykernel.ipkernel import IPythonKernel
from traitlets import Type
from traitlets.config import Config

from autograder.sandbox.runtime import calls, linux, patches
from autograder.sandbox.runtime.layout import CONNECTION_FILE, HOME, NICE, WRITABLE
from autograder.sandbox.runtime.patches import SandboxApp, SandboxShell, SandboxStream
from autograder.sandbox.runtime.protocol import SERVE_CALLS

DEVICES = ("/dev",)
# Beside those that an assignment may choose. The last one bounds timers, too.
FIXED_LIMITS = (
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_MEMLOCK, 0),
    (resource.RLIMIT_NICE, 0),
    (resource.RLIMIT_RTPRIO, 0),
    (resource.RLIMIT_SIGPENDING, 1024),
)

_call_channel: socket.socket | None = None
_seccomp_filter = b""


def prepare(seccomp_filter: bytes) -> None:
    """Do once, before any fork, what every kernel would do again; all install this filter."""
    global _seccomp_filter
    _seccomp_filter = seccomp_filter
    patches.leave_out_debugger()
    patches.import_early()
    patches.leave_out_check_log()
    # Making these two takes a third of a kernel's start.
    SandboxApp.instance(config=_config(), kernel_class=SandboxKernel)
    _show_once(SandboxShell.make(_config()))


def _show_once(shell: SandboxShell) -> None:
    """Show a value and an error: what does so is made and imported when the first is shown."""
    shell.display_formatter.format(0)
    try:
        raise RuntimeError
    except RuntimeError as error:
        shell.InteractiveTB.text(RuntimeError, error, error.__traceback__)


class SandboxKernel(IPythonKernel):
    """An IPython kernel with one more message, which starts the loop that answers calls."""

    shell_class = Type(SandboxShell)

    def __init__(self, **kwargs: Any) -> None:
        with patches.hidden_modules():
            super().__init__(**kwargs)
        self.shell_handlers[SERVE_CALLS] = self.serve_calls
        # Asked for before student code could replace the compiler.
        self._cell_number = self.shell.compile.cell_numbers().get

    async def serve_calls(self, _stream: Any, _ident: Any, _parent: Any) -> None:
        """Answer calls in the main thread, where student code expects to run."""
        assert _call_channel is not None
        hidden = frozenset(self.shell.user_ns_hidden)
        calls.Server(_call_channel, self.shell.user_ns, self._cell_number, hidden).serve()


def run(calls_fd: int, ready: int) -> None:
    """Be the kernel until a shutdown request ends it."""
    global _call_channel
    os.setsid()
    os.nice(NICE)
    _redirect_standard_streams()
    _call_channel = socket.socket(fileno=calls_fd)
    _reopen_files()
    _give_up_all_privileges()
    os.chdir(HOME)
    _reseed()
    patches.silence_missing_network()
    app = SandboxApp.instance()
    # The host, whose user may be another one, connects to the sockets by their group.
    umask = os.umask(0o007)
    app.initialize([])
    os.umask(umask)
    patches.show_figures_inline(app.shell)
    os.write(ready, b"1")
    os.close(ready)
    app.start()


def _config() -> Config:
    config = Config()
    config.IPKernelApp.connection_file = CONNECTION_FILE
    config.IPKernelApp.log_level = 50
    config.IPKernelApp.outstream_class = f"{SandboxStream.__module__}.{SandboxStream.__name__}"
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    patches.leave_out_pause(config)
    return config


def _redirect_standard_streams() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1) if os.environ.get("AUTOGRADER_DEBUG") else (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)


def _reopen_files() -> None:
    """Open again what the fork server has open, such as fonts: forks share a file's position."""
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        with contextlib.suppress(OSError):  # the listing's own
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                position = os.lseek(descriptor, 0, os.SEEK_CUR)
                own = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY)
                os.lseek(own, position, os.SEEK_SET)
                os.dup2(own, descriptor, inheritable=False)
                os.close(own)


def _give_up_all_privileges() -> None:
    for kind, most in FIXED_LIMITS:
        hard = resource.getrlimit(kind)[1]
        amount = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (amount, amount))
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
