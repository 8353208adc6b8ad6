"""
What an assignment tests, read off its files: nothing of it runs.

Grading collects hidden tests in a sandbox; this is for people who look at an assignment.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.assignment.folder import Assignment, question_of
from autograder.syntax import lines_of, parse


@dataclass(frozen=True)
class ListedTest:
    """
    A test, as its file says it.

    Args:
        question: The id of its question.
        title: What reports call it.
        visible: Whether students have it.
        source: Its code.
        several: Whether it is run with several parameters, each a test of its own.
        place: File and line; empty for one of the notebook.
    """

    question: str
    title: str
    visible: bool
    source: str
    several: bool = False
    place: str = ""


def list_tests(assignment: Assignment) -> list[ListedTest]:
    """Return an assignment's tests by question, in the notebook's order; visible ones first."""
    found = [
        ListedTest(question.id, test.title, visible=True, source=test.source)
        for question in assignment.questions
        for test in question.public_tests
    ]
    for file in assignment.hidden_tests:
        found += _tests_in(file)
    order = {question.id: number for number, question in enumerate(assignment.questions)}
    return sorted(found, key=lambda test: (order[test.question], not test.visible))


def _tests_in(file: Path) -> Iterator[ListedTest]:
    text = file.read_text(encoding="utf-8")
    for node in ast.walk(parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            yield _listed(node, text, file)


def _listed(function: ast.FunctionDef, text: str, file: Path) -> ListedTest:
    title = (ast.get_docstring(function) or function.name).strip().splitlines()[0]
    first = min([function.lineno, *(each.lineno for each in function.decorator_list)])
    return ListedTest(
        question_of(function) or "",
        title,
        visible=False,
        source="\n".join(lines_of(text)[first - 1 : function.end_lineno]),
        several=any("parametrize" in ast.unparse(each) for each in function.decorator_list),
        place=f"{file.name}:{function.lineno}",
    )
