"""Reference solution of the assignment "The perceptron", in NumPy and in TensorFlow.

Conventions: rows are samples, a weight matrix is (outputs, inputs), a perceptron is the affine unit
without threshold (S0:408), and a squared loss is the mean unless it is named a sum.
Each function ``f`` has a twin ``f_tf`` with the same signature and errors, computed by TensorFlow
or Keras in float64. All quantities are dimensionless.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Reduction = Literal["mean", "sum"]


def perceptron(x: ArrayLike, w: ArrayLike, b: float) -> Array:
    """Output of one affine unit, y_i = w . x_i + b, for each sample (S0:408).

    Shapes: x (n, d), w (d,), b a number; returns (n,).
    Raises ValueError if w does not hold one weight for each column of x.
    """
    x, w = _float64(x), _float64(w)
    _check_weights(x, w)
    return x @ w + float(b)


def perceptron_tf(x: ArrayLike, w: ArrayLike, b: float) -> Array:
    """As `perceptron`, by a Keras layer with one unit."""
    x, w = _float64(x), _float64(w)
    _check_weights(x, w)
    return _dense_layer(x, w[np.newaxis, :], np.array([b], dtype=np.float64))[:, 0]


def dense(x: ArrayLike, W: ArrayLike, b: ArrayLike) -> Array:
    """Output of a layer of affine units, Y = X W^T + b; one sample: y = W x + b (S4:351-464).

    Shapes: x (n, d), W (m, d), b (m,); returns (n, m).
    Raises ValueError if the shapes do not fit each other.
    """
    x, W, b = _float64(x), _float64(W), _float64(b)
    _check_layer(x, W, b)
    return x @ W.T + b


def dense_tf(x: ArrayLike, W: ArrayLike, b: ArrayLike) -> Array:
    """As `dense`, by ``keras.layers.Dense``, whose kernel is W^T."""
    x, W, b = _float64(x), _float64(W), _float64(b)
    _check_layer(x, W, b)
    return _dense_layer(x, W, b)


def n_parameters(sizes: Sequence[int]) -> int:
    """Number of parameters of a fully connected network, sum over layers of (n_in + 1) n_out.

    sizes: number of inputs, then of the units of each layer.
    Raises ValueError for fewer than two sizes or a size below 1.
    """
    _check_sizes(sizes)
    return sum((n_in + 1) * n_out for n_in, n_out in pairwise(sizes))


def n_parameters_tf(sizes: Sequence[int]) -> int:
    """As `n_parameters`, counted by Keras."""
    _check_sizes(sizes)
    keras = _tf().keras
    layers = [keras.layers.Dense(size) for size in sizes[1:]]
    return int(keras.Sequential([keras.Input((sizes[0],)), *layers]).count_params())


def random_layer(n_in: int, n_out: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Weights (n_out, n_in) and biases (n_out,), independent, uniform on [-1, 1) (S4:351-464).

    The mean is 0, the variance 1/3.

    Raises ValueError if n_in or n_out is below 1.
    """
    _check_sizes([n_in, n_out])
    return rng.uniform(-1.0, 1.0, (n_out, n_in)), rng.uniform(-1.0, 1.0, n_out)


def random_layer_tf(n_in: int, n_out: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """As `random_layer`, by TensorFlow's generator, seeded from rng: other draws, same law."""
    _check_sizes([n_in, n_out])
    tf = _tf()
    generator = tf.random.Generator.from_seed(int(rng.integers(2**31)))
    w = generator.uniform((n_out, n_in), -1.0, 1.0, dtype=tf.float64)
    b = generator.uniform((n_out,), -1.0, 1.0, dtype=tf.float64)
    return w.numpy(), b.numpy()


def apply_layer(y_in: ArrayLike, w: ArrayLike, b: ArrayLike) -> Array:
    """Output of a layer of sigmoid units, 1 / (1 + exp(-z)) with z = w y_in + b (S4:351-464).

    Shapes: w (n_out, n_in), b (n_out,); y_in (n_in,) or (n, n_in) gives (n_out,) or (n, n_out).
    Raises ValueError if the shapes do not fit each other.
    """
    y_in, w, b = _float64(y_in), _float64(w), _float64(b)
    _check_layer(np.atleast_2d(y_in), w, b)
    z = y_in @ w.T + b
    return 0.5 * (1.0 + np.tanh(0.5 * z))  # no overflow, unlike exp(-z) for large negative z


def apply_layer_tf(y_in: ArrayLike, w: ArrayLike, b: ArrayLike) -> Array:
    """As `apply_layer`, by ``keras.layers.Dense`` with the activation "sigmoid"."""
    y_in, w, b = _float64(y_in), _float64(w), _float64(b)
    batch = np.atleast_2d(y_in)
    _check_layer(batch, w, b)
    y_out = _dense_layer(batch, w, b, activation="sigmoid")
    return y_out if y_in.ndim == 2 else y_out[0]


def mse(y_true: ArrayLike, y_pred: ArrayLike, reduction: Reduction = "mean") -> float:
    """Squared loss: mean (S1:514, S2:175) or sum (S0:487-504) of the squared residuals.

    Shapes: y_true and y_pred (n,) or (n, 1), in any pairing.
    Raises ValueError if the numbers of values differ or are zero, or if the reduction is unknown.
    """
    residual = _residual(y_true, y_pred)
    _check_reduction(reduction)
    total = float(np.sum(residual**2))
    return total / residual.size if reduction == "mean" else total


def mse_tf(y_true: ArrayLike, y_pred: ArrayLike, reduction: Reduction = "mean") -> float:
    """As `mse`, by ``keras.losses.MeanSquaredError``."""
    residual = _residual(y_true, y_pred)
    _check_reduction(reduction)
    name = "sum_over_batch_size" if reduction == "mean" else "sum"
    loss = _tf().keras.losses.MeanSquaredError(reduction=name, dtype="float64")
    return float(loss(np.zeros((residual.size, 1)), residual[:, np.newaxis]))


def gd_step(w: ArrayLike, b: float, x: ArrayLike, y: ArrayLike, lr: float) -> tuple[Array, float]:
    """One step of gradient descent on the mean squared loss L (S0:549, with the mean).

    With the residuals r_i = w . x_i + b - y_i:
    dL/dw_j = (2/n) sum_i r_i x_ij and dL/db = (2/n) sum_i r_i, both at the old parameters.
    Shapes: w (d,), b a number, x (n, d), y (n,); returns new w (d,) and new b.
    Raises ValueError if lr <= 0, n = 0 or the shapes do not fit.
    """
    w, x, y = _float64(w), _float64(x), _float64(y)
    _check_descent(w, x, y, lr)
    residual = x @ w + b - y
    return w - lr * 2.0 * (residual @ x) / len(y), float(b - lr * 2.0 * np.mean(residual))


def gd_step_tf(
    w: ArrayLike, b: float, x: ArrayLike, y: ArrayLike, lr: float
) -> tuple[Array, float]:
    """As `gd_step`, by ``tf.GradientTape``."""
    w, x, y = _float64(w), _float64(x), _float64(y)
    _check_descent(w, x, y, lr)
    tf = _tf()
    weights, bias = tf.Variable(w), tf.Variable(b, dtype=tf.float64)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((tf.linalg.matvec(tf.constant(x), weights) + bias - y) ** 2)
    dw, db = tape.gradient(loss, [weights, bias])
    return (weights - lr * dw).numpy(), float(bias - lr * db)


def fit(
    x: ArrayLike, y: ArrayLike, w0: ArrayLike, b0: float, lr: float, steps: int
) -> tuple[Array, float, Array]:
    """Gradient descent on the mean squared loss with all samples in each step (S0:667-829).

    Shapes: x (n, d), y (n,), w0 (d,), b0 a number; returns w (d,), b and history (steps,),
    in which history[k] is the loss before step k.
    Raises ValueError if lr <= 0, steps < 0, n = 0 or the shapes do not fit.
    """
    w, x, y = _float64(w0), _float64(x), _float64(y)
    _check_descent(w, x, y, lr)
    _check_steps(steps)
    b, history = float(b0), np.empty(steps)
    for k in range(steps):
        history[k] = np.mean((x @ w + b - y) ** 2)
        w, b = gd_step(w, b, x, y, lr)
    return w, b, history


def fit_tf(
    x: ArrayLike, y: ArrayLike, w0: ArrayLike, b0: float, lr: float, steps: int
) -> tuple[Array, float, Array]:
    """As `fit`, by a Keras model with one unit, plain SGD and one batch with all samples."""
    w, x, y = _float64(w0), _float64(x), _float64(y)
    _check_descent(w, x, y, lr)
    _check_steps(steps)
    keras = _tf().keras
    with _keras_in_float64(keras):
        layer = keras.layers.Dense(1)
        model = keras.Sequential([keras.Input((x.shape[1],)), layer])
        layer.set_weights([w[:, np.newaxis], np.array([b0], dtype=np.float64)])
        model.compile(optimizer=keras.optimizers.SGD(lr), loss="mse")
        run = model.fit(
            x, y[:, np.newaxis], epochs=steps, batch_size=len(y), shuffle=False, verbose=0
        )
        kernel, bias = layer.get_weights()
    # Keras knows no entry "loss" if no epoch was run.
    return kernel[:, 0], float(bias[0]), _float64(run.history.get("loss", []))


def _float64(values: ArrayLike) -> Array:
    return np.array(values, dtype=np.float64)  # a copy: arguments are never changed


def _residual(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """Flat residuals y_pred - y_true (n,): (n,) against (n, 1) would else broadcast to (n, n)."""
    true, pred = _float64(y_true).reshape(-1), _float64(y_pred).reshape(-1)
    if true.size != pred.size:
        raise ValueError(f"{true.size} true values, but {pred.size} predictions")
    if true.size == 0:
        raise ValueError("the loss of no values is not defined")
    return pred - true


def _check_reduction(reduction: str) -> None:
    if reduction not in ("mean", "sum"):
        raise ValueError(f'reduction is "mean" or "sum", not {reduction!r}')


def _check_weights(x: Array, w: Array) -> None:
    if x.ndim != 2 or w.shape != x.shape[1:]:
        raise ValueError(f"x {x.shape} and w {w.shape} do not fit: expected (n, d) and (d,)")


def _check_layer(x: Array, W: Array, b: Array) -> None:
    if x.ndim != 2 or W.ndim != 2 or b.ndim != 1 or W.shape != (b.size, x.shape[1]):
        raise ValueError(
            f"x {x.shape}, W {W.shape} and b {b.shape} do not fit: expected (n, d), (m, d) and (m,)"
        )


def _check_sizes(sizes: Sequence[int]) -> None:
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"a network needs at least two sizes, none below 1, not {sizes}")


def _check_descent(w: Array, x: Array, y: Array, lr: float) -> None:
    _check_weights(x, w)
    if y.shape != x.shape[:1]:
        raise ValueError(f"x {x.shape} and y {y.shape} do not fit: expected (n, d) and (n,)")
    if y.size == 0:
        raise ValueError("no samples")
    if lr <= 0:
        raise ValueError(f"the learning rate must be positive, not {lr}")


def _check_steps(steps: int) -> None:
    if steps < 0:
        raise ValueError(f"the number of steps must not be negative, not {steps}")


def _dense_layer(x: Array, W: Array, b: Array, activation: str = "linear") -> Array:
    """Output (n, m) of a Keras layer that holds W (m, d) and b (m,)."""
    layer = _tf().keras.layers.Dense(len(b), activation=activation, dtype="float64")
    layer.build(x.shape)
    layer.set_weights([W.T, b])
    y: Array = layer(x).numpy()
    return y


@contextmanager
def _keras_in_float64(keras: Any) -> Iterator[None]:
    """Let Keras compute in float64: its data adapters and losses follow the global setting only."""
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    try:
        yield
    finally:
        keras.config.set_floatx(before)


def _tf() -> Any:
    """TensorFlow, imported on first use: the grader imports this module and must not load it."""
    return import_module("tensorflow")
