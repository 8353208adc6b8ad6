"""The process that reads an uploaded assignment, whose folder it gets as an argument."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path
from typing import Final

from autograder.assignment import load_assignment
from autograder.assignment.build import build_solution, build_student
from autograder.errors import AutograderError

CPU_SECONDS: Final = 60
MEMORY_BYTES: Final = 2 * 2**30
_NICENESS: Final = 5


def main(arguments: list[str]) -> int:
    """Load and build an assignment; prints why that cannot be done."""
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        assignment = load_assignment(Path(arguments[0]))
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
