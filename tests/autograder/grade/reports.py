"""What tests of grading share: grade cells, find a question's result."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from autograder.assignment import Assignment
from autograder.grade import Grader
from autograder.report import QuestionResult, Report, TestResult
from tests.autograder.conftest import as_bytes

Cells = list[tuple[str, str]]
MakeAssignment = Callable[..., Path]
ROOT = Path(__file__).parents[3]
TINY_SOLUTION = ("code", "import numpy as np\ndef double(x):\n    return 2 * np.asarray(x)")
HIDDEN = """
import pytest

@pytest.mark.question("q1")
def test_it(student):
    assert student.double(1) == 2
"""


def graded(grader: Grader, assignment: Assignment, cells: Cells, **options: Any) -> Report:
    """Grade a notebook of these cells."""
    return grader.grade(as_bytes(cells), assignment, **options)


def question(report: Report, question_id: str) -> QuestionResult:
    """Find a question's result."""
    return next(each for each in report.questions if each.id == question_id)


def scores(report: Report) -> dict[str, Fraction | None]:
    """Return the score of each question."""
    return {each.id: each.score for each in report.questions}


def full(assignment: Assignment, **changes: float) -> dict[str, Fraction | None]:
    """Return full marks, save for changes; written questions have no score yet."""
    marks = {each.id: None if each.manual else each.points for each in assignment.questions}
    return marks | {name: Fraction(str(score)) for name, score in changes.items()}


def without_times(report: Report) -> dict[str, Any]:
    """Return the staff's view as plain data, with no time in it."""

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: strip(item) for key, item in value.items() if key != "seconds"}
        return list(map(strip, value)) if isinstance(value, list | tuple) else value

    stripped: dict[str, Any] = strip(report.staff_view().as_json())
    return stripped


def hidden_tests(report: Report, question_id: str) -> list[TestResult]:
    """Return the results of a question's hidden tests."""
    return [test for test in question(report, question_id).tests if not test.public]


def bare_answers(assignment: Assignment) -> Cells:
    """Return the solution's code only, without the figures that take most of the time."""
    cells = [cell for each in assignment.questions for cell in each.solution]
    code = [("code", cell.source) for cell in cells if cell.kind == "code"]
    return [("code", "import numpy as np"), *code]


def questions_that_define(assignment: Assignment, name: str) -> list[str]:
    """Return the questions whose solution defines a function."""
    return [
        each.id
        for each in assignment.questions
        if any(f"def {name}(" in cell.source for cell in each.solution)
    ]
