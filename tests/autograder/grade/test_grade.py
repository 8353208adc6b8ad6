"""Submissions go in, reports come out: behind the wall, with the assignments of this project."""

from __future__ import annotations

import json

import pytest

from autograder.assignment import Assignment
from autograder.assignment.build import build_solution, build_student
from autograder.errors import NotebookError
from autograder.grade import Grader
from autograder.verdict import Verdict
from tests.autograder.conftest import as_bytes
from tests.autograder.grade.reports import (
    TINY_SOLUTION,
    Cells,
    bare_answers,
    full,
    graded,
    question,
    questions_that_define,
    scores,
    without_times,
)


def test_solution(grader: Grader, assignment: Assignment) -> None:
    """The solution gets full marks on all but written questions, the same in three runs."""
    data = build_solution(assignment).text.encode()
    reports = [grader.grade(data, assignment) for _ in range(3)]
    assert scores(reports[0]) == full(assignment)
    assert reports[0].graded
    for each in assignment.questions:
        verdict = Verdict.PENDING if each.manual else Verdict.PASSED
        assert question(reports[0], each.id).verdict is verdict
    first = without_times(reports[0])
    assert [without_times(report) for report in reports[1:]] == [first, first]
    assert reports[0].student_view() == reports[1].student_view() == reports[2].student_view()
    json.dumps(first)


def test_student_notebook(grader: Grader, assignment: Assignment) -> None:
    """The notebook as students get it earns nothing, and every question says why."""
    report = grader.grade(build_student(assignment).text.encode(), assignment)
    assert report.score == 0
    assert report.graded
    for each in report.student_view().questions:
        for test in each.tests:
            assert test.verdict != "passed"
            assert test.message


def test_empty_notebook(grader: Grader, assignment: Assignment) -> None:
    """A notebook without cells earns nothing; every name is missing."""
    report = graded(grader, assignment, [])
    assert report.score == 0
    verdicts = {each.verdict for each in report.questions}
    assert verdicts <= {Verdict.MISSING, Verdict.PENDING}


def test_another_assignment(grader: Grader, xor: Assignment) -> None:
    """A notebook that names another assignment is refused; one that names none is graded."""
    with pytest.raises(NotebookError, match=r"^mine: is a notebook of the assignment 'titan'"):
        grader.grade(as_bytes([], name="titan"), xor, name="mine")


def test_other_cells_around_the_answers(grader: Grader, tiny: Assignment) -> None:
    """Extra cells, shell lines, magics, prints and cells that fail cost nothing."""
    extra: Cells = [
        ("code", "%matplotlib inline\nimport matplotlib.pyplot as plt"),
        ("code", "!echo from the shell; exit 3"),
        ("code", "%%bash\necho from bash"),
        ("code", "%%time\nsum(range(10))"),
        ("code", "for number in range(500):\n    print('line', number)"),
        ("code", "this is no Python"),
        ("code", "undefined_name"),
        ("code", "raise ValueError('on purpose')"),
        ("code", "x = '\0'"),
        ("code", "exit"),
        ("code", "import sys; print('error', file=sys.stderr)"),
        ("code", "%timeit -n1 -r1 1 + 1"),
        ("code", ""),
        ("markdown", "![a picture](attachment:nothing.png) $\\frac{1"),
        ("raw", "raw text"),
        ("code", "plt.plot([1, 2]); plt.show()"),
    ]
    report = graded(grader, tiny, [*extra, TINY_SOLUTION, *extra])
    assert scores(report) == full(tiny)
    statuses = [run.status.value for run in report.cells]
    assert statuses.count("error") >= 6
    assert set(statuses) == {"ok", "error"}


def test_format_4_0(grader: Grader, tiny: Assignment) -> None:
    """A notebook of format 4.0, whose cells have no ids, is graded like any other."""
    document = json.loads(as_bytes([TINY_SOLUTION]))
    document["nbformat_minor"] = 0
    for cell in document["cells"]:
        del cell["id"]
    assert scores(grader.grade(json.dumps(document).encode(), tiny)) == full(tiny)


def test_last_definition_counts(grader: Grader, tiny: Assignment) -> None:
    """A function that is defined again is the one that is tested."""
    wrong = ("code", "def double(x):\n    return 3 * x")
    assert scores(graded(grader, tiny, [wrong, TINY_SOLUTION])) == full(tiny)
    assert scores(graded(grader, tiny, [TINY_SOLUTION, wrong])) == full(tiny, q1=0)


def test_deleted_and_reordered_cells(grader: Grader, xor: Assignment) -> None:
    """What counts is what the notebook defines: order does not, and a lost cell costs its own."""
    first, *rest = bare_answers(xor)
    assert scores(graded(grader, xor, [first, *reversed(rest)])) == full(xor)
    report = graded(grader, xor, [cell for cell in [first, *rest] if "def rescale" not in cell[1]])
    [lost] = questions_that_define(xor, "rescale")
    assert scores(report) == full(xor, **{lost: 0})
    assert question(report, lost).verdict is Verdict.MISSING
    assert {str(test.message) for test in question(report, lost).tests} == {
        "rescale is not defined in your notebook."
    }


def test_table_of_pandas_is_an_array(grader: Grader, xor: Assignment) -> None:
    """What NumPy compares in the notebook's public test it compares in the grader's, too."""
    answers = bare_answers(xor)
    place = next(n for n, (_, source) in enumerate(answers) if "W1 = " in source)
    table = "\nimport pandas as pd\nW1, b1 = pd.DataFrame(W1), pd.Series(b1)"
    answers[place] = ("code", answers[place][1] + table)
    report = graded(grader, xor, answers)
    assert question(report, "q1").score == full(xor)["q1"]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (
            "import tqdm_\ndef double(x):\n    return 2 * x",
            "cell 2, which should define it, raised Mod",
        ),
        ("def double(x)\n    return 2 * x", "cell 2, which should define it, raised SyntaxError."),
        ("step, double = 1, undefined", "cell 2, which should define it, raised NameError."),
        ("class Odd(Exception): pass\nraise Odd\ndouble = 1", "define it, raised an exception."),
        (
            "import os\nos._exit(1)\ndouble = 1",
            "should define it, crashed the kernel.",
        ),
        ("double(x=3)", "in your notebook."),
        ("doubled = undefined", "in your notebook."),
    ],
)
def test_definition_that_was_not_reached(
    grader: Grader, tiny: Assignment, cell: str, reason: str
) -> None:
    """A name is missing because its cell did not run to its end: the student is told which."""
    report = graded(grader, tiny, [("markdown", "An answer"), ("code", cell)])
    messages = {str(test.message) for test in question(report, "q1").tests}
    assert len(messages) == 1
    assert messages.pop().startswith("double is not defined")
    assert all(reason in str(test.message) for test in question(report, "q1").tests)


@pytest.mark.parametrize(
    ("value", "verdict", "message"),
    [
        ("5", Verdict.INVALID, "Expected a function, got a value;"),
        ("None", Verdict.INVALID, "Expected a function, got a value;"),
        ("object()", Verdict.INVALID, "Double is not a function."),
        ("lambda x: float('nan')", Verdict.INVALID, "expected an array with a different shape"),
        (
            "lambda x: np.nan * np.asarray(x)",
            Verdict.INVALID,
            "The result contains NaN or infinity.",
        ),
        ("lambda x: 'text'", Verdict.INVALID, "Expected numbers, got str."),
        ("lambda x: None", Verdict.INVALID, "Expected numbers, got None: nothing was returned"),
        (
            "lambda x: ...",
            Verdict.INVALID,
            "Not answered yet: the placeholder “...” is still there.",
        ),
        ("lambda x: 1 / 0", Verdict.ERROR, "Your code raised ZeroDivisionError in cell 1, line 1."),
        ("lambda: 0", Verdict.ERROR, "Your code raised TypeError."),
    ],
)
def test_values_that_are_no_answer(
    grader: Grader, tiny: Assignment, value: str, verdict: Verdict, message: str
) -> None:
    """A value where a function belongs, or one that is no number, is the student's own fault."""
    report = graded(grader, tiny, [("code", f"import numpy as np; double = {value}")])
    assert scores(report) == full(tiny, q1=0)
    [hidden] = [test for test in question(report, "q1").tests if not test.public]
    assert hidden.verdict is verdict
    assert message.lower() in str(hidden.message).lower()
    assert report.graded


def test_an_answer_that_is_still_open(grader: Grader, tiny: Assignment) -> None:
    """What the student notebook assigns is said to be that in public and in hidden tests."""
    report = graded(grader, tiny, [("code", "double = lambda x: ...")])
    messages = {str(test.message) for test in question(report, "q1").tests}
    assert messages == {"Not answered yet: the placeholder “...” is still there."}


def test_place_of_an_error(grader: Grader, tiny: Assignment) -> None:
    """Where student code raised is told by cell, line and the line's text."""
    source = "def double(x):\n    values = []\n    return values[3]  # here"
    report = graded(grader, tiny, [("markdown", "# text"), ("code", "1"), ("code", source)])
    for test in question(report, "q1").tests:
        assert test.verdict is Verdict.ERROR
        assert str(test.message) == "Your code raised IndexError in cell 3, line 3."
        assert test.line is not None
        assert (test.line.cell, test.line.line) == (3, 3)
        assert test.line.text == "return values[3]  # here"


@pytest.mark.parametrize("character", ["\u2028", "\x0c", "\x1c", "\x85"])
def test_lines_are_those_that_python_counts(
    grader: Grader, tiny: Assignment, character: str
) -> None:
    """What ends a line elsewhere, such as a separator in a text, moves no place."""
    source = f"def double(x):\n    '{character}'\n    values = []\n    return values[3]  # here"
    report = graded(grader, tiny, [("code", source)])
    for test in question(report, "q1").tests:
        assert test.line is not None
        assert (test.line.line, test.line.text) == (4, "return values[3]  # here")
