"""Recognising misconceptions by results, by changed arguments, and in spite of chance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder import wire
from autograder.examiner.channel import RecordedCall, Recording
from autograder.examiner.recognise import load_variants, recognise
from autograder.variants import Variant

MISCONCEPTIONS = '''
import numpy as np

from autograder.variants import misconception, wrong_values


@misconception("q1", hint="Whose random numbers are these?")
def draw(n):
    """The global generator."""
    return np.random.uniform(size=n)


@misconception("q2", hint="These are not random.")
def draw(n):
    """Always the same."""
    return np.zeros(n)


@misconception("q3", hint="Who called you still needs the array.")
def double(x):
    """In place."""
    x *= 2
    return x


@misconception("q3", hint="There is nothing wrong with this one.")
def double(x):
    """A new array."""
    return 2 * x


wrong_values("q4", title="A column", hint="One number for each unit.", W=[[1], [-2]])
'''
SEED = "import numpy; numpy.random.seed({})"


@pytest.fixture
def variants(tmp_path: Path) -> tuple[Variant, ...]:
    """Give one misconception that draws, one that does not, two of arrays, and wrong values."""
    path = tmp_path / "misconceptions.py"
    path.write_text(MISCONCEPTIONS)
    return load_variants(path)


def called(n: int, answer: Any, *prepared: str) -> RecordedCall:
    """Give the record of ``draw(n)``."""
    request = wire.Encoder().encode(((n,), {}))
    return RecordedCall("draw", request, {}, answer, prepared)


def test_global_generator_after_a_seed(variants: tuple[Variant, ...]) -> None:
    """What a test seeds inside is seeded for the misconception, too, call by call."""
    state = np.random.RandomState(3)
    first, second = state.uniform(size=4), state.uniform(size=4)
    failed = Recording([called(4, first, SEED.format(3)), called(4, second)])
    assert recognise(variants[:1], [failed], []) is variants[0]
    other = Recording([called(4, first, SEED.format(4)), called(4, second)])
    assert recognise(variants[:1], [other], []) is None


def test_chance_contradicts_nothing(variants: tuple[Variant, ...]) -> None:
    """In a passed test that sets no seed, other random numbers speak against nothing."""
    failed = Recording([called(4, np.random.RandomState(3).uniform(size=4), SEED.format(3))])
    passed = Recording([called(4, np.random.RandomState(5).uniform(size=4))])
    assert recognise(variants[:1], [failed], [passed]) is variants[0]


def test_another_result_contradicts(variants: tuple[Variant, ...]) -> None:
    """In a passed test another result speaks against a misconception without chance."""
    failed, passed = Recording([called(2, np.zeros(2))]), Recording([called(2, np.ones(2))])
    assert recognise(variants[1:], [failed], []) is variants[1]
    assert recognise(variants[1:], [failed], [passed]) is None


def test_a_line_on_the_notebooks_names(variants: tuple[Variant, ...]) -> None:
    """A prepared line that means something in the notebook alone is passed over."""
    failed = Recording([called(2, np.zeros(2), "model.seed = 3")])
    assert recognise(variants[1:], [failed], []) is variants[1]


def test_changed_arguments_tell_apart(variants: tuple[Variant, ...]) -> None:
    """Of two misconceptions with the same result, the one that changes the same arguments."""
    in_place, copying = variants[2:4]
    before, after = np.ones(3), 2 * np.ones(3)
    request = wire.Encoder().encode(((before,), {}))
    for left, variant in [(after, in_place), (before, copying)]:
        failed = Recording([RecordedCall("double", request, {}, after, (), (left,))])
        assert recognise(variants[2:4], [failed], []) is variant


def test_a_row_is_not_a_column(variants: tuple[Variant, ...]) -> None:
    """The same numbers in another shape are another answer, in lists, too."""
    column = variants[4:]
    assert recognise(column, [Recording(values={"W": [[1.0], [-2.0]]})], []) is column[0]
    assert recognise(column, [Recording(values={"W": [1.0, -2.0]})], []) is None
