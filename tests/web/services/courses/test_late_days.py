"""Late days: given by the course, used by themselves, seen by their student, shown before saved."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.web.conftest import PEOPLE, World, spaced, token_of
from tests.web.services.grading.test_marks import mark, submit
from tests.web.test_form_versions import form
from web.db import now
from web.models import (
    AuditEntry,
    Course,
    CourseAssignment,
    Membership,
    Submission,
    SubmissionState,
    User,
)
from web.services.courses.rule_book import LateDays, rule_book

DAY = timedelta(days=1)
COURSE = "/courses/dl/"
PLACE = f"{COURSE}staff/assignments/xor/"
SAVE = f"{COURSE}staff/late-days"
LIST = f"{COURSE}staff/assignments/"


def add(session: Session, name: str, due_at: datetime, most: int) -> CourseAssignment:
    """Add an assignment of the course with a late penalty, for which late days may be used."""
    of = session.scalars(select(CourseAssignment).order_by(CourseAssignment.id)).first()
    assert of is not None
    assignment = CourseAssignment(course=of.course, name=name, snapshot=of.snapshot)
    assignment.release_at, assignment.due_at = now() - 30 * DAY, due_at
    assignment.cutoff_at = now() + 30 * DAY
    assignment.late_percent_per_day, assignment.max_late_days = 10, most
    session.add(assignment)
    return assignment


def late(session: Session, assignment: CourseAssignment, days: float, number: int = 1) -> None:
    """Submit late."""
    student = session.scalars(select(User).where(User.name == "Student")).one()
    assert assignment.due_at is not None
    session.add(
        Submission(
            assignment=assignment,
            user=student,
            snapshot_id=assignment.snapshot_id,
            number=number,
            file_name="a.ipynb",
            sha256="",
            size_bytes=0,
            state=SubmissionState.GRADED,
            received_at=assignment.due_at + days * DAY,
        )
    )
    session.flush()


@pytest.fixture
def course(either: World) -> World:
    """Three assignments; the course gives five late days, of which each lets three be used."""
    with either.database.write.begin() as session:
        submission = submit(session, either, {"q1": 5})
        xor = submission.assignment
        xor.release_at, xor.due_at = now() - 20 * DAY, submission.received_at - 1.5 * DAY
        xor.cutoff_at = now() + 10 * DAY
        xor.late_percent_per_day, xor.max_late_days = 10, 3
        xor.course.late_days = 5
        add(session, "first", now() - 9 * DAY, 3)
        add(session, "last", now() - 1.2 * DAY, 3)
    return either


def days(world: World) -> dict[str, LateDays]:
    """The late days of the student, by assignment."""
    with world.database.read() as session:
        student = session.scalars(select(User).where(User.name == "Student")).one()
        found = session.scalars(select(CourseAssignment)).all()
        book = rule_book(session, found, [student.id])
        return {each.name: book.late_days(each, student.id) for each in found}


def points(world: World) -> int:
    """What the student's submission for xor is worth."""
    with world.database.read() as session:
        query = select(Submission).join(CourseAssignment).where(CourseAssignment.name == "xor")
        return mark(session, session.scalars(query).one()).final_tenths


def test_late_days_are_used_in_the_order_of_the_deadlines(course: World) -> None:
    """What an earlier assignment's latest attempt needs is not there for the later ones."""
    assert points(course) == 50
    assert days(course) == {
        "first": LateDays(3, 0), "xor": LateDays(3, 2), "last": LateDays(3, 0)
    }  # fmt: skip
    with course.database.write.begin() as session:
        first = session.scalars(select(CourseAssignment).filter_by(name="first")).one()
        late(session, first, 0.5)
    assert days(course)["xor"] == LateDays(3, 2)
    with course.database.write.begin() as session:
        first = session.scalars(select(CourseAssignment).filter_by(name="first")).one()
        late(session, first, 6, number=2)
    assert days(course) == {
        "first": LateDays(3, 3), "xor": LateDays(2, 2), "last": LateDays(0, 0)
    }  # fmt: skip
    with course.database.write.begin() as session:
        session.scalars(select(Course)).one().late_days = 4
    assert days(course)["xor"] == LateDays(1, 1)
    assert points(course) == 45


def test_what_costs_nothing_uses_nothing(course: World) -> None:
    """Without a penalty, within the grace, or as practice; unreadable files use none either."""
    for change in ({"late_percent_per_day": 0}, {"grace_minutes": 3 * 24 * 60}):
        with course.database.write.begin() as session:
            xor = session.scalars(select(CourseAssignment).filter_by(name="xor")).one()
            kept = {name: getattr(xor, name) for name in change}
            for name, value in change.items():
                setattr(xor, name, value)
        assert days(course)["xor"].used == 0
        with course.database.write.begin() as session:
            xor = session.scalars(select(CourseAssignment).filter_by(name="xor")).one()
            for name, value in kept.items():
                setattr(xor, name, value)
    assert days(course)["xor"].used == 2
    for column, value in (("practice", True), ("state", SubmissionState.UNUSABLE)):
        with course.database.write.begin() as session:
            setattr(session.scalars(select(Submission)).one(), column, value)
        assert days(course)["xor"].used == 0
        with course.database.write.begin() as session:
            submission = session.scalars(select(Submission)).one()
            submission.practice, submission.state = False, SubmissionState.GRADED


def test_students_see_what_is_left_and_what_a_submission_would_use(course: World) -> None:
    """Before they use it; their result says what the days spared."""
    client = course.client("student")
    assert "3 of 5 late days left" in spaced(client.get(COURSE).text)
    page = spaced(client.get(f"{COURSE}assignments/xor/").text)
    assert "3 of 5 late days left, 2 used here; at most 3 can be used here" in page
    assert "A submission now uses" not in page
    assert '<span class="chip">2 late days</span>' in page
    last = spaced(client.get(f"{COURSE}assignments/last/").text)
    assert "A submission now uses <strong>2 late days</strong>" in last
    with course.database.read() as session:
        public_id = session.scalars(select(Submission.public_id)).one()
    result = spaced(client.get(f"/submissions/{public_id}/").text)
    assert "2 late days cost nothing here." in result
    with course.database.read() as session:
        of_student = select(Membership.id).join(User).where(User.name == "Student")
        number = session.scalars(of_student).one()
    for place in ("submissions/", f"students/{number}/"):
        board = spaced(course.client("grader").get(f"{COURSE}staff/{place}").text)
        assert '<span class="chip">2 late days</span>' in board


def test_late_days_are_set_and_what_that_does_is_shown(course: World) -> None:
    """For the course and an assignment; nothing is saved until it is confirmed."""
    client = course.client("instructor")
    fields = form(client.get(LIST).text, SAVE)
    assert fields["late_days"] == "5"

    shown = client.post(SAVE, data=fields | {"late_days": "1"})
    assert "1 total changes" in spaced(shown.text)
    assert points(course) == 50
    assert client.post(SAVE, data=form(shown.text, SAVE)).status_code == 303
    assert points(course) == 45
    with course.database.read() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert entry.action == "course.late_days_changed"
        assert entry.details == {
            "changed": {"late_days": [5, 1]}, "no_longer_late": 0, "become_late": 0, "totals": 1
        }  # fmt: skip

    rules = f"{PLACE}rules"
    fields = form(client.get(f"{PLACE}settings").text, rules) | {"max_late_days": "0"}
    shown = client.post(rules, data=fields)
    assert "1 total changes" in spaced(shown.text)
    assert client.post(rules, data=form(shown.text, rules)).status_code == 303
    assert points(course) == 40


@pytest.mark.parametrize("typed", ["-1", "366", "1.5", "many", "9" * 30])
def test_strange_late_days_are_refused(world: World, typed: str) -> None:
    """And nothing is changed."""
    client = world.client("instructor")
    data = {"csrf_token": token_of(client, "/account"), "late_days": typed}
    client.post(SAVE, data=data, headers={"Referer": f"http://localhost{LIST}"})

    with world.database.read() as session:
        assert session.scalars(select(Course)).one().late_days == 0


def test_an_extension_frees_late_days_for_later_assignments(course: World) -> None:
    """The preview says whose points change, and where."""
    with course.database.write.begin() as session:
        first = session.scalars(select(CourseAssignment).filter_by(name="first")).one()
        late(session, first, 3)
        session.scalars(select(Course)).one().late_days = 3
    assert points(course) == 40
    client = course.client("instructor")
    place = f"{COURSE}staff/assignments/first/extensions"
    fields = form(client.get(f"{place}/").text, place)
    fields |= {"people": PEOPLE["student"][0], "due_at": (now() + DAY).isoformat()}

    shown = spaced(client.post(place, data=fields).text)
    assert "1 submission is no longer late; 0 become late; 1 total changes" in shown
    assert ": 4 → <strong>5</strong>" in shown
    assert points(course) == 40
