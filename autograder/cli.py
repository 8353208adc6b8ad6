"""The command line: arguments in, exit codes out."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autograder.errors import InputError, InternalError, NotebookError

EXIT_GRADED, EXIT_UNUSABLE, EXIT_OUR_FAULT = 0, 2, 3


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
        print(f"autograder: our fault: {error}", file=sys.stderr)
        return EXIT_OUR_FAULT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_GRADED
    except KeyboardInterrupt:
        return 130


def _parser(command: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="autograder", description="Grade Jupyter notebooks behind a wall."
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
    grade.add_argument(
        "--student", action="store_true", help="print and write only what the student may read"
    )
    grade.set_defaults(run=_grade)
    validate = commands.add_parser("validate", help="let assignments prove themselves")
    _add_validate(validate)
    doctor = commands.add_parser("doctor", help="try every layer of the wall on this machine")
    doctor.set_defaults(run=_doctor)
    if not commands.choices.keys() & set(command):
        _add_others(commands)
    return parser


def _add_others(commands: Any) -> None:
    """Add the commands of other packages, such as the portal's: to look for them takes a while."""
    from importlib.metadata import entry_points

    for point in entry_points(group="autograder.commands"):
        point.load()(commands)


def _build(options: argparse.Namespace) -> int:
    from autograder.assignment import find_assignment, load_assignment
    from autograder.build import build

    assignment = load_assignment(find_assignment(options.assignment))
    try:
        print(build(assignment, options.outdir, solution=options.solution))
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be written: {error.strerror}") from None
    return EXIT_GRADED


def _grade(options: argparse.Namespace) -> int:
    from concurrent.futures import ThreadPoolExecutor

    from autograder.assignment import find_assignment, load_assignment
    from autograder.grade import Grader, read_submission
    from autograder.notebook import read_notebook

    assignment = load_assignment(find_assignment(options.assignment))
    paths = [path for each in options.notebooks for path in _notebooks(each)]
    workers = min(len(paths), os.cpu_count() or 1)
    views: list[dict[str, Any]] = []
    reports: dict[Path, Any] = dict.fromkeys(paths)
    with Grader(spares=workers) as grader, ThreadPoolExecutor(workers) as threads:
        # Its process takes longest to start; should that fail, bad input is the first to be told.
        with contextlib.suppress(InternalError):
            grader.pool(assignment)
        # Before the first is graded: what cannot be used is told at once, not after an hour.
        submissions = []
        for path in paths:
            try:
                data = read_notebook(path)
                read_submission(data, assignment, str(path))
            except NotebookError as error:
                print(f"autograder: {error}", file=sys.stderr)
                continue
            submissions.append((path, data))
        if not submissions:
            return EXIT_UNUSABLE
        # What no notebook could be graded without fails here, and is said once.
        grader.prepare(assignment)
        futures = [
            threads.submit(grader.grade, data, assignment, name=str(path))
            for path, data in submissions
        ]
        # Late: the first notebooks are being graded meanwhile.
        from autograder.render.terminal import print_class, print_report

        for (path, _), future in zip(submissions, futures, strict=True):
            try:
                report = future.result()
            except InternalError as error:
                # The others are graded all the same.
                print(f"autograder: our fault: {path}: {error}", file=sys.stderr)
                continue
            print_report(report, path, student=options.student)
            reports[path] = report
            view = report.student_view() if options.student else report.staff_view()
            views.append({"file": str(path), **view.as_json()})
            if options.html:
                _write_html(options, report, path, paths)
    if len(paths) > 1:
        print_class(list(reports.items()))
    if options.json:
        document = views if len(paths) > 1 or not views else views[0]
        _write(options.json, json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    if len(views) < len(submissions) or not all(view["graded"] for view in views):
        return EXIT_OUR_FAULT
    return EXIT_GRADED if len(submissions) == len(paths) else EXIT_UNUSABLE


def _notebooks(path: Path) -> list[Path]:
    """Give the notebooks of a folder and below, without what Jupyter and macOS keep beside them."""
    if not path.is_dir():
        return [path]
    below = [each.relative_to(path) for each in path.rglob("*.ipynb")]
    found = [
        path / each
        for each in sorted(below)
        if not any(part.startswith((".", "__MACOSX")) for part in each.parts)
    ]
    if not found:
        raise InputError(f"{path}: holds no notebook")
    return found


def _write_html(
    options: argparse.Namespace, report: Any, path: Path, paths: Sequence[Path]
) -> None:
    from autograder.render.page import report_page

    target = options.html
    if len(paths) > 1 or target.is_dir():
        # A class hands in notebooks of one name, from one folder each.
        same = sum(each.stem == path.stem for each in paths) > 1
        stem = "-".join(part for part in path.with_suffix("").parts if part != "/")
        target /= f"{stem if same else path.stem}.html"
    # Where staff keep it is none of a student's business.
    file = path.name if options.student else str(path)
    _write(target, report_page(report, student=options.student, file=file))


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None


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
    from autograder.doctor import run_doctor

    return int(run_doctor())
