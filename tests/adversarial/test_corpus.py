"""Every attack of the corpus costs the questions that it breaks, and nothing else."""

from __future__ import annotations

import json

import pytest

from autograder.report import QuestionResult, Report
from autograder.verdict import Verdict
from tests.adversarial.corpus import CASES, Case, Outcomes, load_case, student_text

ALL = [load_case(folder) for folder in sorted(CASES.iterdir()) if folder.is_dir()]


@pytest.mark.sweep(50)
@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_attack(case: Case, outcomes: Outcomes) -> None:
    """The broken questions lose points, and say why; the others keep full marks."""
    outcome = outcomes(case)
    questions = [question for question in outcome.report.questions if question.verdict != "pending"]
    broken = {question.id: reason(question) for question in questions if reason(question)}
    zero = {question.id for question in questions if question.score == 0}
    if case.others:
        broken = {question: broken.get(question) for question in case.loses}
        zero &= set(case.zero)
    details = {test.id: test.detail for each in questions for test in each.tests if test.detail}
    assert broken.keys() == case.loses.keys(), details
    for question, verdicts in case.loses.items():
        assert broken[question] in verdicts.split("|"), details
    assert zero == set(case.zero), details
    assert outcome.report.graded
    for view in (outcome.report.staff_view(), outcome.report.student_view()):
        assert json.dumps(view.as_json(), ensure_ascii=False).encode()  # can be written to a file
    statuses = placed_statuses(case, outcome.report) if case.statuses else ()
    for status, expected in zip(statuses, case.statuses, strict=True):
        assert status in expected.split("|")
    text = student_text(outcome.report) if case.absent else ""
    for forbidden in case.absent:
        assert forbidden not in text
    assert outcome.seconds < case.seconds


def reason(question: QuestionResult) -> str | None:
    """Return the verdict of the first test that was not passed: it says what happened."""
    verdicts = (test.verdict for test in question.tests)
    return next((verdict.value for verdict in verdicts if verdict is not Verdict.PASSED), None)


def placed_statuses(case: Case, report: Report) -> tuple[str, ...]:
    """Return what came of the case's own cells, those at the start first."""
    places = [place for place, _ in case.cells]
    cells = report.notebook.cells
    begin = next(i for i, cell in enumerate(cells) if "import numpy" in cell.source) + 1
    end = len(cells) - places.count("end")
    own = [*range(begin, begin + places.count("start")), *range(end, len(cells))]
    runs = {run.index: run.status.value for run in report.cells}
    return tuple(runs[index] for index in own)
