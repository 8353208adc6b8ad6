"""
What hidden tests compare with: finite first, then shape, then a tolerance that knows the dtype.

Every helper turns the student's value into plain floats of its own before it looks at it, so no
object of the student's ever takes part in a comparison.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from autograder.errors import Invalid, StudentRaised
from autograder.messages import Message, MessageCode
from autograder.student import RemoteObject

NUMERIC_KINDS: Final = "biuf"
DOUBLE_FLOOR: Final = 1e-6
"""Absolute tolerance, as a part of the largest expected entry."""
COARSEST_RTOL: Final = 1e-6
"""Below it a relative tolerance is meant as it is said: by who compares counts, for example."""
PRECISIONS: Final = {4: (2e-4, 2e-5), 2: (2e-2, 5e-3)}
"""
Relative tolerance and floor by the bytes of a float, at least.

128-long dot products differ by 2e-5 between single and double precision; half has three digits.
"""


MAX_NAMED_AXES: Final = 3
"""Of an expected shape whose counterpart is told: four axes have hundreds of orders."""


class CheckCounter:
    """
    How many checks held in the test that is running.

    A test earns its weight only if at least one did: a loop over an empty answer proves nothing.
    `refusals` of them saw no more than that bad input was refused.
    """

    def __init__(self) -> None:
        self.held = 0
        self.refusals = 0

    @property
    def only_refusals(self) -> bool:
        """Whether checks held, and none of them looked at an answer."""
        return 0 < self.held == self.refusals

    def reset(self) -> None:
        """Begin a new test."""
        self.held = 0
        self.refusals = 0

    def count(self) -> None:
        """Note that one check held."""
        self.held += 1

    def count_refusal(self) -> None:
        """Note that student code refused an input that it had to refuse."""
        self.held += 1
        self.refusals += 1


counter: Final = CheckCounter()


def array(
    value: object, shape: tuple[int, ...] | None = None, axes: str | None = None
) -> NDArray[np.float64]:
    """
    Turn a student's value into a finite float64 array of its own.

    Args:
        value: What the student's code returned: numbers, nested lists, arrays, tensors.
        shape: The shape that it must have; any shape if ``None``.
        axes: Names of the axes of `shape`, such as ``"n m"``, for the student's report.

    Raises:
        Invalid: If it is not numeric, not finite, or has another shape.
    """
    numbers, _ = _numeric(value)
    if shape is not None and numbers.shape != shape:
        raise _wrong_shape(numbers.shape, shape, axes)
    _require_finite(numbers)
    return numbers


def number(value: object) -> float:
    """
    Turn a Python number, a 0-d array or a 1-element array into a finite float.

    Raises:
        Invalid: If it is anything else.
    """
    numbers, _ = _numeric(value)
    if numbers.size != 1:
        raise _wrong_shape(numbers.shape, (), None)
    _require_finite(numbers)
    return float(numbers.reshape(-1)[0])


def assert_close(
    actual: object,
    expected: ArrayLike,
    *,
    rtol: float = 1e-4,
    atol: float | None = None,
    axes: str | None = None,
) -> None:
    """
    Check that a student's value equals the expected one within a tolerance.

    The bound is ``atol + rtol * |expected|`` for each entry; `atol` defaults to 1e-6 of the largest
    expected entry, so a zero among large numbers may carry the rounding of its neighbours. Answers
    in half or single precision get at least that precision's tolerance; with ``rtol=0`` only the
    rounding of a single number. An `rtol` above 0 and below 1e-6 is meant as it is said, whatever
    the precision: a count is right or wrong.

    Raises:
        Invalid: If the value is not numeric, not finite, or has another shape.
        AssertionError: If it differs.
    """
    wanted = np.asarray(expected, dtype=np.float64)
    numbers, dtype = _numeric(actual)
    if wanted.ndim == 0 and numbers.size == 1:
        numbers = numbers.reshape(())
    if numbers.shape != wanted.shape:
        raise _wrong_shape(numbers.shape, wanted.shape, axes)
    _require_finite(numbers)
    scale = float(np.max(np.abs(wanted), initial=0.0))
    rtol, floor = _precision(dtype, rtol)
    with np.errstate(over="ignore"):
        bound = (max(floor * scale, 1e-12) if atol is None else atol) + rtol * np.abs(wanted)
        difference = np.abs(numbers - wanted)
    if not bool(np.all(difference <= bound)):
        worst = np.unravel_index(int(np.argmax(difference - bound)), difference.shape)
        place = f" at {tuple(map(int, worst))}" if wanted.ndim else ""
        got, asked = float(numbers[worst]), float(wanted[worst])
        raise AssertionError(f"got {got!r}, expected {asked!r}{place}")
    counter.count()


@contextmanager
def raises(*expected: type[Exception]) -> Iterator[None]:
    """
    Check that student code raises one of the given built-in exceptions, or a subclass of one.

    Raises:
        AssertionError: If nothing is raised; another exception passes through.
    """
    try:
        yield
    except StudentRaised as error:
        if not isinstance(error, expected):
            raise
        counter.count_refusal()
    else:
        names = " or ".join(kind.__name__ for kind in expected)
        raise AssertionError(f"{names} was not raised")


@contextmanager
def presupposed() -> Iterator[None]:
    """
    Mark what a test builds on without testing it: if it does not hold, the test was not run.

    A test whose title speaks of one property must not fail because of another: that the arguments
    stay as they were can be seen only where the values are right. A test that was not run earns
    nothing.
    """
    try:
        yield
    except (AssertionError, Invalid) as error:
        pytest.skip(f"not looked at: {error}")


def shape_message(actual: tuple[int, ...], expected: tuple[int, ...], axes: str | None) -> Message:
    """
    Describe which shape was expected and which came, in the symbols of the question.

    A student is told shapes in symbols only, so that no hidden input can be read from them.
    """
    names = axes.replace(",", " ").split() if axes else []
    if not expected:
        if len(actual) == 1:
            return Message(MessageCode.ONE_AXIS_FOR_A_NUMBER)
        return Message(MessageCode.AXES_FOR_A_NUMBER)
    if len(names) != len(expected):
        return Message(MessageCode.UNNAMED_SHAPE, {"axes": len(expected)})
    wanted = _shape_text(names)
    got = _in_symbols(actual, dict(zip(expected, names, strict=True)))
    if got is None or len(expected) > MAX_NAMED_AXES:
        return Message(MessageCode.OTHER_SHAPE, {"wanted": wanted})
    return Message(MessageCode.WRONG_SHAPE, {"wanted": wanted, "got": _shape_text(got)})


def _wrong_shape(actual: tuple[int, ...], expected: tuple[int, ...], axes: str | None) -> Invalid:
    safe = shape_message(actual, expected, axes)
    return Invalid(f"{str(safe).rstrip('.')}: {actual} instead of {expected}", safe)


def _in_symbols(shape: tuple[int, ...], symbols: dict[int, str]) -> list[str] | None:
    """
    Return a shape in symbols if its axes are the expected ones in another order or number.

    Each axis is a symbol that student code may choose, and so carry a hidden input out: no symbol
    comes twice, one axis of length 1 may be added, and any other shape is just another one.
    """
    got = ["1" if length == 1 else symbols.get(length, "?") for length in shape]
    return None if "?" in got or len(set(got)) < len(got) else got


def _shape_text(parts: Sequence[str]) -> str:
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


def _numeric(value: object) -> tuple[NDArray[np.float64], np.dtype[Any]]:
    """Return a value as floats of our own, and the type that its numbers had."""
    if isinstance(value, RemoteObject):
        # A pandas Series, a torch tensor, a range: the sandbox is asked for it as a plain array.
        value = value.to_array()
    if value is None:
        raise Invalid(
            "expected numbers, got None: nothing was returned or assigned",
            Message(MessageCode.NOTHING_RETURNED),
        )
    if isinstance(value, str | bytes | dict | set | frozenset):
        kind = type(value).__name__
        shown = Message(MessageCode.NOT_NUMBERS, {"kind": kind})
        raise Invalid(f"expected numbers, got {kind}", shown)
    try:
        numbers = np.asarray(_without_references(value))
        if numbers.dtype.kind not in NUMERIC_KINDS:
            raise Invalid(f"expected numbers, got entries of type {numbers.dtype.name}")
        return np.array(numbers, dtype=np.float64, copy=True), numbers.dtype
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise Invalid("expected numbers in a regular array") from error


def _without_references(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_without_references(item) for item in value]
    return value.to_array() if isinstance(value, RemoteObject) else value


def _require_finite(numbers: NDArray[np.float64]) -> None:
    if not bool(np.isfinite(numbers).all()):
        raise Invalid("the result holds NaN or infinity", Message(MessageCode.NOT_FINITE))


def _precision(dtype: np.dtype[Any], rtol: float) -> tuple[float, float]:
    """Return the relative tolerance and the floor, as parts of the scale, for numbers of a type."""
    if 0 < rtol < COARSEST_RTOL:
        return rtol, 0.0
    if dtype.kind != "f":
        return rtol, DOUBLE_FLOOR
    least, floor = PRECISIONS.get(dtype.itemsize, (0.0, DOUBLE_FLOOR))
    if rtol == 0:
        # Who asks for an absolute accuracy alone means it: a coarse type adds its rounding only,
        # or a rough guess would become right by being stored in half precision.
        least = min(least, float(np.finfo(dtype).eps))
    return max(rtol, least), floor
