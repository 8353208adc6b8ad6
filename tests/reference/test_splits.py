"""The references of "Train, validation, test" agree with each other, with tf.data and Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from reference import splits

SHAPES = [(10, 1), (50, 3), (7, 7), (5, 2)]
FRACTIONS = [(0.6, 0.2, 0.2), (0.5, 0.25, 0.25), (0.7, 0.2, 0.1), (0.8, 0.0, 0.2)]
BAD_FRACTIONS = [(-0.2, 0.6, 0.6), (0.5, 0.2, 0.2), (0.6, 0.3, 0.3)]

Split = Callable[..., tuple[splits.Part, ...]]
Batches = Callable[..., list[splits.Part]]
Stopping = Callable[..., tuple[int, int]]


def numbered(n: int, d: int) -> splits.Part:
    """Rows whose first entry is their number, with labels that tell it too."""
    X = np.random.default_rng(n + d).normal(size=(n, d))
    X[:, 0] = np.arange(n)
    return X, 3.0 * np.arange(n) + 1


@pytest.mark.parametrize(("n", "d"), SHAPES)
@pytest.mark.parametrize("fractions", FRACTIONS)
def test_split_agrees_and_keeps_every_row(n: int, d: int, fractions: tuple[float, ...]) -> None:
    """Both references give the same parts: disjoint, complete, of the right sizes, with labels."""
    X, y = numbered(n, d)
    parts, parts_tf = (f(X, y, fractions, 4) for f in (splits.split, splits.split_tf))
    for part, part_tf, fraction in zip(parts, parts_tf, fractions, strict=True):
        assert abs(len(part[0]) - fraction * n) <= 1
        for k in range(2):
            np.testing.assert_allclose(part_tf[k], part[k], rtol=1e-6)
        np.testing.assert_allclose(part[0], X[part[0][:, 0].astype(int)])
        np.testing.assert_allclose(part[1], 3 * part[0][:, 0] + 1)
    rows = np.concatenate([part[0][:, 0] for part in parts])
    assert sorted(rows) == list(range(n))


@pytest.mark.parametrize("split", [splits.split, splits.split_tf])
def test_split_obeys_its_seed(split: Split) -> None:
    """The same seed gives the same parts, another seed others."""
    X, y = numbered(50, 2)
    first, again, other = (split(X, y, seed=seed)[0][0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)


@pytest.mark.parametrize("split", [splits.split, splits.split_tf])
def test_split_refuses(split: Split) -> None:
    """Different lengths, negative fractions, fractions that do not sum to 1."""
    X, y = numbered(10, 2)
    with pytest.raises(ValueError, match="same length"):
        split(X, y[:9])
    for fractions in BAD_FRACTIONS:
        with pytest.raises(ValueError, match="fractions"):
            split(X, y, fractions)


@pytest.mark.parametrize(("n", "d"), SHAPES)
def test_standardize_agrees(n: int, d: int) -> None:
    """NumPy and TensorFlow agree; the training part has mean 0 and width 1."""
    rng = np.random.default_rng(n)
    parts = [rng.normal(5, 3, size=(k, d)) for k in (n, 4, 1)]
    scaled, scaled_tf = splits.standardize(*parts), splits.standardize_tf(*parts)
    for ours, theirs in zip(scaled, scaled_tf, strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(scaled[0].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(scaled[0].std(axis=0), 1, rtol=1e-12)


@pytest.mark.parametrize("standardize", [splits.standardize, splits.standardize_tf])
def test_standardize_number_of_the_notebook(standardize: Callable[..., Any]) -> None:
    """Charges 2, 4, 6 and 10: mean 4, width sqrt(8/3); a constant column is only shifted."""
    train, test = standardize([[2, 1], [4, 1], [6, 1]], [[10, 3]])
    np.testing.assert_allclose(train[:, 0], [-np.sqrt(1.5), 0, np.sqrt(1.5)], atol=1e-12)
    np.testing.assert_allclose(train[:, 1], 0)
    np.testing.assert_allclose(test, [[6 / np.sqrt(8 / 3), 2]])


@pytest.mark.parametrize("minibatches", [splits.minibatches, splits.minibatches_tf])
@pytest.mark.parametrize(("n", "batch_size"), [(10, 4), (10, 5), (3, 8), (6, 1)])
def test_minibatches_cover_the_data(minibatches: Batches, n: int, batch_size: int) -> None:
    """Every row once, with its label; tf.data with shuffle and batch does the same."""
    X, y = numbered(n, 2)
    batches = minibatches(X, y, batch_size, 3)
    full, rest = divmod(n, batch_size)
    assert [len(Xb) for Xb, _ in batches] == full * [batch_size] + [rest] * (rest > 0)
    for Xb, yb in batches:
        np.testing.assert_allclose(Xb, X[Xb[:, 0].astype(int)])
        np.testing.assert_allclose(yb, 3 * Xb[:, 0] + 1)
    assert sorted(np.concatenate([Xb[:, 0] for Xb, _ in batches])) == list(range(n))


@pytest.mark.parametrize("minibatches", [splits.minibatches, splits.minibatches_tf])
def test_minibatches_shuffle_by_their_seed(minibatches: Batches) -> None:
    """The same seed gives the same order, another one another."""
    X, y = numbered(40, 1)
    first, again, other = (
        np.concatenate([yb for _, yb in minibatches(X, y, 8, seed)]) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)
    assert np.any(first != y)


@pytest.mark.parametrize("minibatches", [splits.minibatches, splits.minibatches_tf])
def test_minibatches_refuse(minibatches: Batches) -> None:
    """Different lengths and batches without rows."""
    X, y = numbered(10, 2)
    with pytest.raises(ValueError, match="same length"):
        minibatches(X, y[:9], 2, 0)
    for batch_size in (0, -2):
        with pytest.raises(ValueError, match="at least 1"):
            minibatches(X, y, batch_size, 0)


@pytest.mark.parametrize("select", [splits.select, splits.select_tf])
def test_select(select: Callable[..., tuple[int, float]]) -> None:
    """Smallest error on the validation data, one test score; predictions may be columns."""
    rng = np.random.default_rng(2)
    X, w = rng.normal(size=(40, 3)), rng.normal(size=3)
    models = [lambda X, k=k: (X @ w + k)[:, np.newaxis] for k in (2.0, -0.5, 1.0)]
    asked = []

    def test_score(model: splits.Model) -> float:
        asked.append(model)
        return 0.25

    assert select(models, (X, X @ w), test_score) == (1, 0.25)
    assert len(asked) == 1 and asked[0] is models[1]
    with pytest.raises(ValueError, match="no model"):
        select([], (X, X @ w), test_score)


STOPPING = [splits.early_stopping, splits.early_stopping_tf]


@pytest.mark.parametrize("stopping", STOPPING)
def test_early_stopping_numbers_of_the_notebook(stopping: Stopping) -> None:
    """The worked curve, a curve that always falls, a plateau and a single epoch."""
    curve = [0.9, 0.7, 0.6, 0.65, 0.62, 0.64, 0.5]
    assert stopping(curve, 3) == (5, 2)
    assert stopping(curve, 4) == (6, 6)
    assert stopping([3.0, 2.0, 1.0], 1) == (2, 2)
    assert stopping([1.0, 1.0, 1.0, 1.0], 2) == (2, 0)
    assert stopping([4.0], 5) == (0, 0)


def test_early_stopping_agrees() -> None:
    """NumPy and the Keras callback agree on random curves, with and without ties."""
    rng = np.random.default_rng(5)
    for _ in range(40):
        length, patience = int(rng.integers(1, 30)), int(rng.integers(1, 8))
        for val in (rng.normal(size=length), rng.integers(0, 4, size=length)):
            expected = splits.early_stopping(val, patience)
            assert splits.early_stopping_tf(val, patience) == expected


def small_model(keras: Any) -> Any:
    """A line, to be fitted by gradient descent with too large a step."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(0.05), loss="mse")
    return model


def test_early_stopping_in_a_keras_fit() -> None:
    """A fit with validation data stops where the reference says."""
    keras = splits._tf().keras
    keras.utils.set_random_seed(3)
    rng = np.random.default_rng(3)
    X, X_val = rng.normal(size=(8, 1)), rng.normal(size=(8, 1))
    y, y_val = X[:, 0] + rng.normal(size=8), X_val[:, 0] + rng.normal(size=8)
    callback = keras.callbacks.EarlyStopping(monitor="val_loss", patience=2)
    history = small_model(keras).fit(
        X, y, epochs=30, validation_data=(X_val, y_val), callbacks=[callback], verbose=0
    )
    val = history.history["val_loss"]
    assert len(val) < 30
    assert splits.early_stopping(val, 2) == (len(val) - 1, callback.best_epoch)


def test_keras_validation_split_takes_the_last_rows() -> None:
    """Keras does not shuffle before it sets aside: the rows 7, 8, 9 of 0 ... 9."""
    keras = splits._tf().keras
    X = np.arange(10.0)[:, np.newaxis]
    model = small_model(keras)
    model.set_weights([np.zeros((1, 1)), np.zeros(1)])
    model.optimizer.learning_rate = 0.0
    # The model says 0, so the validation loss is the mean square of the labels set aside.
    fit = model.fit(X, X[:, 0], validation_split=0.3, epochs=1, verbose=0)
    np.testing.assert_allclose(fit.history["val_loss"], [np.mean(np.square([7, 8, 9]))], rtol=1e-5)
