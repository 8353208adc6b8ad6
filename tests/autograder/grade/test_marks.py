"""What a question's points are made of, and what a hidden test says that is broken itself."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.assignment import load_assignment
from autograder.errors import AssignmentError
from autograder.grade import Grader
from autograder.report import TestResult, question_score
from autograder.verdict import PRECEDENCE, Verdict, combined
from tests.autograder.conftest import CELLS
from tests.autograder.grade.reports import (
    HIDDEN,
    TINY_SOLUTION,
    MakeAssignment,
    graded,
    hidden_tests,
    question,
)


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
import unittest

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
def test_nothing_raised(student):
    with pytest.raises(ValueError):
        student.double(2)

@pytest.mark.question("q1", weight=1)
def test_failed(student):
    pytest.fail("as the author says")

class TestOfUnittest(unittest.TestCase):
    @pytest.mark.question("q1", weight=1)
    def test_fails(self):
        assert 1 + 1 == 2
        self.assertEqual(1, 2)

@pytest.mark.question("q1", weight=1)
def test_fixtures(caplog, tmp_path, monkeypatch, capsys):
    assert tmp_path.is_dir()

@pytest.mark.question("q1", weight=1)
def test_skipped(student):
    pytest.skip("not today")

@pytest.mark.question("q1", weight=1)
def test_own_fault(student):
    student.three.upper()
"""
    cells = [cell for cell in CELLS if "test_double" not in cell[1]]
    assignment = load_assignment(make_assignment(hidden=tests, cells=cells))
    source = "empty = []\nthree = 3\ndef fail():\n    raise UnicodeError('x')\n"
    source += "def double(x):\n    return 2 * x"
    report = graded(grader, assignment, [("code", source)])
    verdicts = {test.id.partition("::")[2]: test.verdict for test in question(report, "q1").tests}
    assert verdicts == {
        "test_loop_over_nothing": Verdict.FAILED,
        "test_assert": Verdict.PASSED,
        "test_raises": Verdict.PASSED,
        "test_nothing_raised": Verdict.FAILED,
        "test_failed": Verdict.FAILED,
        "TestOfUnittest::test_fails": Verdict.FAILED,
        "test_fixtures": Verdict.PASSED,
        "test_skipped": Verdict.SKIPPED,
        "test_own_fault": Verdict.INVALID,
    }
    assert question(report, "q1").score == Fraction(1)


def test_two_files_with_a_test_of_one_name(grader: Grader, make_assignment: MakeAssignment) -> None:
    """Each counts by itself."""
    folder = make_assignment(
        hidden=HIDDEN, files={"hidden/test_more.py": HIDDEN.replace("== 2", "== 3")}
    )
    report = graded(grader, load_assignment(folder), [TINY_SOLUTION])
    verdicts = {test.id: test.verdict for test in hidden_tests(report, "q1")}
    assert verdicts == {
        "test_more.py::test_it": Verdict.FAILED,
        "test_tiny.py::test_it": Verdict.PASSED,
    }


@pytest.mark.parametrize(
    "line",
    [
        "assert numbr(3)",
        "import reference.no_such_module",
        "import math; math.sine(3)",
        "request.getfixturevalue('no_such_fixture')",
    ],
)
def test_broken_hidden_test(grader: Grader, make_assignment: MakeAssignment, line: str) -> None:
    """A test that names what is not there is our fault and nobody's zero; `validate` finds it."""
    tests = f"""
import pytest

@pytest.mark.question("q1")
def test_broken(student, request):
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
