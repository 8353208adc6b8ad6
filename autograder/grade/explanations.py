"""What a student is told of a test: only what holds nothing hidden."""

from __future__ import annotations

import builtins
from typing import Final

from autograder.cells import CellRun, CellStatus
from autograder.examiner.protocol import TestDescription, TestOutcome
from autograder.messages import Message, MessageCode, text
from autograder.report import SourceLine
from autograder.verdict import Verdict

_BY_VERDICT: Final = {
    Verdict.FAILED: MessageCode.DIFFERS,
    Verdict.INVALID: MessageCode.NOT_USABLE,
    Verdict.TIMEOUT: MessageCode.TIMEOUT,
    Verdict.MEMORY: MessageCode.MEMORY,
    Verdict.OUTPUT_LIMIT: MessageCode.OUTPUT_LIMIT,
    Verdict.KERNEL_DIED: MessageCode.KERNEL_DIED,
    Verdict.SKIPPED: MessageCode.SKIPPED,
    Verdict.PENDING: MessageCode.PENDING,
    Verdict.INTERNAL: MessageCode.INTERNAL,
}
_BY_CELL: Final = {
    CellStatus.TIMEOUT: MessageCode.MISSING_CELL_TIMEOUT,
    CellStatus.OUTPUT_LIMIT: MessageCode.MISSING_CELL_OUTPUT_LIMIT,
    CellStatus.MEMORY: MessageCode.MISSING_CELL_MEMORY,
    CellStatus.KERNEL_DIED: MessageCode.MISSING_CELL_KERNEL_DIED,
    CellStatus.SKIPPED: MessageCode.MISSING_CELL_SKIPPED,
}


def explanation(
    test: TestDescription,
    outcome: TestOutcome,
    line: SourceLine | None,
    unfinished: CellRun | None = None,
) -> Message | None:
    """
    Return what a student is told of a test; ``None`` if there is nothing to say.

    Only these can be in it: fixed sentences, names that the notebook's prompts give, built-in
    exceptions' names, lines of the student's own notebook, shapes in symbols, and, of a public
    test, its own message. Public tests run before any hidden one, so theirs holds nothing hidden.

    Args:
        test: Which.
        outcome: What came of it.
        line: Where the student's code raised.
        unfinished: The cell that would have defined a missing name, if it did not run to its end.
    """
    verdict = outcome.verdict
    if verdict is Verdict.PASSED:
        return None
    if verdict is Verdict.MISSING:
        return _missing(outcome.missing or "A name", unfinished)
    if verdict is Verdict.ERROR:
        return _raised(outcome.exception or "an exception", line)
    if verdict is Verdict.INVALID and outcome.message:
        return outcome.message
    if verdict is Verdict.FAILED and test.public and (words := _authors_words(outcome.detail)):
        return text(words)
    return Message(_BY_VERDICT[verdict])


def _raised(exception: str, line: SourceLine | None) -> Message:
    if line is None:
        return Message(MessageCode.RAISED, {"exception": exception})
    return Message(
        MessageCode.RAISED_AT, {"exception": exception, "cell": line.cell, "line": line.line}
    )


def _missing(name: str, unfinished: CellRun | None) -> Message:
    """Describe a missing name, and what became of the cell that would have defined it."""
    if unfinished is None:
        return Message(MessageCode.MISSING, {"name": name})
    parameters: dict[str, str | int] = {"name": name, "cell": unfinished.index + 1}
    if unfinished.status in _BY_CELL:
        return Message(_BY_CELL[unfinished.status], parameters)
    # Untrusted: the kernel's claim; only what Python itself calls an exception is shown.
    kind = getattr(builtins, unfinished.error or "", None)
    known = isinstance(kind, type) and issubclass(kind, BaseException)
    exception = unfinished.error if known and unfinished.error else "an exception"
    parameters["exception"] = exception
    return Message(MessageCode.MISSING_CELL_RAISED, parameters)


def _authors_words(detail: str) -> str:
    """Take the author's message from ``test_public.py:3: AssertionError: message``."""
    _, found, words = detail.partition(": AssertionError: ")
    first = words.splitlines()[0] if found and words else ""
    return "" if first.startswith("assert ") else first
