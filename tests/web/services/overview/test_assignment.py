"""An assignment's own overview, and the steps of a course that is new."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.web.conftest import World, spaced
from tests.web.services.grading.test_marks import person, submit
from web.db import now
from web.models import Course, CourseAssignment, Membership, Role, SubmissionState
from web.services.courses.assignments import course_assignments
from web.services.grading import requests
from web.services.grading.ungraded import UngradedAnswers
from web.services.overview.assignment import assignment_overview
from web.services.overview.checklist import Step, checklist

STAFF = "/courses/dl/staff/"
HUB = f"{STAFF}assignments/xor/"


def xor(session: Session) -> CourseAssignment:
    """Return the assignment."""
    return session.scalars(select(CourseAssignment)).one()


def to_do(world: World, who: str) -> str:
    """Return what waits in the assignment."""
    page = world.client(who).get(HUB).text
    return spaced(page.split('id="todo"')[1].split('id="rules"')[0])


def test_what_waits_in_an_assignment(world: World) -> None:
    """Each thing in numbers, with the page where something is done about it."""
    with world.database.write.begin() as session:
        first = submit(session, world, {"q1": 1.0})
        requests.ask(session, first, "q1", "Please look again.")
        submit(session, world, {"q1": 2.0})
        other = submit(session, world, {"q1": 1.0}, "Other")
        other.state, other.result_id = SubmissionState.FAILED, None
        session.flush()
        ungraded = UngradedAnswers().of_course(session, first.assignment.course)
        found = assignment_overview(session, first.assignment, ungraded, instructs=True)

    assert (found.submitted, found.students, found.submissions) == (2, 2, 3)
    assert (found.failed, found.in_work, found.requests, found.unreleased) == (1, 0, 1, 2)
    assert [(each.question_id, each.answers) for each in found.ungraded] == [("q7", 1)]
    shown = to_do(world, "instructor")
    assert f'action="{STAFF}grading/xor/q7/next"' in shown
    assert "submission could not be graded" in shown and "state=attention" in shown
    assert "1 open regrade request<" in re.sub(r"</span> <span><a [^>]*>", " ", shown)
    assert "submissions are graded, not released" in shown
    assert ">Release</a>" in shown
    assert ">Release</a>" not in to_do(world, "grader")


def test_nothing_waits(world: World) -> None:
    """A tick, and what the rules are."""
    page = spaced(world.client("grader").get(HUB).text)

    assert "Nothing to do in this assignment" in page
    assert "0 of 2" in page


def test_what_is_not_released_says_so(world: World) -> None:
    """To who can release it, with the way there."""
    with world.database.write.begin() as session:
        xor(session).release_at = None

    assert (
        f'href="{HUB}settings">Set its dates, or release it'
        in world.client("instructor").get(HUB).text
    )
    assert "Not released." not in world.client("grader").get(HUB).text


def test_submissions_of_an_assignment_stand_among_its_pages(world: World) -> None:
    """The course's list, filtered, has the assignment's tabs; without a filter it has none."""
    client = world.client("grader")
    filtered = client.get(f"{STAFF}submissions/?assignment=xor").text

    assert 'aria-current="page">Submissions</a>' in filtered
    assert "<h1>XOR weights</h1>" in filtered
    assert 'class="subtabs"' not in client.get(f"{STAFF}submissions/").text
    assert 'class="subtabs"' not in client.get(f"{STAFF}submissions/?assignment=none").text


def test_graders_list_assignments_and_add_none(world: World) -> None:
    """With how many have submitted and how much is to be graded."""
    with world.database.write.begin() as session:
        submit(session, world, {"q1": 1.0})
    page = spaced(world.client("grader").get(f"{STAFF}assignments/").text)

    assert f'href="{HUB}"' in page
    assert '<td class="number">1 of 2</td> <td class="number">1</td>' in page
    assert "Available on the server" not in page
    assert "Available on the server" in world.client("instructor").get(f"{STAFF}assignments/").text


@pytest.fixture
def new(world: World) -> World:
    """Let the instructor have a course with nothing in it, of the same assignment."""
    with world.database.write.begin() as session:
        course = session.scalars(select(Course)).one()
        for each in session.scalars(select(Membership).where(Membership.role == Role.STUDENT)):
            each.active = False
        assert course.slug == "dl"
        xor(session).course = Course(slug="elsewhere", title="Elsewhere")
    return world


def steps(world: World) -> dict[Step, bool]:
    """Return which steps of the course are done."""
    with world.database.read() as session:
        course = session.scalars(select(Course).where(Course.slug == "dl")).one()
        found = checklist(session, course, course_assignments(session, course))
        return dict(found.done) if found else {}


def test_a_new_course_is_set_up_in_four_steps(new: World) -> None:
    """Each is done or one click away, and the list is gone once all are done."""
    instructor = new.client("instructor")
    assert list(steps(new).values()) == [False] * 4
    page = instructor.get(STAFF).text
    assert f'href="{STAFF}people/#add"' in page
    assert f'href="{STAFF}assignments/">Choose an assignment</a>' in page
    assert "Set dates</a>" not in page
    assert "No submissions yet" not in page

    with new.database.write.begin() as session:
        assignment = xor(session)
        assignment.course = session.scalars(select(Course).where(Course.slug == "dl")).one()
        assignment.release_at = assignment.due_at = None
    page = instructor.get(STAFF).text
    assert page.count(f'href="{HUB}settings"') == 2
    assert steps(new) == {
        Step.PEOPLE: False,
        Step.ASSIGNMENT: True,
        Step.DATES: False,
        Step.RELEASE: False,
    }

    with new.database.write.begin() as session:
        assignment = xor(session)
        assignment.release_at, assignment.due_at = now(), now() + timedelta(days=1)
        for each in session.scalars(select(Membership).where(Membership.role == Role.STUDENT)):
            each.active = True
    assert steps(new) == {}
    assert "Set up this course" not in instructor.get(STAFF).text


def test_graders_set_no_course_up(new: World) -> None:
    """The steps are an instructor's."""
    with new.database.read() as session:
        assert person(session, "Grader")

    assert "Set up this course" not in new.client("grader").get(STAFF).text
