"""
The student that a hidden test sees: the notebook's names, as values and callables.

Values have crossed into the grader as plain data. Whatever cannot cross stays in the kernel and is
seen as a `RemoteObject`, which does only what is asked for by name: a proxy that answered
comparisons or had a truth value would pass tests.
"""

from __future__ import annotations

import builtins
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NoReturn, Protocol

import numpy as np

from autograder.errors import Invalid, StudentRaised
from autograder.messages import Message, MessageCode
from autograder.wire import Handle

MAX_ITERATIONS: Final = 100_000


@dataclass(frozen=True)
class Target:
    """What is called inside: a name of the notebook, or an object that stayed in the kernel."""

    name: str | None = None
    number: int | None = None
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class Call:
    """
    One call of a student's function.

    Args:
        value: What it returned.
        args_after: The positional arguments as the call left them.
        kwargs_after: The keyword arguments as the call left them.
    """

    value: Any
    args_after: tuple[Any, ...]
    kwargs_after: dict[str, Any]


class Kernel(Protocol):
    """What a `Student` needs of the channel to the kernel."""

    def names(self) -> frozenset[str]:
        """Return the names that the notebook defines."""

    def get(self, name: str) -> Any:
        """Return a name's value; raises `Missing`."""

    def call(self, target: Target, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        """Call what the target names."""

    def ask(self, operation: str, number: int, argument: object = None) -> Any:
        """Evaluate one operation on an object that stayed in the kernel."""


class Student:
    """
    The names that the student's notebook defined.

    ``student.forward(x)`` calls a function inside the sandbox; ``student.W1`` is a value.
    """

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._kernel.get(name)

    def get(self, name: str) -> Any:
        """
        Return the value of a name.

        Raises:
            Missing: If the notebook does not define it.
        """
        return self._kernel.get(name)

    def has(self, name: str) -> bool:
        """Return whether the notebook defines a name, without raising."""
        return name in self._kernel.names()


class RemoteObject:
    """
    An object that stayed in the kernel.

    Supports attributes, items, calls, `len` and bounded iteration, each evaluated inside. Truth
    value, comparison, arithmetic and hashing raise `Invalid`. NumPy's functions take it as the
    array that it is inside, as they would take a table of pandas, and `float` as the number.
    """

    __slots__ = ("_array", "_handle", "_kernel", "_name")

    def __init__(self, kernel: Kernel, handle: Handle, name: str | None = None) -> None:
        self._kernel = kernel
        self._handle = handle
        self._name = name
        self._array: Any = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._kernel.ask("getattr", self._handle.number, name)

    def __getitem__(self, key: object) -> Any:
        self._require_answer()
        return self._kernel.ask("getitem", self._handle.number, key)

    def __len__(self) -> int:
        self._require_answer()
        length = self._kernel.ask("len", self._handle.number)
        if type(length) is not int or not 0 <= length < 2**63:
            raise Invalid("the object has no length")
        return length

    def __iter__(self) -> Iterator[Any]:
        self._require_answer()
        iterator = self._kernel.ask("iter", self._handle.number)
        if not isinstance(iterator, RemoteObject):
            raise Invalid("the object cannot be iterated")
        for _ in range(MAX_ITERATIONS):
            more, item = self._next_of(iterator)
            if not more:
                return
            yield item
        raise Invalid("the iteration does not end")

    def _next_of(self, iterator: RemoteObject) -> tuple[bool, Any]:
        answer = self._kernel.ask("next", handle_of(iterator).number)
        if type(answer) is not tuple or len(answer) != 2 or type(answer[0]) is not bool:
            raise Invalid("the object cannot be iterated")
        return answer

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it inside; returns what it returned."""
        return self.call(*args, **kwargs).value

    def call(self, *args: Any, **kwargs: Any) -> Call:
        """Call it, and also give the arguments as the call left them."""
        target = Target(name=self._name) if self._name else Target(number=self._handle.number)
        return self._kernel.call(target, args, kwargs)

    def to_array(self) -> Any:
        """
        Return the object as a plain array, as ``numpy.asarray`` made it inside when first asked.

        What is a number of another kind, such as a fraction, comes as an array without axes.

        Raises:
            Invalid: If that gives no array of numbers.
        """
        # Untrusted: asked again it could give other numbers, and pass for two answers.
        if self._array is None:
            self._array = self._ask_array()
        return self._array.copy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:  # noqa: FBT001  # NumPy's signature
        """Give `to_array` to NumPy's functions; it is a copy in any case."""
        return np.asarray(self.to_array(), dtype)

    def __float__(self) -> float:
        array = self.to_array()
        if array.ndim != 0:
            raise self._no_numbers()
        return float(array)

    def _ask_array(self) -> Any:
        try:
            value = self._kernel.ask("array", self._handle.number)
        except StudentRaised as error:
            raise Invalid("expected numbers") from error
        return np.asarray(self._to_float() if isinstance(value, RemoteObject) else value)

    def _to_float(self) -> float:
        """Convert what is a number of another kind, such as a Fraction or a Decimal."""
        try:
            value = self._kernel.ask("getattr", self._handle.number, "__float__")()
        except (StudentRaised, TypeError):
            raise self._no_numbers() from None
        if type(value) is not float:
            raise self._no_numbers()
        return value

    def _require_answer(self) -> None:
        """Raise where the notebook still holds what students get in place of an answer."""
        if self._handle.label == type(...).__name__:
            raise self._no_numbers()

    def _no_numbers(self) -> Invalid:
        # Untrusted: a class of the student's may be called like this, which earns them a sentence.
        if self._handle.label == type(...).__name__:
            # What the notebook that students get assigns to the variables that it asks for.
            return Invalid("expected numbers, got ellipsis", Message(MessageCode.NOT_ANSWERED))
        return Invalid(f"expected numbers, got {self._handle.label}")

    def __repr__(self) -> str:
        return f"<{self._handle.label} in the sandbox>"


def _refuse(self: RemoteObject, *_: object, **__: object) -> NoReturn:
    self._require_answer()
    raise Invalid(
        f"an object of type {self._handle.label} cannot be used as a number, a truth value or a key"
    )


_REFUSED: Final = """
    bool eq ne lt le gt ge hash int complex index round trunc floor ceil abs neg pos invert
    add radd sub rsub mul rmul truediv rtruediv floordiv rfloordiv mod rmod pow rpow matmul rmatmul
    and rand or ror xor rxor lshift rlshift rshift rrshift divmod rdivmod contains setitem delitem
    enter exit bytes
"""
for _operation in _REFUSED.split():
    setattr(RemoteObject, f"__{_operation}__", _refuse)


def handle_of(remote: RemoteObject) -> Handle:
    """Return what stands for an object inside; every attribute of it is the student's."""
    handle: Handle = object.__getattribute__(remote, "_handle")
    return handle


def not_a_function(name: str | None) -> Invalid:
    """Make the fault of calling what is no function."""
    called = name or "the value"
    shown = Message(MessageCode.NOT_A_FUNCTION, {"name": called})
    return Invalid(f"{called} is not a function", shown)


def student_raised(type_name: str, bases: tuple[str, ...], message: str) -> StudentRaised:
    """
    Make the exception that a hidden test sees for one that student code raised.

    Args:
        type_name: Name of the student's exception class.
        bases: Names of the classes it derives from, most derived first.
        message: Its text, for staff.

    Returns:
        An instance of `StudentRaised` and of the first built-in class named in `bases`.
    """
    # Untrusted: the names are the kernel's claim; only built-in exception classes are looked up.
    for base in (type_name, *bases):
        builtin = getattr(builtins, base, None)
        if isinstance(builtin, type) and _is_plain_exception(builtin):
            break
    else:
        builtin = Exception
    error = _raised_class(builtin)(message)
    error.type_name, error.builtin_name = type_name, builtin.__name__
    return error


def _is_plain_exception(kind: type) -> bool:
    return issubclass(kind, Exception) and not issubclass(kind, BaseExceptionGroup)


def _raised_class(builtin: type[Exception]) -> type[StudentRaised]:
    if builtin not in _RAISED_CLASSES:
        bases = (StudentRaised,) if builtin is Exception else (StudentRaised, builtin)
        _RAISED_CLASSES[builtin] = type(f"Student{builtin.__name__}", bases, {})
    return _RAISED_CLASSES[builtin]


_RAISED_CLASSES: Final[dict[type[Exception], type[StudentRaised]]] = {}


def __getattr__(name: str) -> Any:
    """Answer to the old name of `RemoteObject`, for tests that import it."""
    if name == "Reference":
        warnings.warn(
            "autograder.student.Reference is now RemoteObject", DeprecationWarning, stacklevel=2
        )
        return RemoteObject
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
