"""Values that were read from JSON, beside the types of a dataclass's fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from autograder.typed import check_types
from autograder.verdict import Verdict


@dataclass(frozen=True)
class Inner:
    """A part."""

    number: int


@dataclass(frozen=True)
class Outer:
    """A field of each kind."""

    text: str = "ä"
    number: int = 1
    share: float = 0.5
    sure: bool = True
    verdict: Verdict = Verdict.PASSED
    maybe: str | None = None
    pair: tuple[int, int] = (1, 2)
    some: tuple[Inner, ...] = (Inner(1), Inner(2))
    named: Mapping[str, str | int] = field(default_factory=lambda: {"a": 1, "b": "c"})


@pytest.mark.parametrize(
    "change", [{}, {"share": 1}, {"maybe": "a"}, {"some": ()}, {"named": {}}], ids=str
)
def test_fitting_values(change: dict[str, Any]) -> None:
    """A whole number is a number too, and what may be absent may."""
    check_types(replace(Outer(), **change))


@pytest.mark.parametrize(
    "change",
    [
        {"text": 1},
        {"text": "\ud800"},
        {"text": None},
        {"number": True},
        {"number": 1.0},
        {"number": 2**70},
        {"share": float("nan")},
        {"share": float("-inf")},
        {"share": 10**400},
        {"share": "1"},
        {"sure": 1},
        {"verdict": "passed"},
        {"maybe": 1},
        {"pair": (1,)},
        {"pair": [1, 2]},
        {"pair": (1, "2")},
        {"some": [Inner(1)]},
        {"some": ({"number": 1},)},
        {"some": (Inner("1"),)},  # type: ignore[arg-type]
        {"named": [1]},
        {"named": {"a": None}},
        {"named": {1: "a"}},
    ],
    ids=lambda change: repr(change)[:40],
)
def test_other_values(change: dict[str, Any]) -> None:
    """The field is named, and its value, which may be anything, is not."""
    with pytest.raises(TypeError, match=f"Outer.{next(iter(change))} has another type"):
        check_types(replace(Outer(), **change))
