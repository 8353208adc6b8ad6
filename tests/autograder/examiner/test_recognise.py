"""Recognising misconceptions by results, by changed arguments, and in spite of chance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder import wire
from autograder.errors import StudentRaised
from autograder.examiner.recognise import load_sample_answers, recognise
from autograder.examiner.recording import RecordedCall, Recording
from autograder.sample_answers import SampleAnswer

MISCONCEPTIONS = '''
import numpy as np

from autograder.sample_answers import misconception, wrong_values


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
wrong_values(
    "q5",
    title="No unit is silent",
    hint="When is a unit silent?",
    recognised_by=lambda W, b: min(np.min(W), b) > 0,
    W=[1, 2],
    b=1,
)
'''
SEED = "import numpy; numpy.random.seed({})"


@pytest.fixture
def samples(tmp_path: Path) -> tuple[SampleAnswer, ...]:
    """Return misconceptions that draw or do not, two of arrays, and two of wrong values."""
    path = tmp_path / "misconceptions.py"
    path.write_text(MISCONCEPTIONS)
    return load_sample_answers(path)


def called(n: int, answer: Any, *prepared: str) -> RecordedCall:
    """Return the record of ``draw(n)``."""
    request = wire.Encoder().encode(((n,), {}))
    return RecordedCall("draw", request, {}, answer, prepared)


def test_global_generator_after_a_seed(samples: tuple[SampleAnswer, ...]) -> None:
    """What a test seeds inside is seeded for the misconception, too, call by call."""
    state = np.random.RandomState(3)
    first, second = state.uniform(size=4), state.uniform(size=4)
    failed = Recording([called(4, first, SEED.format(3)), called(4, second)])
    assert recognise(samples[:1], [failed], []) is samples[0]
    other = Recording([called(4, first, SEED.format(4)), called(4, second)])
    assert recognise(samples[:1], [other], []) is None


def test_chance_contradicts_nothing(samples: tuple[SampleAnswer, ...]) -> None:
    """In a passed test that sets no seed, other random numbers speak against nothing."""
    failed = Recording([called(4, np.random.RandomState(3).uniform(size=4), SEED.format(3))])
    passed = Recording([called(4, np.random.RandomState(5).uniform(size=4))])
    assert recognise(samples[:1], [failed], [passed]) is samples[0]


def test_another_result_contradicts(samples: tuple[SampleAnswer, ...]) -> None:
    """In a passed test another result speaks against a misconception without chance."""
    failed, passed = Recording([called(2, np.zeros(2))]), Recording([called(2, np.ones(2))])
    assert recognise(samples[1:], [failed], []) is samples[1]
    assert recognise(samples[1:], [failed], [passed]) is None


def test_a_line_on_the_notebooks_names(samples: tuple[SampleAnswer, ...]) -> None:
    """A prepared line that means something in the notebook alone is passed over."""
    failed = Recording([called(2, np.zeros(2), "model.seed = 3")])
    assert recognise(samples[1:], [failed], []) is samples[1]


def test_changed_arguments_tell_apart(samples: tuple[SampleAnswer, ...]) -> None:
    """Of two misconceptions with the same result, the one that changes the same arguments."""
    in_place, copying = samples[2:4]
    before, after = np.ones(3), 2 * np.ones(3)
    request = wire.Encoder().encode(((before,), {}))
    for left, sample in [(after, in_place), (before, copying)]:
        failed = Recording([RecordedCall("double", request, {}, after, (), (left,))])
        assert recognise(samples[2:4], [failed], []) is sample


def test_a_row_is_not_a_column(samples: tuple[SampleAnswer, ...]) -> None:
    """The same numbers in another shape are another answer, in lists, too."""
    column = samples[4:5]
    assert recognise(column, [Recording(values={"W": [[1.0], [-2.0]]})], []) is column[0]
    assert recognise(column, [Recording(values={"W": [1.0, -2.0]})], []) is None


@pytest.mark.parametrize(
    ("values", "recognised"),
    [
        ({"W": [1, 2], "b": 1}, True),
        ({"W": np.array([0.5, 7.0]), "b": 3.0}, True),
        ({"W": [1, -2], "b": 1}, False),
        ({"W": [1, 2]}, False),
        ({"W": "weights", "b": None}, False),
    ],
)
def test_values_by_a_property(
    samples: tuple[SampleAnswer, ...], values: dict[str, Any], *, recognised: bool
) -> None:
    """Wrong variables are recognised by what they share, if all of them were read and can be."""
    found = recognise(samples[5:], [Recording(values=values)], [])
    assert (found is samples[5]) is recognised


def test_contradictions_weigh_as_much_as_coincidences(samples: tuple[SampleAnswer, ...]) -> None:
    """A misconception that agrees once and disagrees once explains nothing; twice is enough."""
    zeros, ones = Recording([called(2, np.zeros(2))]), Recording([called(2, np.ones(2))])
    assert recognise(samples[1:2], [zeros, ones], []) is None
    assert recognise(samples[1:2], [zeros, ones, zeros], []) is samples[1]


def test_what_is_refused_rightly_explains_no_other_function(
    samples: tuple[SampleAnswer, ...],
) -> None:
    """A test of two functions may fail by the other one, where this one refuses as it should."""
    refused = StudentRaised("no such length")
    refused.builtin_name = "ValueError"
    alone = Recording([called(-1, refused)])
    assert recognise(samples[1:2], [alone], []) is samples[1]

    request = wire.Encoder().encode(((np.ones(3),), {}))
    both = Recording([called(-1, refused), RecordedCall("double", request, {}, None)])
    assert recognise(samples[1:2], [both], []) is None


def test_of_what_a_test_presupposes_the_last_function_failed() -> None:
    """The calls before it, of other functions, were right."""
    recording = Recording([called(2, np.zeros(2)), RecordedCall("double", b"", {}, 3)])
    recording.keep_last_function()
    assert [each.name for each in recording.calls] == ["double"]
    Recording().keep_last_function()
