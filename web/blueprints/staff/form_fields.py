"""Numbers and points as they were typed into the forms of staff."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from flask import request

from web.services.errors import MistakesError, RuleError

Value = TypeVar("Value")


class Fields:
    """Reads a form's fields, and goes on behind one that is not right: all are told at once."""

    def __init__(self) -> None:
        self.problems: dict[str, str] = {}

    def read(self, name: str, reader: Callable[[], Value], otherwise: Value) -> Value:
        """
        Read a field.

        Args:
            name: Its name.
            reader: Reads it; a `RuleError` of it is what is wrong.
            otherwise: What stands for it then.
        """
        try:
            return reader()
        except RuleError as error:
            self.problems[name] = str(error)
            return otherwise

    @contextmanager
    def checking(self) -> Iterator[None]:
        """
        Check what was read, and tell what is wrong with it beside what could not be read.

        Raises:
            MistakesError: If anything is.
        """
        try:
            yield
        except MistakesError as error:
            raise MistakesError({**error.problems, **self.problems}) from None
        if self.problems:
            raise MistakesError(self.problems)


def number_field(name: str, what: str, *, empty: float | None = None) -> float | None:
    """
    Read a number from the form.

    Raises:
        RuleError: If it is none.
    """
    # Pages write a minus sign, keyboards a hyphen.
    text = request.form.get(name, "").strip().replace(",", ".").replace("\u2212", "-")
    if not text:
        return empty
    try:
        value = float(text)
    except ValueError:
        raise RuleError(f"{what}: “{text[:40]}” is not a number.") from None
    if not -1e9 < value < 1e9:
        raise RuleError(f"{what}: “{text[:40]}” is out of range.")
    return value


def whole_field(name: str, what: str) -> int | None:
    """
    Read a whole number from the form; ``None`` if it is empty.

    Raises:
        RuleError: If it is none.
    """
    value = number_field(name, what)
    if value is None:
        return None
    if value != int(value):
        raise RuleError(f"{what}: enter a whole number.")
    return int(value)


def tenths_field(name: str, what: str) -> int | None:
    """
    Read points from the form, in tenths; ``None`` if it is empty.

    Raises:
        RuleError: If it is no number of whole tenths.
    """
    value = number_field(name, what)
    if value is None:
        return None
    tenths = round(value * 10)
    if abs(tenths - value * 10) > 1e-6:
        raise RuleError(f"{what}: points have at most one decimal, such as 1.5.")
    return tenths
