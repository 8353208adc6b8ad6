"""Lateness follows from the rules as they stand; what a change of them does is shown before."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.web.conftest import PEOPLE, World, spaced, token_of
from tests.web.services.grading.test_marks import mark, person, submit
from web.db import now
from web.models import AuditEntry, CourseAssignment, Extension, Membership, Submission
from web.services.courses import assignments
from web.services.courses.assignments import ExtensionTerms
from web.services.grading import rule_effects
from web.services.grading.rule_effects import RuleEffect

PLACE = "/courses/dl/staff/assignments/xor/"
DAY = timedelta(days=1)


def late(session: Session, world: World) -> Submission:
    """A submission with 5 points, two days late at 10 % a day: worth 4."""
    submission = submit(session, world, {"q1": 5})
    assignment = submission.assignment
    assignment.release_at = now() - 20 * DAY
    assignment.due_at = submission.received_at - 1.5 * DAY
    assignment.cutoff_at = submission.received_at + 10 * DAY
    assignment.late_percent_per_day = 10
    session.flush()
    return submission


def test_an_extension_granted_later_repairs_what_came_before(world: World) -> None:
    """And taking it back makes it late again; a moved deadline and a multiplier do alike."""
    with world.database.write.begin() as session:
        submission = late(session, world)
        actor, student = person(session, "Instructor"), submission.user
        assignment = submission.assignment
        found = [mark(session, submission).final_tenths]
        terms = ExtensionTerms(submission.received_at + DAY, None, 0, "ill")
        assignments.extend(session, actor, assignment, student, terms)
        session.flush()
        found.append(mark(session, submission).final_tenths)
        assignments.withdraw_extension(session, actor, assignment, student)
        session.flush()
        found.append(mark(session, submission).final_tenths)
        assignment.due_at = submission.received_at - 0.5 * DAY
        found.append(mark(session, submission).final_tenths)
        member = session.scalars(select(Membership).filter_by(user_id=student.id)).one()
        member.time_multiplier = 1.5
        session.flush()
        found.append(mark(session, submission).final_tenths)

    assert found == [40, 50, 40, 45, 50]


def test_an_effect_counts_submissions_and_totals(world: World) -> None:
    """Of who becomes late and who is no longer; nothing for what changes no mark."""
    with world.database.write.begin() as session:
        submission = late(session, world)
        assignment, student = submission.assignment, submission.user
        terms = ExtensionTerms(submission.received_at + DAY, None, 0, "ill")
        extended = rule_effects.effect_of_extension(session, assignment, student, terms)
        more_attempts = ExtensionTerms(None, None, 2, "ill")
        unchanged = rule_effects.effect_of_extension(session, assignment, student, more_attempts)
        other = person(session, "Other")
        of_other = rule_effects.effect_of_extension(session, assignment, other, terms)

    assert extended == RuleEffect(no_longer_late=1, become_late=0, totals=1)
    assert unchanged.nothing
    assert of_other.nothing


def form_of(assignment: CourseAssignment, due_at: datetime) -> dict[str, str]:
    """The rules' form as the page shows it, with another deadline."""
    moments = {
        "release_at": assignment.release_at,
        "due_at": due_at,
        "cutoff_at": assignment.cutoff_at,
    }
    return {
        **{name: moment.isoformat() for name, moment in moments.items() if moment},
        "grace_minutes": "0",
        "late_percent_per_day": "10",
        "counted": "best",
    }


@pytest.mark.parametrize("form", ["rules", "extensions"])
def test_the_effect_is_shown_before_it_is_saved(world: World, form: str) -> None:
    """The first time nothing is saved; the second time it is, and the log says what it did."""
    with world.database.write.begin() as session:
        submission = late(session, world)
        assignment, student_id = submission.assignment, submission.user_id
        due_at = submission.received_at + DAY
    client = world.client("instructor")
    data = {"csrf_token": token_of(client, "/account")} | (
        form_of(assignment, due_at)
        if form == "rules"
        else {"student": str(student_id), "due_at": due_at.isoformat()}
    )

    shown = client.post(PLACE + form, data=data)
    assert shown.status_code == 200
    assert "Nothing has been saved yet" in shown.text
    words = spaced(shown.text)
    assert "1 submission is no longer late; 0 become late; 1 total changes" in words
    assert 'name="confirmed" value="1 0 1"' in shown.text
    assert points(world, submission) == 40

    assert client.post(PLACE + form, data=data | {"confirmed": "0 7 7"}).status_code == 200
    assert points(world, submission) == 40
    assert client.post(PLACE + form, data=data | {"confirmed": "1 0 1"}).status_code == 303
    assert points(world, submission) == 50
    with world.database.read() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert entry.details["no_longer_late"] == 1
        assert entry.details["totals"] == 1


def points(world: World, submission: Submission) -> int:
    """What a submission is worth after the penalty."""
    with world.database.read() as session:
        return mark(session, session.get_one(Submission, submission.id)).final_tenths


def test_taking_an_extension_back_is_confirmed_as_well(world: World) -> None:
    """It makes submissions late."""
    with world.database.write.begin() as session:
        submission = late(session, world)
        session.add(
            Extension(
                assignment_id=submission.assignment_id,
                user_id=submission.user_id,
                due_at=submission.received_at + DAY,
                created_by_id=submission.user_id,
            )
        )
    client = world.client("instructor")
    place = f"{PLACE}extensions/withdraw"
    data = {"csrf_token": token_of(client, "/account"), "student": str(submission.user_id)}

    shown = client.post(place, data=data)
    assert "0 submissions are no longer late; 1 becomes late" in spaced(shown.text)
    assert points(world, submission) == 50
    assert client.post(place, data=data | {"confirmed": "0 1 1"}).status_code == 303
    assert points(world, submission) == 40


def test_another_multiplier_is_confirmed_as_well(world: World) -> None:
    """It stretches the deadlines of all of the course's assignments."""
    with world.database.write.begin() as session:
        submission = late(session, world)
        member = session.scalars(select(Membership).filter_by(user_id=submission.user_id)).one()
        place = f"/courses/dl/staff/people/{member.id}"
    client = world.client("instructor")
    data = {"csrf_token": token_of(client, "/account"), "role": "student", "active": "1"}
    data["time_multiplier"] = "1.5"

    for strange in ("1e308", "0", "-1"):
        refused = client.post(place, data=data | {"time_multiplier": strange})
        assert refused.status_code in (303, 400)
        assert points(world, submission) == 40
    shown = client.post(place, data=data)
    assert "1 submission is no longer late" in spaced(shown.text)
    assert 'name="time_multiplier" value="1.5"' in shown.text
    assert points(world, submission) == 40
    assert client.post(place, data=data | {"confirmed": "1 0 1"}).status_code == 303
    assert points(world, submission) == 50
    with world.database.read() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert entry.details["no_longer_late"] == 1


def test_the_board_finds_what_is_late_now(world: World) -> None:
    """By the rules as they stand, not by those of the moment of receipt."""
    with world.database.write.begin() as session:
        submission = late(session, world)
        address = submission.public_id
    client = world.client("grader")
    page = "/courses/dl/staff/submissions/?late=1"

    assert address in client.get(page).text
    with world.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        assignment.due_at = now() + DAY
    assert address not in client.get(page).text
    assert PEOPLE["student"][0] in client.get(f"/staff/submissions/{address}/").text
