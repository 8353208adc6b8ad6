"""
The solved notebook, with room for a sample answer behind each solution.

Where hundreds of answers are tried, it is run without its figures: without the given cells that
use an answer and define nothing that another cell needs.
"""

from __future__ import annotations

import ast
import copy
import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from autograder.assignment import Assignment
from autograder.assignment.build import build_solution
from autograder.assignment.master import bound_names
from autograder.errors import AssignmentError
from autograder.syntax import parse

SOLUTION_TAG: Final = "otter_assign_solution_cell"


class SolvedNotebook:
    """
    The solved notebook of an assignment.

    Args:
        assignment: Whose notebook.
        figures: Whether to keep the cells that only show the answers.

    Raises:
        AssignmentError: If a solution cell of the master is not in it.
    """

    def __init__(self, assignment: Assignment, *, figures: bool = True) -> None:
        self._document = build_solution(assignment).notebook
        self._end_of = _ends_of_solutions(assignment, self._document["cells"])
        if not figures:
            self._document = _without_figures(self._document)

    def text(self, source: str = "", question: str | None = None) -> str:
        """Return the notebook's file, with a sample's cell behind the question's solution."""
        if question is None or not source:
            return json.dumps(self._document)
        document = copy.deepcopy(self._document)
        document["cells"].insert(self.place(question), code_cell(source))
        return json.dumps(document)

    def place(self, question: str) -> int:
        """Return the number, from 0, of the cell that a sample's becomes."""
        return self._end_of[question]

    def recomputed(self, source: str, question: str) -> str:
        """
        Return the statements of later cells that a sample's names make come out otherwise.

        What they compute from these names is computed again, and names that they define are defined
        again; statements that are a mere call, such as drawing a figure, are left out.
        """
        if not source or question not in self._end_of:
            return ""
        defined = _names_bound(_statements(source))
        changed, again = set(defined), []
        for statement in self._statements_behind(question):
            bound = set(bound_names(statement))
            if not changed & (_names_used(statement) | bound):
                continue
            changed |= bound
            if bound & defined or not isinstance(statement, ast.FunctionDef | ast.ClassDef):
                again.append(ast.unparse(statement))
        return "\n".join(again)

    def _statements_behind(self, question: str) -> Iterator[ast.stmt]:
        for cell in self._document["cells"][self.place(question) :]:
            for statement in _statements(cell["source"]) if _is_code(cell) else ():
                if not isinstance(statement, ast.Expr):
                    yield statement


def _ends_of_solutions(assignment: Assignment, cells: list[dict[str, Any]]) -> dict[str, int]:
    """Return, by question, the number of the cell behind its solution."""
    tagged = (number for number, cell in enumerate(cells) if _is_solution(cell))
    ends: dict[str, int] = {}
    for question in assignment.questions:
        for cell in question.solution:
            if cell.kind == "code":
                number = next(tagged, None)
                if number is None:
                    raise AssignmentError(
                        "a solution cell does not arrive in the solved notebook",
                        assignment.master.place(f"name: {question.id}"),
                    )
                ends[question.id] = number + 1
    return ends


def _without_figures(document: dict[str, Any]) -> dict[str, Any]:
    cells = [dict(cell) for cell in document["cells"]]
    for number in _figures(cells):
        # An empty cell in its place, so that cells keep their numbers.
        cells[number]["source"] = ""
    return document | {"cells": cells}


def _figures(cells: list[dict[str, Any]]) -> Iterator[int]:
    """Return the numbers of given cells that use an answer and that nothing else needs."""
    code = {n: _statements(cell["source"]) for n, cell in enumerate(cells) if _is_code(cell)}
    used = {n: {name for each in code[n] for name in _names_used(each)} for n in code}
    answers = {name for n in code if _is_solution(cells[n]) for name in _names_bound(code[n])}
    for number, statements in code.items():
        if _is_solution(cells[number]):
            continue
        elsewhere = {name for n, names in used.items() if n != number for name in names}
        shows = bool(used[number] & answers) or _is_check(cells[number])
        if shows and not _names_bound(statements) & elsewhere:
            yield number


def _is_code(cell: dict[str, Any]) -> bool:
    return bool(cell["cell_type"] == "code")


def _is_check(cell: dict[str, Any]) -> bool:
    return bool(cell["source"].startswith("grader.check("))


def _is_solution(cell: dict[str, Any]) -> bool:
    return _is_code(cell) and SOLUTION_TAG in cell["metadata"].get("tags", ())


def code_cell(source: str) -> dict[str, Any]:
    """Return the cell of a sample answer."""
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": "sample",
        "metadata": {},
        "outputs": [],
        "source": source,
    }


def _statements(source: str) -> list[ast.stmt]:
    try:
        return parse(source).body
    except SyntaxError:
        return []  # a cell with magics computes nothing from an answer


def _names_bound(statements: Iterable[ast.stmt]) -> set[str]:
    return {name for statement in statements for name in bound_names(statement)}


def _names_used(statement: ast.stmt) -> set[str]:
    """Return the names that a statement loads, those inside of functions that it defines too."""
    return set(_loads(statement))


def _loads(statement: ast.stmt) -> Iterator[str]:
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
