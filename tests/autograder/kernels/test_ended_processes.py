"""Examiners and warm processes that end are made anew; nobody loses a mark by it."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from autograder.assignment import Assignment
from autograder.errors import InternalError
from autograder.examiner.process import Examiner
from autograder.grade import Grader
from autograder.progress import GradingProgress
from tests.autograder.grade.reports import (
    TINY_SOLUTION,
    Cells,
    full,
    graded,
    scores,
)


def test_examiner_that_ends_between_submissions(grader: Grader, tiny: Assignment) -> None:
    """An examiner that has ended while it was idle is replaced; nobody notices."""
    assert scores(graded(grader, tiny, [TINY_SOLUTION])) == full(tiny)
    examiner = examiner_of(grader, tiny)
    end(examiner._process.pid)
    assert scores(graded(grader, tiny, [TINY_SOLUTION])) == full(tiny)
    assert examiner_of(grader, tiny) is not examiner


def test_examiner_that_ends_in_the_middle(grader: Grader, tiny: Assignment) -> None:
    """An examiner that ends while a notebook runs is our fault, never a zero."""
    graded(grader, tiny, [])
    examiner = examiner_of(grader, tiny)

    def sabotage(event: GradingProgress) -> None:
        if event.stage == "cell" and examiner.alive():
            end(examiner._process.pid)

    with pytest.raises(InternalError):
        graded(grader, tiny, [TINY_SOLUTION], progress=sabotage)
    assert scores(graded(grader, tiny, [TINY_SOLUTION])) == full(tiny)
    assert examiner_of(grader, tiny) is not examiner


def test_one_examiner_serves_many(grader: Grader, tiny: Assignment) -> None:
    """Submissions that are graded side by side share one collection of the tests."""
    graded(grader, tiny, [])
    examiner = examiner_of(grader, tiny)
    with ThreadPoolExecutor(4) as threads:
        reports = [threads.submit(graded, grader, tiny, [TINY_SOLUTION]) for _ in range(8)]
        assert all(scores(report.result()) == full(tiny) for report in reports)
    assert examiner_of(grader, tiny) is examiner


def examiner_of(grader: Grader, assignment: Assignment) -> Examiner:
    """Return the examiner that a grader keeps for an assignment."""
    examiner = grader._examiners._entries[assignment.content_hash].item
    assert examiner is not None
    return examiner


def end(pid: int) -> None:
    """Kill a process of the grader's, and wait until that shows."""
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def test_warm_process_that_ends_between_submissions(grader: Grader, tiny: Assignment) -> None:
    """After the end of the warm process the next submission is graded by a new one."""
    graded(grader, tiny, [])
    old = grader._pools["numpy"]._warm
    end(old._process.pid)
    assert scores(graded(grader, tiny, [TINY_SOLUTION])) == full(tiny)
    assert grader._pools["numpy"]._warm is not old


def test_warm_process_that_ends_in_the_middle(grader: Grader, tiny: Assignment) -> None:
    """The end of the warm process under a running notebook is no student's fault."""
    graded(grader, tiny, [])

    def sabotage(event: GradingProgress) -> None:
        if (event.stage, event.number) == ("cell", 1):
            end(grader._pools["numpy"]._warm._process.pid)

    cells: Cells = [TINY_SOLUTION, ("code", "import time\ntime.sleep(5)"), ("code", "1")]
    with pytest.raises(InternalError):
        graded(grader, tiny, cells, progress=sabotage)
    assert scores(graded(grader, tiny, [TINY_SOLUTION])) == full(tiny)
