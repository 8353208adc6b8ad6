"""Right answers to "Train, validation, test", written differently; each gets full marks."""

import numpy as np

from autograder.sample_answers import alternative, alternative_cell

# ---- q1: the split


@alternative("q1")
def split(X, y, fractions=(0.6, 0.2, 0.2), seed=0):
    """scikit-learn twice, as in many tutorials."""
    from sklearn.model_selection import train_test_split

    f_train, f_val, f_test = fractions
    if f_train < 0 or f_val < 0 or f_test < 0:
        raise ValueError("negative fraction")
    if not np.isclose(f_train + f_val + f_test, 1):
        raise ValueError("fractions do not sum to 1")
    X, X_te, y, y_te = train_test_split(X, y, test_size=f_test, random_state=seed)
    X_tr, X_va, y_tr, y_va = train_test_split(
        X, y, test_size=f_val / (f_train + f_val), random_state=seed
    )
    return [(X_tr, y_tr), (X_va, y_va), (X_te, y_te)]


@alternative("q1")
def split(X, y, fractions=(0.6, 0.2, 0.2), seed: int = 0):
    """The standard library's generator, lists of lists, sizes rounded down."""
    import random

    class BadData(ValueError):
        pass

    if len(X) != len(y) or any(f < 0 for f in fractions) or abs(sum(fractions) - 1) > 1e-6:
        raise BadData
    rows = list(zip(X.tolist(), y.tolist()))
    random.Random(seed).shuffle(rows)
    a = int(len(rows) * fractions[0])
    b = a + int(len(rows) * fractions[1])
    return [[[r[0] for r in p], [r[1] for r in p]] for p in (rows[:a], rows[a:b], rows[b:])]


@alternative("q1")
def split(X, y, fractions=(0.6, 0.2, 0.2), seed=0):
    """Seeds the global generator; TensorFlow tensors in single precision; cumulated sizes."""
    import tensorflow as tf

    if len(X) != len(y):
        raise ValueError
    if not all(0 <= f <= 1 for f in fractions) or not 0.999 < sum(fractions) < 1.001:
        raise ValueError
    np.random.seed(seed % 2**32)
    order = np.argsort(np.random.rand(len(X)))
    parts = np.split(order, (np.cumsum(fractions)[:2] * len(X)).astype(int))
    X, y = tf.constant(X, tf.float32), tf.constant(y, tf.float32)
    return tuple((tf.gather(X, p), tf.gather(y, p)) for p in parts)


alternative_cell(
    "q1",
    title="One table of rows and labels, parts sorted by a random number, a helper, pandas",
    source="""
    import pandas as pd

    def _check(X, y, fractions):
        if X.shape[0] != y.shape[0]:
            raise ValueError("shapes")
        if np.any(np.array(fractions) < 0) or round(sum(fractions), 6) != 1:
            raise ValueError("fractions")

    def split(X, y, fractions=(0.6, 0.2, 0.2), seed=0, *, label="y"):
        _check(X, y, fractions)
        table = pd.DataFrame(X)
        table[label] = y
        table = table.sample(frac=1, random_state=seed % 2**32)
        n_test = int(np.ceil(fractions[2] * len(table)))
        n_val = int(np.ceil(fractions[1] * len(table)))
        test, val, train = table[:n_test], table[n_test:n_test + n_val], table[n_test + n_val:]
        return tuple((part.drop(columns=label).to_numpy(), part[label].tolist())
                     for part in (train, val, test))
    """,
)

alternative_cell(
    "q1",
    title="NumPy's generators under the name of the standard library's module",
    source="""
    from numpy import random

    def split(X, y, fractions=(0.6, 0.2, 0.2), seed=0):
        if len(X) != len(y) or min(fractions) < 0 or not np.isclose(sum(fractions), 1):
            raise ValueError("the lengths or the fractions do not fit")
        order = random.RandomState(seed).permutation(len(X))
        stops = np.cumsum([int(fraction * len(X)) for fraction in fractions[:2]])
        return [(X[rows], y[rows]) for rows in np.split(order, stops)]
    """,
)

# ---- q2: standardise


@alternative("q2")
def standardize(X_train, *others):
    """scikit-learn's StandardScaler; a list instead of a tuple."""
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(X_train)
    return [scaler.transform(X) for X in (X_train,) + others]


@alternative("q2")
def standardize(X_train, *others):
    """Divides by n - 1, and adds a small number against division by zero."""
    mean, width = np.mean(X_train, 0), np.std(X_train, 0, ddof=1)
    return tuple(map(lambda X: (X - mean) / (width + 1e-8), [X_train, *others]))


@alternative("q2")
def standardize(Xtr, *rest):
    """Keras' Normalization layer, tensors in single precision."""
    import tensorflow as tf

    # The layer computes in single precision: first to about the right scale, then exactly.
    shift, scale = Xtr.mean(0), np.abs(Xtr - Xtr.mean(0)).max(0)
    scale[scale < 1e-12 * np.abs(shift)] = 1
    scale[scale == 0] = 1
    layer = tf.keras.layers.Normalization(axis=-1)
    layer.adapt(tf.constant((Xtr - shift) / scale, tf.float32))
    return tuple(layer(tf.constant((X - shift) / scale, tf.float32)) for X in (Xtr,) + rest)


@alternative("q2")
def standardize(X_train, *others):
    """Column by column, with loops."""
    result = [np.empty(X.shape) for X in (X_train, *others)]
    for j in range(X_train.shape[1]):
        column = X_train[:, j]
        mean = sum(column) / len(column)
        width = (sum((x - mean) ** 2 for x in column) / len(column)) ** 0.5
        for new, X in zip(result, (X_train, *others)):
            for i in range(len(X)):
                new[i, j] = (X[i, j] - mean) / width if width > 1e-12 else X[i, j] - mean
    return tuple(result)


# ---- q3: minibatches


@alternative("q3")
def minibatches(X, y, batch_size, seed):
    """A generator: it raises its errors when the first batch is asked for."""
    if len(X) != len(y):
        raise ValueError("lengths")
    if not batch_size >= 1:
        raise ValueError("batch_size")
    order = np.arange(len(X))
    np.random.RandomState(seed % 2**32).shuffle(order)
    while len(order):
        yield X[order[:batch_size]], y[order[:batch_size]]
        order = order[batch_size:]


@alternative("q3")
def minibatches(X, y, batch_size, seed):
    """tf.data, with a buffer of all rows."""
    import tensorflow as tf

    if batch_size < 1 or len(X) != len(y):
        raise ValueError("bad input")
    return tf.data.Dataset.from_tensor_slices((X, y)).shuffle(len(X), seed=seed).batch(batch_size)


alternative_cell(
    "q3",
    title="A class whose instances are iterable and have a length; batches are lists",
    source="""
    class minibatches:
        def __init__(self, X, y, batch_size, seed):
            if batch_size <= 0 or len(y) != len(X):
                raise ValueError("bad input")
            self.X, self.y, self.size = X, y, batch_size
            self.order = np.random.default_rng(seed).permutation(len(X))

        def __len__(self):
            return -(-len(self.X) // self.size)

        def __getitem__(self, k):
            if k >= len(self):
                raise IndexError(k)
            rows = self.order[k * self.size:(k + 1) * self.size]
            return [self.X[rows].tolist(), self.y[rows].tolist()]
    """,
)
alternative_cell(
    "q3",
    title="zip of two split arrays",
    source="""
    def minibatches(X, y, batch_size, seed):
        if batch_size < 1:
            raise ValueError("batch_size")
        if np.shape(X)[0] != np.size(y):
            raise ValueError("lengths")
        order = np.random.Generator(np.random.MT19937(seed)).permutation(len(y))
        cuts = np.arange(batch_size, len(y), batch_size)
        return zip(np.split(X[order], cuts), np.split(y[order], cuts))
    """,
)

# ---- q4: choose a model


@alternative("q4")
def select(models, val, test_score):
    """A loop that remembers the best one so far; root of the sum of squares."""
    best, lowest = None, float("inf")
    for k, model in enumerate(models):
        predictions = np.asarray(model(val[0])).ravel()
        error = np.linalg.norm(predictions - val[1])
        if error < lowest:
            best, lowest = k, error
    if best is None:
        raise ValueError("no models")
    return [np.int64(best), np.array([test_score(models[best])])]


@alternative("q4")
def select(models, val, test_score):
    """min with a key; Keras' loss in single precision; numbers as tensors."""
    import tensorflow as tf

    X, y = val

    def error(k):
        predicted = tf.reshape(models[k](X), [-1])
        return float(tf.keras.losses.MeanSquaredError()(tf.constant(y), predicted))

    index = min(range(len(models)), key=error)
    return tf.constant(index), tf.constant(test_score(models[index]))


# ---- q5: early stopping


@alternative("q5")
def early_stopping(val, patience):
    """Without a loop: running minima, then the first epoch that waited long enough."""
    val = np.asarray(val, dtype=float)
    lowest = np.minimum.accumulate(val)
    improved = np.append(True, lowest[1:] < lowest[:-1])
    best = np.maximum.accumulate(np.where(improved, np.arange(len(val)), 0))
    waited = np.flatnonzero(np.arange(len(val)) - best >= patience)
    stop = waited[0] if len(waited) else len(val) - 1
    return np.array([stop, best[stop]])


@alternative("q5")
def early_stopping(val, patience):
    """Keras' own callback."""
    import keras

    callback = keras.callbacks.EarlyStopping(monitor="v", mode="min", patience=patience)
    callback.set_model(keras.Sequential())
    callback.model.stop_training = False
    callback.on_train_begin()
    for stop in range(len(val)):
        callback.on_epoch_end(stop, {"v": float(val[stop])})
        if callback.model.stop_training:
            break
    return stop, callback.best_epoch


# ---- q6: leaks

alternative_cell("q6", title="A string in lower case", source='leaky = "h, b,c ; e,f"')
alternative_cell(
    "q6", title="A list with a double", source='leaky = ["F", "e", "b", "C", "H", "B"]'
)
alternative_cell("q6", title="An array", source='leaky = np.array(["B", "C", "E", "F", "H"])')
alternative_cell(
    "q6",
    title="A dictionary, of whose keys those that leak are asked for",
    source="""
    reasons = {"B": "scaler", "C": "telescopes", "E": "copies", "F": "test", "H": "windows"}
    leaky = reasons.keys()
    """,
)
alternative_cell("q6", title="A frozen set", source='leaky = frozenset("BCEFH")')
