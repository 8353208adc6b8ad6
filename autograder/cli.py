"""The command line: arguments in, exit codes out."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from autograder.errors import EXIT_GRADED, EXIT_OUR_FAULT, EXIT_UNUSABLE, InputError, InternalError

MAX_SEED_DIGITS: Final = 18


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser(arguments[:1]).parse_args(arguments)
    try:
        return int(options.run(options))
    except InputError as error:
        print(f"autograder: {error}", file=sys.stderr)
        return EXIT_UNUSABLE
    except InternalError as error:
        print(f"autograder: internal error: {error}", file=sys.stderr)
        return EXIT_OUR_FAULT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_GRADED
    except KeyboardInterrupt:
        return 130


def _parser(command: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="autograder", description="Grade Jupyter notebooks in a sandbox."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    build = commands.add_parser("build", help="write the notebook for students")
    build.add_argument("assignment", help="a folder, or a name under assignments/")
    build.add_argument("outdir", type=Path, help="output folder, also for the public data")
    build.add_argument("--solution", action="store_true", help="write the solved notebook instead")
    build.set_defaults(run=_build)
    grade = commands.add_parser("grade", help="grade notebooks and print reports")
    grade.add_argument("assignment", help="a folder, or a name under assignments/")
    grade.add_argument(
        "notebooks",
        nargs="+",
        type=Path,
        metavar="NOTEBOOK",
        help="a notebook, or a folder that is searched for notebooks",
    )
    grade.add_argument(
        "--json",
        type=Path,
        metavar="F",
        help="write the report as JSON, for several notebooks a list",
    )
    grade.add_argument(
        "--html",
        type=Path,
        metavar="F",
        help="write an HTML report, for several notebooks a folder",
    )
    grade.add_argument(
        "--csv", type=Path, metavar="F", help="write a table of points, one row per notebook"
    )
    grade.add_argument("--student", action="store_true", help="show only what the student may see")
    grade.add_argument(
        "--seed",
        type=_seed,
        metavar="N",
        help="seed of the hidden inputs, as shown in a report; by default each file gets its own",
    )
    grade.set_defaults(run=_grade)
    validate = commands.add_parser(
        "validate", help="check assignments' tests against right and wrong answers"
    )
    _add_validate(validate)
    doctor = commands.add_parser("doctor", help="check every layer of the sandbox on this machine")
    doctor.set_defaults(run=_doctor)
    if not commands.choices.keys() & set(command):
        _add_others(commands)
    return parser


def _seed(text: str) -> int:
    if not text.isdecimal() or len(text) > MAX_SEED_DIGITS:
        raise argparse.ArgumentTypeError("a seed must be a whole number, 0 or more")
    return int(text)


def _add_others(commands: Any) -> None:
    """Add the commands of other packages, such as the portal's: to look for them takes a while."""
    from importlib.metadata import entry_points

    for point in entry_points(group="autograder.commands"):
        point.load()(commands)


def _build(options: argparse.Namespace) -> int:
    from autograder.assignment import find_assignment, load_assignment
    from autograder.assignment.build import build

    assignment = load_assignment(find_assignment(options.assignment))
    try:
        print(build(assignment, options.outdir, solution=options.solution))
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be written: {error.strerror}") from None
    return EXIT_GRADED


def _grade(options: argparse.Namespace) -> int:
    from autograder.grade.command import run_grade

    return run_grade(options)


def _add_validate(parser: argparse.ArgumentParser) -> None:
    def run(options: argparse.Namespace) -> int:
        from autograder.validate.command import run_validate

        return run_validate(options)

    parser.add_argument("assignments", nargs="*", metavar="ASSIGNMENT", help="default: all")
    parser.add_argument(
        "--quick", action="store_true", help="fewer seeds and only a sample of mutants"
    )
    parser.add_argument("--junitxml", type=Path, metavar="F", help="write JUnit XML")
    parser.add_argument("--summary", type=Path, metavar="F", help="write a summary in Markdown")
    parser.set_defaults(run=run)


def _doctor(_: argparse.Namespace) -> int:
    from autograder.doctor.command import run_doctor

    return int(run_doctor())
