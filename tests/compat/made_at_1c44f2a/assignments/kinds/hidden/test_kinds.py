"""Hidden tests of the assignment "Kinds": each asks for a multiple."""

import numpy as np
import pytest

from autograder.checks import array, assert_close


@pytest.mark.question("q1")
def test_right(student, rng):
    """Gives 1 times any array."""
    x = rng.normal(size=4)
    assert_close(student.right(x), 1 * x, axes="n")


@pytest.mark.question("q2")
def test_wrong(student, rng):
    """Gives 2 times any array."""
    x = rng.normal(size=4)
    assert_close(student.wrong(x), 2 * x, axes="n")


@pytest.mark.question("q3")
def test_raises(student, rng):
    """Gives 3 times any array."""
    x = rng.normal(size=4)
    assert_close(student.raises(x), 3 * x, axes="n")


@pytest.mark.question("q4")
def test_endless(student, rng):
    """Gives 4 times any array."""
    x = rng.normal(size=4)
    assert_close(student.endless(x), 4 * x, axes="n")


@pytest.mark.question("q5")
def test_greedy(student, rng):
    """Gives 5 times any array."""
    x = rng.normal(size=4)
    assert_close(student.greedy(x), 5 * x, axes="n")


@pytest.mark.question("q6")
def test_noisy(student, rng):
    """Gives 6 times any array."""
    x = rng.normal(size=4)
    assert_close(student.noisy(x), 6 * x, axes="n")


@pytest.mark.question("q7")
def test_leaving(student, rng):
    """Gives 7 times any array."""
    x = rng.normal(size=4)
    assert_close(student.leaving(x), 7 * x, axes="n")


@pytest.mark.question("q8")
def test_absent(student, rng):
    """Gives 8 times any array."""
    x = rng.normal(size=4)
    assert_close(student.absent(x), 8 * x, axes="n")


@pytest.mark.question("q9")
def test_infinite(student, rng):
    """Gives 9 times any array."""
    x = rng.normal(size=4)
    assert_close(student.infinite(x), 9 * x, axes="n")


@pytest.mark.question("q10")
def test_elsewhere(student):
    """Three numbers that grow."""
    x = array(student.elsewhere, shape=(3,), axes="n")
    assert np.all(np.diff(x) > 0), "the numbers do not grow"
