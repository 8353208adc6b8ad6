"""What of a result is shown to its student."""

from __future__ import annotations

from typing import Any

from web.models import Submission
from web.services.assignments import results_visible


def shown_to_student(submission: Submission) -> dict[str, Any] | None:
    """
    Give the student's view of a submission's result.

    While hidden results are held back, only public tests are in it, and no score.

    Returns:
        `autograder.report.StudentView` as plain data; ``None`` if there is no result.
    """
    if submission.result is None:
        return None
    view = submission.result.student_view
    if results_visible(submission.assignment):
        return view
    questions = [_public_part(question) for question in view["questions"]]
    return {**view, "score": None, "questions": questions}


def _public_part(question: dict[str, Any]) -> dict[str, Any]:
    tests = [{**test, "hint": None} for test in question["tests"] if test["visible"]]
    return {**question, "score": None, "verdict": None, "tests": tests}
