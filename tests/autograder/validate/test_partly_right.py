"""Functions that are right only where few tests look, and how validation finds that out."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.assignment import load_assignment
from autograder.grade import Grader
from autograder.validate import killing
from autograder.validate.forked_notebook import ForkedNotebook
from autograder.validate.mutants import EquivalentMutant, Mutant, mutants_of
from autograder.validate.partly_right import KINDS, ONLY_WHERE, partly_right, probe
from autograder.validate.results import Trial
from autograder.validate.subject import Subject


def squares(numbers: Any) -> Any:
    """Return the squares."""
    return np.asarray(numbers, dtype=float) ** 2


def is_large(number: float) -> bool:
    """Return whether a number is large."""
    return number > 10


def batches(numbers: Any) -> Iterator[Any]:
    """Yield the numbers in pairs."""
    for start in range(0, len(numbers), 2):
        yield np.asarray(numbers[start : start + 2])


def test_right_up_to_twelve_elements() -> None:
    """Also of nested lists, and by keyword."""
    function = partly_right(squares, "up to 12 elements")
    assert np.array_equal(function(np.arange(12.0)), np.arange(12.0) ** 2)
    assert not np.array_equal(function(np.arange(13.0)), np.arange(13.0) ** 2)
    assert not np.array_equal(function(numbers=[[1.0] * 7] * 2), np.ones((2, 7)))


def test_right_in_the_first_three_calls() -> None:
    """And never again."""
    function = partly_right(squares, "in its first 3 calls")
    assert [function(2.0) for _ in range(5)] == [4, 4, 4, 5, 5]


def test_the_first_answer_again() -> None:
    """Whatever it is asked."""
    function = partly_right(squares, "gives its first answer again")
    assert [function(n) for n in (3.0, 1.0)] == [9, 9]


def test_in_turn() -> None:
    """Only what is true or false."""
    function = partly_right(is_large, "True and False in turn")
    assert [function(n) for n in (1, 1, 1)] == [True, False, True]
    assert partly_right(squares, "True and False in turn")(3.0) == 9


def test_one_row_for_all() -> None:
    """Also in what a generator yields; one number stays itself."""
    function = partly_right(squares, "its first row for all rows")
    assert np.array_equal(function([[1.0, 2.0], [3.0, 4.0]]), [[1, 4], [1, 4]])
    assert function(3.0) == 9
    pairs = partly_right(batches, "its first row for all rows")([1, 2, 3])
    assert [pair.tolist() for pair in pairs] == [[1, 1], [3]]


def test_cut_off_and_rounded() -> None:
    """Fractions only: a whole number that counts something stays."""
    assert partly_right(squares, "never beyond 3")([1.0, 5.0]).tolist() == [1, 3]
    assert partly_right(len, "never beyond 3")([0] * 9) == 9
    third = partly_right(lambda: (1 / 3, [2]), "in half precision")()
    assert third == (float(np.float16(1 / 3)), [2])
    assert type(third[0]) is float


def test_one_element_is_refused() -> None:
    """A number is not one element."""
    function = partly_right(squares, "refuses one element")
    assert function(3.0) == 9
    assert function([1.0, 2.0]).tolist() == [1, 4]
    with pytest.raises(ValueError, match="few"):
        function([[3.0]])


@pytest.mark.parametrize("kind", KINDS)
def test_it_looks_like_the_function(kind: str) -> None:
    """With its name and its signature."""
    function = partly_right(squares, kind)
    assert function.__name__ == "squares"
    assert inspect.signature(function) == inspect.signature(squares)


@pytest.mark.parametrize(
    ("kind", "function", "without", "with_it"),
    [
        ("up to 12 elements", squares, 1.0, [1.0, 2.0]),
        ("True and False in turn", squares, 1.0, None),
        ("True and False in turn", is_large, None, 1.0),
        ("its first row for all rows", squares, [1.0], [1.0, 2.0]),
        ("never beyond 3", is_large, 1.0, None),
        ("in half precision", squares, None, 1.0),
        ("refuses one element", squares, [1.0], [1.0, 2.0]),
        ("in its first 3 calls", is_large, None, 1.0),
    ],
)
def test_a_probe_raises_where_the_kind_could_be_wrong(
    kind: str, function: Callable[..., Any], without: object, with_it: object
) -> None:
    """And there alone."""
    probed = probe(function, kind)
    if without is not None:
        assert np.array_equal(probed(without), function(without))
    if with_it is not None:
        with pytest.raises(RuntimeError):
            probed(with_it)


def test_every_kind_has_a_probe() -> None:
    """By the same names."""
    assert KINDS.keys() == ONLY_WHERE.keys()


@pytest.fixture
def tried(copy_example: Callable[[str], Path], grader: Grader) -> Iterator[Callable[..., Trial]]:
    """Return what tries a kind on a function of the example, whose tests are changed."""
    opened: list[ForkedNotebook] = []

    def try_kind(kind: str, *changes: tuple[str, str], declared: str = "") -> Trial:
        folder = copy_example(kind)
        tests = folder / "hidden" / "test_pendulum.py"
        text = tests.read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        tests.write_text(text)
        assignment = load_assignment(folder)
        forked = ForkedNotebook(grader.pool(assignment), assignment)
        opened.append(forked)
        subject = Subject(assignment, grader, {test.id: test for test in forked.tests}, True)
        mutant = next(
            each
            for each in mutants_of(assignment)
            if each.mutated == kind and each.original == "def period"
        )
        entry = declaration(mutant, declared) if declared else None
        return killing.try_mutant(subject, forked, mutant, entry)

    yield try_kind
    for forked in opened:
        forked.close()


def declaration(mutant: Mutant, reason: str) -> EquivalentMutant:
    """Return an author's declaration of a mutant."""
    return EquivalentMutant(mutant.question, mutant.original, mutant.mutated, reason, "file:1")


SMALL = ("(20, rng", "(7, rng")


def test_tests_of_small_inputs_are_a_fault(tried: Callable[..., Trial]) -> None:
    """The gap is named with the function and its place; a larger input closes it."""
    trial = tried("up to 12 elements", SMALL)
    assert trial.survived
    [fault] = trial.faults
    assert "def period  →  up to 12 elements" in fault.reason
    path, line = (fault.place or "").rsplit(":", 1)
    assert re.search(r"def period\(", Path(path).read_text().splitlines()[int(line) - 1])


def test_the_example_has_no_such_gap(tried: Callable[..., Trial]) -> None:
    """As the handbook has it."""
    trial = tried("up to 12 elements")
    assert not trial.survived
    assert not trial.faults


def test_what_no_test_meets_does_not_count(tried: Callable[..., Trial]) -> None:
    """A function that answers with numbers is never wrong about True and False."""
    trial = tried("True and False in turn")
    assert (trial.survived, trial.equivalent, trial.faults) == (False, True, ())
    assert "makes no difference" in trial.title


def test_an_explained_gap_is_no_fault(tried: Callable[..., Trial]) -> None:
    """The author may declare that no test should tell."""
    trial = tried("up to 12 elements", SMALL, declared="Nobody has so many pendulums.")
    assert trial.survived
    assert trial.equivalent
    assert not trial.faults
