"""One grader for all attacks, as on a server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import pytest

from autograder.assignment import Assignment, find_assignment, load_assignment
from autograder.grade import Grader
from tests.adversarial.corpus import ANSWERS

# Small, so that what is endless ends soon.
SMALL: Final = {
    "cell_seconds": 2.0,
    "call_seconds": 1.0,
    "grace_seconds": 0.5,
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
    """Give the assignments by name, with small limits."""
    loaded = {name: load_assignment(find_assignment(name)) for name in ANSWERS}
    return {
        name: replace(assignment, limits=replace(assignment.limits, **SMALL))
        for name, assignment in loaded.items()
    }


@pytest.fixture(scope="session")
def grader() -> Iterator[Grader]:
    """Give the one grader."""
    with Grader(spares=1) as shared:
        yield shared
