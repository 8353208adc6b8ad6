"""What filling in another system's file has in common: whose row is whose, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from web.models import Membership
from web.services.errors import RuleError
from web.services.gradebook.exports.selection import ExportRow, Selection


@dataclass(frozen=True)
class Filled:
    """
    A file with marks filled in.

    Args:
        content: The file.
        file_name: What to call it.
        marks: How many rows have got a mark.
        unknown: Rows of the file in which nobody of the course was recognised.
        absent: Who has a mark, but no row in the file.
        notes: What staff should know.
    """

    content: bytes
    file_name: str
    marks: int
    unknown: Sequence[str]
    absent: Sequence[Membership]
    notes: Sequence[str] = ()


class Matcher:
    """
    Finds the student whom a row belongs to, by e-mail address or student number.

    Args:
        selection: Whom to look for.
    """

    def __init__(self, selection: Selection) -> None:
        self._rows = {row.member.user_id: row for row in selection.rows}
        self._found: set[int] = set()
        self._ids: dict[str, int] = {}
        left_out = [each.member for each in selection.left_out]
        for member in [*(row.member for row in selection.rows), *left_out]:
            user = member.user
            for text in (user.email, user.student_number):
                if text:
                    self._ids[text.casefold()] = user.id

    def student(self, cells: Iterable[str]) -> int | None:
        """Return the student whom these cells name; ``None`` if nobody, or several."""
        named = {self._ids.get(cell.strip().casefold()) for cell in cells} - {None}
        return named.pop() if len(named) == 1 else None

    def mark_of(self, student: int) -> ExportRow | None:
        """Return a student's mark, if they have one; notes that their row was there."""
        self._found.add(student)
        return self._rows.get(student)

    def absent(self) -> list[Membership]:
        """Return those who have a mark, but whose row was not there."""
        return [row.member for number, row in self._rows.items() if number not in self._found]


def maximum(text: str) -> Decimal | None:
    """Read another system's maximum of points; ``None`` if it is no number above 0."""
    try:
        value = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        return None
    return value.normalize() if value.is_finite() and value > 0 else None


def scale_factor(
    system: str, theirs: Decimal | None, selection: Selection, *, scale: bool
) -> Decimal:
    """
    Return what points are multiplied by to fit another system's maximum.

    Args:
        system: Its name.
        theirs: Its maximum; ``None``: it says none.
        selection: The marks.
        scale: Whether staff have agreed to scaling.

    Raises:
        RuleError: If the maxima differ and nobody has agreed to scaling.
    """
    ours = Decimal(selection.max_tenths) / 10
    if theirs is None or theirs == ours:
        return Decimal(1)
    if not scale:
        raise RuleError(
            f"In {system} the maximum is {theirs:f} points, here it is {ours:f}. Change it in "
            f"{system} and download the file again, or let the points be scaled."
        )
    return theirs / ours
