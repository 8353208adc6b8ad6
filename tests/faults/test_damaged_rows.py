"""A damaged row is shown as broken, and the rest works: every page stands, and workers go on."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import select

from tests.web.conftest import World
from tests.web.reports import graded, report
from tests.web.services.grading.test_damaged_results import PAGES, STAFF, two_graded
from tests.web.services.grading.test_grading import post
from tests.web.services.submissions.test_queue import queue
from web.models import CourseAssignment
from web.services.gradebook.exports.selection import Choice, select_marks
from web.services.grading.marks import graded_marks
from web.services.submissions.queue import SubmissionQueue
from web.services.submissions.submitting import stored_file

QUESTIONS = ("{", "[1]", '[{"id": "q1", "points": "5", "manual": false, "rubric": []}]')
PROGRESS = (
    "{",
    '{"stage": "cell", "number": "1", "total": 2}',
    '{"stage": "test", "number": 1, "total": 2, "question": "q1", "added_later": 1}',
)
ITEMS = ("{", '[{"index": "0", "points": 5, "text": "x"}]')


def spoil(world: World, table: str, column: str, value: str) -> None:
    """Put something else into a column of every row."""
    with closing(sqlite3.connect(world.settings.data / "portal.sqlite3")) as connection:
        assert connection.execute(f"UPDATE {table} SET {column} = ?", [value]).rowcount
        connection.commit()


def broken_pages(world: World, public_id: str) -> list[str]:
    """The pages of a course and a submission that end in an error of ours."""
    own, of_staff = f"/submissions/{public_id}/", f"/staff/submissions/{public_id}/"
    staff, student = world.client("instructor"), world.client("student")
    pages = [(staff, page) for page in (*PAGES, own, of_staff)]
    pages += [
        (staff, f"{STAFF}assignments/xor/"),
        (staff, f"{STAFF}assignments/xor/settings"),
        (staff, f"{STAFF}grading/xor/q7/{public_id}/"),
        (staff, f"{STAFF}grading/xor/preview/{public_id}/"),
    ]
    pages += [
        (student, page)
        for page in ("/", "/courses/dl/", "/courses/dl/assignments/xor/", own, f"{own}status.json")
    ]
    answers = [(page, client.get(page).status_code) for client, page in pages]
    export = f"{STAFF}assignments/xor/export"
    for form in ("plain", "moodle", "canvas", "gradescope"):
        answer = post(staff, export, export, format=form, unreleased="1")
        answers.append((form, answer.status_code))
    return [f"{page}: {code}" for page, code in answers if code >= 500]


@pytest.mark.parametrize("value", QUESTIONS)
def test_questions_of_a_version(world: World, value: str) -> None:
    """Nobody knows what its results are worth, so they are worth nothing that anybody is told."""
    public_id = two_graded(world)
    spoil(world, "snapshot", "questions", value)

    assert broken_pages(world, public_id) == []
    assert ">damaged<" in world.client("instructor").get(STAFF).text
    with world.database.read() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        assert select_marks(session, assignment, Choice(unreleased=True)).rows == []


def test_workers_go_on_without_the_questions_of_a_version(world: World) -> None:
    """What they grade by is the snapshot's folder."""
    queue(world, "Student")
    with world.database.read() as session:
        snapshot = session.scalars(select(CourseAssignment)).one().snapshot
    spoil(world, "snapshot", "questions", "{")

    with world.database.write.begin() as session:
        claim = SubmissionQueue().claim(session, "w")
        assert claim is not None
        assert claim.snapshot.questions == ()
        found = report(snapshot, {"q1": 1.0})
        assert SubmissionQueue().finish(session, claim, found, json.dumps(found.notebook))


@pytest.mark.parametrize("value", PROGRESS)
def test_progress_of_a_running_submission(world: World, value: str) -> None:
    """It is shown as one that begins, or without what a later version has added."""
    (public_id,) = queue(world, "Student")
    with world.database.write.begin() as session:
        assert SubmissionQueue().claim(session, "w") is not None
    spoil(world, "submission", "progress", value)

    assert broken_pages(world, public_id) == []
    status = world.client("student").get(f"/submissions/{public_id}/status.json").json
    assert status["state"] == "running"
    assert status["text"] == (
        "Testing question q1: test 2 of 2." if "added_later" in value else "Starting…"
    )


@pytest.mark.parametrize("value", ITEMS)
def test_items_of_a_grade(toy: World, value: str) -> None:
    """The points that a person gave stand; what they had chosen is chosen again."""
    before = points(toy)
    spoil(toy, "manual_grade", "items", value)

    assert points(toy) == before
    assert toy.client("instructor").get(f"{STAFF}gradebook/").status_code == 200


def points(world: World) -> list[int]:
    """What all graded attempts are worth."""
    with world.database.read() as session:
        assignments = session.scalars(select(CourseAssignment).order_by(CourseAssignment.id)).all()
        return [mark.tenths for each in assignments for mark in graded_marks(session, each)]


def test_why_a_submission_was_not_graded(world: World) -> None:
    """Staff read it as it stands."""
    (public_id,) = queue(world, "Student")
    spoil(world, "submission", "state", "failed")
    spoil(world, "submission", "reason", '{"code":')

    assert broken_pages(world, public_id) == []


def test_a_submitted_file_that_is_missing(world: World) -> None:
    """Its reader is told so; results, and the other's file, are there."""
    public_id = two_graded(world)
    with world.database.write.begin() as session:
        other = graded(session, world.settings.submissions, "Student", {"q1": 1.0})
    next(world.settings.submissions.rglob(f"{public_id}.ipynb")).unlink()
    student = world.client("student")

    answer = student.get(f"/submissions/{public_id}/file")

    assert answer.status_code == 404
    assert "This file is damaged" in answer.text
    assert "missing on the server" in answer.text
    assert broken_pages(world, public_id) == []
    content = stored_file(world.settings.submissions, other).read_bytes()
    with student.get(f"/submissions/{other.public_id}/file") as found:
        assert found.data == content
