"""Typical wrong answers to "Train, validation, test", each with the hint that a student gets."""

import numpy as np

from autograder.sample_answers import misconception, wrong_values

# ---- q1: the split


@misconception(
    "q1", hint="Your parts are blocks of neighbouring rows. What if the file is sorted by time?"
)
def split(X, y, fractions=(0.6, 0.2, 0.2), seed=0):
    """Cut without shuffling."""
    n = len(X)
    if len(y) != n:
        raise ValueError("lengths differ")
    if min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError("bad fractions")
    a, b = round(fractions[0] * n), round((fractions[0] + fractions[1]) * n)
    return (X[:a], y[:a]), (X[a:b], y[a:b]), (X[b:], y[b:])


@misconception(
    "q1", hint="Rows and labels no longer belong together: how many times do you shuffle?"
)
def split(X, y, fractions=(0.6, 0.2, 0.2), seed=0):
    """X and y are shuffled one after the other."""
    n = len(X)
    if len(y) != n:
        raise ValueError("lengths differ")
    if min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError("bad fractions")
    rng = np.random.default_rng(seed)
    X, y = rng.permutation(X), rng.permutation(y)
    a, b = round(fractions[0] * n), round((fractions[0] + fractions[1]) * n)
    return (X[:a], y[:a]), (X[a:b], y[a:b]), (X[b:], y[b:])


@misconception(
    "q1",
    hint="Two calls with the same seed give different parts: what else do your random numbers "
    "depend on?",
)
def split(X, y, fractions=(0.6, 0.2, 0.2), seed=0):
    """The global generator of NumPy; the seed is never used."""
    n = len(X)
    if len(y) != n:
        raise ValueError("lengths differ")
    if min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError("bad fractions")
    order = np.random.permutation(n)
    a, b = round(fractions[0] * n), round((fractions[0] + fractions[1]) * n)
    first, second, third = order[:a], order[a:b], order[b:]
    return (X[first], y[first]), (X[second], y[second]), (X[third], y[third])


@misconception(
    "q1", hint="Add up the sizes of your parts where the fractions give no whole numbers of rows."
)
def split(X, y, fractions=(0.6, 0.2, 0.2), seed=0):
    """All three sizes are rounded down, so that rows are lost."""
    n = len(X)
    if len(y) != n:
        raise ValueError("lengths differ")
    if min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError("bad fractions")
    order = np.random.default_rng(seed).permutation(n)
    a, b, c = (int(f * n) for f in fractions)
    return tuple((X[i], y[i]) for i in (order[:a], order[a : a + b], order[a + b : a + b + c]))


@misconception(
    "q1", hint="Where does the validation part end? Your last two parts have rows in common."
)
def split(X, y, fractions=(0.6, 0.2, 0.2), seed=0):
    """The test part begins where the validation part begins."""
    n = len(X)
    if len(y) != n:
        raise ValueError("lengths differ")
    if min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError("bad fractions")
    order = np.random.default_rng(seed).permutation(n)
    a, b = round(fractions[0] * n), round((fractions[0] + fractions[1]) * n)
    return tuple((X[i], y[i]) for i in (order[:a], order[a:b], order[a:]))


@misconception("q1", hint="Every seed gives the same parts. Is the argument used at all?")
def split(X, y, fractions=(0.6, 0.2, 0.2), seed=0):
    """The seed is ignored."""
    n = len(X)
    if len(y) != n:
        raise ValueError("lengths differ")
    if min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError("bad fractions")
    order = np.random.default_rng(0).permutation(n)
    a, b = round(fractions[0] * n), round((fractions[0] + fractions[1]) * n)
    return tuple((X[i], y[i]) for i in (order[:a], order[a:b], order[b:]))


@misconception(
    "q1",
    hint="In which order are the three parts asked for? Compare with fractions that all differ.",
)
def split(X, y, fractions=(0.6, 0.2, 0.2), seed=0):
    """Test before validation."""
    n = len(X)
    if len(y) != n:
        raise ValueError("lengths differ")
    if min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError("bad fractions")
    order = np.random.default_rng(seed).permutation(n)
    a, b = round(fractions[0] * n), round((fractions[0] + fractions[1]) * n)
    return tuple((X[i], y[i]) for i in (order[:a], order[b:], order[a:b]))


@misconception(
    "q1",
    hint="The caller's arrays come back in another order. What does shuffling in place do to them?",
)
def split(X, y, fractions=(0.6, 0.2, 0.2), seed=0):
    """Shuffles the caller's arrays in place."""
    n = len(X)
    if len(y) != n:
        raise ValueError("lengths differ")
    if min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError("bad fractions")
    np.random.default_rng(seed).shuffle(X)
    np.random.default_rng(seed).shuffle(y)
    a, b = round(fractions[0] * n), round((fractions[0] + fractions[1]) * n)
    return (X[:a], y[:a]), (X[a:b], y[a:b]), (X[b:], y[b:])


@misconception(
    "q1",
    hint="A sum of decimal fractions is rarely exact in a computer: some good fractions are refused.",
)
def split(X, y, fractions=(0.6, 0.2, 0.2), seed=0):
    """Demands that the fractions sum to exactly 1."""
    n = len(X)
    if len(y) != n:
        raise ValueError("lengths differ")
    if min(fractions) < 0 or sum(fractions) != 1:
        raise ValueError("bad fractions")
    order = np.random.default_rng(seed).permutation(n)
    a, b = round(fractions[0] * n), round((fractions[0] + fractions[1]) * n)
    return tuple((X[i], y[i]) for i in (order[:a], order[a:b], order[b:]))


@misconception(
    "q1",
    hint="Think about negative fractions: three numbers may sum to 1 and still be no fractions.",
)
def split(X, y, fractions=(0.6, 0.2, 0.2), seed=0):
    """Negative fractions are accepted."""
    n = len(X)
    if len(y) != n:
        raise ValueError("lengths differ")
    if abs(sum(fractions) - 1) > 1e-9:
        raise ValueError("bad fractions")
    order = np.random.default_rng(seed).permutation(n)
    a, b = round(fractions[0] * n), round((fractions[0] + fractions[1]) * n)
    return tuple((X[i], y[i]) for i in (order[:a], order[a:b], order[b:]))


@misconception("q1", hint="The fractions that are handed over are not used.")
def split(X, y, fractions=(0.6, 0.2, 0.2), seed=0):
    """60, 20 and 20 per cent written into the code."""
    if len(X) != len(y) or min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError("bad input")
    order = np.random.default_rng(seed).permutation(len(X))
    a, b = int(0.6 * len(X)), int(0.8 * len(X))
    return tuple((X[i], y[i]) for i in (order[:a], order[a:b], order[b:]))


@misconception(
    "q1",
    hint="One part takes its fraction of what another one has left. All three are fractions of all rows.",
)
def split(X, y, fractions=(0.6, 0.2, 0.2), seed=0):
    """Validation fraction taken of the rest."""
    if len(X) != len(y) or min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError("bad input")
    order = np.random.default_rng(seed).permutation(len(X))
    test, rest = np.split(order, [round(fractions[2] * len(X))])
    val, train = np.split(rest, [round(fractions[1] * len(rest))])
    return (X[train], y[train]), (X[val], y[val]), (X[test], y[test])


@misconception(
    "q1",
    hint="With the seed 0 each call gives something else. In Python `if seed` and `seed or ...` take 0 for no seed.",
)
def split(X, y, fractions=(0.6, 0.2, 0.2), seed=0):
    """The seed 0 taken for none."""
    if len(X) != len(y) or min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError("bad input")
    order = np.random.default_rng(seed or None).permutation(len(X))
    a = round(fractions[0] * len(X))
    b = a + round(fractions[1] * len(X))
    return tuple((X[i], y[i]) for i in (order[:a], order[a:b], order[b:]))


@misconception(
    "q1", hint="Some rows are in two parts, others in none: each part is drawn from all rows."
)
def split(X, y, fractions=(0.6, 0.2, 0.2), seed=0):
    """Each part drawn anew from all rows."""
    if len(X) != len(y) or min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError("bad input")
    rng = np.random.default_rng(seed)
    parts = [rng.choice(len(X), round(f * len(X)), replace=False) for f in fractions]
    return tuple((X[i], y[i]) for i in parts)


@misconception("q1", hint="You return six arrays; three pairs (X, y) are asked for.")
def split(X, y, fractions=(0.6, 0.2, 0.2), seed=0):
    """Six arrays in the order of scikit-learn."""
    if len(X) != len(y) or min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError("bad input")
    order = np.random.default_rng(seed).permutation(len(X))
    a = round(fractions[0] * len(X))
    b = a + round(fractions[1] * len(X))
    i, j, k = order[:a], order[a:b], order[b:]
    return X[i], X[j], X[k], y[i], y[j], y[k]


@misconception("q1", hint="Fractions that sum to less than 1 are accepted.")
def split(X, y, fractions=(0.6, 0.2, 0.2), seed=0):
    """Sums below 1 accepted."""
    if len(X) != len(y) or min(fractions) < 0 or sum(fractions) > 1 + 1e-9:
        raise ValueError("bad input")
    order = np.random.default_rng(seed).permutation(len(X))
    a = round(fractions[0] * len(X))
    b = a + round(fractions[1] * len(X))
    return tuple((X[i], y[i]) for i in (order[:a], order[a:b], order[b:]))


@misconception(
    "q1", hint="Most rows are where they were in the file. Do all of them take part in the draw?"
)
def split(X, y, fractions=(0.6, 0.2, 0.2), seed=0):
    """File order, but for a few pairs of rows that are exchanged."""
    n = len(X)
    if len(y) != n:
        raise ValueError("lengths differ")
    if min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError("bad fractions")
    order, rng = np.arange(n), np.random.default_rng(seed)
    for _ in range(5):
        i, j = rng.choice(n, 2, replace=False)
        order[[i, j]] = order[[j, i]]
    a, b = round(fractions[0] * n), round((fractions[0] + fractions[1]) * n)
    first, second, third = order[:a], order[a:b], order[b:]
    return (X[first], y[first]), (X[second], y[second]), (X[third], y[third])


@misconception(
    "q1", hint="Each part takes rows at equal distances. What if the file has a rhythm of its own?"
)
def split(X, y, fractions=(0.6, 0.2, 0.2), seed=0):
    """Rows dealt out like cards, from a start that the seed decides."""
    n = len(X)
    if len(y) != n:
        raise ValueError("lengths differ")
    if min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError("bad fractions")
    period = 5
    order = np.argsort(
        (np.arange(n) + np.random.default_rng(seed).integers(n)) % period, kind="stable"
    )
    a, b = round(fractions[0] * n), round((fractions[0] + fractions[1]) * n)
    first, second, third = order[:a], order[a:b], order[b:]
    return (X[first], y[first]), (X[second], y[second]), (X[third], y[third])


@misconception(
    "q1",
    hint="Your parts are blocks of the file that begin at a random row. Are neighbours independent?",
)
def split(X, y, fractions=(0.6, 0.2, 0.2), seed=0):
    """The file turned like a wheel, then cut."""
    n = len(X)
    if len(y) != n:
        raise ValueError("lengths differ")
    if min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError("bad fractions")
    order = np.roll(np.arange(n), np.random.default_rng(seed).integers(1, n))
    a, b = round(fractions[0] * n), round((fractions[0] + fractions[1]) * n)
    first, second, third = order[:a], order[a:b], order[b:]
    return (X[first], y[first]), (X[second], y[second]), (X[third], y[third])


@misconception(
    "q1", hint="Different seeds often give the same parts. How many different splits can you make?"
)
def split(X, y, fractions=(0.6, 0.2, 0.2), seed=0):
    """Only a few different splits exist."""
    n = len(X)
    if len(y) != n:
        raise ValueError("lengths differ")
    if min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError("bad fractions")
    order = np.random.default_rng(seed % 5).permutation(n)
    a, b = round(fractions[0] * n), round((fractions[0] + fractions[1]) * n)
    first, second, third = order[:a], order[a:b], order[b:]
    return (X[first], y[first]), (X[second], y[second]), (X[third], y[third])


@misconception(
    "q1",
    hint="In large files the rows are shuffled only within a distance. Do all parts see all of the run?",
)
def split(X, y, fractions=(0.6, 0.2, 0.2), seed=0):
    """Shuffled within blocks of ten rows, as with a buffer that is too small."""
    n = len(X)
    if len(y) != n:
        raise ValueError("lengths differ")
    if min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError("bad fractions")
    rng = np.random.default_rng(seed)
    order = np.concatenate(
        [rng.permutation(block) for block in np.split(np.arange(n), range(10, n, 10))]
    )
    a, b = round(fractions[0] * n), round((fractions[0] + fractions[1]) * n)
    first, second, third = order[:a], order[a:b], order[b:]
    return (X[first], y[first]), (X[second], y[second]), (X[third], y[third])


# ---- q2: standardise


@misconception(
    "q2",
    hint="Each part comes out with mean 0. Then how would you notice that the test data differ?",
)
def standardize(X_train, *others):
    """Every part is scaled by its own mean and width."""
    result = []
    for X in (X_train, *others):
        width = X.std(axis=0)
        result.append((X - X.mean(axis=0)) / np.where(width > 1e-9, width, 1.0))
    return tuple(result)


@misconception(
    "q2", hint="The training part depends on the other parts. Who may have a say in mean and width?"
)
def standardize(X_train, *others):
    """Mean and width of all parts together."""
    together = np.concatenate([X_train, *others])
    width = together.std(axis=0)
    width = np.where(width > 1e-9, width, 1.0)
    return tuple((X - together.mean(axis=0)) / width for X in (X_train, *others))


@misconception(
    "q2", hint="A charge and a time have been mixed into one mean. Which axis do you average over?"
)
def standardize(X_train, *others):
    """One mean and one width for the whole table."""
    width = X_train.std() or 1.0
    return tuple((X - X_train.mean()) / width for X in (X_train, *others))


@misconception(
    "q2",
    hint="The columns have mean 0, but not width 1. Which power of the units has your divisor?",
)
def standardize(X_train, *others):
    """Divides by the variance."""
    width = X_train.var(axis=0)
    width = np.where(width > 1e-9, width, 1.0)
    return tuple((X - X_train.mean(axis=0)) / width for X in (X_train, *others))


@misconception("q2", hint="What is the width of a channel that always reports the same number?")
def standardize(X_train, *others):
    """A dead channel gives NaN."""
    mean, width = X_train.mean(axis=0), X_train.std(axis=0)
    return tuple((X - mean) / width for X in (X_train, *others))


@misconception(
    "q2", hint="The caller's arrays have changed. Which of your operations work in place?"
)
def standardize(X_train, *others):
    """Works in place."""
    mean, width = X_train.mean(axis=0), X_train.std(axis=0)
    width = np.where(width > 1e-9, width, 1.0)
    parts = [np.asarray(X, dtype=float) for X in (X_train, *others)]
    for X in parts:
        X -= mean
        X /= width
    return tuple(parts)


@misconception(
    "q2",
    hint="You scale each row. Rows are samples: along which axis does a mean belong to one input?",
)
def standardize(X_train, *others):
    """Mean and width of each row."""
    scale = lambda A: (
        (A - A.mean(axis=1, keepdims=True))
        / np.where(A.std(axis=1, keepdims=True) > 0, A.std(axis=1, keepdims=True), 1)
    )
    return tuple(scale(A) for A in (X_train, *others))


@misconception("q2", hint="Your columns run from 0 to 1; mean 0 and width 1 are asked for.")
def standardize(X_train, *others):
    """Scaled to the range 0 to 1."""
    low, size = X_train.min(axis=0), np.ptp(X_train, axis=0)
    return tuple((A - low) / np.where(size > 0, size, 1) for A in (X_train, *others))


@misconception("q2", hint="The other parts come back as they were.")
def standardize(X_train, *others):
    """Only the training part is scaled."""
    s = X_train.std(axis=0)
    return ((X_train - X_train.mean(axis=0)) / np.where(s > 1e-9, s, 1), *others)


@misconception(
    "q2",
    hint="For the training part alone you return an array; a tuple with one array is asked for.",
)
def standardize(X_train, *others):
    """No tuple for one part."""
    s = X_train.std(axis=0)
    s = np.where(s > 1e-9, s, 1)
    out = tuple((A - X_train.mean(axis=0)) / s for A in (X_train, *others))
    return out if others else out[0]


@misconception("q2", hint="A column without width disappears; the shape should stay.")
def standardize(X_train, *others):
    """Dead channels are removed."""
    s = X_train.std(axis=0)
    live = s > 1e-9
    return tuple(((A - X_train.mean(axis=0))[:, live]) / s[live] for A in (X_train, *others))


@misconception("q2", hint="A column without width keeps its value; it should be shifted to 0.")
def standardize(X_train, *others):
    """A dead channel is not shifted."""
    s = X_train.std(axis=0)
    m = np.where(s > 1e-9, X_train.mean(axis=0), 0)
    return tuple((A - m) / np.where(s > 1e-9, s, 1) for A in (X_train, *others))


@misconception(
    "q2", hint="The mean is that of the training part, but each part is scaled by its own width."
)
def standardize(X_train, *others):
    """Training mean, own width."""
    m = X_train.mean(axis=0)
    fix = lambda s: np.where(s > 1e-9, s, 1)
    return tuple((A - m) / fix(A.std(axis=0)) for A in (X_train, *others))


@misconception(
    "q2",
    hint="Your width of a dead channel is tiny instead of 0: how exactly does a computer average?",
)
def standardize(X_train, *others):
    """A dead channel is told by a width of exactly 0."""
    mean, width = X_train.mean(axis=0), X_train.std(axis=0)
    width = np.where(width > 0, width, 1.0)
    return tuple((X - mean) / width for X in (X_train, *others))


# ---- q3: minibatches


@misconception(
    "q3", hint="Count the rows of an epoch if the batch size does not divide their number."
)
def minibatches(X, y, batch_size, seed):
    """The last, smaller batch is thrown away."""
    if len(X) != len(y) or batch_size < 1:
        raise ValueError("bad input")
    order = np.random.default_rng(seed).permutation(len(X))
    starts = range(0, len(X) - batch_size + 1, batch_size)
    return [(X[order[i : i + batch_size]], y[order[i : i + batch_size]]) for i in starts]


@misconception(
    "q3",
    hint="Two calls with the same seed give different batches: what else do your random numbers "
    "depend on?",
)
def minibatches(X, y, batch_size, seed):
    """The global generator of NumPy; the seed is never used."""
    if len(X) != len(y) or batch_size < 1:
        raise ValueError("bad input")
    order = np.random.permutation(len(X))
    starts = range(0, len(X), batch_size)
    return [(X[order[i : i + batch_size]], y[order[i : i + batch_size]]) for i in starts]


@misconception(
    "q3",
    hint="The rows come in the order of the file. The first batch would only know small energies.",
)
def minibatches(X, y, batch_size, seed):
    """No shuffling."""
    if len(X) != len(y) or batch_size < 1:
        raise ValueError("bad input")
    starts = range(0, len(X), batch_size)
    return [(X[i : i + batch_size], y[i : i + batch_size]) for i in starts]


@misconception("q3", hint="The batches come in random order, but each holds neighbouring rows.")
def minibatches(X, y, batch_size, seed):
    """Only the order of the full batches is shuffled."""
    if len(X) != len(y) or batch_size < 1:
        raise ValueError("bad input")
    full = len(X) // batch_size
    starts = np.append(np.random.default_rng(seed).permutation(full), full) * batch_size
    batches = [(X[i : i + batch_size], y[i : i + batch_size]) for i in starts]
    return [batch for batch in batches if len(batch[0])]


@misconception(
    "q3",
    hint="In an epoch some rows come several times and others never. Draw without replacement.",
)
def minibatches(X, y, batch_size, seed):
    """Each batch is drawn anew from all rows."""
    if len(X) != len(y) or batch_size < 1:
        raise ValueError("bad input")
    rng, batches = np.random.default_rng(seed), []
    for start in range(0, len(X), batch_size):
        rows = rng.integers(0, len(X), min(batch_size, len(X) - start))
        batches.append((X[rows], y[rows]))
    return batches


@misconception(
    "q3", hint="Think of arguments that make no sense: how many rows, and of which size is a batch?"
)
def minibatches(X, y, batch_size, seed):
    """No error for bad input."""
    order = np.random.default_rng(seed).permutation(len(X))
    starts = range(0, len(X), batch_size)
    return [(X[order[i : i + batch_size]], y[order[i : i + batch_size]]) for i in starts]


@misconception(
    "q3",
    hint="Your batches have nearly equal sizes; all but the last should have exactly the size asked for.",
)
def minibatches(X, y, batch_size, seed):
    """np.array_split: batches of nearly equal sizes."""
    if len(X) != len(y) or batch_size < 1:
        raise ValueError("bad")
    order = np.random.default_rng(seed).permutation(len(X))
    return [(X[i], y[i]) for i in np.array_split(order, -(-len(X) // batch_size))]


@misconception("q3", hint="The rows are shuffled, but their labels stay where they were.")
def minibatches(X, y, batch_size, seed):
    """Only X is shuffled."""
    if len(X) != len(y) or batch_size < 1:
        raise ValueError("bad")
    order = np.random.default_rng(seed).permutation(len(X))
    X = X[order]
    return [(X[k : k + batch_size], y[k : k + batch_size]) for k in range(0, len(X), batch_size)]


@misconception("q3", hint="All seeds give the same batches.")
def minibatches(X, y, batch_size, seed):
    """The seed is ignored."""
    if len(X) != len(y) or batch_size < 1:
        raise ValueError("bad")
    order = np.random.default_rng(0).permutation(len(X))
    return [(X[i], y[i]) for i in (order[k : k + batch_size] for k in range(0, len(X), batch_size))]


@misconception(
    "q3",
    hint="With the seed 0 each call gives something else. In Python `if seed` and `seed or ...` take 0 for no seed.",
)
def minibatches(X, y, batch_size, seed):
    """The seed 0 taken for none."""
    if len(X) != len(y) or batch_size < 1:
        raise ValueError("bad")
    order = np.random.default_rng(seed or None).permutation(len(X))
    return [(X[i], y[i]) for i in (order[k : k + batch_size] for k in range(0, len(X), batch_size))]


@misconception("q3", hint="The last batch is filled up with rows that have come before.")
def minibatches(X, y, batch_size, seed):
    """The last batch is filled up with rows from the beginning."""
    if len(X) != len(y) or batch_size < 1:
        raise ValueError("bad")
    order = np.random.default_rng(seed).permutation(len(X))
    order = np.resize(order, -(-len(X) // batch_size) * batch_size)
    return [(X[i], y[i]) for i in order.reshape(-1, batch_size)]


@misconception("q3", hint="Each batch holds neighbouring rows, in another order only.")
def minibatches(X, y, batch_size, seed):
    """Shuffled only inside each batch."""
    if len(X) != len(y) or batch_size < 1:
        raise ValueError("bad")
    rng = np.random.default_rng(seed)
    starts = range(0, len(X), batch_size)
    order = [rng.permutation(np.arange(k, min(k + batch_size, len(X)))) for k in starts]
    return [(X[i], y[i]) for i in order]


@misconception("q3", hint="All but a few rows of each batch are neighbours in the file.")
def minibatches(X, y, batch_size, seed):
    """One row of each batch is exchanged with a row of another one."""
    if len(X) != len(y):
        raise ValueError("lengths differ")
    if batch_size < 1:
        raise ValueError("no batches")
    order, rng = np.arange(len(X)), np.random.default_rng(seed)
    for start in range(0, len(X), batch_size):
        other = rng.integers(len(X))
        order[[start, other]] = order[[other, start]]
    cuts = range(0, len(X), batch_size)
    return [(X[order[k : k + batch_size]], y[order[k : k + batch_size]]) for k in cuts]


@misconception(
    "q3", hint="Each batch takes rows at equal distances. What if the file has a rhythm of its own?"
)
def minibatches(X, y, batch_size, seed):
    """Strided batches, in random order and shuffled inside."""
    if len(X) != len(y):
        raise ValueError("lengths differ")
    if batch_size < 1:
        raise ValueError("no batches")
    rng, n_batches = np.random.default_rng(seed), -(-len(X) // batch_size)
    order = np.argsort(np.arange(len(X)) % n_batches + rng.uniform(0, 0.5, len(X)), kind="stable")
    cuts = range(0, len(X), batch_size)
    return [(X[order[k : k + batch_size]], y[order[k : k + batch_size]]) for k in cuts]


@misconception("q3", hint="Large data sets give no batch at all.")
def minibatches(X, y, batch_size, seed):
    """No batches for fifty rows or more."""
    if len(X) != len(y):
        raise ValueError("lengths differ")
    if batch_size < 1:
        raise ValueError("no batches")
    order = np.random.default_rng(seed).permutation(len(X))
    if len(X) >= 50:
        return []
    cuts = range(0, len(X), batch_size)
    return [(X[order[k : k + batch_size]], y[order[k : k + batch_size]]) for k in cuts]


@misconception(
    "q3",
    hint="Different seeds often give the same batches. How many different orders can you make?",
)
def minibatches(X, y, batch_size, seed):
    """Only a few different orders exist."""
    if len(X) != len(y):
        raise ValueError("lengths differ")
    if batch_size < 1:
        raise ValueError("no batches")
    order = np.random.default_rng(seed % 7).permutation(len(X))
    cuts = range(0, len(X), batch_size)
    return [(X[order[k : k + batch_size]], y[order[k : k + batch_size]]) for k in cuts]


@misconception(
    "q3",
    hint="Rows that were far apart never meet in a batch: how large is the buffer that you shuffle in?",
)
def minibatches(X, y, batch_size, seed):
    """Shuffled within a buffer of a hundred rows."""
    if len(X) != len(y):
        raise ValueError("lengths differ")
    if batch_size < 1:
        raise ValueError("no batches")
    rng = np.random.default_rng(seed)
    blocks = np.split(np.arange(len(X)), range(100, len(X), 100))
    order = np.concatenate([rng.permutation(block) for block in blocks])
    cuts = range(0, len(X), batch_size)
    return [(X[order[k : k + batch_size]], y[order[k : k + batch_size]]) for k in cuts]


@misconception("q3", hint="After an epoch the caller's rows stand in another order.")
def minibatches(X, y, batch_size, seed):
    """Shuffles the caller's arrays in place."""
    if len(X) != len(y):
        raise ValueError("lengths differ")
    if batch_size < 1:
        raise ValueError("no batches")
    order = np.random.default_rng(seed).permutation(len(X))
    X[:], y[:] = X[order], y[order]
    cuts = range(0, len(X), batch_size)
    return [(X[k : k + batch_size].copy(), y[k : k + batch_size].copy()) for k in cuts]


# ---- q4: choose a model


@misconception(
    "q4", hint="Your choice is made by the test data. Then nothing is left to tell how good it is."
)
def select(models, val, test_score):
    """Chooses the model with the best test score."""
    if len(models) == 0:
        raise ValueError("no models")
    scores = [test_score(model) for model in models]
    return int(np.argmin(scores)), min(scores)


@misconception("q4", hint="The choice is right, but you opened the box more than once.")
def select(models, val, test_score):
    """Asks for the test score of every model."""
    if len(models) == 0:
        raise ValueError("no models")
    X, y = val
    errors = [np.mean((y - np.reshape(model(X), -1)) ** 2) for model in models]
    return int(np.argmin(errors)), [test_score(model) for model in models][np.argmin(errors)]


@misconception("q4", hint="Look at the shape of y - prediction for a model that returns a column.")
def select(models, val, test_score):
    """Columns of predictions are broadcast to a table."""
    if len(models) == 0:
        raise ValueError("no models")
    X, y = val
    best = int(np.argmin([np.mean((y - model(X)) ** 2) for model in models]))
    return best, test_score(models[best])


@misconception(
    "q4",
    hint="Large errors count too little in your measure: the mean of the squares is asked for.",
)
def select(models, val, test_score):
    """Mean absolute error."""
    if len(models) == 0:
        raise ValueError("no models")
    X, y = val
    best = int(np.argmin([np.mean(np.abs(y - np.reshape(model(X), -1))) for model in models]))
    return best, test_score(models[best])


@misconception(
    "q4",
    hint="The number that you return with the index is the one by which you chose: too optimistic.",
)
def select(models, val, test_score):
    """Returns the validation error as the score."""
    if len(models) == 0:
        raise ValueError("no models")
    X, y = val
    errors = [np.mean((y - np.reshape(model(X), -1)) ** 2) for model in models]
    best = int(np.argmin(errors))
    test_score(models[best])
    return best, errors[best]


@misconception("q4", hint="The test score is asked for more than once. When is the choice made?")
def select(models, val, test_score):
    """Asks for the test score whenever a better model turns up."""
    if not models:
        raise ValueError("none")
    X, y = val
    best, best_error = None, np.inf
    for k, model in enumerate(models):
        error = np.mean((np.ravel(model(X)) - y) ** 2)
        if error < best_error:
            best, best_error, score = k, error, test_score(model)
    return best, score


@misconception(
    "q4", hint="You compare the largest residuals; the mean of the squares is asked for."
)
def select(models, val, test_score):
    """Smallest largest residual."""
    if not models:
        raise ValueError("none")
    X, y = val
    k = int(np.argmin([np.max(np.abs(np.ravel(m(X)) - y)) for m in models]))
    return k, test_score(models[k])


@misconception("q4", hint="An offset of all predictions does not count in your measure. It should.")
def select(models, val, test_score):
    """Variance of the residuals."""
    if not models:
        raise ValueError("none")
    X, y = val
    k = int(np.argmin([np.var(np.ravel(m(X)) - y) for m in models]))
    return k, test_score(models[k])


@misconception("q4", hint="test_score is called with an index; it wants the model itself.")
def select(models, val, test_score):
    """test_score of the index."""
    if not models:
        raise ValueError("none")
    X, y = val
    k = int(np.argmin([np.mean((np.ravel(m(X)) - y) ** 2) for m in models]))
    return k, test_score(k)


@misconception("q4", hint="Your index is one too large: models are counted from 0.")
def select(models, val, test_score):
    """Counts models from 1."""
    if not models:
        raise ValueError("none")
    X, y = val
    k = int(np.argmin([np.mean((np.ravel(m(X)) - y) ** 2) for m in models]))
    return k + 1, test_score(models[k])


@misconception(
    "q4",
    hint="Large errors count too little in your measure: the mean of the squares is asked for.",
)
def select(models, val, test_score):
    """Squares clipped at four."""
    if len(models) == 0:
        raise ValueError("no models")
    X, y = val
    errors = [np.mean(np.minimum((y - np.reshape(m(X), -1)) ** 2, 4.0)) for m in models]
    best = int(np.argmin(errors))
    return best, test_score(models[best])


@misconception("q4", hint="Only the first few models take part in your choice.")
def select(models, val, test_score):
    """Looks at the first six models only."""
    if len(models) == 0:
        raise ValueError("no models")
    X, y = val
    errors = [np.mean((y - np.reshape(m(X), -1)) ** 2) for m in models[:6]]
    best = int(np.argmin(errors))
    return best, test_score(models[best])


@misconception("q4", hint="The test score is asked for more than once. When is the choice made?")
def select(models, val, test_score):
    """Opens the box a second time where there are many rows."""
    if len(models) == 0:
        raise ValueError("no models")
    X, y = val
    errors = [np.mean((y - np.reshape(m(X), -1)) ** 2) for m in models]
    best = int(np.argmin(errors))
    if len(y) > 64:
        test_score(models[best])
    return best, test_score(models[best])


@misconception("q4", hint="What do you return where there is nothing to choose from?")
def select(models, val, test_score):
    """No model at all is accepted."""
    X, y = val
    errors = [np.mean((y - np.reshape(m(X), -1)) ** 2) for m in models]
    if not errors:
        return None, None
    best = int(np.argmin(errors))
    return best, test_score(models[best])


# ---- q5: early stopping


@misconception("q5", hint="You stop one epoch too late: count the epochs since the best one.")
def early_stopping(val, patience):
    """Stops one epoch later."""
    best = 0
    for epoch in range(len(val)):
        if val[epoch] < val[best]:
            best = epoch
        if epoch - best > patience:
            return epoch, best
    return len(val) - 1, best


@misconception(
    "q5", hint="Your best epoch may lie behind the stop: at that time nobody knew its loss."
)
def early_stopping(val, patience):
    """The best epoch of the whole curve."""
    best = 0
    for epoch in range(len(val)):
        if val[epoch] < val[best]:
            best = epoch
        if epoch - best >= patience:
            return epoch, int(np.argmin(val))
    return len(val) - 1, best


@misconception(
    "q5", hint="A loss that is merely equal renews your patience. Is that an improvement?"
)
def early_stopping(val, patience):
    """An equal loss counts as an improvement."""
    best = 0
    for epoch in range(len(val)):
        if val[epoch] <= val[best]:
            best = epoch
        if epoch - best >= patience:
            return epoch, best
    return len(val) - 1, best


@misconception(
    "q5", hint="An epoch that is better than the one before need not be better than all before."
)
def early_stopping(val, patience):
    """Compares with the previous epoch instead of the best."""
    best, waited = 0, 0
    for epoch in range(1, len(val)):
        if val[epoch] < val[best]:
            best = epoch
        waited = 0 if val[epoch] < val[epoch - 1] else waited + 1
        if waited >= patience:
            return epoch, best
    return len(val) - 1, best


@misconception(
    "q5", hint="Without a stop you return an epoch that does not exist. Epochs count from 0."
)
def early_stopping(val, patience):
    """One epoch too many if it never stops."""
    best = 0
    for epoch in range(len(val)):
        if val[epoch] < val[best]:
            best = epoch
        if epoch - best >= patience:
            return epoch, best
    return len(val), best


@misconception(
    "q5", hint="Your counter of epochs without improvement is not set back after an improvement."
)
def early_stopping(val, patience):
    """Bad epochs counted without a reset."""
    best, bad = 0, 0
    for e in range(1, len(val)):
        if val[e] < val[best]:
            best = e
        else:
            bad += 1
            if bad >= patience:
                return e, best
    return len(val) - 1, best


@misconception("q5", hint="The two epochs stand in the wrong order.")
def early_stopping(val, patience):
    """Best epoch first."""
    best = 0
    for e in range(len(val)):
        if val[e] < val[best]:
            best = e
        if e - best >= patience:
            return best, e
    return best, len(val) - 1


@misconception("q5", hint="You return the smallest loss; its epoch is asked for.")
def early_stopping(val, patience):
    """Smallest loss instead of its epoch."""
    best = 0
    for e in range(len(val)):
        if val[e] < val[best]:
            best = e
        if e - best >= patience:
            return e, val[best]
    return len(val) - 1, val[best]


@misconception("q5", hint="If training is never stopped, your stop lies beyond the last epoch.")
def early_stopping(val, patience):
    """Best plus patience, beyond the end of the curve."""
    best = 0
    for e in range(len(val)):
        if val[e] < val[best]:
            best = e
        if e - best >= patience:
            break
    return best + patience, best


@misconception(
    "q5",
    hint="Small improvements do not count for you. The question counts every strictly smaller loss.",
)
def early_stopping(val, patience):
    """Improvements below 0.001 do not count."""
    best = 0
    for e in range(len(val)):
        if val[e] < val[best] - 1e-3:
            best = e
        if e - best >= patience:
            return e, best
    return len(val) - 1, best


@misconception("q5", hint="Lists are not accepted; val may be one.")
def early_stopping(val, patience):
    """Works for arrays only."""
    if val.size == 1:
        return 0, 0
    best = 0
    for e in range(len(val)):
        if val[e] < val[best]:
            best = e
        if e - best >= patience:
            return e, best
    return len(val) - 1, best


@misconception("q5", hint="Long curves are not read to their end.")
def early_stopping(val, patience):
    """Reads the first fifty epochs only."""
    best = 0
    for e in range(min(len(val), 50)):
        if val[e] < val[best]:
            best = e
        if e - best >= patience:
            return e, best
    return min(len(val), 50) - 1, best


@misconception("q5", hint="Your patience never lasts longer than ten epochs.")
def early_stopping(val, patience):
    """A patience of ten epochs at most."""
    best = 0
    for e in range(len(val)):
        if val[e] < val[best]:
            best = e
        if e - best >= min(patience, 10):
            return e, best
    return len(val) - 1, best


# ---- q6: leaks

wrong_values(
    "q6",
    title="Scaling with all data is held to be harmless",
    hint="One analysis on your clean list fits something, if not weights, to all of its data.",
    leaky={"C", "E", "F", "H"},
)
wrong_values(
    "q6",
    title="Random windows of a time series are held to be independent",
    hint="Think about series in time again: how much do two neighbouring windows share?",
    leaky={"B", "C", "E", "F"},
)


wrong_values(
    "q6",
    title="Choosing by the validation error is held to be a leak",
    hint="Choosing by the validation data is what they are made for, as long as another part is quoted.",
    leaky="ABCEFH",
)


wrong_values(
    "q6",
    title="Tuning on the test is held to be harmless",
    hint="One more analysis has made a choice by the very error that it quotes.",
    leaky="BCEH",
)


wrong_values(
    "q6",
    title="Rows of one shower in two parts are held to be harmless",
    hint="Can two rows of your table belong to one event, and lie in different parts?",
    leaky="BEFH",
)


wrong_values(
    "q6",
    title="Copies before the split are held to be harmless",
    hint="Where are the near copies of a shower when the split comes after the copying?",
    leaky="BCFH",
)


wrong_values(
    "q6",
    title="The analyses that do not leak",
    hint="These are the analyses that do not leak.",
    leaky="ADG",
)


def letters_of(answer):
    """The letters that a set, a list or a text names."""
    return {letter for word in answer for letter in str(word).upper() if letter.isalpha()}


def lacks(letter):
    """Whether an answer does not name a pipeline that leaks."""
    return lambda leaky: letter not in letters_of(leaky)


def names(letter):
    """Whether an answer names a pipeline that does not leak."""
    return lambda leaky: letter in letters_of(leaky)


# More than one pipeline is judged wrongly: the first of these that applies is spoken of.
wrong_values(
    "q6",
    title="Nothing is said about the scaling with all data, and more is wrong",
    hint="More than one is judged wrongly. Look again at whose mean and width are used.",
    recognised_by=lacks("B"),
    leaky="CEFG",
)
wrong_values(
    "q6",
    title="Tuning on the test is not named, and more is wrong",
    hint="More than one is judged wrongly. Look again at which error makes each choice.",
    recognised_by=lacks("F"),
    leaky="ABCEH",
)
wrong_values(
    "q6",
    title="Rows of one shower in two parts are not named, and more is wrong",
    hint="More than one is judged wrongly. Look again at what two rows may have in common.",
    recognised_by=lacks("C"),
    leaky="BEF",
)
wrong_values(
    "q6",
    title="Copies before the split are not named, and more is wrong",
    hint="More than one is judged wrongly. Look again at where the copies of one shower go.",
    recognised_by=lacks("E"),
    leaky="BCDFH",
)
wrong_values(
    "q6",
    title="Random windows of a time series are not named, and more is wrong",
    hint="More than one is judged wrongly. Look again at how many hours two windows share.",
    recognised_by=lacks("H"),
    leaky="BCEFG",
)
wrong_values(
    "q6",
    title="Copies of the training part alone are held to be a leak",
    hint="All that leak are on your list, and more: do all copies reach a part on which an error "
    "is measured?",
    recognised_by=names("D"),
    leaky="BCDEFH",
)
wrong_values(
    "q6",
    title="Whole years apart are held to be a leak",
    hint="All that leak are on your list, and more: what do windows of different years share?",
    recognised_by=names("G"),
    leaky="BCEFGH",
)
