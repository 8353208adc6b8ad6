"""
A small class whose statistics can be computed by hand: real rows, no grading.

    student  q1 (4 points)        q2 (2 points)   q3 (2, by a person)   total
             a b c                d e
    One      1 1 1  4.0           1 0  1.0        2.0                   7.0
    Two      1 1 1  4.0           0 0  0.0        2.0                   6.0, a day late: 5.4
    Three    1 0 1  2.4           1 0  1.0        1.0, not released     4.4
    Four     1 0 1  2.4           0 0  0.0        0.0                   2.4, the second attempt
    Five     1 0 1  2.4           0 0  0.0        not graded            2.4
    Six      nothing submitted

a is public. Four's first attempt failed c and got 0.8 points in q1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from fractions import Fraction
from typing import Final

import nbformat
from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.messages import text
from autograder.report import QuestionResult, Report, TestResult
from autograder.verdict import Verdict
from web.db import now
from web.models import (
    Course,
    CourseAssignment,
    ManualGrade,
    Membership,
    Result,
    Role,
    Snapshot,
    SnapshotQuestion,
    Submission,
    SubmissionState,
    User,
)

SLUG: Final = "toy"
TITLE: Final = "Toy problem"
DANGEROUS: Final = "=HYPERLINK(0)"
MISTAKE: Final = "sum in place of the mean"
QUESTIONS: Final = (
    SnapshotQuestion("q1", 40, manual=False),
    SnapshotQuestion("q2", 20, manual=False),
    SnapshotQuestion("q3", 20, manual=True),
)
TESTS: Final = {"q1": "abc", "q2": "de", "q3": ""}


def fill(session: Session, staff: Mapping[str, Role]) -> CourseAssignment:
    """Add the class to a portal; staff are named by their addresses."""
    course = Course(slug=SLUG, title="Toy course")
    session.add(course)
    for email, role in staff.items():
        user = session.scalars(select(User).where(User.email == email)).one()
        session.add(Membership(user=user, course=course, role=role))
    assignment = _assignment(session, course)
    one, two, three, four, five, _ = [_student(session, course, number) for number in range(6)]
    attempt(session, assignment, one, "abcd", [40, 10], written=20)
    attempt(session, assignment, two, "abc", [40, 0], written=20, late_seconds=3600)
    attempt(session, assignment, three, "acd", [24, 10], written=10, is_released=False)
    attempt(session, assignment, four, "a", [8, 0], written=0, mistake=MISTAKE)
    attempt(session, assignment, four, "ac", [24, 0], written=0, number=2, mistake=MISTAKE)
    attempt(session, assignment, five, "ac", [24, 0], mistake=MISTAKE)
    return assignment


def attempt(
    session: Session,
    assignment: CourseAssignment,
    user: User,
    passed: str,
    tenths: Sequence[int],
    *,
    written: int | None = None,
    number: int = 1,
    late_seconds: int = 0,
    is_released: bool = True,
    mistake: str | None = None,
) -> Submission:
    """Add a graded attempt."""
    submission = Submission(
        assignment=assignment,
        user=user,
        snapshot=assignment.snapshot,
        number=number,
        file_name="toy.ipynb",
        sha256=f"{user.id:032d}{number:032d}",
        size_bytes=1,
        state=SubmissionState.GRADED,
        received_at=(assignment.due_at or now()) + timedelta(seconds=late_seconds),
        score_tenths=sum(tenths),
        released_at=now() if is_released else None,
    )
    session.add(submission)
    session.flush()
    report = _report(assignment.snapshot, passed, tenths, mistake)
    submission.result = Result(
        submission_id=submission.id,
        snapshot_id=assignment.snapshot.id,
        score_tenths=sum(tenths),
        question_tenths={"q1": tenths[0], "q2": tenths[1], "q3": None},
        staff_view=report.staff_view().as_json(),
        student_view=report.student_view().as_json(),
        notebook="{}",
        seconds=1.25,
    )
    if written is not None:
        session.add(
            ManualGrade(
                submission_id=submission.id,
                question="q3",
                points_tenths=written,
                comment="Well argued." if written else "",
                grader_id=user.id,
            )
        )
    return submission


def _assignment(session: Session, course: Course) -> CourseAssignment:
    snapshot = Snapshot(
        name="toy", content_hash="0" * 64, title=TITLE, max_tenths=80, questions=QUESTIONS
    )
    assignment = CourseAssignment(
        course=course,
        name="toy",
        snapshot=snapshot,
        release_at=now() - timedelta(days=8),
        due_at=now() - timedelta(days=1),
        late_percent_per_day=10.0,
        weight=1.0,
    )
    session.add_all([snapshot, assignment])
    session.flush()
    return assignment


def _student(session: Session, course: Course, number: int) -> User:
    names = ["One", "Two", "Three", DANGEROUS, "Five", "Six"]
    user = User(
        email=f"s{number + 1}@example.org",
        name=names[number],
        student_number=f"{1001 + number}" if number else None,
    )
    session.add(user)
    section = "-2+3" if number == 2 else "A"
    session.add(Membership(user=user, course=course, role=Role.STUDENT, section=section))
    session.flush()
    return user


def _report(snapshot: Snapshot, passed: str, tenths: Sequence[int], mistake: str | None) -> Report:
    scored = zip(QUESTIONS, [*tenths, None], strict=True)
    return Report(
        assignment=snapshot.name,
        title=snapshot.title,
        assignment_hash=snapshot.content_hash,
        submission_sha256="0" * 64,
        seed=1,
        questions=tuple(_result(question, score, passed, mistake) for question, score in scored),
        cells=(),
        notebook=nbformat.v4.new_notebook(),
    )


def _result(
    question: SnapshotQuestion, score: int | None, passed: str, mistake: str | None
) -> QuestionResult:
    return QuestionResult(
        question.id,
        Fraction(question.max_tenths, 10),
        None if score is None else Fraction(score, 10),
        Verdict.PASSED,
        tuple(_test(question.id, name, passed=name in passed) for name in TESTS[question.id]),
        misconception=mistake if question.id == "q1" else None,
    )


def _test(question: str, name: str, *, passed: bool) -> TestResult:
    return TestResult(
        name,
        question,
        f"Test {name}",
        Verdict.PASSED if passed else Verdict.FAILED,
        public=name == "a",
        weight=Fraction(1),
        message=None if passed else text("The numbers differ."),
    )
