"""Objects that stay in the kernel: what a hidden test can do with them, and what it cannot."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograder.checks import assert_close, number
from autograder.errors import (
    Invalid,
)
from autograder.messages import Message, MessageCode
from autograder.student import MAX_ITERATIONS, RemoteObject
from tests.autograder.examiner.calls import Kernel


def test_references(student: Any) -> None:
    """What stays in the kernel has attributes, items, calls and a length, evaluated there."""
    model = student.model
    assert isinstance(model, RemoteObject)
    assert model.size == 3
    assert len(model) == 2
    assert model["key"] == ("item", "key")
    assert model.predict([1, 2]).tolist() == [2, 4]
    assert model(1).tolist() == 2
    assert model.call([0]).value.tolist() == [1]
    assert model.layers[1].name == "dense"
    assert student.identity(model).size == 3
    assert model.to_array().tolist() == [0, 1, 2]
    assert repr(model) == "<Model in the sandbox>"
    with pytest.raises(AttributeError):
        _ = model.weights


def test_numbers_of_other_kinds(student: Any) -> None:
    """A fraction or a decimal number is a number where one is asked for, and nothing else is."""
    assert_close(student.quarters, [0.25, 0.25])
    assert number(student.quarters[0]) == 0.25
    # A public test, which students have run at home, does with them what it does with floats.
    assert np.array(student.quarters, dtype=float).tolist() == [0.25, 0.25]
    assert all(abs(quarter - 0.25) < 1e-9 for quarter in student.quarters)
    assert np.array([student.own_quarter], dtype=float).tolist() == [0.25]
    assert isinstance(student.huge, RemoteObject)
    with pytest.raises(Invalid):
        float(student.model)
    for name in ("private", "vain", "three_objects"):
        with pytest.raises(Invalid, match="expected numbers"):
            number(student.get(name))


@pytest.mark.parametrize("use", [list, len, set, sorted, lambda value: value[0], float, bool])
def test_an_answer_that_is_still_open(student: Any, use: Callable[[Any], object]) -> None:
    """However a test looks at it, its student is told that it is not answered yet."""
    with pytest.raises(Invalid) as caught:
        use(student.open_answer)
    assert caught.value.safe_message == Message(MessageCode.NOT_ANSWERED)


def test_references_are_iterated(student: Any) -> None:
    """Iteration is evaluated inside, item by item."""
    assert [layer.name for layer in student.three_objects()] == ["dense"] * 3
    assert list(student.frame) == [97, 98, 99]
    squares = iter(student.squares())
    assert [next(squares) for _ in range(4)] == [0, 1, 4, 9]
    with pytest.raises(TypeError):
        list(student.private)


def test_endless_iteration(student: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An iteration without end is invalid."""
    assert MAX_ITERATIONS == 100_000
    monkeypatch.setattr("autograder.student.MAX_ITERATIONS", 100)
    with pytest.raises(Invalid, match="does not end"):
        list(student.squares())


REFUSED: dict[str, Callable[[Any], object]] = {
    "truth value": bool,
    "not": lambda x: not x,
    "equality": lambda x: x == x,  # noqa: PLR0124  # that is the point
    "equality, reflected": lambda x: 3 == x,  # noqa: SIM300  # that is the point
    "inequality": lambda x: x != 3,
    "order": lambda x: x < 3,
    "sorting": lambda x: sorted([x, x]),
    "hash": hash,
    "a set": lambda x: {x},
    "float": float,
    "int": int,
    "complex": complex,
    "bytes": bytes,
    "index": lambda x: [1, 2][x],
    "range": range,
    "round": round,
    "floor": math.floor,
    "isnan": math.isnan,
    "abs": abs,
    "negation": lambda x: -x,
    "addition": lambda x: x + 1,
    "addition, reflected": lambda x: 1 + x,
    "addition in place": lambda x: x.__iadd__(1) if hasattr(x, "__iadd__") else x + 1,
    "power": lambda x: x**2,
    "divmod": lambda x: divmod(x, 2),
    "containment": lambda x: 1 in x,
    "in a list": lambda x: 1 in [2, x],
    "setting an item": lambda x: x.__setitem__(0, 1),
    "deleting an item": lambda x: x.__delitem__(0),
    "with": lambda x: x.__enter__(),
}


@pytest.mark.parametrize("name", ["model", "vain", "private"])
@pytest.mark.parametrize("use", REFUSED.values(), ids=REFUSED.keys())
def test_references_refuse(student: Any, name: str, use: Callable[[Any], object]) -> None:
    """A reference has no truth value, no comparison, no arithmetic, no hash and is no number."""
    with pytest.raises(Invalid):
        use(student.get(name))


TAKEN_AS_ARRAYS: dict[str, Callable[[Any], object]] = {
    "asarray": np.asarray,
    "array, copied": lambda x: np.array(x, copy=True),
    "array of floats": lambda x: np.asarray(x, float),
    "allclose": lambda x: np.allclose(x, [0, 1, 2]),
    "shape": lambda x: np.shape(x) == (3,),
    "array, reflected": lambda x: np.ones(3) + x,
    "matrix product": lambda x: np.ones(3) @ x,
}


@pytest.mark.parametrize("use", TAKEN_AS_ARRAYS.values(), ids=TAKEN_AS_ARRAYS.keys())
def test_numpy_takes_references(student: Any, use: Callable[[Any], Any]) -> None:
    """What NumPy takes for an array in the notebook it takes here; what is none is invalid."""
    assert np.all(use(student.model) == use(np.arange(3)))
    for name in ("vain", "private"):
        with pytest.raises(Invalid):
            use(student.get(name))


def test_array_is_asked_for_once(student: Any) -> None:
    """An object that says other numbers each time says the first to all, whatever a test does."""
    fickle = student.fickle
    fickle.to_array()[:] = 7
    assert fickle.to_array().tolist() == np.asarray(fickle).tolist() == [1]


def test_array_equal(student: Any) -> None:
    """NumPy's `array_equal`, which swallows every exception, says no."""
    assert not np.array_equal(student.vain, student.vain)
    assert not np.array_equal([student.vain], [1])


def test_lying_length(student: Any) -> None:
    """A length that is none does not pass for one."""
    with pytest.raises(TypeError):
        len(student.vain)


def test_many_references(kernel: Kernel) -> None:
    """More objects than the kernel keeps cost no later question its function."""
    kernel.channel.run("import autograder.sandbox.runtime.calls as calls; calls.MAX_REFERENCES = 9")
    for _ in range(20):
        assert isinstance(kernel.student.three_objects(), RemoteObject)
    assert kernel.student.double(3) == 6


def test_values_that_cannot_travel(student: Any) -> None:
    """A value that exceeds the wire's caps is invalid, and the kernel lives on."""
    for name in ("too_large", "surrogate"):
        with pytest.raises(Invalid, match="cannot leave the sandbox"):
            getattr(student, name)()


def test_a_reference_of_another_kernel(kernel: Kernel, student: Any) -> None:
    """A reference that this kernel does not know is invalid, and the kernel lives on."""
    stranger = student.model
    with pytest.raises(Invalid):
        kernel.student.identity(stranger)
    assert kernel.student.double(1) == 2
