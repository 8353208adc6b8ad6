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
    build = commands.add_parser("build", help="write the notebook that students get")
    build.add_argument("assignment", help="a folder, or a name under assignments/")
    build.add_argument("outdir", type=Path, help="where it is written, with the public data")
    build.add_argument("--solution", action="store_true", help="write the solved notebook instead")
    build.set_defaults(run=_build)
    grade = commands.add_parser("grade", help="grade notebooks and print reports")
    grade.add_argument("assignment", help="a folder, or a name under assignments/")
    grade.add_argument(
        "notebooks",
        nargs="+",
        type=Path,
        metavar="NOTEBOOK",
        help="a notebook, or a folder: all notebooks in it and below",
    )
    grade.add_argument(
        "--json", type=Path, metavar="F", help="write the report as JSON, of a class a list"
    )
    grade.add_argument(
        "--html", type=Path, metavar="F", help="write a web page, of a class a folder of pages"
    )
    grade.add_argument("--csv", type=Path, metavar="F", help="write a table of points, a row each")
    grade.add_argument(
        "--student", action="store_true", help="print and write only what the student may read"
    )
    grade.add_argument(
        "--seed",
        type=_seed,
        metavar="N",
        help="use these hidden inputs, as a report names them; by default each file gets its own",
    )
    grade.set_defaults(run=_grade)
    validate = commands.add_parser(
        "validate", help="try assignments' tests on right and wrong answers"
    )
    _add_validate(validate)
    doctor = commands.add_parser("doctor", help="try every layer of the sandbox on this machine")
    doctor.set_defaults(run=_doctor)
    if not commands.choices.keys() & set(command):
        _add_others(commands)
    return parser


def _seed(text: str) -> int:
    if not text.isdecimal() or len(text) > MAX_SEED_DIGITS:
        raise argparse.ArgumentTypeError("a seed is a whole number from 0")
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

    parser.add_argument("assignments", nargs="*", metavar="ASSIGNMENT", help="all by default")
    parser.add_argument("--quick", action="store_true", help="fewer seeds, a sample of mutants")
    parser.add_argument("--junitxml", type=Path, metavar="F", help="write JUnit XML")
    parser.add_argument("--summary", type=Path, metavar="F", help="write a summary in Markdown")
    parser.set_defaults(run=run)


def _doctor(_: argparse.Namespace) -> int:
    from autograder.doctor.command import run_doctor

    return int(run_doctor())
