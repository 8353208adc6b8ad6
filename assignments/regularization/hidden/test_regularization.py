"""Hidden tests of the assignment "Regularization"."""

from itertools import pairwise

import numpy as np
import pytest

from autograder.checks import array, assert_close, number, presupposed, raises
from reference import regularization as reference

# Sizes of nets. A square layer comes first: there a wrong order of axes has a value, not an error.
NETS = [[3, 3], [2, 4, 1], [5, 3, 3, 2], [1, 1], [1, 6, 1]]
RATES = [(0.3, 0.7), (0.05, 0.02), (1.5, 0.4), (0.6, 0.9), (0.2, 2.5)]
SHAPES = [(4,), (1,), (3, 3), (2, 5), (1, 4), (6, 1)]

# Inputs are of order 1, wrong answers deviate by 0.01 or more, single precision by 1e-6.
ATOL = 1e-5

# A right answer fails one of the 10 checks of frequencies with a chance of 2e-9 each (exact
# binomial tails), one of the two spreads with 1e-10, and one of 320 000 correlations of fair coins
# with 1.2e-12 each (Hoeffding's bound 2 exp(-t^2 / 2)): 5e-7 together.
SIGMAS, CORRELATION_SIGMAS = 6.0, 7.5


def signed(rng, shape):
    """Numbers of both signs and of order 1 that keep away from 0, where |W| has its kink."""
    return rng.uniform(0.4, 2.0, shape) * rng.choice([-1.0, 1.0], shape)


def nets(rng):
    """Sizes of nets: the telling ones, a wide one and a deep one."""
    wide = [int(size) for size in rng.integers(10, 60, 3)]
    deep = [int(size) for size in rng.integers(1, 8, rng.integers(8, 40))]
    return [*NETS, wide, deep]


def rates(rng):
    """A pair of rates for each of the nets."""
    return [*RATES, *((float(a), float(b)) for a, b in rng.uniform(0.05, 2.0, (2, 2)))]


def network(rng, sizes, bias=1.0):
    """Random layers [(W (m, d), b (m,)), ...]."""
    pairs = zip(sizes[1:], sizes[:-1], strict=True)
    return [(signed(rng, (m, d)), bias * signed(rng, m)) for m, d in pairs]


def integer_network(rng, sizes):
    """Random layers of whole numbers, none of them 0."""
    pairs = zip(sizes[1:], sizes[:-1], strict=True)
    return [
        (rng.integers(1, 6, (m, d)) * rng.choice([-1, 1], (m, d)), rng.integers(1, 6, m))
        for m, d in pairs
    ]


def copied(layers):
    """The same layers in fresh arrays."""
    return [(W.copy(), b.copy()) for W, b in layers]


def fresh(rng):
    """A generator for the student's code alone."""
    return np.random.default_rng(int(rng.integers(2**31)))


def parts(result, count):
    """Entries of a returned tuple or list, after a look at their number."""
    assert isinstance(result, tuple | list) and len(result) == count, f"expected {count} values"
    return result


def assert_layers(result, expected):
    """Check a list of pairs of arrays."""
    for pair, (W, b) in zip(parts(result, len(expected)), expected, strict=True):
        got_W, got_b = parts(pair, 2)
        assert_close(got_W, W, atol=ATOL, axes="m d")
        assert_close(got_b, b, atol=ATOL, axes="m")


# Question 1: the penalty


@pytest.mark.question("q1", weight=4)
def test_elastic_of_several_layers(student, rng):
    """The penalty of nets with one layer and with several, for two different rates."""
    for sizes, (l1, l2) in zip(nets(rng), rates(rng), strict=True):
        layers = network(rng, sizes)
        assert_close(student.elastic(copied(layers), l1, l2), reference.elastic(layers, l1, l2))


@pytest.mark.question("q1")
def test_elastic_leaves_biases_free(student, rng):
    """The penalty is the same however large the biases are."""
    for sizes, (l1, l2) in zip(NETS[:3], RATES[:3], strict=True):
        layers = network(rng, sizes, bias=50.0)
        expected = reference.elastic(layers, l1, l2)
        with presupposed():
            unbiased = [(W, 0.0 * b) for W, b in layers]
            assert_close(student.elastic(copied(unbiased), l1, l2), expected)
        assert_close(student.elastic(copied(layers), l1, l2), expected)


@pytest.mark.question("q1")
def test_elastic_scales(student, rng):
    """With one rate being 0: weights that are a times as large cost |a| or a^2 times as much."""
    for sizes in NETS[:3]:
        layers = network(rng, sizes)
        for a in (-float(rng.uniform(1.5, 3.0)), float(10.0 ** rng.uniform(-5.0, -2.0))):
            scaled = [(a * W, b) for W, b in layers]
            for (l1, l2), factor in [((0.8, 0), abs(a)), ((0, 0.8), a**2)]:
                before = number(student.elastic(copied(layers), l1, l2))
                with presupposed():
                    assert_close(before, reference.elastic(layers, l1, l2))
                assert_close(student.elastic(copied(scaled), l1, l2), factor * before)


@pytest.mark.question("q1")
def test_elastic_of_integers(student, rng):
    """Whole numbers as weights."""
    for sizes, (l1, l2) in zip(NETS[:3], RATES[:3], strict=True):
        layers = integer_network(rng, sizes)
        assert_close(student.elastic(copied(layers), l1, l2), reference.elastic(layers, l1, l2))


@pytest.mark.question("q1")
def test_elastic_changes_nothing(student, rng):
    """The layers stay as they were."""
    for sizes in NETS[:3]:
        layers = network(rng, sizes)
        call = student.elastic.call(copied(layers), 0.3, 0.6)
        with presupposed():
            assert_close(call.value, reference.elastic(layers, 0.3, 0.6))
        assert_layers(call.args_after[0], layers)


@pytest.mark.question("q1")
def test_elastic_refuses_negative_rates(student, rng):
    """A negative rate, the first or the second, raises ValueError."""
    layers = network(rng, [3, 2])
    for l1, l2 in [(-0.1, -0.2), (-0.1, 0.5), (0.5, -0.1)]:
        with raises(ValueError):
            student.elastic(copied(layers), l1, l2)


# Question 2: its gradient


@pytest.mark.question("q2", weight=4)
def test_reg_grad_of_several_layers(student, rng):
    """Gradients of nets with one layer and with several, for two different rates."""
    for sizes, (l1, l2) in zip(nets(rng), rates(rng), strict=True):
        layers, grads = network(rng, sizes), network(rng, sizes)
        expected = reference.reg_grad(layers, grads, l1, l2)
        assert_layers(student.reg_grad(copied(layers), copied(grads), l1, l2), expected)


@pytest.mark.question("q2", weight=2)
def test_reg_grad_is_the_slope(student, rng):
    """What is added is the slope of the penalty, measured by small changes of each weight."""
    for sizes in ([3, 3], [2, 3, 1]):
        layers, grads = network(rng, sizes), network(rng, sizes)
        result = student.reg_grad(copied(layers), copied(grads), 0.4, 0.15)
        for k, pair in enumerate(parts(result, len(layers))):
            slope = np.zeros_like(layers[k][0])
            for index in np.ndindex(slope.shape):
                for step in (1e-5, -1e-5):
                    moved = copied(layers)
                    moved[k][0][index] += step
                    slope[index] += reference.elastic(moved, 0.4, 0.15) / (2 * step)
            gW, gb = parts(pair, 2)
            assert_close(gW, grads[k][0] + slope, atol=10 * ATOL, axes="m d")
            assert_close(gb, grads[k][1], axes="m")


@pytest.mark.question("q2")
def test_reg_grad_of_small_weights(student, rng):
    """The pull of L1 is as strong on the smallest weights as on large ones."""
    for sizes in ([3, 3], [2, 4, 1]):
        layers = [(W * 10.0 ** rng.uniform(-9.0, 0.0, W.shape), b) for W, b in network(rng, sizes)]
        grads = network(rng, sizes)
        with presupposed():
            large = network(rng, sizes)
            expected = reference.reg_grad(large, grads, 0.7, 0.2)
            assert_layers(student.reg_grad(copied(large), copied(grads), 0.7, 0.2), expected)
        expected = reference.reg_grad(layers, grads, 0.7, 0.2)
        assert_layers(student.reg_grad(copied(layers), copied(grads), 0.7, 0.2), expected)


@pytest.mark.question("q2")
def test_reg_grad_with_one_rate(student, rng):
    """One rate or both being 0."""
    for l1, l2 in [(0.7, 0), (0, 0.7), (0, 0)]:
        layers, grads = network(rng, [3, 3, 2]), network(rng, [3, 3, 2])
        expected = reference.reg_grad(layers, grads, l1, l2)
        assert_layers(student.reg_grad(copied(layers), copied(grads), l1, l2), expected)


@pytest.mark.question("q2")
def test_reg_grad_of_integers(student, rng):
    """Whole numbers as weights and as gradients, with rates that are fractions."""
    for sizes in NETS[:3]:
        layers, grads = integer_network(rng, sizes), integer_network(rng, sizes)
        expected = reference.reg_grad(layers, grads, 0.3, 0.13)
        assert_layers(student.reg_grad(copied(layers), copied(grads), 0.3, 0.13), expected)


@pytest.mark.question("q2")
def test_reg_grad_changes_nothing(student, rng):
    """Layers and gradients stay as they were."""
    for sizes in NETS[:3]:
        layers, grads = network(rng, sizes), network(rng, sizes)
        call = student.reg_grad.call(copied(layers), copied(grads), 0.3, 0.6)
        with presupposed():
            assert_layers(call.value, reference.reg_grad(layers, grads, 0.3, 0.6))
        assert_layers(call.args_after[0], layers)
        assert_layers(call.args_after[1], grads)


@pytest.mark.question("q2")
def test_reg_grad_refuses_bad_input(student, rng):
    """Negative rates, and lists of different lengths, raise ValueError."""
    layers, grads = network(rng, [3, 4, 2]), network(rng, [3, 4, 2])
    for l1, l2 in [(-0.1, 0.5), (0.5, -0.1)]:
        with raises(ValueError):
            student.reg_grad(copied(layers), copied(grads), l1, l2)
    for n_layers, n_grads in [(1, 2), (2, 1)]:
        with raises(ValueError):
            student.reg_grad(copied(layers[:n_layers]), copied(grads[:n_grads]), 0.1, 0.2)


# Question 3: weight decay


@pytest.mark.question("q3", weight=3)
def test_decay_step_on_random_weights(student, rng):
    """A step with gradient and decay, for weights of any shape."""
    for shape in [*SHAPES, (int(rng.integers(50, 500)),), tuple(rng.integers(5, 40, 2))]:
        w, g = signed(rng, shape), signed(rng, shape)
        lr, l2 = float(rng.uniform(0.05, 0.3)), float(rng.uniform(0.3, 1.0))
        expected = reference.decay_step(w, g, lr, l2)
        assert_close(student.decay_step(w.copy(), g.copy(), lr, l2), expected, atol=ATOL)


@pytest.mark.question("q3")
def test_decay_is_exponential(student, rng):
    """Without a gradient the weights shrink by the same factor in each of many steps."""
    for shape in [(3,), (2, 2)]:
        start, lr, l2 = signed(rng, shape), 0.1, float(rng.uniform(0.2, 0.6))
        w, factor = start, (1 - 2 * lr * l2)
        for step in range(1, int(rng.integers(12, 40))):
            result = student.decay_step(w.copy(), np.zeros(shape), lr, l2)
            w = array(result, shape)
            assert_close(w, factor**step * start, rtol=1e-3, atol=ATOL)


@pytest.mark.question("q3")
def test_decay_step_without_decay(student, rng):
    """With l2 = 0 it is a step of plain gradient descent."""
    for shape in SHAPES[:4]:
        w, g = signed(rng, shape), signed(rng, shape)
        assert_close(student.decay_step(w.copy(), g.copy(), 0.2, 0), w - 0.2 * g, atol=ATOL)


@pytest.mark.question("q3")
def test_decay_step_of_integers(student, rng):
    """Whole numbers as weights and as gradients give fractional new weights."""
    for shape in [(4,), (2, 3)]:
        w, g = rng.integers(1, 9, shape), rng.integers(1, 9, shape)
        expected = reference.decay_step(w, g, 0.07, 0.4)
        assert_close(student.decay_step(w.copy(), g.copy(), 0.07, 0.4), expected, atol=ATOL)


@pytest.mark.question("q3")
def test_decay_step_changes_nothing(student, rng):
    """Weights and gradient stay as they were."""
    for shape in [(4,), (2, 3)]:
        w, g = signed(rng, shape), signed(rng, shape)
        call = student.decay_step.call(w.copy(), g.copy(), 0.1, 0.4)
        with presupposed():
            assert_close(call.value, reference.decay_step(w, g, 0.1, 0.4), atol=ATOL)
        assert_close(call.args_after[0], w, rtol=0.0, atol=1e-12)
        assert_close(call.args_after[1], g, rtol=0.0, atol=1e-12)


@pytest.mark.question("q3")
def test_decay_step_refuses_bad_rates(student, rng):
    """A learning rate that is not positive, and a negative l2, raise ValueError."""
    w, g = signed(rng, 3), signed(rng, 3)
    for lr, l2 in [(-0.1, 0.2), (0.0, 0.2), (0.1, -0.2)]:
        with raises(ValueError):
            student.decay_step(w.copy(), g.copy(), lr, l2)


# Question 4: dropout


def drop(student, h, p, rng):
    """The student's training result for a copy of h, and where it is 0."""
    result = student.dropout(h.copy(), p, rng, True)
    values = array(result, h.shape, axes="n m")
    return result, np.abs(values) < 1e-9 * np.abs(h)


@pytest.mark.question("q4", weight=4)
def test_dropout_values(student, rng):
    """Each entry is either 0 or the scaled activation, of either sign; both kinds occur."""
    drawn = [tuple(int(size) for size in rng.integers(10, 120, 2)) for _ in range(2)]
    shapes = [(8, 8), (12, 9), (1, 80), (80, 1), *drawn]
    for (n, m), p in zip(shapes, (0.5, 0.3, 0.6, 0.4, 0.25, 0.7), strict=True):
        h = signed(rng, (n, m))
        result, zero = drop(student, h, p, fresh(rng))
        assert_close(result, np.where(zero, 0.0, h / (1 - p)), atol=ATOL, axes="n m")
        # With 64 entries or more, all kept or all dropped has a chance of 6e-15 or less.
        assert 0 < int(zero.sum()) < zero.size


@pytest.mark.question("q4", weight=12)
def test_dropout_fraction(student, rng):
    """The fraction p is dropped, whatever the size and the sign of the activations."""
    for p in (float(rng.uniform(0.1, 0.3)), float(rng.uniform(0.6, 0.8))):
        h = signed(rng, (200, 300))
        _, zero = drop(student, h, p, fresh(rng))
        for group in (h != 0, h > 0, h < 0, np.abs(h) > 1.2, np.abs(h) < 1.2):
            sigma = np.sqrt(p * (1 - p) / group.sum())
            assert abs(float(zero[group].mean()) - p) < SIGMAS * sigma


@pytest.mark.question("q4", weight=4)
def test_dropout_is_independent(student, rng):
    """Each entry has a draw of its own: across units, across samples, in number."""
    n, m = int(rng.integers(300, 400)), int(rng.integers(300, 400))
    _, zero = drop(student, signed(rng, (n, m)), 0.5, fresh(rng))
    with presupposed():
        assert 0.4 < float(zero.mean()) < 0.6
    coins = 2.0 * zero - 1.0
    for table in (coins, coins.T):
        # Sums of 300 fair coins or more spread binomially; 0 if they were fixed, 300 times as much
        # if whole rows or columns went together. Their spread is 1 +- 0.08.
        assert 0.4 < float(table.sum(axis=0).var()) / len(table) < 1.6
        # No two columns are equal or opposite, nor nearly so.
        sums = np.abs(table.T @ table - len(table) * np.eye(table.shape[1]))
        assert float(sums.max()) < CORRELATION_SIGMAS * np.sqrt(len(table))
    # No step across the table, down and to the right, leads to entries that tend to be equal.
    steps = np.fft.ifft2(np.abs(np.fft.fft2(coins)) ** 2).real
    steps[0, 0] = 0.0
    # In a table of even length half a turn comes back to the same pairs: twice the variance.
    assert float(np.abs(steps).max()) < CORRELATION_SIGMAS * np.sqrt(2 * coins.size)
    generator, small = fresh(rng), signed(rng, (4, 5))
    counts = [int(drop(student, small, 0.5, generator)[1].sum()) for _ in range(24)]
    # One of 21 counts has a chance of 0.18 at most; 24 equal ones have 1e-17.
    assert len(set(counts)) > 1


@pytest.mark.question("q4", weight=2)
def test_dropout_uses_its_generator(student, sandbox, rng):
    """Equal generators give equal masks; one used again, or another one, gives another mask."""
    for n, m in [(20, 20), (10, 30)]:
        seed, h = int(rng.integers(2**31)), signed(rng, (n, m))
        generator = np.random.default_rng(seed)
        sandbox.seed(1)
        first, again = (drop(student, h, 0.5, generator)[1] for _ in range(2))
        sandbox.seed(2)
        replay = drop(student, h, 0.5, np.random.default_rng(seed))[1]
        other = drop(student, h, 0.5, np.random.default_rng(seed + 1))[1]
        assert bool((replay == first).all()), "equal generators give equal masks"
        assert bool((again != first).any()), "every call draws a fresh mask"
        assert bool((other != first).any()), "another generator gives another mask"


@pytest.mark.question("q4")
def test_dropout_is_new_for_each_generator(student, rng):
    """As many generators, as many masks."""
    h = signed(rng, (10, 12))
    masks = {drop(student, h, 0.5, fresh(rng))[1].tobytes() for _ in range(300)}
    # Two masks of 120 fair coins are equal with a chance of 2^-120.
    assert len(masks) == 300


@pytest.mark.question("q4", weight=2)
def test_dropout_at_inference(student, rng):
    """Nothing happens without training, nor with p = 0."""
    for (n, m), p in [((6, 6), 0.3), ((1, 9), 0.5), ((30, 4), 0.8), ((1, 1), 0.6)]:
        h = signed(rng, (n, m))
        assert_close(student.dropout(h.copy(), p, fresh(rng), False), h, axes="n m")
        for none in (0.0, 0):
            assert_close(student.dropout(h.copy(), none, fresh(rng), True), h, axes="n m")


@pytest.mark.question("q4")
def test_dropout_of_integers(student, rng):
    """Whole numbers become fractions where they are kept."""
    for n, m in [(10, 10), (7, 12)]:
        h = rng.integers(1, 9, (n, m))
        result, zero = drop(student, h, 0.3, fresh(rng))
        assert_close(result, np.where(zero, 0.0, h / 0.7), atol=ATOL, axes="n m")
        assert 0 < int(zero.sum()) < zero.size


@pytest.mark.question("q4")
def test_dropout_changes_nothing(student, rng):
    """The activations that are passed in stay as they were."""
    for n, m in [(9, 9), (8, 12)]:
        h = signed(rng, (n, m))
        call = student.dropout.call(h.copy(), 0.5, fresh(rng), True)
        values = array(call.value, (n, m), axes="n m")
        zero = np.abs(values) < 1e-9
        with presupposed():
            assert_close(call.value, np.where(zero, 0.0, 2 * h), atol=ATOL, axes="n m")
            assert bool(zero.any())
        assert_close(call.args_after[0], h, rtol=0.0, atol=1e-12)


@pytest.mark.question("q4")
def test_dropout_refuses_bad_probabilities(student, rng):
    """A p that is not in [0, 1) raises ValueError, in training and at inference."""
    h = signed(rng, (4, 3))
    for p in (-0.2, 1.3, 1.0):
        for training in (True, False):
            with raises(ValueError):
                student.dropout(h.copy(), p, fresh(rng), training)


# Question 5: ridge regression


def data(rng, n, d, offset=2.0):
    """Inputs X (n, d) and targets y (n,) of a noisy affine law, with means away from 0."""
    X = rng.normal(offset * rng.choice([-1, 1], d), 1.0, (n, d))
    return X, X @ signed(rng, d) + 2 * offset + rng.normal(0.0, 0.5, n)


def assert_fit(result, X, y, l2):
    """Check weights and offset; the offset is the difference of numbers as large as its scale."""
    w, b = parts(result, 2)
    expected_w, expected_b = reference.ridge(X, y, l2)
    scale = float(np.abs(y).max() + np.abs(X.mean(axis=0)) @ np.abs(expected_w))
    assert_close(w, expected_w, atol=2 * ATOL, axes="d")
    assert_close(b, expected_b, atol=2 * ATOL * (1 + scale))


@pytest.mark.question("q5", weight=4)
def test_ridge_on_random_data(student, rng):
    """Weights and offset for any number of samples and inputs, more inputs than samples, too."""
    drawn = [tuple(int(size) for size in rng.integers(8, (300, 40))) for _ in range(2)]
    for n, d in [(30, 4), (6, 6), (4, 7), (25, 1), (1, 1), (1, 3), *drawn]:
        X, y = data(rng, n, d)
        l2 = float(rng.uniform(0.1, 1.0))
        assert_fit(student.ridge(X.copy(), y.copy(), l2), X, y, l2)


@pytest.mark.question("q5", weight=2)
def test_ridge_is_the_minimum(student, rng):
    """Both slopes of loss plus penalty vanish at the answer: those along w and along b."""
    for n, d in [(30, 4), (5, 8), (9, 1)]:
        X, y = data(rng, n, d)
        l2 = float(rng.uniform(0.1, 1.0))
        w, b = parts(student.ridge(X.copy(), y.copy(), l2), 2)
        w, b = array(w, (d,), axes="d"), number(b)
        residual = X @ w + b - y
        scale = float(np.abs(y).max() * np.abs(X).max())
        slope = 2 * X.T @ residual / n + 2 * l2 * w
        assert_close(slope, np.zeros(d), atol=2e-4 * scale, axes="d")
        assert_close(float(residual.mean()), 0.0, atol=1e-4 * scale)


@pytest.mark.question("q5")
def test_ridge_without_penalty(student, rng):
    """With l2 = 0 it is the line, or plane, of least squares."""
    for n, d in [(20, 1), (40, 3), (50, 4)]:
        X, y = data(rng, n, d)
        assert_fit(student.ridge(X.copy(), y.copy(), 0), X, y, 0)


@pytest.mark.question("q5")
def test_ridge_leaves_the_offset_free(student, rng):
    """Data far away from the origin are fitted as well as data near it."""
    for n, d in [(30, 3), (30, 1)]:
        X, y = data(rng, n, d, offset=25.0)
        assert_fit(student.ridge(X.copy(), y.copy(), 0.5), X, y, 0.5)


@pytest.mark.question("q5")
def test_ridge_shrinks(student, rng):
    """The larger l2, the smaller the weights, down to the mean of y as the only answer."""
    for n, d in [(30, 4), (12, 2)]:
        X, y = data(rng, n, d)
        norms, b = [], 0.0
        for l2 in (0.0, 0.1, 1.0, 10.0, 1e6):
            w, b = parts(student.ridge(X.copy(), y.copy(), l2), 2)
            norms.append(float(np.linalg.norm(array(w, (d,), axes="d"))))
        assert all(larger > smaller for larger, smaller in pairwise(norms))
        assert norms[-1] < 1e-3
        assert_close(b, float(y.mean()), atol=1e-3 * float(np.abs(y).max()))


@pytest.mark.question("q5")
def test_ridge_of_integers(student, rng):
    """Whole numbers as data."""
    for n, d in [(20, 2), (15, 4)]:
        X, y = rng.integers(-5, 10, (n, d)), rng.integers(-9, 30, n)
        assert_fit(student.ridge(X.copy(), y.copy(), 0.8), X, y, 0.8)


@pytest.mark.question("q5")
def test_ridge_changes_nothing(student, rng):
    """The data stay as they were."""
    for n, d in [(20, 3), (4, 4)]:
        X, y = data(rng, n, d)
        call = student.ridge.call(X.copy(), y.copy(), 0.3)
        with presupposed():
            assert_fit(call.value, X, y, 0.3)
        assert_close(call.args_after[0], X, rtol=0.0, atol=1e-12)
        assert_close(call.args_after[1], y, rtol=0.0, atol=1e-12)


@pytest.mark.question("q5")
def test_ridge_refuses_bad_input(student, rng):
    """A negative l2, and data that do not fit, raise ValueError."""
    X, y = data(rng, 8, 2)
    for X_bad, y_bad, l2 in [(X, y, -0.5), (X, y[:7], 0.5), (X[:7], y, 0.5), (X, y[:1], 0.5)]:
        with raises(ValueError):
            student.ridge(X_bad.copy(), y_bad.copy(), l2)


# Question 6: when to stop


def curves(rng, epochs, best):
    """A falling training curve and a validation curve with its smallest value at `best`."""
    epoch = np.arange(epochs)
    train = np.exp(-epoch / epochs) + rng.uniform(0.0, 0.2, epochs)
    val = 1.0 + 0.05 * np.abs(epoch - best) * min(1.0, 40 / epochs) + rng.uniform(0.02, 0.3, epochs)
    val[best] = rng.uniform(0.8, 0.98)
    return train, val


def minima(rng):
    """Pairs of a number of epochs and the best of them: inside, first, last, the only one."""
    drawn = [*rng.integers(10, 40, 4), *rng.integers(40, 2000, 2)]
    inside = [(int(n), int(rng.integers(n // 2, n - 2))) for n in drawn]
    return [*inside, (12, 0), (15, 14), (1, 0)]


@pytest.mark.question("q6", weight=3)
def test_best_epoch_of_random_curves(student, rng):
    """Epoch of the smallest validation loss, wherever it is."""
    for epochs, best in minima(rng):
        _, val = curves(rng, epochs, best)
        assert_close(student.best_epoch(val.copy()), best, rtol=0.0, atol=1e-9)


@pytest.mark.question("q6", weight=3)
def test_gap_of_random_curves(student, rng):
    """Validation minus training loss at that epoch, of either sign."""
    for epochs, best in minima(rng):
        train, val = curves(rng, epochs, best)
        for shift in (0.0, 3.0):
            expected = val[best] - train[best] - shift
            assert_close(student.gap(train + shift, val.copy()), expected, atol=ATOL)


@pytest.mark.question("q6")
def test_ties(student, rng):
    """If several epochs are equally good, any of them counts."""
    for first, second in [(2, 6), (0, 9), (3, 4)]:
        train, val = curves(rng, 10, first)
        with presupposed():
            assert_close(student.best_epoch(val.copy()), first, rtol=0.0, atol=1e-9)
            assert_close(student.gap(train.copy(), val.copy()), val[first] - train[first])
        val[second] = val[first]
        epoch = number(student.best_epoch(val.copy()))
        assert min(abs(epoch - first), abs(epoch - second)) < 1e-9
        gap = number(student.gap(train.copy(), val.copy()))
        errors = [abs(gap - (val[k] - train[k])) for k in (first, second)]
        assert min(errors) < 10 * ATOL


@pytest.mark.question("q6")
def test_curves_stay_as_they_were(student, rng):
    """The curves that are passed in are not changed."""
    train, val = curves(rng, 14, 6)
    call = student.best_epoch.call(val.copy())
    with presupposed():
        assert_close(call.value, 6, rtol=0.0, atol=1e-9)
    assert_close(call.args_after[0], val, rtol=0.0, atol=1e-12)
    call = student.gap.call(train.copy(), val.copy())
    with presupposed():
        assert_close(call.value, val[6] - train[6], atol=ATOL)
    assert_close(call.args_after[0], train, rtol=0.0, atol=1e-12)
    assert_close(call.args_after[1], val, rtol=0.0, atol=1e-12)


@pytest.mark.question("q6")
def test_curves_that_say_nothing(student, rng):
    """Empty curves, and curves of different lengths, raise ValueError."""
    with raises(ValueError):
        student.best_epoch(np.array([]))
    with raises(ValueError):
        student.gap(np.array([]), np.array([]))
    train, val = curves(rng, 8, 3)
    for short_train, short_val in [(train[:2], val), (train, val[:5]), (train[:1], val)]:
        with raises(ValueError):
            student.gap(short_train.copy(), short_val.copy())
