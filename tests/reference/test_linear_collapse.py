"""The references of "Linear layers collapse": NumPy against TensorFlow, formulas and promises."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reference import linear_collapse as reference

SIZES = [(3, 3), (1, 1), (3, 3, 3), (2, 4, 3), (5, 1, 5), (1, 3, 1), (4, 2, 6, 3), (3,) * 7]

# S0, Exercise 1.3 and S1: two inputs, two linear hidden units, one output. W'' and b'' by hand:
# (2 * 1 - 1 * 3, 2 * 2 - 1 * 4) and 2 * 1 - 1 * (-1) + 5; the worked number of the notebook.
S1_FORM = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, -1.0]), np.array([2.0, -1.0]), 5.0
S1_WEIGHTS, S1_BIAS = [-1.0, 0.0], 8.0

HIDDEN = Path(__file__).parents[2] / "assignments/linear_collapse/hidden/test_linear_collapse.py"

Layers = list[tuple[reference.Array, reference.Array]]


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator with a fixed seed."""
    return np.random.default_rng(30)


def same(actual: Any, expected: Any) -> None:
    """Equal within rtol 1e-6 of the largest entry, and of the same shape."""
    expected = np.asarray(expected)
    scale = float(np.max(np.abs(expected), initial=0.0))
    np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-6 * scale)
    assert np.shape(actual) == expected.shape


def shaped(*shapes: tuple[tuple[int, int], int]) -> Layers:
    """Layers of zeros with the given shapes of W and lengths of b."""
    return [(np.zeros(W), np.zeros(b)) for W, b in shapes]


@pytest.mark.parametrize("sizes", SIZES)
def test_collapse_agrees_with_keras(rng: np.random.Generator, sizes: tuple[int, ...]) -> None:
    """NumPy, a Keras network that is read off, and the outputs of the stack itself."""
    layers = reference.random_layers(rng, sizes)
    W, b = reference.collapse(layers)
    for part, part_tf in zip((W, b), reference.collapse_tf(layers), strict=True):
        same(part_tf, part)
    x = rng.normal(size=(20, sizes[0]))
    same(reference.forward(layers, x), x @ W.T + b)
    same(reference.forward_tf(layers, x), x @ W.T + b)


@pytest.mark.parametrize("sizes", [(3, 3, 3), (2, 4, 3), (1, 1, 1), (4, 1, 2)])
def test_collapse_two_agrees(rng: np.random.Generator, sizes: tuple[int, ...]) -> None:
    """NumPy, TensorFlow in homogeneous coordinates, and the general collapse."""
    first, second = reference.random_layers(rng, sizes)
    expected = reference.collapse([first, second])
    for collapse_two in (reference.collapse_two, reference.collapse_two_tf):
        for part, wanted in zip(collapse_two(*first, *second), expected, strict=True):
            same(part, wanted)


@pytest.mark.parametrize("collapse_two", [reference.collapse_two, reference.collapse_two_tf])
def test_lens_and_screen(collapse_two: Callable[..., Any]) -> None:
    """The worked number of the notebook: a displaced lens, then 2 m to a shifted screen."""
    W, b = collapse_two([[1, 0], [-1, 1]], [0, 1], [[1, 2], [0, 1]], [3, 0])
    same(W, [[-1, 2], [-1, 1]])
    same(b, [5, 1])


@pytest.mark.parametrize("collapse", [reference.collapse, reference.collapse_tf])
def test_collapse_refuses(collapse: Callable[..., Any]) -> None:
    """No layer, neighbours that do not chain, biases of the wrong length."""
    wrong: list[Layers] = [
        [],
        shaped(((4, 2), 4), ((3, 5), 3)),
        shaped(((4, 2), 4), ((3, 4), 1)),
        shaped(((3, 2), 2)),
        shaped(((4, 2), 4), ((3, 4), 3), ((2, 4), 2)),
    ]
    for layers in wrong:
        with pytest.raises(ValueError, match="layer"):
            collapse(layers)


@pytest.mark.parametrize("collapse_two", [reference.collapse_two, reference.collapse_two_tf])
def test_collapse_two_refuses(collapse_two: Callable[..., Any]) -> None:
    """Sizes that do not chain, and a bias that NumPy would stretch."""
    for first, second in (shaped(((4, 2), 4), ((3, 5), 3)), shaped(((4, 2), 4), ((3, 4), 1))):
        with pytest.raises(ValueError, match="layer"):
            collapse_two(*first, *second)


def test_rounding_of_single_precision(rng: np.random.Generator) -> None:
    """Five layers of 64 in float32 against one in float64: far below the grader's tolerance."""
    layers = [(rng.normal(scale=1 / 8, size=(64, 64)), rng.normal(size=64)) for _ in range(5)]
    x = rng.normal(size=(50, 64))
    W, b = reference.collapse(layers)
    expected = x @ W.T + b
    single = reference.forward_tf_single(layers, x)
    assert single.dtype == np.float32
    deviation = float(np.abs(single - expected).max() / np.abs(expected).max())
    assert 1e-8 < deviation < 3e-6


@pytest.mark.parametrize(
    "collapse_scalar", [reference.collapse_scalar, reference.collapse_scalar_tf]
)
def test_collapse_scalar(rng: np.random.Generator, collapse_scalar: Callable[..., Any]) -> None:
    """The form of S1: by hand, and as a stack of two layers."""
    weights, bias = collapse_scalar(*S1_FORM)
    same(weights, S1_WEIGHTS)
    same(bias, S1_BIAS)
    for _ in range(5):
        W, b, c, d = rng.normal(size=(2, 2)), rng.normal(size=2), rng.normal(size=2), rng.normal()
        row, offset = reference.collapse([(W, b), (c[np.newaxis], np.array([d]))])
        weights, bias = collapse_scalar(W, b, c, d)
        same(weights, row[0])
        same(bias, offset[0])


@pytest.mark.parametrize(
    "collapse_scalar", [reference.collapse_scalar, reference.collapse_scalar_tf]
)
def test_collapse_scalar_refuses(collapse_scalar: Callable[..., Any]) -> None:
    """Other numbers of inputs or hidden units."""
    for W, b, c in [((2, 3), 2, 2), ((3, 2), 3, 3), ((2, 2), 1, 2), ((2, 2), 2, 1)]:
        with pytest.raises(ValueError, match="must be"):
            collapse_scalar(np.ones(W), np.ones(b), np.ones(c), 1.0)


@pytest.mark.parametrize("is_affine", [reference.is_affine, reference.is_affine_tf])
@pytest.mark.parametrize("d", [1, 2, 5])
def test_is_affine(rng: np.random.Generator, is_affine: Callable[..., bool], d: int) -> None:
    """Stacks are affine whatever their scale and offset, networks are not; bool is returned."""
    layers = reference.random_layers(rng, (d, 6, 3))
    offset = (np.eye(3), np.full(3, 1e6))
    large = [(1e3 * W, 1e3 * b) for W, b in layers]
    for stack in (layers, large, [*layers, offset], [*large, offset]):
        assert is_affine(reference.box(stack), d, rng) is True
    steep = [(4.0 * W, b) for W, b in layers]
    for activation in (reference.relu, np.abs, np.tanh, np.sin):
        assert is_affine(reference.box(steep, activation), d, rng) is False


def test_relu_network_agrees_with_keras(rng: np.random.Generator) -> None:
    """ReLU between the layers and none after the last."""
    layers = reference.random_layers(rng, (3, 6, 5, 2))
    x = rng.normal(size=(30, 3))
    outputs = reference.forward(layers, x, reference.relu)
    same(reference.forward_tf(layers, x, "relu"), outputs)
    assert float(outputs.min()) < 0.0


def test_boxes_take_batches_only(rng: np.random.Generator) -> None:
    """A single sample, or one of another length, raises ValueError."""
    f = reference.box(reference.random_layers(rng, (3, 2)))
    for x in (np.zeros(3), np.zeros((4, 2))):
        with pytest.raises(ValueError, match="batch"):
            f(x)


@pytest.mark.parametrize(
    ("sizes", "rank", "saved"),
    [([3, 2, 3], 2, 5), ([4, 1, 4], 1, -7), ([2, 4, 1], 1, 14), ([5, 3], 3, 0), ([1, 1, 1], 1, 2)],
)
def test_rank_and_parameters(sizes: list[int], rank: int, saved: int) -> None:
    """By hand, by the formulas, by singular values and by Keras' count."""
    assert reference.max_rank(sizes) == reference.max_rank_tf(sizes) == rank
    assert reference.n_parameters_saved(sizes) == saved
    assert reference.n_parameters_saved_tf(sizes) == saved


@pytest.mark.parametrize("sizes", [[5], [], [4, 0, 3], [3, -1]])
@pytest.mark.parametrize(
    "count",
    [
        reference.max_rank,
        reference.max_rank_tf,
        reference.n_parameters_saved,
        reference.n_parameters_saved_tf,
    ],
)
def test_sizes_are_refused(count: Callable[[list[int]], int], sizes: list[int]) -> None:
    """Fewer than two sizes, or one below 1."""
    with pytest.raises(ValueError, match="sizes"):
        count(sizes)


@pytest.mark.parametrize("sizes", [(1, 3, 1), (3, 5, 2), (2, 6, 4, 3)])
def test_counterexamples(rng: np.random.Generator, sizes: tuple[int, ...]) -> None:
    """NumPy and Keras find the same pair, and it is a counterexample; a stack has none."""
    net = reference.random_layers(rng, sizes)
    x, y = reference.counterexample(net)
    for point, point_tf in zip((x, y), reference.counterexample_tf(net), strict=True):
        same(point_tf, point)
    assert reference.superposition_defect(net, x[np.newaxis], y[np.newaxis])[0] > 1e-3
    single = [reference.collapse(net)]
    assert reference.superposition_defect(single, x[np.newaxis], y[np.newaxis])[0] < 1e-9


class Judged:
    """Stands for a student: keeps the boxes and networks that the hidden tests hand out."""

    def __init__(self) -> None:
        self.boxes: list[tuple[reference.Box, int]] = []
        self.nets: list[Layers] = []

    def is_affine(self, f: reference.Box, d: int, rng: np.random.Generator) -> bool:
        """Judge and remember a box."""
        self.boxes.append((f, d))
        return reference.is_affine(f, d, rng)

    def counterexample(self, net: Layers) -> tuple[reference.Array, reference.Array]:
        """Answer and remember a network."""
        self.nets.append(net)
        return reference.counterexample(net)


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> dict[str, Any]:
    """The names of the module of hidden tests."""
    pytestconfig.addinivalue_line("markers", "question(id, weight): of hidden tests")
    spec = importlib.util.spec_from_file_location("hidden_linear_collapse", HIDDEN)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return vars(module)


@pytest.mark.parametrize("seed", range(5))
def test_hidden_boxes_keep_the_promise(hidden: dict[str, Any], seed: int) -> None:
    """Each box is affine up to rounding, or at least 1 % of its largest output off (question 4)."""
    judged, rng = Judged(), np.random.default_rng(seed)
    for name in (
        "linear_boxes_and_relu_networks",
        "affine_stacks_and_absolute_values",
        "large_slopes",
        "large_offsets",
        "small_outputs",
        "odd_networks",
        "homogeneous_networks",
        "straight_in_a_region",
        "straight_along_the_axes",
        "one_bent_output",
    ):
        hidden[f"test_{name}"](judged, rng)
    for f, d in judged.boxes:
        rest = reference.nonlinearity(f, d, rng)
        assert rest < 1e-12 or rest > 1e-2
        assert np.abs(f(rng.uniform(-1.0, 1.0, (100, d)))).max() > 1e-4


@pytest.mark.parametrize("seed", range(5))
def test_hidden_networks_keep_the_promise(hidden: dict[str, Any], seed: int) -> None:
    """At least one random pair in five is a counterexample (question 6)."""
    judged, rng = Judged(), np.random.default_rng(seed)
    for name in ("shallow_nets", "deep_nets", "far_out", "are_rare", "a_ridge", "above_zero"):
        tests = [test for key, test in hidden.items() if key.endswith(name)]
        assert len(tests) == 1
        tests[0](judged, rng)
    for net in judged.nets:
        assert reference.counterexample_share(net, rng) > 0.2
