"""
Executed notebooks as harmless HTML, made in a process of its own, in a child for each.

What a notebook costs to parse and to render is its author's choice. The renderer has loaded all
that it needs, once; its children have limits of CPU time, memory and output, and no other file or
call than that takes (`autograder.render.confinement`).
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Final

from autograder.closeable import Closeable
from autograder.errors import RenderError
from autograder.packets import Packets
from autograder.render.confinement import RenderLimits
from autograder.render.rendered import CellHtml, RenderedNotebook
from autograder.report import Report
from autograder.sandbox.launching import coverage_settings

START_SECONDS: Final = 120.0
WALL_SECONDS: Final = 240.0
"""CPU time is what ends a child; this much longer on a machine with two dozen others at work."""
CHILDREN: Final = 2
"""At once: each may take as much memory as it is allowed."""
NOT_SHOWN: Final = RenderedNotebook(
    (CellHtml("raw", "", ("This notebook takes too much to be shown.",)),)
)
_ROOT: Final = Path(__file__).parents[2]

_log: Final = logging.getLogger(__name__)


class Renderer(Closeable):
    """
    Renders notebooks in children; its process starts when it is needed. Serves many threads.

    Args:
        limits: Of each child.
    """

    def __init__(self, limits: RenderLimits | None = None) -> None:
        self._limits = asdict(limits or RenderLimits())
        self._children = threading.BoundedSemaphore(CHILDREN)
        self._lock = threading.Lock()
        self._server: _Server | None = None

    def start(self) -> None:
        """Let the process start, so that the first notebook need not wait for it."""
        with self._lock:
            self._running()

    def render(self, notebook: str, questions: Iterable[str]) -> RenderedNotebook:
        """
        Render a notebook; one that takes too much becomes text.

        Args:
            notebook: The JSON of an executed one; nothing in it is trusted.
            questions: Ids of the questions whose places are looked for.

        Raises:
            RenderError: If there is no renderer.
        """
        job = {"questions": list(questions), "limits": self._limits}
        with self._children:
            for as_text in (False, True):
                rendered = self._in_child(notebook, {**job, "as_text": as_text})
                if rendered is not None:
                    return rendered
                _log.warning("a notebook's child was ended, or failed (as text: %s)", as_text)
        return NOT_SHOWN

    def render_report(self, report: Report) -> RenderedNotebook:
        """Render the notebook of a report; see `render`."""
        return self.render(json.dumps(report.notebook), [each.id for each in report.questions])

    def close(self) -> None:
        """End the process."""
        with self._lock:
            if self._server is not None:
                self._server.close()
                self._server = None

    def _running(self) -> _Server:
        if self._server is not None and not self._server.alive():
            self._server.close()
            self._server = None
        if self._server is None:
            self._server = _Server()
        return self._server

    def _in_child(self, notebook: str, job: dict[str, object]) -> RenderedNotebook | None:
        """Return what a child wrote; ``None`` if it was ended."""
        source = os.memfd_create("notebook")
        target = os.memfd_create("html")
        try:
            with open(source, "wb", closefd=False) as file:  # has no path
                file.write(notebook.encode())
            os.lseek(source, 0, os.SEEK_SET)
            with self._lock:
                child = self._running().start_child(job, [source, target])
            _wait_for_exit(child)
            os.lseek(target, 0, os.SEEK_SET)
            with open(target, "rb", closefd=False) as file:
                # Nothing, or only the beginning, if the child was ended.
                return RenderedNotebook.from_text(file.read())
        finally:
            os.close(source)
            os.close(target)


class _Server:
    """The process that forks children."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._packets = Packets(ours)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  # our own program
                [sys.executable, "-m", "autograder.render", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=_environment(),
            )

    def alive(self) -> bool:
        return self._process.poll() is None

    def start_child(self, job: dict[str, object], descriptors: list[int]) -> int:
        """Let a child begin a job; returns a descriptor of that process."""
        try:
            self._packets.send(job, descriptors)
            _, handles = self._packets.receive(START_SECONDS)
        except (TimeoutError, OSError) as error:
            # The next answer would be taken for that of another job.
            self._process.kill()
            raise RenderError("the renderer does not answer") from error
        if not handles:
            raise RenderError("the renderer has ended")
        return handles[0]

    def close(self) -> None:
        self._packets.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        self._process.kill()
        self._process.wait()


def _wait_for_exit(child: int) -> None:
    try:
        if not select.select([child], [], [], WALL_SECONDS)[0]:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(child, signal.SIGKILL)
            select.select([child], [], [])
    finally:
        os.close(child)


def _environment() -> dict[str, str]:
    """Return what the process needs of the environment: no secret of the portal's."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return kept | coverage_settings() | {"PYTHONPATH": str(_ROOT), "PYTHONSAFEPATH": "1"}
