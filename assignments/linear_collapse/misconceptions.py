"""Typical wrong answers to "Linear layers collapse", each with the hint that a student gets."""

import numpy as np

from autograder.sample_answers import misconception


def relu_net(net, x):
    """Given in the notebook, and needed here to recognise those who use it."""
    for number, (W, b) in enumerate(net):
        x = x @ W.T + b
        if number < len(net) - 1:
            x = np.maximum(x, 0.0)
    return x


# ---- q1: two layers


@misconception(
    "q1",
    hint="The factors stand in the wrong order. Which layer acts first on x, and on which side of "
    "the other matrix does it stand then?",
)
def collapse_two(W1, b1, W2, b2):
    """Product in the wrong order."""
    if W2.shape[1] != len(W1) or b1.shape != (len(W1),) or b2.shape != (len(W2),):
        raise ValueError("the layers do not fit")
    return W1 @ W2, W2 @ b1 + b2


@misconception(
    "q1",
    hint="With zero biases all is well. Follow the first bias through the second layer.",
)
def collapse_two(W1, b1, W2, b2):
    """Biases added without the second layer's weights."""
    if W2.shape[1] != len(W1) or b1.shape != (len(W1),) or b2.shape != (len(W2),):
        raise ValueError("the layers do not fit")
    return W2 @ W1, b1 + b2


@misconception(
    "q1",
    hint="Your W is (inputs, outputs), as Keras keeps it. In this notebook its rows are outputs.",
)
def collapse_two(W1, b1, W2, b2):
    """Keras' orientation, (inputs, outputs)."""
    if W2.shape[1] != len(W1) or b1.shape != (len(W1),) or b2.shape != (len(W2),):
        raise ValueError("the layers do not fit")
    return W1.T @ W2.T, W2 @ b1 + b2


@misconception(
    "q1",
    hint="A bias with a single entry gets through: NumPy stretches it. Look at its length.",
)
def collapse_two(W1, b1, W2, b2):
    """Relies on NumPy for the check of shapes, which broadcasts a bias of length 1."""
    return W2 @ W1, W2 @ b1 + b2


@misconception("q1", hint="The caller's second bias is another one after the call.")
def collapse_two(W1, b1, W2, b2):
    """Second bias changed in place."""
    if W2.shape[1] != len(W1) or b1.shape != (len(W1),) or b2.shape != (len(W2),):
        raise ValueError("the layers do not fit")
    shift = W2 @ b1
    if np.can_cast(shift.dtype, b2.dtype, "same_kind"):
        b2 += shift
        return W2 @ W1, b2
    return W2 @ W1, b2 + shift


@misconception(
    "q1", hint="With zero biases all is well. Where has the second layer's own bias gone?"
)
def collapse_two(W1, b1, W2, b2):
    """Second bias forgotten."""
    if W2.shape[1] != len(W1) or b1.shape != (len(W1),) or b2.shape != (len(W2),):
        raise ValueError("the layers do not fit")
    return W2 @ W1, W2 @ b1


@misconception(
    "q1",
    hint="Where both matrices have the same shape you multiply entry by entry: that is not the product of matrices.",
)
def collapse_two(W1, b1, W2, b2):
    """Entries multiplied where the shapes are equal."""
    if W2.shape[1] != len(W1) or b1.shape != (len(W1),) or b2.shape != (len(W2),):
        raise ValueError("the layers do not fit")
    if W1.shape == W2.shape:
        return W2 * W1, W2 @ b1 + b2
    return W2 @ W1, W2 @ b1 + b2


@misconception(
    "q1",
    hint="A W2 with a single column gets through: einsum stretches an axis of length 1, as broadcasting does.",
)
def collapse_two(W1, b1, W2, b2):
    """Relies on einsum, which broadcasts an axis of length 1."""
    if b1.shape != (len(W1),) or b2.shape != (len(W2),):
        raise ValueError("the layers do not fit")
    return np.einsum("mh,hd->md", W2, W1), np.einsum("mh,h->m", W2, b1) + b2


@misconception(
    "q1",
    hint="The bias is right, but it stands in each column of your W, too. What does a unit of one input add to the output at zero?",
)
def collapse_two(W1, b1, W2, b2):
    """Columns read off without taking the bias away."""
    if W2.shape[1] != len(W1) or b1.shape != (len(W1),) or b2.shape != (len(W2),):
        raise ValueError("the layers do not fit")
    f = lambda x: W2 @ (W1 @ x + b1) + b2
    return np.stack([f(unit) for unit in np.eye(W1.shape[1])], axis=1), f(np.zeros(W1.shape[1]))


@misconception(
    "q1",
    hint="A first bias with a single entry gets through: it is stretched, too. Look at its length.",
)
def collapse_two(W1, b1, W2, b2):
    """A first bias of length 1 is broadcast."""
    if W2.shape[1] != len(W1) or b2.shape != (len(W2),) or len(b1) not in (1, len(W1)):
        raise ValueError("the layers do not fit")
    return W2 @ W1, W2 @ (b1 + np.zeros(len(W1), dtype=b1.dtype)) + b2


# ---- q2: any number of layers


@misconception(
    "q2",
    hint="Your matrices are multiplied in the order of the list. On which side does a later layer "
    "act?",
)
def collapse(layers):
    """Product in the order of the list."""
    if len(layers) == 0:
        raise ValueError("no layer")
    W, b = layers[0]
    if b.shape != (len(W),):
        raise ValueError("bias")
    for W_next, b_next in layers[1:]:
        if W_next.shape[1] != len(b) or b_next.shape != (len(W_next),):
            raise ValueError("the layers do not fit")
        W, b = W @ W_next, W_next @ b + b_next
    return W, b


@misconception(
    "q2",
    hint="Two layers work, three do not: which matrix acts on the bias that has come so far, the "
    "new layer's or the whole product?",
)
def collapse(layers):
    """Bias multiplied by the whole product so far."""
    if len(layers) == 0:
        raise ValueError("no layer")
    for k, (W, b) in enumerate(layers):
        if b.shape != (len(W),) or (k > 0 and W.shape[1] != len(layers[k - 1][0])):
            raise ValueError("the layers do not fit")
    W, b = layers[0]
    bias = b
    for W_next, b_next in layers[1:]:
        W = W_next @ W
        bias = (W @ bias if W.shape[1] == len(bias) else W_next @ bias) + b_next
    return W, bias


@misconception("q2", hint="The last layer of the list has no effect on your result.")
def collapse(layers):
    """Loop ends before the last layer."""
    if len(layers) == 0:
        raise ValueError("no layer")
    for k, (W, b) in enumerate(layers):
        if b.shape != (len(W),) or (k > 0 and W.shape[1] != len(layers[k - 1][0])):
            raise ValueError("the layers do not fit")
    W, b = layers[0]
    for k in range(1, len(layers) - 1):
        W, b = layers[k][0] @ W, layers[k][0] @ b + layers[k][1]
    return W, b


@misconception("q2", hint="The caller's list is shorter after the call.")
def collapse(layers):
    """Layers popped from the caller's list."""
    if len(layers) == 0:
        raise ValueError("no layer")
    W, b = layers.pop(0)
    if b.shape != (len(W),):
        raise ValueError("bias")
    while layers:
        W_next, b_next = layers.pop(0)
        if W_next.shape[1] != len(b) or b_next.shape != (len(W_next),):
            raise ValueError("the layers do not fit")
        W, b = W_next @ W, W_next @ b + b_next
    return W, b


@misconception(
    "q2",
    hint="Where the first layer holds integers, the results are integers too. Look at the dtype.",
)
def collapse(layers):
    """The first layer's dtype kept for the result."""
    if len(layers) == 0:
        raise ValueError("no layer")
    dtype = layers[0][0].dtype
    W, b = layers[0]
    if b.shape != (len(W),):
        raise ValueError("bias")
    for W_next, b_next in layers[1:]:
        if W_next.shape[1] != len(b) or b_next.shape != (len(W_next),):
            raise ValueError("the layers do not fit")
        W, b = (W_next @ W).astype(dtype), (W_next @ b + b_next).astype(dtype)
    return W, b


@misconception(
    "q2",
    hint="Where a layer's bias holds integers, its sum with the others is cut to integers too.",
)
def collapse(layers):
    """The new bias written into a copy of the layer's own."""
    if len(layers) == 0:
        raise ValueError("no layer")
    W, b = layers[0]
    if b.shape != (len(W),):
        raise ValueError("bias")
    for W_next, b_next in layers[1:]:
        if W_next.shape[1] != len(b) or b_next.shape != (len(W_next),):
            raise ValueError("the layers do not fit")
        W, b_sum = W_next @ W, b_next.copy()
        for k in range(len(b_sum)):
            b_sum[k] = W_next[k] @ b + b_next[k]
        b = b_sum
    return W, b


@misconception("q2", hint="What comes back for a list without a layer? It should be refused.")
def collapse(layers):
    """No layer at all gives the identity."""
    W, b = np.eye(1), np.zeros(1)
    for k, (W_next, b_next) in enumerate(layers):
        if b_next.shape != (len(W_next),) or (k > 0 and W_next.shape[1] != len(b)):
            raise ValueError("the layers do not fit")
        W, b = (W_next @ W, W_next @ b + b_next) if k > 0 else (W_next, b_next)
    return W, b


@misconception("q2", hint="Two layers are collapsed, the others are lost.")
def collapse(layers):
    """The first two layers only."""
    if len(layers) == 0 or any(b.shape != (len(W),) for W, b in layers):
        raise ValueError("bad stack")
    if any(V.shape[1] != len(W) for (W, _), (V, _) in zip(layers, layers[1:])):
        raise ValueError("no chain")
    if len(layers) == 1:
        return layers[0]
    (W1, b1), (W2, b2) = layers[:2]
    return W2 @ W1, W2 @ b1 + b2


@misconception("q2", hint="The bias of the first layer is lost.")
def collapse(layers):
    """Starts with the first weights and no bias."""
    if len(layers) == 0 or any(b.shape != (len(W),) for W, b in layers):
        raise ValueError("bad stack")
    if any(V.shape[1] != len(W) for (W, _), (V, _) in zip(layers, layers[1:])):
        raise ValueError("no chain")
    W, b = layers[0][0], np.zeros(len(layers[0][0]))
    for V, c in layers[1:]:
        W, b = V @ W, V @ b + c
    return W, b


@misconception("q2", hint="A last layer whose bias has the wrong length is accepted.")
def collapse(layers):
    """Biases checked for all layers but the last."""
    if len(layers) == 0 or any(b.shape != (len(W),) for W, b in layers[:-1]):
        raise ValueError("bad stack")
    W, b = layers[0]
    for V, c in layers[1:]:
        W, b = V @ W, V @ b + c
    return W, b


@misconception("q2", hint="Your result ends after some layers. A stack may be deep.")
def collapse(layers):
    """Six layers at most."""
    if len(layers) == 0 or any(b.shape != (len(W),) for W, b in layers):
        raise ValueError("bad stack")
    if any(V.shape[1] != len(W) for (W, _), (V, _) in zip(layers, layers[1:])):
        raise ValueError("no chain")
    W, b = layers[0]
    for V, c in layers[1:6]:
        W, b = V @ W, V @ b + c
    return W, b


# ---- q3: two inputs, two hidden units, one output


@misconception(
    "q3",
    hint="The bias is right, the weights are not: do you sum over the hidden units or over the "
    "inputs?",
)
def collapse_scalar(W, b, c, d):
    """Sum over the inputs instead of the hidden units."""
    if W.shape != (2, 2) or b.shape != (2,) or c.shape != (2,):
        raise ValueError("shapes")
    return W @ c, c @ b + d


@misconception("q3", hint="Your bias is off by a constant: does the output unit have its own?")
def collapse_scalar(W, b, c, d):
    """Bias of the output unit forgotten."""
    if W.shape != (2, 2) or b.shape != (2,) or c.shape != (2,):
        raise ValueError("shapes")
    return c @ W, c @ b


@misconception(
    "q3", hint="The output's bias enters more than once. How many output units are there?"
)
def collapse_scalar(W, b, c, d):
    """Output bias added once for each hidden unit."""
    if W.shape != (2, 2) or b.shape != (2,) or c.shape != (2,):
        raise ValueError("shapes")
    return sum(c[k] * W[k] for k in range(2)), sum(c[k] * b[k] + d for k in range(2))


@misconception("q3", hint="Networks of other sizes, or arrays with a single entry, get through.")
def collapse_scalar(W, b, c, d):
    """Shapes are not looked at."""
    return np.sum(c[:, None] * W, axis=0), np.sum(c * b) + d


@misconception(
    "q3", hint="The output's own bias is multiplied by the output weights. When is it added?"
)
def collapse_scalar(W, b, c, d):
    """Output weights applied to b + d."""
    if np.shape(W) != (2, 2) or np.shape(b) != (2,) or np.shape(c) != (2,):
        raise ValueError("shape")
    return c @ W, c @ (b + d)


@misconception(
    "q3",
    hint="You give one weight for each path through the network. Which paths begin at the same input?",
)
def collapse_scalar(W, b, c, d):
    """Paths not added up."""
    if np.shape(W) != (2, 2) or np.shape(b) != (2,) or np.shape(c) != (2,):
        raise ValueError("shape")
    return W * c[:, None], c @ b + d


@misconception("q3", hint="Rows and columns get through where b or c should have a single axis.")
def collapse_scalar(W, b, c, d):
    """Numbers of entries instead of shapes."""
    if W.shape != (2, 2) or np.size(b) != 2 or np.size(c) != 2:
        raise ValueError("shapes")
    b, c = np.ravel(b), np.ravel(c)
    return c @ W, c @ b + d


@misconception("q3", hint="The caller's W is another one after the call.")
def collapse_scalar(W, b, c, d):
    """Weights multiplied in place."""
    if W.shape != (2, 2) or b.shape != (2,) or c.shape != (2,):
        raise ValueError("shapes")
    if not np.can_cast(c.dtype, W.dtype, "same_kind"):
        W = W.astype(c.dtype)
    W *= c[:, np.newaxis]
    return W.sum(axis=0), c @ b + d


# ---- q4: affine or not?


@misconception(
    "q4", hint="Affine boxes are refused because of rounding: floats are compared exactly."
)
def is_affine(f, d, rng):
    """Floats compared exactly."""
    x, y = rng.normal(size=(2, 500, d))
    return bool(np.all(f(x + y) + f(0 * x) == f(x) + f(y)))


@misconception(
    "q4",
    hint="You test for linear in the strict sense. What does an affine box give at the origin?",
)
def is_affine(f, d, rng):
    """Superposition without the offset."""
    x, y = rng.normal(size=(2, 500, d))
    values = f(x + y)
    return bool(np.max(np.abs(values - f(x) - f(y))) < 1e-8 * np.max(np.abs(values)))


@misconception(
    "q4",
    hint="Your test looks along rays from the origin only. Can a box be straight along every ray "
    "and still have a kink?",
)
def is_affine(f, d, rng):
    """Scaling only, no superposition."""
    x = rng.normal(size=(500, d))
    zero, once, twice = f(0 * x), f(x), f(2 * x)
    return bool(np.max(np.abs(twice - 2 * once + zero)) < 1e-8 * np.max(np.abs(twice)))


@misconception(
    "q4",
    hint="Your test compares opposite points only. Which curved functions pass that by symmetry?",
)
def is_affine(f, d, rng):
    """Opposite points only."""
    x = rng.normal(size=(500, d))
    plus, minus, zero = f(x), f(-x), f(0 * x)
    return bool(np.max(np.abs(plus + minus - 2 * zero)) < 1e-8 * np.max(np.abs(plus)))


@misconception(
    "q4", hint="One pair of points is luck: a box can be straight there and bend elsewhere."
)
def is_affine(f, d, rng):
    """A single pair of points."""
    x, y = rng.uniform(-1, 1, (2, 1, d))
    middle = f((x + y) / 2)
    scale = np.max(np.abs(f(x))) + np.max(np.abs(f(y)))
    return bool(np.max(np.abs(2 * middle - f(x) - f(y))) < 1e-8 * scale)


@misconception(
    "q4", hint="From which part of the cube do your points come? Think of the signs of x."
)
def is_affine(f, d, rng):
    """Points with positive coordinates only."""
    x, y = rng.random((2, 500, d))
    values = f(x + y)
    rest = values + f(0 * x) - f(x) - f(y)
    return bool(np.max(np.abs(rest)) < 1e-8 * np.max(np.abs(values)))


@misconception("q4", hint="A box may have several outputs, and one of them may be bent.")
def is_affine(f, d, rng):
    """First output only."""
    x, y = rng.normal(size=(2, 500, d))
    values = f(x + y)[:, 0]
    rest = values + f(0 * x)[:, 0] - f(x)[:, 0] - f(y)[:, 0]
    return bool(np.max(np.abs(rest)) < 1e-8 * np.max(np.abs(values)))


@misconception(
    "q4",
    hint="Boxes with large outputs are refused: what is rounding measured against, 1 or the size "
    "of the outputs?",
)
def is_affine(f, d, rng):
    """Absolute tolerance near the rounding of numbers of order 1."""
    x, y = rng.normal(size=(2, 500, d))
    return bool(np.max(np.abs(f(x + y) + f(0 * x) - f(x) - f(y))) < 1e-12)


@misconception(
    "q4",
    hint="Boxes with small outputs get away with everything: your tolerance is larger than they.",
)
def is_affine(f, d, rng):
    """Generous absolute tolerance."""
    x, y = rng.normal(size=(2, 500, d))
    return bool(np.allclose(f(x + y) + f(0 * x), f(x) + f(y), rtol=1e-6, atol=0.3))


@misconception(
    "q4", hint="A box may deviate from superposition to either side; you look at one of them only."
)
def is_affine(f, d, rng):
    """No absolute value of the deviation."""
    x, y = rng.uniform(-1, 1, (2, 500, d))
    rest = f(x + y) + f(0 * x) - f(x) - f(y)
    return bool(np.all(rest < 1e-9 * np.abs(f(x)).max()))


@misconception(
    "q4",
    hint="You look along the axes only. A box may be straight along each of them and bent in between.",
)
def is_affine(f, d, rng):
    """Each axis by itself."""
    zero = f(np.zeros((1, d)))
    for unit in np.eye(d):
        t = rng.uniform(-1, 1, (200, 1))
        rest = f(t * unit) - zero - t * (f(unit[None]) - zero)
        if np.abs(rest).max() > 1e-9 * np.abs(zero).max() + 1e-9 * np.abs(f(unit[None])).max():
            return False
    return True


@misconception(
    "q4",
    hint="You call every box affine. If you fit a plane: with as many points as parameters it goes through all of them, whatever the box is.",
)
def is_affine(f, d, rng):
    """A fit with as many parameters as points."""
    x = rng.uniform(-1, 1, (d + 1, d))
    A = np.column_stack([x, np.ones(d + 1)])
    y = f(x)
    rest = A @ np.linalg.lstsq(A, y, rcond=None)[0] - y
    return bool(np.abs(rest).max() <= 1e-8 * np.abs(y).max())


@misconception(
    "q4",
    hint="A plane that explains most of the variance is not yet the box: affine boxes are affine up to rounding.",
)
def is_affine(f, d, rng):
    """R^2 of a linear fit above 0.9."""
    x = rng.uniform(-1, 1, (1000, d))
    y = f(x)
    A = np.column_stack([x, np.ones(1000)])
    rest = A @ np.linalg.lstsq(A, y, rcond=None)[0] - y
    return bool(np.all((rest**2).mean(axis=0) <= 0.1 * y.var(axis=0)))


@misconception(
    "q4",
    hint="A large offset drowns the differences over a tiny step in rounding. There is no need for tiny steps.",
)
def is_affine(f, d, rng):
    """Slopes from steps of 1e-6, compared at two places."""
    step = 1e-6 * np.eye(d)
    slopes = [(f(x + step) - f(x + 0 * step)) / 1e-6 for x in rng.uniform(-1, 1, (60, d))]
    return bool(np.allclose(slopes, slopes[0], rtol=1e-4, atol=1e-6))


@misconception("q4", hint="You never ask the box: your verdict does not depend on it.")
def is_affine(f, d, rng, asked=[]):
    """Answers by turns, without a look at the box."""
    asked.append(d)
    return len(asked) % 2 == 1


# ---- q5: rank and number of parameters


@misconception(
    "q5",
    hint="Only the ends of the stack enter your rank. Can what is lost in between come back?",
)
def max_rank(sizes):
    """The hidden layers forgotten."""
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError("sizes")
    return min(sizes[0], sizes[-1])


@misconception(
    "q5",
    hint="Your rank is that of the narrowest layer of units. Are the inputs not a bottleneck too?",
)
def max_rank(sizes):
    """The inputs forgotten."""
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError("sizes")
    return min(sizes[1:])


@misconception("q5", hint="Count again on a drawing: which parameters of a layer are no weights?")
def n_parameters_saved(sizes):
    """Weights only, no biases."""
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError("sizes")
    return sum(p * q for p, q in zip(sizes[:-1], sizes[1:])) - sizes[0] * sizes[-1]


@misconception(
    "q5", hint="A narrow stack can have fewer parameters than one layer. What do you return then?"
)
def n_parameters_saved(sizes):
    """Never negative."""
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError("sizes")
    total = sum((p + 1) * q for p, q in zip(sizes[:-1], sizes[1:]))
    return abs(total - (sizes[0] + 1) * sizes[-1])


@misconception("q5", hint="Sizes that belong to no stack are accepted by your rank.")
def max_rank(sizes):
    """Sizes are not looked at."""
    return min(sizes) if sizes else 0


@misconception("q5", hint="Your difference is taken the other way round.")
def n_parameters_saved(sizes):
    """The one layer minus the stack."""
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError("sizes")
    return (sizes[0] + 1) * sizes[-1] - sum((a + 1) * b for a, b in zip(sizes, sizes[1:]))


@misconception("q5", hint="Your formula knows one hidden layer; a list may be longer.")
def n_parameters_saved(sizes):
    """Written out for one hidden layer."""
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError("sizes")
    if len(sizes) == 2:
        return 0
    d, h, m = sizes[0], sizes[1], sizes[-1]
    return (d + 1) * h + (h + 1) * m - (d + 1) * m


@misconception("q5", hint="n_parameters_saved accepts layers without units.")
def n_parameters_saved(sizes):
    """Sizes below 1 are accepted."""
    if len(sizes) < 2:
        raise ValueError("sizes")
    return sum((a + 1) * b for a, b in zip(sizes, sizes[1:])) - (sizes[0] + 1) * sizes[-1]


@misconception("q5", hint="Your count ends after some layers. A stack may be deep.")
def n_parameters_saved(sizes):
    """Eight layers at most."""
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError("sizes")
    pairs = list(zip(sizes, sizes[1:]))[:8]
    return sum((a + 1) * b for a, b in pairs) - (sizes[0] + 1) * sizes[-1]


@misconception("q5", hint="After max_rank the caller's list stands in another order.")
def max_rank(sizes):
    """Sizes sorted in place."""
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError("sizes")
    sizes.sort()
    return sizes[0]


# ---- q6: where a ReLU network is not affine


@misconception(
    "q6",
    hint="Your points do not depend on the network. Does each one bend where you look?",
)
def counterexample(net):
    """Opposite points without a look at the network."""
    d = net[0][0].shape[1]
    return np.ones(d), -np.ones(d)


@misconception(
    "q6",
    hint="You compare f(x + y) with f(x) + f(y). An affine function breaks that too: what is "
    "missing?",
)
def counterexample(net):
    """f(0) forgotten."""

    def f(x):
        for k, (W, b) in enumerate(net):
            x = W @ x + b
            if k < len(net) - 1:
                x = np.maximum(x, 0)
        return x

    rng = np.random.default_rng(0)
    while True:
        x, y = rng.uniform(-1, 1, (2, net[0][0].shape[1]))
        if np.max(np.abs(f(x + y) - f(x) - f(y))) > 1e-3:
            return x, y


@misconception(
    "q6",
    hint="You return points as batches. The question asks for two single points, one axis each.",
)
def counterexample(net):
    """Points as batches of one sample."""

    def f(x):
        for k, (W, b) in enumerate(net):
            x = x @ W.T + b
            if k < len(net) - 1:
                x = np.maximum(x, 0)
        return x

    rng = np.random.default_rng(0)
    while True:
        x, y = rng.uniform(-10, 10, (2, 1, net[0][0].shape[1]))
        if np.max(np.abs(f(x + y) + f(0 * x) - f(x) - f(y))) > 1e-3:
            return x, y


@misconception("q6", hint="Your points stay near the origin. Some networks bend only farther out.")
def counterexample(net):
    """Points of the unit cube only."""
    d = net[0][0].shape[1]
    x, y = np.random.default_rng(1).uniform(-1, 1, (2, 1000, d))
    rest = relu_net(net, x + y) + relu_net(net, 0 * x) - relu_net(net, x) - relu_net(net, y)
    k = np.abs(rest).max(axis=1).argmax()
    return x[k], y[k]


@misconception(
    "q6",
    hint="You try pairs of equal points only. When x and y lie on the same side of a kink through the origin, so does their sum.",
)
def counterexample(net):
    """The same point twice."""
    d = net[0][0].shape[1]
    x = np.random.default_rng(1).uniform(-10, 10, (1000, d))
    rest = relu_net(net, 2 * x) + relu_net(net, 0 * x) - 2 * relu_net(net, x)
    k = np.abs(rest).max(axis=1).argmax()
    return x[k], x[k] + 0


@misconception("q6", hint="Your points are farther out than allowed.")
def counterexample(net):
    """Points a million away."""
    d = net[0][0].shape[1]
    x, y = np.random.default_rng(1).uniform(-1e6, 1e6, (2, 1000, d))
    rest = relu_net(net, x + y) + relu_net(net, 0 * x) - relu_net(net, x) - relu_net(net, y)
    k = np.abs(rest).max(axis=1).argmax()
    return x[k], y[k]


@misconception(
    "q6",
    hint="You look at the first hidden layer only. What it bends, a later layer may never see.",
)
def counterexample(net):
    """The network cut after the first hidden layer."""
    d = net[0][0].shape[1]
    x, y = np.random.default_rng(1).uniform(-10, 10, (2, 1000, d))
    part = [*net[:1], (np.ones((1, len(net[0][0]))), np.zeros(1))]
    rest = relu_net(part, x + y) + relu_net(part, 0 * x) - relu_net(part, x) - relu_net(part, y)
    k = int((np.abs(rest).max(axis=1) > 1e-3).argmax())
    return x[k], y[k]


@misconception("q6", hint="Your points are far out, but they do not depend on the network.")
def counterexample(net):
    """Far and opposite points without a look at the network."""
    d = net[0][0].shape[1]
    return np.full(d, 20.0), np.full(d, -20.0)


@misconception(
    "q6",
    hint="The left side may be larger than the right one, or smaller: you look for one of the two.",
)
def counterexample(net):
    """No absolute value: the largest signed difference."""
    d = net[0][0].shape[1]
    x, y = np.random.default_rng(1).uniform(-10, 10, (2, 1000, d))
    rest = relu_net(net, x + y) + relu_net(net, 0 * x) - relu_net(net, x) - relu_net(net, y)
    k = rest.max(axis=1).argmax()
    return x[k], y[k]


@misconception(
    "q6",
    hint="The left side may be smaller than the right one, or larger: you look for one of the two.",
)
def counterexample(net):
    """No absolute value: the smallest signed difference."""
    d = net[0][0].shape[1]
    x, y = np.random.default_rng(1).uniform(-10, 10, (2, 1000, d))
    rest = relu_net(net, x + y) + relu_net(net, 0 * x) - relu_net(net, x) - relu_net(net, y)
    k = rest.min(axis=1).argmin()
    return x[k], y[k]


@misconception("q6", hint="The caller's network is another one after the call.")
def counterexample(net):
    """The last bias, which cancels, is taken out of the caller's list."""
    d = net[0][0].shape[1]
    net[-1] = net[-1][0], 0 * net[-1][1]
    x, y = np.random.default_rng(1).uniform(-10, 10, (2, 1000, d))
    rest = relu_net(net, x + y) + relu_net(net, 0 * x) - relu_net(net, x) - relu_net(net, y)
    k = np.abs(rest).max(axis=1).argmax()
    return x[k], y[k]
