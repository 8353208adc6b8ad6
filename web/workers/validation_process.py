"""The process that validates a version: ``python -m web.workers.validation_process FILE``."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from autograder.sandbox.runtime import linux
from autograder.validate.gate import validate
from autograder.validate.results import AssignmentValidation, Fault, Kind, Trial
from web.services.courses.validation import Validation, ValidationState, write

PROGRESS_SECONDS: Final = 0.5
# Grading goes before validation.
NICENESS: Final = 9


def main(arguments: Sequence[str]) -> int:
    """Validate the assignment beside a validation's file, which shows how far that is."""
    place = Path(arguments[0])
    linux.die_with_parent(signal.SIGTERM)
    os.nice(NICENESS)
    folder = next(each for each in place.parent.iterdir() if (each / "assignment.toml").is_file())
    written_at = 0.0
    lock = threading.Lock()

    def listen(assignment: AssignmentValidation, _: Trial | None) -> None:
        nonlocal written_at
        with lock:
            if time.monotonic() - written_at > PROGRESS_SECONDS:
                written_at = time.monotonic()
                write(place, _validation(ValidationState.RUNNING, assignment))

    (result,) = validate([folder], listen, quick=True, workers=1)
    state = ValidationState.VALID if result.valid else ValidationState.INVALID
    write(place, _validation(state, result))
    return 0


def _validation(state: ValidationState, result: AssignmentValidation) -> Validation:
    trials = list(result.trials)
    return Validation(
        state,
        len(trials),
        _count(result, Kind.MISCONCEPTION),
        _count(result, Kind.ALTERNATIVE),
        tuple(_line(trial, fault) for trial in trials for fault in trial.faults),
        tuple(_line(trial, remark) for trial in trials for remark in trial.remarks),
    )


def _line(trial: Trial, fault: Fault) -> str:
    return f"{fault.question or trial.question or trial.kind.value}: {fault.reason}"


def _count(result: AssignmentValidation, kind: Kind) -> tuple[int, int]:
    return result.good(kind), len(result.of(kind))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
