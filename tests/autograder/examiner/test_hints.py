"""Typical mistakes get their hints, and no other's."""

from __future__ import annotations

import pytest

from autograder.assignment import Assignment, load_assignment
from autograder.examiner.recognise import load_sample_answers
from autograder.grade import Grader
from autograder.progress import GradingProgress
from autograder.sample_answers import SampleAnswer
from autograder.verdict import Verdict
from tests.autograder.grade.reports import (
    ROOT,
    Cells,
    bare_answers,
    graded,
    question,
    questions_that_define,
)

MISCONCEPTIONS = [
    (
        "perceptron",
        "q1",
        "def perceptron(x, w, b):\n    return x @ w",
        "Your output is zero whenever all inputs are zero",
    ),
    (
        "perceptron",
        "q1",
        "def perceptron(x, w, b):\n    return x @ w - b",
        "The bias enters with the wrong sign",
    ),
]


@pytest.mark.parametrize(("name", "question_id", "source", "hint"), MISCONCEPTIONS)
def test_hints(grader: Grader, name: str, question_id: str, source: str, hint: str) -> None:
    """A typical mistake is recognised, and its hint comes back, in the student's view, too."""
    assignment = load_assignment(ROOT / "assignments" / name)
    report = graded(grader, assignment, [*bare_answers(assignment), ("code", source)])
    assert question(report, question_id).misconception is not None
    view = next(each for each in report.student_view().questions if each.id == question_id)
    hints = {test.hint for test in view.tests if test.hint}
    assert len(hints) == 1
    assert hints.pop().startswith(hint)
    others = {each.id for each in report.questions if each.misconception}
    assert others == {question_id}


def test_misconceptions_of_xor(grader: Grader, xor: Assignment) -> None:
    """A wrong function of each question is recognised as itself, and only there."""
    samples: dict[str, SampleAnswer] = {}
    for sample in load_sample_answers(xor.folder / "misconceptions.py"):
        if sample.function is not None and not sample.follow_ups:
            samples.setdefault(sample.question, sample)
    assert len(samples) >= 2
    wrong: Cells = [("code", sample.source) for sample in samples.values()]
    report = graded(grader, xor, [*bare_answers(xor), *wrong])
    view = {each.id: each for each in report.student_view().questions}
    for question_id, sample in samples.items():
        assert question(report, question_id).misconception == sample.title
        assert {test.hint for test in view[question_id].tests} - {None} == {sample.hint}
    assert {each.id for each in report.questions if each.misconception} == set(samples)


def test_public_tests_run_first(grader: Grader, xor: Assignment) -> None:
    """Every public test runs before any hidden one: nothing hidden can leave through it."""
    [question_id] = questions_that_define(xor, "forward")
    [public] = [len(each.public_tests) for each in xor.questions if each.id == question_id]
    calls = f"""
count, _right = 0, forward
def forward(*args, **kwargs):
    global count
    count += 1
    if count > {public}:
        raise RuntimeError("a later call")
    return _right(*args, **kwargs)
"""
    events: list[GradingProgress] = []
    report = graded(grader, xor, [*bare_answers(xor), ("code", calls)], progress=events.append)
    assert [event.stage for event in events] == sorted(event.stage for event in events)
    tests = question(report, question_id).tests
    assert {test.verdict for test in tests if test.public} == {Verdict.PASSED}
    assert Verdict.PASSED not in {test.verdict for test in tests if not test.public}
