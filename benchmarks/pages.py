"""
CPU time of each page for a large class: 500 students, 10 assignments, all graded.

    python -m benchmarks.pages [--students N] [--rounds N]

The five shipped assignments are graded for real, once each, and everybody has the same report; the
other five have rows alone. Everybody has a written answer of their own, of 2 kB; a tenth is blank,
and a tenth nearly somebody else's. Ends with 1 if a page takes more than 100 ms of the server's CPU
time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import statistics
import string
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from flask import Flask
from flask.testing import FlaskClient
from rich.console import Console
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.assignment import find_assignment, load_assignment
from autograder.grade import Grader
from benchmarks.portal import settings_in
from web.config import Settings
from web.db import Database, now, open_database
from web.demo import course as demo
from web.demo import people
from web.demo.notebooks import Work, notebook
from web.factory import create_app
from web.models import (
    AnswerText,
    Course,
    CourseAssignment,
    Membership,
    Result,
    Role,
    Snapshot,
    Submission,
    SubmissionState,
    User,
)
from web.portal_process import leave_program_to_itself
from web.services.regrading import regrades
from web.services.submissions import rendering
from web.services.submissions.queue import new_result
from web.setup import migrate

MOST_SECONDS: Final = 0.1
MORE_ASSIGNMENTS: Final = 5
NOT_PAGES: Final = ("/events", "/static/", "/sign-out", ".json", "download")
ASKED: Final = {"staff.find": {"q": "Student 1"}}
"""What pages are asked for beside what stands in their addresses."""
WRITTEN: Final = "q7"
ANSWER_WORDS: Final = 330
WRONG: Final = Work(wrong=(("q2", "No ReLU."),))


@dataclass(frozen=True)
class Taken:
    """
    What a page took.

    Args:
        who: Who asked for it.
        rule: Its address, with names in place of what differs.
        first: CPU seconds when it was asked for first.
        later: CPU seconds afterwards, the median.
        kilobytes: Its length.
    """

    who: str
    rule: str
    first: float
    later: float
    kilobytes: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill a database, ask for each page some times, and print what each took."""
    parser = argparse.ArgumentParser(prog="benchmarks.pages", description=__doc__)
    parser.add_argument("--students", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="autograder-pages-") as folder:
        settings = settings_in(Path(folder))
        migrate(settings)
        database = open_database(settings.database_url)
        _fill(database, settings, options.students)
        app = create_app(settings, database)
        leave_program_to_itself()
        taken = [
            each
            for who, email in (("instructor", people.INSTRUCTOR[0]), ("student", _email(0)))
            for each in _pages(app, database, who, email, options.rounds)
        ]
        database.engine.dispose()
    return 0 if _print(taken, options.students) else 1


def _fill(database: Database, settings: Settings, students: int) -> None:
    with database.write.begin() as session:
        cast = demo.make_course(session, settings)
        persons = [User(email=_email(each), name=f"Student {each}") for each in range(students)]
        hashed = cast.instructor.password_hash
        for person in persons:
            person.password_hash = hashed
            session.add(Membership(user=person, course=cast.course, role=Role.STUDENT))
        results = _graded_once(session)
        for assignment in cast.assignments.values():
            assignment.release_at, assignment.weight = now() - timedelta(days=9), 1.0
        for number in range(MORE_ASSIGNMENTS):
            _synthetic(session, cast.course, number, results)
        session.flush()
        for assignment in session.scalars(select(CourseAssignment)):
            for place, person in enumerate(persons):
                _attempt(session, assignment, person, place, results[assignment.name])
            session.flush()
        regrades.start(session, cast.instructor, cast.assignments["xor"], regrades.Scope.ALL)


def _email(number: int) -> str:
    return f"s{number}@example.org"


def _graded_once(session: Session) -> dict[str, Result]:
    """Grade one notebook of each assignment; returns rows that are copied for everybody."""
    found = {}
    with Grader(spares=1) as grader:
        for name in demo.NAMES:
            folder = find_assignment(name)
            work = WRONG if name == "xor" else Work()
            report = grader.grade(notebook(load_assignment(folder), work), load_assignment(folder))
            text = json.dumps(report.notebook)
            rendered = rendering.rendered_after_grading(report, text)
            snapshot = session.scalars(select(Snapshot).where(Snapshot.name == name)).one()
            found[name] = new_result(0, snapshot.id, report, text, rendered)
    return found


def _synthetic(session: Session, course: Course, number: int, results: dict[str, Result]) -> None:
    """Add an assignment whose folder nobody looks into, a copy of another's rows."""
    of = session.scalars(select(Snapshot).where(Snapshot.name == "splits")).one()
    snapshot = Snapshot(
        name=f"task{number}",
        content_hash=f"{number:064d}",
        title=f"Task {number}",
        max_tenths=of.max_tenths,
        questions=of.questions,
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
    results[snapshot.name] = results["splits"]


def _attempt(
    session: Session, assignment: CourseAssignment, person: User, place: int, result: Result
) -> None:
    submission = Submission(
        assignment=assignment,
        user=person,
        snapshot_id=assignment.snapshot_id,
        number=1,
        file_name="a.ipynb",
        sha256="0" * 64,
        size_bytes=1,
        state=SubmissionState.GRADED,
        received_at=(assignment.due_at or now()) + timedelta(hours=place % 5 - 4),
        released_at=now(),
    )
    session.add(submission)
    session.flush()
    columns = {each.key: getattr(result, each.key) for each in Result.__mapper__.column_attrs}
    del columns["id"]
    columns |= {"submission_id": submission.id, "snapshot_id": assignment.snapshot_id}
    submission.result = Result(**columns)
    if assignment.name == "xor":
        text = _essay(place)
        hashed = hashlib.sha256(text.encode()).hexdigest()
        submission.result.answers = {**(result.answers or {}), WRITTEN: hashed}
        submission.result.answer_texts = [AnswerText(question=WRITTEN, cells=[text])]


def _essay(place: int) -> str:
    """Return a student's answer: in each ten one is blank, and one nearly that of the first."""
    if place % 10 == 9:
        return ""
    # The same texts in each run.
    draw = random.Random(place - place % 10 if place % 10 == 1 else place)  # noqa: S311  # some are alike
    written = ["".join(draw.choices(string.ascii_lowercase, k=5)) for _ in range(ANSWER_WORDS)]
    return " ".join(written if place % 10 != 1 else [*written[:-1], "otherwise"])


def _pages(app: Flask, database: Database, who: str, email: str, rounds: int) -> Iterator[Taken]:
    client = _signed_in(app, email)
    parts = _parts(database)
    with app.test_request_context():
        places = {
            rule.rule: app.url_for(
                rule.endpoint,
                **{name: parts[name] for name in rule.arguments},
                **ASKED.get(rule.endpoint, {}),
            )
            for rule in app.url_map.iter_rules()
            if "GET" in (rule.methods or ()) and rule.arguments <= parts.keys()
        }
    for rule, place in sorted(places.items()):
        if any(word in rule for word in NOT_PAGES):
            continue
        status, kilobytes, first = _asked(client, place)
        if status == 200:
            later = [_asked(client, place)[2] for _ in range(rounds)]
            yield Taken(who, rule, first, statistics.median(later), kilobytes)


def _asked(client: FlaskClient, place: str) -> tuple[int, float, float]:
    began = time.process_time()
    answer = client.get(place)
    length = len(answer.data)
    taken = time.process_time() - began
    answer.close()
    return answer.status_code, length / 1000, taken


def _signed_in(app: Flask, email: str) -> FlaskClient:
    client = app.test_client()
    token = client.get("/sign-in").text.split('name="csrf_token" value="')[1].split('"')[0]
    data = {"csrf_token": token, "email": email, "password": people.PASSWORD}
    assert client.post("/sign-in", data=data).status_code == 303
    return client


def _parts(database: Database) -> dict[str, str | int]:
    """Return what addresses are made of: the first student's attempt at XOR."""
    with database.read() as session:
        student = session.scalars(select(User).where(User.email == _email(0))).one()
        submission = session.scalars(
            select(Submission)
            .join(CourseAssignment)
            .where(Submission.user_id == student.id, CourseAssignment.name == "xor")
        ).one()
        member = session.scalars(select(Membership).where(Membership.user == student)).one()
        return {
            "slug": demo.SLUG,
            "name": "xor",
            "public_id": submission.public_id,
            "question_id": WRITTEN,
            "number": 1,
            "membership_id": member.id,
        }


def _print(taken: Sequence[Taken], students: int) -> bool:
    table = Table(box=None, padding=(0, 2), header_style="bold")
    for title in ("who", "page", "first", "later", "kB"):
        table.add_column(title, justify="left" if title in ("who", "page") else "right")
    for each in sorted(taken, key=lambda each: -each.later):
        figures = (f"{1000 * each.first:.0f} ms", f"{1000 * each.later:.0f} ms")
        table.add_row(each.who, each.rule, *figures, f"{each.kilobytes:.0f}")
    console = Console(width=120)
    console.print(f"{students} students, {len(demo.NAMES) + MORE_ASSIGNMENTS} assignments; "
                  f"load average {os.getloadavg()[0]:.1f}")  # fmt: skip
    console.print(table)
    return all(each.later <= MOST_SECONDS for each in taken)


if __name__ == "__main__":
    sys.exit(main())
