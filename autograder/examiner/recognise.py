"""
Recognise a misconception: a wrong answer that gives the student's results on the same input.

Wrong variables are recognised by their values, or by a property that they share.
"""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from autograder import wire
from autograder.errors import AssignmentError, StudentFault, StudentRaised
from autograder.examiner.recording import RecordedCall, Recording
from autograder.sample_answers import SampleAnswer, registered_in
from autograder.student import RemoteObject

RTOL: Final = 1e-6


def load_sample_answers(path: Path) -> tuple[SampleAnswer, ...]:
    """
    Execute a module of misconceptions or alternatives and give what it registered, in order.

    For inside the sandbox of staff's code alone; elsewhere `read_sample_answers` starts one.

    Raises:
        AssignmentError: If it cannot be executed; names the line.
    """
    if not path.is_file():
        return ()
    namespace: dict[str, Any] = {"__name__": f"autograder_{path.stem}", "__file__": str(path)}
    # Compiled with its path, so that `inspect.getsource` finds each function's text.
    try:
        text = path.read_text(encoding="utf-8")
        exec(compile(text, str(path), "exec"), namespace)  # noqa: S102  # the assignment's own
    except Exception as error:
        raise _not_executed(path, error) from error
    return registered_in(namespace)


def _not_executed(path: Path, error: Exception) -> AssignmentError:
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == str(path)
    ]
    if isinstance(error, SyntaxError) and error.filename == str(path):
        lines.append(error.lineno)
    reason = error.msg if isinstance(error, SyntaxError) else error
    message = " ".join(f"{type(error).__name__}: {reason}".split())
    return AssignmentError(message, f"{path}:{lines[-1]}" if lines else str(path))


def recognise(
    samples: Iterable[SampleAnswer], failed: Sequence[Recording], passed: Sequence[Recording]
) -> SampleAnswer | None:
    """
    Find the misconception that explains a question's failed tests.

    Args:
        samples: The question's misconceptions, in the author's order.
        failed: What its failed tests asked of the kernel, in order.
        passed: What its passed tests asked.

    Returns:
        The sample that reproduces the student's results in most failed tests, after taking off
        those in which it gives another result, and without giving one in a passed test; the first
        of equals.
    """
    most, best = 0, None
    for sample in samples:
        if most == len(failed):
            break  # nothing can explain more
        weight = sum(_reproduces(sample, recording) is True for recording in failed)
        if weight <= most:
            continue
        # One test with few inputs may agree by chance; another one then mostly disagrees.
        weight -= sum(_contradicts(sample, recording) for recording in failed)
        if weight > most and not any(_contradicts(sample, recording) for recording in passed):
            most, best = weight, sample
    return best


def _reproduces(sample: SampleAnswer, recording: Recording) -> bool | None:
    """Return whether a sample gives all the results of a test; ``None`` if it was not asked for."""
    if sample.function is not None:
        calls = _calls_of(sample, recording)
        if calls and _ended_by_another(sample, recording):
            return None
        return all(_same_result(sample, call) for call in calls) if calls else None
    seen = {name: recording.values[name] for name in sample.values if name in recording.values}
    if sample.recognised_by is not None:
        return _has_property(sample, seen) if len(seen) == len(sample.values) else None
    if not seen:
        return None
    return all(_same_value(value, sample.values[name]) for name, value in seen.items())


def _ended_by_another(sample: SampleAnswer, recording: Recording) -> bool:
    """Return whether a test's last call was of another function, which gave no value."""
    last = recording.calls[-1]
    return last.name != sample.name and (last.answer is None or isinstance(last.answer, Exception))


def _has_property(sample: SampleAnswer, seen: dict[str, Any]) -> bool:
    assert sample.recognised_by is not None
    try:
        with np.errstate(all="ignore"):
            return bool(sample.recognised_by(**seen))
    # Untrusted: the property is that of numbers, and a student's variables may be anything.
    except Exception:
        return False


def _contradicts(sample: SampleAnswer, recording: Recording) -> bool:
    """Return whether a sample gives another result than a test saw, each time that it is asked."""
    if sample.function is None:
        return _reproduces(sample, recording) is False
    calls = _calls_of(sample, recording)
    other = next((call for call in calls if not _same_result(sample, call)), None)
    return other is not None and not _is_random(sample, other)


def _calls_of(sample: SampleAnswer, recording: Recording) -> list[RecordedCall]:
    return [call for call in recording.calls if call.name == sample.name]


def _is_random(sample: SampleAnswer, call: RecordedCall) -> bool:
    """Return whether a sample gives another result each time, and so can contradict nothing."""
    assert sample.function is not None
    try:
        first, second = (_result(sample, call)[0] for _ in range(2))
    except Exception:
        return False
    return not _same_value(first, second)


def _result(sample: SampleAnswer, call: RecordedCall) -> tuple[Any, tuple[Any, ...]]:
    """Return a sample's result, and the arguments as it left them."""
    assert sample.function is not None
    args, kwargs = _fresh_arguments(call)
    with np.errstate(all="ignore"):
        return sample.function(*args, **kwargs), args


def _prepare(call: RecordedCall) -> None:
    """Seed here what the test has seeded inside; a line on names of the notebook says nothing."""
    for line in call.prepared:
        with contextlib.suppress(Exception):
            exec(line, {})  # noqa: S102  # the hidden test's own


def _same_result(sample: SampleAnswer, call: RecordedCall) -> bool:
    _prepare(call)
    try:
        result, args = _result(sample, call)
    except Exception as error:
        return isinstance(call.answer, StudentRaised) and call.answer.builtin_name in {
            kind.__name__ for kind in type(error).__mro__
        }
    if isinstance(call.answer, Exception):
        return False
    # Whoever works in place gives right results: what became of the arguments tells them apart.
    return _same_value(call.answer, result) and all(
        _same_value(after, arg)
        for after, arg in zip(call.args_after, args, strict=False)
        if isinstance(arg, np.ndarray | list)
    )


def _fresh_arguments(call: RecordedCall) -> Any:
    def resolve(handle: wire.Handle) -> object:
        if handle.kind == "callback":
            return call.functions[handle.number]
        raise wire.WireError("an object of the kernel's")

    return wire.Decoder(resolve, wire.GeneratorState.restore).decode(call.request)


def _same_value(actual: Any, expected: Any) -> bool:
    """Compare two plain values, entry by entry where they are numbers."""
    if isinstance(actual, RemoteObject):
        return False
    if isinstance(expected, dict) or isinstance(actual, dict):
        return _same_dict(actual, expected)
    left, right = _table(actual), _table(expected)
    if left is not None and right is not None:
        return _same_numbers(left, right)
    if _are_sequences(actual, expected):
        return all(map(_same_value, actual, expected))
    try:
        return type(actual) is type(expected) and bool(actual == expected)
    except (TypeError, ValueError, StudentFault):
        return False


def _table(value: Any) -> Any:
    """Return an array of numbers, or ``None`` for what is none, such as a pair of arrays."""
    try:
        array = np.asarray(value)
    # Untrusted: a list may hold objects that stayed in the kernel, and they refuse to be numbers.
    except (TypeError, ValueError, StudentFault):
        return None
    return array if array.dtype.kind in "biufc" else None


def _same_numbers(left: Any, right: Any) -> bool:
    if left.shape != right.shape and not left.size == right.size == 1:
        return False
    single = left.dtype.itemsize <= 4 and left.dtype.kind == "f"
    scale = float(np.max(np.abs(right), initial=0.0))
    rtol = 1e-4 if single else RTOL
    return bool(np.allclose(left, right, rtol=rtol, atol=rtol * scale + 1e-12, equal_nan=True))


def _are_sequences(actual: Any, expected: Any) -> bool:
    return (
        isinstance(actual, tuple | list)
        and isinstance(expected, tuple | list)
        and len(actual) == len(expected)
    )


def _same_dict(actual: Any, expected: Any) -> bool:
    return (
        isinstance(actual, dict)
        and isinstance(expected, dict)
        and actual.keys() == expected.keys()
        and all(_same_value(actual[key], value) for key, value in expected.items())
    )
