"""
Attacks that share a kernel: each file of `shared` is one notebook, solved but for what it attacks.

A part is a cell of its own at the start, which says what must come of it, or takes the place of a
question's answer, which must then earn nothing (``partial``: not all) for the verdict that is
named. Attempts at the start look themselves whether they were held: a cell that ends well was.
The questions that nobody attacks keep all of their points.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from autograder.assignment import Assignment
from autograder.grade import Grader
from autograder.render.notebooks import render_notebook
from autograder.render.page import report_page
from autograder.report import Report
from tests.adversarial.corpus import attacked
from tests.adversarial.test_corpus import reason

FILES: Final = sorted((Path(__file__).parent / "shared").glob("*.py"))
FORBIDDEN: Final = (
    *("<script>alert", "onerror=alert(77)>", '"//evil', 'url(//evil.example)"', "<iframe", "<form"),
    *("\x1b", "\x07", "\x9b", "\u202e"),
)
FOR_STAFF_ALONE: Final = "CARRIED-OUT"
SECONDS: Final = 60.0


@dataclass(frozen=True)
class Part:
    """
    One attack of a file.

    Args:
        file: Whose.
        place: ``start``, or the question whose answer it replaces.
        name: What it does.
        expected: What may come of it: statuses of its cell, or verdicts of the question.
        partial: Whether it may keep a part of the question's points.
        source: Its code.
    """

    file: Path
    place: str
    name: str
    expected: tuple[str, ...]
    partial: bool
    source: str


def parts_of(file: Path) -> list[Part]:
    """Read a file's parts."""
    head = re.compile(r"^# %% (\w+) (\w+) ([\w|]+)( partial)?\n", re.MULTILINE)
    pieces = head.split(file.read_text())[1:]
    return [
        Part(file, place, name, tuple(expected.split("|")), bool(partial), source)
        for place, name, expected, partial, source in zip(*[iter(pieces)] * 5, strict=True)
    ]


PARTS: Final = [part for file in FILES for part in parts_of(file)]
Reports = Callable[[Path], Report]


@pytest.fixture(scope="module")
def reports(grader: Grader, assignments: dict[str, Assignment]) -> Iterator[Reports]:
    """Return what came of each file's notebook; they are graded side by side."""
    xor = assignments["xor"]
    grader.prepare(xor)
    with ThreadPoolExecutor(2) as threads:
        futures = {
            file: threads.submit(
                grader.grade,
                attacked(xor, tuple((part.place, part.source) for part in parts_of(file))),
                xor,
                seed=3,
            )
            for file in FILES
        }
        yield lambda file: futures[file].result()


@pytest.mark.parametrize("part", PARTS, ids=lambda part: f"{part.file.stem}-{part.name}")
def test_part(part: Part, reports: Reports) -> None:
    """It is held, or costs its own question."""
    report = reports(part.file)
    if part.place == "start":
        number = [each for each in parts_of(part.file) if each.place == "start"].index(part)
        index = next(n for n, cell in enumerate(report.notebook.cells) if _imports(cell.source))
        cell = index + 1 + number
        assert report.notebook.cells[cell].source == part.source
        run = next(run for run in report.cells if run.index == cell)
        assert run.status.value in part.expected, report.notebook.cells[cell].get("outputs")
        return
    [question] = [each for each in report.questions if each.id == part.place]
    details = [test.detail for test in question.tests]
    assert reason(question) in part.expected, details
    assert question.score is not None
    assert question.score < question.points if part.partial else question.score == 0, details


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_rest_is_as_if_nothing_were(file: Path, reports: Reports) -> None:
    """Other questions keep their points, and no page holds what must not get out."""
    report = reports(file)
    attacked_questions = {part.place for part in parts_of(file)}
    for question in report.questions:
        if question.id not in attacked_questions and question.verdict != "pending":
            assert question.score == question.points, [test.detail for test in question.tests]
    rendered = render_notebook(report.notebook, [each.id for each in report.questions])
    for student in (True, False):
        page = report_page(report, rendered, student=student)
        for forbidden in (*FORBIDDEN, *([FOR_STAFF_ALONE] if student else [])):
            assert forbidden not in page
    assert report.seconds < SECONDS


def _imports(source: str) -> bool:
    return "import numpy" in source
