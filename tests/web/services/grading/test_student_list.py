"""A student's assignments by deadline, with what each still allows, costs and waits for."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.web.conftest import World, spaced
from tests.web.services.grading.test_marks import person, submit
from web.db import now
from web.models import (
    Course,
    CourseAssignment,
    Extension,
    Membership,
    Role,
    Snapshot,
    Submission,
    SubmissionState,
)
from web.services import lookup
from web.services.grading import student_list, student_view
from web.services.grading.student_list import Pending, StudentList

COURSE = "/courses/dl/"


def add(session: Session, name: str, course: Course | None = None, **rules: object) -> None:
    """Add another assignment, released."""
    first = session.scalars(select(CourseAssignment).where(CourseAssignment.name == "xor")).one()
    snapshot = Snapshot(
        name=name,
        content_hash=f"{hash(name) % 10**60:064d}",
        title=name.title(),
        max_tenths=100,
        questions=first.snapshot.questions,
    )
    terms = {"release_at": now() - timedelta(days=30), **rules}
    session.add(
        CourseAssignment(course=course or first.course, name=name, snapshot=snapshot, **terms)
    )
    session.flush()


def listed(session: Session, who: str = "Student") -> StudentList:
    """Return somebody's list."""
    course = session.scalars(select(Course).where(Course.slug == "dl")).one()
    views = student_view.released(session, person(session, who), course)
    return student_list.student_list(views)


def xor(session: Session) -> CourseAssignment:
    """Return the assignment that everybody has."""
    return session.scalars(select(CourseAssignment).where(CourseAssignment.name == "xor")).one()


def names(part: object) -> list[str]:
    """Return which assignments a part of the list holds."""
    assert isinstance(part, list)
    return [each.view.assignment.name for each in part]


def page(world: World, who: str = "student") -> str:
    """Return a student's page of the course."""
    return spaced(world.client(who).get(COURSE).text)


def assignment_page(world: World) -> str:
    """Return the page of the assignment as a student sees it."""
    return spaced(world.client("student").get("/courses/dl/assignments/xor/").text)


def row(page: str, title: str) -> str:
    """Return what the list says of an assignment."""
    return next(
        spaced(re.sub("<[^>]+>", " ", each))
        for each in re.findall("<tr .*?</tr>", page)
        if f">{title}</a>" in each
    )


def test_due_next_then_open_then_past(world: World) -> None:
    """Each by the student's own deadlines; who has an extension finds it where it belongs."""
    day = timedelta(days=1)
    with world.database.write.begin() as session:
        add(session, "later", due_at=now() + 9 * day)
        add(session, "always")
        add(session, "late", due_at=now() - day, cutoff_at=now() + day)
        add(session, "old", due_at=now() - 9 * day)
        add(session, "older", due_at=now() - 20 * day)
        add(session, "hidden", due_at=now() + day, release_at=None)
        found = listed(session)
        old = session.scalars(select(CourseAssignment).where(CourseAssignment.name == "old")).one()
        other = person(session, "Other")
        session.add(
            Extension(
                assignment_id=old.id, user_id=other.id, due_at=now() + day / 2, created_by_id=1
            )
        )
        session.flush()
        extended = listed(session, "Other")

    assert names(found.due) == ["xor", "later"]
    assert names(found.open) == ["late", "always"]
    assert names(found.past) == ["old", "older"]
    assert names(extended.due) == ["old", "xor", "later"]
    text = page(world)
    assert text.index(">Due next<") < text.index(">Open<") < text.index(">Past<")
    assert "Hidden" not in text
    assert "extended for you" in row(page(world, "other"), "Old")


def test_what_being_late_would_cost_today(world: World) -> None:
    """By the rules as they stand; never more than all, and nothing where all is closed."""
    with world.database.write.begin() as session:
        assignment = xor(session)
        assignment.due_at = now() - timedelta(hours=30)
        assignment.cutoff_at = now() + timedelta(days=9)
        assignment.late_percent_per_day = 12.5
        (late,) = listed(session).open
        far = replace(late, at=now() + timedelta(days=30))

    assert late.penalty_percent == 25.0
    assert far.penalty_percent == 100.0
    assert "late penalty today 25 %" in row(page(world), "XOR weights")
    with world.database.write.begin() as session:
        xor(session).cutoff_at = now() - timedelta(hours=1)
    assert "penalty" not in row(page(world), "XOR weights")


def test_attempts_left(world: World) -> None:
    """As many as are left, and how many were used where there is no limit."""
    with world.database.write.begin() as session:
        submit(session, world, {"q1": 1.0})
    assert "1 used, no limit" in row(page(world), "XOR weights")
    assert "1 used, no limit" in assignment_page(world)
    with world.database.write.begin() as session:
        xor(session).max_attempts = 3
    assert "2 left" in row(page(world), "XOR weights")
    assert "1 used, 2 left" in assignment_page(world)
    with world.database.write.begin() as session:
        xor(session).max_attempts, xor(session).due_at = None, now() - timedelta(days=9)
    assert "no limit" not in row(page(world), "XOR weights")
    assert "no limit" not in assignment_page(world)


@pytest.mark.parametrize(
    ("state", "pending"),
    [
        (SubmissionState.QUEUED, Pending.GRADING),
        (SubmissionState.RUNNING, Pending.GRADING),
        (SubmissionState.UNUSABLE, None),
        (SubmissionState.FAILED, None),
    ],
)
def test_what_a_submission_without_a_result_waits_for(
    world: World, state: SubmissionState, pending: Pending | None
) -> None:
    """The tests; or nothing, since the student has to submit anew, or staff to retry."""
    with world.database.write.begin() as session:
        attempt = submit(session, world, {"q1": 1.0})
        attempt.state, attempt.result_id = state, None
        session.flush()
        (found,) = listed(session).due

    assert found.pending is pending


def test_written_answers_and_hidden_results_are_waited_for(world: World) -> None:
    """First a person; while results are hidden, no points are shown, whoever asks."""
    with world.database.write.begin() as session:
        submit(session, world, {"q1": 1.0})
        (found,) = listed(session).due
        assert found.pending is Pending.MANUAL
    assert "Needs manual grading" in row(page(world), "XOR weights")
    with world.database.write.begin() as session:
        xor(session).results_at = now() + timedelta(days=3)
        (found,) = listed(session).due
        assert found.pending is Pending.RESULTS
    hidden = row(page(world), "XOR weights")
    assert "Results hidden until" in hidden
    assert re.search(r"\u2013 / [\d.]+", hidden)


def test_the_start_page_lists_what_is_due_in_all_courses(world: World) -> None:
    """Those in which one is a student, the next one first, with what is submitted."""
    hour = timedelta(hours=1)
    with world.database.write.begin() as session:
        ada = person(session, "Student")
        for slug, role in (("ml", Role.STUDENT), ("st", Role.GRADER)):
            course = Course(slug=slug, title=f"Course {slug}")
            session.add(Membership(user=ada, course=course, role=role))
            add(session, f"task-{slug}", course, due_at=now() + 5 * hour)
            add(session, f"gone-{slug}", course, due_at=now() - 5 * hour)
        submit_xor = submit_for(session, world)
        memberships = lookup.courses_of(session, ada)
        due = student_list.due_next(session, ada, memberships)

    assert submit_xor
    assert [each.assignment.name for each in due] == ["task-ml", "xor"]
    assert [each.submitted for each in due] == [False, True]
    text = spaced(world.client("student").get("/").text)
    assert row(text, "Task-Ml").split()[:1] == ["Task-Ml"]
    assert "in 4 hours" in row(text, "Task-Ml")
    assert "Submitted" in row(text, "XOR weights")


def submit_for(session: Session, world: World) -> str:
    """Submit for the student where several assignments are; returns the public id."""
    attempt = Submission(
        assignment=xor(session),
        user=person(session, "Student"),
        snapshot_id=xor(session).snapshot_id,
        number=1,
        file_name="a.ipynb",
        sha256="0" * 64,
        size_bytes=1,
    )
    session.add(attempt)
    session.flush()
    return attempt.public_id
