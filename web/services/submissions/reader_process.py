"""
The process that reads submitted files: ``python -m web.services.submissions.reader_process``.

Eight bytes of length and the file come in by standard input, a line of JSON goes out for each.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from typing import Any, Final

from autograder.errors import NotebookError
from autograder.notebook import MAX_BYTES, parse_notebook

CPU_SECONDS: Final = 5
MEMORY_BYTES: Final = 2**30
LENGTH_BYTES: Final = 8
_CHECK: Final = "grader.check("
# Pages come before files.
_NICENESS: Final = 5


def main() -> None:
    """Read files until there are none any more."""
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while length := sys.stdin.buffer.read(LENGTH_BYTES):
        data = sys.stdin.buffer.read(min(int.from_bytes(length, "big"), MAX_BYTES + 1))
        _allow_more_time()
        sys.stdout.write(json.dumps(_described(data)) + "\n")
        sys.stdout.flush()


def _described(data: bytes) -> dict[str, Any]:
    # Untrusted: a student wrote every byte.
    try:
        notebook = parse_notebook(data)
    except NotebookError as error:
        return {"fault": error.fault.as_json()}
    checks = any(_CHECK in cell.source for cell in notebook.cells)
    return {"assignment": notebook.assignment, "given": checks or notebook.assignment is not None}


def _allow_more_time() -> None:
    """Let Linux end this process if one file takes too long; the files before do not count."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
