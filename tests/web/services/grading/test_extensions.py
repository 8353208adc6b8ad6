"""Extensions for several students: chosen, previewed, granted, seen and ended."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.web.conftest import World, spaced, token_of
from tests.web.services.grading.test_marks import mark, person, submit
from tests.web.test_form_versions import form
from web.db import now
from web.models import (
    AuditEntry,
    Course,
    CourseAssignment,
    Extension,
    Membership,
    Role,
    Submission,
    User,
)

PLACE = "/courses/dl/staff/assignments/xor/extensions"
DAY = timedelta(days=1)


@pytest.fixture
def klass(either: World) -> World:
    """A class of six, of which three are in a section and two have a label; one was late."""
    with either.database.write.begin() as session:
        course = session.scalars(select(Course)).one()
        for number in range(4):
            user = User(
                email=f"s{number}@example.org", name=f"S {number}", student_number=f"{number}7"
            )
            section = "Mon" if number < 3 else "Tue"
            labels = ("lab",) if number > 1 else ()
            session.add(
                Membership(
                    user=user, course=course, role=Role.STUDENT, section=section, labels=labels
                )
            )
        submission = submit(session, either, {"q1": 5})
        assignment = submission.assignment
        assignment.release_at = now() - 20 * DAY
        assignment.due_at = submission.received_at - 1.5 * DAY
        assignment.cutoff_at = submission.received_at + 10 * DAY
        assignment.late_percent_per_day = 10
    return either


def until() -> str:
    """A deadline that makes nobody late, as it is typed."""
    return (now() + DAY).strftime("%Y-%m-%dT%H:%M")


def extended(world: World) -> list[str]:
    """The names of who has an extension."""
    with world.database.read() as session:
        return sorted(each.user.name for each in session.scalars(select(Extension)))


def confirm(client: FlaskClient, page: str) -> int:
    """Press the button of the preview; returns the status."""
    return client.post(PLACE, data=form(page, PLACE)).status_code


def test_a_section_a_label_and_names_are_one_extension(klass: World) -> None:
    """Whoever any of them names; whose points change and who is not found is shown before."""
    client = klass.client("instructor")
    data = {
        "csrf_token": token_of(client, "/account"),
        "people": "27; Student\nNobody",
        "section": "Mon",
        "label": "lab",
        "due_at": until(),
        "reason": "Power cut",
    }

    page = client.post(PLACE, data=data).text
    words = html.unescape(spaced(page))
    assert "Nothing has been saved yet" in words
    assert "1 submission is no longer late; 0 become late; 1 total changes" in words
    assert "Not found among the students of this course:</strong> Nobody" in words
    assert "5 students; times in" in words
    assert "4 → <strong>5</strong>" in words
    assert extended(klass) == []

    assert confirm(client, page) == 303
    assert extended(klass) == ["S 0", "S 1", "S 2", "S 3", "Student"]
    with klass.database.read() as session:
        logged = session.scalars(select(AuditEntry).filter_by(action="extension.granted")).all()
        assert len(logged) == 5
        effects = {each.target.split(",")[0]: each.details.get("totals") for each in logged}
        assert effects["ada@example.org"] == 1
        assert effects["s0@example.org"] is None
        (submission,) = session.scalars(select(Submission))
        assert mark(session, submission).final_tenths == 50


def test_a_preview_that_is_out_of_date_is_shown_again(klass: World) -> None:
    """What is confirmed is what was shown: other effects, or another extension meanwhile."""
    client = klass.client("instructor")
    data = {"csrf_token": token_of(client, "/account"), "section": "Mon", "extra_attempts": "1"}
    page = client.post(PLACE, data=data).text
    with klass.database.write.begin() as session:
        assignment, student = (
            session.scalars(select(CourseAssignment)).one(),
            person(session, "S 0"),
        )
        extension = Extension(
            assignment_id=assignment.id,
            user_id=student.id,
            extra_attempts=7,
            created_by_id=student.id,
        )
        session.add(extension)

    answer = client.post(PLACE, data=form(page, PLACE))
    assert answer.status_code == 409
    assert "the extension of S 0" in answer.text
    assert "s0@example.org\ns1@example.org\ns2@example.org</textarea>" in answer.text
    assert extended(klass) == ["S 0"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Enter at least one student"),
        ({"people": "Nobody"}, "No student of this course is Nobody"),
        ({"people": "noether@example.org"}, "No student of this course is noether"),
        ({"section": "None such"}, "Enter at least one student"),
        ({"student": "999999999999 x -1"}, "Enter at least one student"),
    ],
)
def test_an_extension_for_nobody_is_refused(
    klass: World, fields: dict[str, str], words: str
) -> None:
    """With what to do instead; what was typed stays."""
    client = klass.client("instructor")
    data = {"csrf_token": token_of(client, "/account"), "extra_attempts": "1", "reason": "Ill"}

    answer = client.post(PLACE, data=data | fields)
    assert answer.status_code == 400
    assert words in answer.text
    assert 'value="Ill"' in answer.text
    assert extended(klass) == []


def test_extensions_are_seen_and_ended_together(klass: World) -> None:
    """What that does to marks is confirmed; students of other courses are not reached."""
    client = klass.client("instructor")
    token = token_of(client, "/account")
    data = {"csrf_token": token, "people": "Student\nS 0\nS 3", "due_at": until()}
    assert confirm(client, client.post(PLACE, data=data).text) == 303
    page = client.get(f"{PLACE}/").text
    numbers = re.findall(r'type="checkbox" name="student" value="(\d+)"', page)
    assert len(numbers) == 3

    place = f"{PLACE}/withdraw"
    ended = form(page, place) | {"student": " ".join(numbers[:1] + numbers[2:])}
    shown = client.post(place, data=ended)
    assert "1 becomes late" in spaced(shown.text)
    assert len(extended(klass)) == 3
    assert client.post(place, data=form(shown.text, place)).status_code == 303
    assert extended(klass) == ["S 3"]


def test_who_has_an_extension_elsewhere_is_nobody_here(klass: World) -> None:
    """Numbers of people who are no students of the course name nobody."""
    client = klass.client("instructor")
    with klass.database.write.begin() as session:
        stranger = User(email="zuse@example.org", name="Zuse")
        session.add(stranger)
        session.flush()
        number = stranger.id
    data = {"csrf_token": token_of(client, "/account"), "extra_attempts": "1"}

    for fields in ({"student": str(number)}, {"people": "zuse@example.org"}):
        assert client.post(PLACE, data=data | fields).status_code == 400
    assert extended(klass) == []


def test_an_earlier_deadline_is_shown_as_one(klass: World) -> None:
    """An extension that takes time away is nearly always a mistake."""
    client = klass.client("instructor")
    data = {"csrf_token": token_of(client, "/account"), "section": "Mon"}
    data["due_at"] = (now() - 5 * DAY).strftime("%Y-%m-%dT%H:%M")

    page = client.post(PLACE, data=data).text

    assert "earlier than now" in page
    told = page.split("Would get an earlier deadline than now:</strong>")[1].split("</p>")[0]
    assert told.strip(" .") == "S 0, S 1, S 2"
