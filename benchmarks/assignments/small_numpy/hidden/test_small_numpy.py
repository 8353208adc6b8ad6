"""Hidden tests of the benchmark's NumPy notebook; the peers get the same, see `formats`."""

import numpy as np
import pytest
from autograder.checks import assert_close, raises


@pytest.mark.question("q1")
def test_q1_any_values(student, rng):
    """The mean and its error are right for any values."""
    for n in (2, 5, 40):
        x = rng.normal(3.0, 2.0, size=n)
        mean, error = student.mean_and_error(x)
        assert_close(mean, x.sum() / n)
        assert_close(error, np.sqrt(((x - x.mean()) ** 2).sum() / (n - 1) / n))


@pytest.mark.question("q1")
def test_q1_one_value(student):
    """One value has no error: ValueError."""
    with raises(ValueError):
        student.mean_and_error(np.array([1.0]))


@pytest.mark.question("q2")
def test_q2_any_errors(student, rng):
    """The weighted mean is right for any values and errors."""
    for n in (1, 5, 40):
        x, s = rng.normal(size=n), rng.uniform(0.5, 2.0, size=n)
        assert_close(student.weighted_mean(x, s), np.average(x, weights=s**-2.0))


@pytest.mark.question("q2")
def test_q2_equal_errors(student, rng):
    """With equal errors it is the plain mean."""
    x = rng.normal(size=12)
    assert_close(student.weighted_mean(x, np.full(12, 0.3)), x.mean())


@pytest.mark.question("q3")
def test_q3_any_points(student, rng):
    """Slope and intercept are those of the least squares."""
    for n in (2, 7, 50):
        x, y = rng.uniform(-1, 1, size=n), rng.normal(size=n)
        slope, intercept = student.line(x, y)
        expected = np.polyfit(x, y, 1)
        assert_close(slope, expected[0])
        assert_close(intercept, expected[1])


@pytest.mark.question("q4")
def test_q4_any_line(student, rng):
    """Chi squared is right for any line, points and errors."""
    for n in (1, 6, 30):
        x, y, s = rng.normal(size=n), rng.normal(size=n), rng.uniform(0.5, 2.0, size=n)
        value = student.chi2(x, y, s, 0.7, -0.2)
        assert_close(value, (((y - 0.7 * x + 0.2) / s) ** 2).sum())


@pytest.mark.question("q4")
def test_q4_exact_line(student):
    """Points on the line have a chi squared of 0."""
    x = np.arange(5.0)
    assert_close(student.chi2(x, 2 * x + 1, np.ones(5), 2.0, 1.0), 0.0)
