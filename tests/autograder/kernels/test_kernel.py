"""What notebooks do with IPython, in a kernel whose shell was built before the fork."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from autograder.environments import load_environment
from autograder.kernels.pool import KernelPool
from autograder.kernels.runner import Execution, NotebookRunner, kernel_files
from autograder.limits import Limits
from autograder.notebook import parse_notebook

CELLS = {
    "first": "import sys; hasattr(sys, 'last_value'), In[1:] == [_i1]",
    "shell": "get_ipython().kernel.shell is get_ipython() is get_ipython().kernel.shell.instance()",
    "await": "import asyncio\nawait asyncio.sleep(0.01)\n'awaited'",
    "error": "def f(x):\n    return 1 / x\nf(0)",
    "after": "type(sys.last_value).__name__, __name__, globals() is get_ipython().user_ns",
    "shell command": "!echo $((6 * 7))",
    "magic": "%time 6 * 7",
    "display": "from IPython.display import Markdown, display\ndisplay(Markdown('*m*'))",
    "store": "get_ipython().profile_dir.location",
    "name": "print(f.__code__.co_filename)",
    "matplotlib": "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);",
    "leave": "exit()",
    "standard error": "print('to the side', file=sys.stderr)",
    "widget": "import ipywidgets\nwith ipywidgets.Output():\n    print('in a widget')",
    "interact": "ipywidgets.interact(lambda a: print('a =', a), a=(0, 4));",
}


@pytest.fixture(scope="module")
def execution() -> Iterator[Execution]:
    """Run all cells in one kernel that has no matplotlib yet."""
    cells = [
        {"cell_type": "code", "source": source, "metadata": {}, "outputs": []}
        for source in CELLS.values()
    ]
    document = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}
    notebook = parse_notebook(json.dumps(document).encode(), "ipython.ipynb")
    files = kernel_files("ipython", notebook, {}, iter(()))
    pool = KernelPool(load_environment("numpy"), spares=0)
    execution = NotebookRunner(pool.take, notebook, files, Limits()).run()
    yield execution
    execution.close()
    pool.close()


@pytest.mark.parametrize(
    ("cell", "kind", "expected"),
    [
        ("first", "text/plain", "(False, True)"),
        ("shell", "text/plain", "True"),
        ("await", "text/plain", "'awaited'"),
        ("error", "evalue", "division by zero"),
        ("after", "text/plain", "('ZeroDivisionError', '__main__', True)"),
        ("shell command", "text", "42"),
        ("magic", "text/plain", "42"),
        ("display", "text/markdown", "*m*"),
        ("store", "text/plain", "'/home/student/.ipython/profile_default'"),
        ("name", "text", "/tmp/ipykernel_"),
        ("matplotlib", "image/png", "iVBOR"),
        ("standard error", "text", "to the side"),
        ("widget", "text", "in a widget"),
        ("interact", "text", "a = 2"),
    ],
)
def test_cell(execution: Execution, cell: str, kind: str, expected: str) -> None:
    """Each cell shows what it shows in any Jupyter."""
    assert found(execution, cell)[kind].strip().startswith(expected)


def test_leaving_is_not_possible(execution: Execution) -> None:
    """Cells after an `exit()` run, and nothing prints what it does not print elsewhere."""
    assert not execution.notebook.cells[list(CELLS).index("leave")].outputs
    assert [run.count for run in execution.runs.values()] == [*range(1, len(CELLS) + 1)]


def test_a_first_figure_prints_nothing(execution: Execution) -> None:
    """Neither matplotlib nor fontconfig, which looks for fonts, complains in the cell."""
    outputs = execution.notebook.cells[list(CELLS).index("matplotlib")].outputs
    assert [output["output_type"] for output in outputs] == ["display_data"]


def test_the_traceback_shows_the_cell(execution: Execution) -> None:
    """Lines of the student's code, with their numbers."""
    (output,) = execution.notebook.cells[list(CELLS).index("error")].outputs
    assert "----> 2     return 1 / x" in "\n".join(output["traceback"])


def found(execution: Execution, cell: str) -> dict[str, Any]:
    """Return all that a cell put out, by kind; no two outputs may be of one kind."""
    together: dict[str, Any] = {}
    for output in execution.notebook.cells[list(CELLS).index(cell)].outputs:
        content = output.get("data", output)
        if content.get("name") == together.get("name") == "stdout":
            # What is printed comes in pieces, if the machine is slow.
            together["text"] += content["text"]
            continue
        # `%time` prints, too.
        assert not content.keys() & together.keys() - {"output_type", "name", "metadata"}
        together |= content
    return together
