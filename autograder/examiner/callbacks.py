"""A hidden test's own functions, which student code may call while one of its calls runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograder import wire
from autograder.examiner.exchange import CallLimits

Function = Callable[..., Any]


class Callbacks:
    """
    The functions that one test has passed in, by number, and how often they may be called.

    Args:
        limits: How often all functions of one test together may be called.
    """

    def __init__(self, limits: CallLimits) -> None:
        self.functions: dict[int, Function] = {}
        self._limits = limits
        self._calls = 0

    def begin_test(self) -> None:
        """Forget the last test's functions."""
        self.functions = {}
        self._calls = 0

    def add(self, function: Function) -> wire.Handle:
        """Return what stands for a function inside."""
        number = id(function)
        self.functions[number] = function
        return wire.Handle("callback", number)

    def find(self, number: int) -> Function:
        """
        Return the function of a number.

        Raises:
            WireError: If this test has passed in no such function.
        """
        if number not in self.functions:
            raise wire.WireError("no such function")
        return self.functions[number]

    def count_call(self) -> bool:
        """Count a call by student code; false if it is one too many."""
        self._calls += 1
        return self._calls <= self._limits.callback_calls

    def answer(self, request: tuple[Any, ...], encoder: wire.Encoder) -> bytes | None:
        """
        Call what student code asks for and encode the result; ``None`` for what is no request.

        Args:
            request: What came in, decoded: ``("callback", number, args, kwargs)``.
            encoder: For the answer.
        """
        # Untrusted: number and arguments are student code's; the function is a hidden test's.
        if len(request) != 4 or not isinstance(request[2], tuple | list):
            return None
        _, number, args, kwargs = request
        if not isinstance(kwargs, dict):
            return None
        function = self.functions.get(number) if isinstance(number, int) else None
        try:
            if function is None:
                raise LookupError("a function of an earlier test's")
            return encoder.encode(("returned", function(*args, **kwargs)))
        except Exception as error:
            reason = f"{type(error).__name__} in the function that was passed in"
            return encoder.encode(("raised", reason))
