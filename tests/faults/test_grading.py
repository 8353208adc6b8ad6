"""
Each process of a grading is killed, or stopped for a while, at each stage.

What comes of it is full marks, or a fault of ours after which the same submission gets full marks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from autograder.assignment import Assignment
from autograder.errors import InternalError
from autograder.examiner.process import Examiner
from autograder.grade import Grader
from autograder.progress import GradingProgress
from tests.autograder.conftest import as_bytes
from tests.autograder.grade.reports import full, scores
from tests.autograder.kernels.test_ended_processes import examiner_of
from tests.faults.processes import chain, kill, stop_for_a_while

SLOW, QUICK = (
    as_bytes(
        [
            ("code", "import numpy as np"),
            ("code", f"import time; time.sleep({seconds})"),
            ("code", f"def double(x):\n    time.sleep({seconds})\n    return 2 * np.asarray(x)"),
        ]
    )
    for seconds in (0.5, 0)
)
IN_THE_MIDDLE_SECONDS = 0.2
Act = Callable[[], object]
Victim = Callable[[Grader, Assignment], int]
Stage = Callable[[pytest.MonkeyPatch, Act], Callable[[GradingProgress], None]]


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    """A grader of these tests' own, with no other kernel than the one that is in use."""
    with Grader(spares=0) as own:
        yield own


def fork_server(grader: Grader, _: Assignment) -> int:
    """Return the process that kernels are forked from."""
    return in_kernels_sandbox(grader)[0]


def guardian(grader: Grader, _: Assignment) -> int:
    """Return the first process of the one kernel's namespaces."""
    return in_kernels_sandbox(grader)[1]


def kernel(grader: Grader, _: Assignment) -> int:
    """Return the one kernel."""
    return in_kernels_sandbox(grader)[2]


def in_kernels_sandbox(grader: Grader) -> list[int]:
    """Return the processes of the grader's one fork server."""
    (pool,) = grader._pools.values()
    return chain(pool._warm._process.pid)


def examiner(grader: Grader, assignment: Assignment) -> int:
    """Return the process that has collected the tests."""
    return chain(examiner_of(grader, assignment)._process.pid)[0]


def examiners_child(grader: Grader, assignment: Assignment) -> int:
    """Return the process that runs the tests of the one submission."""
    return chain(examiner_of(grader, assignment)._process.pid)[1]


def at(stage: str, number: int, act: Act) -> Callable[[GradingProgress], None]:
    """Act once, when a cell or a test begins."""
    left = [act]

    def progress(event: GradingProgress) -> None:
        if left and (event.stage, event.number) == (stage, number):
            left.pop()()

    return progress


def before_cells(_: pytest.MonkeyPatch, act: Act) -> Callable[[GradingProgress], None]:
    """When the kernel is there, and nothing has run."""
    return at("cell", 0, act)


def in_a_cell(_: pytest.MonkeyPatch, act: Act) -> Callable[[GradingProgress], None]:
    """When a cell has run for a while."""
    return at("cell", 1, threading.Timer(IN_THE_MIDDLE_SECONDS, act).start)


def before_tests(patch: pytest.MonkeyPatch, act: Act) -> Callable[[GradingProgress], None]:
    """When all cells have run, and no test has."""
    left, start = [act], Examiner.start_child

    def starting(self: Examiner, *arguments: Any) -> int:
        if left:
            left.pop()()
        return start(self, *arguments)

    patch.setattr(Examiner, "start_child", starting)
    return lambda _: None


def in_a_test(_: pytest.MonkeyPatch, act: Act) -> Callable[[GradingProgress], None]:
    """When a hidden test waits for the student's function."""
    return at("test", 1, threading.Timer(IN_THE_MIDDLE_SECONDS, act).start)


STAGES = (before_cells, in_a_cell, before_tests, in_a_test)
FULL = [
    *((stage, kernel) for stage in STAGES if stage is not before_cells),
    (in_a_test, examiners_child),
]
FAULT = [
    *((stage, guardian) for stage in STAGES),
    (in_a_test, fork_server),
    (before_tests, examiner),
    (in_a_test, examiner),
]
STOPPED = [
    (in_a_cell, kernel),
    (in_a_cell, guardian),
    (before_tests, examiner),
    (before_tests, fork_server),
    (in_a_test, kernel),
    (in_a_test, guardian),
    (in_a_test, examiners_child),
]


def named(pairs: list[tuple[Stage, Victim]]) -> list[Any]:
    """Return the parameters of a test, with names to read."""
    return [
        pytest.param(*pair, id=f"{pair[1].__name__} {pair[0].__name__}".replace("_", " "))
        for pair in pairs
    ]


@pytest.mark.parametrize(("stage", "victim"), named(FULL))
def test_what_can_run_again_does(
    grader: Grader,
    tiny: Assignment,
    monkeypatch: pytest.MonkeyPatch,
    stage: Stage,
    victim: Victim,
) -> None:
    """A killed kernel, and a killed child of the examiner's, are replaced within the grading."""
    grader.prepare(tiny)
    progress = stage(monkeypatch, lambda: kill(victim(grader, tiny)))

    report = grader.grade(SLOW, tiny, progress=progress)

    assert scores(report) == full(tiny)
    assert report.graded


@pytest.mark.parametrize(("stage", "victim"), named(FAULT))
def test_what_cannot_is_a_fault_of_ours(
    grader: Grader,
    tiny: Assignment,
    monkeypatch: pytest.MonkeyPatch,
    stage: Stage,
    victim: Victim,
) -> None:
    """No report, so no points, and the next try is as if nothing had been."""
    grader.prepare(tiny)
    progress = stage(monkeypatch, lambda: kill(victim(grader, tiny)))

    with pytest.raises(InternalError):
        grader.grade(SLOW, tiny, progress=progress)

    assert scores(grader.grade(QUICK, tiny)) == full(tiny)


@pytest.mark.parametrize(("stage", "victim"), named(STOPPED))
def test_what_is_stopped_for_a_while_costs_that_while(
    grader: Grader,
    tiny: Assignment,
    monkeypatch: pytest.MonkeyPatch,
    stage: Stage,
    victim: Victim,
) -> None:
    """As on a machine that is suspended, or has to fetch everything from its disk."""
    grader.prepare(tiny)
    progress = stage(monkeypatch, lambda: stop_for_a_while(victim(grader, tiny)))

    assert scores(grader.grade(SLOW, tiny, progress=progress)) == full(tiny)
