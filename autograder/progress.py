"""How far the grading of a submission is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, Self


@dataclass(frozen=True)
class GradingProgress:
    """
    What the grader is doing.

    Args:
        stage: Whether it runs a cell or a test.
        number: Which cell or test, from 0.
        total: How many there are.
        question: The question that is being tested.
    """

    stage: Literal["cell", "test"]
    number: int
    total: int
    question: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """
        Read what `as_json` returned; what a later version has added is passed over.

        Raises:
            ValueError: If there are no numbers in it.
        """
        number, total = data["number"], data["total"]
        if type(number) is not int or type(total) is not int:
            raise ValueError("no numbers")
        return cls(data["stage"], number, total, data.get("question"))
