"""Hidden tests of the assignment "XOR weights"."""

import numpy as np
import pytest

from autograder.checks import array, assert_close, number, presupposed, raises
from autograder.errors import Invalid
from reference import xor as reference

TOLERANCE = 1e-5  # on outputs of order 1; single precision leaves 1e-7
# n, d, h. The first is square: a transposed answer then has a value, by which it is recognised.
SHAPES = [(4, 4, 4), (5, 3, 4), (6, 2, 2), (1, 2, 8), (3, 5, 1), (2, 1, 3), (1, 1, 1)]

N_POINTS = 20_000
MARGIN = 0.05  # points nearer than this to an axis are not asked about
# 99 % is asked for; six standard deviations below it, so that the draw decides nobody's mark.
BOARD_ACCURACY = 0.99 - 6 * np.sqrt(0.99 * 0.01 / N_POINTS)


def shapes(rng):
    """Numbers of samples, inputs and hidden units: the telling ones, and a large one."""
    return [*SHAPES, tuple(int(size) for size in rng.integers((50, 8, 10), (800, 30, 60)))]


def random_network(rng, d, h):
    """Weights of order 1, as the prompts describe them: W1 (h, d), b1 (h,), W2 (h,), b2."""
    return rng.normal(size=(h, d)), rng.normal(size=h), rng.normal(size=h), float(rng.normal())


def integer_network(rng, d, h):
    """Integer weights; none is 0, so that each of them matters."""
    W1 = rng.integers(1, 5, size=(h, d)) * rng.choice([-1, 1], size=(h, d))
    return W1, rng.integers(1, 5, size=h), rng.integers(1, 5, size=h), 3


def as_network(weights, h=None, d=2):
    """A student's four weights as plain arrays; W2 may be (h,) or (1, h)."""
    assert isinstance(weights, tuple | list), "four weights are asked for"
    assert len(weights) == 4, "four weights are asked for"
    W1 = array(weights[0])
    h = h or len(np.atleast_1d(W1))
    W1 = array(W1, shape=(h, d), axes="h d")
    b1 = array(weights[1], shape=(h,), axes="h")
    W2 = array(weights[2])
    W2 = array(W2[0] if W2.shape == (1, h) else W2, shape=(h,), axes="h")
    return W1, b1, W2, number(weights[3])


def first_network(student):
    """The answer to q1 as (W1, b1, W2, b2)."""
    return as_network((student.W1, student.b1, student.W2, student.b2), h=2)


def corner_outputs(network):
    """What the grader's own forward pass gives on the four corners, checked to be finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        return array(reference.forward(reference.CORNERS, *network))


# ---- q1: a network by hand


@pytest.mark.question("q1", weight=1)
def test_weights_are_numbers_of_the_right_shapes(student):
    """The four weights are finite numbers of the shapes asked for."""
    W1, b1, W2, b2 = first_network(student)
    assert W1.size + b1.size + W2.size + np.size(b2) == 9


@pytest.mark.question("q1", weight=1)
def test_outputs_are_on_the_right_side_of_one_half(student):
    """The network's outputs on the four corners are on the right side of 1/2."""
    high = corner_outputs(first_network(student)) > 0.5
    assert bool((high == (reference.XOR == 1)).all())


@pytest.mark.question("q1", weight=6)
def test_outputs_are_xor(student):
    """The network's outputs on the four corners are those of XOR, to 0.00001."""
    assert_close(corner_outputs(first_network(student)), reference.XOR, rtol=0, atol=TOLERANCE)


# ---- q2: the forward pass


@pytest.mark.question("q2", weight=3)
def test_networks_of_every_shape(student, rng):
    """Right for any number of samples, inputs and hidden units."""
    for n, d, h in shapes(rng):
        x, network = rng.normal(size=(n, d)), random_network(rng, d, h)
        expected = reference.forward(x, *network)
        assert_close(student.forward(x, *network), expected, atol=TOLERANCE, axes="n")


@pytest.mark.question("q2", weight=1)
def test_silent_hidden_units(student, rng):
    """Right where some or all hidden units are silent."""
    for n, d, h in [(4, 4, 4), (5, 3, 2)]:
        x, W1 = rng.uniform(-1, 1, size=(n, d)), rng.uniform(-1, 1, size=(h, d))
        b1, W2, b2 = -d - rng.uniform(0.5, 1, size=h), rng.uniform(1, 2, size=h), 0.75
        assert_close(student.forward(x, W1, b1, W2, b2), np.full(n, b2), axes="n")
        b1[0] *= -1
        expected = reference.forward(x, W1, b1, W2, b2)
        assert_close(student.forward(x, W1, b1, W2, b2), expected, axes="n")


@pytest.mark.question("q2", weight=1)
def test_outputs_of_either_sign(student, rng):
    """Right where outputs are negative: the output is not cut off."""
    for n, d, h in [(4, 4, 4), (5, 2, 3)]:
        x, (W1, b1, _, _) = rng.normal(size=(n, d)), random_network(rng, d, h)
        W2, b2 = -rng.uniform(0.5, 1, size=h), -0.25
        expected = reference.forward(x, W1, b1, W2, b2)
        assert_close(student.forward(x, W1, b1, W2, b2), expected, axes="n")


@pytest.mark.question("q2", weight=1)
def test_integer_samples(student, rng):
    """Right for integer samples and weights, beside weights that are not whole numbers."""
    for n, d, h in [(4, 4, 4), (6, 2, 3)]:
        x = rng.integers(-5, 6, size=(n, d))
        W1, b1, W2, b2 = integer_network(rng, d, h)
        for output_bias in (b2, 0.375):
            expected = reference.forward(x, W1, b1, W2, output_bias)
            assert_close(student.forward(x, W1, b1, W2, output_bias), expected, axes="n")


@pytest.mark.question("q2", weight=1)
def test_forward_leaves_its_arguments_alone(student, rng):
    """The arguments are the same after a call."""
    for n, d, h in [(4, 4, 4), (5, 2, 3)]:
        arguments = (rng.normal(size=(n, d)), *random_network(rng, d, h))
        copies = [np.copy(argument) for argument in arguments[:4]]
        call = student.forward.call(*copies, arguments[4])
        with presupposed():
            assert_close(call.value, reference.forward(*arguments), atol=TOLERANCE, axes="n")
        for before, after in zip(arguments, call.args_after, strict=True):
            assert_close(after, before, rtol=0)


@pytest.mark.question("q2", weight=1)
def test_forward_refuses_shapes_that_do_not_fit(student, rng):
    """Raises ValueError where the shapes of the arguments do not fit together."""
    x, (W1, b1, W2, b2) = rng.normal(size=(5, 3)), random_network(rng, 3, 4)
    for arguments in [
        (x[:, :2], W1, b1, W2),
        (x, W1, b1[:3], W2),
        (x, W1, b1, W2[:2]),
        (x, W1, b1[:1], W2),
        (x, W1, b1, W2[:1]),
        (x[:, :1], W1, b1, W2),
        (x, W1[:, :1], b1, W2),
        (x, W1, b1, np.append(W2, 1.0)),
    ]:
        with raises(ValueError):
            student.forward(*arguments, b2)


# ---- q3: rescaling


@pytest.mark.question("q3", weight=3)
def test_rescaled_network_is_the_same_function(student, rng):
    """The new weights give the old outputs, for networks of several shapes."""
    for n, d, h in shapes(rng):
        network, a = random_network(rng, d, h), rng.uniform(0.3, 3, size=h)
        rescaled = as_network(student.rescale(*network, a), h, d)
        x = rng.normal(scale=2, size=(n + 20, d))
        expected = reference.forward(x, *network)
        assert_close(reference.forward(x, *rescaled), expected, atol=TOLERANCE, axes="n")


@pytest.mark.question("q3", weight=2)
def test_rows_are_really_rescaled(student, rng):
    """Each row of W1 is multiplied by its own factor."""
    drawn = int(rng.integers(5, 20)), int(rng.integers(10, 60))
    for d, h in [(2, 2), (3, 3), (1, 4), (4, 2), drawn]:
        network = random_network(rng, d, h)
        a = rng.permutation(np.linspace(0.4, 2.5, h))
        rescaled = as_network(student.rescale(*network, a), h, d)
        with presupposed():
            x = rng.normal(size=(10, d))
            expected = reference.forward(x, *network)
            assert_close(reference.forward(x, *rescaled), expected, atol=TOLERANCE, axes="n")
        assert_close(rescaled[0], a[:, np.newaxis] * network[0], axes="h d")


@pytest.mark.question("q3", weight=1)
def test_rescale_integer_weights(student, rng):
    """Right for integer weights with factors that are not whole numbers."""
    for d, h in [(3, 3), (2, 3)]:
        network, a = integer_network(rng, d, h), rng.uniform(1.2, 1.8, size=h)
        W1, b1, W2, b2 = as_network(student.rescale(*network, a), h, d)
        assert_close(W1, a[:, np.newaxis] * network[0], axes="h d")
        x = rng.normal(size=(10, d))
        expected = reference.forward(x, *network)
        assert_close(reference.forward(x, W1, b1, W2, b2), expected, atol=TOLERANCE, axes="n")


@pytest.mark.question("q3", weight=1)
def test_rescale_leaves_its_arguments_alone(student, rng):
    """The weights and factors passed in are the same after a call."""
    arguments = (*random_network(rng, 3, 4), rng.uniform(0.3, 3, size=4))
    call = student.rescale.call(*(np.copy(a) if np.ndim(a) else a for a in arguments))
    with presupposed():
        rescaled = as_network(call.value, 4, 3)
        x = rng.normal(size=(10, 3))
        expected = reference.forward(x, *arguments[:4])
        assert_close(reference.forward(x, *rescaled), expected, atol=TOLERANCE, axes="n")
    for after, before in zip(call.args_after, arguments, strict=True):
        assert_close(after, before, rtol=0)


@pytest.mark.question("q3", weight=1)
def test_rescale_refuses_bad_factors(student, rng):
    """Raises ValueError for factors that are not positive, or not one per hidden unit."""
    network = random_network(rng, 2, 3)
    # From the crude to the subtle: all wrong, one or two of them, zero, one for all, too many.
    bad = [[-2.0, -0.5, -1.0], [2.0, -0.5, 1.0], [-2.0, -0.5, 1.0], [2.0, 0.0, 1.0]]
    bad += [[1.5], [2.0, 1.5, 1.0, 0.5]]
    for a in bad:
        with raises(ValueError):
            student.rescale(*network, np.array(a))


# ---- q4: a second network


@pytest.mark.question("q4", weight=1)
def test_second_network_is_xor(student):
    """The outputs of alt on the four corners are those of XOR, to 0.00001."""
    second = as_network(student.alt, h=2)
    assert_close(corner_outputs(second), reference.XOR, rtol=0, atol=TOLERANCE)


@pytest.mark.question("q4", weight=3)
def test_second_network_is_another_one(student):
    """alt is XOR, and not the network of question 1 in another guise."""
    second = as_network(student.alt, h=2)
    assert_close(corner_outputs(second), reference.XOR, rtol=0, atol=TOLERANCE)
    first = working_first_network(student)
    # A wrong or missing first network costs question 1 only: there is nothing to differ from.
    assert first is None or reference.difference(first, second) > 1e-3


def working_first_network(student):
    """The answer to q1, or None if it is missing, unfilled or not XOR."""
    if not all(student.has(name) for name in ("W1", "b1", "W2", "b2")):
        return None
    try:
        first = first_network(student)
        outputs = corner_outputs(first)
    except Invalid:
        return None
    return first if np.allclose(outputs, reference.XOR, rtol=0, atol=TOLERANCE) else None


# ---- q5: the best affine model


@pytest.mark.question("q5", weight=1)
def test_weights_of_the_best_affine_model(student):
    """The two weights of the best affine model are right to 0.001."""
    w, _, _ = reference.best_affine()
    assert_close(student.w_lin, w, rtol=0, atol=1e-3)


@pytest.mark.question("q5", weight=1)
def test_bias_of_the_best_affine_model(student):
    """The bias of the best affine model is right to 0.001."""
    _, b, _ = reference.best_affine()
    assert_close(student.b_lin, b, rtol=0, atol=1e-3)


@pytest.mark.question("q5", weight=1)
def test_error_of_the_best_affine_model(student):
    """The mean squared error of the best affine model is right to 0.001."""
    _, _, mse = reference.best_affine()
    assert_close(student.mse_lin, mse, rtol=0, atol=1e-3)


@pytest.mark.question("q5", weight=1)
def test_best_accuracy_of_an_affine_classifier(student):
    """The best accuracy of an affine classifier is right, as a fraction."""
    assert_close(student.acc_max, reference.best_accuracy(), rtol=0, atol=1e-3)


# ---- q6: the whole board


def board_network(student):
    """The answer to q6 as plain arrays, with at most eight hidden units."""
    network = as_network(student.board)
    assert 1 <= len(network[0]) <= 8, "at most eight hidden units are asked for"
    return network


def board_hits(student, rng):
    """Random points off the axes, and whether the network labels each of them rightly."""
    network = board_network(student)
    x = rng.uniform(MARGIN, 1, size=(N_POINTS, 2)) * rng.choice([-1, 1], size=(N_POINTS, 2))
    with np.errstate(over="ignore", invalid="ignore"):
        output = array(reference.forward(x, *network))
    return x, (output > 0) == (reference.board_labels(x) == 1)


@pytest.mark.question("q6", weight=1)
def test_board_is_a_small_network(student):
    """board holds the four weights of a network with at most eight hidden units."""
    W1, b1, W2, _ = board_network(student)
    assert len(W1) == len(b1) == len(W2)


@pytest.mark.question("q6", weight=2)
def test_every_quadrant(student, rng):
    """At least nine of ten random points are right in each of the four quadrants."""
    x, right = board_hits(student, rng)
    for signs in ([1, 1], [1, -1], [-1, 1], [-1, -1]):
        assert right[(x * signs > 0).all(axis=1)].mean() >= 0.9


@pytest.mark.question("q6", weight=5)
def test_whole_board(student, rng):
    """At least 99 % of many random points are right."""
    _, right = board_hits(student, rng)
    assert right.mean() >= BOARD_ACCURACY
