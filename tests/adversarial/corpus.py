"""The corpus of attacks: each folder of `cases` is one, put into a solved notebook."""

from __future__ import annotations

import functools
import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from autograder.assignment import Assignment, load_assignment
from autograder.assignment.build import build_solution
from autograder.render.notebooks import render_notebook
from autograder.render.page import report_page
from autograder.report import Report

CASES: Final = Path(__file__).parent / "cases"
# A piece of each solution cell that no other solution cell holds.
ANSWERS: Final = {
    "xor": {
        "q1": "W1 = np",
        "q2": "def forward(",
        "q3": "def rescale(",
        "q4": "alt = ",
        "q5": "w_lin = ",
        "q6": "board = ",
    },
    "perceptron": {"q3": "def layer("},
}
# Figures take a second and defend nothing.
DRAWING: Final = re.compile(r"^(plot_\w+|show)\(.*$", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    """
    One attack: cells that are put into a solved notebook, and what must come of it.

    Args:
        name: Of its folder.
        cells: Place and source of each: a question's id replaces its answer, ``start`` stands
            behind the imports, ``end`` behind everything.
        assignment: Whose notebook.
        loses: Questions that lose points, with the verdict of the first test that is not passed
            (``a|b`` allows either); all others keep theirs.
        zero: Those of them that keep no point.
        others: Whether it may cost other questions, too: it attacks what they all share.
        statuses: What comes of cells at ``start`` and ``end``, in order.
        absent: What the student must not read of it.
        seconds: How long it may take.
    """

    name: str
    cells: tuple[tuple[str, str], ...]
    assignment: str = "xor"
    loses: dict[str, str] = field(default_factory=dict)
    zero: tuple[str, ...] = ()
    others: bool = False
    statuses: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    seconds: float = 30.0


@dataclass(frozen=True)
class Outcome:
    """What came of an attack, and how long it took."""

    report: Report
    seconds: float


Outcomes = Callable[[Case], Outcome]


def load_case(folder: Path) -> Case:
    """Read an attack's folder."""
    settings = tomllib.loads((folder / "expect.toml").read_text())
    parts = re.split(r"^# %% ?(\S*).*\n", (folder / "cells.py").read_text(), flags=re.MULTILINE)
    cells = tuple(zip((place or "start" for place in parts[1::2]), parts[2::2], strict=True))
    lists = {key: tuple(value) for key, value in settings.items() if isinstance(value, list)}
    return Case(folder.name, cells, **(settings | lists))


@functools.cache
def solution(folder: Path) -> str:
    """Return the solved notebook's text."""
    return build_solution(load_assignment(folder)).text


def attacked(assignment: Assignment, cells: tuple[tuple[str, str], ...] = ()) -> bytes:
    """Put cells into the solved notebook of an assignment."""
    document = json.loads(solution(assignment.folder))
    code = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    for cell in code:
        cell["source"] = DRAWING.sub("", cell["source"])
    begin = document["cells"].index(code[1]) + 1
    for place, source in cells:
        if place == "start":
            document["cells"].insert(begin, _cell(source))
            begin += 1
        elif place == "end":
            document["cells"].append(_cell(source))
        else:
            piece = ANSWERS[assignment.name][place]
            (answer,) = [cell for cell in code if cell["source"].startswith(piece)]
            answer["source"] = source
    return json.dumps(document).encode()


def _cell(source: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": source,
    }


def student_text(report: Report) -> str:
    """Return all that a student can read of a report: view, page, the notebook as it ran."""
    outputs = [cell.get("outputs", []) for cell in report.notebook.cells]
    view = json.dumps([report.student_view().as_json(), outputs])
    rendered = render_notebook(report.notebook, [each.id for each in report.questions])
    return view + report_page(report, rendered, student=True)
