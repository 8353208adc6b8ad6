"""Whatever staff do is written down, with who did it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.web.conftest import PEOPLE, World, token_of
from tests.web.reports import report
from tests.web.test_policy_routes import routes
from web.models import (
    AuditEntry,
    CourseAssignment,
    Regrade,
    Submission,
    SubmissionState,
    User,
)
from web.services.courses import assignments
from web.services.grading import overrides, release
from web.services.regrading import regrades
from web.services.regrading.queue import RegradeQueue

RULES = {"counted": "last", "due_at": "2030-01-01T12:00", "grace_minutes": "5"}
COURSE = {
    "slug": "optics",
    "title": "Optics",
    "time_zone": "Europe/Berlin",
    "email": "emmy@example.org",
}
# What each route is sent, and what the log then holds; a new route needs a row here.
DOES: dict[str, tuple[dict[str, Any], str]] = {
    "staff.import_assignment": ({"name": "perceptron"}, "assignment.taken_up"),
    "staff.change_rules": (RULES, "assignment.rules_changed"),
    "staff.release_assignment": ({}, "assignment.released"),
    "staff.update_assignment": ({}, "assignment.updated"),
    "staff.grant_extension": ({"student": "of ada", "extra_attempts": "1"}, "extension.granted"),
    "staff.withdraw_extension": ({"student": "of ada"}, "extension.withdrawn"),
    "staff.import_roster": (
        {"text": "email\nlise@example.org", "role": "student", "confirmed": "1"},
        "roster.taken_in",
    ),
    "staff.change_membership": (
        {"role": "student", "time_multiplier": "1.5", "active": "1"},
        "membership.changed",
    ),
    "staff.make_link": ({}, "link.made"),
    "staff.correct_person": ({"name": "Ada", "student_number": "12"}, "person.corrected"),
    "staff.retry_grading": ({}, "submission.retried"),
    "staff.make_course": (COURSE, "course.made"),
    "staff.grade_answer": ({"version": "0", "item": "0", "comment": "Good."}, "answer.graded"),
    "staff.save_comment": ({"text": "Which step?"}, "comment.kept"),
    "staff.delete_comment": ({}, "comment.deleted"),
    "staff.change_grading_rules": ({"anonymous_grading": "1"}, "grading.rules_changed"),
    "staff.release_grades": ({}, "grades.released"),
    "staff.withdraw_grades": ({}, "grades.withdrawn"),
    "staff.start_regrade": ({"scope": "all"}, "regrade.started"),
    "staff.publish_regrade": ({}, "regrade.published"),
    "staff.discard_regrade": ({}, "regrade.discarded"),
    "staff.answer_request": ({"decision": "decline", "answer": "It holds."}, "request.declined"),
    "staff.change_points": ({"points": "1", "reason": "Half of it."}, "points.changed"),
    "staff.restore_points": ({}, "points.change_removed"),
    "staff.change_grade_rules": ({"weight-xor": "2"}, "grade_rules.changed"),
    "staff.export_marks": ({"kind": "plain"}, "marks.exported"),
    "staff.export_gradebook": ({}, "gradebook.exported"),
}


# They only keep others from an answer for some minutes: nothing has been done by that.
HOLDS = {"staff.claim_next_answer", "staff.claim_answer"}


def prepare(world: World, endpoint: str) -> int:
    """Let there be what a form acts on; returns the student's number."""
    with world.database.write.begin() as session:
        submission = session.scalars(select(Submission)).one()
        instructor = session.scalars(select(User).where(User.name == "Instructor")).one()
        assignment = submission.assignment
        if endpoint == "staff.retry_grading":
            submission.state = SubmissionState.FAILED
        elif endpoint == "staff.update_assignment":
            assignment.snapshot.content_hash = "0" * 64
        elif endpoint == "staff.withdraw_extension":
            terms = assignments.ExtensionTerms(None, None, 1, "")
            assignments.extend(session, instructor, assignment, submission.user, terms)
        elif endpoint == "staff.restore_points":
            overrides.set_points(session, instructor, submission, "q7", 10, "Right after all.")
        elif endpoint == "staff.withdraw_grades":
            release.release(session, instructor, assignment)
        elif endpoint in ("staff.publish_regrade", "staff.start_regrade"):
            _finish_regrade(session, assignment)
        if endpoint == "staff.start_regrade":
            regrades.discard(session, instructor, session.scalars(select(Regrade)).one())
        return submission.user_id


def _finish_regrade(session: Session, assignment: CourseAssignment) -> None:
    claim = RegradeQueue().claim(session, "w")
    assert claim is not None
    found = report(assignment.snapshot, {"q1": 2.0})
    assert RegradeQueue().finish(session, claim, found, json.dumps(found.notebook))


def test_every_route_of_staff_is_in_the_table(world: World) -> None:
    """A new form for staff without a word about the log fails here."""
    found = {end for end, method, _ in routes(world) if method == "POST" and "staff." in end}

    assert found == set(DOES) | HOLDS


@pytest.mark.parametrize("endpoint", DOES)
def test_every_form_of_staff_leaves_an_entry(world: World, endpoint: str) -> None:
    """The entry says what was done, and by whom."""
    (address,) = [at for end, method, at in routes(world) if (end, method) == (endpoint, "POST")]
    student = prepare(world, endpoint)
    data, action = DOES[endpoint]
    data = {name: student if value == "of ada" else value for name, value in data.items()}
    client = world.client("admin")

    answer = client.post(address, data={**data, "csrf_token": token_of(client, "/account")})

    answer.close()
    assert answer.status_code in (200, 303)
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
