"""Right answers to the assignment "The pendulum", written differently."""

import numpy as np

from autograder.variants import alternative, alternative_cell


@alternative("q1")
def period(length, g=9.81):
    """A list of Python floats, by a loop."""
    from math import pi, sqrt

    if g <= 0 or any(value <= 0 for value in length):
        raise ValueError
    return [2 * pi * sqrt(value / g) for value in length]


@alternative("q1")
def period(length, g=9.81):
    """By the angular frequency, in single precision."""
    if not (np.all(length > 0) and g > 0):
        raise ValueError("not positive")
    omega = np.sqrt(np.float32(g) / length.astype(np.float32))
    return np.float32(2 * np.pi) / omega


@alternative("q2")
def gravity(lengths, periods):
    """By NumPy's least squares, as an array with one entry."""
    if len(lengths) != len(periods) or not len(lengths):
        raise ValueError("as many periods as lengths are needed, and at least one")
    design, target = lengths[:, np.newaxis], np.asarray(periods, dtype=float) ** 2
    return 4 * np.pi**2 / np.linalg.lstsq(design, target, rcond=None)[0]


alternative_cell(
    "q2",
    title="With a helper of its own",
    source="""
    def slope(x, y):
        return (x @ y) / (x @ x)

    def gravity(lengths, periods):
        if lengths.shape != periods.shape or lengths.size == 0:
            raise ValueError("these do not belong together")
        return 4 * np.pi**2 / slope(lengths, periods**2)
    """,
)
