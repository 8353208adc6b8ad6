"""Misconceptions and alternatives as data: their modules run in the sandbox of staff's code."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final

from autograder.assignment import Assignment
from autograder.errors import AssignmentError, SandboxError
from autograder.examiner.bounds import limit_resources
from autograder.examiner.recognise import load_sample_answers
from autograder.sample_answers import SampleAnswer
from autograder.sandbox import staff_code
from autograder.sandbox.bubblewrap import explain
from autograder.typed import check_types

MAX_BYTES: Final = 16 * 2**20
_SECONDS: Final = 60.0
_STARTED: Final = b"started\n"


@dataclass(frozen=True)
class WrittenAnswer:
    """
    What is to be known of a sample answer outside of the sandbox.

    Args:
        question: Id of the question.
        title: What the sample does.
        source: Code of the cell.
        hint: What a student is told; ``None`` for a right answer.
        name: Name of the function that it replaces, if it is one.
        line: Where that function stands.
        follow_ups: Other questions that lose points too, each with the reason.
    """

    question: str
    title: str
    source: str
    hint: str | None
    name: str | None
    line: int | None
    follow_ups: Mapping[str, str]

    def sample(self) -> SampleAnswer:
        """Return it as a sample that cannot be called."""
        return SampleAnswer(
            self.question,
            self.title,
            self.source,
            self.hint,
            name=self.name,
            follow_ups=self.follow_ups,
        )


@dataclass(frozen=True)
class _Refused:
    reason: str
    place: str


def read_sample_answers(assignment: Assignment, name: str) -> tuple[WrittenAnswer, ...]:
    """
    Let a module of misconceptions or alternatives register its samples, in a sandbox.

    Args:
        assignment: The assignment, which the sandbox shows.
        name: Of the module; if there is none, there are no samples.

    Raises:
        AssignmentError: If it cannot be executed; names the line.
        SandboxError: If there can be no sandbox.
    """
    path = assignment.folder / name
    if not path.is_file():
        return ()
    return _read_version(assignment.folder.resolve(), name, assignment.content_hash)


@functools.lru_cache(maxsize=64)
def _read_version(folder: Path, name: str, _version: str) -> tuple[WrittenAnswer, ...]:
    """Read a file once for each version of its assignment."""
    return _parsed(_run(folder, name), folder / name)


def _parsed(output: bytes, path: Path) -> tuple[WrittenAnswer, ...]:
    # Untrusted: staff's code may have written anything.
    if not output.startswith(_STARTED):
        raise SandboxError(explain(output.decode(errors="replace").strip()))
    last = output.removeprefix(_STARTED).strip().rpartition(b"\n")[2]
    try:
        answer = _decoded(json.loads(last))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        reason = " ".join(last[:500].decode(errors="replace").split()) or "no reason was given"
        raise AssignmentError(
            f"it ended before its samples were read: {reason}", str(path)
        ) from None
    if isinstance(answer, _Refused):
        raise AssignmentError(answer.reason, answer.place)
    return answer


def _decoded(message: Any) -> tuple[WrittenAnswer, ...] | _Refused:
    if isinstance(message, dict):
        refused = _Refused(**message)
        check_types(refused)
        return refused
    answers = tuple(WrittenAnswer(**each) for each in message)
    for answer in answers:
        check_types(answer)
    return answers


def _run(folder: Path, name: str) -> bytes:
    """Return what the program printed."""
    # Untrusted: whoever may write tests may not run code as the operator's user.
    command = ["-m", "autograder.examiner.sample_answers", str(folder), name]
    try:
        return staff_code.run(command, folder, _SECONDS, MAX_BYTES)
    except TimeoutError:
        reason = f"reading its samples took more than {_SECONDS:g} s"
        raise AssignmentError(reason, str(folder / name)) from None


def main() -> None:
    """Print what a module registers: this runs in the sandbox."""
    folder, name = Path(sys.argv[1]), sys.argv[2]
    sys.path.insert(0, str(folder / "hidden"))
    limit_resources(file_bytes=MAX_BYTES)
    with os.fdopen(os.dup(1), "wb") as result, Path(os.devnull).open("wb") as nothing:
        result.write(_STARTED)
        result.flush()
        os.dup2(nothing.fileno(), 1)
        _print(_read(folder / name), result)
        # Nothing may follow, whatever the module does at its end.
        os.dup2(nothing.fileno(), 2)


def _read(path: Path) -> Any:
    try:
        return [asdict(_written(sample)) for sample in load_sample_answers(path)]
    except AssignmentError as error:
        return asdict(_Refused(error.reason, error.place))


def _written(sample: SampleAnswer) -> WrittenAnswer:
    code = None if sample.function is None else sample.function.__code__
    written = WrittenAnswer(
        sample.question,
        sample.title,
        sample.source,
        sample.hint,
        sample.name,
        None if code is None else code.co_firstlineno,
        dict(sample.follow_ups),
    )
    check_types(written)
    return written


def _print(message: Any, result: IO[bytes]) -> None:
    text = json.dumps(message).encode()
    if len(text) > MAX_BYTES // 2:
        raise SystemExit(f"its samples take {len(text)} bytes, of {MAX_BYTES // 2} at most")
    result.write(b"\n" + text)
    result.flush()


if __name__ == "__main__":
    main()
