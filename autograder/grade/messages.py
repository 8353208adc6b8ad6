"""What a student is told of a test, in words that hold nothing hidden."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any, Final

from autograder.cells import CELL_WORDS
from autograder.examiner.process import TestDescription
from autograder.report import SourceLine
from autograder.verdict import Verdict

if TYPE_CHECKING:
    from autograder.cells import CellRun

_MAX_CHARACTERS: Final = 300
_BY_VERDICT: Final = {
    Verdict.PASSED: "",
    Verdict.FAILED: "The result differs from what is asked for.",
    Verdict.INVALID: "The result is not what was asked for: a number or array of the stated shape.",
    Verdict.TIMEOUT: "Your code took longer than is allowed.",
    Verdict.MEMORY: "Your code needed more memory than is allowed.",
    Verdict.OUTPUT_LIMIT: "Your code printed more than is allowed.",
    Verdict.KERNEL_DIED: "Your code ended the Python process.",
    Verdict.SKIPPED: "This check was not run.",
    Verdict.PENDING: "A person will grade this.",
    Verdict.INTERNAL: "Not graded yet: something went wrong on our side, not on yours.",
}


def message_for(
    verdict: Verdict,
    test: TestDescription,
    result: dict[str, Any],
    line: SourceLine | None,
    unfinished: CellRun | None = None,
) -> str:
    """
    Describe what came of a test.

    `unfinished` is the cell that would have defined a missing name, if it did not run to its end.
    Only these can be in the message: fixed sentences, names that the notebook's prompts give,
    built-in exceptions' names, lines of the student's own notebook, shapes in symbols, and, of a
    public test, its own message. Public tests run before any hidden one, so theirs holds nothing
    hidden.
    """
    if verdict is Verdict.MISSING:
        return _missing(result.get("name", "A name"), unfinished)
    if verdict is Verdict.ERROR:
        kind = result.get("exception", "an exception")
        place = f" in cell {line.cell}, line {line.line}" if line else ""
        return f"Your code raised {kind}{place}."
    if verdict is Verdict.INVALID and result.get("safe"):
        return _sentence(result["safe"])
    if verdict is Verdict.FAILED and test.public:
        return _public_message(result.get("detail", "")) or _BY_VERDICT[verdict]
    return _BY_VERDICT[verdict]


def _missing(name: str, unfinished: CellRun | None) -> str:
    """Describe a missing name, and what became of the cell that would have defined it."""
    if unfinished is None:
        return f"{name} is not defined in your notebook."
    words = CELL_WORDS.get(unfinished.status)
    if words is None:
        # Untrusted: the kernel's claim; only what Python itself calls an exception is shown.
        kind = getattr(builtins, unfinished.error or "", None)
        known = isinstance(kind, type) and issubclass(kind, BaseException)
        words = f"raised {unfinished.error if known else 'an exception'}"
    return f"{name} is not defined: cell {unfinished.index + 1}, which should define it, {words}."


def _public_message(detail: str) -> str:
    """Take the author's message from ``test_public.py:3: AssertionError: message``."""
    _, found, text = detail.partition(": AssertionError: ")
    first = text.splitlines()[0] if found and text else ""
    return "" if first.startswith("assert ") else first[:_MAX_CHARACTERS]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."[:_MAX_CHARACTERS]
