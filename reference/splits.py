"""Reference of the assignment "Train, validation, test".

Samples are rows: X (n, d), y (n,). The three parts and their use follow S2:685-688 and S2:854-857:
training data fit the parameters, validation data decide between models and when to stop, test data
are used only once. Functions that draw take a seed; what they draw is not part of the contract, so
two right answers need not agree row by row. All quantities are dimensionless.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Order = NDArray[np.int64]
Part = tuple[Array, Array]
Model = Callable[[Array], ArrayLike]

LEAKY: frozenset[str] = frozenset("BCEFH")
"""The pipelines of the notebook through which validation or test data reach the fit."""


def _tf() -> Any:
    """TensorFlow, imported only when a reference asks for it."""
    return importlib.import_module("tensorflow")


def _pairs(X: ArrayLike, y: ArrayLike) -> Part:
    """X and y in float64; ValueError unless there is one label for each row."""
    X, y = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if len(X) != len(y):
        raise ValueError("X and y must have the same length")
    return X, y


def _orders(n: int, fractions: Sequence[float], seed: int) -> list[Order]:
    """Row numbers of the three parts: a permutation of 0..n-1, cut at the summed fractions.

    Raises ValueError for negative fractions and for a sum other than 1 (to 1e-9: 0.7 + 0.2 + 0.1
    is not 1 in binary numbers).
    """
    if min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError("fractions must not be negative and must sum to 1")
    cuts = np.rint(n * np.cumsum(fractions)[:-1]).astype(np.int64)
    order = np.random.default_rng(seed).permutation(n)
    return [np.asarray(part, dtype=np.int64) for part in np.split(order, cuts)]


def split(
    X: ArrayLike, y: ArrayLike, fractions: Sequence[float] = (0.6, 0.2, 0.2), seed: int = 0
) -> tuple[Part, ...]:
    """Shuffle the rows and cut them into training, validation and test part (S2:685-688).

    X (n, d), y (n,); returns ((Xtr, ytr), (Xva, yva), (Xte, yte)). Each row is in one part, with
    its label; part k has fractions[k] * n rows, rounded. Raises ValueError if the lengths differ,
    or if the fractions are negative or do not sum to 1.
    """
    X, y = _pairs(X, y)
    return tuple((X[rows], y[rows]) for rows in _orders(len(X), fractions, seed))


def split_tf(
    X: ArrayLike, y: ArrayLike, fractions: Sequence[float] = (0.6, 0.2, 0.2), seed: int = 0
) -> tuple[Part, ...]:
    """The same as `split`, with `tf.gather`; the order of the rows is the same."""
    X, y = _pairs(X, y)
    tf = _tf()
    orders = _orders(len(X), fractions, seed)
    return tuple((tf.gather(X, rows).numpy(), tf.gather(y, rows).numpy()) for rows in orders)


def _has_width(train: Array, sigma: Array) -> NDArray[np.bool_]:
    """Return which columns differ by more than rounding: equal values may have a sigma of 1e-17."""
    wide: NDArray[np.bool_] = sigma > 1e-12 * np.abs(train).max(axis=0)
    return wide


def standardize(Xtr: ArrayLike, *others: ArrayLike) -> tuple[Array, ...]:
    """Shift and scale every column by mean and width of the training part: (x - mean) / sigma.

    Xtr (n, d) with n >= 2, others (any number, d); returns as many arrays as it is given. sigma is
    the root of the mean squared deviation (ddof 0); columns without width are only shifted.
    """
    train = np.asarray(Xtr, dtype=np.float64)
    mean, sigma = train.mean(axis=0), train.std(axis=0)
    sigma = np.where(_has_width(train, sigma), sigma, 1.0)
    return tuple((np.asarray(X, dtype=np.float64) - mean) / sigma for X in (train, *others))


def standardize_tf(Xtr: ArrayLike, *others: ArrayLike) -> tuple[Array, ...]:
    """The same as `standardize`, with `tf.nn.moments`."""
    tf = _tf()
    train = np.asarray(Xtr, dtype=np.float64)
    mean, variance = tf.nn.moments(tf.constant(train), axes=[0])
    sigma = tf.sqrt(variance)
    sigma = tf.where(_has_width(train, sigma.numpy()), sigma, tf.ones_like(sigma))
    parts = (train, *(np.asarray(X, dtype=np.float64) for X in others))
    return tuple(((X - mean) / sigma).numpy() for X in parts)


def minibatches(X: ArrayLike, y: ArrayLike, batch_size: int, seed: int) -> list[Part]:
    """One epoch of shuffled batches: every row once, the remainder in a last, smaller batch.

    X (n, d), y (n,); returns ceil(n / batch_size) pairs (Xb, yb). Raises ValueError if the lengths
    differ or batch_size < 1.
    """
    X, y = _pairs(X, y)
    if batch_size < 1:
        raise ValueError("batch_size must be at least 1")
    order = np.random.default_rng(seed).permutation(len(X))
    starts = range(0, len(X), batch_size)
    rows = [order[start : start + batch_size] for start in starts]
    return [(X[batch], y[batch]) for batch in rows]


def minibatches_tf(X: ArrayLike, y: ArrayLike, batch_size: int, seed: int) -> list[Part]:
    """The same as `minibatches`, by `tf.data`: shuffle with a buffer of all rows, then batch.

    The order of the rows is another one.
    """
    X, y = _pairs(X, y)
    if batch_size < 1:
        raise ValueError("batch_size must be at least 1")
    data = _tf().data.Dataset.from_tensor_slices((X, y))
    batches = data.shuffle(len(X), seed=seed).batch(batch_size)
    return [(Xb.numpy(), yb.numpy()) for Xb, yb in batches]


def mean_squared_error(model: Model, X: ArrayLike, y: ArrayLike) -> float:
    """Mean of (y - model(X))^2 over the samples; the model may return (n,) or (n, 1)."""
    X, y = _pairs(X, y)
    predicted = np.asarray(model(X), dtype=np.float64).reshape(-1)
    return float(np.mean((y - predicted) ** 2))


def select(
    models: Sequence[Model],
    val: tuple[ArrayLike, ArrayLike],
    test_score: Callable[[Model], float],
) -> tuple[int, float]:
    """Choose the model with the smallest mean squared error on the validation data.

    models: functions (n, d) -> (n,) or (n, 1); val = (X, y). Returns the index of the chosen model
    and its test score; test_score is called once, with that model ("use only once", S2:854-857).
    Raises ValueError if there are no models.
    """
    if not models:
        raise ValueError("there is no model to choose")
    best = int(np.argmin([mean_squared_error(model, *val) for model in models]))
    return best, test_score(models[best])


def select_tf(
    models: Sequence[Model],
    val: tuple[ArrayLike, ArrayLike],
    test_score: Callable[[Model], float],
) -> tuple[int, float]:
    """The same as `select`, with the losses in TensorFlow."""
    if not models:
        raise ValueError("there is no model to choose")
    tf = _tf()
    X, y = _pairs(*val)
    predicted = [tf.reshape(tf.constant(model(X), dtype="float64"), [-1]) for model in models]
    losses = [tf.reduce_mean((tf.constant(y) - p) ** 2) for p in predicted]
    best = int(tf.argmin(tf.stack(losses)))
    return best, test_score(models[best])


def early_stopping(val: Iterable[float], patience: int) -> tuple[int, int]:
    """Epoch at which training stops, and epoch whose weights are kept; both count from 0.

    The best epoch is the last one whose loss is strictly below all earlier ones. Training stops
    after the first epoch that lies `patience` epochs behind the best, or with the last one.
    val (E,) with E >= 1, patience >= 1; returns (stop, best).
    """
    losses = list(val)
    best, lowest = 0, np.inf
    for epoch, loss in enumerate(losses):
        if loss < lowest:
            best, lowest = epoch, loss
        elif epoch - best >= patience:
            return epoch, best
    return len(losses) - 1, best


def early_stopping_tf(val: Iterable[float], patience: int) -> tuple[int, int]:
    """The same as `early_stopping`, by `keras.callbacks.EarlyStopping` on the given losses."""
    keras = _tf().keras
    callback = keras.callbacks.EarlyStopping(monitor="val_loss", mode="min", patience=patience)
    callback.set_model(keras.Sequential([keras.layers.Dense(1)]))
    callback.model.stop_training = False
    callback.on_train_begin()
    losses = list(val)
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"val_loss": float(loss)})
        if callback.model.stop_training:
            return epoch, int(callback.best_epoch)
    return len(losses) - 1, int(callback.best_epoch)
