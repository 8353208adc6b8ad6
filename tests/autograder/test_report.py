"""Stored reports: what is read can be shown, whatever was done to the database."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from autograder.errors import StoredReportError
from autograder.report import StaffView, StudentView
from autograder.verdict import Verdict
from tests.autograder.render.conftest import make_question, make_report, make_test

VIEWS = [StaffView, StudentView]


def stored(kind: type[StaffView | StudentView]) -> dict[str, Any]:
    """Return a report with one test, as the database has it."""
    report = make_report(make_question("q1", Verdict.FAILED, make_test("Right")))
    view = report.staff_view() if kind is StaffView else report.student_view()
    document: dict[str, Any] = json.loads(json.dumps(view.as_json()))
    return document


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "a number for the title": lambda view: view.update(title=0.5),
    "half a character in the title": lambda view: view.update(title="\ud800"),
    "text for the points": lambda view: view.update(score="1"),
    "points that are no number": lambda view: view["questions"][0].update(score=float("nan")),
    "a list for a question's id": lambda view: view["questions"][0].update(id=[]),
    "a number for a test's title": lambda view: view["questions"][0]["tests"][0].update(title=1),
    "a sentence without its name": lambda view: view["questions"][0]["tests"][0].update(
        message_code={"code": "raised", "parameters": {}}
    ),
    "a sentence with a list": lambda view: view["questions"][0]["tests"][0].update(
        message_code={"code": "raised", "parameters": {"exception": []}}
    ),
    "text for a line's number": lambda view: view["questions"][0]["tests"][0].update(
        line={"cell": "1", "line": 1, "text": ""}
    ),
}


@pytest.mark.parametrize("kind", VIEWS)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_value_of_another_type(
    kind: type[StaffView | StudentView], change: Callable[[dict[str, Any]], object]
) -> None:
    """The report is damaged; no page comes upon the value later."""
    document = stored(kind)
    assert json.loads(json.dumps(kind.from_json(document).as_json())) == document

    change(document)

    with pytest.raises(StoredReportError):
        kind.from_json(document)
