"""Submissions go in, reports come out: behind the wall, with the assignments of this project."""

from __future__ import annotations

import ast
import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.assignment import Assignment, load_assignment
from autograder.build import build_solution, build_student
from autograder.errors import AssignmentError, InternalError, NotebookError
from autograder.examiner import Examiner
from autograder.grade import Grader
from autograder.recognise import load_variants
from autograder.report import QuestionResult, Report, TestResult, question_score
from autograder.submission import Progress
from autograder.variants import Variant
from autograder.verdict import PRECEDENCE, Verdict, combined
from tests.engine.conftest import CELLS, as_bytes

Cells = list[tuple[str, str]]
MakeAssignment = Callable[..., Path]
ROOT = Path(__file__).parents[2]


def graded(grader: Grader, assignment: Assignment, cells: Cells, **options: Any) -> Report:
    """Grade a notebook of these cells."""
    return grader.grade(as_bytes(cells), assignment, **options)


def question(report: Report, question_id: str) -> QuestionResult:
    """Find a question's result."""
    return next(each for each in report.questions if each.id == question_id)


def scores(report: Report) -> dict[str, Fraction | None]:
    """Give the score of each question."""
    return {each.id: each.score for each in report.questions}


def full(assignment: Assignment, **changes: float) -> dict[str, Fraction | None]:
    """Give full marks, save for changes; written questions have no score yet."""
    marks = {each.id: None if each.manual else each.points for each in assignment.questions}
    return marks | {name: Fraction(str(score)) for name, score in changes.items()}


def without_times(report: Report) -> dict[str, Any]:
    """Give the staff's view as plain data, with no time in it."""

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: strip(item) for key, item in value.items() if key != "seconds"}
        return list(map(strip, value)) if isinstance(value, list | tuple) else value

    stripped: dict[str, Any] = strip(report.staff_view().as_json())
    return stripped


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


TINY_SOLUTION = ("code", "import numpy as np\ndef double(x):\n    return 2 * np.asarray(x)")


@pytest.fixture
def tiny(make_assignment: MakeAssignment) -> Assignment:
    """Give the tiny assignment, loaded."""
    return load_assignment(make_assignment())


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


def bare_answers(assignment: Assignment) -> Cells:
    """Give the solution's code only, without the figures that take most of the time."""
    cells = [cell for each in assignment.questions for cell in each.solution]
    code = [("code", cell.source) for cell in cells if cell.kind == "code"]
    return [("code", "import numpy as np"), *code]


def test_deleted_and_reordered_cells(grader: Grader, xor: Assignment) -> None:
    """What counts is what the notebook defines: order does not, and a lost cell costs its own."""
    first, *rest = bare_answers(xor)
    assert scores(graded(grader, xor, [first, *reversed(rest)])) == full(xor)
    report = graded(grader, xor, [cell for cell in [first, *rest] if "def rescale" not in cell[1]])
    [lost] = questions_that_define(xor, "rescale")
    assert scores(report) == full(xor, **{lost: 0})
    assert question(report, lost).verdict is Verdict.MISSING
    assert {test.message for test in question(report, lost).tests} == {
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
        ("import os\nos._exit(1)\ndouble = 1", "cell 2, which should define it, ended Python."),
        ("double(x=3)", "in your notebook."),
        ("doubled = undefined", "in your notebook."),
    ],
)
def test_definition_that_was_not_reached(
    grader: Grader, tiny: Assignment, cell: str, reason: str
) -> None:
    """A name is missing because its cell did not run to its end: the student is told which."""
    report = graded(grader, tiny, [("markdown", "An answer"), ("code", cell)])
    messages = {test.message for test in question(report, "q1").tests}
    assert len(messages) == 1
    assert messages.pop().startswith("double is not defined")
    assert all(reason in test.message for test in question(report, "q1").tests)


def questions_that_define(assignment: Assignment, name: str) -> list[str]:
    """Give the questions whose solution defines a function."""
    return [
        each.id
        for each in assignment.questions
        if any(f"def {name}(" in cell.source for cell in each.solution)
    ]


@pytest.mark.parametrize(
    ("value", "verdict", "message"),
    [
        ("5", Verdict.INVALID, "A function was asked for, and this is a value;"),
        ("None", Verdict.INVALID, "A function was asked for, and this is a value;"),
        ("object()", Verdict.INVALID, "Double is not a function."),
        ("lambda x: float('nan')", Verdict.INVALID, "expected the shape"),
        ("lambda x: np.nan * np.asarray(x)", Verdict.INVALID, "The result holds NaN or infinity."),
        ("lambda x: 'text'", Verdict.INVALID, "Expected numbers, got str."),
        ("lambda x: None", Verdict.INVALID, "Expected numbers, got None: nothing was returned"),
        ("lambda x: ...", Verdict.INVALID, "Not answered yet: it is still “...”."),
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
    assert message.lower() in hidden.message.lower()
    assert report.graded


def test_an_answer_that_is_still_open(grader: Grader, tiny: Assignment) -> None:
    """What the student notebook assigns is said to be that in public and in hidden tests."""
    report = graded(grader, tiny, [("code", "double = lambda x: ...")])
    messages = {test.message for test in question(report, "q1").tests}
    assert messages == {"Not answered yet: it is still “...”."}


def test_place_of_an_error(grader: Grader, tiny: Assignment) -> None:
    """Where student code raised is told by cell, line and the line's text."""
    source = "def double(x):\n    values = []\n    return values[3]  # here"
    report = graded(grader, tiny, [("markdown", "# text"), ("code", "1"), ("code", source)])
    for test in question(report, "q1").tests:
        assert test.verdict is Verdict.ERROR
        assert test.message == "Your code raised IndexError in cell 3, line 3."
        assert test.line is not None
        assert (test.line.cell, test.line.line) == (3, 3)
        assert test.line.text == "return values[3]  # here"


MISCONCEPTIONS = [
    (
        "perceptron",
        "q1",
        "def perceptron(x, w, b):\n    return x @ w",
        "Your output is zero whenever all inputs are zero",
    ),
    (
        "perceptron",
        "q1",
        "def perceptron(x, w, b):\n    return x @ w - b",
        "The bias enters with the wrong sign",
    ),
]


@pytest.mark.parametrize(("name", "question_id", "source", "hint"), MISCONCEPTIONS)
def test_hints(grader: Grader, name: str, question_id: str, source: str, hint: str) -> None:
    """A typical mistake is recognised, and its hint comes back, in the student's view, too."""
    assignment = load_assignment(ROOT / "assignments" / name)
    report = graded(grader, assignment, [*bare_answers(assignment), ("code", source)])
    assert question(report, question_id).misconception is not None
    view = next(each for each in report.student_view().questions if each.id == question_id)
    hints = {test.hint for test in view.tests if test.hint}
    assert len(hints) == 1
    assert hints.pop().startswith(hint)
    others = {each.id for each in report.questions if each.misconception}
    assert others == {question_id}


def test_misconceptions_of_xor(grader: Grader, xor: Assignment) -> None:
    """A wrong function of each question is recognised as itself, and only there."""
    variants: dict[str, Variant] = {}
    for variant in load_variants(xor.folder / "misconceptions.py"):
        if variant.function is not None and not variant.follow_ups:
            variants.setdefault(variant.question, variant)
    assert len(variants) >= 2
    wrong: Cells = [("code", variant.source) for variant in variants.values()]
    report = graded(grader, xor, [*bare_answers(xor), *wrong])
    view = {each.id: each for each in report.student_view().questions}
    for question_id, variant in variants.items():
        assert question(report, question_id).misconception == variant.title
        assert {test.hint for test in view[question_id].tests} - {None} == {variant.hint}
    assert {each.id for each in report.questions if each.misconception} == set(variants)


def test_public_tests_run_first(grader: Grader, xor: Assignment) -> None:
    """Every public test runs before any hidden one: nothing hidden can leave through it."""
    [question_id] = questions_that_define(xor, "forward")
    [public] = [len(each.public_tests) for each in xor.questions if each.id == question_id]
    calls = f"""
count, _right = 0, forward
def forward(*args, **kwargs):
    global count
    count += 1
    if count > {public}:
        raise RuntimeError("a later call")
    return _right(*args, **kwargs)
"""
    events: list[Progress] = []
    report = graded(grader, xor, [*bare_answers(xor), ("code", calls)], progress=events.append)
    assert [event.stage for event in events] == sorted(event.stage for event in events)
    tests = question(report, question_id).tests
    assert {test.verdict for test in tests if test.public} == {Verdict.PASSED}
    assert Verdict.PASSED not in {test.verdict for test in tests if not test.public}


@given(
    st.fractions(0, 20, max_denominator=100),
    st.fractions(0, 1, max_denominator=20),
    st.lists(
        st.tuples(
            st.sampled_from([*Verdict]),
            st.booleans(),
            st.fractions(Fraction(1, 10), 9, max_denominator=10),
        ),
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_partial_credit(
    points: Fraction,
    share: Fraction,
    kinds: list[tuple[Verdict, bool, Fraction]],
    random: Any,
) -> None:
    """A score lies between nothing and full marks, in any order; it grows with passed tests."""
    tests = [
        TestResult(str(number), "q", "t", verdict, public, weight)
        for number, (verdict, public, weight) in enumerate(kinds)
    ]
    score = question_score(points, share, tests)
    assert 0 <= score <= points
    assert score == points or (score * 10).denominator == 1
    shuffled = tests.copy()
    random.shuffle(shuffled)
    assert question_score(points, share, shuffled) == score
    all_passed = [replace(test, verdict=Verdict.PASSED) for test in tests]
    assert question_score(points, share, all_passed) >= score
    none_passed = [replace(test, verdict=Verdict.FAILED) for test in tests]
    assert question_score(points, share, none_passed) == 0
    if {test.public for test in tests} == {True, False}:
        assert abs(question_score(points, share, all_passed) - points) <= Fraction(1, 20)


def test_partial_credit_by_hand() -> None:
    """Three points, a fifth for the public test, two of three hidden weights: 3 * 11/15 = 2.2."""
    tests = [
        TestResult("a", "q", "a", Verdict.PASSED, public=True, weight=Fraction(1)),
        TestResult("b", "q", "b", Verdict.PASSED, public=False, weight=Fraction(2)),
        TestResult("c", "q", "c", Verdict.ERROR, public=False, weight=Fraction(1)),
    ]
    assert question_score(Fraction(3), Fraction(1, 5), tests) == Fraction("2.2")
    assert question_score(Fraction(3), Fraction(1, 5), tests[:2]) == 3
    assert question_score(Fraction(3), Fraction(1, 5), tests[2:]) == 0
    assert question_score(Fraction(1, 4), Fraction(0), tests[1:2]) == Fraction(1, 4)


@given(st.lists(st.sampled_from([*Verdict])))
def test_precedence(verdicts: list[Verdict]) -> None:
    """A question's verdict is passed only if all its tests are, else the first by precedence."""
    verdict = combined(verdicts)
    assert (verdict is Verdict.PASSED) == (set(verdicts) == {Verdict.PASSED})
    assert all(PRECEDENCE.index(verdict) <= PRECEDENCE.index(each) for each in verdicts)
    assert set(PRECEDENCE) == set(Verdict)
    assert PRECEDENCE[0] is Verdict.INTERNAL


def test_checks_must_be_counted(grader: Grader, make_assignment: MakeAssignment) -> None:
    """A test that ends without a held check earns nothing, one with an assert does."""
    tests = """
import pytest
from autograder.checks import raises

@pytest.mark.question("q1", weight=1)
def test_loop_over_nothing(student):
    for value in student.empty:
        assert value == 1

@pytest.mark.question("q1", weight=1)
def test_assert(student):
    assert student.three == 3

@pytest.mark.question("q1", weight=1)
def test_raises(student):
    with raises(ValueError):
        student.fail()

@pytest.mark.question("q1", weight=1)
def test_skipped(student):
    pytest.skip("not today")

@pytest.mark.question("q1", weight=1)
def test_own_fault(student):
    student.three.upper()
"""
    cells = [cell for cell in CELLS if "test_double" not in cell[1]]
    assignment = load_assignment(make_assignment(hidden=tests, cells=cells))
    source = "empty = []\nthree = 3\ndef fail():\n    raise UnicodeError('x')"
    report = graded(grader, assignment, [("code", source)])
    verdicts = {test.id.partition("::")[2]: test.verdict for test in question(report, "q1").tests}
    assert verdicts == {
        "test_loop_over_nothing": Verdict.FAILED,
        "test_assert": Verdict.PASSED,
        "test_raises": Verdict.PASSED,
        "test_skipped": Verdict.SKIPPED,
        "test_own_fault": Verdict.INVALID,
    }
    assert question(report, "q1").score == Fraction("1.2")


@pytest.mark.parametrize(
    "line",
    ["assert numbr(3)", "import reference.no_such_module", "import math; math.sine(3)"],
)
def test_broken_hidden_test(grader: Grader, make_assignment: MakeAssignment, line: str) -> None:
    """A test that names what is not there is our fault and nobody's zero; `validate` finds it."""
    tests = f"""
import pytest

@pytest.mark.question("q1")
def test_broken(student):
    assert student.double(2) == 4
    {line}
"""
    assignment = load_assignment(make_assignment(hidden=tests))
    report = graded(grader, assignment, [("code", "double = lambda x: 2 * x")])
    assert question(report, "q1").verdict is Verdict.INTERNAL
    assert question(report, "q1").score is None
    assert not report.graded


def test_name_that_a_students_value_leaves_unbound(
    grader: Grader, make_assignment: MakeAssignment
) -> None:
    """Nobody gets out of a test by a value for which it computes nothing."""
    tests = """
import pytest

@pytest.mark.question("q1")
def test_last(student):
    for last in student.double([]):
        pass
    assert last == 4
"""
    assignment = load_assignment(make_assignment(hidden=tests))
    report = graded(grader, assignment, [("code", "double = lambda x: 2 * x")])
    assert not any(test.verdict is Verdict.PASSED for test in hidden_tests(report, "q1"))
    assert report.graded


def hidden_tests(report: Report, question_id: str) -> list[TestResult]:
    """Give the results of a question's hidden tests."""
    return [test for test in question(report, question_id).tests if not test.public]


def test_slow_test(grader: Grader, make_assignment: MakeAssignment) -> None:
    """A test that takes too long in many calls ends, and the next one hears its own answers."""
    tests = """
import pytest

@pytest.mark.question("q1")
def test_slow(student):
    for number in range(100):
        assert student.wait(number) == number

@pytest.mark.question("q1")
def test_next(student):
    for number in range(5):
        assert student.same(number) == number
"""
    toml = 'title = "Tiny"\nenvironment = "numpy"\n[limits]\ntest_seconds = 1\ncall_seconds = 2\n'
    cells = [cell for cell in CELLS if "test_double" not in cell[1]]
    assignment = load_assignment(make_assignment(hidden=tests, cells=cells, toml=toml))
    source = "import time\ndef wait(x):\n    time.sleep(0.35)\n    return x\ndef same(x): return x"
    report = graded(grader, assignment, [("code", source)])
    slow, following = question(report, "q1").tests
    assert slow.verdict is Verdict.TIMEOUT or slow.verdict is Verdict.INVALID
    # The kernel still owed an answer, so it was ended, and the rest of the question with it.
    assert following.verdict is Verdict.KERNEL_DIED


def test_broken_assignment(grader: Grader, make_assignment: MakeAssignment) -> None:
    """A hidden test that does not import is the author's fault, whoever submits."""
    folder = make_assignment(hidden="import nothing_of_this_name\n" + HIDDEN)
    with pytest.raises(AssignmentError, match=r"hidden/test_tiny\.py:1: cannot be collected"):
        graded(grader, load_assignment(folder), [])


HIDDEN = """
import pytest

@pytest.mark.question("q1")
def test_it(student):
    assert student.double(1) == 2
"""


def test_examiner_that_ends_between_submissions(grader: Grader, tiny: Assignment) -> None:
    """An examiner that has ended while it was idle is replaced; nobody notices."""
    assert scores(graded(grader, tiny, [TINY_SOLUTION])) == full(tiny)
    examiner = examiner_of(grader, tiny)
    end(examiner._process.pid)
    assert scores(graded(grader, tiny, [TINY_SOLUTION])) == full(tiny)
    assert examiner_of(grader, tiny) is not examiner


def test_examiner_that_ends_in_the_middle(grader: Grader, tiny: Assignment) -> None:
    """An examiner that ends while a notebook runs is our fault, never a zero."""
    graded(grader, tiny, [])
    examiner = examiner_of(grader, tiny)

    def sabotage(event: Progress) -> None:
        if event.stage == "cell" and examiner.alive():
            end(examiner._process.pid)

    with pytest.raises(InternalError):
        graded(grader, tiny, [TINY_SOLUTION], progress=sabotage)
    assert scores(graded(grader, tiny, [TINY_SOLUTION])) == full(tiny)
    assert examiner_of(grader, tiny) is not examiner


def test_one_examiner_serves_many(grader: Grader, tiny: Assignment) -> None:
    """Submissions that are graded side by side share one collection of the tests."""
    graded(grader, tiny, [])
    examiner = examiner_of(grader, tiny)
    with ThreadPoolExecutor(4) as threads:
        reports = [threads.submit(graded, grader, tiny, [TINY_SOLUTION]) for _ in range(8)]
        assert all(scores(report.result()) == full(tiny) for report in reports)
    assert examiner_of(grader, tiny) is examiner


def examiner_of(grader: Grader, assignment: Assignment) -> Examiner:
    """Give the examiner that a grader keeps for an assignment."""
    examiner = grader._examiners._places[assignment.content_hash].item
    assert examiner is not None
    return examiner


def end(pid: int) -> None:
    """Kill a process of the grader's, and wait until that shows."""
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def test_warm_process_that_ends_between_submissions(grader: Grader, tiny: Assignment) -> None:
    """After the end of the warm process the next submission is graded by a new one."""
    graded(grader, tiny, [])
    old = grader._pools["numpy"]._warm
    end(old._process.pid)
    assert scores(graded(grader, tiny, [TINY_SOLUTION])) == full(tiny)
    assert grader._pools["numpy"]._warm is not old


def test_warm_process_that_ends_in_the_middle(grader: Grader, tiny: Assignment) -> None:
    """The end of the warm process under a running notebook is no student's fault."""
    graded(grader, tiny, [])

    def sabotage(event: Progress) -> None:
        if (event.stage, event.number) == ("cell", 1):
            end(grader._pools["numpy"]._warm._process.pid)

    cells: Cells = [TINY_SOLUTION, ("code", "import time\ntime.sleep(5)"), ("code", "1")]
    with pytest.raises(InternalError):
        graded(grader, tiny, cells, progress=sabotage)
    assert scores(graded(grader, tiny, [TINY_SOLUTION])) == full(tiny)


RECORDER = """
import sys
import numpy as np
recorded, ways = [], 0

def remember(values):
    for value in values:
        try:
            recorded.extend(np.asarray(value, dtype=float).reshape(-1)[:50].tolist())
        except Exception:
            recorded.append(repr(value))

def carry_out(args, kwargs):
    global ways
    ways += 1
    remember([*args, *kwargs.values()])
    text = " ".join(map(str, recorded[-200:]))
    print(text)
    print(text, file=sys.stderr)
    with open("/tmp/carried", "a") as file:
        file.write(text)
    way = ways % 8
    if way == 0:
        raise ValueError(text)
    if way == 1:
        raise type("E" + text, (ValueError,), {"__module__": text})(text)
    if way == 2:
        raise NameError(f"name {text!r} is not defined", name=text)
    if way == 3:
        raise KeyError(text)
    if way == 4:
        return text
    if way == 5:
        return np.array([value for value in recorded if isinstance(value, float)])
    if way == 6:
        return np.zeros((len(recorded), 3, 1))
    import matplotlib.pyplot as plt
    plt.figure(figsize=(1, 1))
    plt.title(text)
    plt.show()
    return type("T" + text, (), {"__repr__": lambda self: text})()
"""
CARRY_OUT = """
def {name}(*args, **kwargs):
    return carry_out(args, kwargs)
"""


def hidden_lines(assignment: Assignment) -> Iterator[str]:
    """Give the statements of hidden tests and reference that the master does not hold."""
    files = [*assignment.hidden_tests, ROOT / "reference" / f"{assignment.name}.py"]
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Assert | ast.Assign | ast.Return):
                line = ast.unparse(node).splitlines()[0]
                if len(line) >= 15 and line not in assignment.master.text:
                    yield line


def test_nothing_hidden_is_shown(grader: Grader, assignment: Assignment) -> None:
    """
    What a student reads holds no hidden source, path, input, output or expected value.

    The notebook records what its functions are called with and puts that wherever it can: into
    texts and names of exceptions, prints, files, values, shapes, names of types, pictures.
    """
    names = sorted(assignment.master.solution_names)
    names = [name for name in names if questions_that_define(assignment, name)]
    carriers: Cells = [("code", CARRY_OUT.format(name=name)) for name in names]
    cells = [*bare_answers(assignment), ("code", RECORDER), *carriers]
    report = graded(grader, assignment, cells)
    view = report.student_view().as_json()
    text = json.dumps(view, ensure_ascii=False)
    shown = {test["title"] for each in view["questions"] for test in each["tests"]}
    shown |= {str(test["hint"]) for each in view["questions"] for test in each["tests"]}
    for title in shown:
        text = text.replace(json.dumps(title, ensure_ascii=False)[1:-1], "")
    staff = json.dumps(report.staff_view().as_json(), ensure_ascii=False)
    carried = set(re.findall(r"\d+\.\d{4,}", staff))
    # Staff see them: without any, the rest of this test would prove nothing.
    assert len(carried) > 50
    assert not {number for number in carried if number in text}
    assert not re.findall(r"\d\.\d{4,}", text)
    assert not {line for line in hidden_lines(assignment) if line in text}
    for secret in ("hidden", "test_", "reference", str(ROOT), "/tmp", "carried"):
        assert secret not in text, secret
    allowed = {"ValueError", "NameError", "KeyError", "RuntimeError", "TypeError", "Exception"}
    assert set(re.findall(r"raised (\w+)", text)) <= allowed
