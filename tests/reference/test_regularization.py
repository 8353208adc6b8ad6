"""The references of the assignment "Regularization" agree with each other and with the lectures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from reference import regularization as reg

# Numbers of inputs and of the units of each layer.
NETS = [[1, 1], [3, 3], [2, 4, 1], [5, 3, 3, 2]]
RATES = [(0.0, 0.0), (0.3, 0.0), (0.0, 0.7), (0.2, 0.05)]
DATA = [(1, 1), (5, 3), (6, 6), (3, 5), (40, 2)]

Both = Callable[..., Any]


def network(sizes: Sequence[int], rng: np.random.Generator) -> list[reg.Layer]:
    """Random layers whose weights keep away from 0, where |W| has a kink."""
    shapes = zip(sizes[1:], sizes[:-1], strict=True)
    return [
        (rng.uniform(0.3, 2.0, shape) * rng.choice([-1, 1], shape), rng.normal(0, 5, shape[0]))
        for shape in shapes
    ]


@pytest.mark.parametrize("sizes", NETS)
@pytest.mark.parametrize(("l1", "l2"), RATES)
def test_elastic_agrees(sizes: list[int], l1: float, l2: float) -> None:
    """NumPy and the Keras regularizer give the same penalty."""
    layers = network(sizes, np.random.default_rng(sum(sizes)))
    expected = reg.elastic(layers, l1, l2)
    np.testing.assert_allclose(reg.elastic_tf(layers, l1, l2), expected, rtol=1e-6)


@pytest.mark.parametrize("elastic", [reg.elastic, reg.elastic_tf])
def test_elastic_of_the_notebook(elastic: Both) -> None:
    """The worked number: |3| + |-4| = 7 and 9 + 16 = 25; the bias 100 is free."""
    layer = (np.array([[3.0, -4.0]]), np.array([100.0]))
    np.testing.assert_allclose(elastic([layer], 0.5, 0.1), 0.5 * 7 + 0.1 * 25)


def test_keras_l2_has_no_half_and_the_nn_function_has() -> None:
    """``keras.regularizers.L2`` is the sum of squares, ``tf.nn.l2_loss`` half of it."""
    tf = pytest.importorskip("tensorflow")
    W = np.array([[3.0, -4.0]])
    assert float(tf.keras.regularizers.L2(1.0)(tf.constant(W))) == pytest.approx(25.0)
    assert float(tf.nn.l2_loss(tf.constant(W))) == pytest.approx(12.5)


@pytest.mark.parametrize("sizes", NETS)
@pytest.mark.parametrize(("l1", "l2"), RATES)
def test_reg_grad_agrees(sizes: list[int], l1: float, l2: float) -> None:
    """NumPy and ``tf.GradientTape`` give the same slopes."""
    rng = np.random.default_rng(sum(sizes))
    layers, grads = network(sizes, rng), network(sizes, rng)
    ours, theirs = reg.reg_grad(layers, grads, l1, l2), reg.reg_grad_tf(layers, grads, l1, l2)
    for (gW, gb), (gW_tf, gb_tf) in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(gW_tf, gW, rtol=1e-6)
        np.testing.assert_allclose(gb_tf, gb, rtol=1e-6)


@pytest.mark.parametrize("reg_grad", [reg.reg_grad, reg.reg_grad_tf])
def test_reg_grad_is_the_slope_of_elastic(reg_grad: Both) -> None:
    """Finite differences of the penalty, for weights and biases."""
    layers = network([2, 3, 1], np.random.default_rng(3))
    zeros = [(np.zeros_like(W), np.zeros_like(b)) for W, b in layers]
    slopes, eps = reg_grad(layers, zeros, 0.3, 0.4), 1e-6
    for k, layer in enumerate(layers):
        for part in range(2):
            for index in np.ndindex(layer[part].shape):
                values = []
                for step in (eps, -eps):
                    moved = [(W.copy(), b.copy()) for W, b in layers]
                    moved[k][part][index] += step
                    values.append(reg.elastic(moved, 0.3, 0.4))
                slope = (values[0] - values[1]) / (2 * eps)
                np.testing.assert_allclose(slopes[k][part][index], slope, atol=1e-8)


@pytest.mark.parametrize("reg_grad", [reg.reg_grad, reg.reg_grad_tf])
def test_slope_at_zero_is_zero(reg_grad: Both) -> None:
    """TensorFlow takes the slope of |W| at W = 0 as 0; so does NumPy's sign."""
    zero = [(np.zeros((1, 2)), np.zeros(1))]
    np.testing.assert_array_equal(reg_grad(zero, zero, 1.0, 1.0)[0][0], [[0.0, 0.0]])


@pytest.mark.parametrize("shape", [(1,), (5,), (3, 3), (2, 4)])
def test_decay_step_agrees(shape: tuple[int, ...]) -> None:
    """NumPy and ``tf.GradientTape`` make the same step, and so does the shrinking form."""
    rng = np.random.default_rng(4)
    w, g = rng.normal(size=shape), rng.normal(size=shape)
    expected = reg.decay_step(w, g, 0.1, 0.3)
    np.testing.assert_allclose(reg.decay_step_tf(w, g, 0.1, 0.3), expected, rtol=1e-6)
    np.testing.assert_allclose((1 - 2 * 0.1 * 0.3) * w - 0.1 * g, expected, rtol=1e-12)


def test_keras_weight_decay_is_half_a_penalty() -> None:
    """From w = 2 with lr 0.1 and rate 0.5: Keras's decay gives 1.9, the L2 penalty 1.8."""
    tf = pytest.importorskip("tensorflow")
    after = []
    for decay in (0.5, 1.0):
        w = tf.Variable([2.0], dtype="float64")
        tf.keras.optimizers.SGD(0.1, weight_decay=decay).apply([tf.zeros_like(w)], [w])
        after.append(float(w.numpy()[0]))
    assert after == pytest.approx([1.9, 1.8], rel=1e-6)
    np.testing.assert_allclose(reg.decay_step([2.0], [0.0], 0.1, 0.5), [1.8])


@pytest.mark.parametrize("dropout", [reg.dropout, reg.dropout_tf])
@pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 0.8])
def test_dropout_has_the_right_law(dropout: Both, p: float) -> None:
    """Entries are 0 or h / (1 - p); the fraction of zeros is p within six standard deviations."""
    rng = np.random.default_rng(5)
    h = rng.uniform(0.5, 2.0, (200, 300)) * rng.choice([-1, 1], (200, 300))
    dropped = dropout(h, p, rng, True)
    zero = dropped == 0
    np.testing.assert_allclose(dropped, np.where(zero, 0.0, h / (1 - p)), rtol=1e-6)
    assert abs(zero.mean() - p) <= 6 * np.sqrt(p * (1 - p) / h.size)
    for axis in (0, 1):
        # Entries are independent: counts along rows and columns spread as binomial ones.
        expected = h.shape[axis] * p * (1 - p)
        spread = 6 * np.sqrt(2 / h.shape[1 - axis])
        assert abs(zero.sum(axis=axis).var() - expected) <= spread * expected


def test_keras_scale_of_dropout() -> None:
    """Keras keeps 1 as 1.4285715 for p = 0.3."""
    kept = reg.dropout_tf(np.ones((30, 30)), 0.3, np.random.default_rng(6), training=True).max()
    np.testing.assert_allclose(kept, 1 / 0.7, rtol=1e-6)


@pytest.mark.parametrize("dropout", [reg.dropout, reg.dropout_tf])
def test_dropout_at_inference_and_replay(dropout: Both) -> None:
    """Nothing happens without training; the generator's state decides on the mask."""
    h = np.random.default_rng(7).normal(size=(6, 8))
    np.testing.assert_array_equal(dropout(h, 0.5, np.random.default_rng(1), False), h)
    rng = np.random.default_rng(1)
    first, second = dropout(h, 0.5, rng, True), dropout(h, 0.5, rng, True)
    np.testing.assert_array_equal(dropout(h, 0.5, np.random.default_rng(1), True), first)
    assert (first != second).any()


@pytest.mark.parametrize(("n", "d"), DATA)
@pytest.mark.parametrize("l2", [1e-3, 0.3, 20.0])
def test_ridge_agrees(n: int, d: int, l2: float) -> None:
    """Normal equations and ``tf.linalg.lstsq`` on centred data give the same fit."""
    rng = np.random.default_rng(10 * n + d)
    X, y = rng.normal(3.0, 1.0, (n, d)), rng.normal(-20.0, 1.0, n)
    (w, b), (w_tf, b_tf) = reg.ridge(X, y, l2), reg.ridge_tf(X, y, l2)
    np.testing.assert_allclose(w_tf, w, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(b_tf, b, rtol=1e-6)


@pytest.mark.parametrize("ridge", [reg.ridge, reg.ridge_tf])
def test_ridge_is_the_minimum(ridge: Both) -> None:
    """Both slopes of the loss vanish, for n > d and for n < d."""
    rng = np.random.default_rng(8)
    for n, d in [(30, 3), (4, 7)]:
        X, y = rng.normal(50.0, 1.0, (n, d)), rng.normal(100.0, 1.0, n)
        w, b = ridge(X, y, 0.2)
        residual = X @ w + b - y
        np.testing.assert_allclose(2 * X.T @ residual / n + 2 * 0.2 * w, 0, atol=1e-9)
        np.testing.assert_allclose(residual.mean(), 0, atol=1e-9)


@pytest.mark.parametrize("ridge", [reg.ridge, reg.ridge_tf])
def test_ridge_of_the_notebook(ridge: Both) -> None:
    """The worked number: x = -1, 1 and y = 3, 7 give w = 2 / (1 + l2) and b = 5."""
    for l2, slope in [(0.0, 2.0), (1.0, 1.0), (3.0, 0.5)]:
        w, b = ridge([[-1.0], [1.0]], [3.0, 7.0], l2)
        np.testing.assert_allclose([*w, b], [slope, 5.0])


def test_curves_agree() -> None:
    """Best epoch and gap are the same in NumPy and TensorFlow."""
    rng = np.random.default_rng(9)
    for epochs in (1, 2, 30):
        train, val = rng.uniform(size=epochs), rng.uniform(size=epochs)
        assert reg.best_epoch(val) == reg.best_epoch_tf(val)
        np.testing.assert_allclose(reg.gap_tf(train, val), reg.gap(train, val), rtol=1e-12)
    assert reg.best_epoch([0.9, 0.5, 0.4, 0.6]) == 2
    assert reg.gap([0.8, 0.4, 0.3, 0.1], [0.9, 0.5, 0.4, 0.6]) == pytest.approx(0.1)


LAYER = (np.ones((2, 3)), np.ones(2))
X, Y = np.ones((4, 2)), np.ones(4)
REFUSED: list[tuple[str, tuple[object, ...]]] = [
    ("elastic", ([LAYER], -0.1, 0.1)),
    ("elastic", ([LAYER], 0.1, -0.1)),
    ("reg_grad", ([LAYER], [LAYER], -0.1, 0.1)),
    ("reg_grad", ([LAYER], [LAYER], 0.1, -0.1)),
    ("reg_grad", ([LAYER, LAYER], [LAYER], 0.1, 0.1)),
    ("decay_step", ([1.0], [1.0], 0.0, 0.1)),
    ("decay_step", ([1.0], [1.0], 0.1, -0.1)),
    ("dropout", (X, -0.1, np.random.default_rng(1), True)),
    ("dropout", (X, 1.0, np.random.default_rng(1), True)),
    ("dropout", (X, 1.5, np.random.default_rng(1), False)),
    ("ridge", (X, Y, -0.1)),
    ("ridge", (X, Y[:3], 0.1)),
    ("ridge", (X, Y[:1], 0.1)),
    ("ridge", (X[:0], Y[:0], 0.1)),
    ("best_epoch", ([],)),
    ("gap", ([], [])),
    ("gap", ([1.0, 2.0], [1.0])),
]


@pytest.mark.parametrize(("name", "arguments"), REFUSED)
@pytest.mark.parametrize("suffix", ["", "_tf"])
def test_bad_input_is_refused(name: str, arguments: tuple[object, ...], suffix: str) -> None:
    """Negative rates, p outside [0, 1), lengths that differ and empty data raise ValueError."""
    with pytest.raises(ValueError, match=r"must|needs"):
        getattr(reg, name + suffix)(*arguments)
