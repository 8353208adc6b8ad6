"""A tiny assignment to break, and one grader for all tests that need kernels."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.assignment import Assignment, find_assignment, load_assignment
from autograder.grade import Grader
from tests.autograder.examiner.calls import NOTEBOOK, Kernel

TOML = """\
title = "Tiny"
environment = "numpy"
points = 5

[limits]
cell_seconds = 10
call_seconds = 5

[[rubric.q2]]
points = 2
text = "Says why."
"""
HIDDEN_TEST = '''\
"""Hidden tests of the tiny assignment."""

import pytest

from autograder.checks import assert_close


@pytest.mark.question("q1", weight=2)
def test_double(student, rng):
    """Doubles any numbers."""
    x = rng.normal(size=7)
    assert_close(student.double(x), 2 * x)
'''
SETTINGS = """\
# ASSIGNMENT CONFIG
name: tiny
init_cell: true
export_cell: false
check_all_cell: false
run_tests: false
generate: false
tests:
    ok_format: false
    files: false"""
GIVEN = """\
import numpy as np


def helper(x):
    return np.asarray(x) + 1"""
SOLUTION = '''\
def double(x):
    """Return twice x."""
    # BEGIN SOLUTION
    return np.asarray(x) * 2.0
    # END SOLUTION'''
PUBLIC_TEST = '''\
def test_double_of_two(double, helper):
    """Two becomes four."""
    assert double(2) == helper(3), "2 becomes 4"'''
CELLS = [
    ("raw", SETTINGS),
    ("markdown", "# A tiny assignment"),
    ("code", GIVEN),
    ("raw", "# BEGIN QUESTION\nname: q1\npoints: 3"),
    ("markdown", "### Question 1\n\nDouble it."),
    ("raw", "# BEGIN SOLUTION"),
    ("code", SOLUTION),
    ("raw", "# END SOLUTION"),
    ("raw", "# BEGIN TESTS"),
    ("code", PUBLIC_TEST),
    ("raw", "# END TESTS"),
    ("raw", "# END QUESTION"),
    ("raw", "# BEGIN QUESTION\nname: q2\npoints: 2\nmanual: true"),
    ("markdown", "### Question 2\n\nWhy?"),
    ("raw", "# BEGIN SOLUTION"),
    ("markdown", "Because it is twice as much as before, of course."),
    ("raw", "# END SOLUTION"),
    ("raw", "# END QUESTION"),
]


def as_notebook(cells: list[tuple[str, str]], name: str | None = None) -> dict[str, Any]:
    """Make a notebook's document of kinds and sources."""
    metadata: dict[str, Any] = {"otter": {"assignment_name": name}} if name else {}
    # Without it otter-assign does not read a notebook.
    metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {
        "cells": [
            {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": source}
            | ({"execution_count": None, "outputs": []} if kind == "code" else {})
            for number, (kind, source) in enumerate(cells)
        ],
        "metadata": metadata,
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def as_bytes(cells: list[tuple[str, str]], name: str | None = None) -> bytes:
    """Make a notebook's file of kinds and sources."""
    return json.dumps(as_notebook(cells, name)).encode()


def with_cell(cells: list[tuple[str, str]], old: str, new: str) -> list[tuple[str, str]]:
    """Replace text in the one cell that holds it."""
    holders = [source for _, source in cells if old in source]
    assert len(holders) == 1, f"{len(holders)} cells hold {old!r}"
    return [(kind, source.replace(old, new)) for kind, source in cells]


@pytest.fixture
def make_assignment(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes the tiny assignment, changed as a test wants it."""

    def make(
        *,
        toml: str = TOML,
        cells: list[tuple[str, str]] = CELLS,
        hidden: str = HIDDEN_TEST,
        files: dict[str, str] | None = None,
    ) -> Path:
        folder = tmp_path / "tiny"
        (folder / "hidden").mkdir(parents=True)
        notebook = json.dumps(as_notebook(cells), indent=1, ensure_ascii=False)
        contents = {
            "assignment.toml": toml,
            "tiny.ipynb": notebook,
            "hidden/test_tiny.py": hidden,
        }
        for name, content in (contents | (files or {})).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content, encoding="utf-8")
        return folder

    return make


@pytest.fixture(scope="session")
def grader() -> Iterator[Grader]:
    """Return the one grader, warm as a portal's worker has it."""
    with Grader(spares=1) as shared:
        yield shared


@pytest.fixture(scope="session", params=["perceptron", "xor"])
def assignment(request: pytest.FixtureRequest) -> Assignment:
    """Return the assignments of this project that need NumPy only."""
    return load_assignment(find_assignment(request.param))


@pytest.fixture
def tiny(make_assignment: Callable[..., Path]) -> Assignment:
    """Return the tiny assignment, loaded."""
    return load_assignment(make_assignment())


@pytest.fixture(scope="session")
def xor() -> Assignment:
    """Return one assignment of this project."""
    return load_assignment(find_assignment("xor"))


@pytest.fixture(scope="module")
def shared() -> Iterator[Kernel]:
    """Return a kernel that no test harms."""
    kernel = Kernel(NOTEBOOK)
    yield kernel
    kernel.close()
    assert kernel.process.returncode == 0


@pytest.fixture
def student(shared: Kernel) -> Iterator[Any]:
    """Return the student of the shared kernel, and see to it that the kernel still serves."""
    shared.channel.begin_test()
    yield shared.student
    # A call: a variable may have been read before, and would then be answered without the kernel.
    assert shared.student.double(21) == 42


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    """Return a kernel that the test may end."""
    kernel = Kernel(NOTEBOOK)
    kernel.channel.begin_test()
    yield kernel
    kernel.close()
