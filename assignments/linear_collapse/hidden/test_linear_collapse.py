"""Hidden tests of the assignment "Linear layers collapse"."""

from itertools import pairwise

import numpy as np
import pytest

from autograder.checks import array, assert_close, number, presupposed, raises
from reference import linear_collapse as reference

# d, h, m. A square stack comes first: there a wrong order of factors gives wrong numbers, no error.
TRIPLES = [(3, 3, 3), (2, 4, 3), (4, 2, 5), (1, 1, 1), (5, 1, 4), (1, 3, 2), (3, 2, 1)]

# Coordinates of counterexamples: twice the cube that is searched.
LARGEST_COORDINATE = 2 * reference.SEARCH_RANGE

# Outputs are of order 1, wrong answers deviate by 0.01 or more, single precision by 1e-6.
ATOL = 2e-5


def parts(result, count):
    """Entries of a returned tuple or list, after a look at their number."""
    assert isinstance(result, tuple | list) and len(result) == count, f"expected {count} values"
    return result


def assert_same_function(result, layers, rng):
    """Check that a returned (W, b) maps random samples as the whole stack does."""
    d, m = layers[0][0].shape[1], layers[-1][0].shape[0]
    W, b = parts(result, 2)
    W, b = array(W, (m, d), axes="m d"), array(b, (m,), axes="m")
    x = rng.normal(size=(20, d))
    expected = reference.forward(layers, x)
    scale = max(1.0, float(np.abs(expected).max()))
    assert_close(x @ W.T + b, expected, atol=ATOL * scale, axes="n m")


def assert_same_layers(after, before):
    """Check that a call left a list of layers as it was."""
    assert isinstance(after, list) and len(after) == len(before), "the list has another length"
    for (W_after, b_after), (W, b) in zip(after, before, strict=True):
        assert_close(W_after, W, rtol=0.0, atol=1e-12)
        assert_close(b_after, b, rtol=0.0, atol=1e-12)


def copied(layers):
    """A stack with arrays of its own."""
    return [(W.copy(), b.copy()) for W, b in layers]


def without_biases(layers):
    """The same weights, all biases zero."""
    return [(W, np.zeros(len(b))) for W, b in layers]


def triples(rng):
    """Sizes of two layers: the telling ones, and one drawn from a wide range."""
    return [*TRIPLES, tuple(int(size) for size in rng.integers(6, 40, 3))]


def stacks(rng):
    """Sizes of stacks: of one to six layers, square ones first, and of many."""
    for depth in range(1, 7):
        yield [3] * (depth + 1)
        yield rng.integers(1, 6, depth + 1)
    for depth in (int(rng.integers(7, 15)), int(rng.integers(15, 50))):
        yield rng.integers(2, 9, depth + 1)


def integers(rng, *shape):
    """Integers of size 1 to 4 and either sign; none is 0, so that each of them matters."""
    return rng.integers(1, 5, shape) * rng.choice([-1, 1], shape)


# ---- q1: two layers


@pytest.mark.question("q1", weight=2)
def test_two_layers_without_biases(student, rng):
    """The weights, for two layers of any sizes whose biases are zero."""
    for sizes in triples(rng):
        layers = without_biases(reference.random_layers(rng, sizes))
        (W1, b1), (W2, b2) = layers
        assert_same_function(student.collapse_two(W1, b1, W2, b2), layers, rng)


@pytest.mark.question("q1", weight=4)
def test_two_layers_are_the_same_function(student, rng):
    """One layer with the outputs of both, for any sizes, biases included."""
    for sizes in triples(rng):
        layers = reference.random_layers(rng, sizes)
        (W1, b1), (W2, b2) = copied(layers)
        assert_same_function(student.collapse_two(W1, b1, W2, b2), layers, rng)


@pytest.mark.question("q1")
def test_two_layers_of_integers(student, rng):
    """Integer weights and biases, and one layer of integers before or behind one that is not."""
    for d, h, m in [(3, 3, 3), (2, 4, 3)]:
        first, whole = (
            (integers(rng, h, d), integers(rng, h)),
            (integers(rng, m, h), integers(rng, m)),
        )
        broken_first, broken = reference.random_layers(rng, (d, h, m))
        for layers in ([first, whole], [first, broken], [broken_first, whole]):
            (W1, b1), (W2, b2) = copied(layers)
            assert_same_function(student.collapse_two(W1, b1, W2, b2), layers, rng)


@pytest.mark.question("q1")
def test_two_layers_stay_as_they_were(student, rng):
    """The arrays that are passed in are the same after a call."""
    for sizes in [(3, 3, 3), (2, 4, 3)]:
        layers = reference.random_layers(rng, sizes)
        (W1, b1), (W2, b2) = copied(layers)
        call = student.collapse_two.call(W1, b1, W2, b2)
        with presupposed():
            assert_same_function(call.value, layers, rng)
        W1, b1, W2, b2 = call.args_after
        assert_same_layers([(W1, b1), (W2, b2)], layers)


@pytest.mark.question("q1")
def test_two_layers_must_chain(student, rng):
    """Layers that do not fit, and biases of the wrong length, raise ValueError."""
    for W1, b1, W2, b2 in [
        ((4, 2), 4, (3, 5), 3),
        ((4, 2), 4, (3, 1), 3),
        ((4, 2), 4, (3, 4), 2),
        ((4, 2), 3, (3, 4), 3),
        ((4, 2), 4, (3, 4), 1),
        ((4, 2), 1, (3, 4), 3),
        ((4, 2), 4, (1, 4), 3),
    ]:
        layers = rng.normal(size=W1), rng.normal(size=b1), rng.normal(size=W2), rng.normal(size=b2)
        with raises(ValueError):
            student.collapse_two(*layers)


# ---- q2: any number of layers


@pytest.mark.question("q2", weight=2)
def test_stacks_without_biases(student, rng):
    """The weights, for any number of layers whose biases are zero."""
    for sizes in stacks(rng):
        layers = without_biases(reference.random_layers(rng, sizes))
        assert_same_function(student.collapse(copied(layers)), layers, rng)


@pytest.mark.question("q2", weight=4)
def test_stacks_are_the_same_function(student, rng):
    """One layer with the outputs of the whole stack, for any number of layers of any sizes."""
    for sizes in stacks(rng):
        layers = reference.random_layers(rng, sizes)
        assert_same_function(student.collapse(copied(layers)), layers, rng)


@pytest.mark.question("q2")
def test_stacks_with_a_bottleneck(student, rng):
    """Stacks that are narrow in the middle or at an end."""
    for sizes in [(5, 1, 5), (4, 2, 1, 3), (1, 4, 1), (6, 3, 2, 3, 6)]:
        layers = reference.random_layers(rng, sizes)
        assert_same_function(student.collapse(copied(layers)), layers, rng)


@pytest.mark.question("q2")
def test_stacks_of_integers(student, rng):
    """Integer layers, alone, and before or behind layers that are not."""
    for sizes in [(3, 3, 3), (2, 4, 3, 2)]:
        pairs = list(pairwise(sizes))
        layers = [(integers(rng, n_out, n_in), integers(rng, n_out)) for n_in, n_out in pairs]
        assert_same_function(student.collapse(copied(layers)), layers, rng)
        first, *rest = reference.random_layers(rng, sizes)
        for mixed in ([layers[0], *rest], [first, *layers[1:]]):
            assert_same_function(student.collapse(copied(mixed)), mixed, rng)


@pytest.mark.question("q2")
def test_stacks_stay_as_they_were(student, rng):
    """The list and its arrays are the same after a call."""
    for sizes in [(3, 3), (3, 3, 3), (2, 4, 3, 2)]:
        layers = reference.random_layers(rng, sizes)
        call = student.collapse.call(copied(layers))
        with presupposed():
            assert_same_function(call.value, layers, rng)
        assert_same_layers(call.args_after[0], layers)


@pytest.mark.question("q2")
def test_stacks_must_chain(student, rng):
    """Layers that do not fit, biases of the wrong length, and no layer at all raise ValueError."""
    for shapes in [
        [((4, 2), 4), ((3, 4), 3), ((2, 4), 2)],
        [((4, 2), 4), ((3, 4), 2)],
        [((4, 2), 4), ((3, 4), 1), ((2, 3), 2)],
        [((4, 2), 1), ((3, 4), 3)],
        [((3, 2), 2)],
    ]:
        layers = [(rng.normal(size=W), rng.normal(size=b)) for W, b in shapes]
        with raises(ValueError):
            student.collapse(layers)
    with raises(ValueError):
        student.collapse([])


# ---- q3: two inputs, two hidden units, one output


def scalar_net(rng):
    """Random W (2, 2), b (2,), c (2,) and d with no entry near 0; W is far from symmetric."""
    W = rng.uniform(0.5, 2.0, (2, 2)) * rng.choice([-1.0, 1.0], (2, 2))
    W[0, 1] = W[1, 0] + rng.choice([-1.0, 1.0]) * rng.uniform(0.5, 1.0)
    b, c = (rng.uniform(0.5, 2.0, 2) * rng.choice([-1.0, 1.0], 2) for _ in range(2))
    return W, b, c, float(rng.uniform(0.5, 2.0) * rng.choice([-1.0, 1.0]))


def assert_same_unit(result, W, b, c, d):
    """Check a returned (W'', b'') against the reference."""
    weights, bias = parts(result, 2)
    expected_weights, expected_bias = reference.collapse_scalar(W, b, c, d)
    assert_close(weights, expected_weights, atol=ATOL, axes="2")
    assert_close(bias, expected_bias, atol=ATOL)


@pytest.mark.question("q3", weight=2)
def test_scalar_net_without_biases(student, rng):
    """The weights, for random networks whose biases are zero."""
    for _ in range(5):
        W, _, c, _ = scalar_net(rng)
        assert_same_unit(student.collapse_scalar(W, np.zeros(2), c, 0.0), W, np.zeros(2), c, 0.0)


@pytest.mark.question("q3", weight=3)
def test_scalar_net(student, rng):
    """Weights and bias of random networks."""
    for _ in range(8):
        W, b, c, d = scalar_net(rng)
        assert_same_unit(student.collapse_scalar(W.copy(), b.copy(), c.copy(), d), W, b, c, d)


@pytest.mark.question("q3")
def test_scalar_net_is_a_stack_of_two(student, rng):
    """The same outputs as the two layers one after the other."""
    for _ in range(4):
        W, b, c, d = scalar_net(rng)
        weights, bias = parts(student.collapse_scalar(W, b, c, d), 2)
        x = rng.normal(size=(20, 2))
        expected = reference.forward([(W, b), (c[np.newaxis], np.array([d]))], x)[:, 0]
        outputs = x @ array(weights, (2,), axes="2") + number(bias)
        assert_close(outputs, expected, atol=5 * ATOL, axes="n")


@pytest.mark.question("q3")
def test_scalar_net_of_integers(student, rng):
    """Integers throughout, and integers in the hidden layer alone."""
    for _ in range(3):
        W, b, c = integers(rng, 2, 2), integers(rng, 2), integers(rng, 2)
        W[0, 1] = W[1, 0] + 2
        for c_any, d in ((c, 3), (c + 0.25, 0.75)):
            assert_same_unit(student.collapse_scalar(W.copy(), b.copy(), c_any, d), W, b, c_any, d)


@pytest.mark.question("q3")
def test_scalar_net_stays_as_it_was(student, rng):
    """The arrays that are passed in are the same after a call."""
    for _ in range(2):
        W, b, c, d = scalar_net(rng)
        call = student.collapse_scalar.call(W.copy(), b.copy(), c.copy(), d)
        with presupposed():
            assert_same_unit(call.value, W, b, c, d)
        for after, before in zip(call.args_after, (W, b, c, d), strict=True):
            assert_close(after, before, rtol=0.0, atol=1e-12)


@pytest.mark.question("q3")
def test_scalar_net_refuses_other_shapes(student, rng):
    """W, b or c of other shapes raise ValueError."""
    square = (2, 2)
    shapes = [((2, 3), 2, 2), ((3, 2), 3, 3), (square, 2, 3), (square, 1, 2), (square, 2, 1)]
    shapes += [(square, (1, 2), 2), (square, (2, 1), 2), (square, 2, (1, 2)), (square, 2, (2, 1))]
    for W, b, c in shapes:
        with raises(ValueError):
            student.collapse_scalar(rng.normal(size=W), rng.normal(size=b), rng.normal(size=c), 1.0)


# ---- q4: affine or not?


def steep(rng, *shape):
    """Weights of size 1 to 3: an activation behind them is far from straight."""
    return rng.uniform(1.0, 3.0, shape) * rng.choice([-1.0, 1.0], shape)


def curved_net(rng, d, m, activation, biases, scale=1.0):
    """Two layers with eight hidden units and an activation, well over 1 % off from affine."""
    size = 1.0 if biases else 0.0
    while True:
        first = steep(rng, 8, d), size * rng.uniform(-1.0, 1.0, 8)
        net = [first, (scale * steep(rng, m, 8), scale * size * rng.uniform(-1.0, 1.0, m))]
        if reference.nonlinearity(reference.box(net, activation), d, rng) > 0.02:
            return net


def assert_judged(student, boxes, rng):
    """Check the verdicts on boxes (f, d, affine), in random order; True or False in any form."""
    for k in rng.permutation(len(boxes)):
        f, d, affine = boxes[k]
        judge = np.random.default_rng(int(rng.integers(2**31)))
        assert number(student.is_affine(f, d, judge)) == float(affine)


def wide(rng):
    """Numbers of inputs and outputs: small ones, and two from a wide range."""
    drawn = [(int(rng.integers(6, 12)), int(rng.integers(2, n))) for n in (5, 12)]
    return [(3, 2), (2, 2), (1, 1), (5, 1), (1, 3), *drawn]


@pytest.mark.question("q4", weight=2)
def test_linear_boxes_and_relu_networks(student, rng):
    """Linear boxes without an offset are affine, networks with ReLU are not."""
    boxes = []
    for d, m in wide(rng):
        layers = without_biases(reference.random_layers(rng, (d, 4, m)))
        boxes.append((reference.box(layers), d, True))
        net = curved_net(rng, d, m, reference.relu, biases=True)
        boxes.append((reference.box(net, reference.relu), d, False))
    assert_judged(student, boxes, rng)


@pytest.mark.question("q4", weight=2)
def test_affine_stacks_and_absolute_values(student, rng):
    """Stacks of layers with offsets are affine, networks with absolute values are not."""
    boxes = []
    for d, m in wide(rng):
        layers = reference.random_layers(rng, (d, 4, 6, m))
        boxes.append((reference.box(layers), d, True))
        net = curved_net(rng, d, m, np.abs, biases=True)
        boxes.append((reference.box(net, np.abs), d, False))
    assert_judged(student, boxes, rng)


def large_boxes(rng, scales):
    """Stacks with these slopes and offsets, and as many networks with outputs of a thousand."""
    boxes = []
    for d, m in [(3, 2), (1, 1), (4, 3)]:
        (W1, b1), (W2, _) = reference.random_layers(rng, (d, 4, m))
        for slope, offset in scales:
            layers = [(slope * W1, slope * b1), (W2, np.full(m, offset))]
            boxes.append((reference.box(layers), d, True))
            net = curved_net(rng, d, m, np.tanh, biases=True, scale=1e3)
            boxes.append((reference.box(net, np.tanh), d, False))
    return boxes


@pytest.mark.question("q4")
def test_large_slopes(student, rng):
    """Boxes with large slopes, affine and not."""
    assert_judged(student, large_boxes(rng, [(1e3, 0.0), (1e5, 0.0)]), rng)


@pytest.mark.question("q4")
def test_large_offsets(student, rng):
    """Boxes with large offsets are affine, networks with large outputs are not."""
    assert_judged(student, large_boxes(rng, [(1e3, 1e6), (1.0, 1e6)]), rng)


@pytest.mark.question("q4")
def test_small_outputs(student, rng):
    """Boxes whose outputs are small, affine and not."""
    boxes = []
    for d, m in [(3, 2), (1, 1), (4, 3)] * 2:
        first, (W2, b2) = reference.random_layers(rng, (d, 4, m))
        boxes.append((reference.box([first, (5e-3 * W2, 5e-3 * b2)]), d, True))
        net = curved_net(rng, d, m, np.sin, biases=True, scale=5e-3)
        boxes.append((reference.box(net, np.sin), d, False))
    assert_judged(student, boxes, rng)


@pytest.mark.question("q4", weight=3)
def test_odd_networks(student, rng):
    """Networks with tanh or sin and without biases are not affine, stacks of layers are."""
    boxes = []
    for d, m in [(3, 2), (2, 1), (1, 1), (7, 2)]:
        for activation in (np.tanh, np.sin):
            net = curved_net(rng, d, m, activation, biases=False)
            boxes += [(reference.box(net, activation), d, False), (reference.box(net), d, True)]
    assert_judged(student, boxes, rng)


@pytest.mark.question("q4", weight=6)
def test_homogeneous_networks(student, rng):
    """Networks with ReLU or absolute values and without biases are not affine, stacks are."""
    boxes = []
    for d, m in [(3, 2), (2, 1), (1, 1), (7, 2)]:
        for activation in (reference.relu, np.abs):
            first, (W2, b2) = curved_net(rng, d, m, activation, biases=False)
            # Bent upwards and bent downwards: one of both deviates to the other side.
            for net in ([first, (W2, b2)], [first, (-W2, b2)]):
                boxes += [(reference.box(net, activation), d, False), (reference.box(net), d, True)]
    assert_judged(student, boxes, rng)


@pytest.mark.question("q4", weight=2)
def test_straight_in_a_region(student, rng):
    """A box that is straight in a part of the cube and bent in another is not affine."""
    # A ReLU net of two layers: relu(z) - relu(-z) = z carries the inputs through, one unit bends.
    boxes = []
    for side in [1.0] * 8 + [-1.0] * 8:
        d, m = 2, 2
        W1 = np.vstack([np.eye(d), -np.eye(d), [[side, 0.0]]])
        W2 = rng.normal(size=(m, d))
        bend = steep(rng, m, 1)
        net = [(W1, np.array([0.0] * (2 * d) + [-0.2])), (np.hstack([W2, -W2, bend]), np.ones(m))]
        boxes += [
            (reference.box(net, reference.relu), d, False),
            (reference.box(net), d, True),
        ]
    assert_judged(student, boxes, rng)


@pytest.mark.question("q4", weight=2)
def test_straight_along_the_axes(student, rng):
    """A box that is straight along each axis and bent elsewhere is not affine."""
    boxes = []
    for d, m in [(2, 1), (3, 2), (2, 2)] * 2:
        W1 = np.zeros((2, d))
        W1[:, :2] = [[1.0, 1.0], [1.0, -1.0]]
        W2 = steep(rng, m, 1) * np.array([[1.0, -1.0]])
        net = [(W1, np.zeros(2)), (W2, rng.uniform(0.5, 1.0, m))]
        boxes += [(reference.box(net, np.abs), d, False), (reference.box(net), d, True)]
    assert_judged(student, boxes, rng)


def bent_in_one_output(straight, other, output, m):
    """The box `straight` with m outputs, to one of which the box `other` is added."""
    return lambda x: straight(x) + other(x) * np.eye(1, m, output)


@pytest.mark.question("q4")
def test_one_bent_output(student, rng):
    """A box is not affine if one of its outputs is not, whichever it is."""
    boxes = []
    for d, m in [(2, 3), (1, 2), (3, 2), (2, int(rng.integers(4, 9)))]:
        for output in range(m):
            straight = reference.box(reference.random_layers(rng, (d, m)))
            other = reference.box(curved_net(rng, d, 1, np.tanh, biases=True), np.tanh)
            boxes += [(bent_in_one_output(straight, other, output, m), d, False)]
            boxes += [(straight, d, True)]
    assert_judged(student, boxes, rng)


# ---- q5: rank and number of parameters


def random_sizes(rng, depth):
    """Sizes of the inputs and of each layer, as a list of int."""
    return [int(size) for size in rng.integers(1, 200, depth + 1)]


@pytest.mark.question("q5", weight=3)
def test_rank_of_random_stacks(student, rng):
    """The rank that random stacks have, wherever they are narrowest."""
    for sizes in [[5, 2, 4], [2, 5, 4], [6, 5, 3], [3, 3], [4, 6, 1, 7, 5], [1, 1], [7, 5, 6, 8]]:
        W, _ = reference.collapse(reference.random_layers(rng, sizes))
        assert_close(student.max_rank(list(sizes)), int(np.linalg.matrix_rank(W)), rtol=1e-9)
    for depth in (4, 1, 2, 7, int(rng.integers(10, 60))):
        sizes = random_sizes(rng, depth)
        assert_close(student.max_rank(list(sizes)), reference.max_rank(sizes), rtol=1e-9)


@pytest.mark.question("q5")
def test_parameters_saved_by_hand(student):
    """Stacks that can be counted on a drawing: the number may be positive, zero or negative."""
    for sizes, expected in [
        ([5, 3, 7, 2], 50),
        ([2, 4, 1], 14),
        ([4, 1, 4], -7),
        ([5, 3], 0),
        ([1, 1, 1], 2),
    ]:
        assert_close(student.n_parameters_saved(list(sizes)), expected, rtol=1e-9, atol=1e-6)


@pytest.mark.question("q5", weight=2)
def test_parameters_saved_of_random_stacks(student, rng):
    """Stacks of any depth and width."""
    for depth in (5, 1, 2, 3, 8, int(rng.integers(10, 60))):
        sizes = random_sizes(rng, depth)
        expected = reference.n_parameters_saved(sizes)
        assert_close(student.n_parameters_saved(list(sizes)), expected, rtol=1e-9, atol=1e-6)


@pytest.mark.question("q5")
def test_sizes_stay_as_they_were(student, rng):
    """The list is the same after the calls."""
    for depth in (4, 1):
        sizes = random_sizes(rng, depth)
        rank, saved = (
            student.max_rank.call(list(sizes)),
            student.n_parameters_saved.call(list(sizes)),
        )
        with presupposed():
            assert_close(rank.value, reference.max_rank(sizes), rtol=1e-9)
            assert_close(saved.value, reference.n_parameters_saved(sizes), rtol=1e-9, atol=1e-6)
        for call in (rank, saved):
            assert_close(call.args_after[0], sizes, rtol=0.0, atol=1e-12)


@pytest.mark.question("q5")
def test_sizes_must_be_those_of_a_stack(student):
    """Sizes without a layer, or with an empty layer, raise ValueError in both functions."""
    for sizes in ([5], [], [4, 0, 3], [3, 2, -1]):
        with raises(ValueError):
            student.max_rank(list(sizes))
        with raises(ValueError):
            student.n_parameters_saved(list(sizes))


# ---- q6: where a ReLU network is not affine


def bent_net(rng, sizes):
    """A random ReLU network for which many random pairs of the cube are counterexamples."""
    while True:
        net = [
            (steep(rng, n_out, n_in) / np.sqrt(n_in), rng.uniform(-1.0, 1.0, n_out))
            for n_in, n_out in pairwise(sizes)
        ]
        if reference.counterexample_share(net, rng) > 0.3:
            return net


def sparing_net(rng, d, m):
    """A random ReLU network for which most pairs of the cube are no counterexamples."""
    while True:
        first, (W2, b2), (W3, b3) = (
            (steep(rng, n_out, n_in), rng.uniform(-1.0, 1.0, n_out))
            for n_in, n_out in pairwise((d, 6, 3, m))
        )
        W3[: m - 1] = 0.0  # of several outputs one bends
        for depth in (8.0, 12.0, 18.0, 27.0, 40.0):
            # The deeper, the larger the part of the cube in which the second layer is silent.
            net = [first, (W2, b2 - depth * np.abs(W2).sum(axis=1)), (W3, b3)]
            if 0.28 < reference.counterexample_share(net, rng) < 0.45:
                return net


def lifted_net(rng, d, m, sign):
    """A network of |x| in one or two directions, of one sign, and far above zero at the origin."""
    W1 = steep(rng, min(d, 2), d)
    kinks = np.vstack([W1, -W1]), np.zeros(2 * len(W1))
    slopes = sign * rng.uniform(1.0, 3.0, (m, 2 * len(W1)))
    return [kinks, (slopes, rng.uniform(300.0, 400.0, m))]


def bump_net(rng, d, m):
    """
    A network that is straight but for a ridge across the cube at a random place.

    relu(z) - relu(-z) = z carries the inputs through; three units make the ridge. A pair that was
    chosen without a look at the network misses it mostly, near the cube as well as far out.
    """
    while True:
        slope = rng.normal(size=d)
        slope /= np.linalg.norm(slope)
        place, width = rng.uniform(-9.0, 9.0), rng.uniform(0.2, 2.0)
        W1 = np.vstack([np.eye(d), -np.eye(d), [slope] * 3])
        b1 = np.append(np.zeros(2 * d), -place - width * np.array([-1.0, 0.0, 1.0]))
        carried = rng.normal(size=(m, d))
        ridge = steep(rng, m, 1) * np.array([[1.0, -2.0, 1.0]])
        ridge[: m - 1] = 0.0  # of several outputs one bends
        net = [(W1, b1), (np.hstack([carried, -carried, ridge]), rng.uniform(-1.0, 1.0, m))]
        if 0.28 < reference.counterexample_share(net, rng) < 0.4:
            return net


def quiet_net(rng, d, h, m):
    """A ReLU network that is affine around the origin: each unit bends at a distance of 3 to 6."""
    while True:
        W1 = rng.normal(size=(h, d))
        b1 = rng.uniform(3.0, 6.0, h) * np.linalg.norm(W1, axis=1)
        net = [(W1, b1), (steep(rng, m, h), rng.uniform(-1.0, 1.0, m))]
        if reference.counterexample_share(net, rng) > 0.3:
            return net


def assert_counterexample(result, net):
    """Check that two returned points break the superposition by more than 0.001."""
    d = net[0][0].shape[1]
    x, y = parts(result, 2)
    x, y = array(x, (d,), axes="d"), array(y, (d,), axes="d")
    assert float(np.abs([x, y]).max()) <= LARGEST_COORDINATE, "the coordinates are too large"
    assert float(reference.superposition_defect(net, x[np.newaxis], y[np.newaxis])[0]) > 1e-3


@pytest.mark.question("q6", weight=2)
def test_counterexamples_of_shallow_nets(student, rng):
    """Networks with one hidden layer and any number of inputs and outputs."""
    drawn = tuple(int(size) for size in rng.integers((5, 10, 2), (20, 60, 10)))
    for sizes in [(3, 5, 2), (2, 3, 1), (1, 2, 1), (4, 8, 3), (1, 4, 4), drawn]:
        net = bent_net(rng, sizes)
        assert_counterexample(student.counterexample(copied(net)), net)


@pytest.mark.question("q6", weight=2)
def test_counterexamples_of_deep_nets(student, rng):
    """Networks with several hidden layers."""
    drawn = [int(size) for size in rng.integers(4, 12, rng.integers(5, 9))]
    for sizes in [(3, 5, 5, 2), (2, 6, 4, 1), (1, 4, 4, 4, 1), drawn]:
        net = bent_net(rng, sizes)
        assert_counterexample(student.counterexample(copied(net)), net)


@pytest.mark.question("q6", weight=2)
def test_counterexamples_far_out(student, rng):
    """Networks that are affine near the origin and bend farther out."""
    for d, h, m in [(2, 4, 1), (4, 8, 2), (1, 6, 1), (5, 10, 3)]:
        net = quiet_net(rng, d, h, m)
        assert_counterexample(student.counterexample(copied(net)), net)


@pytest.mark.question("q6")
def test_counterexamples_that_are_rare(student, rng):
    """Networks for which most pairs of points are no counterexamples, and one output bends."""
    for d, m in [(2, 1), (1, 2), (3, 2), (2, 2), (1, 1)]:
        net = sparing_net(rng, d, m)
        assert_counterexample(student.counterexample(copied(net)), net)


@pytest.mark.question("q6", weight=4)
def test_counterexamples_at_a_ridge(student, rng):
    """Networks that are straight on both sides of a ridge, wherever it is."""
    # A pair that is the same for all networks is a counterexample for two fifths of them.
    for d, m in [(2, 1), (1, 2), (3, 2), (2, 2), (1, 1), (4, 1)] * 4:
        net = bump_net(rng, d, m)
        assert_counterexample(student.counterexample(copied(net)), net)


@pytest.mark.question("q6")
def test_counterexamples_far_above_zero(student, rng):
    """Networks with a large output at the origin, bent upwards or downwards."""
    for d, m in [(1, 1), (2, 1), (2, 2), (3, 1)]:
        for sign in rng.permutation([1.0, -1.0]):
            net = lifted_net(rng, d, m, sign)
            assert_counterexample(student.counterexample(copied(net)), net)


@pytest.mark.question("q6")
def test_the_net_stays_as_it_was(student, rng):
    """The list and its arrays are the same after a call."""
    for sizes in [(3, 5, 2), (2, 4, 3, 1)]:
        net = bent_net(rng, sizes)
        call = student.counterexample.call(copied(net))
        with presupposed():
            assert_counterexample(call.value, net)
        assert_same_layers(call.args_after[0], net)
