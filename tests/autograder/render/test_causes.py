"""One cause is told once, however many tests and questions it fails."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autograder.messages import Message, MessageCode
from autograder.render.findings import SummaryView, summary
from autograder.render.notebooks import render_notebook
from autograder.render.page import report_page
from autograder.render.terminal import print_report
from autograder.report import Report, SourceLine, TestResult
from autograder.verdict import Verdict


def missing(name: str, cell: int = 5) -> Message:
    """Say that a cell raised, so that a name is missing."""
    parameters = {"name": name, "cell": cell, "exception": "NameError"}
    return Message(MessageCode.MISSING_CELL_RAISED, parameters)


def raised(line: int = 2, exception: str = "ValueError") -> Message:
    """Say where the student's code raised."""
    return Message(MessageCode.RAISED_AT, {"exception": exception, "cell": 3, "line": line})


def failing(make: Any, verdict: Verdict, *messages: Message, **changes: Any) -> list[TestResult]:
    """Make a test for each message."""
    return [
        replace(make.test(f"Test {number}.", verdict, **changes), message=message)
        for number, message in enumerate(messages, start=1)
    ]


def report(make: Any, **questions: list[TestResult]) -> Report:
    """Make a report of failed questions."""
    made = [make.question(name, tests[0].verdict, *tests) for name, tests in questions.items()]
    return make.report(*made)


def told(make: Any, **questions: list[TestResult]) -> SummaryView:
    """Return what a student is told."""
    return summary(report(make, **questions), student=True)


def test_names_of_one_cell_are_told_together(make) -> None:
    """All that the cell should define, in one sentence; the tests are counted."""
    names = [missing(name) for name in ("W1", "b1", "W2", "W1")]
    (question,) = told(make, q1=failing(make, Verdict.MISSING, *names)).questions
    (finding,) = question.findings

    assert finding.message == (
        "W1, b1 and W2 are not defined: cell 5, which should define them, raised NameError."
    )
    assert [check.title for check in finding.first_checks] == ["Test 1."]
    assert finding.others == "and 3 more tests for the same reason"


def test_another_cell_is_another_cause(make) -> None:
    """And so is another end of the same cell."""
    slow = Message(MessageCode.MISSING_CELL_TIMEOUT, {"name": "b", "cell": 5})
    tests = failing(make, Verdict.MISSING, missing("a"), missing("a", cell=6), slow)

    (question,) = told(make, q1=tests).questions

    assert len(question.findings) == 3


@pytest.mark.parametrize(
    "message",
    [missing("forward"), raised(), Message(MessageCode.MISSING, {"name": "forward"})],
)
def test_later_questions_refer_to_the_first(make, message: Message) -> None:
    """Which names those that it fails, too."""
    line = SourceLine(3, 2, "return x")
    three = {
        name: failing(make, Verdict.ERROR, message, message, message, line=line)
        for name in ("q1", "q2", "q3")
    }
    first, second, third = (each.findings[0] for each in told(make, **three).questions)

    assert first.told_in is None
    assert [each.name for each in first.also_in] == ["Question 2", "Question 3"]
    assert [second.told_in, third.told_in] == [first.told_in or second.told_in] * 2
    assert second.told_in is not None
    assert second.told_in.id == "q1"


def test_what_differs_need_not_be_one_cause(make) -> None:
    """Two wrong results are two; each test says what it looked at."""
    differs = [Message(MessageCode.DIFFERS)] * 5
    questions = {name: failing(make, Verdict.FAILED, *differs) for name in ("q1", "q2")}

    for question in told(make, **questions).questions:
        (finding,) = question.findings
        assert finding.cause is None
        assert finding.told_in is None
        assert len(finding.first_checks) == 5
        assert not finding.others


def test_a_known_mistake_is_one_cause(make) -> None:
    """The hint explains all that it fails, in its own question."""
    differs = [Message(MessageCode.DIFFERS)] * 4
    hinted = failing(make, Verdict.FAILED, *differs, hint="Where is the ReLU?")

    for question in told(make, q1=hinted, q2=hinted).questions:
        (finding,) = question.findings
        assert finding.others == "and 3 more tests for the same reason"
        assert finding.told_in is None


def test_a_student_is_told_no_more_than_by_the_messages(make) -> None:
    """Where a hidden test raised is not told, so it is no cause, though staff see the line."""
    hidden = failing(
        make,
        Verdict.ERROR,
        Message(MessageCode.RAISED_TOO),
        Message(MessageCode.RAISED, {"exception": "ValueError"}),
        line=SourceLine(3, 2, "return x"),
    )
    (question,) = told(make, q1=hidden).questions

    assert [finding.cause for finding in question.findings] == [None, None]
    assert [finding.line for finding in question.findings] == [None, None]


def test_the_terminal_and_the_page_tell_it_once(make) -> None:
    """The sentence stands there once, the counts beside it."""
    tests = failing(make, Verdict.MISSING, *[missing("forward")] * 9)
    found = report(make, q1=tests, q2=tests)
    with redirect_stdout(io.StringIO()) as output:
        print_report(found, Path("a.ipynb"), student=True)
    page = report_page(found, render_notebook(found.notebook, ["q1", "q2"]), student=True)

    for text in (output.getvalue(), page):
        assert text.count("forward is not defined") == 1
        assert text.count("and 8 more tests for the same reason") == 2
        assert text.count("Same reason as in") == 1
        assert "Tests of Question 2 fail for the same reason." in text
    assert '<a href="#result-q1">Question 1</a>' in page
