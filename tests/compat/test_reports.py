"""Reports of an earlier version are read, and say what they said."""

from __future__ import annotations

import copy
import io
import json
from contextlib import redirect_stdout
from fractions import Fraction
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.cells import CellRun
from autograder.render.terminal import print_report
from autograder.report import (
    QuestionResult,
    Report,
    StaffView,
    StudentView,
    TestResult,
)
from tests.compat.old import OLD, old_report

VIEWS: dict[str, type[StaffView | StudentView]] = {"staff": StaffView, "student": StudentView}
FILES = sorted((OLD / "reports").glob("*.json.gz"))


def documents(path: Path) -> list[dict[str, Any]]:
    """Return the reports of a file; a class has several."""
    found = old_report(path)
    return found if isinstance(found, list) else [found]


def without_what_is_new(data: dict[str, Any]) -> dict[str, Any]:
    """Return a report's JSON as the earlier version wrote it."""
    data = copy.deepcopy(data)
    for question in data["questions"]:
        assert (question.pop("own_cells"), question.pop("title")) == ([], "")
        for test in question["tests"]:
            test.pop("message_code", None)
    for cell in data["cells"]:
        assert cell.pop("given") is False
    return data | {"version": 1}


def report_of(view: StaffView) -> Report:
    """Return the report that a stored view was made from, as far as renderers look at it."""
    return Report(
        assignment=view.assignment,
        title=view.title,
        assignment_hash=view.assignment_hash,
        submission_sha256=view.submission_sha256,
        seed=view.seed,
        questions=tuple(
            QuestionResult(
                question.id,
                Fraction(question.max_score),
                None if question.score is None else Fraction(str(question.score)),
                question.verdict,
                tuple(
                    TestResult(
                        id=test.id,
                        question=question.id,
                        title=test.title,
                        verdict=test.verdict,
                        public=test.visible,
                        weight=Fraction(test.weight),
                        detail=test.detail,
                        message=test.message,
                        hint=test.hint,
                        line=test.line,
                        seconds=test.seconds,
                    )
                    for test in question.tests
                ),
                question.misconception,
                question.answer_cells,
            )
            for question in view.questions
        ),
        cells=tuple(
            CellRun(cell.number - 1, cell.status, cell.seconds, error=cell.error)
            for cell in view.cells
        ),
        notebook=nbformat.v4.new_notebook(),
        seconds=view.seconds,
    )


def printed(report: Report, *, student: bool) -> str:
    """Return what the terminal shows, without the spaces and lines that fit it into a width."""
    with redirect_stdout(io.StringIO()) as output:
        print_report(report, Path("a.ipynb"), student=student)
    return "".join(output.getvalue().replace("┃", "").split())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_report_says_what_it_said(path: Path) -> None:
    """Read and written again it holds the same points, verdicts and sentences."""
    view = VIEWS[path.name.split(".")[1]]
    for document in documents(path):
        found = view.from_json(document)
        again = json.loads(json.dumps(found.as_json()))

        assert found.version == document["version"] == 1
        assert without_what_is_new(again) == {
            name: value for name, value in document.items() if name != "file"
        }
        assert view.from_json(again) == found


@pytest.mark.parametrize(
    "path", [each for each in FILES if "staff" in each.name], ids=lambda path: path.name
)
@pytest.mark.parametrize("student", [False, True])
def test_the_terminal_shows_what_is_stored(path: Path, *, student: bool) -> None:
    """Every sentence and hint, as it was stored, is still shown."""
    for document in documents(path):
        text = printed(report_of(StaffView.from_json(document)), student=student)

        for question in document["questions"]:
            hints = [test["hint"] for test in question["tests"] if test["hint"]]
            for test in question["tests"]:
                assert "".join(test["message"].split()) in text
            # A question shows one hint, however many of its tests it explains.
            assert not hints or any("".join(hint.split()) in text for hint in hints)
