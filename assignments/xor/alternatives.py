"""Right answers to the assignment "XOR weights", written differently; each gets full marks."""

import numpy as np

from autograder.sample_answers import alternative, alternative_cell

# ---- q1: a network by hand (other than |x1 - x2|, which is the second network of the solution)

alternative_cell(
    "q1",
    title="1 - |x1 + x2 - 1|, W2 as a row, b2 as a one-element array",
    source="""
    W1 = np.array([[1, 1], [-1, -1]])
    b1 = np.array([-1, 1])
    W2 = np.array([[-1, -1]])
    b2 = np.array([1])
    """,
)
alternative_cell(
    "q1",
    title="Lists of integers, rescaled, with the units exchanged",
    source="""
    W1 = [[3, 3], [5, 5]]
    b1 = [-3, 0]
    W2 = [-2 / 3, 1 / 5]
    b2 = 0
    """,
)
alternative_cell(
    "q1",
    title="Single precision with the noise of a long training run",
    source="""
    noise = np.random.default_rng(5)
    W1 = np.float32(1.7 * (1 + noise.uniform(-3e-7, 3e-7, size=(2, 2))))
    b1 = np.float32([0, -1.7])
    W2 = np.float32(np.array([1, -2]) / 1.7)
    b2 = np.float32(1e-7)
    """,
)
alternative_cell(
    "q1",
    title="The first unit is active everywhere on the corners; np.matrix and tuples",
    source="""
    W1 = np.matrix("1 1; 1 1")
    b1 = (0.5, -1)
    W2 = np.matrix("1 -2")
    b2 = np.array(-0.5)
    """,
)
alternative_cell(
    "q1",
    title="Solved from the four equations, once the hidden units are chosen",
    source="""
    W1, b1 = np.array([[1.0, 1.0], [2.0, 2.0]]), np.array([1.0, -2.0])
    hidden = np.maximum(corners @ W1.T + b1, 0)
    *W2, b2 = np.linalg.lstsq(np.c_[hidden, np.ones(4)], xor_labels, rcond=None)[0]
    """,
)

# ---- q2: the forward pass


@alternative("q2")
def forward(x, W1, b1, W2, b2):
    """Loops in plain Python; returns a list."""
    if not len(W1) == len(b1) == len(W2) or len(x[0]) != len(W1[0]):
        raise ValueError("shapes")
    outputs = []
    for sample in x:
        y = b2
        for weights, bias, factor in zip(W1, b1, W2, strict=True):
            z = bias
            for w, value in zip(weights, sample, strict=True):
                z = z + w * value
            y = y + factor * z * (z > 0)
        outputs.append(float(y))
    return outputs


@alternative("q2")
def forward(x, W1, b1, W2, b2):
    """Index notation, with assertions turned into ValueError."""
    try:
        assert np.shape(b1) == np.shape(W2) == (np.shape(W1)[0],)
        assert np.shape(x)[1] == np.shape(W1)[1]
        z = np.einsum("nd,hd->nh", x, W1) + b1
    except AssertionError as error:
        raise ValueError("shapes") from error
    return np.einsum("nh,h->n", (z + abs(z)) / 2, W2) + b2


@alternative("q2")
def forward(x, W1, b1, W2, b2):
    """Single precision."""
    if len(b1) != len(W1) or len(W2) != len(W1):
        raise ValueError("shapes")
    x, W1, b1, W2 = (np.asarray(values, dtype=np.float32) for values in (x, W1, b1, W2))
    return np.maximum(x @ W1.T + b1, np.float32(0)) @ W2 + np.float32(b2)


@alternative("q2")
def forward(x: np.ndarray, W1: np.ndarray, b1: np.ndarray, W2: np.ndarray, b2: float = 0.0):
    """Samples as columns inside, an error class of its own, type hints and a default."""

    class ShapeError(ValueError):
        pass

    def relu(z):
        z = z.copy()
        z[z < 0] = 0
        return z

    h, d = W1.shape
    if x.shape[1] != d or b1.size != h or W2.size != h:
        raise ShapeError(f"{x.shape} {W1.shape} {b1.shape} {W2.shape}")
    hidden = relu(W1 @ x.T + b1.reshape(h, 1))
    return (W2.reshape(1, h) @ hidden + b2).ravel()


@alternative("q2")
def forward(x, W1, b1, W2, b2):
    """The biases as weights of an additional input that is always 1."""
    if x.shape[1] != W1.shape[1] or b1.shape != W1[:, 0].shape or W2.shape != b1.shape:
        raise ValueError
    ones = np.ones((len(x), 1))
    hidden = np.clip(np.hstack([x, ones]) @ np.column_stack([W1, b1]).T, 0, None)
    return np.hstack([hidden, ones]).dot(np.append(W2, b2))


alternative_cell(
    "q2",
    title="A callable object",
    source='''
    class Network:
        """Keeps nothing between calls."""

        def relu(self, z):
            return np.where(z > 0, z, 0.0)

        def __call__(self, x, W1, b1, W2, b2):
            if {len(b1), len(W2)} != {len(W1)}:
                raise ValueError("hidden units")
            return self.relu(x @ W1.T + b1) @ W2 + b2


    forward = Network()
    ''',
)
alternative_cell(
    "q2",
    title="Everything imported from NumPy; partial and lambda",
    source="""
    from functools import partial

    from numpy import *


    def _net(activation, x, W1, b1, W2, b2):
        if shape(x)[1:] != shape(W1)[1:] or not (shape(W1)[0],) == shape(b1) == shape(W2):
            raise ValueError("shapes")
        return dot(activation(dot(x, transpose(W1)) + b1), W2) + b2


    forward = partial(_net, lambda z: maximum(z, 0))
    """,
)
alternative_cell(
    "q2",
    title="A tensor of TensorFlow in single precision",
    source="""
    import tensorflow as tf


    def forward(x, W1, b1, W2, b2):
        if x.shape[1] != W1.shape[1] or not len(W1) == len(b1) == len(W2):
            raise ValueError("shapes")
        x, W1, b1, W2, b2 = (tf.cast(values, tf.float32) for values in (x, W1, b1, W2, b2))
        return tf.linalg.matvec(tf.nn.relu(x @ tf.transpose(W1) + b1), W2) + b2
    """,
)

# ---- q3: rescaling


@alternative("q3")
def rescale(W1, b1, W2, b2, a):
    """Diagonal matrices; a list is returned, with W2 as a row and b2 as an array."""
    if len(a) != len(W1):
        raise ValueError("one factor per unit")
    if min(a) <= 0:
        raise ValueError("positive factors only")
    scale = np.diag(a)
    return [scale @ W1, scale @ b1, (np.linalg.inv(scale) @ W2)[np.newaxis], np.array([b2])]


@alternative("q3")
def rescale(W1, b1, W2, b2, a):
    """Loops over lists."""
    if len(a) != len(W1) or not all(factor > 0 for factor in a):
        raise ValueError("factors")
    rows = [[float(factor * w) for w in row] for factor, row in zip(a, W1, strict=True)]
    biases = [float(factor * bias) for factor, bias in zip(a, b1, strict=True)]
    outputs = [float(w / factor) for factor, w in zip(a, W2, strict=True)]
    return rows, biases, outputs, b2


@alternative("q3")
def rescale(W1, b1, W2, b2, a):
    """Broadcasting along transposed arrays, in single precision."""
    if a.shape != b1.shape or np.sign(a).sum() != len(a):
        raise ValueError("factors")
    a = a.astype("float32")
    return (W1.T * a).T, b1 * a, W2 * a**-1, np.float32(b2)


@alternative("q3")
def rescale(W1, b1, W2, b2, a):
    """Unit after unit in float copies."""
    if np.size(a) != np.shape(W1)[0] or np.min(a) <= 0:
        raise ValueError("factors")
    W1, b1, W2 = np.array(W1, float), np.array(b1, float), np.array(W2, float)
    for k, factor in enumerate(a):
        W1[k] *= factor
        b1[k] *= factor
        W2[k] /= factor
    return W1, b1, W2, b2


# ---- q4: a second network

alternative_cell(
    "q4",
    title="1 - |x1 + x2 - 1| as a list of arrays",
    source="""
    alt = [np.array([[1, 1], [-1, -1]]), np.array([-1, 1]), np.array([[-1, -1]]), np.array([1])]
    """,
)
alternative_cell(
    "q4",
    title="The network of question 1, its first unit switched on earlier",
    source="alt = ([[1, 1], [1, 1]], [0.2, -1], [1, -2], -0.2)",
)
alternative_cell(
    "q4",
    title="|x1 - x2| in single precision, each unit with a factor",
    source="""
    alt = (np.float32([[0.3, -0.3], [-7, 7]]), np.float32([0, 0]), np.float32([1 / 0.3, 1 / 7]), 0)
    """,
)
alternative_cell(
    "q4",
    title="Not symmetric in the inputs",
    source="alt = ([[-2, 1], [2, -2]], [0, 0], [1, 0.5], 0)",
)

# ---- q5: the best affine model

alternative_cell(
    "q5",
    title="By least squares; numbers as one-element arrays",
    source="""
    design = np.column_stack([np.ones(4), corners])
    theta, residuals, _, _ = np.linalg.lstsq(design, xor_labels, rcond=None)
    b_lin, w_lin = theta[:1], theta[1:].tolist()
    mse_lin = residuals / 4
    acc_max = np.array([[3]]) / 4
    """,
)
alternative_cell(
    "q5",
    title="By gradient descent, in single precision",
    source="""
    w_lin, b_lin = np.float32([0.4, -0.3]), np.float32(0)
    for _ in range(500):
        residual = corners @ w_lin + b_lin - xor_labels
        w_lin, b_lin = w_lin - 0.5 * corners.T @ residual / 4, b_lin - 0.5 * residual.mean()
    mse_lin = np.mean((corners @ w_lin + b_lin - xor_labels) ** 2)
    acc_max = max(
        np.mean((corners @ w + b > 0.5) == xor_labels)
        for w in np.random.default_rng(0).normal(size=(200, 2))
        for b in np.linspace(-2, 2, 9)
    )
    """,
)
alternative_cell(
    "q5",
    title="Fractions and a decimal number",
    source="""
    from decimal import Decimal
    from fractions import Fraction

    w_lin, b_lin = [0, 0], Fraction(1, 2)
    mse_lin, acc_max = Decimal("0.25"), Fraction(3, 4)
    """,
)
alternative_cell(
    "q5",
    title="Integers and quotients",
    source="w_lin, b_lin, mse_lin, acc_max = (0, 0), 1 / 2, 1 / 4, 3 / 4",
)

# ---- q6: the whole board

alternative_cell(
    "q6",
    title="Three units, since |z| = 2 relu(z) - z",
    source="board = [[[1, -1], [1, 1], [0, 1]], [0, 0, 1], [[2, -2, 2]], [-2]]",
)
alternative_cell(
    "q6",
    title="Eight units in single precision, half of them idle, in other units",
    source="""
    W = 1000 * np.float32([[1, -1], [-1, 1], [1, 1], [-1, -1]])
    board = (np.vstack([W, 0 * W]), np.zeros(8), np.r_[1, 1, -1, -1, 0, 0, 0, 0], np.float32(0))
    """,
)
alternative_cell(
    "q6",
    title="Output weights fitted to random hidden units near the diagonals",
    source="""
    random = np.random.default_rng(3)
    points = random.uniform(-1, 1, size=(4000, 2))
    W = np.array([[1, -1], [-1, 1], [1, 1], [-1, -1]]) + random.normal(scale=0.002, size=(4, 2))
    b = random.normal(scale=0.002, size=4)
    hidden = np.column_stack([np.maximum(points @ W.T + b, 0), np.ones(4000)])
    wanted = -points.prod(axis=1) / np.abs(points).max(axis=1)
    *v, c = np.linalg.lstsq(hidden, wanted, rcond=None)[0]
    board = (W, b, v, c)
    """,
)
