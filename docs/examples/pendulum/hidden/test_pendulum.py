"""Hidden tests of the assignment "The pendulum"."""

import numpy as np
import pytest
import reference

from autograder.checks import assert_close, raises

# ---- q1: the period


@pytest.mark.question("q1", weight=2)
def test_periods_of_any_length(student, rng):
    """Right for any lengths and any gravity, on moons and on giant planets."""
    for n, g in [(1, 0.6), (2, rng.uniform(1.0, 3.0)), (20, rng.uniform(5.0, 25.0))]:
        length = rng.uniform(0.1, 5.0, size=n)
        assert_close(student.period(length, g), reference.period(length, g), axes="n")


@pytest.mark.question("q1")
def test_lengths_are_left_alone(student, rng):
    """The lengths are the same after a call."""
    length = rng.uniform(0.1, 5.0, size=4)
    call = student.period.call(length.copy(), 9.81)
    assert_close(call.value, reference.period(length, 9.81), axes="n")
    assert_close(call.args_after[0], length, rtol=0)


@pytest.mark.question("q1")
def test_impossible_pendulums_are_refused(student):
    """Raises ValueError for a length or a gravity that is not positive."""
    for length, g in [([1.0, -1.0], 9.81), ([0.0, 1.0], 9.81), ([1.0, 2.0], -9.81), ([1.0], 0.0)]:
        with raises(ValueError):
            student.period(np.array(length), g)


# ---- q2: gravity from measurements


def measurements(rng, n, noise):
    """Lengths (n,) in m and periods (n,) in s of pendulums on some planet."""
    lengths, g = rng.uniform(0.2, 3.0, size=n), rng.uniform(2.0, 20.0)
    return lengths, reference.period(lengths, g) * rng.normal(1.0, noise, size=n)


@pytest.mark.question("q2", weight=2)
def test_gravity_of_noisy_measurements(student, rng):
    """The line that fits noisy measurements best, for any number of them."""
    for n in (1, 2, 5, 20):
        lengths, periods = measurements(rng, n, noise=0.1)
        assert_close(student.gravity(lengths, periods), reference.gravity(lengths, periods))


@pytest.mark.question("q2")
def test_gravity_of_whole_numbers(student, rng):
    """Right for lengths and periods that are integers."""
    for n in (2, 6):
        lengths, periods = rng.integers(1, 9, size=n), rng.integers(1, 6, size=n)
        assert_close(student.gravity(lengths, periods), reference.gravity(lengths, periods))


@pytest.mark.question("q2")
def test_measurements_without_partner_are_refused(student, rng):
    """Raises ValueError if there are not as many periods as lengths, or none at all."""
    lengths, periods = measurements(rng, 5, noise=0.1)
    for wrong_lengths, wrong_periods in [(lengths, periods[:1]), (lengths[:0], periods[:0])]:
        with raises(ValueError):
            student.gravity(wrong_lengths, wrong_periods)
