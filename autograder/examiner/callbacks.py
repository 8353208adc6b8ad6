"""A hidden test's own functions, which student code may call while one of its calls runs."""

from __future__ import annotations

import itertools
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
        self._numbers: dict[int, int] = {}
        # Not `id`, which is an address. None comes twice: what student code kept from an earlier
        # test names no function of a later one.
        self._fresh = itertools.count(1)

    def begin_test(self) -> None:
        """Forget the last test's functions."""
        self.functions, self._numbers = {}, {}
        self._calls = 0

    def add(self, function: Function) -> wire.Handle:
        """Return what stands for a function inside."""
        if id(function) not in self._numbers:
            number = self._numbers[id(function)] = next(self._fresh)
            self.functions[number] = function  # kept, so that its address stays its own
        return wire.Handle("callback", self._numbers[id(function)])

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
