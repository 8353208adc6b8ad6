"""
A solved notebook that has run once, and on which many sample answers of its answers are examined.

Running the notebook anew for each answer would cost more than all its tests together, mostly for
figures. So the notebook runs once; for each answer the kernel forks *inside* the sandbox, the child
executes the answer's code and answers the hidden tests, and the parent waits until it ends.
Whatever the answer does to the process (a seed set, a library patched, a global changed) ends with
the child, so one answer cannot touch the next: the isolation is that of a fresh kernel, at the
price of a fork. Three things differ from a submission, and validation knows them:

- Figures are not drawn. What later cells compute from the question's names is computed again (see
  `SolvedNotebook.recomputed`).
- A process in which TensorFlow has run an operation cannot be forked (its thread pools are gone in
  the child, `predict` hangs), so there each answer gets a kernel of its own, notebook and all.
- What comes out otherwise than the gate expects is graded again as a submission, in a fresh kernel
  by the whole pipeline, before it is reported.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from autograder.assignment import Assignment
from autograder.closeable import Closeable
from autograder.errors import InternalError, KernelDied, StudentFault
from autograder.examiner.channel import CallChannel
from autograder.examiner.exchange import CallLimits
from autograder.examiner.process import Examiner
from autograder.examiner.protocol import Examined, TestDescription
from autograder.grade.run import notebook_runner
from autograder.kernels.pool import KernelPool
from autograder.kernels.runner import Execution, reported_exit
from autograder.limits import Limits
from autograder.notebook import parse_notebook
from autograder.patience import Usage
from autograder.validate.solved import SolvedNotebook
from autograder.verdict import Verdict

LEAVE: Final = 77
_FORK_NUMBER: Final = 1
IMPORT_SECONDS: Final = 60.0
"""A reference in TensorFlow imports it first, on a machine that may have other work."""
# The parent waits deaf to interrupts, which are the child's: both hear them. A child that ends
# otherwise than it was asked to takes the kernel with it, as it would have as a submission.
_FORK: Final = f"""
import os as _os, signal as _signal, sys as _sys
_child = _os.fork()
if _child:
    _handler = _signal.signal(_signal.SIGINT, _signal.SIG_IGN)
    _status = _os.waitstatus_to_exitcode(_os.waitpid(_child, 0)[1])
    _signal.signal(_signal.SIGINT, _handler)
    if _status != {LEAVE}:
        _os._exit(1)
else:
    _sys.stdout = _sys.stderr = open(_os.devnull, "w")
del _child
"""
_LEAVE: Final = f"import os as _os; _os._exit({LEAVE})"
# TensorFlow refuses to change its thread pools once an operation has run.
_CHECK_TENSORFLOW: Final = """
import sys as _sys
if "tensorflow" in _sys.modules:
    _threading = _sys.modules["tensorflow"].config.threading
    _count = _threading.get_intra_op_parallelism_threads()
    _threading.set_intra_op_parallelism_threads(_count + 1)
    _threading.set_intra_op_parallelism_threads(_count)
"""


@dataclass(frozen=True)
class AnswerResult:
    """
    What the tests said of one sample.

    Args:
        verdicts: By the id of the test.
        details: What happened in the tests that did not pass, by the id of the test.
        hints: The recognised misconception's hint, by question.
        refused: What the sample's own code raised when it was executed.
    """

    verdicts: dict[str, Verdict]
    details: dict[str, str]
    hints: dict[str, str]
    refused: str | None = None

    @property
    def failed(self) -> tuple[str, ...]:
        """The tests that did not pass."""
        return tuple(test for test, each in self.verdicts.items() if each is not Verdict.PASSED)


class ForkedNotebook(Closeable):
    """
    Keeps the kernel of one solved notebook, and an examiner. Serves one thread.

    Args:
        pool: Gives kernels.
        assignment: Whose notebook.
    """

    def __init__(self, pool: KernelPool, assignment: Assignment) -> None:
        # One kernel serves many answers and seeds: their time adds up.
        bounds = replace(assignment.limits, cpu_seconds=1e6)
        self._assignment = replace(assignment, limits=bounds)
        self._pool = pool
        self._solution = SolvedNotebook(assignment, figures=False)
        self._examiner = Examiner(self._assignment)
        self._execution: Execution | None = None
        self._forks = True
        self._variant: tuple[str, str] | None = None

    def close(self) -> None:
        """End kernel and examiner."""
        self._end_execution()
        self._examiner.close()

    @property
    def tests(self) -> tuple[TestDescription, ...]:
        """All tests of the assignment."""
        return self._examiner.tests

    def examine(
        self,
        source: str,
        question: str,
        runs: Iterable[tuple[int, Sequence[TestDescription]]],
        *,
        stop_from: int | None = None,
        call_seconds: float | None = None,
    ) -> Iterator[AnswerResult]:
        """
        Examine a sample of the solution.

        Args:
            source: Its code, put behind the question's solution; none for the solution itself.
            question: Id of the question that it answers.
            runs: Seeds of the hidden inputs, each with the tests to run.
            stop_from: From which run on to stop at the first test that fails, and to look for no
                hint; none by default.
            call_seconds: How long a call may take; by default as the assignment says.

        Yields:
            What came of each run.
        """
        self._variant = (source, question)
        limits = self._limits(call_seconds)
        refused = self._enter()
        try:
            for number, (seed, tests) in enumerate(runs):
                if refused is not None:
                    yield AnswerResult({}, {}, {}, refused)
                else:
                    stop = stop_from is not None and number >= stop_from
                    examined = self._examiner.examine(
                        self, seed, tests, limits=limits, until_failure=stop
                    )
                    self._forget()
                    yield _answer_result(examined)
        finally:
            self._leave()

    # What follows is the examiner's view of this notebook: the control of its kernel.

    def calls(self) -> socket.socket | None:
        """Return the call channel of the present kernel."""
        return self._execution.calls() if self._execution else None

    def interrupt(self) -> None:
        """Send SIGINT to the kernel, and with it to the sample's process."""
        if self._execution is not None:
            self._execution.interrupt()

    def end(self, *, kill: bool) -> str | None:
        """Return why the kernel ended; with `kill`, end it first."""
        kernel = self._execution.kernel if self._execution else None
        if kernel is None:
            return None
        if not kill:
            kernel.wait_exit(1.0)
        try:
            ended = reported_exit(kernel)
        finally:
            self._end_execution()
        return ended.cause if ended else None

    def usage(self) -> Usage | None:
        """Return what the kernel has had."""
        return self._execution.usage() if self._execution else None

    def replace(self) -> socket.socket | None:
        """Run the notebook in a new kernel, put the answer in, and give its call channel."""
        self._end_execution()
        self._enter()
        return self.calls()

    def _enter(self) -> str | None:
        """Bring the kernel to the state that the answer leaves; return what its code raised."""
        assert self._variant is not None
        self._forget_ended()
        if self._execution is None and self._forks:
            self._execution = self._run(self._solution.text())
            self._forks = self._can_fork()
        return self._enter_fork(*self._variant) if self._forks else self._enter_new(*self._variant)

    def _enter_fork(self, source: str, question: str) -> str | None:
        self._fork()
        try:
            self._channel().run(source)
            self._channel().run(self._solution.recomputed(source, question))
        except StudentFault as fault:
            return f"{type(fault).__name__.removeprefix('Student')}: {fault}"
        return None

    def _enter_new(self, source: str, question: str) -> str | None:
        self._end_execution()
        self._execution = self._run(self._solution.text(source, question))
        run = self._execution.runs.get(self._solution.place(question)) if source else None
        return run.error if run is not None else None

    def _forget(self) -> None:
        """Let go of what the tests kept inside: datasets hold threads, and seeds add up."""
        if self.calls() is not None:
            with contextlib.suppress(StudentFault):
                self._channel().forget()

    def _leave(self) -> None:
        """End the sample's process, and find out whether the kernel lives on."""
        self._forget_ended()
        if not self._forks:
            self._end_execution()
        elif self._execution is not None:
            with contextlib.suppress(StudentFault):
                # The child's end is the end of its parent's wait, which answers the fork again.
                self._channel().run(_LEAVE, _FORK_NUMBER)
                return
            self._end_execution()

    def _limits(self, call_seconds: float | None) -> Limits:
        limits = self._assignment.limits
        if call_seconds is None:
            return limits
        patience = max(1.0, call_seconds / limits.call_seconds)
        return replace(limits.stretched(patience), call_seconds=call_seconds)

    def _run(self, text: str) -> Execution:
        notebook = parse_notebook(text.encode(), self._assignment.name)
        execution = notebook_runner(self._pool, notebook, self._assignment).run()
        if execution.kernel is None:
            raise InternalError(f"the solved notebook of {self._assignment.name!r} does not run")
        return execution

    def _can_fork(self) -> bool:
        try:
            self._channel().run(_CHECK_TENSORFLOW)
        except StudentFault:
            return False
        return True

    def _fork(self) -> None:
        try:
            try:
                self._channel().run(_FORK, _FORK_NUMBER)
            except KernelDied:
                # The machine may have ended it, and nobody has heard of that.
                self._execution = self._run(self._solution.text())
                self._channel().run(_FORK, _FORK_NUMBER)
        except StudentFault as fault:
            raise InternalError(f"the kernel cannot be forked: {fault}") from fault

    def _channel(self) -> CallChannel:
        calls = self.calls()
        if calls is None:
            raise InternalError("the kernel has ended")
        limits = self._assignment.limits
        seconds = max(limits.cell_seconds, IMPORT_SECONDS)
        bounds = CallLimits(seconds, limits.grace_seconds, limits.callback_calls)
        return CallChannel(calls, self, bounds)

    def _forget_ended(self) -> None:
        """Let a kernel that has ended by itself, or by the machine, be followed by a new one."""
        kernel = self._execution.kernel if self._execution is not None else None
        if kernel is None or kernel.poll() is not None:
            self._end_execution()

    def _end_execution(self) -> None:
        if self._execution is not None:
            self._execution.close()
            self._execution = None


def _answer_result(examined: Examined) -> AnswerResult:
    outcomes = examined.outcomes.values()
    return AnswerResult(
        {outcome.id: outcome.verdict for outcome in outcomes},
        {outcome.id: outcome.detail for outcome in outcomes if outcome.detail},
        {hint.question: hint.hint for hint in examined.hints.values()},
    )
