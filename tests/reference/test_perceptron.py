"""The references of "The perceptron": NumPy against TensorFlow, formulas and slide numbers."""

import subprocess
import sys

import numpy as np
import pytest

from reference import perceptron as reference

SHAPES = [(1, 1), (5, 3), (4, 4), (3, 1), (1, 6), (30, 2)]

# S0:667-829: y = 2 x at four points, 300 full-batch steps with learning rate 0.01.
SLIDE_X, SLIDE_Y = np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([2.0, 4.0, 6.0, 8.0])
SLIDE_W0, SLIDE_LR, SLIDE_STEPS = 0.1140337, 0.01, 300
SLIDE_W, SLIDE_B = 1.9204563, 0.23386857


@pytest.fixture
def rng():
    """A generator with a fixed seed."""
    return np.random.default_rng(20)


def same(actual, expected):
    """Equal within rtol 1e-6 of the largest entry."""
    expected = np.asarray(expected)
    scale = float(np.max(np.abs(expected), initial=0.0))
    np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-6 * scale)
    assert np.shape(actual) == expected.shape


@pytest.mark.parametrize(("n", "d"), SHAPES)
def test_perceptron_agrees_with_keras(rng, n, d):
    """One unit: NumPy and Keras give the same outputs."""
    x, w, b = rng.normal(size=(n, d)), rng.normal(size=d), rng.normal()
    same(reference.perceptron_tf(x, w, b), reference.perceptron(x, w, b))


@pytest.mark.parametrize(("n", "d"), SHAPES)
@pytest.mark.parametrize("m", [1, 3, 4])
def test_dense_agrees_with_keras(rng, n, d, m):
    """A layer: NumPy with W (m, d) and Keras with the transposed kernel give the same outputs."""
    x, W, b = rng.normal(size=(n, d)), rng.normal(size=(m, d)), rng.normal(size=m)
    same(reference.dense_tf(x, W, b), reference.dense(x, W, b))


def test_dense_is_a_stack_of_perceptrons(rng):
    """Column k of the layer is the perceptron with row k of W."""
    x, W, b = rng.normal(size=(5, 3)), rng.normal(size=(4, 3)), rng.normal(size=4)
    columns = [reference.perceptron(x, w_k, b_k) for w_k, b_k in zip(W, b, strict=True)]
    same(reference.dense(x, W, b), np.stack(columns, axis=1))


@pytest.mark.parametrize(
    ("sizes", "expected"), [([2, 1], 3), ([3, 2], 8), ([2, 4, 1], 17), ([2, 4, 4, 1], 37)]
)
def test_n_parameters(sizes, expected):
    """Counted by hand, by the formula and by Keras."""
    assert reference.n_parameters(sizes) == reference.n_parameters_tf(sizes) == expected


@pytest.mark.parametrize("draw", [reference.random_layer, reference.random_layer_tf])
def test_random_layer_is_uniform(rng, draw):
    """Both draw values on [-1, 1) with mean 0 and variance 1/3, within 6 standard deviations."""
    w, b = draw(40, 500, rng)
    assert w.shape == (500, 40)
    assert b.shape == (500,)
    for values in (w.reshape(-1), b):
        assert np.all((values >= -1.0) & (values < 1.0))
        assert abs(np.mean(values)) < 6.0 * np.sqrt(1.0 / 3.0 / values.size)
        assert abs(np.mean(values**2) - 1.0 / 3.0) < 6.0 * np.sqrt(4.0 / 45.0 / values.size)


@pytest.mark.parametrize("draw", [reference.random_layer, reference.random_layer_tf])
def test_random_layer_depends_on_the_generator_alone(draw):
    """The same state gives the same layer, the next call another one."""
    rng, twin = np.random.default_rng(3), np.random.default_rng(3)
    first, second = draw(3, 2, rng)[0], draw(3, 2, rng)[0]
    same(draw(3, 2, twin)[0], first)
    assert not np.allclose(first, second)


@pytest.mark.parametrize("shape", [(3,), (1, 3), (3, 3), (7, 3)])
def test_apply_layer_agrees_with_keras(rng, shape):
    """One sample or a batch: NumPy and Keras give the same outputs."""
    y_in, w, b = rng.normal(size=shape), rng.normal(size=(3, 3)), rng.normal(size=3)
    same(reference.apply_layer_tf(y_in, w, b), reference.apply_layer(y_in, w, b))


def test_sigmoid_does_not_overflow():
    """At +-1000 the sigmoid is 1 and 0, without a warning."""
    with np.errstate(all="raise"):
        y = reference.apply_layer(
            np.array([[1000.0], [-1000.0]]), np.array([[1.0]]), np.array([0.0])
        )
    np.testing.assert_allclose(y, [[1.0], [0.0]], atol=1e-12)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("n", [1, 2, 7])
def test_mse_agrees_with_keras(rng, n, reduction):
    """All pairings of (n,) and (n, 1) give the same loss in NumPy and Keras."""
    y_true, y_pred = rng.normal(size=n), rng.normal(size=n)
    expected = reference.mse(y_true, y_pred, reduction)
    for shape_true in [(n,), (n, 1)]:
        for shape_pred in [(n,), (n, 1)]:
            pair = y_true.reshape(shape_true), y_pred.reshape(shape_pred)
            same(reference.mse(*pair, reduction), expected)
            same(reference.mse_tf(*pair, reduction), expected)


@pytest.mark.parametrize(("n", "d"), SHAPES)
def test_gd_step_agrees_with_gradient_tape(rng, n, d):
    """One step: the gradient by hand is that of automatic differentiation."""
    w, b, x, y = rng.normal(size=d), rng.normal(), rng.normal(size=(n, d)), rng.normal(size=n)
    (w_tf, b_tf), (w_new, b_new) = (
        reference.gd_step_tf(w, b, x, y, 0.1),
        reference.gd_step(w, b, x, y, 0.1),
    )
    same(w_tf, w_new)
    same(b_tf, b_new)


@pytest.mark.parametrize(("n", "d"), SHAPES)
def test_gd_step_follows_finite_differences(rng, n, d):
    """(old - new) / lr is the gradient of the mean loss, by central differences."""
    w, b, x, y = (
        rng.normal(size=d),
        float(rng.normal()),
        rng.normal(size=(n, d)),
        rng.normal(size=n),
    )
    w_new, b_new = reference.gd_step(w, b, x, y, 0.1)
    actual = (np.append(w, b) - np.append(w_new, b_new)) / 0.1

    def loss(theta):
        return reference.mse(y, reference.perceptron(x, theta[:-1], theta[-1]))

    steps = 1e-5 * np.eye(d + 1)
    theta = np.append(w, b)
    expected = np.array([(loss(theta + h) - loss(theta - h)) / 2e-5 for h in steps])
    np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-7)


def test_fit_gives_the_numbers_of_the_slide():
    """S0:667-829: weight 1.9204563 and bias 0.23386857, in NumPy and in Keras."""
    for fit in (reference.fit, reference.fit_tf):
        w, b, history = fit(SLIDE_X, SLIDE_Y, np.array([SLIDE_W0]), 0.0, SLIDE_LR, SLIDE_STEPS)
        np.testing.assert_allclose([w[0], b], [SLIDE_W, SLIDE_B], rtol=1e-6)
        assert history.shape == (SLIDE_STEPS,)


@pytest.mark.parametrize(("factor", "weight"), [(4.0, 1.99473), (0.5, 1.87524)])
def test_other_losses_do_not_give_the_numbers_of_the_slide(factor, weight):
    """The sum (4 x the mean) and half the mean act as other learning rates and end elsewhere."""
    w, _, _ = reference.fit(
        SLIDE_X, SLIDE_Y, np.array([SLIDE_W0]), 0.0, factor * SLIDE_LR, SLIDE_STEPS
    )
    assert w[0] == pytest.approx(weight, abs=5e-6)


@pytest.mark.parametrize(("n", "d", "steps"), [(1, 1, 3), (6, 3, 10), (4, 4, 1), (5, 2, 0)])
def test_fit_agrees_with_keras(rng, n, d, steps):
    """Parameters and losses of a Keras run with plain SGD, full batch."""
    x, y, w0 = rng.uniform(-2, 2, (n, d)), rng.normal(size=n), rng.normal(size=d)
    for actual, expected in zip(
        reference.fit_tf(x, y, w0, 0.5, 0.02, steps),
        reference.fit(x, y, w0, 0.5, 0.02, steps),
        strict=True,
    ):
        same(actual, expected)


def test_history_is_taken_before_each_step(rng):
    """history[k] is the loss of the parameters after k steps."""
    x, y, w0 = rng.uniform(-2, 2, (6, 3)), rng.normal(size=6), rng.normal(size=3)
    _, _, history = reference.fit(x, y, w0, 0.5, 0.02, 5)
    for k in range(5):
        w, b, _ = reference.fit(x, y, w0, 0.5, 0.02, k)
        same(history[k], reference.mse(y, reference.perceptron(x, w, b)))


X, Y, W = np.ones((3, 2)), np.ones(3), np.ones((4, 2))
BAD_CALLS = [
    ("perceptron", (X, np.ones(3), 0.0)),
    ("perceptron", (X, np.ones(1), 0.0)),
    ("dense", (X, np.ones((4, 3)), np.ones(4))),
    ("dense", (X, W, np.ones(3))),
    ("dense", (X, W, np.ones(1))),
    ("n_parameters", ([3],)),
    ("n_parameters", ([3, 0, 1],)),
    ("random_layer", (0, 2, np.random.default_rng(0))),
    ("random_layer", (2, 0, np.random.default_rng(0))),
    ("apply_layer", (np.ones(3), W, np.ones(4))),
    ("apply_layer", (X, W, np.ones(1))),
    ("mse", (Y, np.ones(1))),
    ("mse", (np.array([]), np.array([]))),
    ("mse", (Y, Y, "median")),
    ("gd_step", (np.ones(2), 0.0, X, Y, 0.0)),
    ("gd_step", (np.ones(2), 0.0, X, np.ones(1), 0.1)),
    ("gd_step", (np.ones(3), 0.0, X, Y, 0.1)),
    ("gd_step", (np.ones(2), 0.0, np.ones((0, 2)), np.ones(0), 0.1)),
    ("fit", (X, Y, np.ones(2), 0.0, -0.1, 3)),
    ("fit", (X, Y, np.ones(2), 0.0, 0.1, -1)),
    ("fit", (X, np.ones(1), np.ones(2), 0.0, 0.1, 3)),
    ("fit", (np.ones((0, 2)), np.ones(0), np.ones(2), 0.0, 0.1, 3)),
]


@pytest.mark.parametrize("suffix", ["", "_tf"])
@pytest.mark.parametrize(("name", "args"), BAD_CALLS)
def test_bad_input_raises(name, args, suffix):
    """Both references refuse the same input."""
    with pytest.raises(ValueError):
        getattr(reference, name + suffix)(*args)


def test_import_leaves_tensorflow_alone():
    """The grader imports the references and must never load TensorFlow."""
    code = "import sys, reference.perceptron; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
