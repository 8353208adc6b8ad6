"""The only place that wires the stages: notebook, kernel, values, hidden tests, report."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from types import TracebackType
from typing import Any, Final, Self

from autograder.answers import answer_cells
from autograder.assignment import Assignment, public_data
from autograder.build import build_student
from autograder.environments import load_environment
from autograder.errors import AutograderError, NotebookError
from autograder.examiner import Examiner, TestDescription
from autograder.execute import Execution, NotebookRunner, kernel_files, reported_exit
from autograder.messages import message_for
from autograder.notebook import Notebook, parse_notebook
from autograder.pool import KernelPool, Shelf
from autograder.report import (
    QuestionResult,
    Report,
    SourceLine,
    TestResult,
    question_score,
    question_verdict,
)
from autograder.verdict import Verdict

EXAMINERS_KEPT: Final = 8


@dataclass(frozen=True)
class Progress:
    """
    What the grader is doing.

    Args:
        stage: ``"cell"`` or ``"test"``.
        number: Which cell or test, from 0.
        total: How many there are.
        question: The question that is being tested.
    """

    stage: str
    number: int
    total: int
    question: str | None = None


def _silent(_: Progress) -> None:
    pass


class Grader:
    """
    Grades submissions; keeps kernels and examiners warm between them. Safe to use from threads.

    Args:
        spares: How many kernels to fork ahead in each environment.
    """

    def __init__(self, spares: int = 1) -> None:
        self._spares = spares
        self._lock = threading.Lock()
        self._pools: dict[str, KernelPool] = {}
        self._pool_locks: dict[str, threading.Lock] = {}
        self._assignments: dict[str, Assignment] = {}
        self._examiners: Shelf[Examiner] = Shelf(self._make_examiner, EXAMINERS_KEPT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every process that this grader started."""
        with self._lock:
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.close()
        self._examiners.close()

    def prepare(self, assignment: Assignment) -> None:
        """
        Warm up all that grading an assignment needs.

        Raises:
            AssignmentError: If it is broken.
            InternalError: If the wall cannot be built.
        """
        with ThreadPoolExecutor(3) as threads:
            pool = threads.submit(self._pool, assignment.environment)
            examiner = threads.submit(self._examiner, assignment)
            built = threads.submit(build_student, assignment)
            self._return(assignment, examiner.result())
            pool.result()
            built.result()

    def grade(
        self,
        data: bytes,
        assignment: Assignment,
        *,
        name: str = "notebook",
        seed: int | None = None,
        progress: Callable[[Progress], None] = _silent,
    ) -> Report:
        """
        Grade one submission.

        Args:
            data: The submitted bytes.
            assignment: What it answers.
            name: What to call the submission in messages.
            seed: Of the hidden inputs; by default the submission's hash picks one of the pool.
            progress: Called as the work goes on.

        Raises:
            NotebookError: If the bytes are no notebook of this assignment.
            AssignmentError: If the assignment is broken.
            InternalError: If we could not grade; the submission may be tried again.
        """
        began = time.monotonic()
        notebook = read_submission(data, assignment, name)
        if seed is None:
            seed = int(notebook.sha256[:16], 16) % assignment.hidden_seeds
        self.prepare(assignment)
        examiner = self._examiner(assignment)
        try:
            run = _Run(self._pool(assignment.environment), notebook, assignment, progress)
            execution, messages = run.examine(examiner, seed)
            report = _report(notebook, assignment, seed, execution, examiner.tests, messages)
        except BaseException:
            # It may be in the middle of this submission: nobody else gets it.
            examiner.close()
            raise
        self._return(assignment, examiner)
        return replace(report, seconds=time.monotonic() - began)

    def _pool(self, environment: str) -> KernelPool:
        with self._lock:
            lock = self._pool_locks.setdefault(environment, threading.Lock())
        with lock:
            if environment not in self._pools:
                self._pools[environment] = KernelPool(load_environment(environment), self._spares)
            return self._pools[environment]

    def _examiner(self, assignment: Assignment) -> Examiner:
        key = f"{assignment.content_hash} {assignment.limits}"
        self._assignments[key] = assignment
        while not (examiner := self._examiners.take(key)).alive():
            examiner.close()
        return examiner

    def _return(self, assignment: Assignment, examiner: Examiner) -> None:
        self._examiners.put(f"{assignment.content_hash} {assignment.limits}", examiner)

    def _make_examiner(self, key: str) -> Examiner:
        return Examiner(self._assignments[key])


def read_submission(data: bytes, assignment: Assignment, name: str) -> Notebook:
    """
    Parse a submission's bytes.

    Raises:
        NotebookError: If they are no notebook of this assignment.
    """
    notebook = parse_notebook(data, name)
    if notebook.assignment not in (None, assignment.name):
        raise NotebookError(
            f"{name}: is a notebook of the assignment {notebook.assignment!r}, "
            f"not of {assignment.name!r}"
        )
    return notebook


def grade(data: bytes, assignment: Assignment, *, name: str = "notebook") -> Report:
    """Grade one submission with a grader of its own; see `Grader.grade`."""
    with Grader(spares=0) as grader:
        return grader.grade(data, assignment, name=name)


class _Run:
    """One submission on its way through kernels and tests; keeps the kernel for the examiner."""

    def __init__(
        self,
        pool: KernelPool,
        notebook: Notebook,
        assignment: Assignment,
        progress: Callable[[Progress], None],
    ) -> None:
        self._progress = progress
        self._tests_begun = 0
        self._examiner: Examiner | None = None
        metadata = build_student(assignment).metadata
        data = ((path, source.read_bytes()) for path, source in public_data(assignment.folder))
        self._runner = NotebookRunner(
            pool.take,
            notebook,
            kernel_files(assignment.name, notebook, metadata, data),
            assignment.limits,
            lambda number, total: progress(Progress("cell", number, total)),
        )
        self._execution: Execution | None = None

    def examine(self, examiner: Examiner, seed: int) -> tuple[Execution, list[dict[str, Any]]]:
        """Run the notebook, then the tests; give the first run and what the tests said."""
        self._examiner = examiner
        first = self._execution = self._runner.run()
        try:
            return first, examiner.examine(self, seed, self._on_event)
        finally:
            self._execution.close()

    def calls(self) -> socket.socket | None:
        """Give the call channel of the present kernel."""
        kernel = self._current().kernel
        return kernel.calls if kernel is not None and kernel.exit is None else None

    def interrupt(self) -> None:
        """Send SIGINT to the kernel."""
        kernel = self._current().kernel
        if kernel is not None:
            kernel.interrupt()

    def end(self, *, kill: bool) -> str | None:
        """Tell why the kernel ended; with `kill`, end it first."""
        kernel = self._current().kernel
        if kernel is None:
            return None
        if not kill:
            kernel.wait_exit(1.0)
        ended = reported_exit(kernel)
        kernel.kill()
        self._current().kernel = None
        return ended.reason if ended else None

    def replace(self) -> socket.socket | None:
        """Run the notebook in a new kernel and give its call channel."""
        skipped = self._current().skipped
        self._current().close()
        self._execution = self._runner.run(skipped)
        return self.calls()

    def _current(self) -> Execution:
        assert self._execution is not None
        return self._execution

    def _on_event(self, event: dict[str, Any]) -> None:
        if "begin" in event and self._examiner is not None:
            tests = {test.id: test for test in self._examiner.tests}
            question = tests[event["begin"]].question
            self._progress(Progress("test", self._tests_begun, len(tests), question))
            self._tests_begun += 1


def _report(
    notebook: Notebook,
    assignment: Assignment,
    seed: int,
    execution: Execution,
    tests: tuple[TestDescription, ...],
    messages: list[dict[str, Any]],
) -> Report:
    results = {m["result"]["id"]: m["result"] for m in messages if "result" in m}
    hints = {m["hint"]["question"]: m["hint"] for m in messages if "hint" in m}
    questions = []
    for question in assignment.questions:
        if question.manual:
            cells = answer_cells(notebook, assignment, question.id)
            questions.append(
                QuestionResult(
                    question.id, question.points, None, Verdict.PENDING, answer_cells=cells
                )
            )
            continue
        hint = hints.get(question.id)
        tested = tuple(
            _test_result(test, results.get(test.id), hint, notebook, execution)
            for test in tests
            if test.question == question.id
        )
        verdict = question_verdict(tested)
        share = assignment.public_share[question.id]
        score = (
            None if verdict is Verdict.INTERNAL else question_score(question.points, share, tested)
        )
        title = hint["title"] if hint else None
        questions.append(
            QuestionResult(question.id, question.points, score, verdict, tested, title)
        )
    return Report(
        assignment=assignment.name,
        title=assignment.title,
        assignment_hash=assignment.content_hash,
        submission_sha256=notebook.sha256,
        seed=seed,
        questions=tuple(questions),
        cells=tuple(execution.runs[index] for index in sorted(execution.runs)),
        notebook=execution.notebook,
    )


def _test_result(
    test: TestDescription,
    result: dict[str, Any] | None,
    hint: dict[str, Any] | None,
    notebook: Notebook,
    execution: Execution,
) -> TestResult:
    # A test without a result was not judged: our fault, never the student's zero.
    result = result or {"verdict": Verdict.INTERNAL.value, "detail": "no result arrived"}
    verdict = Verdict(result["verdict"])
    line = _source_line(result.get("place"), notebook, execution)
    explained = hint is not None and verdict in (Verdict.FAILED, Verdict.INVALID)
    return TestResult(
        id=test.id,
        question=test.question,
        title=test.title,
        verdict=verdict,
        public=test.public,
        weight=Fraction(test.weight),
        detail=result.get("detail", ""),
        message=message_for(verdict, test, result, line),
        hint=hint["hint"] if explained and hint else None,
        line=line,
        seconds=result.get("seconds", 0.0),
    )


def _source_line(place: object, notebook: Notebook, execution: Execution) -> SourceLine | None:
    # Untrusted: the kernel's claim; only a line that the submission has is shown, from there.
    if not isinstance(place, list) or len(place) != 2 or not all(type(n) is int for n in place):
        return None
    index = execution.cell_of(place[0])
    if index is None:
        return None
    lines = notebook.cells[index].source.splitlines()
    if not 1 <= place[1] <= len(lines):
        return None
    return SourceLine(index + 1, place[1], lines[place[1] - 1].strip()[:200])


__all__ = ["AutograderError", "Grader", "Progress", "grade", "read_submission"]
