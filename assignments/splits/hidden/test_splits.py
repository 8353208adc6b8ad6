"""Hidden tests of the assignment "Train, validation, test"."""

import re

import numpy as np
import pytest

from autograder.checks import array, assert_close, number, presupposed, raises
from autograder.student import RemoteObject
from reference import splits as reference

# Rows are told apart by their first entry, a whole number; single precision holds it exactly.
ATOL = 1e-5
SIXTY = (0.6, 0.2, 0.2)

# A right answer is refused with a chance below 1e-6 in all. There are at most 330 means of parts or
# batches with 30 rows or more (4e-10 each in the normal tail at 6.5 sigma, so 1e-7 together), and
# 8000 counts of pairs at one distance. Such a count has the mean n p and at most the variance of a
# Poisson number; with n p of 38 or more, 9 sigma above has 5e-13 (Chernoff), 4e-9 together.
MEAN_SIGMAS, LAG_SIGMAS = 6.5, 9.0


def numbered(rng, n, d, *, integers=False):
    """X (n, d) whose first column numbers the rows, and labels y (n,) that have no order."""
    X = rng.integers(-50, 50, (n, d)) if integers else rng.normal(size=(n, d))
    X[:, 0] = np.arange(n)
    return X, rng.permutation(n) * 3 + (1 if integers else 0.25)


def different_seeds(rng, count):
    """
    Different seeds: 0, which `seed or None` takes for none; some that agree in many digits; others.

    The first ones after 0 are equal modulo 2^24, all numbers up to 16, 1000 or 10^9.
    """
    first = int(rng.integers(1, 10**9))
    related = [first + difference for difference in (0, 2**24, 72_072_000, 10**9)]
    return [0, *related, *(seed_of(rng) for _ in range(count - 5))]


def seed_of(rng):
    """A seed for the student's code."""
    return int(rng.integers(2**31))


def entries(result, count):
    """Entries of a returned tuple or list, after a look at their number."""
    assert isinstance(result, tuple | list) and len(result) == count, f"expected {count} entries"
    return result


def row_numbers(pair, X, y):
    """Numbers of the rows in a part or batch, all of them checked to be rows with their labels."""
    X_part, y_part = entries(pair, 2)
    X_part = array(X_part)
    assert X_part.ndim == 2 and X_part.shape[1] == X.shape[1], "rows are as long as those of X"
    y_part = array(y_part, (len(X_part),), axes="n")
    numbers = np.rint(X_part[:, 0])
    assert bool(((numbers >= 0) & (numbers < len(X))).all()), "some rows are not rows of X"
    rows = numbers.astype(int)
    assert_close(X_part, X[rows], atol=ATOL)
    assert_close(y_part, y[rows], atol=ATOL)
    return rows


def fractions_of(rng):
    """Fractions of three parts in whole per cent, none of them below 10."""
    first = int(rng.integers(10, 60))
    second = int(rng.integers(10, 91 - first))
    return first / 100, second / 100, (100 - first - second) / 100


def assert_drawn_at_random(parts, n):
    """
    Check that the rows 0 to n - 1 were dealt out to the parts at random.

    The mean row of each part is where chance puts it, and no distance between rows makes it likely
    that they share a part: neighbours do in a file that is cut or hardly shuffled, every fifth row
    does in one that is dealt out like cards.
    """
    part_of = np.full(n, len(parts))  # rows that are in no part are one more part here
    for number_of_part, rows in enumerate(parts):
        part_of[rows] = number_of_part
        # The mean of k of the numbers 0 to n - 1: variance (n + 1)(n - k) / (12 k).
        sigma = np.sqrt((n + 1) * (n - len(rows)) / (12 * len(rows)))
        assert abs(rows.mean() - (n - 1) / 2) < MEAN_SIGMAS * sigma
    pairs_expected = float(np.sum(np.bincount(part_of) ** 2)) / n
    limit = pairs_expected + LAG_SIGMAS * np.sqrt(pairs_expected)
    for lag in range(1, (n + 1) // 2):
        assert np.sum(part_of == np.roll(part_of, lag)) < limit


def assert_every_row_once(parts, n):
    """Check that the parts share out the rows 0 to n - 1."""
    rows = np.sort(np.concatenate(parts))
    assert len(rows) == n, "rows are missing, or there are too many"
    assert bool((rows == np.arange(n)).all()), "some rows come twice, others not at all"


def assert_same_arguments(call, *before):
    """Check that a call left its first arguments as they were."""
    for after, expected in zip(call.args_after, before, strict=False):
        assert_close(after, expected, rtol=0.0, atol=1e-12)


# Question 1: the split


def parts_of(student, X, y, *options):
    """Row numbers of the three parts that the student's split makes."""
    return [row_numbers(part, X, y) for part in entries(student.split(X, y, *options), 3)]


@pytest.mark.question("q1", weight=5)
def test_split_shares_out_the_rows(student, rng):
    """Every row is in exactly one part, and has its own label there."""
    large, larger = rng.integers(100, 400), rng.integers(400, 1500)
    for n, d, integers in [(10, 1, False), (7, 7, True), (large, 3, False), (larger, 2, True)]:
        X, y = numbered(rng, n, d, integers=integers)
        assert_every_row_once(parts_of(student, X, y, SIXTY, seed_of(rng)), n)


@pytest.mark.question("q1", weight=2)
def test_split_sizes(student, rng):
    """Training, validation and test part have the sizes asked for, in this order."""
    cases = [(20, SIXTY), (20, (0.5, 0.35, 0.15)), (30, (0.1, 0.3, 0.6))]
    drawn = [(int(rng.integers(50, largest)), fractions_of(rng)) for largest in (200, 2000)]
    for n, fractions in [*cases, *drawn]:
        X, y = numbered(rng, n, 2)
        parts = parts_of(student, X, y, fractions, seed_of(rng))
        for part, fraction in zip(parts, fractions, strict=True):
            # Rounding two parts down, or up, leaves the third one up to two rows off.
            assert abs(len(part) - fraction * n) < 2.01


@pytest.mark.question("q1")
def test_split_knows_rounding(student, rng):
    """Fractions that sum to 1 but for the rounding of the computer are accepted."""
    for fractions in [(0.7, 0.2, 0.1), (0.8, 0.1, 0.1)]:
        X, y = numbered(rng, 40, 2)
        try:
            with presupposed():
                parts = parts_of(student, X, y, fractions, seed_of(rng))
                assert_every_row_once(parts, 40)
        except ValueError as error:
            raise AssertionError("fractions that sum to 1 were refused") from error


@pytest.mark.question("q1", weight=9)
def test_split_is_shuffled(student, rng):
    """The rows of each part are drawn at random from the whole file."""
    for fractions in (SIXTY, SIXTY, fractions_of(rng), fractions_of(rng)):
        n = int(rng.integers(600, 1400))
        X, y = numbered(rng, n, 2)
        with presupposed():
            parts = parts_of(student, X, y, fractions, seed_of(rng))
            assert min(len(part) for part in parts) >= 30
        assert_drawn_at_random(parts, n)


@pytest.mark.question("q1", weight=2)
def test_split_obeys_its_seed(student, sandbox, rng):
    """The seed alone decides, 0 included: the same one gives the same parts, others do not."""
    X, y = numbered(rng, int(rng.integers(60, 100)), 2)
    seeds = different_seeds(rng, 30)
    sandbox.seed(1)
    with presupposed():
        first = [parts_of(student, X, y, SIXTY, seed) for seed in seeds]
    sandbox.seed(2)
    with presupposed():
        again = [parts_of(student, X, y, SIXTY, seed) for seed in seeds[:4]]
    for parts, replay in zip(first, again, strict=False):
        for k in range(3):
            assert_close(replay[k], parts[k])
    # There are 1e16 training parts or more: two random ones are never equal.
    different = {tuple(np.sort(parts[0])) for parts in first}
    assert len(different) == len(set(seeds)), "some seeds make no difference"


@pytest.mark.question("q1")
def test_split_has_defaults(student, rng):
    """Without fractions and seed it is a split into 60, 20 and 20 per cent, each time the same."""
    X, y = numbered(rng, 50, 2)
    with presupposed():
        parts, again = parts_of(student, X, y), parts_of(student, X, y)
    for part, replay, fraction in zip(parts, again, SIXTY, strict=True):
        assert_close(replay, part)
        assert abs(len(part) - fraction * 50) < 2.01


@pytest.mark.question("q1")
def test_split_changes_nothing(student, rng):
    """The arrays passed in stay as they were."""
    for n, d in [(20, 3), (10, 1)]:
        X, y = numbered(rng, n, d)
        call = student.split.call(X.copy(), y.copy(), SIXTY, seed_of(rng))
        with presupposed():
            assert_every_row_once([row_numbers(part, X, y) for part in entries(call.value, 3)], n)
        assert_same_arguments(call, X, y)


@pytest.mark.question("q1")
def test_split_refuses_bad_input(student, rng):
    """Different lengths, a negative fraction and fractions that do not sum to 1: ValueError."""
    X, y = numbered(rng, 20, 2)
    with raises(ValueError):
        student.split(X[:17], y, SIXTY, 0)
    with raises(ValueError):
        student.split(X, y[:19], SIXTY, 0)
    for fractions in [(0.5, 0.3, 0.1), (0.6, 0.3, 0.3), (0.8, 0.4, -0.2), (-0.2, 0.6, 0.6)]:
        with raises(ValueError):
            student.split(X, y, fractions, 0)


# Question 2: standardise


def assert_standardized(result, parts, columns=slice(None)):
    """Compare with the reference, which divides by n in the width; n - 1 is as good."""
    n = len(parts[0])
    expected = reference.standardize(*parts)
    scaled = [
        array(value, part.shape, axes="n d")[:, columns]
        for value, part in zip(entries(result, len(parts)), parts, strict=True)
    ]
    # Which of the two it is shows in the training part; it has to be the same in all parts.
    largest = np.abs(expected[0][:, columns]).max()
    factor = np.sqrt((n - 1) / n)
    ratio = np.abs(scaled[0]).max() / largest
    factor = factor if abs(ratio - factor) < abs(ratio - 1) else 1.0
    for value, wanted in zip(scaled, expected, strict=True):
        assert_close(value, factor * wanted[:, columns], atol=ATOL, axes="n d")


def detector(rng, n, d, shift=0.0):
    """Inputs (n, d) whose columns have very different sizes."""
    scale = np.resize([1.0, 300.0, 0.02, 5.0], d)
    return scale * (rng.normal(2.0 + shift, 1.0, size=(n, d)))


@pytest.mark.question("q2", weight=2)
def test_standardize_training_part(student, rng):
    """The training part gets mean 0 and width 1 in each column, alone or with other parts."""
    for n, d in [(4, 4), (2, 1), (5, 8), (int(rng.integers(30, 500)), 3)]:
        train = detector(rng, n, d)
        assert_standardized(entries(student.standardize(train.copy()), 1), [train])
        result = entries(student.standardize(train.copy(), detector(rng, 3, d)), 2)
        assert_standardized(result[:1], [train])


@pytest.mark.question("q2", weight=5)
def test_standardize_other_parts(student, rng):
    """Other parts, however many and however different, are scaled with the training numbers."""
    large = [int(size) for size in rng.integers(20, 300, rng.integers(4, 9))]
    for n, d, sizes in [
        (30, 3, (10, 10)),
        (4, 4, (4, 4)),
        (12, 1, (1,)),
        (6, 2, (9, 1, 3)),
        (large[0], int(rng.integers(5, 20)), large[1:]),
    ]:
        others = [detector(rng, size, d, 3.0 * (k + 1)) for k, size in enumerate(sizes)]
        parts = [detector(rng, n, d), *others]
        result = student.standardize(*(part.copy() for part in parts))
        assert_standardized(result, parts)


def rows_with_rounded_mean(rng, value):
    """A number of rows for which the mean of equal values misses the value by its rounding."""
    while True:
        n = int(rng.integers(3, 200))
        if np.full((n, 2), value).std(axis=0)[0] > 0:
            return n


@pytest.mark.question("q2", weight=2)
def test_standardize_dead_channel(student, rng):
    """A column without width stays finite and becomes 0 in the training part."""
    cases = [(8, 2.0), (5, 0.0), (4, -7.0)]
    # The standard deviation of equal values may be 1e-17 instead of 0.
    cases += [(rows_with_rounded_mean(rng, value), value) for value in (0.1, 12.34, -0.7)]
    for n, value in cases:
        d = int(rng.integers(2, 6))
        parts = [detector(rng, n, d), detector(rng, 6, d, 1.0)]
        for part in parts:
            part[:, 1] = value
        parts[1][0, 1] += 1.0
        result = entries(student.standardize(*(part.copy() for part in parts)), 2)
        scaled = [
            array(one, part.shape, axes="n d") for one, part in zip(result, parts, strict=True)
        ]
        with presupposed():
            assert_standardized(scaled, parts, np.delete(np.arange(d), 1))
        assert_close(scaled[0][:, 1], np.zeros(n), atol=ATOL)


@pytest.mark.question("q2")
def test_standardize_integers(student, rng):
    """Right for integers, too."""
    for n, d in [(6, 2), (5, 5)]:
        parts = [rng.integers(0, 100, (n, d)) + np.arange(n)[:, np.newaxis] for _ in range(2)]
        assert_standardized(student.standardize(*(part.copy() for part in parts)), parts)


@pytest.mark.question("q2")
def test_standardize_changes_nothing(student, rng):
    """The arrays passed in stay as they were."""
    for n, d in [(6, 3), (4, 4)]:
        parts = [detector(rng, n, d), detector(rng, 5, d, 2.0)]
        call = student.standardize.call(*(part.copy() for part in parts))
        with presupposed():
            assert_standardized(call.value, parts)
        assert_same_arguments(call, *parts)


# Question 3: minibatches


def pairs(result):
    """The pairs that a list, generator or other iterable gives."""
    assert isinstance(result, list | tuple | RemoteObject), "batches come in an iterable"
    # No `list(result)`: it would ask a generator for its length.
    return [pair for pair in result]  # noqa: C416


def batches_of(student, X, y, batch_size, seed):
    """Row numbers of each batch."""
    result = student.minibatches(X, y, batch_size, seed)
    return [row_numbers(pair, X, y) for pair in pairs(result)]


@pytest.mark.question("q3", weight=3)
def test_minibatches_give_every_row_once(student, rng):
    """Every row comes once in an epoch, with its own label."""
    cases = [(10, 3, 5), (23, 2, 4), (6, 6, 1), (3, 1, 8), (1, 2, 1), (7, 7, 7)]
    drawn = [(int(rng.integers(50, n)), 2, int(rng.integers(5, 60))) for n in (200, 1500)]
    for n, d, size in [*cases, *drawn]:
        X, y = numbered(rng, n, d, integers=d == 2)
        batches = batches_of(student, X, y, size, seed_of(rng))
        assert_every_row_once(batches, n)


@pytest.mark.question("q3", weight=2)
def test_minibatches_sizes(student, rng):
    """All batches have the size asked for, save a last one with what is left."""
    cases = [(12, 2, 4), (23, 2, 4), (9, 1, 2), (3, 3, 8), (7, 1, 1)]
    drawn = [(int(rng.integers(50, n)), 2, int(rng.integers(5, 60))) for n in (200, 1500)]
    for n, d, size in [*cases, *drawn]:
        X, y = numbered(rng, n, d)
        sizes = [len(batch) for batch in batches_of(student, X, y, size, seed_of(rng))]
        full, rest = divmod(n, size)
        assert sizes == [size] * full + [rest] * (rest > 0)


@pytest.mark.question("q3", weight=5)
def test_minibatches_are_shuffled(student, rng):
    """The rows of each batch are drawn at random from the whole data set."""
    for _ in range(4):
        n, size = int(rng.integers(600, 1400)), int(rng.integers(40, 100))
        X, y = numbered(rng, n, 2)
        with presupposed():
            batches = batches_of(student, X, y, size, seed_of(rng))
            assert sum(len(batch) for batch in batches) > n - size
            assert min(len(batch) for batch in batches[:-1]) >= 35
        assert_drawn_at_random(batches, n)


@pytest.mark.question("q3", weight=2)
def test_minibatches_obey_their_seed(student, sandbox, rng):
    """The seed alone decides, 0 included: the same one gives the same batches, others do not."""
    X, y = numbered(rng, int(rng.integers(40, 90)), 2)
    # Not more: each tf.data.Dataset that is returned keeps four threads.
    seeds = different_seeds(rng, 12)
    sandbox.seed(1)
    with presupposed():
        first = [np.concatenate(batches_of(student, X, y, 16, seed)) for seed in seeds]
    sandbox.seed(2)
    with presupposed():
        again = [np.concatenate(batches_of(student, X, y, 16, seed)) for seed in seeds[:4]]
    for order, replay in zip(first, again, strict=False):
        assert_close(replay, order)
    different = {tuple(order) for order in first}
    assert len(different) == len(set(seeds)), "some seeds make no difference"


@pytest.mark.question("q3")
def test_minibatches_change_nothing(student, rng):
    """The arrays passed in stay as they were."""
    for n, d, size in [(10, 3, 4), (6, 1, 3)]:
        X, y = numbered(rng, n, d)
        call = student.minibatches.call(X.copy(), y.copy(), size, seed_of(rng))
        with presupposed():
            assert_every_row_once([row_numbers(pair, X, y) for pair in pairs(call.value)], n)
        assert_same_arguments(call, X, y)


@pytest.mark.question("q3")
def test_minibatches_refuse_bad_input(student, rng):
    """Different lengths and batches without rows raise ValueError, at the latest when asked."""
    X, y = numbered(rng, 12, 2)
    for X_bad, y_bad, size in [(X[:10], y, 5), (X, y, 0), (X, y, -3)]:
        with raises(ValueError):
            pairs(student.minibatches(X_bad, y_bad, size, 0))


# Question 4: choose a model


class Box:
    """Test data in a box: scores by model, and a list of the models that were looked at."""

    def __init__(self, models, rng, best=0):
        """Draw scores such that the model `best`, the right choice, is not the best one here."""
        self.models, self.asked = models, []
        self.scores = rng.permutation(len(models)) * 0.75 + rng.uniform(0.5, 1.0)
        if len(models) > 1 and np.argmin(self.scores) == best:
            self.scores = np.roll(self.scores, 1)

    def score(self, model):
        """The test score of one of the models."""
        self.asked.append(model)
        for k, candidate in enumerate(self.models):
            if candidate is model:
                return float(self.scores[k])
        raise TypeError("test_score wants one of the models")


def rivals(rng, X, y, *, column=False, late=False):
    """
    Seven to forty models in random order, the best not the first if it is `late`.

    The first of the list has the smallest mean square, and each of the next wins by another
    measure: by the mean of |residuals| with some large errors; with a single one that outweighs
    all, also if errors are clipped anywhere below; by the mean residual; if y and a column of
    predictions are made a table; by the largest error; by the variance. The others are worse.
    """
    n = len(y)
    near = np.argsort(np.argsort(X[:, 0]))  # rank of each row
    half = near % 2 * 2.0 - 1
    residuals = [
        np.where(near % 2, 0.8, 0.28),  # mean square 0.36
        np.where(near < max(1, n // 8), 3.0, 0.05),
        np.where(near == n // 2, np.sqrt(0.6 * n), 0.05),
        1.5 * half,
        y - np.mean(y),
        np.full(n, 0.7),
        np.full(n, -2.5),
        3.5 * half + 1,
        *(half + rng.uniform(1.5, 4.0) for _ in range(rng.integers(33))),
    ]
    scale = rng.uniform(0.95, 1.05, len(residuals))
    tables = [y - s * r for s, r in zip(scale, residuals, strict=True)]
    tables[4] = np.full(n, np.mean(y))
    order = rng.permutation(len(tables))
    if late and order[0] == 0:
        order = np.roll(order, 1)
    return [lookup(X, tables[k], column=column) for k in order], int(np.argmin(order))


def lookup(X, predictions, *, column):
    """A model: the prediction of the nearest row of X, so that it takes any rows in any number."""

    def model(rows):
        rows = np.asarray(rows, dtype=float)
        if rows.ndim != 2 or rows.shape[1] != X.shape[1]:
            raise ValueError("a model wants rows like those of X")
        nearest = np.abs(rows[:, :1] - X[:, 0]).argmin(axis=1)
        return predictions[nearest][:, np.newaxis] if column else predictions[nearest]

    return model


def validation(rng, n, d):
    """Validation data with widely spread labels; first inputs differ from row to row."""
    X = rng.normal(size=(n, d))
    X[:, 0] = rng.permutation(n) + rng.uniform(-0.2, 0.2, n)
    return X, rng.permutation(np.linspace(-6.0, 6.0, n)) + rng.uniform(1.0, 2.0)


def selected(student, rng, n, d, **options):
    """Index and score that select returns for many rivals, the box, and the right index."""
    X, y = validation(rng, n, d)
    models, best = rivals(rng, X, y, **options)
    box = Box(models, rng, best)
    index, score = entries(student.select(models, (X.copy(), y.copy()), box.score), 2)
    return number(index), score, box, best


def assert_selected(student, rng, n, d, **options):
    """Call select on many rivals and check what it returns."""
    index, score, box, best = selected(student, rng, n, d, **options)
    assert index == best
    assert_close(score, box.scores[best])


def lengths(rng):
    """Numbers of validation rows: small, large, and square."""
    return [(24, 1), (30, 30), (int(rng.integers(40, 100)), 3), (int(rng.integers(100, 600)), 2)]


@pytest.mark.question("q4", weight=4)
def test_select_by_validation_error(student, rng):
    """The model with the smallest mean squared error on the validation data, and its score."""
    for n, d in lengths(rng):
        assert_selected(student, rng, n, d)


@pytest.mark.question("q4", weight=2)
def test_select_with_columns_of_predictions(student, rng):
    """Right for models whose predictions are columns (n, 1)."""
    for n, d in lengths(rng):
        assert_selected(student, rng, n, d, column=True)


@pytest.mark.question("q4", weight=5)
def test_select_opens_the_box_once(student, rng):
    """The test score is asked for exactly once, for the chosen model."""
    for column in (False, True):
        for n, d in lengths(rng):
            # Who asks at every better model asks once only if the best one comes first.
            index, _, box, best = selected(student, rng, n, d, column=column, late=True)
            with presupposed():
                assert index == best
            assert len(box.asked) == 1
            assert box.asked[0] is box.models[best]


@pytest.mark.question("q4")
def test_select_when_all_errors_are_large(student, rng):
    """Errors may be large, as long as one is smaller."""
    for n, d in [(24, 2), (30, 1)]:
        X, y = validation(rng, n, d)
        offset = rng.uniform(1e3, 1e6)
        models = [lookup(X, y + offset * k, column=False) for k in (1.0, 1.3, 1.1)]
        # The box knows the right model only: there is nothing to be learned about the others.
        box = Box(models[:1], rng)
        index, score = entries(student.select(models, (X.copy(), y.copy()), box.score), 2)
        assert number(index) == 0
        assert_close(score, box.scores[0])


@pytest.mark.question("q4")
def test_select_changes_nothing(student, rng):
    """The validation data stay as they were."""
    for n, d in [(24, 2), (30, 1)]:
        X, y = validation(rng, n, d)
        models, best = rivals(rng, X, y)
        box = Box(models, rng, best)
        call = student.select.call(models, (X.copy(), y.copy()), box.score)
        with presupposed():
            assert number(entries(call.value, 2)[0]) == best
        X_after, y_after = entries(call.args_after[1], 2)
        assert_close(X_after, X, rtol=0.0, atol=1e-12)
        assert_close(y_after, y, rtol=0.0, atol=1e-12)


@pytest.mark.question("q4")
def test_select_from_one_model(student, rng):
    """A single model is chosen, and its score given."""
    for n, d in [(24, 2), (30, 1)]:
        X, y = validation(rng, n, d)
        models = [lookup(X, y + 0.5, column=False)]
        box = Box(models, rng)
        index, score = entries(student.select(models, (X.copy(), y.copy()), box.score), 2)
        assert number(index) == 0
        assert_close(score, box.scores[0])


@pytest.mark.question("q4")
def test_select_refuses_an_empty_list(student, rng):
    """No models to choose from raise ValueError."""
    X, y = validation(rng, 10, 2)
    with raises(ValueError):
        student.select([], (X, y), Box([], rng).score)


# Question 5: early stopping


def assert_stops_like_the_reference(student, val, patience):
    """Compare both epochs."""
    expected = reference.early_stopping(val, patience)
    stop, best = entries_or_array(student.early_stopping(val, patience))
    assert (number(stop), number(best)) == expected


def entries_or_array(result):
    """Two numbers, as a tuple, a list or an array."""
    return result if isinstance(result, tuple | list) and len(result) == 2 else array(result, (2,))


def learning_curve(rng, length):
    """Validation losses that fall, fluctuate, and rise again; no two are equal."""
    epochs = np.arange(length)
    return 0.5 + (epochs / length - 0.4) ** 2 + rng.normal(0.0, 0.08, length)


@pytest.mark.question("q5", weight=4)
def test_early_stopping_on_random_curves(student, rng):
    """Stop and best epoch of random curves, as lists and as arrays, for several patiences."""
    for patience in (1, 2, 3, 5, int(rng.integers(8, 60))):
        for length in (6, 20, int(rng.integers(50, 100)), int(rng.integers(100, 800))):
            val = learning_curve(rng, length)
            assert_stops_like_the_reference(student, val.copy(), patience)
            assert_stops_like_the_reference(student, val.tolist(), patience)


@pytest.mark.question("q5", weight=2)
def test_early_stopping_is_not_fooled_by_the_end(student, rng):
    """What comes after the stop is never seen, and slow partial recoveries are no improvement."""
    for patience in (2, 4, int(rng.integers(5, 50))):
        start = [3.0, 2.0, 1.0 + rng.uniform(0, 0.2)]
        slow = [1.9 - 0.1 * k / patience for k in range(patience + 2)]
        val = [*start, *slow, 0.1, 0.05, 0.01]
        assert_stops_like_the_reference(student, val, patience)


@pytest.mark.question("q5", weight=2)
def test_early_stopping_never_triggered(student, rng):
    """Without a stop it is the last epoch, on curves that fall, if slowly, and on short ones."""
    for length in (1, 2, 7, int(rng.integers(30, 500))):
        falling = np.sort(rng.uniform(0.1, 2.0, length))[::-1].copy()
        assert_stops_like_the_reference(student, falling, 1)
        assert_stops_like_the_reference(student, 1.0 - 1e-4 * np.arange(length), 1)
        assert_stops_like_the_reference(student, learning_curve(rng, length), length + 3)
        rising = [*falling, *(falling[-1] + 0.1 * np.arange(1, 4))]
        assert_stops_like_the_reference(student, rising, 4)


@pytest.mark.question("q5", weight=2)
def test_early_stopping_on_plateaus(student, rng):
    """An equal loss is no improvement."""
    for patience in (1, 2, 3, int(rng.integers(4, 30))):
        with presupposed():
            assert_stops_like_the_reference(student, learning_curve(rng, 20).tolist(), patience)
        plateau = [4.0, 3.0, *[2.0] * (patience + 3), 1.0]
        assert_stops_like_the_reference(student, plateau, patience)
        steps = np.repeat(np.arange(6.0, 0.0, -1.0), rng.integers(1, 5, 6))
        assert_stops_like_the_reference(student, steps, patience)
        assert_stops_like_the_reference(student, rng.integers(1, 5, 25), patience)


# Question 6: leaks


@pytest.mark.question("q6")
def test_leaky_pipelines(student):
    """All the pipelines that leak, and no other."""
    answer = student.leaky
    kinds = str | list | tuple | set | frozenset | dict | np.ndarray | RemoteObject
    assert isinstance(answer, kinds), "a set of letters is asked for"
    # No `list(answer)`: it would ask an iterator for its length.
    words = [word for word in answer]  # noqa: C416
    assert all(isinstance(word, str) for word in words), "a set of letters is asked for"
    letters = re.findall("[A-Z]", " ".join(words).upper())
    assert bool(letters) and frozenset(letters) == reference.LEAKY
