"""The only place that wires the stages: notebook, kernel, values, hidden tests, report."""

from __future__ import annotations

import importlib
import math
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from fractions import Fraction
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from autograder.assignment import Assignment
from autograder.assignment.build import build_student
from autograder.environments import load_environment
from autograder.errors import NotebookError
from autograder.examiner.process import Examiner, TestDescription
from autograder.grade.messages import message_for
from autograder.grade.written_answers import answer_cells
from autograder.kernels.pool import KernelPool, SharedCache
from autograder.notebook import Notebook, parse_notebook
from autograder.report import (
    QuestionResult,
    Report,
    SourceLine,
    TestResult,
    question_score,
    question_verdict,
)
from autograder.verdict import Verdict

if TYPE_CHECKING:
    from autograder.cells import CellRun
    from autograder.grade.run import Progress
    from autograder.kernels.runner import Execution

EXAMINERS_KEPT: Final = 8
MAX_SEARCHED: Final = 100_000
"""Characters of a cell in which a definition is looked for: the cell is a student's."""


def _silent(_: Progress) -> None:
    pass


class Grader:
    """
    Grades submissions; keeps kernels and examiners warm between them. Safe to use from threads.

    Args:
        spares: How many kernels to fork ahead in each environment.
        notebooks: How many notebooks are going to be graded, if that is known.
    """

    def __init__(self, spares: int = 1, notebooks: float = math.inf) -> None:
        self._spares = spares
        self._notebooks = notebooks
        self._lock = threading.Lock()
        self._pools: dict[str, KernelPool] = {}
        self._pool_locks: dict[str, threading.Lock] = {}
        self._examiners: SharedCache[Examiner] = SharedCache(EXAMINERS_KEPT)
        self._prepared: set[str] = set()

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
        if assignment.content_hash in self._prepared:
            return  # what has ended since is made again by who needs it
        # Its process takes longest, so it is launched before anything else begins.
        pool = self.pool(assignment)
        with ThreadPoolExecutor(4) as threads:
            examiner = threads.submit(self._collect, assignment)
            warm = threads.submit(pool.warm_up)
            built = threads.submit(build_student, assignment)
            # Late: running notebooks takes long to import.
            runner = threads.submit(importlib.import_module, "autograder.grade.run")
            for started in (examiner, warm, built, runner):
                started.result()
        self._prepared.add(assignment.content_hash)

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
        from autograder.grade.run import SubmissionRun

        run = SubmissionRun(self.pool(assignment), notebook, assignment, progress)
        with self._examiner(assignment) as examiner:
            execution, messages = run.examine(examiner, seed)
        report = _report(notebook, assignment, seed, execution, examiner.tests, messages)
        return replace(report, seconds=time.monotonic() - began)

    def pool(self, assignment: Assignment) -> KernelPool:
        """
        Return what makes the kernels of an assignment; others of its environment share it.

        Raises:
            InternalError: If the wall cannot be built, as far as that can be told at once.
        """
        name, packages = assignment.environment, assignment.master.packages
        with self._lock:
            lock = self._pool_locks.setdefault(name, threading.Lock())
        with lock:
            if name in self._pools:
                self._pools[name].expect(packages)
            else:
                environment = load_environment(name)
                self._pools[name] = KernelPool(environment, self._spares, packages, self._notebooks)
            return self._pools[name]

    def _examiner(self, assignment: Assignment) -> AbstractContextManager[Examiner]:
        return self._examiners.borrow(assignment.content_hash, lambda: Examiner(assignment))

    def _collect(self, assignment: Assignment) -> None:
        with self._examiner(assignment):
            pass


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
    unfinished = _unfinished_cell(result.get("name"), notebook, execution)
    explained = hint is not None and verdict in (Verdict.FAILED, Verdict.INVALID)
    return TestResult(
        id=test.id,
        question=test.question,
        title=test.title,
        verdict=verdict,
        public=test.public,
        weight=Fraction(test.weight),
        detail=result.get("detail", ""),
        message=message_for(verdict, test, result, line, unfinished),
        hint=hint["hint"] if explained and hint else None,
        line=line,
        seconds=result.get("seconds", 0.0),
    )


def _unfinished_cell(name: object, notebook: Notebook, execution: Execution) -> CellRun | None:
    """Find the cell that defines a missing name by its text, but did not run to its end."""
    if not isinstance(name, str):
        return None
    for run in execution.runs.values():
        source = notebook.cells[run.index].source
        if run.status != "ok" and len(source) <= MAX_SEARCHED and _defines(source, name):
            return run
    return None


def _defines(source: str, name: str) -> bool:
    """Return whether a line begins with the definition of a name, or assigns to it."""
    # Not parsed: a cell with a syntax error or a magic is what is looked for.
    word = re.compile(rf"\b{re.escape(name)}\b")
    for line in source.splitlines() if name in source else ():
        target, assigns, _ = line.partition("=")
        head, bracket, _ = target.partition("(")
        defines = head.split()[:1] in (["def"], ["class"])
        if word.search(head) and (defines or (assigns and not bracket)):
            return True
    return False


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
