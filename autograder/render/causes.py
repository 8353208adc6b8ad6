"""
What made tests fail, where that is one thing: it is told once, however many tests it fails.

Only what the reader is told of a test decides, so that a cause tells nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from autograder.messages import Message, MessageCode
from autograder.report import SourceLine, StaffTest, StudentTest
from autograder.verdict import Verdict


class CauseKind(StrEnum):
    """What kind of thing made a test fail."""

    CELL = "cell"
    """A cell that did not run to its end, so that what it defines is missing."""
    LINE = "line"
    """A line of the student's that raised an exception."""
    NAME = "name"
    """A name that is not defined."""
    UNANSWERED = "unanswered"
    """A placeholder that is still there."""
    MISTAKE = "mistake"
    """A known mistake, which a hint explains."""


ACROSS_QUESTIONS: Final = frozenset({CauseKind.CELL, CauseKind.LINE, CauseKind.NAME})
"""What can make tests of several questions fail."""
_OF_CELLS: Final = {
    MessageCode.MISSING_CELL_RAISED: MessageCode.NAMES_CELL_RAISED,
    MessageCode.MISSING_CELL_TIMEOUT: MessageCode.NAMES_CELL_TIMEOUT,
    MessageCode.MISSING_CELL_OUTPUT_LIMIT: MessageCode.NAMES_CELL_OUTPUT_LIMIT,
    MessageCode.MISSING_CELL_MEMORY: MessageCode.NAMES_CELL_MEMORY,
    MessageCode.MISSING_CELL_KERNEL_DIED: MessageCode.NAMES_CELL_KERNEL_DIED,
    MessageCode.MISSING_CELL_SKIPPED: MessageCode.NAMES_CELL_SKIPPED,
}


@dataclass(frozen=True)
class Cause:
    """
    One thing that made tests fail; two that are equal are the same.

    Args:
        kind: What kind of thing.
        cell: The cell, from 1; 0 where it is none.
        line: The line in it, from 1; 0 where it is none.
        what: The exception's name, the missing name, or the hint.
    """

    kind: CauseKind
    cell: int = 0
    line: int = 0
    what: str = ""


def cause_of(test: StudentTest | StaffTest) -> Cause | None:
    """Return what made a test fail; ``None`` if nobody knows, or if it passed."""
    message = test.message
    if message is None:
        return None
    named = message.parameters
    if message.code in _OF_CELLS:
        return Cause(CauseKind.CELL, int(named["cell"]), what=message.code)
    if message.code is MessageCode.RAISED_AT:
        place = int(named["cell"]), int(named["line"])
        return Cause(CauseKind.LINE, *place, str(named["exception"]))
    if message.code is MessageCode.MISSING:
        return Cause(CauseKind.NAME, what=str(named["name"]))
    if message.code is MessageCode.NOT_ANSWERED:
        return Cause(CauseKind.UNANSWERED)
    if test.hint and test.verdict in (Verdict.FAILED, Verdict.INVALID):
        return Cause(CauseKind.MISTAKE, what=test.hint)
    return None


def together(messages: Sequence[Message]) -> Message:
    """Return what several messages of one cause say: of a cell all names that are missing."""
    first = messages[0]
    missing = dict.fromkeys(str(each.parameters.get("name", "")) for each in messages)
    if first.code not in _OF_CELLS or len(missing) < 2:
        return first
    *names, last = missing
    parameters = {**first.parameters, "names": f"{', '.join(names)} and {last}"}
    return Message(_OF_CELLS[first.code], parameters)


def same_finding(test: StudentTest | StaffTest) -> tuple[object, ...]:
    """Return what is equal for tests of a question that are told together."""
    cause = cause_of(test)
    if cause is not None and cause.kind is CauseKind.CELL:
        return (test.verdict, cause)
    return (test.verdict, cause, str(test.message or ""), _place(test.line))


def _place(line: SourceLine | None) -> tuple[int, int, str] | None:
    return None if line is None else (line.cell, line.line, line.text)
