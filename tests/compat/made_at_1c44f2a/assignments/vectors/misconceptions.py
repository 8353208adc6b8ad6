"""Typical wrong answers to the assignment "Vectors"."""

import numpy as np

from autograder.variants import misconception


@misconception("q1", hint="You have the square of the length. Which step is missing?")
def length(x):
    """Root forgotten."""
    return float(np.sum(np.asarray(x) ** 2.0))


@misconception("q2", hint="Try your function on 2x in place of x: the angle is the same.")
def cosine(x, y):
    """Lengths forgotten."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    if not x.any() or not y.any():
        raise ValueError("a zero vector has no direction")
    return float(x @ y)
