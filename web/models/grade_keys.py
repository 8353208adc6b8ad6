"""How a part of a course's points becomes a grade, and grades that are no matter of points."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self


@dataclass(frozen=True)
class GradeStep:
    """
    A grade of a course's key.

    Args:
        grade: Such as ``"1.3"`` or ``"B+"``.
        from_percent: From which part of all points it is given, as a decimal number.
        passed: Whether who has it has passed.
    """

    grade: str
    from_percent: str
    passed: bool

    @property
    def from_share(self) -> Fraction:
        """The part of all points from which it is given, from 0 to 1."""
        return Fraction(self.from_percent) / 100

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {"grade": self.grade, "from_percent": self.from_percent, "passed": self.passed}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Read what `as_json` returned."""
        step = cls(str(data["grade"]), str(data["from_percent"]), bool(data["passed"]))
        Fraction(step.from_percent)
        return step


class SpecialGrade(enum.StrEnum):
    """A grade that stands in place of one by points."""

    NO_SHOW = "no_show"
    WITHDRAWN = "withdrawn"
    MISCONDUCT = "misconduct"
