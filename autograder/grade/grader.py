"""The only place that wires the stages: notebook, kernel, values, hidden tests, report."""

from __future__ import annotations

import importlib
import math
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Final

from autograder.assignment import Assignment
from autograder.assignment.build import build_student
from autograder.closeable import Closeable
from autograder.environments import load_environment
from autograder.errors import NotebookError
from autograder.examiner.process import Examiner
from autograder.grade.assembly import assembled
from autograder.grade.seeds import KEY_BYTES, hidden_seed
from autograder.grade.shared_cache import SharedCache
from autograder.kernels.pool import KernelPool
from autograder.messages import Message, MessageCode
from autograder.notebook import Notebook, parse_notebook
from autograder.progress import GradingProgress
from autograder.report import Report

EXAMINERS_KEPT: Final = 8


def _silent(_: GradingProgress) -> None:
    pass


class Grader(Closeable):
    """
    Grades submissions; keeps kernels and examiners warm between them. Safe to use from threads.

    Args:
        spares: How many kernels to fork ahead in each environment.
        notebooks: How many notebooks are going to be graded, if that is known.
        key: By which hidden inputs are chosen where `grade` gets no seed; by default one that
            ends with the grader, so that no two graders choose alike.
    """

    def __init__(
        self, spares: int = 1, notebooks: float = math.inf, key: bytes | None = None
    ) -> None:
        self._key = key or secrets.token_bytes(KEY_BYTES)
        self._spares = spares
        self._notebooks = notebooks
        self._lock = threading.Lock()
        self._pools: dict[str, KernelPool] = {}
        self._pool_locks: dict[str, threading.Lock] = {}
        self._examiners: SharedCache[Examiner] = SharedCache(EXAMINERS_KEPT)
        self._prepared: set[str] = set()

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
            InternalError: If the sandbox cannot be built.
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
        progress: Callable[[GradingProgress], None] = _silent,
    ) -> Report:
        """
        Grade one submission.

        Args:
            data: The submitted bytes.
            assignment: What it answers.
            name: What to call the submission in messages.
            seed: Of the hidden inputs; by default one of the pool, by the key and the file.
            progress: Called as the work goes on.

        Raises:
            NotebookError: If the bytes are no notebook of this assignment.
            AssignmentError: If the assignment is broken.
            InternalError: If we could not grade; the submission may be tried again.
        """
        began = time.monotonic()
        notebook = read_submission(data, assignment, name)
        if seed is None:
            seed = hidden_seed(self._key, assignment.hidden_seeds, notebook.sha256)
        self.prepare(assignment)
        from autograder.grade.run import SubmissionRun

        run = SubmissionRun(self.pool(assignment), notebook, assignment, progress)
        with self._examiner(assignment) as examiner:
            execution, examined = run.examine(examiner, seed)
        report = assembled(notebook, assignment, seed, execution, examiner.tests, examined)
        return replace(report, seconds=time.monotonic() - began)

    def pool(self, assignment: Assignment) -> KernelPool:
        """
        Return what makes the kernels of an assignment; others of its environment share it.

        Raises:
            InternalError: If the sandbox cannot be built, as far as that can be told at once.
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
        names = {"other": notebook.assignment or "", "this": assignment.name}
        raise NotebookError(Message(MessageCode.OTHER_ASSIGNMENT, names), name)
    return notebook


def grade(data: bytes, assignment: Assignment, *, name: str = "notebook") -> Report:
    """Grade one submission with a grader of its own; see `Grader.grade`."""
    with Grader(spares=0) as grader:
        return grader.grade(data, assignment, name=name)
