"""
Gradescope's `results.json`, one for each submission, in a zip file.

Each question is a test case with its points; `score` is what counts, after the late penalty, and
wins over the sum of the test cases. Of a test no more is shown than its student may read.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.report import StudentQuestion, StudentView
from autograder.verdict import Verdict
from web.models import Result
from web.services.csv_cells import disarmed, points, write_csv
from web.services.gradebook.exports.selection import ExportRow, Selection
from web.services.gradebook.standing import Standing
from web.services.grading.marks import Mark
from web.services.grading.results import read_view
from web.services.grading.worth import QuestionMark

INDEX: Final = "index.csv"
_WORDS: Final = {
    Verdict.PASSED: "passed",
    Verdict.SKIPPED: "not run",
    Verdict.PENDING: "needs manual grading",
}


def results_zip(session: Session, selection: Selection) -> bytes:
    """Return a zip file of `results.json` files, each in a folder, and an index of the folders."""
    file = io.BytesIO()
    index = [["folder", "name", "email", "student_id", "attempt"]]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for row, mark in _graded(selection):
            folder = mark.submission.public_id
            document = json.dumps(results(session, row, mark), indent=2, ensure_ascii=False)
            archive.writestr(f"{folder}/results.json", document)
            user = row.member.user
            texts = (user.name, user.email, user.student_number or "")
            index.append([folder, *map(disarmed, texts), str(mark.submission.number)])
        archive.writestr(INDEX, write_csv(index, mark=True))
    return file.getvalue()


def results(session: Session, row: ExportRow, mark: Mark) -> dict[str, Any]:
    """Return what `results.json` says of one submission."""
    view, seconds = session.execute(
        select(Result.student_view, Result.seconds).where(Result.id == mark.result_id)
    ).one()
    shown = "visible" if row.entry.standing is Standing.RELEASED else "after_published"
    readable = read_view(StudentView, view)
    tested = {question.id: question for question in (readable.questions if readable else ())}
    return {
        "score": row.tenths / 10,
        "execution_time": round(seconds, 3),
        "output": _output(mark),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": shown,
        "stdout_visibility": "hidden",
        "extra_data": {
            "submission_sha256": mark.submission.sha256,
            "attempt": mark.submission.number,
            "late_seconds": mark.lateness.seconds,
        },
        "tests": [
            _test_case(number, question, tested.get(question.id))
            for number, question in enumerate(mark.questions, start=1)
        ],
    }


def _graded(selection: Selection) -> Iterator[tuple[ExportRow, Mark]]:
    for row in selection.rows:
        if row.entry.mark is not None:
            yield row, row.entry.mark


def _output(mark: Mark) -> str:
    lines = [f"{points(mark.tenths)} of {points(mark.max_tenths)} points."]
    if mark.penalty_tenths:
        lines.append(f"Late penalty: {points(mark.penalty_tenths)} points.")
    if mark.awaiting:
        lines.append("Not graded yet: " + ", ".join(mark.awaiting) + ".")
    return "\n".join(lines)


def _test_case(
    number: int, question: QuestionMark, tested: StudentQuestion | None
) -> dict[str, Any]:
    case: dict[str, Any] = {
        "name": question.id,
        "name_format": "text",
        "number": str(number),
        "max_score": question.max_tenths / 10,
        "output": "\n".join(_lines(question, tested)),
        "output_format": "text",
        "tags": [],
        "visibility": "visible",
    }
    if question.tenths is not None:
        full = question.tenths >= question.max_tenths
        case |= {"score": question.tenths / 10, "status": "passed" if full else "failed"}
    return case


def _lines(question: QuestionMark, tested: StudentQuestion | None) -> Iterator[str]:
    if question.override is not None:
        yield f"Points set by staff: {question.override.reason}"
    if question.grade is not None and question.grade.comment:
        yield question.grade.comment
    for test in tested.tests if tested is not None else ():
        yield f"{test.title}: {_WORDS.get(test.verdict, 'not right yet')}"
        for text in (test.message, test.hint):
            if text:
                yield f"    {text}"
