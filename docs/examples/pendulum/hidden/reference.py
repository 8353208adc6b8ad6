"""Reference of the assignment "The pendulum": small swings of a mathematical pendulum."""

import numpy as np


def period(length, g=9.81):
    """Periods T = 2 pi sqrt(L / g) in s, for lengths (n,) in m and g in m/s^2."""
    return 2 * np.pi * np.sqrt(np.asarray(length, dtype=float) / g)


def gravity(lengths, periods):
    """The g in m/s^2 of the line T^2 = (4 pi^2 / g) L that fits lengths (n,), periods (n,) best.

    Least squares for a line through the origin: its slope is sum(L T^2) / sum(L^2).
    """
    L, T2 = np.asarray(lengths, dtype=float), np.asarray(periods, dtype=float) ** 2
    return float(4 * np.pi**2 * np.sum(L**2) / np.sum(L * T2))
