"""The example of the handbook, whole and with planted faults; one pool of kernels for all tests."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.assignment import Assignment, load_assignment
from autograder.environments import load_environment
from autograder.kernels.pool import KernelPool
from autograder.validate.forked_notebook import ForkedNotebook
from tests.autograder.validate.example import EXAMPLE


@pytest.fixture(scope="session")
def example() -> Assignment:
    """The handbook's example."""
    return load_assignment(EXAMPLE)


@pytest.fixture(scope="session")
def forked(example: Assignment) -> Iterator[ForkedNotebook]:
    """A forked with the example's solved notebook."""
    pool = KernelPool(load_environment("numpy"), spares=0)
    with ForkedNotebook(pool, example) as forked:
        yield forked
    pool.close()


@pytest.fixture
def copy_example(tmp_path: Path) -> Callable[[str], Path]:
    """Copy the example into a folder of its own, to plant a fault in it."""

    def copy(label: str) -> Path:
        ignored = shutil.ignore_patterns("__pycache__")
        return Path(shutil.copytree(EXAMPLE, tmp_path / label / "pendulum", ignore=ignored))

    return copy
