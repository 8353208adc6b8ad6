"""``autograder validate``: which assignments, and where the result goes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from autograder.assignment import find_assignment
from autograder.environments import SHIPPED
from autograder.errors import AssignmentError
from autograder.validate.gate import validate
from autograder.validate.junit import write_junit
from autograder.validate.summary import write_summary
from autograder.validate.terminal import Board, print_results

EXIT_PROVED: Final = 0
EXIT_NOT_PROVED: Final = 1
JOB_SUMMARY: Final = "GITHUB_STEP_SUMMARY"
JOB_LOG_COLUMNS: Final = 140


def run_validate(options: argparse.Namespace) -> int:
    """Validate assignments; returns 0 only if every one is valid."""
    folders = chosen_folders(options.assignments)
    console = Console(file=sys.stdout)
    if not console.is_terminal:
        console = Console(file=sys.stdout, width=JOB_LOG_COLUMNS)
    with Board(console) as board:
        results = validate(folders, board.listen, quick=options.quick)
    print_results(console, results)
    if options.junitxml:
        write_junit(options.junitxml, results)
    if options.summary:
        write_summary(options.summary, results)
    if os.environ.get(JOB_SUMMARY):
        write_summary(Path(os.environ[JOB_SUMMARY]), results, append=True)
    return EXIT_PROVED if all(result.valid for result in results) else EXIT_NOT_PROVED


def chosen_folders(names: Sequence[str]) -> list[Path]:
    """
    Find the assignments that were named, or all.

    Raises:
        AssignmentError: If one of them, or any, cannot be found.
    """
    if names:
        return [find_assignment(name) for name in names]
    for place in (Path("assignments"), SHIPPED.parent.parent / "assignments"):
        folders = sorted(path.parent.resolve() for path in place.glob("*/assignment.toml"))
        if folders:
            return folders
    raise AssignmentError("holds no assignment", "assignments")
