"""All that concerns one student on one page, for staff; nothing that undoes anonymous grading."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.web.conftest import World, spaced
from tests.web.services.grading.test_marks import person, submit
from web.db import now
from web.models import CourseAssignment, Extension, Membership, Role, User
from web.services.grading import release, requests

STAFF = "/courses/dl/staff/"
EXTENDED = "2099"


def place(world: World, name: str = "Student") -> str:
    """Return the address of somebody's page."""
    with world.database.read() as session:
        query = select(Membership).join(User).where(User.name == name)
        return f"{STAFF}students/{session.scalars(query).one().id}/"


@pytest.fixture
def known(world: World) -> dict[str, str]:
    """Let a student have two attempts, an extension and a request; returns public ids."""
    with world.database.write.begin() as session:
        student = person(session, "Student")
        student.student_number = "4711"
        member = session.scalars(select(Membership).where(Membership.user == student)).one()
        member.section = "Monday"
        first = submit(session, world, {"q1": 1.0})
        second = submit(session, world, {"q1": 2.0})
        requests.ask(session, first, "q1", "Please look again.")
        due_at = now().replace(year=int(EXTENDED))
        session.add(
            Extension(
                assignment_id=first.assignment_id,
                user_id=student.id,
                due_at=due_at,
                extra_attempts=2,
                created_by_id=student.id,
            )
        )
        return {"first": first.public_id, "second": second.public_id}


def test_identity_attempts_points_extension_and_requests(
    world: World, known: dict[str, str]
) -> None:
    """Each attempt and request a click away, and the way to an extension."""
    page = world.client("instructor").get(place(world)).text
    shown = spaced(re.sub("<[^>]+>", " ", page))

    for words in ("ada@example.org", "4711", "Monday", "2 extra attempts", EXTENDED, "counts"):
        assert words in shown
    for public_id in known.values():
        assert f'href="/staff/submissions/{public_id}/"' in page
    assert f"{STAFF}requests/#request-1" in page
    assert 'aria-label="Extend XOR weights for Student"' in page
    assert f'href="{STAFF}people/' in page


def test_graders_see_it_without_what_only_instructors_do(
    world: World, known: dict[str, str]
) -> None:
    """Neither an extension nor a correction is theirs to make."""
    page = world.client("grader").get(place(world)).text

    assert f'href="/staff/submissions/{known["first"]}/"' in page
    assert "Extend" not in page.replace("extended", "")
    assert f"{STAFF}people/" not in page


def test_why_somebody_has_more_time_is_for_instructors(world: World) -> None:
    """It may be private, and it would tell whose an anonymous answer is that is late for others."""
    with world.database.write.begin() as session:
        student = person(session, "Student")
        member = session.scalars(select(Membership).where(Membership.user == student)).one()
        member.labels, member.time_multiplier = ("needs a quiet room",), 1.5
    pages = {each: world.client(each).get(place(world)).text for each in ("instructor", "grader")}

    for words in ("needs a quiet room", "time multiplier 1.5"):
        assert words in pages["instructor"]
        assert words not in pages["grader"]


def _anonymous(session: Session, *, released: bool) -> None:
    assignment = session.scalars(select(CourseAssignment)).one()
    assignment.anonymous_grading = True
    if released:
        release.release(session, person(session, "Instructor"), assignment)


@pytest.mark.parametrize("released", [False, True])
def test_graders_cannot_tell_whose_an_anonymous_answer_is(
    world: World, known: dict[str, str], *, released: bool
) -> None:
    """No attempt, time, extension or request stands beside the name; points after the release."""
    with world.database.write.begin() as session:
        _anonymous(session, released=released)
    page = world.client("grader").get(place(world)).text
    shown = spaced(re.sub("<[^>]+>", " ", page.split("<h2>Assignments</h2>")[1]))

    for secret in (*known.values(), EXTENDED, "extra", "request", "Attempt 1", "counts", "late"):
        assert secret not in shown.replace("Attempts", "")
    assert ("2 / " in shown) == released
    assert "graded anonymously" in shown
    for_instructor = world.client("instructor").get(place(world)).text
    assert f'href="/staff/submissions/{known["first"]}/"' in for_instructor
    assert "#request-" not in for_instructor


@pytest.mark.parametrize("anonymous", [False, True])
def test_a_submission_leads_to_its_student(
    world: World, known: dict[str, str], *, anonymous: bool
) -> None:
    """Unless its reader may not know who that is."""
    with world.database.write.begin() as session:
        session.scalars(select(CourseAssignment)).one().anonymous_grading = anonymous
    submission = f"/staff/submissions/{known['first']}/"
    client = world.client("grader")

    answer = client.get(f"{submission}student")

    assert answer.status_code == (404 if anonymous else 302)
    assert (f'href="{submission}student"' in client.get(submission).text) != anonymous
    assert world.client("instructor").get(f"{submission}student").location == place(world)


def _left(membership: Membership) -> None:
    membership.active = False


def _staff(membership: Membership) -> None:
    membership.role = Role.GRADER


@pytest.mark.parametrize(("change", "status"), [(_left, 200), (_staff, 404)])
def test_who_has_left_has_a_page_and_staff_have_none(
    world: World, known: dict[str, str], change: Callable[[Membership], None], status: int
) -> None:
    """What somebody submitted stays; what staff submit is no student's."""
    address = place(world)
    with world.database.write.begin() as session:
        student = person(session, "Student")
        change(session.scalars(select(Membership).where(Membership.user == student)).one())

    assert world.client("instructor").get(address).status_code == status


def test_the_page_of_another_course_is_out_of_reach(world: World) -> None:
    """Whatever number stands in the address."""
    client = world.client("student")

    assert client.get(place(world)).status_code == 404
    assert world.client("instructor").get(f"{STAFF}students/999999/").status_code == 404


def test_late_attempts_are_marked(world: World) -> None:
    """By the student's own rules."""
    with world.database.write.begin() as session:
        submission = submit(session, world, {"q1": 1.0})
        submission.received_at = now() + timedelta(days=3)

    assert ">late</span>" in world.client("grader").get(place(world)).text
