"""Typical wrong answers to the assignment "Regularization", each with the hint that a student gets."""

import numpy as np

from autograder.sample_answers import misconception

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


@misconception(
    "q1",
    hint="Weights of opposite sign cancel in your L1 term. What comes first, the sum or the absolute value?",
)
def elastic(layers, l1, l2):
    """Absolute value of the sum."""
    if l1 < 0 or l2 < 0:
        raise ValueError("rates")
    return sum(l1 * abs(W.sum()) + l2 * (W**2).sum() for W, b in layers)


@misconception(
    "q1",
    hint="For a matrix np.linalg.norm(W, 1) and np.linalg.norm(W, 2) are no sums over all entries. Look up what they are.",
)
def elastic(layers, l1, l2):
    """Matrix norms: the largest column sum, the largest singular value."""
    if l1 < 0 or l2 < 0:
        raise ValueError("rates")
    return sum(l1 * np.linalg.norm(W, 1) + l2 * np.linalg.norm(W, 2) ** 2 for W, b in layers)


@misconception(
    "q1", hint="Only the last layer counts: each turn of your loop forgets the ones before."
)
def elastic(layers, l1, l2):
    """The sum is overwritten in each turn of the loop."""
    if l1 < 0 or l2 < 0:
        raise ValueError("rates")
    for W, b in layers:
        E = l1 * np.abs(W).sum() + l2 * (W**2).sum()
    return E


@misconception("q1", hint="One negative rate is accepted as long as the other one is not negative.")
def elastic(layers, l1, l2):
    """Refuses only if both rates are negative."""
    if l1 < 0 and l2 < 0:
        raise ValueError("rates")
    return sum(l1 * np.abs(W).sum() + l2 * (W**2).sum() for W, b in layers)


@misconception("q1", hint="A rate of 0 is refused, although it only switches its term off.")
def elastic(layers, l1, l2):
    """Refuses rates of zero."""
    if l1 <= 0 or l2 <= 0:
        raise ValueError("rates")
    return sum(l1 * np.abs(W).sum() + l2 * (W**2).sum() for W, b in layers)


@misconception("q1", hint="Your sum ends after some layers. A network may be deep.")
def elastic(layers, l1, l2):
    """The first three layers only."""
    if l1 < 0 or l2 < 0:
        raise ValueError("rates")
    return sum(l1 * np.abs(W).sum() + l2 * (W**2).sum() for W, b in layers[:3])


@misconception("q1", hint="Small weights pay too little, or too much: is your |w| really a V?")
def elastic(layers, l1, l2):
    """A rounded |w|."""
    if l1 < 0 or l2 < 0:
        raise ValueError("rates")
    return sum(l1 * np.sqrt(W**2 + 1e-6).sum() + l2 * (W**2).sum() for W, b in layers)


@misconception("q1", hint="The caller's weights have no negative entries any more.")
def elastic(layers, l1, l2):
    """The absolute value is taken in place."""
    if l1 < 0 or l2 < 0:
        raise ValueError("rates")
    return sum(l1 * np.abs(W, out=W).sum() + l2 * (W**2).sum() for W, b in layers)


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


@misconception(
    "q2",
    hint="The pull of L1 follows the sign of the loss's slope in your result. Which sign should it follow?",
)
def reg_grad(layers, grads, l1, l2):
    """Sign of the gradient instead of the weight."""
    if l1 < 0 or l2 < 0 or len(layers) != len(grads):
        raise ValueError("bad")
    return [(gW + l1 * np.sign(gW) + 2 * l2 * W, gb) for (W, b), (gW, gb) in zip(layers, grads)]


@misconception("q2", hint="This is the slope of the penalty alone; the loss has one, too.")
def reg_grad(layers, grads, l1, l2):
    """The loss's gradient forgotten."""
    if l1 < 0 or l2 < 0 or len(layers) != len(grads):
        raise ValueError("bad")
    return [(l1 * np.sign(W) + 2 * l2 * W, gb) for (W, b), (gW, gb) in zip(layers, grads)]


@misconception("q2", hint="The slope of the penalty enters with the wrong sign.")
def reg_grad(layers, grads, l1, l2):
    """Penalty subtracted."""
    if l1 < 0 or l2 < 0 or len(layers) != len(grads):
        raise ValueError("bad")
    return [(gW - l1 * np.sign(W) - 2 * l2 * W, gb) for (W, b), (gW, gb) in zip(layers, grads)]


@misconception("q2", hint="The last layer goes without its penalty.")
def reg_grad(layers, grads, l1, l2):
    """Output layer left out."""
    if l1 < 0 or l2 < 0 or len(layers) != len(grads):
        raise ValueError("bad")
    out = [(gW + l1 * np.sign(W) + 2 * l2 * W, gb) for (W, b), (gW, gb) in zip(layers, grads)]
    return [*out[:-1], grads[-1]]


@misconception("q2", hint="You add the penalty of each weight, not its slope.")
def reg_grad(layers, grads, l1, l2):
    """Penalty instead of its derivative."""
    if l1 < 0 or l2 < 0 or len(layers) != len(grads):
        raise ValueError("bad")
    return [(gW + l1 * np.abs(W) + l2 * W**2, gb) for (W, b), (gW, gb) in zip(layers, grads)]


@misconception(
    "q2",
    hint="You return a list of weights' slopes and a list of biases' slopes; one pair for each layer is asked for.",
)
def reg_grad(layers, grads, l1, l2):
    """A list of gW and a list of gb."""
    if l1 < 0 or l2 < 0 or len(layers) != len(grads):
        raise ValueError("bad")
    return (
        [gW + l1 * np.sign(W) + 2 * l2 * W for (W, b), (gW, gb) in zip(layers, grads)],
        [gb for _, gb in grads],
    )


@misconception(
    "q2", hint="Your L1 pulls less at small weights. Its force is the same at every distance."
)
def reg_grad(layers, grads, l1, l2):
    """The slope of |w| grows linearly up to 0.4."""
    if l1 < 0 or l2 < 0 or len(layers) != len(grads):
        raise ValueError("bad input")
    return [
        (gW + l1 * np.clip(W / 0.4, -1, 1) + 2 * l2 * W, gb)
        for (W, b), (gW, gb) in zip(layers, grads)
    ]


@misconception(
    "q2",
    hint="Your L1 pulls less at the smallest weights. Where exactly does the slope of |w| change?",
)
def reg_grad(layers, grads, l1, l2):
    """The slope of |w| as a steep tanh."""
    if l1 < 0 or l2 < 0 or len(layers) != len(grads):
        raise ValueError("bad input")
    return [(gW + l1 * np.tanh(30 * W) + 2 * l2 * W, gb) for (W, b), (gW, gb) in zip(layers, grads)]


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


@misconception(
    "q3", hint="Without a gradient your weights grow: the spring should pull them towards zero."
)
def decay_step(w, g, lr, l2):
    """Sign of the decay."""
    if lr <= 0 or l2 < 0:
        raise ValueError("rates")
    return w - lr * (g - 2 * l2 * w)


@misconception(
    "q3",
    hint="If the weights come as integers, the new ones are cut to integers. Look at the dtype.",
)
def decay_step(w, g, lr, l2):
    """Result in an array of the weights' type."""
    if lr <= 0 or l2 < 0:
        raise ValueError("rates")
    new = np.empty_like(w)
    new[...] = w - lr * (g + 2 * l2 * w)
    return new


@misconception("q3", hint="l2 = 0 is refused, although it only switches the decay off.")
def decay_step(w, g, lr, l2):
    """Refuses l2 = 0."""
    if lr <= 0 or l2 <= 0:
        raise ValueError("rates")
    return w - lr * (g + 2 * l2 * w)


@misconception("q3", hint="A learning rate of 0 is accepted, but it is not positive.")
def decay_step(w, g, lr, l2):
    """Accepts lr = 0."""
    if lr < 0 or l2 < 0:
        raise ValueError("rates")
    return w - lr * (g + 2 * l2 * w)


@misconception("q3", hint="The caller's weights are other ones after the step.")
def decay_step(w, g, lr, l2):
    """A step in place."""
    if lr <= 0 or l2 < 0:
        raise ValueError("rates")
    if not np.issubdtype(w.dtype, np.floating):
        w = w.astype(float)
    w -= lr * (g + 2 * l2 * w)
    return w


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


@misconception(
    "q4", hint="All units of a sample live or die together: each entry needs a coin of its own."
)
def dropout(h, p, rng, training):
    """One coin for each sample."""
    if not 0 <= p < 1:
        raise ValueError("p")
    if not training:
        return h
    return h * (rng.random((len(h), 1)) >= p) / (1 - p)


@misconception("q4", hint="What is kept is scaled by 1/p. Which fraction is kept, p or 1 - p?")
def dropout(h, p, rng, training):
    """Scaled by 1/p."""
    if not 0 <= p < 1:
        raise ValueError("p")
    if not training or p == 0:
        return h
    return h * (rng.random(h.shape) >= p) / p


@misconception("q4", hint="You toss a fair coin, whatever p is.")
def dropout(h, p, rng, training):
    """A fair coin."""
    if not 0 <= p < 1:
        raise ValueError("p")
    if not training or p == 0:
        return h
    return h * rng.integers(0, 2, h.shape) / (1 - p)


@misconception("q4", hint="p = 1 is accepted, though nothing is left then that could be scaled up.")
def dropout(h, p, rng, training):
    """Accepts p = 1."""
    if not 0 <= p <= 1:
        raise ValueError("p")
    if not training or p == 1:
        return h
    return h * (rng.random(h.shape) >= p) / (1 - p)


@misconception("q4", hint="You drop the smallest activations; chance alone should decide.")
def dropout(h, p, rng, training):
    """Drops the smallest activations."""
    if not 0 <= p < 1:
        raise ValueError("p")
    if not training or p == 0:
        return h
    return np.where(np.abs(h) < np.quantile(np.abs(h), p), 0, h / (1 - p))


@misconception(
    "q4",
    hint="You scale by the fraction that happened to be kept, which fluctuates; the question scales by its mean.",
)
def dropout(h, p, rng, training):
    """Scaled by the fraction that was kept."""
    if not 0 <= p < 1:
        raise ValueError("p")
    if not training:
        return h
    keep = rng.random(h.shape) >= p
    return h * keep / max(keep.mean(), 1e-9)


@misconception("q4", hint="Some units live and die together. Each needs coins of its own.")
def dropout(h, p, rng, training):
    """Units die in pairs."""
    if not 0 <= p < 1:
        raise ValueError("p")
    if not training:
        return h
    kept = rng.random(h.shape) >= p
    half = h.shape[1] // 2
    kept[:, half : 2 * half] = kept[:, :half]
    return np.where(kept, h / (1 - p), 0)


@misconception(
    "q4", hint="A few units live and die together with others. Each needs coins of its own."
)
def dropout(h, p, rng, training):
    """Ten units die with ten others."""
    if not 0 <= p < 1:
        raise ValueError("p")
    if not training:
        return h
    kept = rng.random(h.shape) >= p
    kept[:, -10:] = kept[:, :10] if h.shape[1] >= 20 else kept[:, -10:]
    return np.where(kept, h / (1 - p), 0)


@misconception("q4", hint="Two samples always lose the same units. Each needs coins of its own.")
def dropout(h, p, rng, training):
    """Samples lose units in pairs."""
    if not 0 <= p < 1:
        raise ValueError("p")
    if not training:
        return h
    kept = rng.random(h.shape) >= p
    kept[1::2] = kept[: len(kept) - 1 : 2]
    return np.where(kept, h / (1 - p), 0)


@misconception(
    "q4",
    hint="There are not many different masks that you can draw: what becomes of the generator's state?",
)
def dropout(h, p, rng, training):
    """A few thousand masks exist."""
    if not 0 <= p < 1:
        raise ValueError("p")
    if not training:
        return h
    own = np.random.default_rng(int(rng.integers(4096)))
    kept = own.random(h.shape) >= p
    return np.where(kept, h / (1 - p), 0)


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


@misconception("q5", hint="l2 has no effect: this is the line of least squares.")
def ridge(X, y, l2):
    """Least squares."""
    if l2 < 0 or len(X) != len(y):
        raise ValueError("bad")
    A = X - X.mean(axis=0)
    w = np.linalg.lstsq(A, y - y.mean(), rcond=None)[0]
    return w, y.mean() - w @ X.mean(axis=0)


@misconception(
    "q5", hint="l2 is added to all entries of the matrix. Where does the unit matrix have its ones?"
)
def ridge(X, y, l2):
    """l2 added to all entries of the matrix."""
    if l2 < 0 or len(X) != len(y):
        raise ValueError("bad")
    A = X - X.mean(axis=0)
    M = A.T @ A / len(X) + l2
    w = np.linalg.lstsq(M, A.T @ (y - y.mean()) / len(X), rcond=None)[0]
    return w, y.mean() - w @ X.mean(axis=0)


@misconception(
    "q5", hint="You divide by n - 1, as estimates of a variance do; this loss is a mean over n."
)
def ridge(X, y, l2):
    """Covariances of NumPy, divided by n - 1."""
    if l2 < 0 or len(X) != len(y):
        raise ValueError("bad")
    A = X - X.mean(axis=0)
    m = max(len(X) - 1, 1)
    w = np.linalg.solve(A.T @ A / m + l2 * np.eye(X.shape[1]), A.T @ (y - y.mean()) / m)
    return w, y.mean() - w @ X.mean(axis=0)


@misconception("q5", hint="You take one mean of all entries of X away. Each column has its own.")
def ridge(X, y, l2):
    """One mean for all columns."""
    if l2 < 0 or len(X) != len(y):
        raise ValueError("bad")
    A = X - X.mean()
    w = np.linalg.lstsq(
        A.T @ A / len(X) + l2 * np.eye(X.shape[1]), A.T @ (y - y.mean()) / len(X), rcond=None
    )[0]
    return w, y.mean() - w @ X.mean(axis=0)


@misconception(
    "q5",
    hint="l2 counts twice as much as it should: both terms of the derivative carry a factor 2.",
)
def ridge(X, y, l2):
    """Factor 2 in one derivative only."""
    if l2 < 0 or len(X) != len(y):
        raise ValueError("bad")
    A = X - X.mean(axis=0)
    w = np.linalg.solve(
        A.T @ A / len(X) + 2 * l2 * np.eye(X.shape[1]) + 1e-12 * np.eye(X.shape[1]),
        A.T @ (y - y.mean()) / len(X),
    )
    return w, y.mean() - w @ X.mean(axis=0)


@misconception("q5", hint="You are still on the way downhill. The minimum can be solved for.")
def ridge(X, y, l2):
    """A thousand steps of gradient descent."""
    if l2 < 0 or len(X) != len(y):
        raise ValueError("bad")
    n, d = X.shape
    w, b = np.zeros(d), 0.0
    lr = 0.4 / ((X**2).sum(axis=1).max() + 1 + l2)
    for _ in range(1000):
        r = X @ w + b - y
        w, b = w - lr * (2 * X.T @ r / n + 2 * l2 * w), b - lr * 2 * r.mean()
    return w, b


@misconception(
    "q5",
    hint="You scale the columns to width 1 first; then the penalty counts other weights than those asked for.",
)
def ridge(X, y, l2):
    """Columns standardised first."""
    if l2 < 0 or len(X) != len(y):
        raise ValueError("bad")
    s = X.std(axis=0)
    s = np.where(s > 0, s, 1)
    A = (X - X.mean(axis=0)) / s
    w = (
        np.linalg.solve(
            A.T @ A / len(X) + (l2 + 1e-12) * np.eye(X.shape[1]), A.T @ (y - y.mean()) / len(X)
        )
        / s
    )
    return w, y.mean() - w @ X.mean(axis=0)


@misconception("q5", hint="The caller's data have the mean zero after the fit.")
def ridge(X, y, l2):
    """Centred in place."""
    if l2 < 0 or len(X) != len(y):
        raise ValueError("bad input")
    if not np.issubdtype(X.dtype, np.floating):
        X = X.astype(float)
    mean = X.mean(axis=0)
    X -= mean
    w = np.linalg.solve(X.T @ X / len(X) + l2 * np.eye(X.shape[1]), X.T @ (y - y.mean()) / len(X))
    return w, y.mean() - mean @ w


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


@misconception("q6", hint="best_epoch returns the smallest loss; its index is asked for.")
def best_epoch(val):
    """Smallest loss instead of its index."""
    if len(val) == 0:
        raise ValueError("empty")
    return min(val)


@misconception("q6", hint="Your gap has the wrong sign.")
def gap(train, val):
    """Training minus validation."""
    if len(train) != len(val) or len(val) == 0:
        raise ValueError("bad")
    e = int(np.argmin(val))
    return train[e] - val[e]


@misconception("q6", hint="Your gap is never negative; the validation loss may be the smaller one.")
def gap(train, val):
    """Absolute value."""
    if len(train) != len(val) or len(val) == 0:
        raise ValueError("bad")
    e = int(np.argmin(val))
    return abs(train[e] - val[e])


@misconception("q6", hint="Long curves are not read to their end.")
def best_epoch(val):
    """The first forty epochs only."""
    if len(val) == 0:
        raise ValueError("empty")
    return int(np.argmin(val[:40]))


@misconception("q6", hint="After gap the caller's training curve is another one.")
def gap(train, val):
    """Difference taken in place."""
    if len(val) == 0 or len(train) != len(val):
        raise ValueError("curves")
    train -= val
    return -train[np.argmin(val)]


@misconception("q6", hint="Between two equally good epochs you return one that is worse than both.")
def best_epoch(val):
    """The mean of equally good epochs."""
    if len(val) == 0:
        raise ValueError("empty")
    return float(np.mean(np.flatnonzero(val == np.min(val))))


@misconception("q6", hint="Curves of different lengths are cut to the shorter one without a word.")
def gap(train, val):
    """Curves of different lengths are accepted."""
    if len(val) == 0 or len(train) == 0:
        raise ValueError("empty")
    n = min(len(train), len(val))
    epoch = np.argmin(val[:n])
    return val[epoch] - train[epoch]
