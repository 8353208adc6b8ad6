"""Typical wrong answers to the assignment "XOR weights", each with the hint that a student gets."""

import numpy as np

from autograder.sample_answers import misconception, wrong_values

CORNERS = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
XOR = np.array([0, 1, 1, 0])


def hidden_sums(W1, b1):
    """Sums (4, 2) that the hidden units get at the corners."""
    return CORNERS @ np.array(W1, dtype=float).T + np.array(b1, dtype=float)


def outputs(W1, b1, W2, b2):
    """Outputs (4,) of a network at the corners."""
    return np.maximum(hidden_sums(W1, b1), 0) @ np.ravel(W2) + np.ravel(b2)[0]


def is_high_at(*high):
    """Whether a network is above 1/2 at these corners, (0, 0), (1, 0), (0, 1), (1, 1), alone."""
    return lambda W1, b1, W2, b2: tuple(outputs(W1, b1, W2, b2) > 0.5) == tuple(map(bool, high))


def is_xor(W1, b1, W2, b2):
    """Whether a network is XOR."""
    return bool(np.allclose(outputs(W1, b1, W2, b2), XOR, rtol=0, atol=1e-5))


def units(W1, b1, W2, b2):
    """Hidden units with weights of length 1, sorted: (2, 4)."""
    length = np.hypot(*np.transpose(np.array(W1, dtype=float)))
    rows = np.column_stack([W1 / length[:, np.newaxis], b1 / length, np.ravel(W2) * length])
    return rows[np.lexsort(np.round(rows, 3).T)]


# ---- q1: a network by hand

wrong_values(
    "q1",
    title="OR: the second unit is subtracted once instead of strongly enough",
    hint="Three corners are right. Look at (1, 1): how much has to be taken away there?",
    W1=[[1, 1], [1, 1]],
    b1=[0, -1],
    W2=[1, -1],
    b2=0,
)
wrong_values(
    "q1",
    title="AND, the example of the text, with an idle second unit",
    hint="This network finds coincidences (AND). XOR is 1 if exactly one input is high.",
    W1=[[1, 1], [0, 0]],
    b1=[-1, 0],
    W2=[1, 0],
    b2=0,
)
wrong_values(
    "q1",
    title="XNOR: the labels are exchanged",
    hint="The network answers 1 where the inputs are equal. XOR asks for the opposite.",
    W1=[[1, -1], [-1, 1]],
    b1=[0, 0],
    W2=[-1, -1],
    b2=1,
)
wrong_values(
    "q1",
    title="Thresholds of a network of step functions (1/2 and 3/2)",
    hint="These thresholds fit units that switch from 0 to 1. A ReLU grows above its threshold.",
    W1=[[1, 1], [1, 1]],
    b1=[-0.5, -1.5],
    W2=[1, -2],
    b2=0,
)
wrong_values(
    "q1",
    title="W1 transposed: a column instead of a row per hidden unit",
    hint="Which index of W1 counts the hidden units? Each row belongs to one unit here.",
    W1=[[1, -1], [1, -1]],
    b1=[-1, 1],
    W2=[-1, -1],
    b2=1,
)
wrong_values(
    "q1",
    title="The output bias forgotten",
    hint="The outputs differ rightly from corner to corner, but all are shifted by one number.",
    W1=[[1, 1], [-1, -1]],
    b1=[-1, 1],
    W2=[-1, -1],
    b2=0,
)
wrong_values(
    "q1",
    title="Labels -1 and +1",
    hint="The labels here are 0 and 1, not -1 and +1.",
    W1=[[1, 1], [1, 1]],
    b1=[0, -1],
    W2=[2, -4],
    b2=-1,
)
wrong_values(
    "q1",
    title="Only the side of 1/2 is right: -1 instead of 0 at (1, 1)",
    hint="All corners are on the right side of 1/2, but not at the values 0 and 1 themselves.",
    W1=[[1, 1], [1, 1]],
    b1=[0, -1],
    W2=[1, -3],
    b2=0,
)
wrong_values(
    "q1",
    title="Sign of the threshold: +1 instead of -1 as a bias",
    hint="A bias is added before the ReLU. Which sign makes a unit switch on later?",
    W1=[[1, 1], [1, 1]],
    b1=[0, 1],
    W2=[1, -2],
    b2=0,
)
wrong_values(
    "q1",
    title="Both units see the same difference",
    hint="One of the two corners with the label 1 is missed: both hidden units are silent there.",
    W1=[[1, -1], [1, -1]],
    b1=[0, 0],
    W2=[0.5, 0.5],
    b2=0,
)
wrong_values(
    "q1",
    title="Weights of a training run that was stopped too early",
    hint="Close, but not to 0.00001. Were these weights trained? Round towards an exact solution.",
    W1=[[0.98, 1.01], [1.02, 0.99]],
    b1=[0.01, -1.0],
    W2=[1.0, -1.97],
    b2=0.01,
)
wrong_values(
    "q1",
    title="W2 as a column (2, 1)",
    hint="W2 has one row per output and one column per hidden unit, or is a plain vector.",
    W2=[[1], [-2]],
)


wrong_values(
    "q1",
    title="Weights of a network of sigmoids, as they stand on the web",
    hint="These are weights for sigmoids, which saturate. A ReLU does not: work out the outputs on the four corners.",
    W1=[[20, 20], [-20, -20]],
    b1=[-10, 30],
    W2=[20, 20],
    b2=-30,
)


wrong_values(
    "q1",
    title="No threshold at all",
    hint="Without biases both hidden units do the same. Which of them has to wait for the second pulse?",
    W1=[[1, 1], [1, 1]],
    b1=[0, 0],
    W2=[1, -2],
    b2=0,
)


wrong_values(
    "q1",
    title="The output weight of the coincidence with the wrong sign",
    hint="At (1, 1) your output is too large: the coincidence should take something away.",
    W1=[[1, 1], [1, 1]],
    b1=[0, -1],
    W2=[1, 2],
    b2=0,
)


# Whatever the numbers are, they are recognised by what the network does, the plainest first.
wrong_values(
    "q1",
    title="Close to XOR",
    hint="Close, but not to 0.00001. Were these weights trained? Round towards an exact solution.",
    recognised_by=lambda **net: np.abs(outputs(**net) - XOR).max() < 0.1,
    W1=[[1, 1], [1, 1]],
    b1=[0.02, -1],
    W2=[1, -2],
    b2=0,
)
wrong_values(
    "q1",
    title="XOR and a constant",
    hint="The outputs differ rightly from corner to corner, but all are shifted by one number.",
    recognised_by=lambda **net: np.ptp(outputs(**net) - XOR) < 1e-5,
    W1=[[1, 1], [1, 1]],
    b1=[0, -1],
    W2=[1, -2],
    b2=3,
)
wrong_values(
    "q1",
    title="XOR in other units",
    hint="Equal labels have equal outputs, but the two outputs are not 0 and 1.",
    recognised_by=lambda **net: (
        np.ptp(outputs(**net)[[0, 3]]) + np.ptp(outputs(**net)[1:3]) < 1e-5
        and outputs(**net)[0] < outputs(**net)[1]
    ),
    W1=[[1, 1], [1, 1]],
    b1=[0, -1],
    W2=[3, -6],
    b2=-1,
)
wrong_values(
    "q1",
    title="XOR with the columns of W1 as units",
    hint="Which index of W1 counts the hidden units? With its columns as units it were XOR.",
    recognised_by=lambda W1, b1, W2, b2: is_xor(np.transpose(W1), b1, W2, b2),
    W1=[[2, -2], [2, -2]],
    b1=[-2, 2],
    W2=[-0.5, -0.5],
    b2=1,
)
wrong_values(
    "q1",
    title="XOR with the opposite thresholds",
    hint="A bias is added before the ReLU. With the opposite signs in b1 it were XOR.",
    recognised_by=lambda W1, b1, W2, b2: is_xor(W1, -np.array(b1, dtype=float), W2, b2),
    W1=[[2, 2], [1, 1]],
    b1=[0, 1],
    W2=[0.5, -2],
    b2=0,
)
wrong_values(
    "q1",
    title="The right side of 1/2 at all corners",
    hint="All corners are on the right side of 1/2, but not at the values 0 and 1 themselves.",
    recognised_by=is_high_at(0, 1, 1, 0),
    W1=[[1, 1], [1, 1]],
    b1=[0, -1],
    W2=[1, -1.6],
    b2=0,
)
wrong_values(
    "q1",
    title="XNOR by other weights",
    hint="The network is high where the inputs are equal. XOR asks for the opposite.",
    recognised_by=is_high_at(1, 0, 0, 1),
    W1=[[1, 1], [1, 1]],
    b1=[0, -1],
    W2=[-1, 2],
    b2=1,
)
wrong_values(
    "q1",
    title="AND by other weights",
    hint="The network is high where both inputs are. XOR is 1 if exactly one input is high.",
    recognised_by=is_high_at(0, 0, 0, 1),
    W1=[[2, 2], [0, 0]],
    b1=[-3, 0],
    W2=[1, 0],
    b2=0,
)
wrong_values(
    "q1",
    title="OR by other weights",
    hint="At (1, 1) the network is high, too: how much has to be taken away there?",
    recognised_by=is_high_at(0, 1, 1, 1),
    W1=[[1, 1], [1, 1]],
    b1=[0, -1],
    W2=[2, -2],
    b2=0,
)
wrong_values(
    "q1",
    title="NAND",
    hint="At (0, 0) the network is high, too. What is its output if both hidden units are silent?",
    recognised_by=is_high_at(1, 1, 1, 0),
    W1=[[1, 1], [1, 1]],
    b1=[0, -1],
    W2=[0, -1],
    b2=1,
)
wrong_values(
    "q1",
    title="One of the two corners with the label 1 is missed",
    hint="One of the two corners with the label 1 is missed: which hidden unit should see it?",
    recognised_by=lambda **net: is_high_at(0, 1, 0, 0)(**net) or is_high_at(0, 0, 1, 0)(**net),
    W1=[[1, -1], [1, 0]],
    b1=[0, 0],
    W2=[1, 0],
    b2=0,
)
wrong_values(
    "q1",
    title="Both units are on at all corners",
    hint="No hidden unit is ever silent at a corner: then the whole network is affine there.",
    recognised_by=lambda W1, b1, W2, b2: hidden_sums(W1, b1).min() >= 0,
    W1=[[1, 1], [1, 2]],
    b1=[1, 1],
    W2=[1, -1],
    b2=0,
)
wrong_values(
    "q1",
    title="A unit is silent at all corners",
    hint="One of your hidden units is silent at all four corners: it does nothing.",
    recognised_by=lambda W1, b1, W2, b2: hidden_sums(W1, b1).max(axis=0).min() <= 0,
    W1=[[1, 1], [-1, -1]],
    b1=[0, -1],
    W2=[-1, 5],
    b2=0,
)


# ---- q2: the forward pass


@misconception("q2", hint="Negative pre-activations come through: where is the ReLU?")
def forward(x, W1, b1, W2, b2):
    """No ReLU."""
    if x.shape[1] != W1.shape[1] or b1.shape != (len(W1),) or W2.shape != (len(W1),):
        raise ValueError("shapes")
    return (x @ W1.T + b1) @ W2 + b2


@misconception("q2", hint="The outputs are never negative here. Has the output an activation?")
def forward(x, W1, b1, W2, b2):
    """ReLU at the output, too."""
    if x.shape[1] != W1.shape[1] or b1.shape != (len(W1),) or W2.shape != (len(W1),):
        raise ValueError("shapes")
    return np.maximum(np.maximum(x @ W1.T + b1, 0) @ W2 + b2, 0)


@misconception("q2", hint="Rows of W1 are hidden units. Test with h different from d.")
def forward(x, W1, b1, W2, b2):
    """W1 taken as (inputs, outputs)."""
    if x.shape[1] != W1.shape[1] or b1.shape != (len(W1),) or W2.shape != (len(W1),):
        raise ValueError("shapes")
    return np.maximum(x @ W1 + b1, 0) @ W2 + b2


@misconception("q2", hint="This is right if samples are columns. Here they are the rows of x.")
def forward(x, W1, b1, W2, b2):
    """Samples as columns."""
    if x.shape[1] != W1.shape[1] or b1.shape != (len(W1),) or W2.shape != (len(W1),):
        raise ValueError("shapes")
    return W2 @ np.maximum(W1 @ x + b1[:, np.newaxis], 0) + b2


@misconception("q2", hint="The hidden units switch on at the wrong place: where does b1 enter?")
def forward(x, W1, b1, W2, b2):
    """Hidden bias forgotten."""
    if x.shape[1] != W1.shape[1] or b1.shape != (len(W1),) or W2.shape != (len(W1),):
        raise ValueError("shapes")
    return np.maximum(x @ W1.T, 0) @ W2 + b2


@misconception("q2", hint="b1 is added on the wrong side of the ReLU.")
def forward(x, W1, b1, W2, b2):
    """Hidden bias added after the ReLU."""
    if x.shape[1] != W1.shape[1] or b1.shape != (len(W1),) or W2.shape != (len(W1),):
        raise ValueError("shapes")
    return (np.maximum(x @ W1.T, 0) + b1) @ W2 + b2


@misconception("q2", hint="All outputs are off by one number: one of the four weights is unused.")
def forward(x, W1, b1, W2, b2):
    """Output bias forgotten."""
    if x.shape[1] != W1.shape[1] or b1.shape != (len(W1),) or W2.shape != (len(W1),):
        raise ValueError("shapes")
    return np.maximum(x @ W1.T + b1, 0) @ W2


@misconception("q2", hint="The hidden units only say yes or no. A ReLU grows above its threshold.")
def forward(x, W1, b1, W2, b2):
    """Step function instead of ReLU."""
    if x.shape[1] != W1.shape[1] or b1.shape != (len(W1),) or W2.shape != (len(W1),):
        raise ValueError("shapes")
    return (x @ W1.T + b1 > 0).astype(float) @ W2 + b2


@misconception("q2", hint="The hidden units are never quite silent. Which activation is asked for?")
def forward(x, W1, b1, W2, b2):
    """Sigmoid instead of ReLU."""
    if x.shape[1] != W1.shape[1] or b1.shape != (len(W1),) or W2.shape != (len(W1),):
        raise ValueError("shapes")
    return 1 / (1 + np.exp(-(x @ W1.T + b1))) @ W2 + b2


@misconception("q2", hint="Negative pre-activations become positive. A silent unit gives nothing.")
def forward(x, W1, b1, W2, b2):
    """Absolute value instead of ReLU."""
    if x.shape[1] != W1.shape[1] or b1.shape != (len(W1),) or W2.shape != (len(W1),):
        raise ValueError("shapes")
    return np.abs(x @ W1.T + b1) @ W2 + b2


@misconception("q2", hint="Negative inputs are lost before the first weights see them.")
def forward(x, W1, b1, W2, b2):
    """ReLU on the inputs instead of the hidden units."""
    if x.shape[1] != W1.shape[1] or b1.shape != (len(W1),) or W2.shape != (len(W1),):
        raise ValueError("shapes")
    return (np.maximum(x, 0) @ W1.T + b1) @ W2 + b2


@misconception("q2", hint="np.max and np.maximum differ: one of them mixes the samples.")
def forward(x, W1, b1, W2, b2):
    """np.max(z, 0) instead of np.maximum(z, 0): the maximum over the samples."""
    if x.shape[1] != W1.shape[1] or b1.shape != (len(W1),) or W2.shape != (len(W1),):
        raise ValueError("shapes")
    return np.max(x @ W1.T + b1, 0) @ W2 + b2


@misconception("q2", hint="The numbers are right, but they stand in a column. One axis is enough.")
def forward(x, W1, b1, W2, b2):
    """A column (n, 1) instead of (n,)."""
    if x.shape[1] != W1.shape[1] or b1.shape != (len(W1),) or W2.shape != (len(W1),):
        raise ValueError("shapes")
    return np.maximum(x @ W1.T + b1, 0) @ W2[:, np.newaxis] + b2


@misconception("q2", hint="A whole batch comes in; only its first sample comes out.")
def forward(x, W1, b1, W2, b2):
    """Only the first sample."""
    if x.shape[1] != W1.shape[1] or b1.shape != (len(W1),) or W2.shape != (len(W1),):
        raise ValueError("shapes")
    return np.maximum(W1 @ x[0] + b1, 0) @ W2 + b2


@misconception(
    "q2", hint="With integer samples the outputs lose their decimals: mind the array's type."
)
def forward(x, W1, b1, W2, b2):
    """Result array of the samples' type: integers cut the decimals off."""
    if x.shape[1] != W1.shape[1] or b1.shape != (len(W1),) or W2.shape != (len(W1),):
        raise ValueError("shapes")
    y = np.zeros_like(x[:, 0])
    for i in range(len(x)):
        y[i] = np.maximum(W1 @ x[i] + b1, 0) @ W2 + b2
    return y


@misconception("q2", hint="The values are right, but one of the arguments is changed by the call.")
def forward(x, W1, b1, W2, b2):
    """Output weights of the caller are used as scratch space."""
    if x.shape[1] != W1.shape[1] or b1.shape != (len(W1),) or W2.shape != (len(W1),):
        raise ValueError("shapes")
    W2_old = W2.copy()
    y = np.zeros(len(x))
    for i in range(len(x)):
        W2[:] = W2_old * np.maximum(W1 @ x[i] + b1, 0)
        y[i] = W2.sum() + b2
    return y


@misconception("q2", hint="A b1 of length 1 is accepted: NumPy broadcasts it.")
def forward(x, W1, b1, W2, b2):
    """Relies on NumPy's own errors: a b1 of length 1 is broadcast."""
    return np.maximum(x @ W1.T + b1, 0) @ W2 + b2


@misconception("q2", hint="Arguments that do not fit are cut to size instead of being refused.")
def forward(x, W1, b1, W2, b2):
    """Loops with zip, which cuts to the shortest: no shape is ever refused."""
    y = []
    for sample in x:
        total = float(b2)
        for row, bias, factor in zip(W1, b1, W2, strict=False):
            z = bias + sum(w * xi for w, xi in zip(row, sample, strict=False))
            total += factor * max(z, 0.0)
        y.append(total)
    return np.array(y)


@misconception("q2", hint="Negative sums come through, though weakened: a ReLU is silent there.")
def forward(x, W1, b1, W2, b2):
    """Leaky ReLU."""
    h, d = np.shape(W1)
    if np.shape(x)[1] != d or np.shape(b1) != (h,) or np.shape(W2) != (h,):
        raise ValueError("no fit")
    z = x @ W1.T + b1
    return np.where(z > 0, z, 0.01 * z) @ W2 + b2


@misconception(
    "q2", hint="The output bias counts once for each hidden unit. How often should it count?"
)
def forward(x, W1, b1, W2, b2):
    """Output bias inside the sum over hidden units."""
    h, d = np.shape(W1)
    if np.shape(x)[1] != d or np.shape(b1) != (h,) or np.shape(W2) != (h,):
        raise ValueError("no fit")
    return np.sum(np.maximum(x @ W1.T + b1, 0) * W2 + b2, axis=1)


@misconception(
    "q2",
    hint="You give one number for each sample and each hidden unit: what becomes one output of them?",
)
def forward(x, W1, b1, W2, b2):
    """Sum over the hidden units missing."""
    h, d = np.shape(W1)
    if np.shape(x)[1] != d or np.shape(b1) != (h,) or np.shape(W2) != (h,):
        raise ValueError("no fit")
    return np.maximum(x @ W1.T + b1, 0) * W2 + b2


@misconception(
    "q2",
    hint="Only the first two hidden units take part. How many there are follows from the shapes.",
)
def forward(x, W1, b1, W2, b2):
    """Two hidden units, written out."""
    h, d = np.shape(W1)
    if np.shape(x)[1] != d or np.shape(b1) != (h,) or np.shape(W2) != (h,):
        raise ValueError("no fit")
    y = np.full(len(x), float(b2))
    for k in range(min(h, 2)):
        y = y + W2[k] * np.maximum(x @ W1[k] + b1[k], 0)
    return y


@misconception(
    "q2",
    hint="Where W1 is square your function does not transpose it: an order that goes through without an error need not be the right one.",
)
def forward(x, W1, b1, W2, b2):
    """Whatever goes through: first W1, then its transpose."""
    h, d = np.shape(W1)
    if np.shape(x)[1] != d or np.shape(b1) != (h,) or np.shape(W2) != (h,):
        raise ValueError("no fit")
    try:
        z = x @ W1 + b1
    except ValueError:
        z = x @ W1.T + b1
    return np.maximum(z, 0) @ W2 + b2


@misconception("q2", hint="A W2 of length 1 is accepted: NumPy broadcasts it.")
def forward(x, W1, b1, W2, b2):
    """A single output weight is broadcast."""
    if x.shape[1] != W1.shape[1] or b1.shape != (len(W1),) or len(W2) not in (1, len(W1)):
        raise ValueError("shapes")
    return (np.maximum(x @ W1.T + b1, 0) * W2).sum(axis=1) + b2


@misconception("q2", hint="Samples with a single input are stretched to all columns of W1.")
def forward(x, W1, b1, W2, b2):
    """A single column of samples is broadcast."""
    if x.shape[1] not in (1, W1.shape[1]) or b1.shape != (len(W1),) or W2.shape != (len(W1),):
        raise ValueError("shapes")
    return np.maximum((x[:, np.newaxis, :] * W1).sum(axis=2) + b1, 0) @ W2 + b2


@misconception("q2", hint="Large batches are not read to their end.")
def forward(x, W1, b1, W2, b2):
    """At most forty samples, the others as the last."""
    if x.shape[1] != W1.shape[1] or b1.shape != (len(W1),) or W2.shape != (len(W1),):
        raise ValueError("shapes")
    x = x[np.minimum(np.arange(len(x)), 39)]
    return np.maximum(x @ W1.T + b1, 0) @ W2 + b2


# ---- q3: rescaling


@misconception(
    "q3", hint="The units switch on at another place than before. Which number sets that place?"
)
def rescale(W1, b1, W2, b2, a):
    """Hidden biases not scaled."""
    if np.shape(a) != (len(W1),) or (a <= 0).any():
        raise ValueError("factors")
    return W1 * a[:, None], b1, W2 / a, b2


@misconception("q3", hint="The hidden units are louder now. Who takes the factor back?")
def rescale(W1, b1, W2, b2, a):
    """Output weights not divided."""
    if np.shape(a) != (len(W1),) or (a <= 0).any():
        raise ValueError("factors")
    return W1 * a[:, None], b1 * a, W2, b2


@misconception("q3", hint="The factors enter the output squared instead of dropping out.")
def rescale(W1, b1, W2, b2, a):
    """Output weights multiplied as well."""
    if np.shape(a) != (len(W1),) or (a <= 0).any():
        raise ValueError("factors")
    return W1 * a[:, None], b1 * a, W2 * a, b2


@misconception(
    "q3", hint="The biases go the wrong way: what is inside the ReLU has to grow as a whole."
)
def rescale(W1, b1, W2, b2, a):
    """Hidden biases divided."""
    if np.shape(a) != (len(W1),) or (a <= 0).any():
        raise ValueError("factors")
    return W1 * a[:, None], b1 / a, W2 / a, b2


@misconception("q3", hint="Same function, but the rows are divided by the factors, not multiplied.")
def rescale(W1, b1, W2, b2, a):
    """The inverse: rows divided, output weights multiplied."""
    if np.shape(a) != (len(W1),) or (a <= 0).any():
        raise ValueError("factors")
    return W1 / a[:, None], b1 / a, W2 * a, b2


@misconception(
    "q3", hint="The output bias lies behind the hidden units. Does their scale concern it?"
)
def rescale(W1, b1, W2, b2, a):
    """Output bias divided, too."""
    if np.shape(a) != (len(W1),) or (a <= 0).any():
        raise ValueError("factors")
    return W1 * a[:, None], b1 * a, W2 / a, b2 / np.mean(a)


@misconception(
    "q3", hint="The factors run along the columns (inputs). They belong to the hidden units."
)
def rescale(W1, b1, W2, b2, a):
    """Columns of W1 scaled instead of rows."""
    if np.shape(a) != (len(W1),) or (a <= 0).any():
        raise ValueError("factors")
    return W1 * a, b1 * a, W2 / a, b2


@misconception("q3", hint="Same function, but every unit gets the same factor. Each has its own.")
def rescale(W1, b1, W2, b2, a):
    """The first factor for all units."""
    if np.shape(a) != (len(W1),) or (a <= 0).any():
        raise ValueError("factors")
    return W1 * a[0], b1 * a[0], W2 / a[0], b2


@misconception(
    "q3", hint="Same function, indeed: the weights are the old ones. W1 should be rescaled."
)
def rescale(W1, b1, W2, b2, a):
    """Returns the old weights."""
    if np.shape(a) != (len(W1),) or (a <= 0).any():
        raise ValueError("factors")
    return W1, b1, W2, b2


@misconception("q3", hint="Integer weights stay integers here and lose their decimals.")
def rescale(W1, b1, W2, b2, a):
    """New arrays of the old type: integers cut the decimals off."""
    if np.shape(a) != (len(W1),) or (a <= 0).any():
        raise ValueError("factors")
    new_W1, new_b1, new_W2 = W1.copy(), b1.copy(), W2.copy()
    for k in range(len(W1)):
        new_W1[k], new_b1[k], new_W2[k] = W1[k] * a[k], b1[k] * a[k], W2[k] / a[k]
    return new_W1, new_b1, new_W2, b2


@misconception("q3", hint="The new weights are right, but the old ones are overwritten.")
def rescale(W1, b1, W2, b2, a):
    """Works in place on the arguments."""
    if np.shape(a) != (len(W1),) or (a <= 0).any():
        raise ValueError("factors")
    new_W1, new_b1, new_W2 = W1 * a[:, None], b1 * a, W2 / a
    W1[:], b1[:], W2[:] = new_W1, new_b1, new_W2
    return new_W1, new_b1, new_W2, b2


@misconception(
    "q3", hint="Negative factors are accepted. Does relu(a z) = a relu(z) hold for them?"
)
def rescale(W1, b1, W2, b2, a):
    """Any factor is accepted."""
    if np.shape(a) != (len(W1),):
        raise ValueError("factors")
    return W1 * a[:, None], b1 * a, W2 / a, b2


@misconception("q3", hint="One bad factor among good ones slips through.")
def rescale(W1, b1, W2, b2, a):
    """Refuses only if no factor is positive."""
    if np.shape(a) != (len(W1),) or (a <= 0).all():
        raise ValueError("factors")
    return W1 * a[:, None], b1 * a, W2 / a, b2


@misconception(
    "q3", hint="A factor of zero slips through: it divides by zero and silences the unit."
)
def rescale(W1, b1, W2, b2, a):
    """Refuses negative factors, accepts zero."""
    if np.shape(a) != (len(W1),) or (a < 0).any():
        raise ValueError("factors")
    return W1 * a[:, None], b1 * a, W2 / a, b2


@misconception("q3", hint="A single factor is accepted for several units: NumPy broadcasts it.")
def rescale(W1, b1, W2, b2, a):
    """The number of factors is not checked."""
    if (a <= 0).any():
        raise ValueError("factors")
    return W1 * a[:, None], b1 * a, W2 / a, b2


@misconception(
    "q3",
    hint="The hidden layer is right, but all output weights are divided by the same number. Each unit has its own factor.",
)
def rescale(W1, b1, W2, b2, a):
    """Output weights divided by the mean of the factors."""
    a = np.asarray(a, dtype=float)
    if a.shape != (len(W1),) or not (a > 0).all():
        raise ValueError("a")
    return W1 * a[:, None], b1 * a, W2 / a.mean(), b2


@misconception(
    "q3", hint="The hidden layer is right, but each output weight takes its factor back twice."
)
def rescale(W1, b1, W2, b2, a):
    """Output weights divided by the square."""
    a = np.asarray(a, dtype=float)
    if a.shape != (len(W1),) or not (a > 0).all():
        raise ValueError("a")
    return W1 * a[:, None], b1 * a, W2 / a**2, b2


@misconception(
    "q3",
    hint="The function is kept, but the rows are multiplied by other factors than those that are asked for.",
)
def rescale(W1, b1, W2, b2, a):
    """Factors normalised to a sum of 1."""
    a = np.asarray(a, dtype=float)
    if a.shape != (len(W1),) or not (a > 0).all():
        raise ValueError("a")
    a = a / a.sum()
    return W1 * a[:, None], b1 * a, W2 / a, b2


@misconception("q3", hint="Negative factors are turned into positive ones silently.")
def rescale(W1, b1, W2, b2, a):
    """Absolute values of the factors; zero refused."""
    a = np.abs(np.asarray(a, dtype=float))
    if a.shape != (len(W1),) or (a == 0).any():
        raise ValueError("a")
    return W1 * a[:, None], b1 * a, W2 / a, b2


@misconception("q3", hint="Superfluous factors are left out silently. Is there one for each unit?")
def rescale(W1, b1, W2, b2, a):
    """Too many factors: the first are taken."""
    if len(a) < len(W1) or np.any(a <= 0):
        raise ValueError("factors")
    a = a[: len(W1)]
    return W1 * a[:, np.newaxis], b1 * a, W2 / a, b2


# ---- q4: a second network

wrong_values(
    "q4",
    title="The network of question 1 with its units exchanged",
    hint="Exchanging the hidden units gives the same network in another guise.",
    alt=([[1, 1], [1, 1]], [-1, 0], [-2, 1], 0),
)
wrong_values(
    "q4",
    title="The network of question 1, rescaled",
    hint="Rescaling as in question 3 gives the same network in another guise.",
    alt=([[2, 2], [0.5, 0.5]], [0, -0.5], [0.5, -4], 0),
)
wrong_values(
    "q4",
    title="The network of question 1 once more",
    hint="This is the network of question 1.",
    alt=([[1, 1], [1, 1]], [0, -1], [1, -2], 0),
)
wrong_values(
    "q4",
    title="The difference without its other sign",
    hint="A corner with the label 1 is missed: a ReLU keeps only one sign of a difference.",
    alt=([[1, -1], [1, -1]], [0, 0], [1, 0], 0),
)
wrong_values(
    "q4",
    title="Output bias forgotten",
    hint="All outputs are shifted by the same number.",
    alt=([[1, 1], [-1, -1]], [-1, 1], [-1, -1], 0),
)
wrong_values(
    "q4",
    title="The network of question 1 with a third, idle unit",
    hint="Two hidden units are asked for.",
    alt=([[1, 1], [1, 1], [1, 0]], [0, -1, 0], [1, -2, 0], 0),
)
wrong_values(
    "q4",
    title="The network of question 1 with one unit mirrored",
    hint="A negative factor is not a symmetry of a ReLU unit.",
    alt=([[1, 1], [-1, -1]], [0, 1], [1, 2], 0),
)


wrong_values(
    "q4",
    title="OR instead of XOR",
    hint="At (1, 1) this network gives 1: that is OR.",
    alt=([[1, 1], [1, 1]], [0, -1], [1, -1], 0),
)


wrong_values(
    "q4",
    title="The network of question 1 in another guise",
    hint="Up to positive factors and the order of its units this is your network of question 1.",
    recognised_by=lambda alt, **first: np.allclose(units(*alt), units(**first), atol=1e-3),
    W1=[[1, 1], [1, 1]],
    b1=[0, -1],
    W2=[1, -2],
    b2=0,
    alt=([[0.25, 0.25], [3, 3]], [-0.25, 0], [-8, 1 / 3], 0),
)
wrong_values(
    "q4",
    title="The right side of 1/2 at all corners",
    hint="All corners are on the right side of 1/2, but not at the values 0 and 1 themselves.",
    recognised_by=lambda alt: is_high_at(0, 1, 1, 0)(*alt) and not is_xor(*alt),
    alt=([[1, 1], [1, 1]], [0, -1], [1, -1.7], 0),
)
wrong_values(
    "q4",
    title="High where the inputs are equal",
    hint="Your second network is high where the inputs are equal. XOR asks for the opposite.",
    recognised_by=lambda alt: is_high_at(1, 0, 0, 1)(*alt),
    alt=([[1, -1], [-1, 1]], [0, 0], [-2, -2], 1),
)
wrong_values(
    "q4",
    title="One corner is on the wrong side of 1/2",
    hint="One corner is on the wrong side of 1/2. Which one? Work the four outputs out.",
    recognised_by=lambda alt: np.sum((outputs(*alt) > 0.5) != XOR) == 1,
    alt=([[1, -1], [1, 0]], [0, 0], [1, 0], 0),
)


# ---- q5: the best affine model

wrong_values(
    "q5",
    title="The sum of the inputs as a model",
    hint="At the minimum no small change lowers the loss. Change one weight and compare.",
    w_lin=[1.0, 1.0],
    b_lin=0.0,
)
wrong_values(
    "q5",
    title="Weights of one half",
    hint="Weigh the residuals with each input: do they add up to zero for these weights?",
    w_lin=[0.5, 0.5],
)
wrong_values(
    "q5",
    title="No bias",
    hint="At the minimum the residuals add up to zero. Do they with this bias?",
    b_lin=0.0,
)
wrong_values(
    "q5",
    title="Sum of squares instead of their mean",
    hint="This is the sum over the four corners; the loss is their mean.",
    mse_lin=1.0,
)
wrong_values(
    "q5",
    title="A factor of one half in the loss",
    hint="There is no factor of one half in this loss.",
    mse_lin=0.125,
)
wrong_values(
    "q5",
    title="Root mean square",
    hint="This is the root of the mean squared error.",
    mse_lin=0.5,
)
wrong_values(
    "q5",
    title="Accuracy of the model with the smallest error",
    hint="So accurate is the least-squares model. Another line may get more corners right.",
    acc_max=0.5,
)
wrong_values(
    "q5",
    title="All four corners",
    hint="A line that gets all four corners right would solve XOR.",
    acc_max=1.0,
)
wrong_values(
    "q5",
    title="Per cent instead of a fraction",
    hint="The accuracy is asked for as a fraction, not in per cent.",
    acc_max=75,
)
wrong_values(
    "q5",
    title="Three, the number of corners, instead of a fraction",
    hint="The accuracy is a fraction of the corners, not their number.",
    acc_max=3,
)


wrong_values(
    "q5",
    title="Variance divided by n - 1",
    hint="A mean over four corners divides by four: it is no estimate of a variance.",
    mse_lin=1 / 3,
)


# Any other numbers.
wrong_values(
    "q5",
    title="Other weights",
    hint="Weigh the residuals of your model with each input: do they add up to zero?",
    recognised_by=lambda w_lin: np.abs(w_lin).max() > 1e-3,
    w_lin=[0.3, -0.2],
)
wrong_values(
    "q5",
    title="Another bias",
    hint="At the minimum the residuals add up to zero. Do those of your model?",
    recognised_by=lambda b_lin: np.abs(b_lin - 0.5).max() > 1e-3,
    b_lin=0.4,
)
wrong_values(
    "q5",
    title="Another error",
    hint="Insert the best model: what are its four residuals, their squares, and their mean?",
    recognised_by=lambda mse_lin: np.abs(mse_lin - 0.25).max() > 1e-3,
    mse_lin=0.3,
)
wrong_values(
    "q5",
    title="Another accuracy",
    hint="There are four corners, so the accuracy is one of five fractions. Which lines get most?",
    recognised_by=lambda acc_max: np.abs(acc_max - 0.75).max() > 1e-3,
    acc_max=0.6,
)


# ---- q6: the whole board

wrong_values(
    "q6",
    title="The network of question 1, made for the corners 0 and 1",
    hint="This network is made for inputs 0 and 1; the board reaches from -1 to 1.",
    board=([[1, 1], [1, 1]], [0, -1], [1, -2], 0),
)
wrong_values(
    "q6",
    title="The opposite labels",
    hint="The output is positive where it should not be, and the other way round.",
    board=([[1, -1], [-1, 1], [1, 1], [-1, -1]], [0, 0, 0, 0], [-1, -1, 1, 1], 0),
)
wrong_values(
    "q6",
    title="XOR of 0 and 1 shifted and stretched to the board",
    hint="The four corners of the board are right. Look at the figure near the axes.",
    board=([[0.5, -0.5], [-0.5, 0.5]], [0, 0], [1, 1], -0.5),
)
wrong_values(
    "q6",
    title="One of the two label-1 quadrants only",
    hint="One quadrant with the label 1 is missed completely.",
    board=([[1, -1], [1, 1], [-1, -1]], [0, 0, 0], [1, -1, -1], 0),
)
wrong_values(
    "q6",
    title="A threshold of 1/2 kept in the output bias",
    hint="Points near the axes are wrong: the output is compared with 0 here, not with 1/2.",
    board=([[1, -1], [-1, 1], [1, 1], [-1, -1]], [0, 0, 0, 0], [1, 1, -1, -1], -0.5),
)
wrong_values(
    "q6",
    title="Ten hidden units",
    hint="At most eight hidden units are asked for.",
    board=(
        [[1, -1], [-1, 1], [1, 1], [-1, -1]] + [[1, 0]] * 6,
        [0] * 10,
        [1, 1, -1, -1] + [0] * 6,
        0,
    ),
)
wrong_values(
    "q6",
    title="W1 as (inputs, outputs)",
    hint="W1 has one row per hidden unit and one column per input.",
    board=([[1, -1, 1, -1], [-1, 1, 1, -1]], [0, 0, 0, 0], [1, 1, -1, -1], 0),
)
wrong_values(
    "q6",
    title="The output bias left out of the tuple",
    hint="Four weights are asked for; a bias of zero is one of them.",
    board=([[1, -1], [-1, 1], [1, 1], [-1, -1]], [0, 0, 0, 0], [1, 1, -1, -1]),
)


wrong_values(
    "q6",
    title="Weights rounded too coarsely",
    hint="Your network changes its mind on lines that are tilted against the axes.",
    board=([[1, -1], [-1, 1], [1, 1.6], [-1, -1.6]], [0, 0, 0, 0], [1, 1, -1, -1], 0),
)


wrong_values(
    "q6",
    title="Absolute values of the inputs, not of their sum and difference",
    hint="Your output depends on the sizes of the inputs, not on their signs. Which combinations of the inputs know the signs?",
    board=([[1, 0], [-1, 0], [0, 1], [0, -1]], [0, 0, 0, 0], [1, 1, -1, -1], 0),
)


GRID = np.stack(np.meshgrid(np.linspace(-0.975, 0.975, 40), np.linspace(-0.975, 0.975, 40)), -1)
GRID = GRID.reshape(-1, 2)
GRID = GRID[np.abs(GRID).min(axis=1) > 0.05]


def right_points(board):
    """Whether a network is right, at the points of a grid over the board."""
    W1, b1, W2, b2 = (np.array(part, dtype=float) for part in board)
    y = np.maximum(GRID @ W1.T + b1, 0) @ np.ravel(W2) + np.ravel(b2)[0]
    return (y > 0) == (GRID[:, 0] * GRID[:, 1] < 0)


def worst_quadrant(board):
    """The smallest part of right points in one of the four quadrants."""
    quadrant = (GRID > 0) @ [1, 2]
    return min(right_points(board)[quadrant == k].mean() for k in range(4))


wrong_values(
    "q6",
    title="Nearly all points are wrong",
    hint="Nearly all labels are the opposite ones: where should the output be positive?",
    recognised_by=lambda board: right_points(board).mean() < 0.1,
    board=([[2, -2], [-2, 2], [2, 2], [-2, -2]], [0, 0, 0, 0], [-1, -1, 1, 1], 0),
)
wrong_values(
    "q6",
    title="One quadrant is wrong",
    hint="At least one quadrant is wrong as a whole. Which hidden unit is on there?",
    recognised_by=lambda board: worst_quadrant(board) < 0.1,
    board=([[1, -1], [2, 2], [-2, -2]], [0, 0, 0], [1, -1, -1], 0),
)
wrong_values(
    "q6",
    title="Mistakes along the borders of the quadrants",
    hint="All quadrants are mostly right. The mistakes lie along their borders: where does your "
    "output change its sign?",
    recognised_by=lambda board: worst_quadrant(board) > 0.5,
    board=([[1, -1], [-1, 1], [1, 1.4], [-1, -1.4]], [0, 0, 0, 0], [1, 1, -1, -1], 0),
)
