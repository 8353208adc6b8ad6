"""Staff find students, assignments and submissions by one field; others find nothing."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.web.conftest import World
from tests.web.services.grading.test_marks import person, submit
from web.models import Course, CourseAssignment, Membership, Role, User
from web.services.overview.search import MOST, search

PLACE = "/courses/dl/staff/search"


@pytest.fixture
def number(world: World) -> str:
    """Let a student with a number and a name of their own submit; returns the submission's id."""
    with world.database.write.begin() as session:
        student = person(session, "Student")
        student.name, student.student_number = "Lovelace 100% sure", "4711"
        return submit(session, world, {"q1": 1.0}, student.name).public_id


def found_by(world: World, text: str) -> list[str]:
    """Return what is found, in words."""
    with world.database.read() as session:
        course = session.scalars(select(Course).where(Course.slug == "dl")).one()
        found = search(session, course, text)
        return [
            *(each.user.name for each in found.students),
            *(each.name for each in found.assignments),
            *(each.public_id for each in found.submissions),
        ]


@pytest.mark.parametrize("text", ["lovel", "LOVELACE", "4711", "ada@", " 100% s ", "0% s"])
def test_students_by_name_number_and_address(world: World, number: str, text: str) -> None:
    """By any part, in any case; a percent sign is a letter."""
    assert found_by(world, text) == ["Lovelace 100% sure"]


@pytest.mark.parametrize("text", ["%", "_", "xo_", "", "   ", "Noether", "curie@example.org"])
def test_what_finds_nothing_else(world: World, number: str, text: str) -> None:
    """Wildcards are letters; staff are no students."""
    assert found_by(world, text) == (["Lovelace 100% sure"] if text == "%" else [])


@pytest.mark.parametrize("text", ["xor", "weights"])
def test_assignments_by_name_and_title(world: World, text: str) -> None:
    """Either is enough."""
    assert found_by(world, text) == ["xor"]


def test_submissions_by_number(world: World, number: str) -> None:
    """By its beginning, as it is called where names are hidden, or by the address of its page."""
    for text in (
        number,
        number[:6],
        number[:6].upper(),
        f"Answer {number[:6]}",
        f"https://portal.example.org/submissions/{number}/",
        f"/staff/submissions/{number}",
    ):
        assert found_by(world, text) == [number], text
    assert found_by(world, number[:3]) == []


def test_another_courses_people_and_submissions_are_not_found(world: World, number: str) -> None:
    """Whatever is typed."""
    with world.database.write.begin() as session:
        course = Course(slug="ml", title="Machine learning")
        session.add(course)
        session.add(Membership(user=person(session, "Other"), course=course, role=Role.STUDENT))
        session.flush()
        for text in ("Lovelace", "xor", number):
            assert search(session, course, text).total == 0


def test_one_hit_is_opened_at_once(world: World, number: str) -> None:
    """Several are listed."""
    client = world.client("grader")

    assert "/staff/students/" in client.get(f"{PLACE}?q=4711").location
    assert client.get(f"{PLACE}?q=xor").location == "/courses/dl/staff/assignments/xor/"
    assert client.get(f"{PLACE}?q={number}").location == f"/staff/submissions/{number}/"
    several = client.get(f"{PLACE}?q=example.org")
    assert several.status_code == 200
    assert "Lovelace 100% sure" in several.text and "Other" in several.text
    nothing = client.get(f"{PLACE}?q=<script>").text
    assert "Nothing found" in nothing and "<script>\u201d" not in nothing


def test_lists_are_bounded(world: World) -> None:
    """And say so."""
    with world.database.write.begin() as session:
        course = session.scalars(select(Course)).one()
        for each in range(MOST + 1):
            user = User(email=f"many{each}@example.com", name=f"Many {each}")
            session.add(Membership(user=user, course=course, role=Role.STUDENT))
    page = world.client("grader").get(f"{PLACE}?q=many").text

    assert page.count("@example.com") == MOST
    assert "There are more matches" in page


@pytest.mark.parametrize("who", ["student", None])
def test_students_have_no_search(world: World, who: str | None) -> None:
    """Neither the page nor the field."""
    client = world.client(who)

    assert client.get(f"{PLACE}?q=xor").status_code == (404 if who else 302)
    assert "search" not in client.get("/courses/dl/", follow_redirects=True).text


def test_a_name_finds_no_anonymous_answer_and_a_label_no_name(world: World, number: str) -> None:
    """Where grading is anonymous, a grader cannot put one beside the other."""
    with world.database.write.begin() as session:
        session.scalars(select(CourseAssignment)).one().anonymous_grading = True
        other = submit(session, world, {"q1": 1.0}, "Other")
        other.public_id = number[:6] + "0" * 26
    client = world.client("grader")

    by_label = client.get(f"{PLACE}?q={number[:6]}").text
    assert f"Answer {number[:6]}" in by_label
    assert "Lovelace" not in by_label
    by_name = client.get(f"{PLACE}?q=lovelace", follow_redirects=True).text
    assert "Lovelace" in by_name
    assert number[:6] not in by_name
