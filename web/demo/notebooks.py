"""Notebooks that the made-up students submit, built from the assignment's own answers."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from typing import Any, Final

from autograder.assignment import Assignment
from autograder.assignment.build import build_student
from autograder.sample_answers import SampleAnswer
from autograder.syntax import parse
from autograder.validate.bank import misconceptions
from autograder.validate.solved import SolvedNotebook

ENDLESS: Final = (
    "total = 0.0\nwhile total != 1:  # 0.1 + 0.1 + ... is never exactly 1\n    total += 0.1"
)


# What an author writes around a solution, and no student does.
_MARKS: Final = re.compile(r"^[ \t]*# (?:BEGIN|END) SOLUTION.*\n?|[ \t]*# SOLUTION.*", re.MULTILINE)


@dataclass(frozen=True)
class Work:
    """
    How far a student has come.

    Args:
        wrong: Questions answered by a typical mistake, each with the mistake's title.
        undone: Questions that were not begun.
        endless: The question behind which a loop never ends, if any.
        blank: Whether nothing was done at all.
    """

    wrong: tuple[tuple[str, str], ...] = ()
    undone: tuple[str, ...] = ()
    endless: str | None = None
    blank: bool = False


def notebook(assignment: Assignment, work: Work) -> bytes:
    """Return the notebook's file."""
    blank = build_student(assignment)
    if work.blank:
        return blank.text.encode()
    solved = SolvedNotebook(assignment)
    document: dict[str, Any] = json.loads(solved.text())
    cells = document["cells"]
    begun = _code_cells(blank.notebook["cells"])
    for question in work.undone:
        cell = cells[solved.place(question) - 1]
        number = next(n for n, each in enumerate(_code_cells(cells)) if each is cell)
        cell["source"] = begun[number]["source"]
    for question, title in work.wrong:
        _answer(cells[solved.place(question) - 1], _mistake(assignment, question, title))
    if work.endless is not None:
        cells[solved.place(work.endless) - 1]["source"] += f"\n\n\n{ENDLESS}"
    for cell in _code_cells(cells):
        cell["source"] = _MARKS.sub("", cell["source"])
    return json.dumps(document).encode()


def _code_cells(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [cell for cell in cells if cell["cell_type"] == "code"]


def _mistake(assignment: Assignment, question: str, title: str) -> SampleAnswer:
    return next(
        answer.sample
        for answer in misconceptions(assignment)
        if answer.sample.question == question and answer.sample.title == title
    )


def _answer(cell: dict[str, Any], mistake: SampleAnswer) -> None:
    """Put a wrong answer in place of the solution's function, or behind it."""
    lines = cell["source"].splitlines()
    for node in parse(cell["source"]).body:
        if isinstance(node, ast.FunctionDef) and node.name == mistake.name:
            lines[node.lineno - 1 : node.end_lineno] = mistake.source.splitlines()
            break
    else:
        lines += ["", mistake.source]
    cell["source"] = "\n".join(lines)
