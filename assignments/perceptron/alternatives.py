"""Right answers to "The perceptron", written differently; each must score full marks."""

import numpy as np

from autograder.sample_answers import alternative, alternative_cell

# Question 1: the perceptron


@alternative("q1")
def perceptron(x, w, b):
    """Loops in pure Python, a list of floats returned."""
    outputs = []
    for sample in x.tolist():
        if len(sample) != len(w):
            raise ValueError("one weight for each input")
        total = float(b)
        for k in range(len(sample)):
            total += sample[k] * float(w[k])
        outputs.append(total)
    return outputs


@alternative("q1")
def perceptron(x, w, b):
    """Single precision throughout, shapes compared with an assertion turned into an error."""
    try:
        assert x.shape[1] == len(w)
    except AssertionError as error:
        raise ValueError("w must have one entry for each column of x") from error
    return np.float32(x).dot(np.float32(w)) + np.float32(b)


@alternative("q1")
def perceptron(x: np.ndarray, w: np.ndarray, b: float, *, bias_input: float = 1.0) -> np.ndarray:
    """Bias as the weight of a constant input, type hints, an extra keyword."""
    extended = np.hstack([x, np.full((x.shape[0], 1), bias_input)])
    return np.matmul(extended, np.append(w, b))


alternative_cell(
    "q1",
    title="A callable object",
    source="""
    class AffineUnit:
        def __init__(self, scale=1.0):
            self.scale = scale
            self.calls = 0

        def __call__(self, x, w, b):
            self.calls += 1
            return self.scale * np.tensordot(x, w, axes=1) + b

    perceptron = AffineUnit()
    """,
)

alternative_cell(
    "q1",
    title="A lambda, names from numpy import *",
    source="""
    from numpy import *
    perceptron = lambda x, w, b: dot(x, w) + b
    """,
)

# Question 2: a layer


@alternative("q2")
def dense(x, W, b):
    """Sum of outer products with einsum, the bias broadcast by hand."""
    if W.shape != (b.size, x.shape[1]) or b.ndim != 1:
        raise ValueError("one weight for each column of x and one bias for each unit")
    return np.einsum("ij,kj->ik", x, W, optimize=True) + np.ones((len(x), 1)) @ b.reshape(1, -1)


@alternative("q2")
def dense(x, W, b):
    """The column layout inside, np.matrix outside, errors of a subclass of ValueError."""
    if len(b) != W.shape[0]:
        raise np.linalg.LinAlgError("one bias for each unit")
    return np.matrix((W @ x.T + b[:, None]).T)


@alternative("q2")
def dense(x, W, b):
    """A product of pandas tables."""
    import pandas

    if len(W) != len(b) or W.shape[1] != x.shape[1]:
        raise ValueError("shapes do not fit")
    return pandas.DataFrame(x).dot(pandas.DataFrame(W).T).add(b).to_numpy()


alternative_cell(
    "q2",
    title="TensorFlow tensors in single precision",
    source="""
    import tensorflow as tf

    def dense(x, W, b):
        if len(W) != len(b) or W.shape[1] != x.shape[1]:
            raise ValueError("shapes do not fit")
        x, W, b = (tf.cast(tf.convert_to_tensor(v), tf.float32) for v in (x, W, b))
        return tf.matmul(x, W, transpose_b=True) + b
    """,
)

# Question 3: counting parameters


@alternative("q3")
def n_parameters(sizes):
    """Counted recursively."""

    def count(rest):
        return 0 if len(rest) == 1 else (rest[0] + 1) * rest[1] + count(rest[1:])

    if len(sizes) < 2 or any(size <= 0 for size in sizes):
        raise ValueError("a net needs inputs and a layer")
    return count(sizes)


@alternative("q3")
def n_parameters(sizes):
    """Counted by making the arrays, a NumPy integer in a 1-element array returned."""
    if len(sizes) < 2 or np.any(np.array(sizes) < 1):
        raise ValueError("a net needs inputs and a layer")
    return np.array(
        [sum(np.empty((sizes[k] + 1, sizes[k + 1])).size for k in range(len(sizes) - 1))]
    )


@alternative("q3")
def n_parameters(sizes):
    """Scalar product of the sizes with their neighbours, a float returned."""
    size = np.array(sizes, dtype=float)
    if size.size < 2 or size.min() < 1:
        raise ValueError("a net needs inputs and a layer")
    return np.dot(size[:-1] + 1, size[1:])


# Question 4: a random layer


@alternative("q4")
def random_layer(n_in, n_out, rng):
    """Biases first, from the unit interval, as lists."""
    if min(n_in, n_out) < 1:
        raise ValueError("no layer")
    b = [2.0 * rng.random() - 1.0 for _ in range(n_out)]
    w = [[1.0 - 2.0 * rng.random() for _ in range(n_in)] for _ in range(n_out)]
    return [w, b]


@alternative("q4")
def random_layer(n_in, n_out, rng):
    """Weights and biases drawn as one array, single precision."""
    if not (n_in > 0 and n_out > 0):
        raise ValueError("no layer")
    table = 2 * rng.random((n_in + 1, n_out), dtype=np.float32) - 1
    return table[1:].T, table[0]


alternative_cell(
    "q4",
    title="A helper that is called like a module of the standard library",
    source="""
    def random(rng, *shape):
        return 2 * rng.random(shape) - 1

    def random_layer(n_in, n_out, rng):
        if n_in < 1 or n_out < 1:
            raise ValueError("no layer")
        return random(rng, n_out, n_in), random(rng, n_out)
    """,
)


@alternative("q4")
def apply_layer(y_in, w, b):
    """The sigmoid of SciPy."""
    from scipy.special import expit

    return expit(np.dot(w, np.transpose(y_in)).T + b)


@alternative("q4")
def apply_layer(y_in, w, b):
    """Two branches, so that no exponential overflows; a batch as a list of rows."""

    def sigmoid(z):
        return 1.0 / (1.0 + np.exp(-z)) if z >= 0 else np.exp(z) / (1.0 + np.exp(z))

    def one(sample):
        return [sigmoid(float(np.dot(row, sample)) + bias) for row, bias in zip(w, b)]

    return one(y_in) if np.ndim(y_in) == 1 else [one(sample) for sample in y_in]


# Question 5: the loss


@alternative("q5")
def mse(y_true, y_pred, reduction="mean"):
    """A dictionary of reductions, the loss in a 1-element array."""
    reductions = {"mean": np.mean, "sum": np.sum}
    if reduction not in reductions:
        raise ValueError(reduction)
    true, pred = np.reshape(y_true, (-1, 1)), np.reshape(y_pred, (-1, 1))
    if len(true) != len(pred) or not len(true):
        raise ValueError("lengths")
    return reductions[reduction](np.square(true - pred), axis=0)


@alternative("q5")
def mse(y_true, y_pred, reduction="mean"):
    """Pure Python, with an error class of its own."""

    class BadInput(ValueError):
        pass

    true, pred = np.asarray(y_true).flatten().tolist(), np.asarray(y_pred).flatten().tolist()
    if len(true) != len(pred) or true == [] or reduction not in {"mean", "sum"}:
        raise BadInput
    total = sum((t - p) ** 2 for t, p in zip(true, pred))
    return total if reduction == "sum" else total / len(true)


alternative_cell(
    "q5",
    title="functools.partial over a general loss, scikit-learn inside",
    source="""
    from functools import partial
    from sklearn.metrics import mean_squared_error

    def _power_loss(y_true, y_pred, reduction="mean", power=2):
        if power != 2 or reduction not in ["mean", "sum"]:
            raise ValueError("unknown loss")
        mean = mean_squared_error(y_true.ravel(), y_pred.ravel())
        return mean * (1 if reduction == "mean" else y_true.size)

    mse = partial(_power_loss, power=2)
    """,
)

# Question 6: one step of gradient descent


@alternative("q6")
def gd_step(w, b, x, y, lr):
    """Weights and bias as one vector, split at the end."""
    if lr <= 0 or len(x) < 1 or np.shape(y) != (len(x),):
        raise ValueError("bad input")
    design = np.column_stack([x, np.ones(len(x))])
    theta = np.append(w, b)
    theta = theta - 2 * lr / len(x) * design.T @ (design @ theta - y)
    return theta[:-1], theta[-1:]


@alternative("q6")
def gd_step(w, b, x, y, lr):
    """Loops over samples and inputs, lists returned."""
    if not lr > 0 or len(x) != len(y) or len(y) == 0 or len(w) != x.shape[1]:
        raise ValueError("bad input")
    n, d = x.shape
    residuals = [sum(x[i, j] * w[j] for j in range(d)) + b - y[i] for i in range(n)]
    w_new = [w[j] - lr * sum(2 * residuals[i] * x[i, j] for i in range(n)) / n for j in range(d)]
    return [w_new, b - lr * sum(2 * r for r in residuals) / n]


@alternative("q6")
def gd_step(w, b, x, y, lr):
    """Slope by complex steps, without a derivative by hand."""
    if lr <= 0 or len(y) == 0 or len(x) != len(y) or x.shape[1] != len(w):
        raise ValueError("bad input")

    def slope(change_w, change_b):
        residual = x @ (w + 1e-30j * change_w) + (b + 1e-30j * change_b) - y
        return np.imag(np.mean(residual**2)) / 1e-30

    units = np.eye(len(w))
    return w - lr * np.array([slope(unit, 0.0) for unit in units]), b - lr * slope(
        0.0 * units[0], 1.0
    )


# Question 7: the fit


@alternative("q7")
def fit(x, y, w0, b0, lr, steps):
    """Single precision, history in a preallocated array."""
    if lr <= 0 or steps < 0 or len(y) == 0 or len(x) != len(y):
        raise ValueError("bad input")
    x, y, w = x.astype(np.float32), y.astype(np.float32), w0.astype(np.float32)
    b, lr, history = np.float32(b0), np.float32(lr), np.zeros(steps, np.float32)
    for k in range(steps):
        residual = x @ w + b - y
        history[k] = np.mean(np.square(residual))
        w = w - lr * np.float32(2) * (x.T @ residual) / np.float32(len(y))
        b = b - lr * np.float32(2) * residual.mean()
    return w, b, history


@alternative("q7")
def fit(x, y, w0, b0, lr, steps):
    """The linear map of one step, worked out in advance; a list is returned."""
    if lr <= 0 or steps < 0 or len(y) == 0 or len(x) != len(y):
        raise ValueError("bad input")
    design = np.c_[x, np.ones(len(x))]
    step = np.eye(design.shape[1]) - 2 * lr * design.T @ design / len(x)
    drift = 2 * lr * design.T @ y / len(x)
    thetas = [np.r_[w0, b0].astype(float)]
    for _ in range(steps):
        thetas.append(step @ thetas[-1] + drift)
    losses = [((design @ theta - y) ** 2).mean() for theta in thetas[:-1]]
    return [thetas[-1][:-1].tolist(), float(thetas[-1][-1]), losses]


alternative_cell(
    "q7",
    title="A class with a method for one step, a tuple as history",
    source="""
    class Trainer:
        def __init__(self, w, b, rate):
            if rate <= 0:
                raise ValueError("learning rate")
            self.w, self.b, self.rate, self.losses = 1.0 * w, 1.0 * b, rate, ()

        def step(self, x, y):
            error = x.dot(self.w) + self.b - y
            self.losses += (float(error @ error) / error.size,)
            self.w -= self.rate * 2 * error.dot(x) / error.size
            self.b -= self.rate * 2 * error.sum() / error.size

    def fit(x, y, w0, b0, lr, steps):
        if len(x) != len(y) or len(y) == 0 or steps < 0:
            raise ValueError("data")
        trainer = Trainer(w0, b0, lr)
        for _ in range(steps):
            trainer.step(x, y)
        return trainer.w, trainer.b, trainer.losses
    """,
)


alternative_cell(
    "q7",
    title="A named tuple",
    source="""
    from typing import NamedTuple

    class Fit(NamedTuple):
        w: np.ndarray
        b: float
        history: list

    def fit(x, y, w0, b0=0.0, lr=0.1, steps=10):
        if lr <= 0 or steps < 0 or len(y) == 0 or len(x) != len(y):
            raise ValueError("bad data, learning rate or number of steps")
        w, b, history = np.array(w0, dtype=float), b0, []
        for _ in range(steps):
            residual = x @ w + b - y
            history += [residual @ residual / len(y)]
            w -= lr * 2 * residual @ x / len(y)
            b -= lr * 2 * residual.mean()
        return Fit(w, b, history)
    """,
)
