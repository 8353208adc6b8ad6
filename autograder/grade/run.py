"""One submission on its way through kernels and tests."""

from __future__ import annotations

import socket
from collections.abc import Callable

from autograder.assignment import Assignment, public_data
from autograder.assignment.build import build_student
from autograder.examiner.process import Examiner
from autograder.examiner.protocol import Examined
from autograder.kernels.pool import KernelPool
from autograder.kernels.runner import (
    Execution,
    NotebookRunner,
    Progress,
    kernel_files,
    reported_exit,
)
from autograder.notebook import Notebook
from autograder.patience import Usage
from autograder.progress import GradingProgress


def notebook_runner(
    pool: KernelPool,
    notebook: Notebook,
    assignment: Assignment,
    progress: Progress = lambda _, __: None,
) -> NotebookRunner:
    """Return what runs a notebook of an assignment, with the files that its kernel sees."""
    metadata = build_student(assignment).metadata
    data = ((path, source.read_bytes()) for path, source in public_data(assignment.folder))
    files = kernel_files(assignment.name, notebook, metadata, data)
    return NotebookRunner(pool.take, notebook, files, assignment.limits, progress)


class SubmissionRun:
    """
    One submission on its way; keeps the kernel for the examiner.

    Args:
        pool: Gives kernels.
        notebook: The submission.
        assignment: What it answers.
        progress: Called as the work goes on.
    """

    def __init__(
        self,
        pool: KernelPool,
        notebook: Notebook,
        assignment: Assignment,
        progress: Callable[[GradingProgress], None],
    ) -> None:
        self._limits = assignment.limits
        self._progress = progress
        self._runner = notebook_runner(
            pool,
            notebook,
            assignment,
            lambda number, total: progress(GradingProgress("cell", number, total)),
        )
        self._execution: Execution | None = None

    def examine(self, examiner: Examiner, seed: int) -> tuple[Execution, Examined]:
        """Run the notebook, then the tests; return the first run and what came of the tests."""
        questions = {test.id: test.question for test in examiner.tests}
        begun: dict[str, int] = {}

        def on_begin(test: str) -> None:
            # One may begin again, in another kernel.
            number = begun.setdefault(test, len(begun))
            self._progress(GradingProgress("test", number, len(questions), questions[test]))

        first = self._execution = self._runner.run()
        try:
            return first, examiner.examine(self, seed, on_begin=on_begin, limits=self._limits)
        finally:
            self._execution.close()

    def calls(self) -> socket.socket | None:
        """Return the call channel of the present kernel."""
        return self._current().calls()

    def interrupt(self) -> None:
        """Send SIGINT to the kernel."""
        self._current().interrupt()

    def end(self, *, kill: bool) -> str | None:
        """Return why the kernel ended; with `kill`, end it first."""
        kernel = self._current().kernel
        if kernel is None:
            return None
        if not kill:
            kernel.wait_exit(1.0)
        ended = reported_exit(kernel)
        kernel.kill()
        self._current().kernel = None
        return ended.cause if ended else None

    def usage(self) -> Usage | None:
        """Return what the kernel has had."""
        return self._current().usage()

    def replace(self) -> socket.socket | None:
        """Run the notebook in a new kernel and give its call channel."""
        skipped = self._current().skipped
        self._current().close()
        self._execution = self._runner.run(skipped)
        return self.calls()

    def _current(self) -> Execution:
        assert self._execution is not None
        return self._execution
