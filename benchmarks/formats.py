"""
One of our assignments in the formats of otter-grader and nbgrader: same cells, same checks.

The public tests are in otter's format anyway. A hidden test of ours becomes a function of the
notebook's names: ``student.f(x)`` turns into ``f(x)``, ``assert_close`` into NumPy's.
"""

from __future__ import annotations

import ast
import copy
import json
from collections.abc import Iterator
from typing import Any, Final

from autograder.assignment import Assignment
from autograder.assignment.master import Question

Document = dict[str, Any]
_CLOSE: Final = "np.testing.assert_allclose(ACTUAL, EXPECTED, rtol=1e-4, atol=1e-6)"
_SEEDED: Final = "rng = np.random.default_rng(1)"


def otter_master(assignment: Assignment) -> Document:
    """Return the master notebook for ``otter assign``, with the hidden tests in it."""
    document: Document = json.loads(assignment.master.text)
    hidden = hidden_tests(assignment)
    cells: list[Document] = []
    question = ""
    for cell in document["cells"]:
        source = "".join(cell["source"])
        if source.startswith("# BEGIN QUESTION"):
            question = next(q.id for q in assignment.questions if f"name: {q.id}" in source)
        if source.startswith("# ASSIGNMENT CONFIG"):
            cell["source"] = source.replace("generate: false", "generate: true")
        if source.startswith("# END TESTS"):
            cells += [_code_cell(f"# HIDDEN\n{ast.unparse(test)}") for test in hidden[question]]
        cells.append(cell)
    return _numbered(document, cells)


def nbgrader_source(assignment: Assignment) -> Document:
    """Return the source notebook for ``nbgrader generate_assignment``."""
    document: Document = json.loads(assignment.master.text)
    hidden = hidden_tests(assignment)
    questions = iter(assignment.questions)
    cells: list[Document] = []
    inside_tests = False
    for cell in document["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "raw":
            inside_tests = source.startswith("# BEGIN TESTS")
            if inside_tests:
                question = next(questions)
                cells.append(_test_cell(question, hidden[question.id]))
        elif not inside_tests:
            solution = "# SOLUTION" in source or "# BEGIN SOLUTION" in source
            cells.append(_solution_cell(source, len(cells)) if solution else cell)
    return _numbered(document, cells)


def hidden_tests(assignment: Assignment) -> dict[str, list[ast.FunctionDef]]:
    """Return the hidden tests of each question as functions of the notebook's names."""
    found: dict[str, list[ast.FunctionDef]] = {q.id: [] for q in assignment.questions}
    for path in assignment.hidden_tests:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                marker = node.decorator_list[0]
                assert isinstance(marker, ast.Call)
                found[ast.literal_eval(marker.args[0])].append(_plain(node))
    return found


def _plain(test: ast.FunctionDef) -> ast.FunctionDef:
    needs_rng = any(argument.arg == "rng" for argument in test.args.args)
    rewriter = _Rewriter()
    plain = rewriter.visit(copy.deepcopy(test))
    plain.decorator_list = []
    plain.args.args = [ast.arg(name) for name in [*sorted(rewriter.names), "np"]]
    if needs_rng:
        plain.body.insert(1, ast.parse(_SEEDED).body[0])
    fixed: ast.FunctionDef = ast.fix_missing_locations(plain)
    return fixed


class _Rewriter(ast.NodeTransformer):
    """Turns what only our hidden tests know into plain Python; notes the student's names."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.value, ast.Name) and node.value.id == "student":
            self.names.add(node.attr)
            return ast.Name(node.attr, node.ctx)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "assert_close":
            call = ast.parse(_CLOSE, mode="eval").body
            assert isinstance(call, ast.Call)
            call.args = node.args
            return call
        return node

    def visit_With(self, node: ast.With) -> ast.AST:
        self.generic_visit(node)
        expected = node.items[0].context_expr
        assert isinstance(expected, ast.Call)
        handler = ast.ExceptHandler(expected.args[0], None, [ast.Pass()])
        silent = ast.parse("raise AssertionError('nothing was raised')").body
        return ast.Try(node.body, [handler], silent, [])


def _test_cell(question: Question, hidden: list[ast.FunctionDef]) -> Document:
    """Make one graded cell of nbgrader's: the public tests, then the hidden ones."""
    public = [ast.parse(test.source).body[0] for test in question.public_tests]
    source = "\n\n".join(
        [
            "import numpy as np",
            *_called(public),
            "### BEGIN HIDDEN TESTS",
            *_called(hidden),
            "### END HIDDEN TESTS",
        ]
    )
    cell = _code_cell(source)
    points = float(question.points)
    cell["metadata"]["nbgrader"] = _nbgrader(f"{question.id}-tests", grade=True, points=points)
    return cell


def _called(functions: list[Any]) -> Iterator[str]:
    for function in functions:
        arguments = ", ".join(argument.arg for argument in function.args.args)
        yield f"{ast.unparse(function)}\n\n{function.name}({arguments})"


def _solution_cell(source: str, number: int) -> Document:
    text = source.replace("# BEGIN SOLUTION", "### BEGIN SOLUTION")
    text = text.replace("# END SOLUTION", "### END SOLUTION")
    if "  # SOLUTION" in text:
        lines = text.replace("  # SOLUTION", "").strip()
        text = f"### BEGIN SOLUTION\n{lines}\n### END SOLUTION"
    cell = _code_cell(text)
    cell["metadata"]["nbgrader"] = _nbgrader(f"answer-{number}", grade=False)
    return cell


def _nbgrader(name: str, *, grade: bool, points: float | None = None) -> Document:
    flags = {"grade": grade, "solution": not grade, "locked": grade, "task": False}
    settings = {"schema_version": 3, "grade_id": name, "cell_type": "code", **flags}
    return settings | ({"points": points} if grade else {})


def _code_cell(source: str) -> Document:
    empty: Document = {"execution_count": None, "outputs": [], "metadata": {}}
    return {"cell_type": "code", "source": source, **empty}


def _numbered(document: Document, cells: list[Document]) -> Document:
    numbered = [cell | {"id": f"cell-{number}"} for number, cell in enumerate(cells)]
    return document | {"cells": numbered}
