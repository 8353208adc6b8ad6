"""One grader for all attacks, as on a server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Final

import pytest

from autograder.assignment import Assignment, find_assignment, load_assignment
from autograder.grade import Grader
from tests.adversarial.corpus import ANSWERS, Case, Outcome, Outcomes, attacked, solution

WORKERS: Final = 2
# Small, so that what is endless ends soon.
SMALL: Final = {
    "cell_seconds": 2.0,
    "call_seconds": 1.0,
    "grace_seconds": 0.3,
    "total_seconds": 40.0,
    "test_seconds": 8.0,
    "cpu_seconds": 60.0,
    "memory_mb": 512,
    "scratch_mb": 32,
    "scratch_files": 500,
    "output_mb": 4,
    "message_mb": 2,
    "callback_calls": 1000,
}


@pytest.fixture(scope="session")
def assignments() -> dict[str, Assignment]:
    """Return the assignments by name, with small limits."""
    loaded = {name: load_assignment(find_assignment(name)) for name in ANSWERS}
    return {
        name: replace(assignment, limits=replace(assignment.limits, **SMALL))
        for name, assignment in loaded.items()
    }


@pytest.fixture(scope="session")
def grader() -> Iterator[Grader]:
    """Return the one grader."""
    with Grader(spares=WORKERS) as shared:
        yield shared


@pytest.fixture(scope="session")
def outcomes(
    request: pytest.FixtureRequest, grader: Grader, assignments: dict[str, Assignment]
) -> Iterator[Outcomes]:
    """Return what comes of each attack; several are graded side by side, as on a server."""

    def outcome(case: Case) -> Outcome:
        assignment = assignments[case.assignment]
        began = time.monotonic()
        report = grader.grade(attacked(assignment, case.cells), assignment, seed=3)
        return Outcome(report, time.monotonic() - began)

    for assignment in assignments.values():
        solution(assignment.folder)  # once, before threads would each do it
        grader.prepare(assignment)
    cases = [
        item.callspec.params["case"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.originalname == "test_attack"
    ]
    with ThreadPoolExecutor(WORKERS) as threads:
        futures: dict[str, Future[Outcome]] = {
            case.name: threads.submit(outcome, case) for case in cases
        }
        yield lambda case: futures[case.name].result()
        threads.shutdown(cancel_futures=True)
