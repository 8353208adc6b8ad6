"""
What a student is told of a test: only what holds nothing hidden.

A verdict, one of a few words, is told openly of each check. What stands beside it could carry
hidden inputs out: code can raise where and what it likes, and give any shape. So of a question's
hidden tests only the first one that has something to tell is explained, by one of
`MOST_EXPLANATIONS`; the others get the sentence of their verdict. Of a report's questions the first
`MOST_EXPLAINED_QUESTIONS` are; whoever corrects them reads of the next.
`tests/autograder/grade/test_disclosure.py` counts.
"""

from __future__ import annotations

import builtins
from typing import Final

from autograder.cells import CellRun, CellStatus
from autograder.examiner.protocol import TestDescription, TestOutcome
from autograder.messages import Message, MessageCode, text
from autograder.report import SourceLine
from autograder.verdict import Verdict

EXCEPTIONS: Final = (
    "TypeError",
    "ValueError",
    "IndexError",
    "KeyError",
    "AttributeError",
    "NameError",
    "ZeroDivisionError",
)
"""Names that a student reads of what their code raised in a hidden test."""
MAX_PLACES: Final = 16
"""Lines of code of an answer that can be named as the place."""
MOST_EXPLANATIONS: Final = 256
MOST_EXPLAINED_QUESTIONS: Final = 8
"""Of these each tells one of `MOST_EXPLANATIONS`: 64 bits a report."""
_OTHERS: Final = Message(MessageCode.RAISED_TOO)
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


def may_tell(test: TestDescription, outcome: TestOutcome) -> bool:
    """Return whether an explanation of this test would tell more than its verdict."""
    return not test.public and outcome.verdict in (Verdict.ERROR, Verdict.INVALID)


def explanation(
    test: TestDescription,
    outcome: TestOutcome,
    line: SourceLine | None,
    unfinished: CellRun | None = None,
    *,
    detailed: bool,
) -> Message | None:
    """
    Return what a student is told of a test; ``None`` if there is nothing to say.

    Only these can be in it: fixed sentences, names that the notebook's prompts give, a few built-in
    exceptions' names, lines of the student's own notebook, shapes in symbols, and, of a public
    test, its own message. Public tests run before any hidden one, so theirs holds nothing hidden.

    Args:
        test: Which.
        outcome: What came of it.
        line: Where the student's code raised.
        unfinished: The cell that would have defined a missing name, if it did not run to its end.
        detailed: Whether this test is the one of its question that is explained.
    """
    verdict = outcome.verdict
    if verdict is Verdict.PASSED:
        return None
    if verdict is Verdict.MISSING:
        return _missing(outcome.missing, unfinished)
    if verdict is Verdict.ERROR:
        return _raised(_shown_exception(outcome), line) if detailed or test.public else _OTHERS
    if verdict is Verdict.INVALID and outcome.message and (detailed or test.public):
        return outcome.message
    if verdict is Verdict.FAILED and test.public and (words := _authors_words(outcome.detail)):
        return text(words)
    return Message(_BY_VERDICT[verdict])


def _shown_exception(outcome: TestOutcome) -> str:
    """Return the name of the built-in exception, or of one of a few that it derives from."""
    kind = getattr(builtins, outcome.exception or "", None)
    names = [each.__name__ for each in kind.__mro__] if isinstance(kind, type) else []
    return next((name for name in names if name in EXCEPTIONS), "an exception")


def _raised(exception: str, line: SourceLine | None) -> Message:
    if line is None:
        return Message(MessageCode.RAISED, {"exception": exception})
    return Message(
        MessageCode.RAISED_AT, {"exception": exception, "cell": line.cell, "line": line.line}
    )


def _missing(name: str | None, unfinished: CellRun | None) -> Message:
    """Describe a missing name, and what became of the cell that would have defined it."""
    if name is None:
        return Message(MessageCode.MISSING_NOW)
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
