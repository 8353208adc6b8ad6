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
from autograder.kernels.runner import MAX_KERNELS, Execution, NotebookRunner, kernel_files
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


def only_kernel(pool: KernelPool) -> int:
    """The innermost process: bubblewrap, fork server and guardian are around it."""
    tree = parents()
    # Other tests' graders have kernels, too, in this same process.
    server = pool._warm
    assert server is not None
    outermost = server._process.pid

    def depth(pid: int) -> int:
        return 0 if pid == outermost else 1 + depth(tree[pid])

    return max(descendants_of(outermost) & tree.keys(), key=depth)


def run(
    pool: KernelPool,
    submission: Notebook,
    kills: int,
    *,
    cell: int = 1,
    after: float = 0.3,
    limits: Limits | None = None,
) -> Execution:
    """Run a notebook, one of whose cells' kernel is killed from outside, so many times."""
    left = [kills]

    def progress(number: int, _: int) -> None:
        if number == cell and left[0]:
            left[0] -= 1
            threading.Timer(after, os.kill, (only_kernel(pool), signal.SIGKILL)).start()

    files = kernel_files("killed", submission, {}, iter(()))
    limits = limits or Limits()
    execution = NotebookRunner(pool.take, submission, files, limits, progress).run()
    execution.close()
    return execution


def statuses(execution: Execution) -> list[CellStatus]:
    """How each cell ran."""
    return [execution.runs[index].status for index in sorted(execution.runs)]


def test_a_kernel_that_is_killed_once_runs_again(pool: KernelPool) -> None:
    """The same cell gets a second kernel, and ends well in it."""
    found = run(pool, notebook("a = 1", SLEEPS, "after"), kills=1)

    assert statuses(found) == [CellStatus.OK] * 3


def test_a_cell_that_is_killed_twice_is_left_out(pool: KernelPool) -> None:
    """What happens again is the cell's own doing, and the others are run without it."""
    found = run(pool, notebook("a = 1", SLEEPS, "a"), kills=2)

    assert statuses(found) == [CellStatus.OK, CellStatus.KERNEL_DIED, CellStatus.OK]


def test_the_machine_counts_against_no_bound(pool: KernelPool) -> None:
    """Where all but one of a notebook's kernels are spent, the last is replaced all the same."""
    ends = "import os; os._exit(1)"
    submission = notebook(*[ends] * (MAX_KERNELS - 1), SLEEPS, "after")

    found = run(pool, submission, kills=1, cell=MAX_KERNELS - 1)

    died = [CellStatus.KERNEL_DIED] * (MAX_KERNELS - 1)
    assert statuses(found) == [*died, CellStatus.OK, CellStatus.OK]
    told = [cell.outputs[0].text for cell in found.notebook.cells[: MAX_KERNELS - 1]]
    assert all("ended the Python process" in each for each in told)


def test_the_last_kernel_that_a_notebook_may_end(pool: KernelPool) -> None:
    """Every cell that ended one is told of, and no kernel is left for the tests."""
    found = run(pool, notebook(*["import os; os._exit(1)"] * (MAX_KERNELS + 1)), kills=0)

    assert statuses(found) == [CellStatus.KERNEL_DIED] * MAX_KERNELS
    assert found.calls() is None


def test_what_was_lost_is_not_counted_as_time(pool: KernelPool) -> None:
    """A cell that was killed late has all of the notebook's time again."""
    submission = notebook("a = 1", "import time; time.sleep(2)", "a")

    found = run(pool, submission, kills=1, after=1.5, limits=Limits(total_seconds=3.0))

    assert statuses(found) == [CellStatus.OK] * 3
