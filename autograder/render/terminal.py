"""A report in the terminal."""

from __future__ import annotations

from pathlib import Path

from autograder.report import Report


def print_report(report: Report, path: Path, *, student: bool = False) -> None:
    """Print a report."""
    print(path, float(report.score), "/", float(report.max_score), f"{report.seconds:.2f} s")
    for question in report.questions:
        print(" ", question.id, question.score, question.points, question.verdict)
        for test in question.tests:
            if test.verdict != "passed":
                print(
                    "     ",
                    test.verdict,
                    test.title,
                    "|",
                    test.message,
                    "|",
                    test.hint,
                    "|",
                    "" if student else test.detail,
                )
