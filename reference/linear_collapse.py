"""Reference of the assignment "Linear layers collapse", in NumPy and in TensorFlow.

Samples are rows, a weight matrix is (outputs, inputs), and "linear" means affine (S0:408, S2:213):
a layer (W, b) maps each sample x to W x + b. A stack of layers is a list of such pairs, the first
one first. Without activations between them it is one affine layer again (S0, Exercise 1.3; S1).
Each function ``f`` has a twin ``f_tf`` with the same signature and errors, computed by TensorFlow
or Keras in float64. All quantities are dimensionless.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Layers = Sequence[tuple[ArrayLike, ArrayLike]]
Activation = Callable[[Array], Array]
Box = Callable[[ArrayLike], Array]

PROBES = 400
"""Pairs of random points at which `is_affine` looks."""

SEARCH_RANGE = 10.0
"""Largest coordinate that `counterexample` tries."""


def _tf() -> Any:
    """TensorFlow, imported only when a reference asks for it."""
    return import_module("tensorflow")


def _checked(layers: Layers) -> list[tuple[Array, Array]]:
    """The layers in float64; ValueError if there is none, or if their sizes do not chain."""
    if len(layers) == 0:
        raise ValueError("a stack has at least one layer")
    pairs = [(np.asarray(W, dtype=np.float64), np.asarray(b, dtype=np.float64)) for W, b in layers]
    for W, b in pairs:
        if W.ndim != 2 or b.shape != W.shape[:1]:
            raise ValueError("a layer is W (outputs, inputs) and b (outputs,)")
    for (W, _), (W_next, _) in pairwise(pairs):
        if W_next.shape[1] != W.shape[0]:
            raise ValueError("a layer must have as many inputs as the one before has outputs")
    return pairs


def _check_sizes(sizes: Sequence[int]) -> None:
    """Raise ValueError for fewer than two sizes or a size below 1."""
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError("sizes are those of the inputs and of at least one layer, all positive")


def relu(z: Array) -> Array:
    """Rectified linear unit max(0, z), entry by entry."""
    return np.maximum(z, 0.0)


def forward(layers: Layers, x: ArrayLike, activation: Activation | None = None) -> Array:
    """Output of a stack for x (n, d): x <- W x + b, with an activation between the layers only.

    Returns (n, m). Raises ValueError if the sizes do not chain or x is not a batch for them.
    """
    pairs = _checked(layers)
    values = np.asarray(x, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != pairs[0][0].shape[1]:
        raise ValueError("x must be a batch (n, d)")
    for number, (W, b) in enumerate(pairs):
        if number and activation is not None:
            values = activation(values)
        values = values @ W.T + b
    return values


def forward_tf(layers: Layers, x: ArrayLike, activation: str | None = None) -> Array:
    """As `forward`, by Keras `Dense` layers; the activation is named as in Keras."""
    x = np.asarray(x, dtype=np.float64)
    outputs: Array = _keras_stack(_checked(layers), x, activation, "float64")
    return outputs


def forward_tf_single(layers: Layers, x: ArrayLike) -> NDArray[np.float32]:
    """As `forward` without activation, by Keras in single precision, to see its rounding."""
    x = np.asarray(x, dtype=np.float32)
    outputs: NDArray[np.float32] = _keras_stack(_checked(layers), x, None, "float32")
    return outputs


def _keras_stack(
    pairs: list[tuple[Array, Array]], x: NDArray[Any], activation: str | None, dtype: str
) -> Any:
    keras = _tf().keras
    last = len(pairs) - 1
    dense = [
        keras.layers.Dense(len(b), activation=None if k == last else activation, dtype=dtype)
        for k, (_, b) in enumerate(pairs)
    ]
    model = keras.Sequential([keras.Input((x.shape[1],), dtype=dtype), *dense])
    # Keras keeps its kernels as (inputs, outputs).
    model.set_weights([part for W, b in pairs for part in (W.T, b)])
    return model(x).numpy()


def collapse_two(W1: ArrayLike, b1: ArrayLike, W2: ArrayLike, b2: ArrayLike) -> tuple[Array, Array]:
    """One layer for two: W2 (W1 x + b1) + b2 = (W2 W1) x + (W2 b1 + b2) (S0, Exercise 1.3).

    W1 (h, d), b1 (h,), W2 (m, h), b2 (m,); returns W (m, d) and b (m,).
    Raises ValueError if the sizes do not chain.
    """
    (first, shift), (second, offset) = _checked([(W1, b1), (W2, b2)])
    return second @ first, second @ shift + offset


def collapse_two_tf(
    W1: ArrayLike, b1: ArrayLike, W2: ArrayLike, b2: ArrayLike
) -> tuple[Array, Array]:
    """As `collapse_two`, by one TensorFlow product of matrices in homogeneous coordinates."""
    tf = _tf()
    first, second = (_homogeneous(W, b) for W, b in _checked([(W1, b1), (W2, b2)]))
    product = tf.matmul(tf.constant(second), tf.constant(first)).numpy()
    return product[:-1, :-1], product[:-1, -1]


def _homogeneous(W: Array, b: Array) -> Array:
    """The matrix [[W, b], [0, 1]], which maps (x, 1) to (W x + b, 1)."""
    return np.vstack([np.column_stack([W, b]), np.eye(1, W.shape[1] + 1, W.shape[1])])


def collapse(layers: Layers) -> tuple[Array, Array]:
    """One layer for a stack of any depth: W <- W_k W, b <- W_k b + b_k, for k = 2, 3, ...

    Returns W (m, d) and b (m,). Raises ValueError if there is no layer or sizes do not chain.
    """
    (W, b), *rest = _checked(layers)
    for W_next, b_next in rest:
        W, b = W_next @ W, W_next @ b + b_next
    return W.copy(), b.copy()


def collapse_tf(layers: Layers) -> tuple[Array, Array]:
    """As `collapse`, read off a Keras network: b is the output at 0, W that at the unit vectors."""
    n_inputs = _checked(layers)[0][0].shape[1]
    b = forward_tf(layers, np.zeros((1, n_inputs)))[0]
    return (forward_tf(layers, np.eye(n_inputs)) - b).T, b


def collapse_scalar(W: ArrayLike, b: ArrayLike, c: ArrayLike, d: float) -> tuple[Array, float]:
    """One unit for a net with two inputs, two linear hidden units and one output (S1).

    y = c . (W x + b) + d = W'' . x + b'' with W''_j = sum_k c_k W_kj and b'' = c . b + d.
    W (2, 2), b (2,), c (2,), d a number; returns W'' (2,) and b''.
    Raises ValueError for other shapes.
    """
    W, b, c = _scalar_net(W, b, c)
    return c @ W, float(c @ b) + float(d)


def collapse_scalar_tf(W: ArrayLike, b: ArrayLike, c: ArrayLike, d: float) -> tuple[Array, float]:
    """As `collapse_scalar`: W'' is the gradient of the output at 0, b'' the output there."""
    W, b, c = _scalar_net(W, b, c)
    tf = _tf()
    x = tf.Variable(np.zeros(2))
    with tf.GradientTape() as tape:
        y = tf.tensordot(c, tf.linalg.matvec(tf.constant(W), x) + b, 1) + np.float64(d)
    return tape.gradient(y, x).numpy(), float(y)


def _scalar_net(W: ArrayLike, b: ArrayLike, c: ArrayLike) -> tuple[Array, Array, Array]:
    W, b, c = (np.asarray(part, dtype=np.float64) for part in (W, b, c))
    if W.shape != (2, 2) or b.shape != (2,) or c.shape != (2,):
        raise ValueError("W must be (2, 2), b and c must be (2,)")
    return W, b, c


def is_affine(f: Box, d: int, rng: np.random.Generator) -> bool:
    """Whether f, from (k, d) to (k, m), is affine, judged at random points of [-1, 1]^d.

    An affine function takes the mean of its values at the middle of every pair of points. The
    tolerance is relative to the largest output, so scale and offset of f do not matter.
    """
    x, y = rng.uniform(-1.0, 1.0, (2, PROBES, d))
    ends, middle = 0.5 * (f(x) + f(y)), f(0.5 * (x + y))
    return bool(np.abs(ends - middle).max() <= 1e-8 * np.abs(middle).max())


def is_affine_tf(f: Box, d: int, rng: np.random.Generator) -> bool:
    """As `is_affine`: the rest that the best affine fit leaves, by `tf.linalg.lstsq`."""
    tf = _tf()
    x = rng.uniform(-1.0, 1.0, (PROBES, d))
    design = tf.constant(np.column_stack([x, np.ones(PROBES)]))
    y = tf.constant(np.asarray(f(x), dtype=np.float64))
    rest = y - design @ tf.linalg.lstsq(design, y, fast=False)
    return bool(tf.reduce_max(tf.abs(rest)) <= 1e-8 * tf.reduce_max(tf.abs(y)))


def box(layers: Layers, activation: Activation | None = None) -> Box:
    """A network as a black box, from (k, d) to (k, m); it raises ValueError for anything else."""
    pairs = _checked(layers)
    return lambda x: forward(pairs, x, activation)


def nonlinearity(f: Box, d: int, rng: np.random.Generator) -> float:
    """Largest distance of f from its best affine fit on [-1, 1]^d, over its largest output."""
    x = rng.uniform(-1.0, 1.0, (PROBES, d))
    design, y = np.column_stack([x, np.ones(PROBES)]), f(x)
    rest = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return float(np.abs(rest).max() / np.abs(y).max())


def max_rank(sizes: Sequence[int]) -> int:
    """Largest rank that the matrix of a collapsed stack can have: its narrowest layer.

    sizes: number of inputs, then of the units of each layer.
    Raises ValueError for fewer than two sizes or a size below 1.
    """
    _check_sizes(sizes)
    return min(sizes)


def max_rank_tf(sizes: Sequence[int]) -> int:
    """As `max_rank`: the rank of a random stack, from TensorFlow's singular values."""
    _check_sizes(sizes)
    tf = _tf()
    rng = np.random.default_rng(0)
    W, _ = collapse(random_layers(rng, sizes))
    return int(tf.linalg.matrix_rank(tf.constant(W)))


def n_parameters_saved(sizes: Sequence[int]) -> int:
    """Parameters of a stack minus those of the one layer that does the same; may be negative.

    The sum over the layers of (n_in + 1) n_out, minus (d + 1) m; biases count.
    Raises ValueError for fewer than two sizes or a size below 1.
    """
    _check_sizes(sizes)
    stack = sum((n_in + 1) * n_out for n_in, n_out in pairwise(sizes))
    return stack - (sizes[0] + 1) * sizes[-1]


def n_parameters_saved_tf(sizes: Sequence[int]) -> int:
    """As `n_parameters_saved`, counted by Keras."""
    _check_sizes(sizes)
    return _keras_count(sizes) - _keras_count([sizes[0], sizes[-1]])


def _keras_count(sizes: Sequence[int]) -> int:
    keras = _tf().keras
    layers = [keras.layers.Dense(size) for size in sizes[1:]]
    return int(keras.Sequential([keras.Input((sizes[0],)), *layers]).count_params())


def superposition_defect(net: Layers, x: ArrayLike, y: ArrayLike) -> Array:
    """Largest |f(x + y) + f(0) - f(x) - f(y)| over the outputs of a ReLU net, for each pair.

    x and y are (n, d); returns (n,). Zero for every pair if f is affine.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    f = box(net, relu)
    defect: Array = np.abs(f(x + y) + f(0.0 * x) - f(x) - f(y)).max(axis=1)
    return defect


def counterexample(net: Layers) -> tuple[Array, Array]:
    """Points x, y (d,) at which a ReLU net breaks f(x + y) + f(0) = f(x) + f(y) the most.

    Out of random pairs with coordinates up to `SEARCH_RANGE`.
    """
    d = _checked(net)[0][0].shape[1]
    pairs = np.random.default_rng(0).uniform(-SEARCH_RANGE, SEARCH_RANGE, (2, 1000, d))
    best = int(np.argmax(superposition_defect(net, *pairs)))
    return pairs[0, best], pairs[1, best]


def counterexample_tf(net: Layers) -> tuple[Array, Array]:
    """As `counterexample`, with the outputs of a Keras network."""
    d = _checked(net)[0][0].shape[1]
    x, y = np.random.default_rng(0).uniform(-SEARCH_RANGE, SEARCH_RANGE, (2, 1000, d))
    points = np.concatenate([x + y, 0.0 * x, x, y])
    both, zero, first, second = np.split(forward_tf(net, points, "relu"), 4)
    best = int(np.argmax(np.abs(both + zero - first - second).max(axis=1)))
    return x[best], y[best]


def counterexample_share(net: Layers, rng: np.random.Generator) -> float:
    """Share of random pairs, up to `SEARCH_RANGE`, whose superposition defect exceeds 1e-3."""
    d = _checked(net)[0][0].shape[1]
    x, y = rng.uniform(-SEARCH_RANGE, SEARCH_RANGE, (2, PROBES, d))
    return float(np.mean(superposition_defect(net, x, y) > 1e-3))


def random_layers(rng: np.random.Generator, sizes: Sequence[int]) -> list[tuple[Array, Array]]:
    """A stack with outputs of order 1: normal weights of variance 1/n_in, biases not near 0.

    The biases have sizes from 0.5 to 1.5 and either sign, so that each of them matters.
    """
    layers = []
    for n_in, n_out in pairwise(sizes):
        W = rng.normal(scale=n_in**-0.5, size=(n_out, n_in))
        layers.append((W, rng.uniform(0.5, 1.5, n_out) * rng.choice([-1.0, 1.0], n_out)))
    return layers
