"""
Grade five sample submissions and print what their students read.

    python -m benchmarks.demo [--out DIR]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from rich.console import Console

from autograder.assignment import Assignment, find_assignment, load_assignment
from autograder.grade import Grader
from autograder.notebook import read_notebook
from benchmarks.samples import ASSIGNMENT, write_samples

CELL_SECONDS: Final = 2.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the samples, grade them with one warm grader, print and write the reports."""
    parser = argparse.ArgumentParser(prog="benchmarks.demo", description=__doc__)
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep notebooks and pages here")
    options = parser.parse_args(arguments)
    folder = options.out or Path(tempfile.mkdtemp(prefix="autograder-demo-"))
    demonstrate(folder, Console())
    return 0


def demonstrate(folder: Path, console: Console) -> None:
    """
    Grade each sample and show its report.

    Args:
        folder: Gets the notebooks and the pages.
        console: Where to print.
    """
    from autograder.render.page import report_page
    from autograder.render.process import Renderer
    from autograder.render.terminal import print_report

    assignment = _impatient(load_assignment(find_assignment(ASSIGNMENT)))
    samples = write_samples(assignment, folder)
    began = time.monotonic()
    with Grader() as grader, Renderer() as renderer:
        with console.status("importing the libraries, collecting the hidden tests"):
            grader.prepare(assignment)
        for number, (sample, path) in enumerate(samples, start=1):
            title = sample.name.replace("_", " ").capitalize()
            console.rule(f"[bold]{number}  {title}[/]", align="left")
            console.print(f" [dim]{sample.text}[/]")
            report = grader.grade(read_notebook(path), assignment, name=path.name)
            print_report(report, Path(path.name), student=True)
            page = report_page(report, renderer.render_report(report), student=True)
            path.with_suffix(".html").write_text(page, encoding="utf-8")
    seconds = time.monotonic() - began
    console.rule()
    console.print(
        f" {len(samples)} submissions, {seconds:.1f} s; the endless loop was stopped after "
        f"{CELL_SECONDS:.0f} s (an assignment sets this, 30 s if it does not).\n"
        f" The notebooks, and each report as a web page: [bold]{folder}[/]"
    )


def _impatient(assignment: Assignment) -> Assignment:
    """Shorten the time that a cell may take, so that nobody waits long for the endless loop."""
    return replace(assignment, limits=replace(assignment.limits, cell_seconds=CELL_SECONDS))


if __name__ == "__main__":
    sys.exit(main())
