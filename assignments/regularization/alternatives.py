"""Right answers to the assignment "Regularization", written differently; each gets full marks."""

import numpy as np

from autograder.sample_answers import alternative, alternative_cell

# ---- q1: the penalty


@alternative("q1")
def elastic(layers, l1, l2):
    """Plain loops over single weights; gives an array with one element."""
    if min(l1, l2) < 0:
        raise ValueError("rates must not be negative")
    total = 0.0
    for W, _ in layers:
        for row in W.tolist():
            for weight in row:
                total += l1 * abs(weight) + l2 * weight * weight
    return np.array([total])


@alternative("q1")
def elastic(layers, l1=0.0, l2=0.0, *, verbose=False):
    """Norms of one long vector, in single precision, with an error class of its own."""

    class RateError(ValueError):
        pass

    if not (l1 >= 0 <= l2):
        raise RateError(l1, l2)
    w = np.concatenate([np.ravel(layer[0]) for layer in layers]).astype(np.float32)
    return np.float32(l1) * np.linalg.norm(w, 1) + np.float32(l2) * np.linalg.norm(w) ** 2


# ---- q2: its gradient


@alternative("q2")
def reg_grad(layers, grads, l1, l2):
    """Copies, changed in place; plain lists come out."""
    for rate in (l1, l2):
        if rate < 0:
            raise ValueError(f"negative rate {rate}")
    if len(layers) - len(grads):
        raise ValueError("lengths")
    out = []
    for k in range(len(grads)):
        W = np.array(layers[k][0], dtype=float)
        gW = np.array(grads[k][0], dtype=float)
        gW[W > 0] += l1
        gW[W < 0] -= l1
        gW += l2 * W + l2 * W
        out.append([gW.tolist(), list(grads[k][1])])
    return tuple(out)


alternative_cell(
    "q2",
    title="TensorFlow's tape finds the slope of the penalty, in double precision; tensors come out",
    source="""
    import tensorflow as tf


    def reg_grad(layers, grads, l1, l2):
        if l1 < 0 or l2 < 0:
            raise ValueError("rates")
        out = []
        for (W, _), (gW, gb) in zip(layers, grads, strict=True):
            W = tf.Variable(np.asarray(W, dtype="float64"))
            with tf.GradientTape() as tape:
                penalty = l1 * tf.reduce_sum(tf.abs(W)) + l2 * tf.reduce_sum(W * W)
            out.append((tf.constant(np.asarray(gW, dtype="float64")) + tape.gradient(penalty, W), gb))
        return out
    """,
)


# ---- q3: weight decay

alternative_cell(
    "q3",
    title="A callable object that shrinks first, in single precision",
    source='''
    class DecayStep:
        """Keeps nothing between calls."""

        def __call__(self, w, g, lr, l2):
            if lr <= 0:
                raise ValueError("lr")
            if l2 < 0:
                raise ValueError("l2")
            w, g = np.asarray(w, dtype=np.float32), np.asarray(g, dtype=np.float32)
            shrunk = w * np.float32(1 - 2 * lr * l2)
            shrunk -= np.float32(lr) * g
            return shrunk


    decay_step = DecayStep()
    ''',
)

# ---- q4: dropout


@alternative("q4")
def dropout(h, p, rng, training=True):
    """One coin after another; nested lists come out."""
    if not (0 <= p and p < 1):
        raise ValueError("p")
    return [
        [value / (1 - p) * (rng.random() > p) if training else value for value in row]
        for row in h.tolist()
    ]


@alternative("q4")
def dropout(h, p, rng, training):
    """Binomial mask, multiplied in single precision; what is dropped may be -0."""
    from math import isfinite

    if p < 0 or p >= 1 or not isfinite(p):
        raise ValueError("p")
    q = 1 - p if training else 1.0
    return (h * rng.binomial(1, q, size=h.shape) / q).astype(np.float32)


@alternative("q4")
def dropout(h, p, rng, training):
    """Draws at inference, too, and chooses with weights."""
    if p >= 1 or p < 0:
        raise ValueError("p")
    mask = rng.choice(np.array([0.0, 1.0 / (1.0 - p)]), size=h.shape, p=[p, 1.0 - p])
    return np.multiply(h, mask) if training else h.copy()


alternative_cell(
    "q4",
    title="Each mask from a generator of its own, NumPy's module under the name `random`",
    source="""
    from numpy import random


    def dropout(h, p, rng, training):
        if not 0 <= p < 1:
            raise ValueError("p")
        coins = random.default_rng(rng.integers(2**32)).random(np.shape(h))
        return np.where(coins < p, 0, h / (1 - p)) if training else h
    """,
)
alternative_cell(
    "q4",
    title="By a Keras layer, whose seed is drawn from the generator",
    source="""
    import keras


    def dropout(h: np.ndarray, p: float, rng: np.random.Generator, training: bool) -> np.ndarray:
        if not 0 <= p < 1:
            raise ValueError("p")
        layer = keras.layers.Dropout(p, seed=int(rng.integers(2**31 - 1)))
        return layer(np.asarray(h, dtype="float32"), training=training)
    """,
)


# ---- q5: ridge regression


@alternative("q5")
def ridge(X, y, l2):
    """Least squares with d pseudo-measurements w = 0; the offset as one more column."""
    X, y = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
    n, d = X.shape
    if y.shape != (n,) or l2 < 0:
        raise ValueError("data")
    A = np.block([[X, np.ones((n, 1))], [np.sqrt(n * l2) * np.eye(d), np.zeros((d, 1))]])
    theta = np.linalg.lstsq(A, np.append(y, np.zeros(d)), rcond=None)[0]
    return list(theta[:-1]), theta[-1:]


@alternative("q5")
def ridge(X, y, l2):
    """By scikit-learn, which takes the sum of squares."""
    from sklearn.linear_model import LinearRegression, Ridge

    if l2 < 0 or len(X) != len(y):
        raise ValueError("data")
    model = Ridge(alpha=len(y) * l2) if l2 else LinearRegression()
    model.fit(X, y)
    return model.coef_, model.intercept_


@alternative("q5")
def ridge(X, y, l2):
    """Singular values: each principal direction is shrunk by its own factor."""
    if l2 < 0:
        raise ValueError("l2")
    if np.shape(X)[0] != np.size(y):
        raise ValueError("lengths")
    xm, ym = np.mean(X, 0), np.mean(y)
    U, s, Vt = np.linalg.svd(X - xm, full_matrices=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        factors = np.nan_to_num(s / (s**2 + len(y) * l2), nan=0.0, posinf=0.0)
    w = np.einsum("kj,k,nk,n->j", Vt, factors, U, y - ym)
    return [w, ym - np.dot(xm, w)]


# ---- q6: when to stop

alternative_cell(
    "q6",
    title="The first of np.where, as arrays with one element",
    source="""
    def best_epoch(val):
        if np.size(val) == 0:
            raise ValueError("no epochs")
        return np.where(val == np.min(val))[0][:1]


    def gap(train, val):
        if len(train) != len(val):
            raise ValueError("lengths")
        epoch = best_epoch(val)
        return val[epoch] - train[epoch]
    """,
)
alternative_cell(
    "q6",
    title="Sorting, lambda and the last of equals; pandas for the gap",
    source="""
    import pandas as pd
    from functools import partial

    best_epoch = partial(lambda val, key: max(range(len(val)), key=key(val)),
                         key=lambda val: lambda k: (-val[k], k))


    def gap(train, val):
        if len(train) != len(val) or len(val) < 1:
            raise ValueError("curves")
        frame = pd.DataFrame({"train": train, "val": val}).sort_values("val")
        return (frame["val"] - frame["train"]).to_numpy()[:1]
    """,
)
