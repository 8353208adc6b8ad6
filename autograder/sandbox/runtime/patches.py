"""
What kernels change in other people's programs, most of it to start and answer sooner.

Each function and method says what it changes, why, and in which versions it was seen to be needed.
A test compares these with the lock file: another version may do by itself what is done here, or no
longer do what is relied on. (What lets modules wait for their first use is in `deferred.py`.)
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import warnings
import zlib
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, ClassVar, Self

from ipykernel import ipkernel
from ipykernel.compiler import XCachingCompiler, get_tmp_directory
from ipykernel.iostream import OutStream
from ipykernel.kernelapp import IPKernelApp
from ipykernel.zmqshell import ZMQInteractiveShell
from traitlets.config import Config

IMPORTED_LATE = (
    "faulthandler",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.magics.execution",
    "IPython.extensions.storemagic",
    "ipykernel.debugger",
    "tornado.platform.asyncio",
    "tornado.queues",
)


def leave_out_debugger() -> None:
    """
    Let ipykernel find no debugger.

    It has no use here, and its import takes longer than all else that a kernel does to start.

    Seen in ipykernel 7.4.0.
    """
    sys.modules.setdefault("debugpy", None)  # type: ignore[arg-type]  # how Python marks "not there"


def import_early() -> None:
    """
    Import before any fork what ipykernel and IPython import only once a kernel starts.

    Each kernel would import these modules anew.

    Seen in ipykernel 7.4.0, ipython 9.18.1 and tornado 6.6.1.
    """
    for name in IMPORTED_LATE:
        importlib.import_module(name)


def leave_out_check_log() -> None:
    """
    Let otter write an entry of its log of checks only if variables of the notebook are in it.

    It appends one to `.OTTER_LOG` at every check, and nobody reads it here.

    Seen in otter-grader 7.0.0.
    """
    logs = sys.modules.get("otter.check.logs")
    if logs is not None:
        entry_class: Any = logs.LogEntry
        write = entry_class.flush_to_file
        entry_class.flush_to_file = lambda entry, file: write(entry, file) if entry.shelf else None


def leave_out_pause(config: Config) -> None:
    """
    Leave out ipykernel's pause before each reply, half a millisecond a cell.

    It is for clients that look at replies alone; ours waits for the message that a cell is done.

    Seen in ipykernel 7.4.0.
    """
    config.IPythonKernel._execute_sleep = 0.0  # noqa: SLF001  # a setting, by its name


def silence_missing_network() -> None:
    """
    Silence ipykernel's warning that what forked children print cannot be shown.

    They would print through a TCP socket, and the sandbox has none.

    Seen in ipykernel 7.4.0.
    """
    warnings.filterwarnings("ignore", message="Couldn't bind IOPub Pipe")


def show_figures_inline(shell: Any) -> None:
    """
    Let matplotlib, if it is there, show the figures of a cell below it.

    It asks for the shell when it is imported, which was before this kernel's shell existed.

    Seen in matplotlib 3.11.2 and ipython 9.18.1.
    """
    if "matplotlib" in sys.modules:
        shell.enable_matplotlib("inline")


@contextlib.contextmanager
def hidden_modules() -> Iterator[None]:
    """
    Hide all modules from ipykernel while it makes a kernel.

    For its debugger it asks each for its file: 4 MB of memory that would be copied at that touch.

    Seen in ipykernel 7.4.0.
    """
    ipkernel.sys = SimpleNamespace(modules={})
    try:
        yield
    finally:
        ipkernel.sys = sys


class SandboxCompiler(XCachingCompiler):
    """The compiler of cells, which calls each by a file's name."""

    def get_code_name(self, raw_code: str, code: str, number: int) -> str:  # noqa: ARG002  # the base's
        """
        Name a cell as ipykernel does, but for the hash in it.

        ipykernel's is one that debuggers know, and is computed in Python.

        Seen in ipykernel 7.4.0.
        """
        return f"{get_tmp_directory()}/{zlib.crc32(raw_code.encode(errors='surrogatepass'))}.py"

    def cell_numbers(self) -> Mapping[str, int]:
        """
        Return the execution counts of cells by their names.

        IPython keeps them for its tracebacks, and offers no way to ask for them.

        Seen in ipython 9.18.1.
        """
        return getattr(self, "_filename_map", {})


class SandboxShell(ZMQInteractiveShell):
    """IPython's shell."""

    _made: ClassVar[SandboxShell | None] = None
    _transformed: tuple[str, int, str] | None = None

    @classmethod
    def make(cls, config: Config) -> Self:
        """
        Make before any fork the shell that `instance` hands out to the kernel.

        Until then nobody finds it: libraries would take the fork server for a notebook.

        Seen in traitlets 5.16.1 and ipykernel 7.4.0.
        """
        shell = cls(config=config, compiler_class=SandboxCompiler)
        cls._made = shell
        return shell

    @classmethod
    def instance(cls, *args: Any, **kwargs: Any) -> Self:
        """
        Hand the shell that was made to the kernel, which asks first, and then to everybody.

        traitlets would make one in each kernel.

        Seen in traitlets 5.16.1 and ipykernel 7.4.0.
        """
        if not cls.initialized() and cls._made is not None:
            for each in cls._walk_mro():
                each._instance = cls._made  # noqa: SLF001  # as traitlets' own method does
            for name in ("kernel", "parent", "profile_dir"):
                setattr(cls._made, name, kwargs[name])
        shell: Self = super().instance(*args, **kwargs)
        return shell

    def transform_cell(self, raw_cell: str) -> str:
        """
        Transform a cell once.

        ipykernel does, to see whether the cell awaits anything, and IPython again to run it.

        Seen in ipykernel 7.4.0 and ipython 9.18.1.
        """
        key = (raw_cell, self.execution_count)
        before, self._transformed = self._transformed, None
        if before is not None and before[:2] == key:
            return before[2]
        transformed: str = super().transform_cell(raw_cell)
        self._transformed = (*key, transformed)
        return transformed

    def ask_exit(self) -> None:
        """
        Do nothing when a cell asks to leave.

        An ``exit()`` left in a notebook would cost all the cells after it.

        Seen in ipykernel 7.4.0 and ipython 9.18.1.
        """


class SandboxStream(OutStream):
    """A standard stream."""

    def flush(self) -> None:
        """
        Wait for the thread that sends only if it has something to send.

        ipykernel flushes both streams several times a cell, mostly with nothing in them.

        Seen in ipykernel 7.4.0.
        """
        if self._buffers:
            super().flush()


class SandboxApp(IPKernelApp):
    """ipykernel's application."""

    def parse_command_line(self, argv: list[str] | None = None) -> None:
        """
        Do nothing: there is no command line.

        Building the parser takes an eighth of a kernel's start.

        Seen in traitlets 5.16.1.
        """

    def load_config_file(self, suppress_errors: bool | None = None) -> None:  # noqa: FBT001  # the base's
        """
        Do nothing: nothing outside the sandbox's scratch could hold a file of settings.

        IPython looks for one in several folders.

        Seen in ipython 9.18.1.
        """
