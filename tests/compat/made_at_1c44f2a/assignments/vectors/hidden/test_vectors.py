"""Hidden tests of the assignment "Vectors"."""

import numpy as np
import pytest

from autograder.checks import assert_close, raises


@pytest.mark.question("q1")
def test_any_length(student, rng):
    """Right for vectors of any size."""
    for n in (1, 2, 50):
        x = rng.normal(size=n)
        assert_close(student.length(x), np.linalg.norm(x))


@pytest.mark.question("q2", weight=3)
def test_any_angle(student, rng):
    """Right for any two vectors."""
    x, y = rng.normal(size=(2, 5))
    assert_close(student.cosine(x, y), x @ y / np.linalg.norm(x) / np.linalg.norm(y))


@pytest.mark.question("q2")
def test_zero_is_refused(student):
    """Raises ValueError for a zero vector."""
    with raises(ValueError):
        student.cosine(np.zeros(3), np.ones(3))
