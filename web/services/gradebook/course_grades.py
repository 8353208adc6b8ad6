"""A course's grades: by a key from the part of all points, or special ones in its place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from sqlalchemy.orm import Session

from web.models import Course, GradeStep, Membership, SpecialGrade, User
from web.services import audit
from web.services.errors import RuleError
from web.services.gradebook.totals import Total

MOST_STEPS: Final = 40
_LONGEST_GRADE: Final = 20
_PERCENT: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,4})?")


def _key(*steps: tuple[str, str], passing: int) -> tuple[GradeStep, ...]:
    return tuple(
        GradeStep(grade, percent, passed=number < passing)
        for number, (grade, percent) in enumerate(steps)
    )


PRESETS: Final = {
    "german": _key(
        ("1.0", "95"), ("1.3", "90"), ("1.7", "85"), ("2.0", "80"), ("2.3", "75"), ("2.7", "70"),
        ("3.0", "65"), ("3.3", "60"), ("3.7", "55"), ("4.0", "50"), ("5.0", "0"), passing=10,
    ),
    "letters": _key(
        ("A", "93"), ("A-", "90"), ("B+", "87"), ("B", "83"), ("B-", "80"), ("C+", "77"),
        ("C", "73"), ("C-", "70"), ("D+", "67"), ("D", "60"), ("F", "0"), passing=10,
    ),
    "pass": _key(("Pass", "50"), ("Fail", "0"), passing=1),
}  # fmt: skip
"""Keys to begin with: German grades, letters, pass or fail."""

_FAILED: Final = frozenset({SpecialGrade.NO_SHOW, SpecialGrade.MISCONDUCT})
"""Who has withdrawn has neither passed nor failed."""


@dataclass(frozen=True)
class CourseGrade:
    """
    A student's grade.

    Args:
        step: Of the key; ``None`` if there is none yet, or a special grade in its place.
        special: In its place.
        final: Whether nothing that counts is missing.
    """

    step: GradeStep | None
    special: SpecialGrade | None
    final: bool

    @property
    def passed(self) -> bool | None:
        """Whether the course is passed; ``None`` if that is not decided."""
        if self.special is not None:
            return False if self.special in _FAILED else None
        return self.step.passed if self.step is not None and self.final else None


def grade_of(
    key: Sequence[GradeStep], total: Total, special: SpecialGrade | None = None
) -> CourseGrade:
    """
    Return a grade.

    Args:
        key: The course's, the best grade first.
        total: The student's.
        special: What stands in its place.
    """
    if special is not None:
        return CourseGrade(None, special, final=True)
    share = total.share
    step = None if share is None else next((s for s in key if share >= s.from_share), None)
    return CourseGrade(step, None, total.final)


def distribution(key: Sequence[GradeStep], totals: Iterable[Total]) -> dict[str, int]:
    """Return how many have each grade of a key, in its order; who has no total is left out."""
    grades = (grade_of(key, total).step for total in totals)
    counted = Counter(step.grade for step in grades if step is not None)
    return {step.grade: counted[step.grade] for step in key}


def checked_key(rows: Iterable[tuple[str, str, bool]]) -> tuple[GradeStep, ...]:
    """
    Return a key as it was typed, the best grade first.

    Args:
        rows: Grade, percent from which it is given, whether it passes; rows without both are left
            out.

    Raises:
        RuleError: If it is no key; says what is wrong.
    """
    typed = [(grade.strip(), _plain(percent), passed) for grade, percent, passed in rows]
    steps = [_checked_step(*row) for row in typed if row[0] or row[1]]
    if len(steps) > MOST_STEPS:
        raise RuleError(f"A grade key can have at most {MOST_STEPS} grades.")
    if not steps:
        return ()
    steps.sort(key=lambda step: step.from_share, reverse=True)
    _refuse_doubled(steps)
    if steps[-1].from_share != 0:
        raise RuleError("The lowest grade must start at 0 %, so that every student gets a grade.")
    passes = [step.passed for step in steps]
    if passes != sorted(passes, reverse=True):
        raise RuleError("A grade passes although a better one fails. Check the column “Passes”.")
    return tuple(steps)


def set_key(session: Session, actor: User, course: Course, key: tuple[GradeStep, ...]) -> None:
    """Change a course's key."""
    if key == course.grade_key:
        return
    before, course.grade_key = course.grade_key, key
    changed = {"grade key": [in_words(before), in_words(key)]}
    audit.record(session, actor, "grade_rules.changed", course=course, changed=changed)


def set_special(
    session: Session, actor: User, member: Membership, special: SpecialGrade | None, reason: str
) -> None:
    """
    Set a special grade for a student, or remove it.

    Raises:
        RuleError: If it has no reason.
    """
    reason = reason.strip()[:1000]
    if special is not None and not reason:
        raise RuleError("Enter a reason for the special grade; it is visible to staff only.")
    before, member.special_grade = member.special_grade, special
    member.special_grade_reason = reason if special is not None else ""
    audit.record(
        session,
        actor,
        "special_grade.changed",
        course=member.course,
        target=member.user.email,
        changed={"special grade": [before or "", special or ""]},
        reason=reason,
    )


def _plain(percent: str) -> str:
    return percent.strip().removesuffix("%").strip().replace(",", ".")


def _checked_step(grade: str, percent: str, passed: bool) -> GradeStep:  # noqa: FBT001  # a row's
    if not grade:
        raise RuleError(f"The row from {percent} % has no grade.")
    if len(grade) > _LONGEST_GRADE:
        raise RuleError(f"“{grade[:40]}”: a grade can have at most {_LONGEST_GRADE} characters.")
    if not _PERCENT.fullmatch(percent) or Fraction(percent) > 100:
        raise RuleError(f"Grade {grade}: “{percent[:40]}” is not a percentage from 0 to 100.")
    return GradeStep(grade, f"{Decimal(percent).normalize():f}", passed)


def _refuse_doubled(steps: Sequence[GradeStep]) -> None:
    for what, values in (
        ("grade", [step.grade for step in steps]),
        ("percentage", [step.from_percent for step in steps]),
    ):
        doubled = [value for value, count in Counter(values).items() if count > 1]
        if doubled:
            raise RuleError(f"The {what} {doubled[0]} appears twice in the key.")


def in_words(key: Iterable[GradeStep]) -> str:
    """Return a key in a line."""
    return ", ".join(f"{step.grade} from {step.from_percent} %" for step in key)
