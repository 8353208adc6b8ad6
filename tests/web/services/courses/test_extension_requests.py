"""Students ask for a later deadline; instructors grant or decline; nobody else learns of it."""

from __future__ import annotations

import html
import threading
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.web.conftest import PEOPLE, World, run_all, spaced, token_of
from tests.web.services.grading.test_marks import submit
from web.db import now
from web.models import (
    AuditEntry,
    Course,
    CourseAssignment,
    Extension,
    ExtensionRequest,
    Membership,
    Role,
    User,
)

PLACE = "/courses/dl/assignments/xor/"
ASK = f"{PLACE}extension-requests"
REQUESTS = "/courses/dl/staff/requests/"
ANSWER = "/staff/extension-requests/1/answer"
REASON = "My <b>flat</b> was flooded."
DAY = timedelta(days=1)


def typed(days: float) -> str:
    """A moment as a browser sends it, with a time zone, so that tests need none."""
    return (now() + days * DAY).isoformat()


def ask(client: FlaskClient, **fields: str) -> TestResponse:
    """Send the student's form."""
    data = {"csrf_token": token_of(client, "/account"), "until": typed(9), "text": REASON}
    return client.post(ASK, data=data | fields, headers={"Referer": f"http://localhost{PLACE}"})


def answer(client: FlaskClient, **fields: str) -> TestResponse:
    """Send the answer to the first request."""
    data = {"csrf_token": token_of(client, "/account")} | fields
    return client.post(ANSWER, data=data, headers={"Referer": f"http://localhost{REQUESTS}"})


def test_a_request_is_granted_with_another_date(either: World) -> None:
    """The student sees the answer and the deadline, staff the reason; the log has both."""
    student, staff = either.client("student"), either.client("instructor")
    assert ask(student).status_code == 303
    assert "Request an extension" not in student.get(PLACE).text
    assert f'href="{REQUESTS}#extension-1"' in staff.get("/courses/dl/staff/").text
    grading = "/courses/dl/staff/grading/"
    assert "1 open request for an extension" in staff.get(grading).text
    assert "for an extension" not in either.client("grader").get(grading).text
    page = staff.get(REQUESTS).text
    assert html.escape(REASON) in page
    assert "<b>flat</b>" not in page
    with either.database.write.begin() as session:
        session.scalars(select(CourseAssignment)).one().due_at = datetime(2099, 1, 2, tzinfo=UTC)
    assert "Deadline now: Fri 2 Jan 2099, 01:00 CET" in spaced(staff.get(REQUESTS).text)

    granted = answer(staff, decision="grant", due_at="2099-03-04T05:06", answer="Take care.")
    assert granted.status_code == 303
    shown = spaced(student.get(PLACE).text)
    assert "Granted until Wed 4 Mar 2099, 05:06 CET. Take care." in shown
    assert "extended for you" in shown
    assert "Instructor" not in shown
    assert "No open requests" in staff.get(REQUESTS).text
    assert html.escape(REASON) in staff.get(f"{REQUESTS}?all=1").text
    with either.database.read() as session:
        extension = session.scalars(select(Extension)).one()
        assert extension.user.name == "Student"
        assert extension.reason == f"Requested: {REASON}"
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
        assert [each for each in actions if each.startswith("extension")] == [
            "extension.requested",
            "extension.granted",
        ]


def test_a_request_is_declined_with_a_word(world: World) -> None:
    """No extension comes of it, and the student can ask anew."""
    student, staff = world.client("student"), world.client("instructor")
    ask(student)
    refused = answer(staff, decision="decline", answer=" ")
    assert refused.status_code == 400
    assert "Write a reply" in refused.text
    assert answer(staff, decision="decline", answer="Too late.").status_code == 303
    assert "Too late." in student.get(PLACE).text
    again = answer(staff, decision="grant", due_at=typed(3))
    assert again.status_code == 400
    assert "Instructor has already answered this request" in again.text
    with world.database.read() as session:
        assert session.scalars(select(Extension)).all() == []

    assert ask(student, text="Please.").status_code == 303


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"text": "  "}, "Describe why you need more time."),
        ({"text": "x" * 2001}, "at most 2000 characters"),
        ({"until": ""}, "Enter the deadline that you ask for."),
        ({"until": "tomorrow"}, "is not a date and time"),
        ({"until": typed(0.5)}, "must be later than now and than yours"),
    ],
)
def test_a_request_that_is_none_is_refused(
    world: World, fields: dict[str, str], words: str
) -> None:
    """What was typed stays."""
    refused = ask(world.client("student"), **fields)

    assert refused.status_code == 400
    assert words in refused.text
    assert html.escape(fields.get("text", REASON)) in refused.text
    with world.database.read() as session:
        assert session.scalars(select(ExtensionRequest)).all() == []


def test_there_is_one_open_request(either: World) -> None:
    """Also if two are sent at the same moment."""
    clients = [either.client("student") for _ in range(2)]
    token_of(clients[0], "/account")
    start, codes = threading.Barrier(2), list[int]()

    def send(client: FlaskClient) -> None:
        start.wait()
        codes.append(ask(client).status_code)

    run_all([partial(send, each) for each in clients])
    assert sorted(codes) == [303, 400]
    assert "is still open" in ask(clients[0]).text
    assert ask(either.client("other")).status_code == 303


def test_nobody_asks_where_they_are_not_students(world: World) -> None:
    """Staff, students of other courses, and everybody before the release."""
    for who in ("grader", "instructor", "admin"):
        assert ask(world.client(who)).status_code == 404
    with world.database.write.begin() as session:
        other = Course(slug="algebra", title="Algebra")
        assignment = session.scalars(select(CourseAssignment)).one()
        hidden = CourseAssignment(course=other, name="xor", snapshot=assignment.snapshot)
        hidden.release_at, hidden.due_at = now() - DAY, now() + DAY
        session.add(hidden)
    client = world.client("student")
    data = {"csrf_token": token_of(client, "/account"), "until": typed(9), "text": REASON}
    elsewhere = client.post("/courses/algebra/assignments/xor/extension-requests", data=data)
    assert elsewhere.status_code == 404
    with world.database.write.begin() as session:
        for assignment in session.scalars(select(CourseAssignment)):
            assignment.release_at = now() + DAY / 2
    assert ask(client).status_code == 404
    with world.database.read() as session:
        assert session.scalars(select(ExtensionRequest)).all() == []


def test_nobody_answers_or_reads_what_is_not_theirs(world: World) -> None:
    """Other students, graders, and instructors of other courses."""
    ask(world.client("student"))
    with world.database.write.begin() as session:
        other = Course(slug="algebra", title="Algebra")
        emmy = session.scalars(select(User).where(User.name == "Other")).one()
        session.add(Membership(user=emmy, course=other, role=Role.INSTRUCTOR))
    for who in ("student", "other", "grader"):
        assert answer(world.client(who), decision="grant", due_at=typed(9)).status_code == 404
    words = html.escape(REASON)
    assert words not in world.client("grader").get(f"{REQUESTS}?all=1").text
    assert "#extension-1" not in world.client("grader").get("/courses/dl/staff/").text
    assert words not in world.client("other").get(PLACE).text
    assert words not in world.client("other").get("/courses/algebra/staff/requests/?all=1").text
    assert words in world.client("student").get(PLACE).text


def test_what_granting_does_to_marks_is_confirmed(world: World) -> None:
    """And attempts that an earlier extension gave stay."""
    with world.database.write.begin() as session:
        submission = submit(session, world, {"q1": 5})
        assignment = submission.assignment
        assignment.release_at = now() - 20 * DAY
        assignment.due_at, assignment.cutoff_at = now() - DAY, now() + DAY
        assignment.late_percent_per_day = 10
        session.add(
            Extension(
                assignment_id=assignment.id,
                user_id=submission.user_id,
                extra_attempts=3,
                created_by_id=submission.user_id,
            )
        )
    ask(world.client("student"))
    staff = world.client("instructor")
    shown = answer(staff, decision="grant", due_at=typed(9))
    assert "1 submission is no longer late" in spaced(shown.text)
    with world.database.read() as session:
        assert session.scalars(select(Extension)).one().due_at is None

    assert answer(staff, decision="grant", due_at=typed(9), confirmed="1 0 1").status_code == 303
    with world.database.read() as session:
        extension = session.scalars(select(Extension)).one()
        assert extension.due_at is not None
        assert extension.extra_attempts == 3
        (entry,) = session.scalars(select(AuditEntry).filter_by(action="extension.granted"))
        assert entry.target == f"{PEOPLE['student'][0]}, xor"
        assert entry.details["totals"] == 1


def test_without_a_deadline_there_is_nothing_to_ask_for(world: World) -> None:
    """The page offers no form."""
    with world.database.write.begin() as session:
        session.scalars(select(CourseAssignment)).one().due_at = None
    client = world.client("student")

    assert "Request an extension" not in client.get(PLACE).text
    assert "nothing to extend" in ask(client).text
