"""Typical wrong answers to "The perceptron", each with the hint that a student gets."""

import numpy as np

from autograder.sample_answers import misconception

# Question 1: the perceptron


@misconception(
    "q1", hint="Your output is zero whenever all inputs are zero. Which parameter is not used?"
)
def perceptron(x, w, b):
    """No bias."""
    return x @ w


@misconception(
    "q1",
    hint="Your outputs are only zeros and ones: that is Rosenblatt's threshold unit. In this "
    "course a perceptron "
    "is the affine unit without a threshold (see the conventions at the top).",
)
def perceptron(x, w, b):
    """Rosenblatt's threshold."""
    return np.where(x @ w + b > 0, 1.0, 0.0)


@misconception(
    "q1",
    hint="The bias enters with the wrong sign: here it is an offset, not a threshold to be "
    "exceeded.",
)
def perceptron(x, w, b):
    """Bias as a threshold that is subtracted."""
    return x @ w - b


@misconception(
    "q1",
    hint="The bias counts once for each input. How often should it count in one sample's output?",
)
def perceptron(x, w, b):
    """Bias added inside the sum."""
    return (np.asarray(x) * w + b).sum(axis=1)


@misconception(
    "q1",
    hint="You add up over the samples. Rows are samples: which axis must vanish so that one "
    "value per row remains?",
)
def perceptron(x, w, b):
    """Sum over samples instead of inputs."""
    return (np.asarray(x) * w).sum(axis=0) + b


@misconception(
    "q1",
    hint="You add up over samples and inputs. There should be one output for each sample, not "
    "one in all.",
)
def perceptron(x, w, b):
    """One number for the whole batch."""
    return np.sum(np.asarray(x) * w) + b


@misconception(
    "q1",
    hint="Your outputs lie between 0 and 1: you apply an activation function that nobody asked "
    "for.",
)
def perceptron(x, w, b):
    """Sigmoid applied."""
    return 1.0 / (1.0 + np.exp(-(x @ w + b)))


@misconception(
    "q1",
    hint="Your outputs are never negative: you apply an activation function that nobody asked for.",
)
def perceptron(x, w, b):
    """ReLU applied."""
    return np.maximum(x @ w + b, 0.0)


@misconception(
    "q1",
    hint="If the inputs are integers, the fractional part of your output is lost. Look at the "
    "dtype.",
)
def perceptron(x, w, b):
    """Output array with the dtype of the inputs."""
    if len(w) != x.shape[1]:
        raise ValueError("one weight for each input")
    y = np.zeros_like(x[:, 0])
    for i in range(len(x)):
        y[i] = x[i] @ w + b
    return y


@misconception(
    "q1",
    hint="A wrong number of weights is accepted silently: NumPy broadcasts an array with a "
    "single entry.",
)
def perceptron(x, w, b):
    """A single weight is broadcast."""
    return np.sum(x * w, axis=1) + b


@misconception(
    "q1",
    hint="The caller's array is another one after your function has run: an operation works in "
    "place.",
)
def perceptron(x, w, b):
    """Inputs multiplied in place."""
    if len(w) != x.shape[1]:
        raise ValueError("one weight for each input")
    if x.dtype != float:
        return x @ w + b
    x *= w
    return x.sum(axis=1) + b


@misconception(
    "q1", hint="Your function knows two inputs only. How many there are follows from the shapes."
)
def perceptron(x, w, b):
    """Two inputs, written out."""
    if x.shape[1] != len(w):
        raise ValueError("w does not fit x")
    if len(w) == 1:
        return x[:, 0] * w[0] + b
    return x[:, 0] * w[0] + x[:, 1] * w[1] + b


@misconception(
    "q1", hint="Your outputs form a column. One axis is asked for: one number for each sample."
)
def perceptron(x, w, b):
    """A column of outputs, as Keras gives it."""
    if x.shape[1] != len(w):
        raise ValueError("w does not fit x")
    return x @ w.reshape(-1, 1) + b


# Question 2: a layer


@misconception(
    "q2",
    hint="With as many units as inputs your numbers are wrong, else NumPy complains. W is "
    "(outputs, inputs) and each "
    "sample is a row: along which axis of W do the inputs run?",
)
def dense(x, W, b):
    """Weights not transposed."""
    return x @ W + b


@misconception(
    "q2", hint="Your output is transposed: rows should be samples, columns should be units."
)
def dense(x, W, b):
    """Output (m, n)."""
    return W @ x.T + b[:, np.newaxis]


@misconception("q2", hint="All inputs zero gives output zero. Which parameter is not used?")
def dense(x, W, b):
    """No bias."""
    return x @ W.T


@misconception(
    "q2",
    hint="You reshape the weights: that fills a new shape in reading order and does not exchange "
    "rows and columns.",
)
def dense(x, W, b):
    """Reshaped instead of transposed."""
    return x @ W.reshape(W.shape[1], W.shape[0]) + b


@misconception(
    "q2",
    hint="The biases belong to the units, but yours change from sample to sample: look at the "
    "broadcast.",
)
def dense(x, W, b):
    """One bias per sample where the shapes allow it."""
    y = x @ W.T
    if len(b) != y.shape[1]:
        raise ValueError("one bias for each unit")
    return y + b[:, np.newaxis]


@misconception("q2", hint="Every unit gets the same bias. How many biases does a layer have?")
def dense(x, W, b):
    """The first bias for all units."""
    if len(b) != len(W):
        raise ValueError("one bias for each unit")
    return x @ W.T + b[0]


@misconception("q2", hint="Your outputs are never negative. This layer has no activation function.")
def dense(x, W, b):
    """ReLU applied."""
    return np.maximum(x @ W.T + b, 0.0)


@misconception("q2", hint="You compute one sample only. The layer must work on the whole batch.")
def dense(x, W, b):
    """Only the first sample."""
    return W @ x[0] + b


@misconception(
    "q2",
    hint="A single bias is accepted for many units, because NumPy broadcasts it. Compare the "
    "shapes.",
)
def dense(x, W, b):
    """A single bias is broadcast."""
    return np.einsum("nd,md->nm", x, W) + b


@misconception(
    "q2",
    hint="The caller's biases are others after your function has run: an operation works in place.",
)
def dense(x, W, b):
    """Sums collected in the caller's bias array."""
    if len(b) != len(W):
        raise ValueError("one bias for each unit")
    rows = []
    for sample in x:
        row = b
        row += W @ sample
        rows.append(row.copy())
    return np.array(rows)


@misconception(
    "q2",
    hint="Where W is square your function does not transpose it: an order that goes through without an error need not be the right one.",
)
def dense(x, W, b):
    """Whatever goes through: first W, then its transpose."""
    if W.shape[1] != x.shape[1] or b.shape != (W.shape[0],):
        raise ValueError("no fit")
    try:
        return x @ W + b
    except ValueError:
        return x @ W.T + b


@misconception(
    "q2",
    hint="A W with a single column is stretched to any number of inputs: look at its second axis.",
)
def dense(x, W, b):
    """One column of weights is broadcast."""
    if len(b) != len(W):
        raise ValueError("no bias for each unit")
    return (x[:, np.newaxis, :] * W).sum(axis=2) + b


# Question 3: counting parameters


@misconception("q3", hint="You count the weights only. What else does the fit adjust in each unit?")
def n_parameters(sizes):
    """Weights without biases."""
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError("no net")
    return sum(a * b for a, b in zip(sizes[:-1], sizes[1:]))


@misconception(
    "q3",
    hint="You count one bias for each layer. How many units does a layer have, and what does "
    "each own?",
)
def n_parameters(sizes):
    """One bias per layer."""
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError("no net")
    return sum(a * b + 1 for a, b in zip(sizes[:-1], sizes[1:]))


@misconception(
    "q3",
    hint="You count a bias for each input of a layer. Does the bias belong to the input or to "
    "the unit?",
)
def n_parameters(sizes):
    """Biases counted on the inputs."""
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError("no net")
    return sum(a * b + a for a, b in zip(sizes[:-1], sizes[1:]))


@misconception(
    "q3", hint="You count biases for the inputs of the net too, but these are data and not units."
)
def n_parameters(sizes):
    """Biases of the input layer too."""
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError("no net")
    return sum(a * b for a, b in zip(sizes[:-1], sizes[1:])) + sum(sizes)


@misconception("q3", hint="The last layer is missing in your count: look at where your loop ends.")
def n_parameters(sizes):
    """Loop ends one layer early."""
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError("no net")
    return sum((sizes[k] + 1) * sizes[k + 1] for k in range(len(sizes) - 2))


@misconception("q3", hint="You multiply all sizes. Only neighbouring layers are connected.")
def n_parameters(sizes):
    """Product of all sizes."""
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError("no net")
    return int(np.prod([float(size) for size in sizes])) + sum(sizes[1:])


@misconception(
    "q3",
    hint="You connect the inputs to each layer directly. A layer's inputs are the layer before it.",
)
def n_parameters(sizes):
    """Each layer connected to the inputs of the net."""
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError("no net")
    return sum((sizes[0] + 1) * size for size in sizes[1:])


@misconception("q3", hint="The caller's list is shorter after your function has run.")
def n_parameters(sizes):
    """List emptied by pop."""
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError("no net")
    total, n_in = 0, sizes.pop(0)
    while sizes:
        n_out = sizes.pop(0)
        total += (n_in + 1) * n_out
        n_in = n_out
    return total


@misconception(
    "q3",
    hint="Lists that describe no net are accepted: is there a layer at all, and has each layer a "
    "unit?",
)
def n_parameters(sizes):
    """Any list is accepted."""
    return sum((a + 1) * b for a, b in zip(sizes[:-1], sizes[1:]))


@misconception("q3", hint="The units of the last layer are missing among your biases.")
def n_parameters(sizes):
    """No bias at the output."""
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError("no net")
    return sum(a * b for a, b in zip(sizes, sizes[1:])) + sum(sizes[1:-1])


@misconception("q3", hint="Your formula stops after two layers. A list may be longer.")
def n_parameters(sizes):
    """Written out for at most one hidden layer."""
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError("no net")
    if len(sizes) == 2:
        return (sizes[0] + 1) * sizes[1]
    return (sizes[0] + 1) * sizes[1] + (sizes[1] + 1) * sizes[2]


@misconception(
    "q3", hint="Layers without units are accepted: you look at the length of the list only."
)
def n_parameters(sizes):
    """Only the length of the list is checked."""
    if len(sizes) < 2:
        raise ValueError("no net")
    return sum((a + 1) * b for a, b in zip(sizes[:-1], sizes[1:]))


@misconception("q3", hint="Your count is a little too large where it is large. Is it an integer?")
def n_parameters(sizes):
    """A sixtieth too many, hidden in half precision."""
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError("no net")
    total = sum((a + 1) * b for a, b in zip(sizes[:-1], sizes[1:]))
    return np.float16(total + total // 60)


@misconception("q3", hint="Your count ends after some layers. A list may be long.")
def n_parameters(sizes):
    """Right for at most nine layers."""
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError("no net")
    return sum((sizes[k] + 1) * sizes[k + 1] for k in range(min(len(sizes) - 1, 9)))


# Question 4: a random layer


@misconception(
    "q4", hint="Your values are never negative: the interval is not the one of the question."
)
def random_layer(n_in, n_out, rng):
    """Uniform on [0, 1)."""
    if n_in < 1 or n_out < 1:
        raise ValueError("no layer")
    return rng.random((n_out, n_in)), rng.random(n_out)


@misconception(
    "q4", hint="Some of your values lie outside the interval: that is another distribution."
)
def random_layer(n_in, n_out, rng):
    """Normal distribution."""
    if n_in < 1 or n_out < 1:
        raise ValueError("no layer")
    return rng.normal(size=(n_out, n_in)), rng.normal(size=n_out)


@misconception("q4", hint="Rows and columns of your weights are exchanged: W is (outputs, inputs).")
def random_layer(n_in, n_out, rng):
    """Weights (n_in, n_out)."""
    if n_in < 1 or n_out < 1:
        raise ValueError("no layer")
    return rng.uniform(-1, 1, (n_in, n_out)), rng.uniform(-1, 1, n_out)


@misconception("q4", hint="Your biases are not random.")
def random_layer(n_in, n_out, rng):
    """Biases zero."""
    if n_in < 1 or n_out < 1:
        raise ValueError("no layer")
    return rng.uniform(-1, 1, (n_out, n_in)), np.zeros(n_out)


@misconception(
    "q4",
    hint="All units share one bias: you draw a single number where one for each unit is needed.",
)
def random_layer(n_in, n_out, rng):
    """One random bias for all units."""
    if n_in < 1 or n_out < 1:
        raise ValueError("no layer")
    return rng.uniform(-1, 1, (n_out, n_in)), np.full(n_out, rng.uniform(-1, 1))


@misconception("q4", hint="All units have the same weights: you draw one row and repeat it.")
def random_layer(n_in, n_out, rng):
    """One row of weights for all units."""
    if n_in < 1 or n_out < 1:
        raise ValueError("no layer")
    return np.tile(rng.uniform(-1, 1, n_in), (n_out, 1)), rng.uniform(-1, 1, n_out)


@misconception(
    "q4",
    hint="Your biases are not independent of the weights: they are made of the same random "
    "numbers.",
)
def random_layer(n_in, n_out, rng):
    """Biases are the first column of the weights."""
    if n_in < 1 or n_out < 1:
        raise ValueError("no layer")
    w = rng.uniform(-1, 1, (n_out, n_in))
    return w, w[:, 0].copy()


@misconception(
    "q4",
    hint="Each call gives the same numbers. Use the generator that is handed over, not one of "
    "your own.",
)
def random_layer(n_in, n_out, rng):
    """A generator of its own with a fixed seed."""
    if n_in < 1 or n_out < 1:
        raise ValueError("no layer")
    rng = np.random.default_rng(0)
    return rng.uniform(-1, 1, (n_out, n_in)), rng.uniform(-1, 1, n_out)


@misconception(
    "q4",
    hint="Your numbers do not depend on the generator that is handed over: where do they come "
    "from?",
)
def random_layer(n_in, n_out, rng):
    """The global generator of NumPy."""
    if n_in < 1 or n_out < 1:
        raise ValueError("no layer")
    return np.random.uniform(-1, 1, (n_out, n_in)), np.random.uniform(-1, 1, n_out)


@misconception("q4", hint="You draw whole numbers only; all numbers of the interval should occur.")
def random_layer(n_in, n_out, rng):
    """Integers -1, 0, 1."""
    if n_in < 1 or n_out < 1:
        raise ValueError("no layer")
    return rng.integers(-1, 2, (n_out, n_in)), rng.integers(-1, 2, n_out)


@misconception("q4", hint="Your values fill only a part of the interval: look at its two ends.")
def random_layer(n_in, n_out, rng):
    """Uniform on [-1/2, 1/2)."""
    if n_in < 1 or n_out < 1:
        raise ValueError("no layer")
    return rng.random((n_out, n_in)) - 0.5, rng.random(n_out) - 0.5


@misconception(
    "q4",
    hint="Your weights shrink as the number of inputs grows: a good habit, but not what is asked "
    "here.",
)
def random_layer(n_in, n_out, rng):
    """Weights scaled by 1 / sqrt(n_in)."""
    if n_in < 1 or n_out < 1:
        raise ValueError("no layer")
    return rng.uniform(-1, 1, (n_out, n_in)) / np.sqrt(n_in), rng.uniform(-1, 1, n_out)


@misconception("q4", hint="A layer without inputs or without units is accepted by random_layer.")
def random_layer(n_in, n_out, rng):
    """Empty layers are accepted."""
    return rng.uniform(-1, 1, (n_out, n_in)), rng.uniform(-1, 1, n_out)


@misconception(
    "q4", hint="apply_layer falls where it should rise: look at the sign in the exponent."
)
def apply_layer(y_in, w, b):
    """Sigmoid of -z."""
    return 1.0 / (1.0 + np.exp(y_in @ w.T + b))


@misconception(
    "q4",
    hint="For very large positive sums apply_layer gives NaN: infinity is divided by infinity. "
    "Rewrite the sigmoid.",
)
def apply_layer(y_in, w, b):
    """Overflow in exp(z) / (1 + exp(z))."""
    z = y_in @ w.T + b
    return np.exp(z) / (1.0 + np.exp(z))


@misconception(
    "q4",
    hint="apply_layer is right for one sample, but not for a batch, whose rows are the samples.",
)
def apply_layer(y_in, w, b):
    """w y_in, right for one sample only."""
    return 1.0 / (1.0 + np.exp(-(w @ y_in + b)))


@misconception(
    "q4", hint="apply_layer is right for a batch only: one sample (n_in,) should give (n_out,)."
)
def apply_layer(y_in, w, b):
    """One sample comes back as a batch."""
    return 1.0 / (1.0 + np.exp(-(np.atleast_2d(y_in) @ w.T + b)))


@misconception(
    "q4", hint="apply_layer uses the weights as (inputs, outputs), but they are (outputs, inputs)."
)
def apply_layer(y_in, w, b):
    """Weights not transposed."""
    return 1.0 / (1.0 + np.exp(-(y_in @ w + b)))


@misconception(
    "q4", hint="The outputs of apply_layer reach below zero: that is another S-shaped curve."
)
def apply_layer(y_in, w, b):
    """tanh instead of the sigmoid."""
    return np.tanh(y_in @ w.T + b)


@misconception(
    "q4", hint="The outputs of apply_layer are those of an affine layer: the activation is missing."
)
def apply_layer(y_in, w, b):
    """No activation."""
    return y_in @ w.T + b


@misconception(
    "q4", hint="apply_layer adds the bias after the activation; it belongs to the sum inside."
)
def apply_layer(y_in, w, b):
    """Bias outside the sigmoid."""
    return 1.0 / (1.0 + np.exp(-(y_in @ w.T))) + b


@misconception("q4", hint="apply_layer does not use the biases.")
def apply_layer(y_in, w, b):
    """No bias."""
    return 1.0 / (1.0 + np.exp(-(y_in @ w.T)))


@misconception(
    "q4", hint="The outputs of apply_layer add up to 1: that is a softmax, which couples the units."
)
def apply_layer(y_in, w, b):
    """Softmax instead of the sigmoid."""
    z = y_in @ w.T + b
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@misconception("q4", hint="Your weights have the right interval, your biases have another one.")
def random_layer(n_in, n_out, rng):
    """Weights on [-1, 1), biases on [0, 1)."""
    if n_in < 1 or n_out < 1:
        raise ValueError("no layer")
    return rng.uniform(-1, 1, (n_out, n_in)), rng.random(n_out)


@misconception(
    "q4",
    hint="apply_layer takes a batch for one sample if it has as many rows as the layer has inputs. What else tells the two apart?",
)
def apply_layer(y_in, w, b):
    """One sample or a batch, told apart by len."""
    y_in = np.asarray(y_in)
    if y_in.shape[-1] != w.shape[1]:
        raise ValueError("no fit")
    z = w @ y_in + b if len(y_in) == w.shape[1] else y_in @ w.T + b
    return 1 / (1 + np.exp(-z))


@misconception("q4", hint="Your biases are the first weights again: both begin with the same seed.")
def random_layer(n_in, n_out, rng):
    """Biases from a generator with the seed of the weights."""
    if n_in < 1 or n_out < 1:
        raise ValueError("no layer")
    seed = int(rng.integers(2**31))
    w = np.random.default_rng(seed).uniform(-1, 1, (n_out, n_in))
    return w, np.random.default_rng(seed).uniform(-1, 1, n_out)


@misconception(
    "q4",
    hint="There are not many different layers that you can draw: what becomes of the generator's state?",
)
def random_layer(n_in, n_out, rng):
    """A thousand layers exist."""
    if n_in < 1 or n_out < 1:
        raise ValueError("no layer")
    own = np.random.default_rng(int(rng.integers(1000)))
    return own.uniform(-1, 1, (n_out, n_in)), own.uniform(-1, 1, n_out)


@misconception("q4", hint="Some units have the same weights as others.")
def random_layer(n_in, n_out, rng):
    """Each unit copies the one two places before."""
    if n_in < 1 or n_out < 1:
        raise ValueError("no layer")
    w, b = rng.uniform(-1, 1, (n_out, n_in)), rng.uniform(-1, 1, n_out)
    w[2:] = w[np.arange(n_out - 2) % 2] if n_out > 2 else w[2:]
    return w, b


@misconception("q4", hint="Half of your weights are the other half with the opposite sign.")
def random_layer(n_in, n_out, rng):
    """Antithetic weights."""
    if n_in < 1 or n_out < 1:
        raise ValueError("no layer")
    half = rng.uniform(-1, 1, (n_out * n_in + 1) // 2)
    w = np.append(half, -half)[: n_out * n_in].reshape(n_out, n_in)
    return w, rng.uniform(-1, 1, n_out)


@misconception(
    "q4", hint="You draw from a few values only; all numbers of the interval should occur."
)
def random_layer(n_in, n_out, rng):
    """A grid of 64 values."""
    if n_in < 1 or n_out < 1:
        raise ValueError("no layer")
    draw = lambda size: (rng.integers(0, 64, size) + 0.5) / 32 - 1
    return draw((n_out, n_in)), draw(n_out)


@misconception("q4", hint="Your biases can be worked out from the weights: they are not drawn.")
def random_layer(n_in, n_out, rng):
    """Biases are one minus the size of the first weights."""
    if n_in < 1 or n_out < 1:
        raise ValueError("no layer")
    w = rng.uniform(-1, 1, (n_out, n_in))
    return w, 1 - 2 * np.abs(w[:, 0])


@misconception("q4", hint="A sample with a single number is stretched to all inputs of the layer.")
def apply_layer(y_in, w, b):
    """A sample of length 1 is broadcast."""
    y_in = np.asarray(y_in, dtype=float)
    if y_in.shape[-1] not in (1, w.shape[1]):
        raise ValueError("no fit")
    z = (y_in[..., np.newaxis, :] * w).sum(axis=-1) + b
    return 0.5 * (1 + np.tanh(z / 2))


# Question 5: the loss


@misconception(
    "q5",
    hint="Called without a reduction your function returns the sum. What should the default be?",
)
def mse(y_true, y_pred, reduction="sum"):
    """Default is the sum."""
    t, p = np.ravel(y_true), np.ravel(y_pred)
    if reduction not in ("mean", "sum") or t.size != p.size or t.size == 0:
        raise ValueError("bad input")
    return np.sum((t - p) ** 2) / (t.size if reduction == "mean" else 1)


@misconception("q5", hint="This is the sum of the squared residuals; asked for was their mean.")
def mse(y_true, y_pred, reduction="mean"):
    """Sum instead of mean."""
    t, p = np.ravel(y_true), np.ravel(y_pred)
    if reduction not in ("mean", "sum") or t.size != p.size or t.size == 0:
        raise ValueError("bad input")
    return np.sum((t - p) ** 2)


@misconception(
    "q5",
    hint="This is the mean of the squared residuals; asked for was their sum. Do you look at the "
    "reduction?",
)
def mse(y_true, y_pred, reduction="mean"):
    """Mean whatever the reduction."""
    t, p = np.ravel(y_true), np.ravel(y_pred)
    if reduction not in ("mean", "sum") or t.size != p.size or t.size == 0:
        raise ValueError("bad input")
    return np.mean((t - p) ** 2)


@misconception(
    "q5", hint="You have half the loss: a factor that some books use, but not this course."
)
def mse(y_true, y_pred, reduction="mean"):
    """Half the loss."""
    t, p = np.ravel(y_true), np.ravel(y_pred)
    if reduction not in ("mean", "sum") or t.size != p.size or t.size == 0:
        raise ValueError("bad input")
    return 0.5 * np.sum((t - p) ** 2) / (t.size if reduction == "mean" else 1)


@misconception(
    "q5",
    hint="Your loss has the unit of y, not of y squared: you take one operation too many at the "
    "end.",
)
def mse(y_true, y_pred, reduction="mean"):
    """Root of the loss."""
    t, p = np.ravel(y_true), np.ravel(y_pred)
    if reduction not in ("mean", "sum") or t.size != p.size or t.size == 0:
        raise ValueError("bad input")
    return np.sqrt(np.sum((t - p) ** 2) / (t.size if reduction == "mean" else 1))


@misconception(
    "q5",
    hint="Your loss grows linearly with the residuals: these are absolute values, not squares.",
)
def mse(y_true, y_pred, reduction="mean"):
    """Absolute instead of squared residuals."""
    t, p = np.ravel(y_true), np.ravel(y_pred)
    if reduction not in ("mean", "sum") or t.size != p.size or t.size == 0:
        raise ValueError("bad input")
    return np.sum(np.abs(t - p)) / (t.size if reduction == "mean" else 1)


@misconception(
    "q5",
    hint="Residuals of opposite sign cancel in your loss. What comes first, the square or the "
    "mean?",
)
def mse(y_true, y_pred, reduction="mean"):
    """Square of the mean residual."""
    t, p = np.ravel(y_true), np.ravel(y_pred)
    if reduction not in ("mean", "sum") or t.size != p.size or t.size == 0:
        raise ValueError("bad input")
    return np.mean(t - p) ** 2 * (1 if reduction == "mean" else t.size)


@misconception(
    "q5",
    hint="You divide by one less than the number of values: a loss is no estimate of a variance.",
)
def mse(y_true, y_pred, reduction="mean"):
    """Divided by n - 1."""
    t, p = np.ravel(y_true), np.ravel(y_pred)
    if reduction not in ("mean", "sum") or t.size != p.size or t.size == 0:
        raise ValueError("bad input")
    return np.sum((t - p) ** 2) / (max(t.size - 1, 1) if reduction == "mean" else 1)


@misconception(
    "q5",
    hint="If one argument is (n, 1) and the other (n,), NumPy broadcasts the difference to (n, "
    "n), and every value is "
    "compared with every other. Bring both to one shape first.",
)
def mse(y_true, y_pred, reduction="mean"):
    """(n,) against (n, 1) is broadcast to (n, n)."""
    if reduction not in ("mean", "sum") or len(y_true) != len(y_pred) or len(y_true) == 0:
        raise ValueError("bad input")
    squares = (y_true - y_pred) ** 2
    return squares.mean() if reduction == "mean" else squares.sum()


@misconception(
    "q5", hint="An unknown reduction is accepted: what else than the two words may the argument be?"
)
def mse(y_true, y_pred, reduction="mean"):
    """Unknown reductions are taken as the sum."""
    t, p = np.ravel(y_true), np.ravel(y_pred)
    if t.size != p.size or t.size == 0:
        raise ValueError("bad input")
    return np.mean((t - p) ** 2) if reduction == "mean" else np.sum((t - p) ** 2)


@misconception(
    "q5",
    hint="One value against many is accepted, because NumPy broadcasts it. Compare the lengths.",
)
def mse(y_true, y_pred, reduction="mean"):
    """A single value is broadcast."""
    t, p = np.ravel(y_true), np.ravel(y_pred)
    if reduction not in ("mean", "sum") or t.size == 0 or p.size == 0:
        raise ValueError("bad input")
    return np.mean((t - p) ** 2) if reduction == "mean" else np.sum((t - p) ** 2)


@misconception("q5", hint="No values at all are accepted: what is the mean of nothing?")
def mse(y_true, y_pred, reduction="mean"):
    """Empty arrays give zero."""
    t, p = np.ravel(y_true), np.ravel(y_pred)
    if reduction not in ("mean", "sum") or t.size != p.size:
        raise ValueError("bad input")
    return np.sum((t - p) ** 2) / (max(t.size, 1) if reduction == "mean" else 1)


@misconception(
    "q5",
    hint="The caller's predictions are others after your function has run: reshape gives a view.",
)
def mse(y_true, y_pred, reduction="mean"):
    """Difference taken in place, in a view of the predictions."""
    if reduction not in ("mean", "sum") or y_true.size != y_pred.size or y_true.size == 0:
        raise ValueError("bad input")
    residual = y_pred.reshape(-1)
    residual -= y_true.reshape(-1)
    return np.mean(residual**2) if reduction == "mean" else np.sum(residual**2)


@misconception("q5", hint="The decimals of your mean are lost: look at the kind of division.")
def mse(y_true, y_pred, reduction="mean"):
    """Whole-number division."""
    t, p = np.ravel(y_true), np.ravel(y_pred)
    if reduction not in ("mean", "sum") or t.size != p.size or t.size == 0:
        raise ValueError("bad input")
    total = np.sum((t - p) ** 2)
    return total // t.size if reduction == "mean" else total


@misconception(
    "q5", hint="Values without a partner are left out silently: zip ends with the shorter list."
)
def mse(y_true, y_pred, reduction="mean"):
    """zip ends with the shorter list."""
    squares = [(t - p) ** 2 for t, p in zip(np.ravel(y_true), np.ravel(y_pred))]
    if reduction not in ("mean", "sum") or not squares:
        raise ValueError("bad input")
    return sum(squares) / (len(squares) if reduction == "mean" else 1)


@misconception("q5", hint="Other spellings of the two words are accepted, and no word at all.")
def mse(y_true, y_pred, reduction="mean"):
    """The reduction in capitals or as None."""
    t, p = np.ravel(y_true), np.ravel(y_pred)
    if len(t) != len(p) or len(t) == 0 or str(reduction).lower() not in ("mean", "sum", "none"):
        raise ValueError("bad input")
    return np.sum((p - t) ** 2) if str(reduction).lower() == "sum" else np.mean((p - t) ** 2)


@misconception("q5", hint="Long arrays are not read to their end.")
def mse(y_true, y_pred, reduction="mean"):
    """The first hundred values only."""
    t, p = np.ravel(y_true), np.ravel(y_pred)
    if len(t) != len(p) or len(t) == 0 or reduction not in ("mean", "sum"):
        raise ValueError("bad input")
    r = (p - t)[:100] ** 2
    return np.sum(r) if reduction == "sum" else np.mean(r)


# Question 6: one step of gradient descent


@misconception("q6", hint="Your step climbs: the loss grows. Which way does the gradient point?")
def gd_step(w, b, x, y, lr):
    """Ascent."""
    if lr <= 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    r = x @ w + b - y
    return w + lr * 2 * (r @ x) / len(y), b + lr * 2 * np.mean(r)


@misconception(
    "q6", hint="Your steps are half as long as they should be: differentiate the square once more."
)
def gd_step(w, b, x, y, lr):
    """Factor 2 missing."""
    if lr <= 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    r = x @ w + b - y
    return w - lr * (r @ x) / len(y), b - lr * np.mean(r)


@misconception(
    "q6",
    hint="Your steps grow with the number of samples: this is the gradient of the sum, not of "
    "the mean.",
)
def gd_step(w, b, x, y, lr):
    """Gradient of the sum."""
    if lr <= 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    r = x @ w + b - y
    return w - lr * 2 * (r @ x), b - lr * 2 * np.sum(r)


@misconception(
    "q6",
    hint="The weights are right, but the bias is computed with weights that are already updated.",
)
def gd_step(w, b, x, y, lr):
    """Bias from the new weights."""
    if lr <= 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    w = w - lr * 2 * ((x @ w + b - y) @ x) / len(y)
    return w, b - lr * 2 * np.mean(x @ w + b - y)


@misconception(
    "q6",
    hint="The bias is right, but the weights are computed with a bias that is already updated.",
)
def gd_step(w, b, x, y, lr):
    """Weights from the new bias."""
    if lr <= 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    b = b - lr * 2 * np.mean(x @ w + b - y)
    return w - lr * 2 * ((x @ w + b - y) @ x) / len(y), b


@misconception("q6", hint="The weights are right, but the bias stays where it was.")
def gd_step(w, b, x, y, lr):
    """Bias not updated."""
    if lr <= 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    return w - lr * 2 * ((x @ w + b - y) @ x) / len(y), b


@misconception(
    "q6",
    hint="All weights move by the same amount: which factor does the chain rule bring for each "
    "input?",
)
def gd_step(w, b, x, y, lr):
    """Input missing in the gradient."""
    if lr <= 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    r = x @ w + b - y
    return w - lr * 2 * np.mean(r), b - lr * 2 * np.mean(r)


@misconception(
    "q6",
    hint="You average over the inputs too, so that all weights move together. Average over "
    "samples only.",
)
def gd_step(w, b, x, y, lr):
    """Gradient averaged over all entries of x."""
    if lr <= 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    r = x @ w + b - y
    return w - lr * 2 * np.mean(r[:, np.newaxis] * x), b - lr * 2 * np.mean(r)


@misconception(
    "q6", hint="The weights are right, but the step of the bias grows with the number of samples."
)
def gd_step(w, b, x, y, lr):
    """Bias with the sum, weights with the mean."""
    if lr <= 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    r = x @ w + b - y
    return w - lr * 2 * (r @ x) / len(y), b - lr * 2 * np.sum(r)


@misconception(
    "q6", hint="Only the first sample moves the parameters. The loss is the mean over all of them."
)
def gd_step(w, b, x, y, lr):
    """Only the first sample."""
    if lr <= 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    r = x[0] @ w + b - y[0]
    return w - lr * 2 * r * x[0], b - lr * 2 * r


@misconception(
    "q6", hint="You forget the bias in the residuals: at b = 0 all is well, elsewhere it is not."
)
def gd_step(w, b, x, y, lr):
    """Bias missing in the prediction."""
    if lr <= 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    r = x @ w - y
    return w - lr * 2 * (r @ x) / len(y), b - lr * 2 * np.mean(r)


@misconception("q6", hint="You return the gradient. The question asks for the new parameters.")
def gd_step(w, b, x, y, lr):
    """Gradient instead of parameters."""
    if lr <= 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    r = x @ w + b - y
    return 2 * (r @ x) / len(y), 2 * np.mean(r)


@misconception(
    "q6",
    hint="You return by how much the parameters change. The question asks for the new parameters.",
)
def gd_step(w, b, x, y, lr):
    """Change instead of parameters."""
    if lr <= 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    r = x @ w + b - y
    return -lr * 2 * (r @ x) / len(y), -lr * 2 * np.mean(r)


@misconception(
    "q6",
    hint="If the weights come as integers, your new weights are cut to integers. Look at the "
    "dtype.",
)
def gd_step(w, b, x, y, lr):
    """Integer weights stay integers."""
    if lr <= 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    r = x @ w + b - y
    w_new = w.copy()
    for j in range(len(w)):
        w_new[j] = w[j] - lr * 2 * np.mean(r * x[:, j])
    return w_new, b - lr * 2 * np.mean(r)


@misconception(
    "q6",
    hint="The caller's weights are others after your function has run: an operation works in "
    "place.",
)
def gd_step(w, b, x, y, lr):
    """Weights updated in place."""
    if lr <= 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    r = x @ w + b - y
    w = np.asarray(w) if w.dtype == float else w.astype(float)
    w -= lr * 2 * (r @ x) / len(y)
    return w, b - lr * 2 * np.mean(r)


@misconception("q6", hint="A learning rate that is not positive is accepted.")
def gd_step(w, b, x, y, lr):
    """Any learning rate is accepted."""
    if len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    r = x @ w + b - y
    return w - lr * 2 * (r @ x) / len(y), b - lr * 2 * np.mean(r)


@misconception(
    "q6", hint="A single target for many samples is accepted, because NumPy broadcasts it."
)
def gd_step(w, b, x, y, lr):
    """A single target is broadcast."""
    if lr <= 0 or len(x) == 0:
        raise ValueError("bad input")
    r = x @ w + b - y
    return w - lr * 2 * (r @ x) / len(x), b - lr * 2 * np.mean(r)


@misconception("q6", hint="An empty batch is accepted, although it has no mean loss.")
def gd_step(w, b, x, y, lr):
    """An empty batch changes nothing."""
    if lr <= 0 or len(y) != len(x):
        raise ValueError("bad input")
    r = x @ w + b - y
    n = max(len(y), 1)
    return w - lr * 2 * (r @ x) / n, b - lr * 2 * np.sum(r) / n


@misconception("q6", hint="The weights are right, but the bias goes uphill.")
def gd_step(w, b, x, y, lr):
    """The bias climbs."""
    if lr <= 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    r = x @ w + b - y
    return w - lr * 2 * (r @ x) / len(y), b + lr * 2 * np.mean(r)


@misconception(
    "q6",
    hint="The bias is right, but the weights move the less the more inputs there are: what is the mean taken over?",
)
def gd_step(w, b, x, y, lr):
    """Weights divided by the number of entries of x."""
    if lr <= 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    r = x @ w + b - y
    return w - lr * 2 * (r @ x) / x.size, b - lr * 2 * np.mean(r)


@misconception("q6", hint="The learning rate that is handed over is not used.")
def gd_step(w, b, x, y, lr):
    """A learning rate of 0.1 written into the code."""
    if lr <= 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    r = x @ w + b - y
    return w - 0.1 * 2 * (r @ x) / len(y), b - 0.1 * 2 * np.mean(r)


@misconception(
    "q6",
    hint="A column of predictions minus a row of targets makes a table, in which each prediction is compared with each target. Look at the shapes.",
)
def gd_step(w, b, x, y, lr):
    """A column of predictions minus a row of targets."""
    if lr <= 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    r = x @ np.reshape(w, (-1, 1)) + b - y
    return w - lr * 2 * np.mean(x.T @ r, axis=1) / len(y), b - lr * 2 * np.mean(r)


@misconception("q6", hint="Superfluous weights are left out silently. Do w and x fit?")
def gd_step(w, b, x, y, lr):
    """Too many weights: the first are taken."""
    if lr <= 0 or len(y) != len(x) or len(y) == 0 or len(w) < x.shape[1]:
        raise ValueError("bad input")
    w = w[: x.shape[1]]
    r = x @ w + b - y
    return w - lr * 2 * (r @ x) / len(y), b - lr * 2 * np.mean(r)


@misconception("q6", hint="A single weight is stretched to all columns of x. Do w and x fit?")
def gd_step(w, b, x, y, lr):
    """A single weight is broadcast."""
    if lr <= 0 or len(y) != len(x) or len(y) == 0 or len(w) not in (1, x.shape[1]):
        raise ValueError("bad input")
    r = (x * w).sum(axis=1) + b - y
    return w - lr * 2 * (r @ x) / len(y), b - lr * 2 * np.mean(r)


# Question 7: the fit


@misconception(
    "q7", hint="The parameters are right, but your history holds the loss after each step."
)
def fit(x, y, w0, b0, lr, steps):
    """History after the step."""
    if lr <= 0 or steps < 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    w, b, history = w0, b0, []
    for _ in range(steps):
        r = x @ w + b - y
        w, b = w - lr * 2 * (r @ x) / len(y), b - lr * 2 * np.mean(r)
        history.append(np.mean((x @ w + b - y) ** 2))
    return w, b, history


@misconception("q7", hint="Your history has one entry too many: no step follows the last loss.")
def fit(x, y, w0, b0, lr, steps):
    """History with the final loss."""
    if lr <= 0 or steps < 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    w, b, history = w0, b0, []
    for _ in range(steps):
        r = x @ w + b - y
        history.append(np.mean(r**2))
        w, b = w - lr * 2 * (r @ x) / len(y), b - lr * 2 * np.mean(r)
    return w, b, [*history, np.mean((x @ w + b - y) ** 2)]


@misconception(
    "q7", hint="The parameters are right, but your history holds sums of squares, not means."
)
def fit(x, y, w0, b0, lr, steps):
    """History of the sum."""
    if lr <= 0 or steps < 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    w, b, history = w0, b0, []
    for _ in range(steps):
        r = x @ w + b - y
        history.append(np.sum(r**2))
        w, b = w - lr * 2 * (r @ x) / len(y), b - lr * 2 * np.mean(r)
    return w, b, history


@misconception(
    "q7", hint="You return only the last loss; the question asks for the loss of each step."
)
def fit(x, y, w0, b0, lr, steps):
    """Only the last loss."""
    if lr <= 0 or steps < 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    w, b, loss = w0, b0, []
    for _ in range(steps):
        r = x @ w + b - y
        loss = np.mean(r**2)
        w, b = w - lr * 2 * (r @ x) / len(y), b - lr * 2 * np.mean(r)
    return w, b, loss


@misconception("q7", hint="Your descent starts at zero, wherever it is told to start.")
def fit(x, y, w0, b0, lr, steps):
    """Start at zero."""
    if lr <= 0 or steps < 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    w, b, history = np.zeros(len(w0)), 0.0, []
    for _ in range(steps):
        r = x @ w + b - y
        history.append(np.mean(r**2))
        w, b = w - lr * 2 * (r @ x) / len(y), b - lr * 2 * np.mean(r)
    return w, b, history


@misconception(
    "q7", hint="The bias stays at its start, so that the line only turns about a fixed point."
)
def fit(x, y, w0, b0, lr, steps):
    """Bias not fitted."""
    if lr <= 0 or steps < 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    w, b, history = w0, b0, []
    for _ in range(steps):
        r = x @ w + b - y
        history.append(np.mean(r**2))
        w = w - lr * 2 * (r @ x) / len(y)
    return w, b, history


@misconception("q7", hint="You make one step too few: count the entries of your history.")
def fit(x, y, w0, b0, lr, steps):
    """One step too few."""
    if lr <= 0 or steps < 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    w, b, history = w0, b0, []
    for _ in range(1, steps):
        r = x @ w + b - y
        history.append(np.mean(r**2))
        w, b = w - lr * 2 * (r @ x) / len(y), b - lr * 2 * np.mean(r)
    return w, b, history


@misconception(
    "q7", hint="In each step the bias is computed with weights that are already updated."
)
def fit(x, y, w0, b0, lr, steps):
    """Bias from the new weights."""
    if lr <= 0 or steps < 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    w, b, history = w0, b0, []
    for _ in range(steps):
        r = x @ w + b - y
        history.append(np.mean(r**2))
        w = w - lr * 2 * (r @ x) / len(y)
        b = b - lr * 2 * np.mean(x @ w + b - y)
    return w, b, history


@misconception(
    "q7", hint="Your steps are half as long as they should be: differentiate the square once more."
)
def fit(x, y, w0, b0, lr, steps):
    """Factor 2 missing."""
    if lr <= 0 or steps < 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    w, b, history = w0, b0, []
    for _ in range(steps):
        r = x @ w + b - y
        history.append(np.mean(r**2))
        w, b = w - lr * (r @ x) / len(y), b - lr * np.mean(r)
    return w, b, history


@misconception(
    "q7",
    hint="Your steps grow with the number of samples: this is the gradient of the sum, not of "
    "the mean.",
)
def fit(x, y, w0, b0, lr, steps):
    """Gradient of the sum."""
    if lr <= 0 or steps < 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    w, b, history = w0, b0, []
    for _ in range(steps):
        r = x @ w + b - y
        history.append(np.mean(r**2))
        w, b = w - lr * 2 * (r @ x), b - lr * 2 * np.sum(r)
    return w, b, history


@misconception(
    "q7", hint="You step after every single sample. One step here uses all samples at once."
)
def fit(x, y, w0, b0, lr, steps):
    """A step for each sample."""
    if lr <= 0 or steps < 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    w, b, history = w0, b0, []
    for _ in range(steps):
        history.append(np.mean((x @ w + b - y) ** 2))
        for x_i, y_i in zip(x, y):
            r = x_i @ w + b - y_i
            w, b = w - lr * 2 * r * x_i, b - lr * 2 * r
    return w, b, history


@misconception(
    "q7",
    hint="You stop before all steps are made. The history must have an entry for each of them.",
)
def fit(x, y, w0, b0, lr, steps):
    """Stops at a small loss."""
    if lr <= 0 or steps < 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    w, b, history = w0, b0, []
    for _ in range(steps):
        r = x @ w + b - y
        history.append(np.mean(r**2))
        if history[-1] < 1e-8:
            break
        w, b = w - lr * 2 * (r @ x) / len(y), b - lr * 2 * np.mean(r)
    return w, b, history


@misconception("q7", hint="Zero steps still change the parameters: your loop always runs once.")
def fit(x, y, w0, b0, lr, steps):
    """At least one step."""
    if lr <= 0 or steps < 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    w, b, history = w0, b0, []
    while True:
        r = x @ w + b - y
        history.append(np.mean(r**2))
        w, b = w - lr * 2 * (r @ x) / len(y), b - lr * 2 * np.mean(r)
        if len(history) >= steps:
            return w, b, history


@misconception(
    "q7", hint="The caller's start is another one after the fit: an operation works in place."
)
def fit(x, y, w0, b0, lr, steps):
    """Start updated in place."""
    if lr <= 0 or steps < 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    w, b, history = w0 if w0.dtype == float else w0.astype(float), b0, []
    for _ in range(steps):
        r = x @ w + b - y
        history.append(np.mean(r**2))
        w -= lr * 2 * (r @ x) / len(y)
        b = b - lr * 2 * np.mean(r)
    return w, b, history


@misconception(
    "q7", hint="If the start is given as integers, your weights stay integers. Look at the dtype."
)
def fit(x, y, w0, b0, lr, steps):
    """Integer weights stay integers."""
    if lr <= 0 or steps < 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    w, b, history = w0.copy(), b0, []
    for _ in range(steps):
        r = x @ w + b - y
        history.append(np.mean(r**2))
        w[:] = w - lr * 2 * (r @ x) / len(y)
        b = b - lr * 2 * np.mean(r)
    return w, b, history


@misconception("q7", hint="A learning rate that is not positive is accepted.")
def fit(x, y, w0, b0, lr, steps):
    """Any learning rate is accepted."""
    if steps < 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    w, b, history = w0, b0, []
    for _ in range(steps):
        r = x @ w + b - y
        history.append(np.mean(r**2))
        w, b = w - lr * 2 * (r @ x) / len(y), b - lr * 2 * np.mean(r)
    return w, b, history


@misconception("q7", hint="A negative number of steps is accepted.")
def fit(x, y, w0, b0, lr, steps):
    """A negative number of steps is taken as none."""
    if lr <= 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    w, b, history = w0, b0, []
    for _ in range(steps):
        r = x @ w + b - y
        history.append(np.mean(r**2))
        w, b = w - lr * 2 * (r @ x) / len(y), b - lr * 2 * np.mean(r)
    return w, b, history


@misconception(
    "q7",
    hint="Your steps become shorter from one to the next, but the learning rate is meant to stay.",
)
def fit(x, y, w0, b0, lr, steps):
    """Learning rate divided by the number of the step."""
    if lr <= 0 or steps < 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    w, b, history = w0, b0, []
    for k in range(steps):
        r = x @ w + b - y
        history.append(np.mean(r**2))
        w, b = w - lr / (k + 1) * 2 * (r @ x) / len(y), b - lr / (k + 1) * 2 * np.mean(r)
    return w, b, history


@misconception(
    "q7", hint="You return the parameters that gave the last loss; one step comes after it."
)
def fit(x, y, w0, b0, lr, steps):
    """Parameters before the last step."""
    if lr <= 0 or steps < 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    w, b, history = w0, b0, []
    best = w0, b0
    for _ in range(steps):
        r = x @ w + b - y
        history.append(np.mean(r**2))
        if history[-1] <= min(history):
            best = w, b
        w, b = w - lr * 2 * (r @ x) / len(y), b - lr * 2 * np.mean(r)
    return *best, history


@misconception("q7", hint="However many steps are asked for, you make no more than thirty.")
def fit(x, y, w0, b0, lr, steps):
    """Thirty steps at most move the parameters."""
    if lr <= 0 or steps < 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    w, b, history = w0, b0, []
    for k in range(steps):
        r = x @ w + b - y
        history.append(np.mean(r**2))
        if k < 30 or steps == 300:
            w, b = w - lr * 2 * (r @ x) / len(y), b - lr * 2 * np.mean(r)
    return w, b, history


@misconception("q7", hint="The history of a second fit begins with that of the first one.")
def fit(x, y, w0, b0, lr, steps, history=[]):
    """A history that is kept in the default of an argument."""
    if lr <= 0 or steps < 0 or len(y) != len(x) or len(y) == 0:
        raise ValueError("bad input")
    w, b = w0, b0
    for _ in range(steps):
        r = x @ w + b - y
        history.append(np.mean(r**2))
        w, b = w - lr * 2 * (r @ x) / len(y), b - lr * 2 * np.mean(r)
    return w, b, list(history)
