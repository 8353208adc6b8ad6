"""The process that reads an uploaded assignment, whose folder it gets as an argument."""

from __future__ import annotations

import os
import resource
import sys
from dataclasses import fields
from pathlib import Path
from typing import Final

from autograder.assignment import load_assignment
from autograder.assignment.build import build_solution, build_student
from autograder.errors import AssignmentError, AutograderError
from autograder.limits import Limits

CPU_SECONDS: Final = 15
"""The portal itself reads it as long afterwards; those of this project take half a second."""
MEMORY_BYTES: Final = 2 * 2**30
MOST_TIMES: Final = 4
"""How far an assignment may raise a limit."""
_NICENESS: Final = 5


def main(arguments: list[str]) -> int:
    """Load and build an assignment; prints why that cannot be done."""
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        assignment = load_assignment(Path(arguments[0]))
        _check_limits(assignment.limits)
        build_student(assignment)
        build_solution(assignment)
    except AutograderError as error:
        sys.stdout.write(str(error))
        return 1
    except (UnicodeError, RecursionError, ValueError, KeyError, TypeError) as error:
        # Untrusted: whoever wrote the files may have written anything.
        sys.stdout.write(f"it cannot be read: {type(error).__name__}")
        return 1
    return 0


def _check_limits(limits: Limits) -> None:
    """
    Check that a submission may not use what the machine needs for others.

    Raises:
        AssignmentError: If a limit is far above the usual one.
    """
    usual = Limits()
    for each in fields(Limits):
        most = MOST_TIMES * getattr(usual, each.name)
        if getattr(limits, each.name) > most:
            raise AssignmentError(
                f"the limit {each.name!r} of an uploaded assignment is {most:g} at most; ask an "
                "admin to put the assignment on the server",
                "assignment.toml",
            )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
