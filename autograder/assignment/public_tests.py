"""
Write an assignment's public tests as a pytest module.

The tests come from the master notebook, never from a submission. A parameter that a solution cell
defines becomes the student's; every other one is the grader's own: an import or a helper of a given
cell, executed here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from autograder.assignment.folder import Assignment
from autograder.assignment.master import PublicTest, bound_names
from autograder.errors import AssignmentError
from autograder.syntax import parse


def public_test_module(assignment: Assignment) -> str:
    """
    Return the text of the module.

    Raises:
        AssignmentError: If a test asks for a name that no cell defines.
    """
    students = assignment.master.solution_names
    given = _GivenCode(cell.source for cell in assignment.master.given)
    tests, needed = [], set()
    for question in assignment.questions:
        for test in question.public_tests:
            for name in test.parameters:
                if name not in students and name not in given.names and name != "env":
                    raise AssignmentError(
                        f"the public test {test.name} asks for {name!r}, which no cell defines",
                        assignment.master.place(f"def {test.name}"),
                    )
            needed |= {name for name in test.parameters if name not in students}
            tests.append(_wrapped(question.id, test, students))
    header = ["import pytest", *given.slice_for(needed)]
    return "\n\n".join([*header, *tests]) + "\n"


def _wrapped(question_id: str, test: PublicTest, students: frozenset[str]) -> str:
    function = parse(test.source).body[0]
    assert isinstance(function, ast.FunctionDef)
    body = function.body[1:] if ast.get_docstring(function) else function.body
    fetched = [
        parse(f"{name} = student.get({name!r})").body[0]
        for name in test.parameters
        if name in students
    ]
    function.body = [ast.Expr(ast.Constant(test.title)), *fetched, *body]
    function.args = parse("def f(student): ...").body[0].args  # type: ignore[attr-defined]  # a def
    function.name = f"test_public_{question_id}_{test.name.removeprefix('test_')}"
    function.decorator_list = [_expression(f"pytest.mark.question({question_id!r}, public=True)")]
    return ast.unparse(ast.fix_missing_locations(function))


def _expression(source: str) -> ast.expr:
    statement = parse(source).body[0]
    assert isinstance(statement, ast.Expr)
    return statement.value


class _GivenCode:
    """Top-level statements of given cells, from which the needed ones are taken."""

    def __init__(self, sources: Iterable[str]) -> None:
        self._definitions: dict[str, list[int]] = {}
        self._statements: list[ast.stmt] = []
        for source in sources:
            try:
                statements = parse(source).body
            except SyntaxError:
                continue  # a cell with magics defines nothing that a test may ask for
            for statement in statements:
                for name in bound_names(statement):
                    self._definitions.setdefault(name, []).append(len(self._statements))
                self._statements.append(statement)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._definitions)

    def slice_for(self, names: Iterable[str]) -> list[str]:
        """Return the statements that define names, and those that they need, in order."""
        wanted, todo = set(), list(names)
        while todo:
            for number in self._definitions.get(todo.pop(), ()):
                if number not in wanted:
                    wanted.add(number)
                    used = ast.walk(self._statements[number])
                    todo += [node.id for node in used if isinstance(node, ast.Name)]
        return [ast.unparse(self._statements[number]) for number in sorted(wanted)]
