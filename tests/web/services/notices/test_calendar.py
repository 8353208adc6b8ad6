"""The calendar of one's own deadlines, read by a program that others have written."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import icalendar
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.web.conftest import World, token_of
from tests.web.services.grading.test_marks import person
from web.db import now
from web.models import Course, CourseAssignment, Extension, Membership, Role

DUE = datetime.fromisoformat("2126-07-01T10:00+00:00")
PAGE = "/account/notices"


def the_assignment(session: Session) -> CourseAssignment:
    """The only one."""
    return session.scalars(select(CourseAssignment)).one()


@pytest.fixture
def planned(world: World) -> World:
    """A portal whose assignment is due at a moment to compare with."""
    with world.database.write.begin() as session:
        the_assignment(session).due_at = DUE
    return world


def address(client: FlaskClient) -> str:
    """Make an address, another one if there is one; returns its path."""
    client.post("/account/calendar", data={"csrf_token": token_of(client, PAGE)})
    found = re.search(r'value="http://localhost(/calendar/[^"]+)"', client.get(PAGE).text)
    assert found is not None
    return html.unescape(found[1])


def events(world: World, place: str) -> Sequence[icalendar.Event]:
    """What a calendar program reads, without signing in."""
    answer = world.app.test_client().get(place)
    assert answer.status_code == 200
    assert answer.mimetype == "text/calendar"
    return [
        event
        for event in icalendar.Calendar.from_ical(answer.data).walk("VEVENT")
        if isinstance(event, icalendar.Event)
    ]


def test_a_program_reads_ones_deadlines(planned: World) -> None:
    """Each with its title, its moment, and a link."""
    (event,) = events(planned, address(planned.client("student")))

    assert event["SUMMARY"] == "Due: XOR weights (Deep learning for physicists)"
    assert event["DTSTART"].dt == DUE
    assert event["URL"] == "http://localhost/courses/dl/assignments/xor/"
    assert event["UID"].startswith("assignment-")


def test_extensions_are_in_ones_own_calendar_only(planned: World) -> None:
    """And time multipliers: nobody sees the deadline of another."""
    with planned.database.write.begin() as session:
        student, assignment = person(session, "Student"), the_assignment(session)
        later = DUE + timedelta(days=3)
        extension = Extension(assignment_id=assignment.id, user_id=student.id, due_at=later)
        extension.created_by_id = student.id
        session.add(extension)

    own = events(planned, address(planned.client("student")))
    others = events(planned, address(planned.client("other")))

    assert [event["DTSTART"].dt for event in own] == [later]
    assert [event["DTSTART"].dt for event in others] == [DUE]


def test_late_work_is_described(planned: World) -> None:
    """In the course's time zone."""
    with planned.database.write.begin() as session:
        the_assignment(session).cutoff_at = DUE + timedelta(days=1)

    (event,) = events(planned, address(planned.client("student")))

    assert event["DESCRIPTION"] == "Late submissions until Tuesday, 2 July 2126, 12:00 CEST"


def test_what_is_not_ones_own_is_in_no_calendar(planned: World) -> None:
    """Neither what is not released, nor other courses, nor those that one has left."""
    client = planned.client("student")
    place = address(client)
    with planned.database.write.begin() as session:
        assignment = the_assignment(session)
        course = Course(slug="ml", title="Other")
        hidden = CourseAssignment(name="xor", snapshot=assignment.snapshot, course=course)
        hidden.release_at, hidden.due_at = now() - timedelta(days=1), DUE
        session.add_all([course, hidden])
    assert len(events(planned, place)) == 1

    with planned.database.write.begin() as session:
        assignments = session.scalars(select(CourseAssignment)).all()
        next(each for each in assignments if each.course.slug == "dl").release_at = None
    assert events(planned, place) == []

    with planned.database.write.begin() as session:
        student = person(session, "Student")
        course = session.scalars(select(Course).where(Course.slug == "ml")).one()
        session.add(Membership(user=student, course=course, role=Role.STUDENT, active=False))
    assert events(planned, place) == []


def test_an_address_can_be_replaced(planned: World) -> None:
    """The one before leads nowhere; an address of somebody else's cannot be guessed."""
    client = planned.client("student")
    first = address(client)
    second = address(client)

    assert first != second
    assert planned.app.test_client().get(first).status_code == 404
    assert len(events(planned, second)) == 1
    assert len(second) > 50


def test_the_address_is_copied_by_a_button(planned: World) -> None:
    """Of the field that shows it; where browsers cannot copy the button stays hidden."""
    client = planned.client("student")
    address(client)

    button = re.search(r'<button type="button" data-copy="([^"]+)" hidden>', client.get(PAGE).text)

    assert button is not None
    assert f'id="{button[1]}"' in client.get(PAGE).text


def test_a_closed_account_has_no_calendar(planned: World) -> None:
    """Whoever has the address."""
    place = address(planned.client("student"))
    with planned.database.write.begin() as session:
        person(session, "Student").active = False

    assert planned.app.test_client().get(place).status_code == 404


@pytest.mark.parametrize(
    "title",
    [
        "XOR\r\nEND:VEVENT\r\nBEGIN:VALARM",
        "a;b,c\\d:e\\n",
        "ü" * 90 + "\U0001f9e0" * 60,
        "=?utf-8?q?XOR?=",
        '"quoted"',
    ],
)
def test_a_title_is_read_as_it_is_written(planned: World, title: str) -> None:
    """Whatever its author typed: it begins no line, and long ones are folded between letters."""
    with planned.database.write.begin() as session:
        the_assignment(session).snapshot.title = title
    place = address(planned.client("student"))

    (event,) = events(planned, place)

    shown = " ".join(title.split())
    assert event["SUMMARY"] == f"Due: {shown} (Deep learning for physicists)"
    lines = planned.app.test_client().get(place).data.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    assert sum(line.startswith(b"BEGIN:") for line in lines) == 2
