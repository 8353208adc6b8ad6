"""What came of a test: its verdict, and what staff and students are told, by what it raised."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

from autograder import errors
from autograder.checks import counter
from autograder.examiner.collecting import id_of
from autograder.examiner.protocol import TestOutcome
from autograder.messages import Message, MessageCode
from autograder.verdict import Verdict

MAX_DETAIL_CHARACTERS: Final = 4000
_VERDICTS: Final = (
    (errors.Missing, Verdict.MISSING),
    (errors.CallTimeout, Verdict.TIMEOUT),
    (errors.MemoryExceeded, Verdict.MEMORY),
    (errors.KernelDied, Verdict.KERNEL_DIED),
    (errors.StudentRaised, Verdict.ERROR),
    (errors.Invalid, Verdict.INVALID),
    (errors.InternalError, Verdict.INTERNAL),
    (AssertionError, Verdict.FAILED),
    # By `pytest.fail`, and by `pytest.raises` if nothing was raised.
    (pytest.fail.Exception, Verdict.FAILED),
)
# What Python says where a test calls `student.f(x)` and `f` has come as a plain value.
_CALLED_A_VALUE: Final = re.compile(r"^'[\w.]+' object (is not callable|has no attribute 'call')$")


def judged(
    item: pytest.Item, failure: pytest.ExceptionInfo[BaseException] | None, seconds: float
) -> TestOutcome:
    """
    Judge a test that has ended.

    Args:
        item: The test.
        failure: The first exception of its set-up, run and tear-down.
        seconds: How long it took.
    """
    test = id_of(item)
    if failure is None:
        if counter.held:
            return TestOutcome(test, Verdict.PASSED, seconds=seconds)
        detail = "the test ended without a single check"
        return TestOutcome(test, Verdict.FAILED, detail, seconds=seconds)
    error = failure.value
    raised = error if isinstance(error, errors.StudentRaised) else None
    return TestOutcome(
        id=test,
        verdict=_verdict(error),
        detail=_detail(failure),
        message=_message(error),
        exception=raised.builtin_name if raised else None,
        place=raised.place if raised else None,
        missing=str(error) if isinstance(error, errors.Missing) else None,
        seconds=seconds,
    )


def _message(error: BaseException) -> Message | None:
    """Return what a student may read of a value that cannot be what was asked for."""
    if isinstance(error, errors.Invalid):
        return error.safe_message
    if _CALLED_A_VALUE.search(str(error)):
        return Message(MessageCode.A_VALUE_FOR_A_FUNCTION)
    return None


def _verdict(error: BaseException) -> Verdict:
    if isinstance(error, pytest.skip.Exception):
        return Verdict.SKIPPED
    for kind, verdict in _VERDICTS:
        if isinstance(error, kind):
            return verdict
    if _is_own_fault(error):
        return Verdict.INTERNAL
    # The tests are validated on right answers: what else they raise comes of the student's value.
    return Verdict.INVALID


def _is_own_fault(error: BaseException) -> bool:
    """Return whether the test names what is not there, whatever the student did."""
    if isinstance(error, AttributeError):
        return isinstance(error.obj, ModuleType)
    if isinstance(error, UnboundLocalError):
        return False  # a loop over the student's value may have been empty
    return isinstance(error, NameError | ImportError | pytest.FixtureLookupError)


def _detail(excinfo: pytest.ExceptionInfo[BaseException]) -> str:
    entry = excinfo.traceback[-1]
    for candidate in excinfo.traceback:
        if "test_" in Path(str(candidate.path)).name:
            entry = candidate
    text = str(excinfo.value) or excinfo.typename
    place = f"{Path(str(entry.path)).name}:{entry.lineno + 1}"
    return f"{place}: {excinfo.typename}: {text}"[:MAX_DETAIL_CHARACTERS]
