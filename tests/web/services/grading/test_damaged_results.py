"""A result that cannot be read is shown as such, and nothing else suffers from it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import select

from tests.web.conftest import World, spaced
from tests.web.reports import graded, report
from tests.web.services.grading.test_grading import post
from tests.web.services.grading.test_marks import person
from web.models import CourseAssignment, Result, Submission
from web.services.gradebook.class_results import class_statistics
from web.services.gradebook.exports.selection import Choice, select_marks
from web.services.grading import marks
from web.services.regrading import regrades
from web.services.regrading.queue import RegradeQueue
from web.services.regrading.regrades import Scope

STAFF = "/courses/dl/staff/"
PAGES = (
    STAFF,
    f"{STAFF}submissions/",
    f"{STAFF}gradebook/",
    f"{STAFF}assignments/xor/statistics",
    f"{STAFF}assignments/xor/export",
    f"{STAFF}assignments/xor/regrades/",
    f"{STAFF}grading/",
    f"{STAFF}grading/xor/",
    f"{STAFF}grading/xor/q7/",
)
COLUMNS = ("question_tenths", "staff_view", "student_view")
DAMAGES = ("{", "null", "[1]", '"x"', '{"q1": "5"}', "")


def two_graded(world: World) -> str:
    """Grade an attempt of each student; returns the public id of the first one's."""
    with world.database.write.begin() as session:
        folder = world.settings.submissions
        first = graded(session, folder, "Student", {"q1": 3.0})
        graded(session, folder, "Other", {"q1": 2.0})
        return first.public_id


def stored(world: World, public_id: str, column: str) -> str:
    """Return what stands in a column of a submission's result."""
    with closing(sqlite3.connect(world.settings.data / "portal.sqlite3")) as connection:
        query = f"SELECT {column} FROM result JOIN submission ON result.id = result_id"
        return str(connection.execute(f"{query} WHERE public_id = ?", [public_id]).fetchone()[0])


def spoil(world: World, public_id: str, column: str, value: str) -> None:
    """Put something else there."""
    with closing(sqlite3.connect(world.settings.data / "portal.sqlite3")) as connection:
        which = "(SELECT result_id FROM submission WHERE public_id = ?)"
        update = f"UPDATE result SET {column} = ? WHERE id = {which}"
        assert connection.execute(update, [value, public_id]).rowcount == 1
        connection.commit()


@pytest.mark.parametrize("value", DAMAGES)
@pytest.mark.parametrize("column", COLUMNS)
def test_every_page_stands(world: World, column: str, value: str) -> None:
    """Those of staff and of students, whatever is damaged, and in whichever way."""
    public_id = two_graded(world)
    spoil(world, public_id, column, value)
    staff, student = world.client("instructor"), world.client("student")
    own = f"/submissions/{public_id}/"
    of_staff = [
        *PAGES,
        own,
        f"/staff/submissions/{public_id}/",
        f"{STAFF}grading/xor/q7/{public_id}/",
        f"{STAFF}grading/xor/preview/{public_id}/",
    ]
    pages = [(staff, page) for page in of_staff]
    pages += [(student, page) for page in ("/courses/dl/", "/courses/dl/assignments/xor/", own)]

    assert not [page for client, page in pages if client.get(page).status_code != 200]
    for reader in ("", "staff", "preview"):
        client = student if not reader else staff
        assert client.get(f"{own}notebook?as={reader}").status_code in {200, 404}
    for form in ("plain", "moodle", "canvas", "gradescope"):
        answer = post(
            staff,
            f"{STAFF}assignments/xor/export",
            f"{STAFF}assignments/xor/export",
            format=form,
            unreleased="1",
        )
        assert answer.status_code < 500


def test_points_that_cannot_be_read_are_no_points(world: World) -> None:
    """Board and gradebook say so, exports leave them out, and the others' points stand."""
    public_id = two_graded(world)
    spoil(world, public_id, "question_tenths", "{")
    staff, student = world.client("instructor"), world.client("student")

    for page, words in ((STAFF, ">damaged<"), (f"{STAFF}gradebook/", "Damaged result")):
        assert staff.get(page).text.count(words) == 1
    with world.database.read() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        selection = select_marks(session, assignment, Choice(unreleased=True))
        assert [(row.member.user.name, row.tenths) for row in selection.rows] == [("Other", 20)]
        assert [each.why for each in selection.left_out] == [
            "the stored result is damaged; regrade it"
        ]
        numbers = class_statistics(session, assignment)
        assert (numbers.graded, numbers.unreadable) == (2, 1)
        assert numbers.summary is not None
        assert (numbers.summary.count, numbers.summary.mean) == (1, 20)
    assert "1 graded attempt is left out" in spaced(staff.get(PAGES[3]).text)
    assert "The stored result cannot be read" in staff.get(f"/staff/submissions/{public_id}/").text
    assert "The result cannot be shown" in student.get(f"/submissions/{public_id}/").text
    assert "please contact the course staff" in student.get("/courses/dl/assignments/xor/").text


@pytest.mark.parametrize("change", ["more", "less"])
def test_a_report_of_another_version(world: World, change: str) -> None:
    """What a later version has added is passed over; where something is missing, that is told."""
    public_id = two_graded(world)
    for column in ("staff_view", "student_view"):
        view = json.loads(stored(world, public_id, column))
        places = [view, view["questions"][0], view["questions"][0]["tests"][0]]
        places[2]["line"] = {"cell": 1, "line": 1, "text": "a = 1"}
        for place in (*places, places[2]["line"]):
            if change == "more":
                place["added_later"] = 1
            else:
                place.popitem()
        spoil(world, public_id, column, json.dumps(view))
    staff, student = world.client("instructor"), world.client("student")

    own = student.get(f"/submissions/{public_id}/")
    seen = staff.get(f"/staff/submissions/{public_id}/")
    numbers = staff.get(PAGES[3])

    assert [each.status_code for each in (own, seen, numbers)] == [200, 200, 200]
    damaged = change == "less"
    assert ("The result cannot be shown" in own.text) == damaged
    assert ("The stored result cannot be read" in seen.text) == damaged
    assert ("attempt is left out" in spaced(numbers.text)) == damaged
    # The points stand in a column of their own.
    assert "cannot be read" not in staff.get(f"{STAFF}gradebook/").text


def test_who_has_a_damaged_result_hands_in_again(world: World) -> None:
    """The next attempt is claimed by a worker, and so are those that wait behind it."""
    public_id = two_graded(world)
    spoil(world, public_id, "staff_view", "{")

    with world.database.write.begin() as session:
        again = graded(session, world.settings.submissions, "Student", {"q1": 5.0})
        mark = marks.mark_of(session, again)
        assert mark is not None
        assert mark.tenths == 50


def test_grading_again_repairs_it(world: World) -> None:
    """A damaged result has no say in what is published, nor in the hidden inputs of the next."""
    public_id = two_graded(world)
    for column in COLUMNS:
        spoil(world, public_id, column, "{")
    with world.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        actor = person(session, "Instructor")
        regrade = regrades.start(session, actor, assignment, Scope.ALL)
        session.flush()
        for points in (1.0, 2.0):
            claim = RegradeQueue().claim(session, "w")
            assert claim is not None
            assert (claim.seed is None) == (claim.submission.public_id == public_id)
            found = report(assignment.snapshot, {"q1": points})
            assert RegradeQueue().finish(session, claim, found, json.dumps(found.notebook))
        regrades.publish(session, actor, regrade, never_lower=True, note="")
        session.flush()
        submissions = session.scalars(select(Submission).order_by(Submission.id)).all()
        worth = marks.marks_of(session, submissions)

        assert [worth[each.id].tenths for each in submissions] == [10, 20]
        assert not any(mark.damaged for mark in worth.values())
        assert len(session.scalars(select(Result.id)).all()) == 4
