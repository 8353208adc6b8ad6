"""Whatever staff do is written down, with who did it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from tests.web.conftest import PEOPLE, World, token_of
from tests.web.test_policy_routes import routes
from web.models import AuditEntry, CourseAssignment, Submission, User

RULES = {"counted": "last", "due_at": "2030-01-01T12:00", "grace_minutes": "5"}
COURSE = {
    "slug": "optics",
    "title": "Optics",
    "time_zone": "Europe/Berlin",
    "email": "emmy@example.org",
}
# What each route is sent, and what the log then holds; a new route needs a row here.
DOES: dict[str, tuple[dict[str, Any], str]] = {
    "staff.take_up": ({"name": "perceptron"}, "assignment.taken_up"),
    "staff.rules": (RULES, "assignment.rules_changed"),
    "staff.release": ({}, "assignment.released"),
    "staff.update": ({}, "assignment.updated"),
    "staff.extend": ({"student": "of ada", "extra_attempts": "1"}, "extension.granted"),
    "staff.take_in_roster": (
        {"text": "email\nlise@example.org", "role": "student", "confirmed": "1"},
        "roster.taken_in",
    ),
    "staff.change": (
        {"role": "student", "time_multiplier": "1.5", "active": "1"},
        "membership.changed",
    ),
    "staff.link": ({}, "link.made"),
    "staff.retry": ({}, "submission.retried"),
    "staff.make_course": (COURSE, "course.made"),
}


def prepare(world: World) -> int:
    """Let there be a submission that failed and older content; gives the student's number."""
    with world.database.write.begin() as session:
        session.scalars(select(Submission)).one().state = "failed"
        session.scalars(select(CourseAssignment)).one().snapshot.content_hash = "0" * 64
        return session.scalars(select(User.id).where(User.email == PEOPLE["student"][0])).one()


def test_every_route_of_staff_is_in_the_table(world: World) -> None:
    """A new form for staff without a word about the log fails here."""
    found = {end for end, method, _ in routes(world) if method == "POST" and "staff." in end}

    assert found == set(DOES)


@pytest.mark.parametrize("endpoint", DOES)
def test_every_form_of_staff_leaves_an_entry(world: World, endpoint: str) -> None:
    """The entry says what was done, and by whom."""
    (address,) = [at for end, method, at in routes(world) if (end, method) == (endpoint, "POST")]
    student = prepare(world)
    data, action = DOES[endpoint]
    data = {name: student if value == "of ada" else value for name, value in data.items()}
    client = world.client("admin")

    answer = client.post(address, data={**data, "csrf_token": token_of(client, "/account")})

    assert answer.status_code in (200, 303), answer.text
    with world.database.read() as session:
        last = session.scalars(
            select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id.desc())
        ).first()
    assert last is not None
    assert last.actor is not None
    assert last.actor.email == PEOPLE["admin"][0]


def test_log_is_readable(world: World) -> None:
    """What changed stands there in words, old and new."""
    client = world.client("instructor")
    data = {**RULES, "csrf_token": token_of(client, "/account")}
    client.post("/courses/dl/staff/assignments/xor/rules", data=data)

    page = client.get("/courses/dl/staff/audit/").text

    assert "assignment: rules changed" in page
    assert "best → last" in page
    assert "Instructor" in page
