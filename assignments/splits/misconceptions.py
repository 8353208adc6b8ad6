"""Typical wrong answers to "Train, validation, test", each with the hint that a student gets."""

import numpy as np

from autograder.variants import misconception, wrong_values

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
        result.append((X - X.mean(axis=0)) / np.where(width > 0, width, 1.0))
    return tuple(result)


@misconception(
    "q2", hint="The training part depends on the other parts. Who may have a say in mean and width?"
)
def standardize(X_train, *others):
    """Mean and width of all parts together."""
    together = np.concatenate([X_train, *others])
    width = together.std(axis=0)
    width = np.where(width > 0, width, 1.0)
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
    width = np.where(width > 0, width, 1.0)
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
    width = np.where(width > 0, width, 1.0)
    parts = [np.asarray(X, dtype=float) for X in (X_train, *others)]
    for X in parts:
        X -= mean
        X /= width
    return tuple(parts)


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
    hint="You compare mean absolute errors. Another measure is asked for, and it may disagree.",
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
