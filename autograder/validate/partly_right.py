"""
A right function made wrong where few tests look.

The sandbox executes this file as text, behind a solution, so it imports nothing of the project.
Each kind is a way in which wrong answers have passed: right for the sizes or the calls that a test
is likely to make, or for values that are easily written down. `ONLY_WHERE` has, for each, what must
occur in the tests for the kind to be wrong at all.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

MOST_ELEMENTS = 12
MOST_CALLS = 3
LARGEST = 3.0
Function = Callable[..., Any]
Change = Callable[[Any], Any]


def up_to_twelve_elements(right: Function) -> Function:
    """Right while no argument has more than 12 elements."""

    def function(*args: Any, **kwargs: Any) -> Any:
        answer = right(*args, **kwargs)
        large = max(map(_elements, (*args, *kwargs.values())), default=0) > MOST_ELEMENTS
        return _wrong(answer) if large else answer

    return function


def in_the_first_calls(right: Function) -> Function:
    """Right in its first 3 calls."""
    calls = 0

    def function(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        answer = right(*args, **kwargs)
        return _wrong(answer) if calls > MOST_CALLS else answer

    return function


def one_answer_for_all(right: Function) -> Function:
    """Gives its first answer again."""
    answers: list[Any] = []

    def function(*args: Any, **kwargs: Any) -> Any:
        answer = right(*args, **kwargs)
        answers.append(answer)
        return answers[0]

    return function


def in_turn(right: Function) -> Function:
    """Answers True and False in turn, where the answer is one of them."""
    calls = 0

    def function(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        answer = right(*args, **kwargs)
        return calls % 2 == 1 if isinstance(answer, bool | np.bool_) else answer

    return function


def first_row_for_all(right: Function) -> Function:
    """Computes one row, and gives it for all."""

    def spread(array: Any) -> Any:
        many = isinstance(array, np.ndarray) and array.ndim > 0 and len(array) > 1
        return np.broadcast_to(array[:1], array.shape).copy() if many else array

    return _with_changed_answers(right, spread)


def never_beyond_three(right: Function) -> Function:
    """Cuts its numbers off at 3 and -3."""

    def clip(number: Any) -> Any:
        return np.clip(number, -LARGEST, LARGEST) if _is_fraction(number) else number

    return _with_changed_answers(right, clip)


def in_half_precision(right: Function) -> Function:
    """Keeps three digits of each fraction."""

    def halve(number: Any) -> Any:
        return number.astype(np.float16).astype(float) if _is_fraction(number) else number

    return _with_changed_answers(right, halve)


def refuses_one_element(right: Function) -> Function:
    """Raises for an array or a list of one element."""

    def function(*args: Any, **kwargs: Any) -> Any:
        if any(_is_sequence(each) and _elements(each) == 1 for each in (*args, *kwargs.values())):
            raise ValueError("too few elements")
        return right(*args, **kwargs)

    return function


def raises_where(right: Function, occurs: Callable[[tuple[Any, ...], Any], bool]) -> Function:
    """Raise where something occurs, in the arguments or the answer."""

    def function(*args: Any, **kwargs: Any) -> Any:
        answer = right(*args, **kwargs)
        if occurs((*args, *kwargs.values()), answer):
            raise RuntimeError("it occurs")
        return answer

    return function


def partly_right(right: Function, kind: str) -> Function:
    """Return a function that is right only as a kind says."""
    return functools.wraps(right)(KINDS[kind](right))


def probe(right: Function, kind: str) -> Function:
    """Return a function that raises where the kind could be wrong."""
    return functools.wraps(right)(raises_where(right, ONLY_WHERE[kind]))


def _with_changed_answers(right: Function, change: Change) -> Function:
    return lambda *args, **kwargs: _changed(right(*args, **kwargs), change)


def _changed(answer: Any, change: Change) -> Any:
    """Change each number and array of an answer; a number stays a number of Python's."""
    if inspect.isgenerator(answer):
        return _changed_one_by_one(answer, change)
    if type(answer) in (tuple, list):
        return type(answer)(_changed(each, change) for each in answer)
    if isinstance(answer, np.ndarray):
        return change(answer)
    if isinstance(answer, int | float | np.number) and not isinstance(answer, bool):
        return type(answer)(change(np.asarray(answer)))
    return answer


def _changed_one_by_one(answers: Iterator[Any], change: Change) -> Iterator[Any]:
    for answer in answers:
        yield _changed(answer, change)


def _wrong(answer: Any) -> Any:
    if isinstance(answer, bool | np.bool_):
        return not answer
    wrong = _changed(answer, lambda number: ~number if number.dtype == bool else number + 1)
    return None if wrong is answer else wrong


def _elements(value: Any) -> int:
    if isinstance(value, list | tuple):
        return sum(map(_elements, value))
    size = getattr(value, "size", 1)
    return size if isinstance(size, int) else 1


def _is_sequence(value: Any) -> bool:
    return isinstance(value, list | tuple) or len(getattr(value, "shape", ())) > 0


def _is_fraction(number: Any) -> bool:
    return bool(number.dtype.kind == "f")


def _numbers(answer: Any) -> list[Any]:
    """Return the arrays and numbers of an answer, as arrays."""
    found: list[Any] = []

    def keep(number: Any) -> Any:
        found.append(number)
        return number

    _changed(answer, keep)
    return found


def _has_sequence(arguments: tuple[Any, ...], _: Any) -> bool:
    return any(_is_sequence(each) and _elements(each) > 1 for each in arguments)


def _is_truth(_: tuple[Any, ...], answer: Any) -> bool:
    return isinstance(answer, bool | np.bool_)


def _has_rows(_: tuple[Any, ...], answer: Any) -> bool:
    return inspect.isgenerator(answer) or any(
        array.ndim > 0 and len(array) > 1 for array in _numbers(answer)
    )


def _has_fraction(_: tuple[Any, ...], answer: Any) -> bool:
    return any(map(_is_fraction, _numbers(answer)))


def _is_called(_arguments: tuple[Any, ...], _answer: Any) -> bool:
    return True


KINDS: dict[str, Callable[[Function], Function]] = {
    "up to 12 elements": up_to_twelve_elements,
    "in its first 3 calls": in_the_first_calls,
    "gives its first answer again": one_answer_for_all,
    "True and False in turn": in_turn,
    "its first row for all rows": first_row_for_all,
    "never beyond 3": never_beyond_three,
    "in half precision": in_half_precision,
    "refuses one element": refuses_one_element,
}
ONLY_WHERE: dict[str, Callable[[tuple[Any, ...], Any], bool]] = {
    "up to 12 elements": _has_sequence,
    "in its first 3 calls": _is_called,
    "gives its first answer again": _is_called,
    "True and False in turn": _is_truth,
    "its first row for all rows": _has_rows,
    "never beyond 3": _has_fraction,
    "in half precision": _has_fraction,
    "refuses one element": _has_sequence,
}
