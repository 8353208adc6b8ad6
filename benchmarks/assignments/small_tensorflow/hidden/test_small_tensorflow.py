"""Hidden tests of the benchmark's TensorFlow notebook; the peers get the same, see `formats`."""

import numpy as np
import pytest
from autograder.checks import assert_close


@pytest.mark.question("q1")
def test_q1_any_points(student, rng):
    """The labels are right for any points."""
    for n in (1, 5, 200):
        x = rng.uniform(-2, 2, size=(n, 2))
        assert_close(student.board(x), (x[:, 0] * x[:, 1] < 0).astype(int))


@pytest.mark.question("q2")
def test_q2_any_size(student):
    """A network with h hidden units has 4h + 1 parameters."""
    for hidden in (2, 7):
        assert student.network(hidden).count_params() == 4 * hidden + 1


@pytest.mark.question("q3")
def test_q3_has_learned(student, rng):
    """The trained network is right on nine of ten new points that lie off the edges."""
    x = rng.uniform(-1, 1, size=(500, 2))
    x = x[np.abs(x).min(axis=1) > 0.1]
    outputs = np.asarray(student.model.predict(x, verbose=0))
    right = (outputs[:, 0] > 0.5) == (x[:, 0] * x[:, 1] < 0)
    assert right.mean() > 0.9


@pytest.mark.question("q4")
def test_q4_any_outputs(student, rng):
    """The fraction is right for any labels and outputs."""
    for n in (1, 5, 200):
        labels, outputs = rng.integers(0, 2, size=n), rng.uniform(size=(n, 1))
        expected = ((outputs[:, 0] > 0.5) == (labels == 1)).mean()
        assert_close(student.accuracy(labels, outputs), expected)
