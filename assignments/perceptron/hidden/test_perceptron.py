"""Hidden tests of the assignment "The perceptron"."""

from itertools import combinations

import numpy as np
import pytest

from autograder.checks import array, assert_close, number, presupposed, raises
from reference import perceptron as reference

# A square batch or layer comes first: there a wrong order of indices gives wrong numbers, no error,
# by which it is recognised.
SHAPES = [(4, 4), (5, 3), (1, 1), (3, 1), (1, 6), (40, 2)]
LAYERS = [(4, 4, 4), (5, 3, 4), (1, 1, 1), (3, 5, 3), (2, 6, 6), (1, 3, 2), (6, 1, 2), (7, 2, 1)]

# Inputs are of order 1, wrong answers deviate by 0.01 or more, single precision by 1e-6.
ATOL = 1e-5

# A right answer fails one of at most 250 checks of means in random_layer with a chance of 8e-11
# each (normal tails), one of 250 chi-squares with 35 degrees of freedom with 1e-12, one of the two
# comparisons with the uniform law with 7e-10 (Massart's bound 2 exp(-2 c^2)): 3e-8 together. Both
# have a lower limit as well, for draws that are more even than chance is: 1e-12 at most.
SIGMAS, KOLMOGOROV, CHI_SQUARE = 6.5, 3.3, 135.0


def shapes(rng):
    """Numbers of samples and inputs: the telling ones, and two drawn from a wide range."""
    return [*SHAPES, *((int(rng.integers(50, n)), int(rng.integers(2, 8))) for n in (200, 1500))]


def normal_unit(rng, n, d):
    """Random x (n, d), w (d,) and b of one perceptron."""
    return rng.normal(size=(n, d)), rng.normal(size=d), float(rng.uniform(0.5, 2.0))


def normal_layer(rng, n, d, m):
    """Random x (n, d), W (m, d) and b (m,)."""
    return rng.normal(size=(n, d)), rng.normal(size=(m, d)), rng.uniform(0.5, 2.0, m)


def regression(rng, n, d):
    """Random w (d,), b, x (n, d), y (n,) that are far from the minimum of the loss."""
    return (
        rng.normal(size=d),
        float(rng.normal()),
        rng.uniform(-2.0, 2.0, (n, d)),
        rng.normal(3.0, 1.0, n),
    )


def parts(result, count):
    """Entries of a returned tuple or list, after a look at their number."""
    assert isinstance(result, tuple | list) and len(result) == count, f"expected {count} values"
    return result


def assert_same_arguments(call, *before):
    """Check that a call left its first arguments as they were."""
    for after, expected in zip(call.args_after, before, strict=False):
        assert_close(after, expected, rtol=0.0, atol=1e-12)


# Question 1: the perceptron


@pytest.mark.question("q1", weight=3)
def test_perceptron_of_every_shape(student, rng):
    """Weighted sum plus bias, for any number of samples and inputs."""
    for n, d in [*shapes(rng), (7, int(rng.integers(20, 60)))]:
        x, w, b = normal_unit(rng, n, d)
        assert_close(
            student.perceptron(x, w, b), reference.perceptron(x, w, b), atol=ATOL, axes="n"
        )


@pytest.mark.question("q1")
def test_perceptron_without_signal(student, rng):
    """Samples whose inputs are all zero give the bias, of either sign."""
    for n, d, sign in [(1, 1, 1.0), (4, 3, -1.0), (3, 3, 1.0)]:
        _, w, b = normal_unit(rng, n, d)
        assert_close(
            student.perceptron(np.zeros((n, d)), w, sign * b), np.full(n, sign * b), axes="n"
        )


@pytest.mark.question("q1")
def test_perceptron_is_affine(student, rng):
    """f(x + x') - f(x) - f(x') + f(0) is zero."""
    for n, d in [(4, 3), (3, 3), (1, 5)]:
        x, w, b = normal_unit(rng, n, d)
        other = rng.normal(size=(n, d))
        values = [
            array(student.perceptron(v, w, b), (n,), axes="n")
            for v in (x + other, x, other, 0.0 * x)
        ]
        with presupposed():
            assert_close(values[1], reference.perceptron(x, w, b), atol=ATOL, axes="n")
        assert_close(
            values[0] - values[1] - values[2] + values[3], np.zeros(n), atol=10 * ATOL, axes="n"
        )


@pytest.mark.question("q1")
def test_perceptron_of_integers(student, rng):
    """Integer inputs with fractional weights, and integers throughout."""
    for n, d in [(4, 3), (3, 3), (1, 1)]:
        x, w, b = rng.integers(-9, 10, (n, d)), rng.normal(size=d), 0.37
        assert_close(
            student.perceptron(x, w, b), reference.perceptron(x, w, b), atol=10 * ATOL, axes="n"
        )
        w = rng.integers(1, 10, d)
        assert_close(
            student.perceptron(x, w, -2), reference.perceptron(x, w, -2), atol=10 * ATOL, axes="n"
        )


@pytest.mark.question("q1")
def test_perceptron_changes_nothing(student, rng):
    """The arguments stay as they were."""
    for n, d in [(4, 3), (3, 3)]:
        x, w, b = normal_unit(rng, n, d)
        call = student.perceptron.call(x.copy(), w.copy(), b)
        with presupposed():
            assert_close(call.value, reference.perceptron(x, w, b), atol=ATOL, axes="n")
        assert_same_arguments(call, x, w)


@pytest.mark.question("q1")
def test_perceptron_refuses_wrong_weights(student, rng):
    """Too many or too few weights raise ValueError."""
    for n, d, k in [(4, 3, 4), (4, 3, 2), (3, 3, 1), (4, 1, 3)]:
        x, w, b = rng.normal(size=(n, d)), rng.normal(size=k), 1.0
        with raises(ValueError):
            student.perceptron(x, w, b)


# Question 2: a layer


@pytest.mark.question("q2", weight=4)
def test_dense_of_every_shape(student, rng):
    """Any number of samples, inputs and units."""
    drawn = int(rng.integers(50, 500)), int(rng.integers(8, 40)), int(rng.integers(8, 40))
    for n, d, m in [*LAYERS, drawn]:
        x, W, b = normal_layer(rng, n, d, m)
        assert_close(student.dense(x, W, b), reference.dense(x, W, b), atol=ATOL, axes="n m")


@pytest.mark.question("q2")
def test_dense_is_a_stack_of_perceptrons(student, rng):
    """Each unit is the perceptron with its own row of W and its own bias."""
    for n, d, m in [(5, 3, 4), (3, 3, 3), (4, 1, 4)]:
        x, W, b = normal_layer(rng, n, d, m)
        y = array(student.dense(x, W, b), (n, m), axes="n m")
        for k in range(m):
            assert_close(y[:, k], reference.perceptron(x, W[k], b[k]), atol=ATOL, axes="n")


@pytest.mark.question("q2")
def test_dense_of_integers(student, rng):
    """Integer inputs with fractional weights, and integers throughout."""
    for n, d, m in [(4, 3, 2), (3, 3, 3)]:
        x, b = rng.integers(-9, 10, (n, d)), rng.integers(1, 10, m)
        for W in (rng.normal(size=(m, d)), rng.integers(-9, 10, (m, d))):
            assert_close(
                student.dense(x, W, b), reference.dense(x, W, b), atol=10 * ATOL, axes="n m"
            )


@pytest.mark.question("q2")
def test_dense_changes_nothing(student, rng):
    """The arguments stay as they were."""
    for n, d, m in [(4, 3, 2), (3, 3, 3)]:
        x, W, b = normal_layer(rng, n, d, m)
        call = student.dense.call(x.copy(), W.copy(), b.copy())
        with presupposed():
            assert_close(call.value, reference.dense(x, W, b), atol=ATOL, axes="n m")
        assert_same_arguments(call, x, W, b)


@pytest.mark.question("q2")
def test_dense_refuses_wrong_shapes(student, rng):
    """Weights or biases that do not fit raise ValueError."""
    for n, d, rows, columns, biases in [
        (5, 3, 4, 2, 4),
        (5, 3, 3, 4, 3),
        (5, 3, 4, 3, 3),
        (5, 3, 4, 3, 1),
        (5, 3, 4, 1, 4),
        (5, 1, 4, 3, 4),
    ]:
        x, W, b = rng.normal(size=(n, d)), rng.normal(size=(rows, columns)), rng.normal(size=biases)
        with raises(ValueError):
            student.dense(x, W, b)


# Question 3: counting parameters


# Long nets of different widths come first: there no two ways to count agree by chance.


@pytest.mark.question("q3", weight=2)
def test_n_parameters_of_small_nets(student):
    """Nets with one, two and three layers that can be counted on a drawing."""
    for sizes, expected in [
        ([5, 3, 7, 2], 62),
        ([2, 4, 1], 17),
        ([3, 2], 8),
        ([2, 4, 4, 1], 37),
        ([1, 1], 2),
    ]:
        assert_close(student.n_parameters(sizes), expected, rtol=1e-9)


@pytest.mark.question("q3", weight=3)
def test_n_parameters_of_any_net(student, rng):
    """Nets of any depth and width."""
    depths = [4, 1, 2, 3, 6, 9, int(rng.integers(10, 20)), int(rng.integers(20, 60))]
    for depth in depths:
        sizes = [int(size) for size in rng.integers(1, 200, depth + 1)]
        assert_close(student.n_parameters(sizes), reference.n_parameters(sizes), rtol=1e-9)


@pytest.mark.question("q3")
def test_n_parameters_changes_nothing(student, rng):
    """The list stays as it was."""
    for depth in (3, 1):
        sizes = [int(size) for size in rng.integers(2, 60, depth + 1)]
        call = student.n_parameters.call(list(sizes))
        with presupposed():
            assert_close(call.value, reference.n_parameters(sizes), rtol=1e-9)
        assert_same_arguments(call, sizes)


@pytest.mark.question("q3")
def test_n_parameters_refuses_what_is_no_net(student):
    """A net without a layer, or with an empty layer, raises ValueError."""
    for sizes in ([5], [], [4, 0, 3], [0, 3], [3, 2, -1]):
        with raises(ValueError):
            student.n_parameters(sizes)


# Question 4: a random layer


def layer_of(student, n_in, n_out, rng):
    """Weights and biases that the student draws, as arrays of the right shape."""
    w, b = parts(student.random_layer(n_in, n_out, rng), 2)
    return array(w, (n_out, n_in), axes="n_out n_in"), array(b, (n_out,), axes="n_out")


def fresh(rng):
    """A generator for the student's code alone."""
    return np.random.default_rng(int(rng.integers(2**31)))


def large_layers(student, rng):
    """Weights and biases of a layer with thousands of units, and of one with as many inputs."""
    units, inputs = int(rng.integers(3000, 5000)), int(rng.integers(3000, 5000))
    yield layer_of(student, int(rng.integers(8, 13)), units, fresh(rng))
    yield layer_of(student, inputs, int(rng.integers(3, 7)), fresh(rng))


@pytest.mark.question("q4")
def test_random_layer_range(student, rng):
    """Shapes of weights and biases, and all values between -1 and 1."""
    drawn = int(rng.integers(10, 300)), int(rng.integers(10, 300))
    for n_in, n_out in [(3, 2), (2, 5), (1, 4), (6, 1), (4, 4), drawn]:
        w, b = layer_of(student, n_in, n_out, fresh(rng))
        assert float(np.max(np.abs(w))) <= 1.0
        assert float(np.max(np.abs(b))) <= 1.0


@pytest.mark.question("q4", weight=2)
def test_random_layer_law(student, rng):
    """The weights, and the biases, have the mean, the variance and the law of the uniform law."""
    w, b = next(large_layers(student, rng))
    for values in (w.reshape(-1), b):
        # 4/45 is the variance of u^2.
        assert abs(float(np.mean(values))) < SIGMAS * np.sqrt(1.0 / 3.0 / values.size)
        spread = float(np.mean(values**2)) - 1.0 / 3.0
        assert abs(spread) < SIGMAS * np.sqrt(4.0 / 45.0 / values.size)
        expected = (np.sort(values) + 1.0) / 2.0
        ranks = (np.arange(values.size) + 0.5) / values.size
        distance = np.sqrt(values.size) * float(np.max(np.abs(expected - ranks)))
        assert 0.2 < distance < KOLMOGOROV, "farther from the law, or nearer, than chance goes"


@pytest.mark.question("q4", weight=2)
def test_random_layer_repeats_nothing(student, rng):
    """No value comes again, with either sign, in the weights and biases of a layer."""
    for w, b in large_layers(student, rng):
        values = np.abs(np.append(w.reshape(-1), b))
        # In single precision there are 2^22 sizes, of which 50 000 draws repeat 300, +-17.
        assert len(np.unique(values)) > 0.99 * values.size


def assert_independent(u, v):
    """Check that neither the product nor the place of pairs (u, v) in the square betrays one."""
    assert abs(float(np.mean(u * v))) < SIGMAS / 3.0 / np.sqrt(len(u))
    places = np.histogram2d(u, v, bins=6, range=[[-1.0, 1.0], [-1.0, 1.0]])[0]
    expected = len(u) / places.size
    assert 3.0 < float(np.sum((places - expected) ** 2)) / expected < CHI_SQUARE


@pytest.mark.question("q4", weight=2)
def test_random_layer_independence(student, rng):
    """Weights of different units, weights of different inputs, and biases are independent."""
    (w_tall, b_tall), (w_wide, _) = large_layers(student, rng)
    with presupposed():
        # What is correlated is another matter where the values are not spread as they should be.
        assert 0.2 < float(np.mean(w_tall**2)) < 0.5
        assert 0.2 < float(np.mean(b_tall**2)) < 0.5
    for u, v in combinations([*w_tall.T, b_tall], 2):
        assert_independent(u, v)
    for u, v in combinations(w_wide, 2):
        assert_independent(u, v)
    for w in (w_tall, w_wide):
        stream = w.reshape(-1)
        for lag in range(1, 60):
            assert_independent(stream[lag:], stream[:-lag])
    units = len(b_tall)
    for part in (w_tall.reshape(-1)[:units], w_tall.reshape(-1)[-units:]):
        assert_independent(part, b_tall)
        assert_independent(part[::-1], b_tall)


@pytest.mark.question("q4", weight=2)
def test_random_layer_uses_its_generator(student, sandbox, rng):
    """Equal generators give equal layers; one used again, or another one, gives another layer."""
    for n_in, n_out in [(3, 2), (4, 4)]:
        seed = int(rng.integers(2**31))
        generator = np.random.default_rng(seed)
        sandbox.seed(1)
        first, again = (
            layer_of(student, n_in, n_out, generator),
            layer_of(student, n_in, n_out, generator),
        )
        sandbox.seed(2)
        replay = layer_of(student, n_in, n_out, np.random.default_rng(seed))
        other = layer_of(student, n_in, n_out, np.random.default_rng(seed + 1))
        for k in range(2):
            assert_close(replay[k], first[k], rtol=0.0, atol=1e-9)
            assert float(np.max(np.abs(again[k] - first[k]))) > 1e-4
            assert float(np.max(np.abs(other[k] - first[k]))) > 1e-4


@pytest.mark.question("q4")
def test_random_layer_is_new_for_each_generator(student, rng):
    """As many generators, as many layers."""
    layers = [layer_of(student, 2, 2, fresh(rng)) for _ in range(150)]
    # Two layers of six numbers in single precision are equal with a chance of 2^-138.
    assert len({(*w.reshape(-1), *b) for w, b in layers}) == len(layers)


@pytest.mark.question("q4", weight=4)
def test_apply_layer(student, rng):
    """Sigmoid of the affine sum, for one sample and for a batch."""
    drawn = int(rng.integers(8, 40)), int(rng.integers(8, 40))
    for n_in, n_out in [(4, 4), (3, 2), (2, 5), (1, 3), (3, 1), (1, 1), drawn]:
        w, b = rng.normal(size=(n_out, n_in)), rng.uniform(0.5, 2.0, n_out)
        y = rng.normal(size=n_in)
        assert_close(
            student.apply_layer(y, w, b), reference.apply_layer(y, w, b), atol=ATOL, axes="n_out"
        )
        for n in (1, n_in, 7, int(rng.integers(20, 300))):
            y = rng.normal(size=(n, n_in))
            assert_close(
                student.apply_layer(y, w, b),
                reference.apply_layer(y, w, b),
                atol=ATOL,
                axes="n n_out",
            )


@pytest.mark.question("q4")
def test_apply_layer_saturates(student):
    """Very large sums of either sign give finite values, and integers are welcome."""
    for size in (1000, 5000):
        y, w, b = (
            np.array([[size, size], [-size, -size]]),
            np.array([[1, 0], [0, -1]]),
            np.array([0, 0]),
        )
        assert_close(
            student.apply_layer(y, w, b),
            np.array([[1.0, 0.0], [0.0, 1.0]]),
            atol=1e-6,
            axes="n n_out",
        )


@pytest.mark.question("q4")
def test_apply_layer_changes_nothing(student, rng):
    """The arguments stay as they were."""
    for shape in [(3,), (5, 3)]:
        y, w, b = rng.normal(size=shape), rng.normal(size=(2, 3)), rng.normal(size=2)
        call = student.apply_layer.call(y.copy(), w.copy(), b.copy())
        with presupposed():
            assert_close(call.value, reference.apply_layer(y, w, b), atol=ATOL)
        assert_same_arguments(call, y, w, b)


@pytest.mark.question("q4")
def test_random_layer_refuses_wrong_sizes(student, rng):
    """Layers without inputs or units raise ValueError."""
    for n_in, n_out in [(0, 2), (2, 0), (-1, 3)]:
        with raises(ValueError):
            student.random_layer(n_in, n_out, fresh(rng))


@pytest.mark.question("q4")
def test_apply_layer_refuses_wrong_sizes(student, rng):
    """Samples that do not fit the layer raise ValueError."""
    for shape in [(2,), (4, 5), (1,), (4, 1)]:
        y, w, b = rng.normal(size=shape), rng.normal(size=(4, 3)), rng.normal(size=4)
        with raises(ValueError):
            student.apply_layer(y, w, b)


# Question 5: the loss


def pairings(y_true, y_pred):
    """The same values as (n,) and as (n, 1), in all four pairings."""
    for true in (y_true, y_true[:, np.newaxis]):
        for pred in (y_pred, y_pred[:, np.newaxis]):
            yield true.copy(), pred.copy()


@pytest.mark.question("q5", weight=3)
def test_mse_mean_in_all_shapes(student, rng):
    """The mean, also if one argument is (n, 1) and the other (n,)."""
    for n in (5, 1, 2, int(rng.integers(30, 300)), int(rng.integers(300, 3000))):
        y_true, y_pred = rng.normal(size=n), rng.normal(3.0, 1.0, n)
        for true, pred in pairings(y_true, y_pred):
            assert_close(student.mse(true, pred, "mean"), reference.mse(y_true, y_pred))


@pytest.mark.question("q5", weight=2)
def test_mse_sum_is_n_times_mean(student, rng):
    """The sum is n times the mean, in all shapes."""
    for n in (5, 1, 2, int(rng.integers(30, 300)), int(rng.integers(300, 3000))):
        y_true, y_pred = rng.normal(size=n), rng.normal(3.0, 1.0, n)
        for true, pred in pairings(y_true, y_pred):
            assert_close(student.mse(true, pred, "sum"), n * reference.mse(y_true, y_pred))


@pytest.mark.question("q5")
def test_mse_default_is_mean(student, rng):
    """Without a word about the reduction it is the mean."""
    for n in (3, 7):
        y_true, y_pred = rng.normal(size=n), rng.normal(3.0, 1.0, n)
        with presupposed():
            assert_close(student.mse(y_true, y_pred, "mean"), reference.mse(y_true, y_pred))
        assert_close(student.mse(y_true, y_pred), reference.mse(y_true, y_pred))


@pytest.mark.question("q5")
def test_mse_of_integers(student, rng):
    """Integers against integers and against fractions."""
    for n in (3, 8):
        y_true = rng.integers(-9, 10, n)
        for y_pred in (y_true + rng.integers(1, 5, n), y_true + rng.uniform(0.1, 0.9, n)):
            assert_close(student.mse(y_true, y_pred), reference.mse(y_true, y_pred))


@pytest.mark.question("q5")
def test_mse_changes_nothing(student, rng):
    """The arguments stay as they were."""
    for true, pred in pairings(rng.normal(size=4), rng.normal(3.0, 1.0, 4)):
        call = student.mse.call(true.copy(), pred.copy())
        with presupposed():
            assert_close(call.value, reference.mse(true, pred))
        assert_same_arguments(call, true, pred)


@pytest.mark.question("q5")
def test_mse_refuses_bad_input(student, rng):
    """Different lengths, no values at all and an unknown reduction raise ValueError."""
    for n_true, n_pred in [(4, 3), (4, 1), (1, 4), (0, 0)]:
        with raises(ValueError):
            student.mse(rng.normal(size=n_true), rng.normal(size=n_pred))
    for reduction in ("median", "max", "none", "SUM", None):
        with raises(ValueError):
            student.mse(rng.normal(size=3), rng.normal(size=3), reduction)


# Question 6: one step of gradient descent


def assert_step(result, expected):
    """Check new weights and bias."""
    w, b = parts(result, 2)
    assert_close(w, expected[0], atol=ATOL, axes="d")
    assert_close(b, expected[1], atol=ATOL)


@pytest.mark.question("q6", weight=4)
def test_gd_step_on_random_batches(student, rng):
    """New weights and bias, both from the old ones, for batches of any size."""
    for n, d in shapes(rng):
        w, b, x, y = regression(rng, n, d)
        lr = float(rng.uniform(0.05, 0.3))
        assert_step(student.gd_step(w, b, x, y, lr), reference.gd_step(w, b, x, y, lr))


@pytest.mark.question("q6")
def test_gd_step_follows_the_slope(student, rng):
    """The step follows the slope of the mean loss, measured by small changes of each parameter."""
    for n, d in [(5, 3), (3, 3), (1, 2)]:
        w, b, x, y = regression(rng, n, d)
        w_new, b_new = parts(student.gd_step(w, b, x, y, 0.1), 2)
        theta, new = np.append(w, b), np.append(array(w_new, (d,), axes="d"), number(b_new))
        changes = 1e-5 * np.eye(d + 1)
        loss = [
            reference.mse(y, x @ t[:-1] + t[-1])
            for t in np.concatenate([theta + changes, theta - changes])
        ]
        slope = (np.array(loss[: d + 1]) - np.array(loss[d + 1 :])) / 2e-5
        assert_close(new, theta - 0.1 * slope, atol=10 * ATOL)


@pytest.mark.question("q6")
def test_gd_step_of_integers(student, rng):
    """Integer parameters and data give fractional new parameters."""
    for n, d, lr in [(5, 3, 0.013), (3, 3, 0.013), (1, 1, 0.013), (2, 3, 1)]:
        w, x, y = rng.integers(-3, 4, d), rng.integers(-3, 4, (n, d)), rng.integers(10, 20, n)
        assert_step(student.gd_step(w, 1, x, y, lr), reference.gd_step(w, 1, x, y, lr))


@pytest.mark.question("q6")
def test_gd_step_changes_nothing(student, rng):
    """The arguments stay as they were."""
    for n, d in [(5, 3), (3, 3)]:
        w, b, x, y = regression(rng, n, d)
        call = student.gd_step.call(w.copy(), b, x.copy(), y.copy(), 0.1)
        with presupposed():
            assert_step(call.value, reference.gd_step(w, b, x, y, 0.1))
        assert_same_arguments(call, w, b, x, y)


@pytest.mark.question("q6")
def test_gd_step_refuses_bad_input(student, rng):
    """A bad learning rate, lengths that differ and an empty batch raise ValueError."""
    w, b, x, y = regression(rng, 5, 3)
    bad = [
        (w, x, y, 0.0),
        (w, x, y, -0.1),
        (w, x, y[:4], 0.1),
        (w, x, y[:1], 0.1),
        (w[:2], x, y, 0.1),
        (w[:1], x, y, 0.1),
        (np.append(w, 0.5), x, y, 0.1),
        (w, x[:, :1], y, 0.1),
    ]
    for w_bad, x_bad, y_bad, lr in [*bad, (w, x[:0], y[:0], 0.1)]:
        with raises(ValueError):
            student.gd_step(w_bad.copy(), b, x_bad.copy(), y_bad.copy(), lr)


# Question 7: the fit


def runs(rng):
    """Shapes of data, each with a number of steps: small ones, and two from wide ranges."""
    steps = [3, 25, 7, 1, 2, 10, int(rng.integers(30, 300)), int(rng.integers(400, 700))]
    return zip(shapes(rng), steps, strict=True)


@pytest.mark.question("q7", weight=3)
def test_fit_parameters(student, rng):
    """Weights and bias after all steps from any start, for any number of samples and inputs."""
    for (n, d), steps in runs(rng):
        w0, b0, x, y = regression(rng, n, d)
        expected = reference.fit(x, y, w0, b0, 0.02, steps)
        w, b, _ = parts(student.fit(x, y, w0, b0, 0.02, steps), 3)
        assert_close(w, expected[0], atol=ATOL, axes="d")
        assert_close(b, expected[1], atol=ATOL)


@pytest.mark.question("q7", weight=2)
def test_fit_of_the_lecture(student):
    """The run of the lecture: weight and bias after all its steps."""
    x, y = np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([2.0, 4.0, 6.0, 8.0])
    w, b, _ = parts(student.fit(x, y, np.array([0.1140337]), 0.0, 0.01, 300), 3)
    # S0:667-829, as printed on the slide.
    assert_close(w, [1.9204563], axes="d")
    assert_close(b, 0.23386857)


@pytest.mark.question("q7", weight=2)
def test_fit_history(student, rng):
    """One loss for each step, taken before the step, however small it has become."""
    for (n, d), steps in runs(rng):
        w0, b0, x, y = regression(rng, n, d)
        for target in (y, x @ w0 + b0):  # the second start is the minimum already
            expected = reference.fit(x, target, w0, b0, 0.02, steps)[2]
            _, _, history = parts(student.fit(x, target, w0, b0, 0.02, steps), 3)
            assert_close(history, expected, atol=ATOL, axes="steps")


@pytest.mark.question("q7")
def test_fit_without_steps(student, rng):
    """No step: the start comes back, with an empty history."""
    for n, d in [(5, 3), (1, 1)]:
        w0, b0, x, y = regression(rng, n, d)
        w, b, history = parts(student.fit(x, y, w0, b0, 0.02, 0), 3)
        assert_close(w, w0, axes="d")
        assert_close(b, b0)
        assert array(history).size == 0


@pytest.mark.question("q7")
def test_fit_of_integers(student, rng):
    """Integer data and an integer start give fractional parameters."""
    for n, d in [(5, 3), (3, 3)]:
        w0, x, y = rng.integers(-3, 4, d), rng.integers(-3, 4, (n, d)), rng.integers(10, 20, n)
        expected = reference.fit(x, y, w0, 1, 0.0073, 5)
        for value, wanted in zip(
            parts(student.fit(x, y, w0, 1, 0.0073, 5), 3), expected, strict=True
        ):
            assert_close(value, wanted, atol=ATOL)


@pytest.mark.question("q7")
def test_fit_changes_nothing(student, rng):
    """The arguments stay as they were."""
    for n, d in [(5, 3), (3, 3)]:
        w0, b0, x, y = regression(rng, n, d)
        call = student.fit.call(x.copy(), y.copy(), w0.copy(), b0, 0.02, 4)
        with presupposed():
            assert_step(parts(call.value, 3)[:2], reference.fit(x, y, w0, b0, 0.02, 4)[:2])
        assert_same_arguments(call, x, y, w0)


@pytest.mark.question("q7")
def test_fit_starts_afresh(student, rng):
    """A second fit starts afresh: parameters and history are those of the same fit before."""
    for n, d in [(5, 3), (3, 3)]:
        w0, b0, x, y = regression(rng, n, d)
        fits = [parts(student.fit(x, y, w0.copy(), b0, 0.02, 4), 3) for _ in range(2)]
        with presupposed():
            assert_step(fits[0][:2], reference.fit(x, y, w0, b0, 0.02, 4)[:2])
        for again, first in zip(fits[1], fits[0], strict=True):
            assert_close(again, array(first) if np.ndim(first) else number(first), atol=ATOL)


@pytest.mark.question("q7")
def test_fit_leaves_what_it_returned(student, sandbox, rng):
    """What one fit has returned stays as it was when another one is done."""
    w0, b0, x, y = regression(rng, 5, 3)
    data = f"{x.tolist()}, {y.tolist()}, {w0.tolist()}"
    arguments = f"*map(__import__('numpy').array, ({data})), {b0}, 0.02"
    sandbox.run(f"_fits = fit({arguments}, 4), fit({arguments}, 2)")
    for kept, steps in zip(parts(student.get("_fits"), 2), (4, 2), strict=True):
        for value, wanted in zip(
            parts(kept, 3), reference.fit(x, y, w0, b0, 0.02, steps), strict=True
        ):
            assert_close(value, wanted, atol=ATOL)


@pytest.mark.question("q7")
def test_fit_refuses_bad_input(student, rng):
    """A bad learning rate, a negative number of steps and data that do not fit raise ValueError."""
    w0, b0, x, y = regression(rng, 5, 3)
    bad = [
        (x, y, 0.0, 3),
        (x, y, -0.1, 3),
        (x, y, 0.02, -1),
        (x, y[:4], 0.02, 3),
        (x, y[:1], 0.02, 3),
    ]
    for x_bad, y_bad, lr, steps in [*bad, (x[:0], y[:0], 0.02, 3)]:
        with raises(ValueError):
            student.fit(x_bad.copy(), y_bad.copy(), w0.copy(), b0, lr, steps)
