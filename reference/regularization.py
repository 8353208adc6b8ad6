"""Reference solution of the assignment "Regularization", in NumPy and in TensorFlow.

Conventions: rows are samples, a weight matrix W is (outputs, inputs), a squared loss is the mean
over the samples. Penalties count the weights only, without a factor 1/2. The slides
(S2:716-734) write the norms of theta = {W, b}, taken literally biases too; free biases are the
choice of Keras (``kernel_regularizer``) and of the TensorFlow playground.
Each function ``f`` has a twin ``f_tf`` with the same signature and errors, computed by TensorFlow
or Keras in float64. All quantities are dimensionless.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Layer = tuple[Array, Array]
Layers = Sequence[tuple[ArrayLike, ArrayLike]]


def elastic(layers: Layers, l1: float, l2: float) -> float:
    """Penalty l1 sum |W| + l2 sum W^2 over the weights of all layers (S2:716-734).

    Shapes: each layer is (W, b) with W (m, d), b (m,); biases do not count.
    Raises ValueError if l1 or l2 is negative.
    """
    _check_rates(l1, l2)
    weights = [W for W, _ in _layers(layers)]
    return float(sum(l1 * np.sum(np.abs(W)) + l2 * np.sum(W**2) for W in weights))


def elastic_tf(layers: Layers, l1: float, l2: float) -> float:
    """As `elastic`, by one ``keras.regularizers.L1L2`` for each kernel.

    Keras rounds the rates to single precision on the way, a relative error of up to 6e-8.
    """
    _check_rates(l1, l2)
    tf = _tf()
    penalty = tf.keras.regularizers.L1L2(l1=l1, l2=l2)
    return float(sum(penalty(tf.constant(W.T)) for W, _ in _layers(layers)))


def reg_grad(layers: Layers, grads: Layers, l1: float, l2: float) -> list[Layer]:
    """Gradient of loss plus penalty, (gW + l1 sign(W) + 2 l2 W, gb) for each layer.

    Shapes: layers and grads are lists of (W, b) and (gW, gb), with W and gW (m, d), b and gb (m,).
    The slope of |W| at W = 0 is taken as 0, as by TensorFlow.
    Raises ValueError if a rate is negative or if the lists differ in length.
    """
    _check_rates(l1, l2)
    _check_lists(layers, grads)
    pairs = zip(_layers(layers), _layers(grads), strict=True)
    return [(gW + l1 * np.sign(W) + 2 * l2 * W, gb) for (W, _), (gW, gb) in pairs]


def reg_grad_tf(layers: Layers, grads: Layers, l1: float, l2: float) -> list[Layer]:
    """As `reg_grad`: ``tf.GradientTape`` finds the slope of the penalty."""
    _check_rates(l1, l2)
    _check_lists(layers, grads)
    tf = _tf()
    weights = [tf.Variable(W) for W, _ in _layers(layers)]
    with tf.GradientTape() as tape:
        total = sum(
            l1 * tf.reduce_sum(tf.abs(W)) + l2 * tf.reduce_sum(tf.square(W)) for W in weights
        )
    slopes = tape.gradient(total, weights)
    pairs = zip(_layers(grads), slopes, strict=True)
    return [(np.asarray(gW + slope), gb) for (gW, gb), slope in pairs]


def decay_step(w: ArrayLike, g: ArrayLike, lr: float, l2: float) -> Array:
    """Step of gradient descent with an L2 penalty, w - lr (g + 2 l2 w) = (1 - 2 lr l2) w - lr g.

    Shapes: w and g (k,) or (m, d), the same; returns the new weights in that shape.
    Raises ValueError if lr is not positive or l2 negative.
    """
    _check_step(lr, l2)
    w, g = _float64(w), _float64(g)
    return w - lr * (g + 2 * l2 * w)


def decay_step_tf(w: ArrayLike, g: ArrayLike, lr: float, l2: float) -> Array:
    """As `decay_step`, by ``tf.GradientTape`` on the loss sum g w + l2 sum w^2."""
    _check_step(lr, l2)
    tf = _tf()
    weights, slope = tf.Variable(_float64(w)), tf.constant(_float64(g))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(slope * weights) + l2 * tf.reduce_sum(weights**2)
    return np.asarray(weights - lr * tape.gradient(loss, weights), dtype=np.float64)


def dropout(h: ArrayLike, p: float, rng: np.random.Generator, training: bool) -> Array:  # noqa: FBT001
    """Inverted dropout: each entry is 0 with probability p, else h / (1 - p) (S2:740-747).

    The slide drops "a fraction of neurons in each training step" and names no factor; here every
    entry of the batch has a draw of its own, and 1 / (1 - p) keeps the mean, as in Keras.
    Shapes: h (n, m); returns (n, m). Without training the values of h come back.
    Raises ValueError if p is outside [0, 1).
    """
    _check_probability(p)
    h = _float64(h)
    if not training:
        return h
    return np.where(rng.random(h.shape) >= p, h / (1 - p), 0.0)


def dropout_tf(h: ArrayLike, p: float, rng: np.random.Generator, training: bool) -> Array:  # noqa: FBT001
    """As `dropout`, by ``keras.layers.Dropout``: the same law, other draws."""
    _check_probability(p)
    seed = int(rng.integers(2**31))
    layer = _tf().keras.layers.Dropout(p, seed=seed, dtype="float64")
    return np.asarray(layer(_float64(h), training=training), dtype=np.float64)


def ridge(X: ArrayLike, y: ArrayLike, l2: float) -> tuple[Array, float]:
    """Minimum of mean((X w + b - y)^2) + l2 |w|^2 over w (d,) and the free offset b.

    With centred data the offset drops out: (X^T X / n + l2 1) w = X^T y / n, b = <y> - <x> . w.
    Shapes: X (n, d), y (n,); returns w (d,) and b.
    Raises ValueError if l2 is negative, or if X and y differ in length or are empty.
    """
    X, y = _data(X, y, l2)
    mean_x, mean_y = X.mean(axis=0), float(y.mean())
    centred = X - mean_x
    curvature = centred.T @ centred / len(y) + l2 * np.eye(X.shape[1])
    w: Array = np.linalg.solve(curvature, centred.T @ (y - mean_y) / len(y))
    return w, mean_y - float(mean_x @ w)


def ridge_tf(X: ArrayLike, y: ArrayLike, l2: float) -> tuple[Array, float]:
    """As `ridge`, by ``tf.linalg.lstsq`` on centred data.

    That function adds its ``l2_regularizer`` to the sum of squares, hence n l2.
    """
    X, y = _data(X, y, l2)
    tf = _tf()
    mean_x, mean_y = X.mean(axis=0), float(y.mean())
    centred, target = tf.constant(X - mean_x), tf.constant((y - mean_y)[:, np.newaxis])
    w = tf.linalg.lstsq(centred, target, l2_regularizer=len(y) * float(l2)).numpy()[:, 0]
    return w, mean_y - float(mean_x @ w)


def best_epoch(val: ArrayLike) -> int:
    """Epoch, counted from 0, with the smallest validation loss (S2:685-688).

    Shapes: val (E,). Raises ValueError if it is empty.
    """
    return int(np.argmin(_curve(val)))


def best_epoch_tf(val: ArrayLike) -> int:
    """As `best_epoch`, by ``tf.argmin``."""
    return int(_tf().argmin(_curve(val)))


def gap(train: ArrayLike, val: ArrayLike) -> float:
    """Generalization gap, val - train at the epoch of the smallest validation loss.

    Shapes: train and val (E,). Raises ValueError if they are empty or differ in length.
    """
    train, val = _curves(train, val)
    epoch = int(np.argmin(val))
    return float(val[epoch] - train[epoch])


def gap_tf(train: ArrayLike, val: ArrayLike) -> float:
    """As `gap`, by ``tf.argmin`` and ``tf.gather``."""
    train, val = _curves(train, val)
    tf = _tf()
    return float(tf.gather(tf.constant(val - train), tf.argmin(val)))


def _tf() -> Any:
    """TensorFlow, imported only when a reference asks for it: the grader never loads it."""
    return import_module("tensorflow")


def _float64(values: ArrayLike) -> Array:
    return np.array(values, dtype=np.float64)


def _layers(layers: Layers) -> list[Layer]:
    return [(_float64(W), _float64(b)) for W, b in layers]


def _check_rates(l1: float, l2: float) -> None:
    if not (l1 >= 0 and l2 >= 0):
        raise ValueError("l1 and l2 must not be negative")


def _check_lists(layers: Layers, grads: Layers) -> None:
    if len(layers) != len(grads):
        raise ValueError("each layer needs its gradients")


def _check_step(lr: float, l2: float) -> None:
    if not (lr > 0 and l2 >= 0):
        raise ValueError("lr must be positive and l2 must not be negative")


def _check_probability(p: float) -> None:
    if not 0 <= p < 1:
        raise ValueError("p must be at least 0 and below 1")


def _data(X: ArrayLike, y: ArrayLike, l2: float) -> tuple[Array, Array]:
    """Return the data in float64, or ValueError."""
    X, y = _float64(X), _float64(y)
    if X.ndim != 2 or y.shape != X.shape[:1] or not len(y):
        raise ValueError("X (n, d) and y (n,) must hold the same number of samples, at least one")
    if not l2 >= 0:
        raise ValueError("l2 must not be negative")
    return X, y


def _curve(values: ArrayLike) -> Array:
    curve = _float64(values)
    if curve.ndim != 1 or not curve.size:
        raise ValueError("a curve needs at least one epoch")
    return curve


def _curves(train: ArrayLike, val: ArrayLike) -> tuple[Array, Array]:
    train, val = _curve(train), _curve(val)
    if train.shape != val.shape:
        raise ValueError("both curves must have the same epochs")
    return train, val
