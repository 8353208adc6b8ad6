"""Typical wrong answers to the assignment "Regularization", each with the hint that a student gets."""

import numpy as np

from autograder.variants import misconception

# ---- q1: the penalty


@misconception("q1", hint="The result depends on the biases. Are they meant to pay, too?")
def elastic(layers, l1, l2):
    """Biases count, as the norm of all parameters on the slide."""
    if l1 < 0 or l2 < 0:
        raise ValueError("rates")
    total = 0.0
    for W, b in layers:
        total += l1 * (np.abs(W).sum() + np.abs(b).sum()) + l2 * ((W**2).sum() + (b**2).sum())
    return total


@misconception("q1", hint="Each rate multiplies the other one's sum: which is which?")
def elastic(layers, l1, l2):
    """Rates exchanged."""
    if l1 < 0 or l2 < 0:
        raise ValueError("rates")
    return sum(l2 * np.abs(W).sum() + l1 * (W**2).sum() for W, b in layers)


@misconception(
    "q1", hint="The L2 part is half as large as asked for. Which convention does the prompt fix?"
)
def elastic(layers, l1, l2):
    """A factor 1/2 in front of the squares, as in the playground."""
    if l1 < 0 or l2 < 0:
        raise ValueError("rates")
    return sum(l1 * np.abs(W).sum() + l2 * (W**2).sum() / 2 for W, b in layers)


@misconception(
    "q1", hint="If all weights double, your L2 part doubles. How should an energy of springs grow?"
)
def elastic(layers, l1, l2):
    """The norm itself instead of its square."""
    if l1 < 0 or l2 < 0:
        raise ValueError("rates")
    return sum(l1 * np.abs(W).sum() + l2 * np.linalg.norm(W) for W, b in layers)


@misconception("q1", hint="With one layer it is right. What happens to the layers after the first?")
def elastic(layers, l1, l2):
    """Returns inside the loop."""
    if l1 < 0 or l2 < 0:
        raise ValueError("rates")
    for W, b in layers:
        return l1 * np.abs(W).sum() + l2 * (W**2).sum()


@misconception("q1", hint="A negative rate is accepted: it would reward large weights.")
def elastic(layers, l1, l2):
    """Negative rates are accepted."""
    return sum(l1 * np.sum(np.abs(W)) + l2 * np.sum(W**2) for W, b in layers)


# ---- q2: its gradient


@misconception("q2", hint="The L2 part of the slope is half as large as it should be.")
def reg_grad(layers, grads, l1, l2):
    """The factor 2 of the derivative forgotten."""
    if l1 < 0 or l2 < 0 or len(layers) != len(grads):
        raise ValueError("rates or lengths")
    return [
        (gW + l1 * np.sign(W) + l2 * W, gb) for (W, b), (gW, gb) in zip(layers, grads, strict=True)
    ]


@misconception("q2", hint="The gradients of the biases come back changed. Do biases pay?")
def reg_grad(layers, grads, l1, l2):
    """Biases are pulled, too."""
    if l1 < 0 or l2 < 0 or len(layers) != len(grads):
        raise ValueError("rates or lengths")
    return [
        (gW + l1 * np.sign(W) + 2 * l2 * W, gb + l1 * np.sign(b) + 2 * l2 * b)
        for (W, b), (gW, gb) in zip(layers, grads, strict=True)
    ]


@misconception("q2", hint="Your L1 part pushes negative weights further away from zero.")
def reg_grad(layers, grads, l1, l2):
    """The slope of |W| taken as 1 on both sides."""
    if l1 < 0 or l2 < 0 or len(layers) != len(grads):
        raise ValueError("rates or lengths")
    return [(gW + l1 + 2 * l2 * W, gb) for (W, b), (gW, gb) in zip(layers, grads, strict=True)]


@misconception("q2", hint="The numbers are right, but the caller's gradients are changed by `+=`.")
def reg_grad(layers, grads, l1, l2):
    """Adds into the caller's gradients."""
    if l1 < 0 or l2 < 0 or len(layers) != len(grads):
        raise ValueError("rates or lengths")
    out = []
    for (W, b), (gW, gb) in zip(layers, grads, strict=True):
        gW += l1 * np.sign(W) + 2 * l2 * W
        out.append((gW, gb))
    return out


@misconception(
    "q2", hint="A list of gradients that is too short or too long is cut to size: zip does that."
)
def reg_grad(layers, grads, l1, l2):
    """zip cuts to the shorter list."""
    if l1 < 0 or l2 < 0:
        raise ValueError("rates")
    return [
        (gW + l1 * np.sign(W) + 2 * l2 * W, gb)
        for (W, b), (gW, gb) in zip(layers, grads, strict=False)
    ]


# ---- q3: weight decay


@misconception(
    "q3", hint="The decay is half as fast as the penalty asks for: this is Keras's weight_decay."
)
def decay_step(w, g, lr, l2):
    """The weight decay of Keras: the factor 2 is missing."""
    if lr <= 0 or l2 < 0:
        raise ValueError("rates")
    return w - lr * (g + l2 * w)


@misconception("q3", hint="Your weights decay equally fast whatever the learning rate is.")
def decay_step(w, g, lr, l2):
    """The decay is not multiplied by the learning rate."""
    if lr <= 0 or l2 < 0:
        raise ValueError("rates")
    return w - lr * g - 2 * l2 * w


@misconception(
    "q3", hint="The gradient's own step decays as well. At which weights is the slope taken?"
)
def decay_step(w, g, lr, l2):
    """First the step, then the decay."""
    if lr <= 0 or l2 < 0:
        raise ValueError("rates")
    return (1 - 2 * lr * l2) * (w - lr * g)


@misconception("q3", hint="A learning rate of zero, or below, is accepted.")
def decay_step(w, g, lr, l2):
    """Only l2 is checked."""
    if l2 < 0:
        raise ValueError("l2")
    return w - lr * (g + 2 * l2 * w)


# ---- q4: dropout


@misconception("q4", hint="The mean activation sinks when units are dropped. Who makes up for it?")
def dropout(h, p, rng, training):
    """No scaling."""
    if p < 0 or p >= 1:
        raise ValueError("p")
    if not training:
        return h
    return h * (rng.random(h.shape) >= p)


@misconception(
    "q4",
    hint="You scale at inference, as in the first paper. Inverted dropout does it in training.",
)
def dropout(h, p, rng, training):
    """Plain dropout: scaled down at inference instead."""
    if p < 0 or p >= 1:
        raise ValueError("p")
    if not training:
        return h * (1 - p)
    return h * (rng.random(h.shape) >= p)


@misconception("q4", hint="Is p the probability to keep a unit, or to drop it?")
def dropout(h, p, rng, training):
    """Keeps with probability p."""
    if p < 0 or p >= 1:
        raise ValueError("p")
    if not training:
        return h
    mask = rng.random(h.shape) < p
    return h * mask / p


@misconception("q4", hint="All samples of a batch lose the same units. Is that independent?")
def dropout(h, p, rng, training):
    """One mask for all samples."""
    if p < 0 or p >= 1:
        raise ValueError("p")
    if not training:
        return h
    return h * (rng.random(h.shape[1]) >= p) / (1 - p)


@misconception(
    "q4", hint="The number of dropped entries is always the same. Is it so for independent coins?"
)
def dropout(h, p, rng, training):
    """An exact number of entries is dropped."""
    if p < 0 or p >= 1:
        raise ValueError("p")
    if not training:
        return h
    out = (h / (1 - p)).ravel()
    out[rng.permutation(h.size)[: int(round(p * h.size))]] = 0
    return out.reshape(h.shape)


@misconception(
    "q4",
    hint="Your mask does not depend on the generator that is handed over: where do its random "
    "numbers come from?",
)
def dropout(h, p, rng, training):
    """The global generator of NumPy."""
    if p < 0 or p >= 1:
        raise ValueError("p")
    if not training:
        return h
    return np.where(np.random.random(h.shape) >= p, h / (1 - p), 0)


@misconception("q4", hint="Every call drops the same entries: where does your generator come from?")
def dropout(h, p, rng, training):
    """A generator of its own with a fixed seed."""
    if p < 0 or p >= 1:
        raise ValueError("p")
    if not training:
        return h
    rng = np.random.default_rng(0)
    return np.where(rng.random(h.shape) >= p, h / (1 - p), 0)


@misconception("q4", hint="The caller's activations are set to zero as well.")
def dropout(h, p, rng, training):
    """Zeroes in place."""
    if p < 0 or p >= 1:
        raise ValueError("p")
    if not training:
        return h
    h[rng.random(h.shape) < p] = 0
    return h / (1 - p)


@misconception("q4", hint="Units are dropped at inference, too: one argument is never looked at.")
def dropout(h, p, rng, training):
    """The flag is ignored."""
    if p < 0 or p >= 1:
        raise ValueError("p")
    return np.where(rng.random(h.shape) >= p, h / (1 - p), 0)


@misconception("q4", hint="At inference, a p that makes no sense is let through.")
def dropout(h, p, rng, training):
    """p is checked in training only."""
    if not training:
        return h
    if p < 0 or p >= 1:
        raise ValueError("p")
    return np.where(rng.random(h.shape) >= p, h / (1 - p), 0)


# ---- q5: ridge regression


@misconception(
    "q5", hint="Far from the origin the fit is poor: does your penalty pull at the offset?"
)
def ridge(X, y, l2):
    """The offset is penalised like a weight."""
    if l2 < 0 or len(X) != len(y):
        raise ValueError("data")
    n, d = X.shape
    A = np.column_stack([X, np.ones(n)])
    theta = np.linalg.solve(A.T @ A + n * l2 * np.eye(d + 1), A.T @ y)
    return theta[:d], theta[d]


@misconception(
    "q5", hint="Twice the same data should give the same fit. Is your loss the sum or the mean?"
)
def ridge(X, y, l2):
    """Sum of squares instead of the mean: l2 is not multiplied by n."""
    if l2 < 0 or len(X) != len(y):
        raise ValueError("data")
    Xc, yc = X - X.mean(axis=0), y - y.mean()
    w = np.linalg.solve(Xc.T @ Xc + l2 * np.eye(X.shape[1]), Xc.T @ yc)
    return w, y.mean() - X.mean(axis=0) @ w


@misconception("q5", hint="The weights are right, the offset is not, unless X has the mean zero.")
def ridge(X, y, l2):
    """The mean of y as the offset, though X was centred on the way."""
    if l2 < 0 or len(X) != len(y):
        raise ValueError("data")
    n = len(y)
    Xc, yc = X - X.mean(axis=0), y - y.mean()
    w = np.linalg.solve(Xc.T @ Xc / n + l2 * np.eye(X.shape[1]), Xc.T @ yc / n)
    return w, y.mean()


@misconception("q5", hint="A negative l2 is accepted: it would blow the weights up.")
def ridge(X, y, l2):
    """A negative l2 is accepted."""
    if len(X) != len(y):
        raise ValueError("data")
    n = len(y)
    Xc, yc = X - X.mean(axis=0), y - y.mean()
    w = np.linalg.solve(Xc.T @ Xc / n + l2 * np.eye(X.shape[1]), Xc.T @ yc / n)
    return w, y.mean() - X.mean(axis=0) @ w


# ---- q6: when to stop


@misconception("q6", hint="You stop at the first dip. The curve may come down further later.")
def best_epoch(val):
    """The first local minimum."""
    if len(val) == 0:
        raise ValueError("empty")
    for k in range(len(val) - 1):
        if val[k + 1] > val[k]:
            return k
    return len(val) - 1


@misconception("q6", hint="You are one epoch late: where does counting begin?")
def best_epoch(val):
    """Counts from 1."""
    if len(val) == 0:
        raise ValueError("empty")
    return int(np.argmin(val)) + 1


@misconception("q6", hint="This is the gap at the end of the run, not at the epoch that is kept.")
def gap(train, val):
    """The gap of the last epoch."""
    if len(val) == 0 or len(train) != len(val):
        raise ValueError("curves")
    return val[-1] - train[-1]


@misconception("q6", hint="The two losses that you subtract belong to different epochs.")
def gap(train, val):
    """Difference of the two smallest values."""
    if len(val) == 0 or len(train) != len(val):
        raise ValueError("curves")
    return np.min(val) - np.min(train)
