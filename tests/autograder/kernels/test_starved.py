"""A neighbour's load is never a student's time-out; sleeping and endless work end all the same."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace

from autograder.assignment import Assignment
from autograder.cells import CellStatus
from autograder.grade import Grader
from autograder.limits import Limits
from autograder.report import Report
from autograder.verdict import Verdict
from tests.autograder.neighbours import busy_neighbours

BUSY = "import time; end = time.process_time() + {seconds}\nwhile time.process_time() < end: pass"
LIMITS = replace(Limits(), cell_seconds=1.5, call_seconds=1.0, grace_seconds=0.5)


def graded(grader: Grader, assignment: Assignment, *sources: str) -> Report:
    """Grade a notebook of these cells with small limits."""
    cells = [
        {"cell_type": "code", "source": source, "metadata": {}, "outputs": []} for source in sources
    ]
    document = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}
    return grader.grade(json.dumps(document).encode(), replace(assignment, limits=LIMITS))


def test_work_beside_busy_neighbours(grader: Grader, tiny: Assignment) -> None:
    """A cell and a call that need most of their time get it, though the clock says much more."""
    double = "def double(x):\n    import time\n    end = time.process_time() + 0.6\n"
    double += "    while time.process_time() < end: pass\n    import numpy\n"
    double += "    return 2 * numpy.asarray(x)"
    with busy_neighbours(4 * len(os.sched_getaffinity(0))):
        report = graded(grader, tiny, BUSY.format(seconds=1.0), double)

    assert [run.status for run in report.cells] == [CellStatus.OK, CellStatus.OK]
    assert [test.verdict for test in report.questions[0].tests] == [Verdict.PASSED] * 2


def test_what_is_endless_ends_beside_busy_neighbours(grader: Grader, tiny: Assignment) -> None:
    """An endless cell ends when it has had its CPU time; one that sleeps, by the clock."""
    with busy_neighbours(2 * len(os.sched_getaffinity(0))):
        report = graded(grader, tiny, "while True: pass", "import time; time.sleep(600)")

    assert [run.status for run in report.cells] == [CellStatus.TIMEOUT, CellStatus.TIMEOUT]


def test_sleep_has_the_clock(grader: Grader, tiny: Assignment) -> None:
    """A cell that sleeps waits for no processor, and has no more time than its limit says."""
    began = time.monotonic()

    report = graded(grader, tiny, "import time; time.sleep(600)")

    assert report.cells[0].status is CellStatus.TIMEOUT
    assert report.cells[0].seconds < 10
    assert time.monotonic() - began < 60
