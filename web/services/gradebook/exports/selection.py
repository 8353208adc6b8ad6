"""Whose marks an export holds, and who is left out, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from web.models import CourseAssignment, Membership
from web.services import lookup
from web.services.gradebook import standing
from web.services.gradebook.standing import Entry, Standing
from web.services.grading.marks import Mark

_WHY: Final = {
    Standing.OPEN: "not submitted yet, still open",
    Standing.NOT_SUBMITTED: "not submitted",
    Standing.IN_QUEUE: "still being graded",
    Standing.NOT_GRADED: "no attempt could be graded",
    Standing.AWAITS_PERSON: "a written answer needs manual grading",
    Standing.NOT_RELEASED: "graded, but not released yet",
    Standing.DAMAGED: "the stored result is damaged; regrade it",
}


@dataclass(frozen=True)
class Choice:
    """
    What staff chose to export.

    Args:
        unreleased: Also points that students do not see yet, and those that are not final.
        absent_as_zero: Who submitted nothing before it closed gets no points, instead of no mark.
    """

    unreleased: bool = False
    absent_as_zero: bool = False


@dataclass(frozen=True)
class ExportRow:
    """
    A student's mark.

    Args:
        member: Who.
        entry: Where they stand.
        tenths: What counts, after the late penalty.
    """

    member: Membership
    entry: Entry[Mark]
    tenths: int


@dataclass(frozen=True)
class LeftOut:
    """A student without a mark in the export."""

    member: Membership
    why: str


@dataclass(frozen=True)
class Selection:
    """An assignment's marks, as chosen."""

    assignment: CourseAssignment
    rows: Sequence[ExportRow]
    left_out: Sequence[LeftOut]

    @property
    def max_tenths(self) -> int:
        """The most points that any of the marks could have, in tenths."""
        most = (row.entry.max_tenths for row in self.rows)
        return max(most, default=self.assignment.snapshot.max_tenths)


def select_marks(session: Session, assignment: CourseAssignment, choice: Choice) -> Selection:
    """Return the marks of an assignment that are to be exported, by students' names."""
    members = lookup.students_of(session, assignment.course)
    found = standing.entries(session, assignment, members)
    rows, left_out = [], []
    for member in members:
        entry = found[member.user_id]
        if entry.tenths is not None and exported(entry, choice):
            rows.append(ExportRow(member, entry, entry.tenths))
        else:
            left_out.append(LeftOut(member, _WHY[entry.standing]))
    return Selection(assignment, rows, left_out)


def exported(entry: Entry[Mark], choice: Choice) -> bool:
    """Return whether an entry's points are to be exported."""
    if entry.standing is Standing.RELEASED:
        return True
    if entry.standing is Standing.NOT_SUBMITTED:
        return choice.absent_as_zero
    return choice.unreleased and entry.mark is not None
