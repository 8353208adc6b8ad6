"""What hidden tests compare with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from autograder.checks import (
    array,
    assert_close,
    counter,
    number,
    presupposed,
    raises,
    shape_message,
)
from autograder.errors import Invalid
from autograder.student import student_raised

floats = st.floats(-1e300, 1e300)
shapes = st_numpy.array_shapes(min_dims=0, min_side=0, max_side=4)
arrays = st_numpy.arrays(np.float64, shapes, elements=floats)
tolerances = st.floats(0, 1)

SYMBOLS = "n m k l p q"
"""More names than the shapes below have axes."""


@pytest.fixture(autouse=True)
def fresh_counter() -> Iterator[None]:
    """Begin each test with no check held."""
    counter.reset()
    yield
    counter.reset()


@given(arrays)
def test_reflexive(values: np.ndarray[Any, Any]) -> None:
    """Every finite array is close to itself, in any of its forms, whatever the tolerance."""
    assert_close(values, values, rtol=0, atol=0)
    if values.size:
        assert_close(values.tolist(), values)
    assert_close(np.asfortranarray(values), values)


@given(floats, floats, tolerances, tolerances, tolerances)
def test_monotone(actual: float, expected: float, rtol: float, atol: float, more: float) -> None:
    """What is close stays close under larger tolerances."""

    def close(rtol: float, atol: float) -> bool:
        try:
            assert_close(actual, expected, rtol=rtol, atol=atol)
        except AssertionError:
            return False
        return True

    if close(rtol, atol):
        assert close(rtol + more, atol)
        assert close(rtol, atol + more)


@given(arrays, st.sampled_from([np.float16, np.float32, np.float64]))
def test_precision_costs_nothing(values: np.ndarray[Any, Any], dtype: type[np.floating]) -> None:
    """An answer in less precision is close, if its numbers fit there at all."""
    small = np.tanh(values)
    # Below this, half precision has no digits left: 1e-7 is stored as 1.2e-7.
    small = np.where(np.abs(small) < np.finfo(dtype).smallest_normal, 0.0, small)
    assert_close(small.astype(dtype), small)
    if small.shape:
        assert_close(list(small.astype(dtype)), list(small))


def test_tolerance_knows_the_type() -> None:
    """Single precision is allowed its rounding, double precision is not; in lists, too."""
    expected = np.array([1.0, 2.0])
    near = expected * (1 + 1.5e-4)
    assert_close(near.astype(np.float32), expected)
    assert_close(list(near.astype(np.float32)), expected)
    assert_close((np.float32(near[0]), np.float32(near[1])), expected)
    for exact in (near, near.tolist(), list(near)):
        with pytest.raises(AssertionError):
            assert_close(exact, expected)
    assert_close(np.float16(1.001), 1)
    with pytest.raises(AssertionError):
        assert_close(np.float16(1.1), 1)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_absolute_accuracy_holds_for_every_type(dtype: type[np.floating]) -> None:
    """A guess does not become right by being stored in half precision; its rounding is forgiven."""
    assert_close(dtype(1 / 3), 1 / 3, rtol=0, atol=1e-6)
    with pytest.raises(AssertionError):
        assert_close(dtype(0.76), 0.75, rtol=0, atol=1e-3)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64])
def test_counts_are_exact_in_every_type(dtype: type[np.generic]) -> None:
    """A small relative tolerance is meant: a count that is one off is wrong in any precision."""
    assert_close(np.array(2000, dtype), 2000, rtol=1e-9)
    for wrong in (2001, 2030):
        with pytest.raises(AssertionError):
            assert_close(np.array(wrong).astype(np.float16).astype(dtype) + 2, 2000, rtol=1e-9)


def test_zero_among_large_numbers() -> None:
    """An expected zero may carry the rounding of its neighbours, alone it may not."""
    assert_close([1e-4, 1000.0], [0.0, 1000.0])
    with pytest.raises(AssertionError):
        assert_close([1e-4], [0.0])
    with pytest.raises(AssertionError):
        assert_close([1e-4, 1000.0], [0.0, 1000.0], atol=0)


def test_overflow() -> None:
    """Differences beyond the largest float are differences, not warnings."""
    with pytest.raises(AssertionError):
        assert_close(1.7e308, -1.7e308)


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (3, 3.0),
        (True, 1),
        ([True, False], [1, 0]),
        (np.array([3]), 3),
        (np.array([[3]]), 3),
        ([[3.0]], 3),
        (np.float32(3), 3),
        (np.uint64(2**53), 2**53),
        (range(3), [0, 1, 2]),
        ((1, [2, 3])[1], [2, 3]),
        (np.ma.array([1, 2]), [1, 2]),
        ([], []),
        (np.zeros((0, 3)), np.zeros((0, 3))),
        ([np.array(1.0), 2], [1, 2]),
    ],
    ids=repr,
)
def test_close(actual: object, expected: object) -> None:
    """Everything that becomes an array of the right numbers and shape is right, and counts once."""
    assert_close(actual, expected)  # type: ignore[arg-type]  # of any type
    assert counter.held == 1


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    "actual",
    [
        NAN,
        [1, NAN],
        [INF, 1],
        -INF,
        1j,
        np.array([1j]),
        "3",
        ["3"],
        [1, "3"],
        b"3",
        np.str_("3"),
        np.array(["3"]),
        None,
        [None],
        {},
        {1: 2},
        {1},
        frozenset(),
        slice(3),
        [1, [2, 3]],
        [[1, 2], [3]],
        np.array([None]),
        pytest.param(object(), id="object"),
        abs,
        np.datetime64("2026-01-01"),
        [10**400],
    ],
    ids=repr,
)
def test_invalid(actual: object) -> None:
    """What is no finite number is invalid, whatever the expected value is, and counts nothing."""
    for expected in (np.ones(2), 1.0):
        with pytest.raises(Invalid):
            assert_close(actual, expected)
    with pytest.raises(Invalid):
        array(actual)
    with pytest.raises(Invalid):
        number(actual)
    assert counter.held == 0


def test_shape_before_values() -> None:
    """A wrong shape is told before a wrong value; an axis of length one is not broadcast."""
    cases = [((3,), (3, 1)), ((3, 1), (3,)), ((1,), (3,)), ((), (3,)), ((2, 3), (3, 2)), ((2,), ())]
    for actual, expected in cases:
        for value in (0.0, 1.0, NAN):
            with pytest.raises(Invalid, match=r"shape|one number"):
                assert_close(np.full(actual, value), np.ones(expected))


def test_expected_nan_is_never_met() -> None:
    """A reference that gives NaN lets no answer pass."""
    for actual in (1.0, NAN):
        with pytest.raises((AssertionError, Invalid)):
            assert_close(actual, NAN)


def test_worst_entry_is_told() -> None:
    """Staff read the worst entry and its place."""
    with pytest.raises(AssertionError, match=r"got 7\.0, expected 2\.0 at \(0, 1\)"):
        assert_close([[1, 7], [3, 4.5]], [[1, 2], [3, 4]])


def test_array_is_a_copy() -> None:
    """What `array` gives is the grader's own: float64, writable and not the student's memory."""
    value = np.arange(3)
    taken = array(value, shape=(3,), axes="n")
    taken[0] = 5
    assert taken.dtype == np.float64
    assert value[0] == 0
    with pytest.raises(Invalid):
        array(value, shape=(3, 1))
    assert counter.held == 0


@pytest.mark.parametrize("value", [2, 2.0, np.array(2), [2], [[2]], np.float32(2), np.int8(2)])
def test_number(value: object) -> None:
    """A number may come in an array of one entry."""
    assert number(value) == 2
    assert type(number(value)) is float


@pytest.mark.parametrize("value", [[], [1, 2], np.ones((2, 1))])
def test_no_number(value: object) -> None:
    """Any other number of entries is invalid."""
    with pytest.raises(Invalid, match="one number"):
        number(value)


def shown(actual: tuple[int, ...], expected: tuple[int, ...], axes: str | None) -> str:
    """Return what a student is told of a shape."""
    return str(shape_message(actual, expected, axes))


@given(shapes, shapes)
def test_messages_hold_no_number(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    """The shape of an input cannot be read from what a student is told, but for axes of 1."""
    actual, expected = (tuple(length * 1009 for length in shape) for shape in (left, right))
    if actual == expected or (expected == () and 0 in actual):
        return
    for axes in (None, SYMBOLS, "n"):
        message = shown(actual, expected, axes)
        assert "1009" not in message
        assert not any(str(length) in message for length in (*actual, *expected) if length > 9)
        with pytest.raises(Invalid) as caught:
            assert_close(np.zeros(actual[:1]), np.zeros((*expected[:1], 7)), axes=axes)
        assert caught.value.safe_message is not None
        told = str(caught.value.safe_message)
        assert "1009" not in told
        assert "7" not in told


def test_messages_name_axes() -> None:
    """Shapes are told in the symbols of the question."""
    assert shown((5, 3), (3, 5), "n m") == "Expected the shape (n, m), got (m, n)."
    assert shown((5,), (5, 1), "n k") == "Expected the shape (n, k), got (n,)."
    assert shown((5, 1), (5,), "n") == "Expected the shape (n,), got (n, 1)."
    assert shown((4,), (5,), "n") == "Expected the shape (n,), got a different one."
    unnamed = "Expected an array with a different shape (number of axes: 2)."
    assert shown((5,), (5, 2), "n") == unnamed


def test_shapes_that_are_no_order_of_the_axes_are_not_told() -> None:
    """Each axis is a symbol that student code may choose: a long list would carry inputs out."""
    other = "Expected the shape (n,), got a different one."
    assert shown((5, 1), (5,), "n") == "Expected the shape (n,), got (n, 1)."
    assert {shown(axes, (5,), "n") for axes in ((5, 1, 1), (5, 5), (0, 5), (1,) * 32)} == {other}
    several = "Expected one number, got an array with several axes."
    assert {shown((1,) * axes, (), None) for axes in range(2, 33)} == {several}
    four = "Expected the shape (a, b, c, d), got a different one."
    assert shown((2, 3, 4), (2, 3, 4, 5), "a b c d") == four


@pytest.mark.parametrize("value", [[2.0], [1.0, 2.0], [np.nan], None])
def test_what_is_presupposed_and_does_not_hold_is_not_looked_at(value: object) -> None:
    """A test is left out, not failed, where the values that it builds on are wrong."""
    with pytest.raises(pytest.skip.Exception, match="not looked at"), presupposed():
        assert_close(value, [1.0])
    with presupposed():
        assert_close([1.0], [1.0])


def test_raises_counts() -> None:
    """`raises` counts one held check, and only if the exception was the student's."""
    with raises(ValueError):
        raise student_raised("OwnError", ("ValueError", "Exception"), "text")
    assert counter.held == 1
    assert counter.only_refusals
    with pytest.raises(ValueError, match="the test's own"), raises(ValueError):
        raise ValueError("the test's own")
    with pytest.raises(AssertionError), raises(ValueError):
        pass
    with pytest.raises(Invalid), raises(ValueError, Exception):
        raise Invalid("not raised by student code")
    assert counter.held == 1
    assert_close(1.0, 1.0)
    assert not counter.only_refusals


@pytest.mark.parametrize(
    "name", ["Invalid", "SystemExit", "KeyboardInterrupt", "object", "print", "ExceptionGroup", ""]
)
def test_claimed_exceptions(name: str) -> None:
    """A name that is no plain built-in exception's becomes an Exception."""
    error = student_raised(name, (name, "object"), "text")
    assert error.builtin_name == "Exception"
    assert not isinstance(error, Invalid | KeyboardInterrupt | SystemExit)
    assert str(error) == "text"
