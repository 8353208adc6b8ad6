"""Every attack of the corpus costs the questions that it breaks, and nothing else."""

from __future__ import annotations

import time

import pytest

from autograder.assignment import Assignment
from autograder.grade import Grader
from tests.adversarial.corpus import CASES, Case, attacked, load_case, student_text

ALL = [load_case(folder) for folder in sorted(CASES.iterdir()) if folder.is_dir()]


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_attack(case: Case, grader: Grader, assignments: dict[str, Assignment]) -> None:
    """The broken questions lose points with the right verdict, the others keep full marks."""
    assignment = assignments[case.assignment]
    began = time.monotonic()
    report = grader.grade(attacked(assignment, case.cells), assignment, seed=3)
    seconds = time.monotonic() - began
    auto = [question for question in report.questions if question.verdict != "pending"]
    lost = {
        question.id: question.verdict.value for question in auto if question.score != question.points
    }
    details = {test.id: test.detail for question in auto for test in question.tests if test.detail}
    assert lost == case.loses, details
    assert {question.id for question in auto if question.score == 0} == set(case.zero), details
    text = student_text(report)
    for forbidden in case.absent:
        assert forbidden not in text
    count = len(report.notebook.cells)
    if case.statuses:
        begin = next(i for i, cell in enumerate(report.notebook.cells) if "import numpy" in cell.source)
        placed = [place for place, _ in case.cells if place in ("start", "end")]
        first = [begin + 1 + number for number in range(placed.count("start"))]
        last = [count - placed.count("end") + number for number in range(placed.count("end"))]
        runs = {run.index: run.status.value for run in report.cells}
        assert tuple(runs[index] for index in first + last) == case.statuses
    assert seconds < case.seconds
