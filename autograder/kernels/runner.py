"""
Run a notebook in a sandboxed kernel, by nbclient, with the bounds that nbclient lacks.

Endless cells are interrupted and, after a grace, killed; output is counted where it arrives; a
kernel that dies is replaced and the notebook run again without the cell that killed it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbformat import NotebookNode

from autograder.cells import CellRun, CellStatus
from autograder.errors import SandboxError
from autograder.kernels.client import KernelClient, connect
from autograder.kernels.outputs import OutputClient
from autograder.limits import MEGABYTE, Limits
from autograder.notebook import Notebook
from autograder.patience import Allowance, Usage
from autograder.sandbox.kernel_process import KILLED, KernelExit, KernelProcess
from autograder.sandbox.runtime.protocol import SERVE_CALLS

MAX_KERNELS: Final = 6
"""As many cells of a notebook may end one; what comes after them is left out."""
MAX_SECOND_TRIES: Final = 3
"""Of cells whose kernel got a SIGKILL: beyond, that is the notebook's doing, not the machine's."""
_BETWEEN_LOOKS_SECONDS: Final = 0.05
"""Of a cell that runs: for its end, its output and its time."""

_KILLERS: Final = frozenset(
    {CellStatus.TIMEOUT, CellStatus.OUTPUT_LIMIT, CellStatus.MEMORY, CellStatus.KERNEL_DIED}
)


@dataclass
class Execution:
    """
    A notebook that has run, and the kernel that answers calls on what it defined.

    Args:
        notebook: With outputs.
        runs: How each code cell ran.
        kernel: The kernel, ``None`` if none survived.
        skipped: Cells that later runs leave out, because they killed a kernel.
    """

    notebook: NotebookNode
    runs: dict[int, CellRun]
    kernel: KernelProcess | None
    client: KernelClient | None = None
    skipped: set[int] = field(default_factory=set)

    @property
    def killed(self) -> bool:
        """Whether a SIGKILL ended the kernel for no reason that its guardian knows."""
        ended = self.kernel.exit if self.kernel is not None else None
        return ended is not None and ended.cause == KILLED

    def cell_of(self, count: int) -> int | None:
        """Return the cell that ran with an execution count."""
        return next((run.index for run in self.runs.values() if run.count == count), None)

    def calls(self) -> socket.socket | None:
        """Return the call channel of the kernel, if it has not ended."""
        return self.kernel.calls if self.kernel is not None and self.kernel.exit is None else None

    def interrupt(self) -> None:
        """Send SIGINT to the kernel."""
        if self.kernel is not None:
            self.kernel.interrupt()

    def usage(self) -> Usage | None:
        """Return what the kernel has had, as far as its guardian has told."""
        return self.kernel.usage() if self.kernel is not None else None

    def close(self) -> None:
        """End the kernel and close the sockets."""
        if self.client is not None:
            self.client.close()
            self.client = None
        if self.kernel is not None:
            self.kernel.kill()


Progress = Callable[[int, int], None]


class NotebookRunner:
    """
    Runs one notebook, in as many kernels as it takes.

    Args:
        take_kernel: Gives a fresh kernel.
        notebook: The submission.
        files: What the kernel sees, by path.
        limits: What the notebook may use.
        progress: Called before each code cell with its number and how many there are.
    """

    def __init__(
        self,
        take_kernel: Callable[[], KernelProcess],
        notebook: Notebook,
        files: Mapping[str, bytes],
        limits: Limits,
        progress: Progress = lambda _, __: None,
    ) -> None:
        self._take_kernel = take_kernel
        self._notebook = notebook
        self._files = files
        self._limits = limits
        self._progress = progress

    def run(self, skipped: set[int] | None = None) -> Execution:
        """
        Run the notebook from top to bottom in a clean kernel.

        Args:
            skipped: Cells to leave out.

        Returns:
            What came of it, with a kernel that is ready to answer calls.
        """
        budget = _Budget(self._limits.total_seconds)
        left_out = set(skipped or ())
        killers: dict[int, CellRun] = {}
        tried_again: set[int] = set()
        while True:
            begun_with = replace(budget)
            execution, killer = asyncio.run(self._run_once(left_out, budget))
            if killer is None:
                break
            execution.close()
            if execution.killed and _may_try_again(killer.index, tried_again):
                # By the machine, for want of memory perhaps; a cell that ends so again is at fault.
                tried_again.add(killer.index)
                budget = begun_with
                continue
            execution.kernel = None
            killers[killer.index] = killer
            left_out.add(killer.index)
            if len(killers) == MAX_KERNELS or budget.seconds <= 0:
                break
        execution.runs |= killers
        for each in killers.values():
            _mark_killed(execution.notebook, each)
        return execution

    async def _run_once(
        self, left_out: set[int], budget: _Budget
    ) -> tuple[Execution, CellRun | None]:
        """Run the cells in one kernel; give the run of the cell that killed it, if one did."""
        kernel = self._take_kernel()
        document = as_document(self._notebook)
        execution = Execution(document, {}, kernel, skipped=left_out)
        try:
            await asyncio.to_thread(kernel.assign, self._files, self._limits)
            execution.client = await connect(kernel, self._limits)
            session = _Session(kernel, execution.client, document, self._limits)
            killer = await self._run_cells(session, execution, left_out, budget)
            if killer is None:
                await session.serve_calls()
            return execution, killer
        except BaseException:
            execution.close()
            raise

    async def _run_cells(
        self, session: _Session, execution: Execution, left_out: set[int], budget: _Budget
    ) -> CellRun | None:
        code = [i for i, cell in enumerate(execution.notebook.cells) if cell.cell_type == "code"]
        for number, index in enumerate(code):
            self._progress(number, len(code))
            if index in left_out or not execution.notebook.cells[index].source.strip():
                continue
            if budget.seconds <= 0:
                execution.runs[index] = CellRun(index, CellStatus.SKIPPED)
                continue
            allowed = min(budget.seconds, self._limits.cell_seconds)
            run, used = await session.run_cell(index, allowed)
            budget.seconds -= used
            execution.runs[index] = run
            if run.status in _KILLERS and session.dead:
                return run
        return None


def _may_try_again(index: int, tried_again: set[int]) -> bool:
    return index not in tried_again and len(tried_again) < MAX_SECOND_TRIES


@dataclass
class _Budget:
    """What is left of the time that a notebook's cells may take together, others' apart."""

    seconds: float


class _Session:
    """One kernel, one client, one notebook: runs cells within limits."""

    def __init__(
        self,
        kernel: KernelProcess,
        client: KernelClient,
        document: NotebookNode,
        limits: Limits,
    ) -> None:
        self.dead = False
        self._kernel = kernel
        self._client = client
        self._limits = limits
        self._document = document
        self._runner = OutputClient(
            document,
            km=AsyncKernelManager(),
            allow_errors=True,
            timeout=None,
            store_widget_state=False,
            record_timing=False,
        )
        self._runner.kc = client

    async def run_cell(self, index: int, seconds: float) -> tuple[CellRun, float]:
        """
        Run one cell; afterwards the kernel is idle, or dead.

        Returns:
            How it ran, and how much of its time it has used.
        """
        cell = self._document.cells[index]
        began = time.monotonic()
        allowance = Allowance(seconds, self._kernel.usage)
        task = asyncio.ensure_future(self._runner.async_execute_cell(cell, index))
        status = await self._watched(task, allowance)
        elapsed = time.monotonic() - began
        error = _error_name(cell)
        if status is CellStatus.OK and error is not None:
            status = CellStatus.ERROR
        count = cell.get("execution_count")
        count = count if type(count) is int else None
        return CellRun(index, status, elapsed, count, error), allowance.used()

    async def serve_calls(self) -> None:
        """Ask the kernel to answer calls, and stop listening to what it prints."""
        self._client.shell_channel.send(self._client.session.msg(SERVE_CALLS, {}))
        self._client.iopub_channel.connection.close()
        # A kernel that takes nothing will not answer calls either; they will tell.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._limits.grace_seconds):
                await self._client.shell_channel.connection.flush()

    async def _watched(self, task: asyncio.Future[Any], allowance: Allowance) -> CellStatus:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        loop.add_reader(self._kernel.fileno(), self._on_news, ended)
        try:
            status = await self._first(task, ended, allowance.is_over)
            if status is CellStatus.OK:
                return status
            if not self.dead:
                self._kernel.interrupt()
                grace_ends = time.monotonic() + self._limits.grace_seconds
                await self._first(task, ended, lambda: time.monotonic() >= grace_ends)
                # A cell that swallows the interrupt would be waited for without end.
                self.dead = not task.done() or self._output_exceeded() or self.dead
            return status
        finally:
            loop.remove_reader(self._kernel.fileno())
            if not task.done():
                task.cancel()
            with contextlib.suppress(BaseException):
                await task

    async def _first(
        self, task: asyncio.Future[Any], ended: asyncio.Event, is_over: Callable[[], bool]
    ) -> CellStatus:
        """Wait for the cell's end, the kernel's end, too much output, or time."""
        while True:
            await asyncio.wait({task}, timeout=_BETWEEN_LOOKS_SECONDS)
            if ended.is_set():
                self.dead = True
                return _status_of_end(self._kernel)
            if self._output_exceeded():
                return await self._end_of_output(ended)
            if task.done():
                # What nbclient cannot make sense of is the kernel's doing.
                self.dead = task.exception() is not None
                return CellStatus.KERNEL_DIED if self.dead else CellStatus.OK
            if is_over():
                return CellStatus.TIMEOUT

    def _on_news(self, ended: asyncio.Event) -> None:
        if self._kernel.poll() is not None:
            ended.set()

    def _output_exceeded(self) -> bool:
        return self._printed_too_much() or self._client.cut_off()

    def _printed_too_much(self) -> bool:
        size = self._client.received_bytes + self._runner.repeated_bytes
        too_much = size > self._limits.output_mb * MEGABYTE
        return too_much or self._client.refused()

    async def _end_of_output(self, ended: asyncio.Event) -> CellStatus:
        """Tell too much output from a kernel that has ended, which cuts the connection, too."""
        if self._client.cut_off():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), self._limits.grace_seconds)
        if ended.is_set():
            self.dead = True
            return _status_of_end(self._kernel)
        if not self._printed_too_much():
            # Its sockets are closed, though the process goes on, perhaps as another program.
            self.dead = True
            return CellStatus.KERNEL_DIED
        return CellStatus.OUTPUT_LIMIT


def as_document(notebook: Notebook, *, attachments: bool = True) -> NotebookNode:
    """
    Make a fresh notebook of a submission's cells; no metadata or output of its own comes in.

    Args:
        notebook: The submission.
        attachments: Whether the pictures that were pasted into its texts come along.
    """
    # Made as plain data: nbformat's own makers validate each cell, half a millisecond each.
    cells: list[dict[str, Any]] = []
    for number, cell in enumerate(notebook.cells):
        entry = {"id": f"cell-{number}", "cell_type": cell.kind, "source": cell.source}
        extra: dict[str, Any] = (
            {"execution_count": None, "outputs": []} if cell.kind == "code" else {}
        )
        if attachments and cell.attachments:
            extra["attachments"] = {name: dict(each) for name, each in cell.attachments.items()}
        cells.append({**entry, "metadata": {}, **extra})
    document: NotebookNode = nbformat.from_dict(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    )
    return document


def kernel_files(
    name: str, notebook: Notebook, metadata: dict[str, Any], data: Iterator[tuple[str, bytes]]
) -> dict[str, bytes]:
    """
    Return what a kernel sees: the notebook under the master's name, and the public data.

    Args:
        name: The assignment's name.
        notebook: The submission.
        metadata: The release's metadata, which holds the public tests that otter looks for.
        data: The public data files, by name.

    Returns:
        Contents by path.
    """
    # No test asks for a text's pictures, so no kernel's memory holds them.
    document = as_document(notebook, attachments=False)
    document.metadata = nbformat.from_dict(metadata)
    return {f"{name}.ipynb": json.dumps(document).encode(), **dict(data)}


def reported_exit(kernel: KernelProcess) -> KernelExit | None:
    """
    Return how a kernel ended, if it has.

    Raises:
        SandboxError: If its guardian is gone, too: no student code can do that.
    """
    ended = kernel.poll()
    if ended is not None and not ended.reported:
        raise SandboxError("a kernel's guardian has ended")
    return ended


def _status_of_end(kernel: KernelProcess) -> CellStatus:
    ended = reported_exit(kernel)
    reason = ended.reason if ended else None
    return {"memory": CellStatus.MEMORY, "timeout": CellStatus.TIMEOUT}.get(
        reason or "", CellStatus.KERNEL_DIED
    )


def _error_name(cell: NotebookNode) -> str | None:
    for output in cell.get("outputs", ()):
        if output.get("output_type") == "error":
            # Untrusted: a forged message may hold halves of characters, which no file takes.
            name = str(output.get("ename", "Exception"))[:100]
            return name.encode(errors="replace").decode()
    return None


_KILLED_NOTES: Final = {
    CellStatus.TIMEOUT: "This cell took too long and did not stop when asked to.",
    CellStatus.OUTPUT_LIMIT: "This cell printed more than is allowed.",
    CellStatus.MEMORY: "This cell needed more memory than is allowed.",
    CellStatus.KERNEL_DIED: "This cell ended the Python process.",
}


def _mark_killed(document: NotebookNode, killer: CellRun) -> None:
    note = _KILLED_NOTES[killer.status] + " The notebook was run again without it."
    document.cells[killer.index].outputs = [
        nbformat.v4.new_output("stream", name="stderr", text=note)
    ]
