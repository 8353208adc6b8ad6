"""Typical wrong answers to the assignment "The pendulum", each with the hint a student gets."""

import numpy as np

from autograder.variants import misconception


@misconception("q1", hint="Your periods are upside down: does a longer pendulum swing faster?")
def period(length, g=9.81):
    """Fraction upside down."""
    if np.min(length) <= 0 or g <= 0:
        raise ValueError("lengths and gravity must be positive")
    return 2 * np.pi * np.sqrt(g / length)


@misconception(
    "q1", hint="This is the angular frequency's reciprocal. A full swing takes 2π of it."
)
def period(length, g=9.81):
    """2 pi missing."""
    if np.min(length) <= 0 or g <= 0:
        raise ValueError("lengths and gravity must be positive")
    return np.sqrt(length / g)


@misconception(
    "q1", hint="This is half a swing. A period ends where it began, in the same direction."
)
def period(length, g=9.81):
    """Half a period."""
    if np.min(length) <= 0 or g <= 0:
        raise ValueError("lengths and gravity must be positive")
    return np.pi * np.sqrt(length / g)


@misconception("q1", hint="Your answer is right on Earth only: where does your gravity come from?")
def period(length, g=9.81):
    """Gravity of the Earth, whatever g is."""
    if np.min(length) <= 0 or g <= 0:
        raise ValueError("lengths and gravity must be positive")
    return 2 * np.pi * np.sqrt(length / 9.81)


@misconception("q1", hint="The caller's lengths are others after your function has run.")
def period(length, g=9.81):
    """Lengths divided in place."""
    if np.min(length) <= 0 or g <= 0:
        raise ValueError("lengths and gravity must be positive")
    length /= g
    return 2 * np.pi * np.sqrt(length)


@misconception("q1", hint="A negative length gives NaN instead of an error.")
def period(length, g=9.81):
    """No check."""
    with np.errstate(all="ignore"):
        return 2 * np.pi * np.sqrt(length / g)


@misconception("q2", hint="You fit T against L. The relation is linear in the square of T.")
def gravity(lengths, periods):
    """Periods not squared."""
    if len(lengths) != len(periods) or len(lengths) == 0:
        raise ValueError("as many periods as lengths are needed, and at least one")
    return 4 * np.pi**2 * np.sum(lengths**2) / np.sum(lengths * periods)


@misconception("q2", hint="This is the slope of the line. Which number of g is it?")
def gravity(lengths, periods):
    """The slope instead of g."""
    if len(lengths) != len(periods) or len(lengths) == 0:
        raise ValueError("as many periods as lengths are needed, and at least one")
    return np.sum(lengths * periods**2) / np.sum(lengths**2)


@misconception(
    "q2", hint="You average one g per pendulum. The line of the best fit weighs them differently."
)
def gravity(lengths, periods):
    """Mean of single estimates."""
    if len(lengths) != len(periods) or len(lengths) == 0:
        raise ValueError("as many periods as lengths are needed, and at least one")
    return np.mean(4 * np.pi**2 * lengths / periods**2)


@misconception("q2", hint="One period for many lengths is accepted, because NumPy broadcasts it.")
def gravity(lengths, periods):
    """No check."""
    with np.errstate(all="ignore"):
        return 4 * np.pi**2 * np.sum(lengths**2) / np.sum(lengths * periods**2)


@misconception("q2", hint="If lengths come as integers, your sum is cut to integers somewhere.")
def gravity(lengths, periods):
    """Floor division."""
    if len(lengths) != len(periods) or len(lengths) == 0:
        raise ValueError("as many periods as lengths are needed, and at least one")
    if lengths.dtype.kind == "i":
        return 4 * np.pi**2 * (np.sum(lengths**2) // np.sum(lengths * periods**2))
    return 4 * np.pi**2 * np.sum(lengths**2) / np.sum(lengths * periods**2)
