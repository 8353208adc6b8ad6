"""Reports as the engine gives them, without running it: for what comes after grading."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import nbformat
from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.report import QuestionResult, Report, TestResult
from autograder.verdict import Verdict
from web.models import CourseAssignment, Snapshot, SnapshotQuestion, Submission, User
from web.services.submissions import submitting
from web.services.submissions.queue import SubmissionQueue

PROOF = """Let the affine function $f(x_1, x_2) = w_1 x_1 + w_2 x_2 + b$ have these values. Then

$$f(0,0) + f(1,1) = 2b + w_1 + w_2 = f(1,0) + f(0,1).$$

On the left stands $0 + 0$, on the right $1 + 1$: a **contradiction**. <script>alert(1)</script>"""


def notebook(answer: str = PROOF) -> nbformat.NotebookNode:
    """A notebook with a code cell and a written answer in cell 1."""
    cells = [
        nbformat.v4.new_code_cell("a = 1", id="code"),
        nbformat.v4.new_markdown_cell(answer, id="answer"),
        nbformat.v4.new_code_cell("b = 2", id="more"),
    ]
    return nbformat.v4.new_notebook(cells=cells)


def report(snapshot: Snapshot, scores: dict[str, float], answer: str = PROOF) -> Report:
    """A report in which questions have these points, and nothing where none are named."""
    questions = tuple(_question(each, scores.get(each.id, 0.0)) for each in snapshot.questions)
    return Report(
        assignment=snapshot.name,
        title=snapshot.title,
        assignment_hash=snapshot.content_hash,
        submission_sha256="0" * 64,
        seed=1,
        questions=questions,
        cells=(),
        notebook=notebook(answer),
        seconds=0.5,
    )


def _question(question: SnapshotQuestion, score: float) -> QuestionResult:
    points = Fraction(question.max_tenths, 10)
    name = question.id
    if question.manual:
        return QuestionResult(name, points, None, Verdict.PENDING, answer_cells=(1,))
    earned = Fraction(str(score))
    verdict = Verdict.PASSED if earned == points else Verdict.FAILED
    test = TestResult("t", name, "Works.", verdict, public=False, weight=Fraction(1))
    return QuestionResult(name, points, earned, verdict, (test,))


def graded(
    session: Session, folder: Path, who: str, scores: dict[str, float], *, answer: str = PROOF
) -> Submission:
    """Submit for somebody, by name, and grade it with these points."""
    assignment = session.scalars(select(CourseAssignment)).one()
    user = session.scalars(select(User).where(User.name == who)).one()
    content = json.dumps(notebook(answer)).encode()
    submission = submitting.submit(session, folder, user, assignment, "a.ipynb", content)
    finish(session, submission, report(assignment.snapshot, scores, answer))
    return submission


def finish(session: Session, submission: Submission, found: Report) -> None:
    """Claim what waits and store a report, as a worker does."""
    claim = SubmissionQueue().claim(session, "w")
    assert claim is not None
    assert claim.submission is submission
    assert SubmissionQueue().finish(session, claim, found, json.dumps(found.notebook))
