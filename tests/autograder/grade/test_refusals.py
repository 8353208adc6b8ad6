"""Code that refuses every input earns nothing, though some tests ask for refusals alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from autograder.assignment import Assignment, load_assignment
from autograder.examiner.protocol import Examined, TestDescription, TestOutcome
from autograder.grade import Grader
from autograder.grade.assembly import assembled
from autograder.messages import MessageCode
from autograder.notebook import Notebook
from autograder.report import QuestionResult
from autograder.validate.command import chosen_folders
from autograder.validate.submissions import refusing_notebook
from autograder.verdict import Verdict
from tests.autograder.grade.reports import TINY_SOLUTION, full, graded, question, scores

FAILED, PASSED, SKIPPED = Verdict.FAILED, Verdict.PASSED, Verdict.SKIPPED
REFUSING = ("code", "def double(x):\n    raise ValueError")
STRICT_SOLUTION = (
    "code",
    (
        "import numpy as np\n"
        "def double(x):\n"
        "    if x is None or isinstance(x, str):\n"
        "        raise ValueError\n"
        "    return 2 * np.asarray(x)"
    ),
)
REFUSALS = '''
import pytest

from autograder.checks import assert_close, raises

@pytest.mark.question("q1")
def test_double(student):
    """Doubles."""
    assert_close(student.double([1, 2]), [2, 4])

@pytest.mark.question("q1")
def test_refuses(student):
    """A text raises ValueError."""
    with raises(ValueError):
        student.double("text")

@pytest.mark.question("q1")
def test_refuses_as_public_tests_ask(student):
    """None raises ValueError."""
    raised = False
    try:
        student.double(None)
    except ValueError:
        raised = True
    assert raised
'''


def judged(tiny: Assignment, *outcomes: tuple[Verdict, bool], public: int = 0) -> QuestionResult:
    """What comes of tests of question 1, by verdict and whether they see refusals alone."""
    tests = tuple(
        TestDescription(f"t{n}", f"t{n}", "q1", f"Title {n}.", "1", public=n < public)
        for n in range(len(outcomes))
    )
    examined = Examined(
        {
            test.id: TestOutcome(test.id, verdict, only_refusals=refusals)
            for test, (verdict, refusals) in zip(tests, outcomes, strict=True)
        }
    )
    execution: Any = SimpleNamespace(runs={}, notebook=None, cell_of=lambda _: None)
    report = assembled(Notebook((), None, "0" * 64), tiny, 1, execution, tests, examined)
    return question(report, "q1")


def verdicts(result: QuestionResult) -> list[Verdict]:
    """The verdicts of a question's tests."""
    return [test.verdict for test in result.tests]


def test_a_refusal_without_an_answer_is_not_looked_at(tiny: Assignment) -> None:
    """Two tests of refusals do not vouch for each other; staff read why, students that it was."""
    result = judged(tiny, (PASSED, True), (FAILED, False), (PASSED, True))

    assert verdicts(result) == [SKIPPED, FAILED, SKIPPED]
    assert result.score == 0
    assert result.tests[0].message is not None
    assert result.tests[0].message.code is MessageCode.SKIPPED
    assert "no test of the question saw a right answer" in result.tests[0].detail


@pytest.mark.parametrize("public", [0, 1])
def test_a_refusal_beside_a_right_answer_counts(tiny: Assignment, public: int) -> None:
    """Whether a public or a hidden test saw it, and whatever else is wrong."""
    result = judged(tiny, (PASSED, False), (PASSED, True), (FAILED, False), public=public)

    assert verdicts(result) == [PASSED, PASSED, FAILED]


def test_where_refusals_are_all_that_is_asked_they_count(tiny: Assignment) -> None:
    """A question without another test keeps its points."""
    result = judged(tiny, (PASSED, True), (PASSED, True))

    assert verdicts(result) == [PASSED, PASSED]


def test_whole_submissions(grader: Grader, make_assignment: Callable[..., Path]) -> None:
    """What is always refused earns nothing; a right answer earns the refusal with it."""
    tiny = load_assignment(make_assignment(hidden=REFUSALS))

    assert scores(graded(grader, tiny, [REFUSING])) == full(tiny, q1=0)
    assert scores(graded(grader, tiny, [STRICT_SOLUTION])) == full(tiny)
    assert 0 < (question(graded(grader, tiny, [TINY_SOLUTION]), "q1").score or 0) < 3


@pytest.mark.sweep(2)
@pytest.mark.parametrize("folder", chosen_folders([]), ids=lambda folder: folder.name)
def test_assignments_of_this_project(grader: Grader, folder: Path) -> None:
    """No question of theirs gives points to functions that all raise ValueError."""
    assignment = load_assignment(folder)

    report = grader.grade(refusing_notebook(assignment).encode(), assignment)

    earned = full(assignment, **{each.id: 0 for each in assignment.questions if not each.manual})
    assert scores(report) == earned
