"""Reference of the assignment "XOR weights".

Samples are rows. A network with d inputs, h hidden ReLU units and one output is the tuple
(W1, b1, W2, b2) with W1 (h, d), b1 (h,), W2 (h,) and a number b2:

    f(x) = W2 . relu(W1 x + b1) + b2.

Labels: 1 if exactly one of two inputs is high (S2:270); on the board [-1, 1]^2, 1 if x1 x2 < 0.
Weights are (outputs, inputs), as on the slides (S0, S1, S2). All quantities are dimensionless.
"""

from __future__ import annotations

import importlib
from itertools import permutations, product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Network = tuple[Array, Array, Array, float]

CORNERS: Array = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=np.float64)
"""The four inputs of XOR, one per row."""

XOR: Array = np.array([0, 1, 1, 0], dtype=np.float64)
"""The label of each corner: 1 if exactly one input is high (S2:270)."""


def _tf() -> Any:
    """TensorFlow, imported only when a reference asks for it."""
    return importlib.import_module("tensorflow")


def _network(W1: ArrayLike, b1: ArrayLike, W2: ArrayLike, b2: float) -> Network:
    """The weights in float64; ValueError if their shapes do not belong to one network."""
    W1, b1, W2 = (np.asarray(weights, dtype=np.float64) for weights in (W1, b1, W2))
    if W1.ndim != 2 or b1.shape != W1.shape[:1] or W2.shape != W1.shape[:1]:
        raise ValueError("W1 (h, d), b1 (h,) and W2 (h,) must have the same h")
    return W1, b1, W2, float(b2)


def _samples(x: ArrayLike, d: int) -> Array:
    """The samples in float64; ValueError unless there are d inputs in each row."""
    samples = np.asarray(x, dtype=np.float64)
    if samples.ndim != 2 or samples.shape[1] != d:
        raise ValueError("x must have one column per column of W1")
    return samples


def _factors(a: ArrayLike, h: int) -> Array:
    """The scale factors in float64; ValueError unless there are h of them, all positive."""
    factors = np.asarray(a, dtype=np.float64)
    if factors.shape != (h,) or not (factors > 0).all():
        raise ValueError("a must hold one positive factor per hidden unit")
    return factors


def forward(x: ArrayLike, W1: ArrayLike, b1: ArrayLike, W2: ArrayLike, b2: float) -> Array:
    """Output of the network for a batch: relu(X W1^T + b1) W2 + b2.

    x (n, d), W1 (h, d), b1 (h,), W2 (h,), b2 a number; returns (n,).
    Raises ValueError if the shapes do not fit.
    """
    W1, b1, W2, b2 = _network(W1, b1, W2, b2)
    hidden = np.maximum(_samples(x, W1.shape[1]) @ W1.T + b1, 0.0)
    output: Array = hidden @ W2 + b2
    return output


def forward_tf(x: ArrayLike, W1: ArrayLike, b1: ArrayLike, W2: ArrayLike, b2: float) -> Array:
    """The same as `forward`, by two Keras `Dense` layers.

    Keras keeps its kernels as (inputs, outputs), so they are set to the transposed weights.
    """
    W1, b1, W2, b2 = _network(W1, b1, W2, b2)
    x = _samples(x, W1.shape[1])
    layers = _tf().keras.layers
    hidden = layers.Dense(W1.shape[0], activation="relu", dtype="float64")
    output = layers.Dense(1, dtype="float64")
    hidden.build((None, W1.shape[1]))
    output.build((None, W1.shape[0]))
    hidden.set_weights([W1.T, b1])
    output.set_weights([W2[:, np.newaxis], np.array([b2])])
    return np.asarray(output(hidden(x)), dtype=np.float64)[:, 0]


def rescale(W1: ArrayLike, b1: ArrayLike, W2: ArrayLike, b2: float, a: ArrayLike) -> Network:
    """Other weights of the same function: relu(a z) = a relu(z) for a > 0.

    Row k of W1 and b1[k] are multiplied by a[k], W2[k] is divided by it; a is (h,).
    Raises ValueError if an a[k] is not positive, or if the shapes do not fit.
    """
    W1, b1, W2, b2 = _network(W1, b1, W2, b2)
    factors = _factors(a, W1.shape[0])
    return factors[:, np.newaxis] * W1, factors * b1, W2 / factors, b2


def rescale_tf(W1: ArrayLike, b1: ArrayLike, W2: ArrayLike, b2: float, a: ArrayLike) -> Network:
    """The same as `rescale`, with diagonal matrices in TensorFlow."""
    W1, b1, W2, b2 = _network(W1, b1, W2, b2)
    factors = _factors(a, W1.shape[0])
    tf = _tf()
    scale = tf.linalg.diag(tf.constant(factors))
    W1_new = (scale @ W1).numpy()
    b1_new = tf.linalg.matvec(scale, b1).numpy()
    W2_new = tf.linalg.matvec(tf.linalg.inv(scale), W2).numpy()
    return W1_new, b1_new, W2_new, b2


def canonical_units(W1: ArrayLike, b1: ArrayLike, W2: ArrayLike, b2: float) -> Array:
    """One row (weights, bias, output weight) per hidden unit, scaled so that |weights| = 1.

    Two networks that differ by positive scale factors only have equal rows. A unit without
    weights keeps its scale. Returns (h, d + 2). Raises ValueError if the shapes do not fit.
    """
    W1, b1, W2, b2 = _network(W1, b1, W2, b2)
    norm = np.linalg.norm(W1, axis=1)
    W1, b1, W2, _ = rescale(W1, b1, W2, b2, 1.0 / np.where(norm > 0, norm, 1.0))
    return np.column_stack([W1, b1, W2])


def difference(first: Network, second: Network) -> float:
    """How far two networks of equal shapes are from being the same, dimensionless.

    The largest difference between their canonical units and output biases, for the order of the
    units that makes it smallest; 0 for equal networks up to unit order and positive scaling.
    """
    ours, theirs = canonical_units(*first), canonical_units(*second)
    orders = permutations(range(len(theirs)))
    units = min(np.abs(ours - theirs[list(order)]).max() for order in orders)
    return float(max(units, abs(first[3] - second[3])))


def best_affine() -> tuple[Array, float, float]:
    """Affine model f(x) = w . x + b with the smallest mean squared error on XOR.

    Solves the least-squares problem on the four corners; returns w (2,), b and the mean squared
    error: (0, 0), 1/2 and 1/4. "Linear" on the slides means affine (S0:408, S2:213).
    """
    design = np.column_stack([CORNERS, np.ones(len(CORNERS))])
    theta = np.linalg.lstsq(design, XOR, rcond=None)[0]
    w: Array = np.asarray(theta[:2], dtype=np.float64)
    return w, float(theta[2]), float(np.mean((XOR - design @ theta) ** 2))


def best_affine_tf() -> tuple[Array, float, float]:
    """The same as `best_affine`, by `tf.linalg.lstsq`."""
    tf = _tf()
    design = tf.constant(np.column_stack([CORNERS, np.ones(len(CORNERS))]))
    labels = tf.constant(XOR[:, np.newaxis])
    theta = tf.linalg.lstsq(design, labels, fast=False)
    mse = tf.reduce_mean((labels - design @ theta) ** 2)
    w, b = theta.numpy()[:2, 0], theta.numpy()[2, 0]
    return w, float(b), float(mse)


def _lines() -> tuple[Array, Array]:
    """Lines w . x + b = 0 that cut the unit square in every possible way: w (k, 2), b (k,).

    No line runs through a corner. That none is missing is a test: the lines give 14 of the 16
    labellings of the corners, and XOR and its opposite are impossible (question 7).
    """
    lines = np.array(list(product((-1, 0, 1), (-1, 0, 1), (-1.5, -0.5, 0.5, 1.5))))
    return lines[:, :2], lines[:, 2]


def labellings() -> Array:
    """Labels 0 or 1 that the lines give the four corners, one line per row: (k, 4)."""
    w, b = _lines()
    return np.asarray(w @ CORNERS.T + b[:, np.newaxis] > 0, dtype=np.float64)


def best_accuracy() -> float:
    """Largest share of the corners that an affine model with a threshold labels as XOR: 3/4."""
    return float((labellings() == XOR).mean(axis=1).max())


def best_accuracy_tf() -> float:
    """The same as `best_accuracy`, in TensorFlow."""
    tf = _tf()
    w, b = _lines()
    high = tf.matmul(w, CORNERS, transpose_b=True) + b[:, np.newaxis] > 0
    right = tf.cast(high == (XOR > 0), "float64")
    return float(tf.reduce_max(tf.reduce_mean(right, axis=1)))


def board_labels(x: ArrayLike) -> Array:
    """XOR of the signs, for points x (n, 2): 1 where x1 x2 < 0, else 0; returns (n,)."""
    points = _samples(x, 2)
    return np.asarray(points[:, 0] * points[:, 1] < 0, dtype=np.float64)


def board_network() -> Network:
    """Four units that solve the board: |x1 - x2| - |x1 + x2|, positive where x1 x2 < 0.

    The sign is that of (x1 - x2)^2 - (x1 + x2)^2 = -4 x1 x2.
    """
    W1 = np.array([[1, -1], [-1, 1], [1, 1], [-1, -1]], dtype=np.float64)
    return W1, np.zeros(4), np.array([1.0, 1.0, -1.0, -1.0]), 0.0
