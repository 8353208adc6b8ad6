"""The references of the assignment "XOR weights" agree with each other and with the slides."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from reference import xor

SHAPES = [(1, 1, 1), (5, 3, 4), (4, 4, 4), (3, 2, 2), (1, 2, 8), (6, 5, 1)]

# The hidden ReLU units of the lectures (decks S0 and S2); the same weights are derived in
# Goodfellow, Bengio and Courville, "Deep Learning", section 6.1. Labels: S2:270.
SLIDE: xor.Network = (np.ones((2, 2)), np.array([0.0, -1.0]), np.array([1.0, -2.0]), 0.0)
ABSOLUTE: xor.Network = (np.array([[1.0, -1.0], [-1.0, 1.0]]), np.zeros(2), np.ones(2), 0.0)
BAD_FACTORS = [[1.0, 0.0], [-1.0, 2.0], [-1.0, -2.0], [2.0], [1.0, 1.0, 1.0], [np.nan, 1.0]]

Forward = Callable[..., xor.Array]
Rescale = Callable[..., xor.Network]


def random_network(rng: np.random.Generator, d: int, h: int) -> xor.Network:
    """Normally distributed weights."""
    return rng.normal(size=(h, d)), rng.normal(size=h), rng.normal(size=h), float(rng.normal())


@pytest.mark.parametrize(("n", "d", "h"), SHAPES)
def test_forward_agrees(n: int, d: int, h: int) -> None:
    """NumPy and Keras give the same outputs in float64."""
    rng = np.random.default_rng(100 * n + 10 * d + h)
    x, network = rng.normal(size=(n, d)), random_network(rng, d, h)
    expected = xor.forward(x, *network)
    np.testing.assert_allclose(xor.forward_tf(x, *network), expected, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("forward", [xor.forward, xor.forward_tf])
def test_slide_weights_solve_xor(forward: Forward) -> None:
    """The weights of the slides give 0, 1, 1, 0 on the corners."""
    np.testing.assert_allclose(forward(xor.CORNERS, *SLIDE), [0, 1, 1, 0], atol=1e-12)
    np.testing.assert_allclose(xor.XOR, [0, 1, 1, 0])


@pytest.mark.parametrize("forward", [xor.forward, xor.forward_tf])
def test_forward_number_of_the_notebook(forward: Forward) -> None:
    """The worked number of question 2: hidden units 0 and 3, output 2.5."""
    W1, b1, W2 = np.array([[1, -1], [2, 1]]), np.array([0, -1]), np.array([3.0, 0.5])
    np.testing.assert_allclose(forward([[1, 2]], W1, b1, W2, 1.0), [2.5])


@pytest.mark.parametrize("forward", [xor.forward, xor.forward_tf])
def test_forward_refuses_shapes_that_do_not_fit(forward: Forward) -> None:
    """Wrong d, wrong h in b1 or in W2, and lengths that NumPy would broadcast."""
    x, W1 = np.zeros((4, 2)), np.zeros((3, 2))
    wrong = [
        (np.zeros((4, 3)), W1, np.zeros(3), np.zeros(3)),
        (x, W1, np.zeros(2), np.zeros(3)),
        (x, W1, np.zeros(1), np.zeros(3)),
        (x, W1, np.zeros(3), np.zeros(2)),
    ]
    for arguments in wrong:
        with pytest.raises(ValueError, match=r"must have"):
            forward(*arguments, 0.0)


@pytest.mark.parametrize(("n", "d", "h"), SHAPES)
def test_rescale_agrees_and_keeps_the_function(n: int, d: int, h: int) -> None:
    """Both references give the same weights, and these give the old outputs."""
    rng = np.random.default_rng(n + d + h)
    x, network, a = rng.normal(size=(n, d)), random_network(rng, d, h), rng.uniform(0.2, 5, size=h)
    scaled, scaled_tf = xor.rescale(*network, a), xor.rescale_tf(*network, a)
    for k in range(4):
        np.testing.assert_allclose(scaled_tf[k], scaled[k], rtol=1e-6)
    expected = xor.forward(x, *network)
    np.testing.assert_allclose(xor.forward(x, *scaled), expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(scaled[0] / network[0], np.repeat(a[:, np.newaxis], d, axis=1))


@pytest.mark.parametrize("rescale", [xor.rescale, xor.rescale_tf])
@pytest.mark.parametrize("a", BAD_FACTORS)
def test_rescale_refuses(rescale: Rescale, a: list[float]) -> None:
    """Factors that are not positive, or not one per unit."""
    with pytest.raises(ValueError, match="positive factor"):
        rescale(*SLIDE, np.array(a))


def test_difference_sees_through_order_and_scale() -> None:
    """Zero for the same network in another guise, large for another one."""
    W1, b1, W2, b2 = xor.rescale(*SLIDE, np.array([3.0, 0.25]))
    assert xor.difference(SLIDE, (W1[::-1], b1[::-1], W2[::-1], b2)) < 1e-12
    assert xor.difference(SLIDE, ABSOLUTE) > 0.1
    assert xor.difference(SLIDE, (*SLIDE[:3], 0.5)) > 0.1
    dead = (np.zeros((2, 2)), np.zeros(2), np.zeros(2), 0.0)
    assert np.isfinite(xor.difference(SLIDE, dead))


def test_second_network() -> None:
    """|x1 - x2| is XOR too."""
    np.testing.assert_allclose(xor.forward(xor.CORNERS, *ABSOLUTE), xor.XOR)


def test_best_affine_agrees_with_theory() -> None:
    """Weights 0, bias 1/2, mean squared error 1/4, from NumPy and TensorFlow."""
    for w, b, mse in (xor.best_affine(), xor.best_affine_tf()):
        np.testing.assert_allclose(w, [0, 0], atol=1e-12)
        np.testing.assert_allclose([b, mse], [1 / 2, 1 / 4], rtol=1e-10)


def test_best_affine_is_a_minimum() -> None:
    """The loss has zero slope there, by finite differences."""
    w, b, _ = xor.best_affine()

    def loss(theta: xor.Array) -> float:
        return float(np.mean((xor.XOR - xor.CORNERS @ theta[:2] - theta[2]) ** 2))

    theta, eps = np.array([*w, b]), 1e-5
    for step in eps * np.eye(3):
        assert abs(loss(theta + step) - loss(theta - step)) / (2 * eps) < 1e-8


def test_best_accuracy() -> None:
    """Three of four corners; the lines tried give all 14 labellings that a line can give."""
    assert xor.best_accuracy() == xor.best_accuracy_tf() == 3 / 4
    assert len({tuple(labels) for labels in xor.labellings()}) == 14


def test_board_network_is_right_everywhere() -> None:
    """No wrong label off the axes, in NumPy and in Keras."""
    x = np.random.default_rng(1).uniform(-1, 1, size=(2000, 2))
    x = x[np.abs(x).min(axis=1) > 1e-6]
    for forward in (xor.forward, xor.forward_tf):
        high = forward(x, *xor.board_network()) > 0
        np.testing.assert_array_equal(high, xor.board_labels(x) == 1)


def test_labels_are_those_of_the_sign_product() -> None:
    """1 where exactly one coordinate is negative."""
    points = [[1, 1], [-1, 1], [1, -1], [-1, -1]]
    np.testing.assert_array_equal(xor.board_labels(points), [0, 1, 1, 0])
