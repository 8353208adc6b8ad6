"""Recognising misconceptions that draw random numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder import wire
from autograder.channel import RecordedCall, Recording
from autograder.recognise import load_variants, recognise
from autograder.variants import Variant

MISCONCEPTIONS = '''
import numpy as np

from autograder.variants import misconception


@misconception("q1", hint="Whose random numbers are these?")
def draw(n):
    """The global generator."""
    return np.random.uniform(size=n)


@misconception("q2", hint="These are not random.")
def draw(n):
    """Always the same."""
    return np.zeros(n)
'''
SEED = "import numpy; numpy.random.seed({})"


@pytest.fixture
def variants(tmp_path: Path) -> tuple[Variant, ...]:
    """Give one misconception that draws, and one that does not."""
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
