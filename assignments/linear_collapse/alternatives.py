"""Right answers to "Linear layers collapse", written differently; each must score full marks."""

import numpy as np

from autograder.sample_answers import alternative, alternative_cell

# ---- q1: two layers


@alternative("q1")
def collapse_two(W1, b1, W2, b2):
    """Read off: the outputs at zero and at the unit vectors; lists returned."""
    if np.shape(W2)[1] != len(W1) or len(b1) != len(W1) or len(b2) != len(W2):
        raise ValueError("the layers do not fit")

    def f(x):
        return W2 @ (W1 @ x + b1) + b2

    bias = f(np.zeros(W1.shape[1]))
    columns = [f(unit) - bias for unit in np.eye(W1.shape[1])]
    return [np.array(columns).T.tolist(), bias.tolist()]


@alternative("q1")
def collapse_two(W1: np.ndarray, b1: np.ndarray, W2: np.ndarray, b2: np.ndarray, *, dtype="f4"):
    """Homogeneous coordinates in single precision, np.matrix, an error class of its own."""

    class ShapeError(ValueError):
        pass

    if W2.shape[1] != W1.shape[0] or b1.shape != W1.shape[:1] or b2.shape != W2.shape[:1]:
        raise ShapeError
    first = np.block([[W1, b1[:, None]], [np.zeros((1, W1.shape[1])), np.ones((1, 1))]])
    second = np.column_stack([W2, b2])
    both = np.asmatrix((second @ first).astype(dtype))
    return both[:, :-1], np.asarray(both[:, -1]).ravel()


@alternative("q1")
def collapse_two(W1, b1, W2, b2):
    """Three loops in pure Python."""
    h, d, m = len(W1), len(W1[0]), len(W2)
    if any(len(row) != h for row in W2) or len(b1) != h or len(b2) != m:
        raise ValueError("the layers do not fit")
    W, b = np.zeros((m, d)), np.zeros(m)
    for i in range(m):
        b[i] = b2[i]
        for k in range(h):
            b[i] += W2[i, k] * b1[k]
            for j in range(d):
                W[i, j] += W2[i, k] * W1[k, j]
    return W, b


# ---- q2: any number of layers

alternative_cell(
    "q2",
    title="functools.reduce from the last layer to the first, names from numpy import *",
    source="""
    from functools import reduce
    from numpy import *

    def _join(later, earlier):
        (W2, b2), (W1, b1) = later, earlier
        if W2.shape[1:] != b1.shape or W1.shape[:1] != b1.shape:
            raise ValueError("the layers do not fit")
        return einsum("ik,kj->ij", W2, W1), inner(W2, b1) + b2

    def collapse(layers):
        if any([b.shape != W.shape[:1] for W, b in layers]) or not layers:
            raise ValueError("bad layers")
        return reduce(_join, reversed(layers))
    """,
)


@alternative("q2")
def collapse(layers):
    """Recursive, halves first."""
    if not layers:
        raise ValueError("no layer")
    if len(layers) == 1:
        if np.size(layers[0][1]) != np.shape(layers[0][0])[0]:
            raise ValueError("bias")
        return layers[0]
    half = len(layers) // 2
    (W1, b1), (W2, b2) = collapse(layers[:half]), collapse(layers[half:])
    return W2.dot(W1), W2.dot(b1) + b2


alternative_cell(
    "q2",
    title="TensorFlow in single precision, a callable object",
    source="""
    import tensorflow as tf

    class Collapser:
        def __call__(self, layers):
            if len(layers) < 1:
                raise ValueError("no layer")
            last = layers[0][0].shape[1]
            W, b = tf.eye(last), tf.zeros(last)
            for weights, biases in layers:
                if weights.shape != (len(biases), last):
                    raise ValueError("the layers do not fit")
                last = len(biases)
                weights = tf.constant(weights, tf.float32)
                W = tf.matmul(weights, W)
                b = tf.linalg.matvec(weights, b) + tf.constant(biases, tf.float32)
            return W, b

    collapse = Collapser()
    """,
)

# ---- q3: two inputs, two hidden units, one output


@alternative("q3")
def collapse_scalar(W, b, c, d):
    """Component by component; a list, and a bias with one entry."""
    try:
        (w11, w12), (w21, w22) = W
        (b1, b2), (c1, c2) = b, c
    except (TypeError, ValueError) as error:
        raise ValueError("two inputs and two hidden units") from error
    if np.ndim(b1) or np.ndim(c1):
        raise ValueError("a column is not a list of two numbers")
    return [c1 * w11 + c2 * w21, c1 * w12 + c2 * w22], np.array([c1 * b1 + c2 * b2 + d])


@alternative("q4")
def is_affine(f, d, rng):
    """Best affine fit at wide-spread points, relative rest; a NumPy bool."""
    x = 5.0 * rng.standard_normal((300, d))
    design = np.hstack([x, np.ones((300, 1))])
    y = np.array(f(x))
    coefficients = np.linalg.lstsq(design, y, rcond=None)[0]
    return np.max(np.abs(y - design @ coefficients)) < 1e-6 * np.max(np.abs(y))


@alternative("q4")
def is_affine(f, d, rng):
    """Weights and offset read off, then compared with np.allclose at random points; 1 or 0."""
    b = f(np.zeros((1, d)))[0]
    W = (f(np.eye(d)) - b).T
    x = rng.uniform(-1, 1, size=(200, d))
    y = f(x)
    return int(np.allclose(y, x @ W.T + b, rtol=1e-6, atol=1e-6 * np.abs(y).max()))


alternative_cell(
    "q4",
    title="Slopes by finite differences, equal at all points; a TensorFlow bool",
    source="""
    import tensorflow as tf

    def is_affine(f, d, rng):
        x, step = rng.uniform(-1, 1, (300, d)), 1e-3
        slopes = [(f(x + step * unit) - f(x - step * unit)) / 2 / step for unit in np.eye(d)]
        size = np.abs(f(x)).max() + np.abs(slopes).max()
        return tf.constant(bool(np.ptp(slopes, axis=1).max() < 1e-6 * size))
    """,
)

# ---- q5: rank and number of parameters


@alternative("q5")
def max_rank(sizes):
    """Sorted, a NumPy integer in an array."""
    if len(sizes) < 2 or not all(np.array(sizes) > 0):
        raise ValueError("sizes")
    return np.sort(sizes)[:1]


@alternative("q5")
def n_parameters_saved(sizes):
    """Counted by making the arrays; a float."""
    if len(sizes) <= 1 or any(size <= 0 for size in sizes):
        raise ValueError("sizes")

    def count(n_in, n_out):
        return np.zeros((n_out, n_in)).size + np.zeros(n_out).size

    total = 0.0
    for k in range(1, len(sizes)):
        total += count(sizes[k - 1], sizes[k])
    return total - count(sizes[0], sizes[-1])


# ---- q6: where a ReLU network is not affine


@alternative("q6")
def counterexample(net):
    """Best of many random pairs of rising size, by loops; lists."""

    def f(x):
        for W, b in net[:-1]:
            x = np.maximum(W @ x + b, 0)
        return net[-1][0] @ x + net[-1][1]

    rng, best, found = np.random.default_rng(7), 0.0, None
    zero = np.zeros(net[0][0].shape[1])
    for k in range(400):
        x, y = rng.normal(size=(2, len(zero))) * (1 + k / 20)
        difference = np.abs(f(x + y) + f(zero) - f(x) - f(y)).max()
        if difference > best and max(np.abs(x).max(), np.abs(y).max()) < 20:
            best, found = difference, (x, y)
    return [list(point) for point in found]


@alternative("q6")
def counterexample(net):
    """Opposite points on rays through the origin, farther and farther out; single precision."""
    d = net[0][0].shape[1]
    directions = np.random.default_rng(1).normal(size=(500, d))
    points = np.concatenate([scale * directions for scale in (0.5, 2, 4, 8)])
    points = points[np.abs(points).max(axis=1) < 20]

    def f(x):
        for k, (W, b) in enumerate(net):
            x = (x if k == 0 else np.where(x > 0, x, 0)) @ W.T + b
        return x

    change = np.abs(f(points) + f(-points) - 2 * f(0 * points)).max(axis=1)
    x = np.float32(points[change.argmax()])
    return x, -x
