"""What is typed stays within what columns, calendars and readers can hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from tests.web.conftest import PEOPLE, World, token_of
from tests.web.reports import graded
from tests.web.services.submissions.test_queue import claim, queue
from web.db import now
from web.models import (
    CourseAssignment,
    Membership,
    Role,
    SignInAttempt,
    Submission,
    SubmissionState,
    User,
)
from web.services.courses.deadlines import rules_with
from web.services.courses.local_time import parse_local
from web.services.errors import RuleError
from web.services.people import roster_file, throttle
from web.services.people.names import clean_text, is_address, normalised
from web.services.submissions import leases

BERLIN = ZoneInfo("Europe/Berlin")
RULES = "/courses/dl/staff/assignments/xor/rules"


@pytest.mark.parametrize("text", ["0001-01-01", "0001-01-01T00:00+23:00", "9999-12-31T23:59"])
def test_moments_beyond_any_course_are_refused(world: World, text: str) -> None:
    """They made a page fail, or later every page of the course."""
    with pytest.raises(RuleError, match="between the years 2000 and 2200"):
        parse_local(text, BERLIN)
    client = world.client("instructor")
    data = {"csrf_token": token_of(client, "/account"), "counted": "best", "due_at": text}

    assert client.post(RULES, data=data).status_code == 400


def test_a_moment_that_was_saved_too_late_fails_no_page(world: World) -> None:
    """Rows of an earlier version, with a grace and a multiplier on top."""
    with world.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        assignment.due_at = datetime(9999, 12, 31, tzinfo=UTC)
        assignment.grace_minutes = 10_000_000
        last = rules_with(assignment, None, 5.0).closes_at
        for member in session.scalars(select(Membership)):
            member.time_multiplier = 5.0

    assert last == datetime(9999, 12, 30, tzinfo=UTC)
    client = world.client("student")
    for page in ("", "assignments/xor/"):
        assert client.get(f"/courses/dl/{page}").status_code == 200
    assert world.client("grader").get("/courses/dl/staff/gradebook/").status_code == 200


@pytest.mark.parametrize("number", ["9" * 60, "-1", "0"])
def test_a_student_whose_number_no_column_holds_is_nobody(world: World, number: str) -> None:
    """Rather than an error of the database's."""
    client = world.client("instructor")
    data = {"csrf_token": token_of(client, "/account"), "student": number, "special": ""}

    assert client.post("/courses/dl/staff/grades/special", data=data).status_code == 404


def test_a_version_that_no_column_holds_is_an_old_one(world: World) -> None:
    """Rather than an error of the database's."""
    with world.database.write.begin() as session:
        public_id = graded(session, world.settings.submissions, "Student", {}).public_id
    client = world.client("grader")
    place = f"/courses/dl/staff/grading/xor/q7/{public_id}/"
    data = {"csrf_token": token_of(client, place), "points": "1", "reason": "So."}
    assert client.post(place, data=data | {"version": "0"}).status_code == 303

    for version in ("9" * 19, f"-{'9' * 19}", "9" * 400):
        assert client.post(place, data=data | {"version": version}).status_code == 409


def test_long_names_of_instructors_are_cut(world: World) -> None:
    """PostgreSQL refuses what is longer than its column."""
    client = world.client("admin")
    data = {
        "csrf_token": token_of(client, "/admin/courses/"),
        "slug": "algebra",
        "title": "Algebra",
        "time_zone": "Europe/Berlin",
        "email": "emmy@example.org",
        "name": "E" * 300,
    }
    client.post("/admin/courses/", data=data)

    with world.database.read() as session:
        user = session.scalars(select(User).where(User.email == "emmy@example.org")).one()
    assert user.name == "E" * 200


@pytest.mark.parametrize(
    ("address", "valid"),
    [
        ("o'brien+dl@example.org", True),
        ("Ada@Example.ORG", True),
        ("ada\u200b@example.org", False),
        ("ada\u202e@example.org", False),
        ("\u0430da@example.org", False),  # a Cyrillic letter
        ("ada@@example.org", False),
        ("ada@example", False),
        ("a da@example.org", False),
    ],
)
def test_addresses_are_what_they_look_like(address: str, valid: bool) -> None:  # noqa: FBT001
    """Whoever reads one on a page must know whose it is."""
    assert is_address(normalised(address)) is valid


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Ada \u202eecalevoL", "Ada ecalevoL"),
        (" Zoe\u0308  Su\u0308\u00df ", "Zo\u00eb S\u00fc\u00df"),
        ("A\u200bd\x07a", "Ada"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
    ],
)
def test_names_hold_nothing_that_is_not_seen(typed: str, stored: str) -> None:
    """In a roster, too; joiners, which some scripts need, stay."""
    assert clean_text(typed) == stored
    (row,) = roster_file.parse_roster(f'email,name\nada@example.org,"{typed}"')
    assert row.name == stored


def test_who_became_a_grader_does_not_grade_their_own_work(world: World) -> None:
    """Neither by other points, nor by a grade, nor by answering their own request."""
    with world.database.write.begin() as session:
        own = graded(session, world.settings.submissions, "Student", {"q1": 1.0}).public_id
        other = graded(session, world.settings.submissions, "Other", {"q1": 1.0}).public_id
        student = session.scalars(select(User).where(User.name == "Student")).one()
        member = session.scalars(select(Membership).where(Membership.user == student)).one()
        member.role = Role.GRADER
    client = world.client("student")
    data = {
        "csrf_token": token_of(client, "/account"),
        "points": "1",
        "reason": "I know better.",
        "version": "0",
    }

    def codes(public_id: str) -> list[int]:
        places = (
            f"/staff/submissions/{public_id}/points/q1",
            f"/courses/dl/staff/grading/xor/q7/{public_id}/",
        )
        return [client.post(place, data=data).status_code for place in places]

    assert codes(own) == [404, 404]
    assert codes(other) == [303, 303]


def test_a_clock_that_is_set_back_holds_nobody_up(world: World) -> None:
    """What came by the wrong clock is graded, leases given by it end, and so does a lockout."""
    later = now() + timedelta(hours=1)
    (public_id,) = queue(world, "Student")
    with world.database.write.begin() as session:
        session.scalars(select(Submission)).one().queued_at = later
        key = f"pair:127.0.0.1|{PEOPLE['student'][0]}"
        count = throttle.MOST_FAILURES
        session.add_all(SignInAttempt(key=key, at=later) for _ in range(count))

    assert claim(world) == public_id
    with world.database.write.begin() as session:
        session.scalars(select(Submission)).one().lease_until = later
        assert leases.requeue_expired(session) == 1
        assert session.scalars(select(Submission)).one().state is SubmissionState.QUEUED
    assert world.client("student").get("/account").status_code == 200
