"""A kernel that the machine ends, for want of memory perhaps, costs nobody a cell."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator

import pytest

from autograder.cells import CellStatus
from autograder.environments import load_environment
from autograder.kernels.pool import KernelPool
from autograder.kernels.runner import NotebookRunner, kernel_files
from autograder.limits import Limits
from autograder.notebook import Notebook, parse_notebook
from tests.autograder.sandbox.processes import descendants_of, parents

SLEEPS = "import time; time.sleep(3.0); after = 1"


@pytest.fixture(scope="module")
def pool() -> Iterator[KernelPool]:
    """A pool that makes no kernel ahead, so that there is one."""
    pool = KernelPool(load_environment("numpy"), spares=0)
    yield pool
    pool.close()


def notebook(*sources: str) -> Notebook:
    """A notebook of code cells."""
    cells = [
        {"cell_type": "code", "source": source, "metadata": {}, "outputs": []} for source in sources
    ]
    document = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}
    return parse_notebook(json.dumps(document).encode())


def only_kernel() -> int:
    """The innermost process: launcher, bubblewrap, fork server and guardian are around it."""
    tree = parents()

    def depth(pid: int) -> int:
        return 0 if pid == os.getpid() else 1 + depth(tree[pid])

    return max(descendants_of(os.getpid()) & tree.keys(), key=depth)


def statuses(pool: KernelPool, submission: Notebook, kills: int) -> list[CellStatus]:
    """Run a notebook whose second cell's kernel is killed from outside, so many times."""
    left = [kills]

    def progress(number: int, _: int) -> None:
        if number == 1 and left[0]:
            left[0] -= 1
            threading.Timer(0.3, os.kill, (only_kernel(), signal.SIGKILL)).start()

    files = kernel_files("killed", submission, {}, iter(()))
    execution = NotebookRunner(pool.take, submission, files, Limits(), progress).run()
    execution.close()
    return [execution.runs[index].status for index in sorted(execution.runs)]


def test_a_kernel_that_is_killed_once_runs_again(pool: KernelPool) -> None:
    """The same cell gets a second kernel, and ends well in it."""
    assert statuses(pool, notebook("a = 1", SLEEPS, "after"), kills=1) == [CellStatus.OK] * 3


def test_a_cell_that_is_killed_twice_is_left_out(pool: KernelPool) -> None:
    """What happens again is the cell's own doing, and the others are run without it."""
    found = statuses(pool, notebook("a = 1", SLEEPS, "a"), kills=2)

    assert found == [CellStatus.OK, CellStatus.KERNEL_DIED, CellStatus.OK]
