"""Reference of the assignment "The pendulum": small swings of a mathematical pendulum."""

import numpy as np


def period(length, g=9.81):
    """Periods T = 2 pi sqrt(L / g) in s, for lengths (n,) in m and g in m/s^2.

    Raises ValueError if a length or g is not positive.
    """
    L = np.asarray(length, dtype=float)
    if not (L > 0).all() or g <= 0:
        raise ValueError("lengths and gravity must be positive")
    return 2 * np.pi * np.sqrt(L / g)


def gravity(lengths, periods):
    """The g in m/s^2 of the line T^2 = (4 pi^2 / g) L that fits lengths (n,), periods (n,) best.

    Least squares for a line through the origin: its slope is sum(L T^2) / sum(L^2).
    Raises ValueError if there are not as many periods as lengths, or none.
    """
    L, T = np.asarray(lengths, dtype=float), np.asarray(periods, dtype=float)
    if L.shape != T.shape or L.size == 0:
        raise ValueError("as many periods as lengths are needed, and at least one")
    return float(4 * np.pi**2 * np.sum(L**2) / np.sum(L * T**2))
