"""`autograder grade`: one notebook or a class; reports in the terminal and in files."""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import FrameType
from typing import Any

from autograder.assignment import Assignment, find_assignment, load_assignment
from autograder.errors import (
    EXIT_GRADED,
    EXIT_OUR_FAULT,
    EXIT_UNUSABLE,
    InputError,
    InternalError,
    NotebookError,
)
from autograder.grade import Grader, read_submission
from autograder.grade.seeds import owners_key
from autograder.notebook import read_notebook
from autograder.render.process import Renderer
from autograder.report import Report
from autograder.untrusted_text import escaped_in_json, one_line


@dataclass(frozen=True)
class _Submission:
    path: Path
    data: bytes


def run_grade(options: argparse.Namespace) -> int:
    """
    Grade what the command line names, print and write the reports, and give the exit code.

    Raises:
        InputError: If nothing can be graded, or a file cannot be written.
        InternalError: If the sandbox cannot be built.
    """
    assignment = load_assignment(find_assignment(options.assignment))
    # A notebook may be named beside its folder.
    paths = list(dict.fromkeys(path for each in options.notebooks for path in _notebooks(each)))
    workers = min(len(paths), os.cpu_count() or 1)
    with (
        _ended_by_signals(),
        Grader(workers, len(paths), owners_key()) as grader,
        ThreadPoolExecutor(workers) as threads,
        Renderer() as renderer,
    ):
        # Its process takes longest to start; should that fail, bad input is the first to be told.
        with contextlib.suppress(InternalError):
            grader.pool(assignment)
        submissions = list(_usable(paths, assignment))
        if not submissions:
            return EXIT_UNUSABLE
        # What no notebook could be graded without fails here, and is said once.
        grader.prepare(assignment)
        if options.html:
            renderer.start()
        futures = [
            threads.submit(
                grader.grade, each.data, assignment, name=str(each.path), seed=options.seed
            )
            for each in submissions
        ]
        try:
            reports = dict(_finished(submissions, futures, options, paths, renderer))
        except BaseException:
            # Interrupted, or a page cannot be written: nobody waits for the notebooks left.
            threads.shutdown(wait=False, cancel_futures=True)
            grader.close()
            raise
    _write_class(options, assignment, paths, reports)
    if len(reports) < len(submissions) or not all(each.graded for each in reports.values()):
        return EXIT_OUR_FAULT
    return EXIT_GRADED if len(submissions) == len(paths) else EXIT_UNUSABLE


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end a class as Ctrl-C does, with its processes and folders."""

    def end(number: int, _: FrameType | None) -> None:
        sys.exit(128 + number)

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    # `nohup` lets SIGHUP be ignored.
    kept = {number: handler for number, handler in before.items() if handler != signal.SIG_IGN}
    for number in kept:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _notebooks(path: Path) -> list[Path]:
    """Return a folder's notebooks, without what Jupyter and macOS keep beside them."""
    if not path.is_dir():
        return [path]
    below = [each.relative_to(path) for each in path.rglob("*.ipynb")]
    found = [
        path / each
        for each in sorted(below)
        if not any(part.startswith((".", "__MACOSX")) for part in each.parts)
    ]
    if not found:
        raise InputError(f"{one_line(path)}: contains no notebook")
    return found


def _usable(paths: Sequence[Path], assignment: Assignment) -> Iterator[_Submission]:
    """Read all before the first is graded: what cannot be used is told now, not after an hour."""
    for path in paths:
        try:
            data = read_notebook(path)
            read_submission(data, assignment, str(path))
        except NotebookError as error:
            print(f"autograder: {error}", file=sys.stderr)
        else:
            yield _Submission(path, data)


def _finished(
    submissions: Sequence[_Submission],
    futures: Sequence[Future[Report]],
    options: argparse.Namespace,
    paths: Sequence[Path],
    renderer: Renderer,
) -> Iterator[tuple[Path, Report]]:
    """Return the reports in order, printed and written; what we could not grade is told."""
    # Late: the first notebooks are being graded meanwhile.
    from autograder.render.terminal import print_report

    for submission, future in zip(submissions, futures, strict=True):
        try:
            report = future.result()
        except InternalError as error:
            # The others are graded all the same.
            name = one_line(submission.path)
            print(f"autograder: internal error: {name}: {error}", file=sys.stderr)
            continue
        print_report(report, submission.path, student=options.student)
        if options.html:
            _write_page(options, report, submission.path, paths, renderer)
        yield submission.path, report


def _write_class(
    options: argparse.Namespace,
    assignment: Assignment,
    paths: Sequence[Path],
    reports: dict[Path, Report],
) -> None:
    """Write what there is one of for all notebooks."""
    from autograder.render.terminal import print_class

    if len(paths) > 1:
        print_class([(path, reports.get(path)) for path in paths])
    if options.json:
        views = [_view(report, path, options) for path, report in reports.items()]
        document = views if len(paths) > 1 or not views else views[0]
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        _write(options.json, escaped_in_json(text))
    if options.csv:
        _write(options.csv, _table(assignment, paths, reports))


def _view(report: Report, path: Path, options: argparse.Namespace) -> dict[str, Any]:
    view = report.student_view() if options.student else report.staff_view()
    return {"file": str(path), **view.as_json()}


def _table(assignment: Assignment, paths: Sequence[Path], reports: dict[Path, Report]) -> str:
    """Return a row for each notebook; what is not graded, or waits for a person, is left empty."""
    text = io.StringIO()
    rows = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    rows.writerow(["file", "points", "of", *(question.id for question in assignment.questions)])
    total = float(sum(question.points for question in assignment.questions))
    for path in paths:
        # Untrusted: a name that begins like a formula would be one to a spreadsheet.
        name = one_line(path)
        name = name if name[:1].isalnum() or path.is_absolute() else f"./{name}"
        found = reports[path].questions if path in reports else ()
        by_id = {each.id: each.score for each in found}
        scores = [_number(by_id.get(question.id)) for question in assignment.questions]
        earned = sum(score for score in scores if score is not None) if found else None
        rows.writerow(["" if each is None else each for each in (name, earned, total, *scores)])
    return text.getvalue()


def _number(score: Fraction | None) -> float | None:
    return None if score is None else float(score)


def _write_page(
    options: argparse.Namespace,
    report: Report,
    path: Path,
    paths: Sequence[Path],
    renderer: Renderer,
) -> None:
    from autograder.render.page import report_page

    target = options.html
    if len(paths) > 1 or target.is_dir():
        # A class submits notebooks of one name, from one folder each.
        same = Counter(each.stem for each in paths)[path.stem] > 1
        stem = "-".join(part for part in path.with_suffix("").parts if part != "/")
        target /= f"{stem if same else path.stem}.html"
    # Where staff keep it is none of a student's business.
    file = path.name if options.student else str(path)
    notebook = renderer.render_report(report)
    _write(target, report_page(report, notebook, student=options.student, file=file))


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{one_line(path)}: cannot be written: {error.strerror}") from None
