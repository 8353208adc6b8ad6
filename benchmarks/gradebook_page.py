"""
A gradebook's page for a large class: students by assignments, all graded, one answer by a person.

    python -m benchmarks.gradebook_page [--students N] [--assignments N]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from sqlalchemy.orm import Session

from web.config import Settings
from web.db import now, open_database
from web.factory import create_app
from web.models import (
    Course,
    CourseAssignment,
    ManualGrade,
    Membership,
    Result,
    Role,
    Snapshot,
    SnapshotQuestion,
    SnapshotRubricItem,
    Submission,
    SubmissionState,
    User,
)
from web.services.people import accounts
from web.setup import migrate

ROUNDS: Final = 5
QUESTIONS: Final = 8
PASSWORD: Final = "a password for a measurement"  # noqa: S105  # of nobody
# As long as real ones: rubrics stand beside each question in the snapshot.
RUBRIC: Final = (SnapshotRubricItem(10, "An item of a rubric, as long as one often is. " * 3),) * 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill a database, ask for the page some times, and print how long it took."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[1])
    parser.add_argument("--students", type=int, default=300)
    parser.add_argument("--assignments", type=int, default=14)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        settings = Settings(data, f"sqlite:///{data / 'portal.sqlite3'}", (), "0" * 64)
        migrate(settings)
        database = open_database(settings.database_url)
        with database.write.begin() as session:
            _fill(session, options.students, options.assignments)
        client = create_app(settings, database).test_client()
        token = client.get("/sign-in").text.split('name="csrf_token" value="')[1].split('"')[0]
        client.post(
            "/sign-in",
            data={"csrf_token": token, "email": "staff@example.org", "password": PASSWORD},
        )
        seconds = [_page(client) for _ in range(ROUNDS)]
    Console().print(
        f"{options.students} students, {options.assignments} assignments: "
        f"first {seconds[0]:.2f} s, then {statistics.median(seconds[1:]):.2f} s"
    )
    return 0


def _page(client: Any) -> float:
    began = time.perf_counter()
    answer = client.get("/courses/large/staff/gradebook/")
    assert answer.status_code == 200
    return time.perf_counter() - began


def _fill(session: Session, students: int, count: int) -> None:
    course = Course(slug="large", title="A large class")
    staff = User(email="staff@example.org", name="Staff")
    accounts.set_password(staff, PASSWORD)
    session.add_all([course, staff, Membership(user=staff, course=course, role=Role.INSTRUCTOR)])
    people = [
        User(email=f"s{each}@example.org", name=f"Student {each}") for each in range(students)
    ]
    session.add_all(Membership(user=each, course=course, role=Role.STUDENT) for each in people)
    assignments = [_assignment(session, course, number) for number in range(count)]
    session.flush()
    for assignment in assignments:
        for place, person in enumerate(people):
            _attempt(session, assignment, person, place, staff)
        session.flush()


def _assignment(session: Session, course: Course, number: int) -> CourseAssignment:
    questions = tuple(
        SnapshotQuestion(f"q{each}", 20, each == QUESTIONS, RUBRIC)
        for each in range(1, QUESTIONS + 1)
    )
    snapshot = Snapshot(
        name=f"task{number}",
        content_hash=f"{number:064d}",
        title=f"Task {number}",
        max_tenths=20 * QUESTIONS,
        questions=questions,
    )
    assignment = CourseAssignment(
        course=course,
        name=snapshot.name,
        snapshot=snapshot,
        release_at=now() - timedelta(days=9),
        due_at=now() - timedelta(days=1),
        late_percent_per_day=10.0,
        weight=1.0,
    )
    session.add_all([snapshot, assignment])
    return assignment


def _attempt(
    session: Session, assignment: CourseAssignment, person: User, place: int, staff: User
) -> None:
    submission = Submission(
        assignment=assignment,
        user=person,
        snapshot=assignment.snapshot,
        number=1,
        file_name="a.ipynb",
        sha256="0" * 64,
        size_bytes=1,
        state=SubmissionState.GRADED,
        received_at=(assignment.due_at or now()) + timedelta(hours=place % 5 == 0),
        released_at=now(),
    )
    session.add(submission)
    session.flush()
    tenths: dict[str, int | None] = {f"q{each}": place % 21 for each in range(1, QUESTIONS)}
    submission.result = Result(
        submission_id=submission.id,
        snapshot_id=assignment.snapshot.id,
        score_tenths=(QUESTIONS - 1) * (place % 21),
        question_tenths=tenths | {f"q{QUESTIONS}": None},
        staff_view={"questions": ["x" * 500] * 20},
        student_view={"questions": ["x" * 500] * 20},
        notebook="x" * 20_000,
        seconds=1.0,
    )
    grade = ManualGrade(
        submission_id=submission.id,
        question=f"q{QUESTIONS}",
        points_tenths=10,
        grader_id=staff.id,
    )
    session.add(grade)


if __name__ == "__main__":
    sys.exit(main())
