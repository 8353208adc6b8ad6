"""What a course tells everybody in it."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from tests.web.conftest import World, token_of
from tests.web.test_form_versions import form
from web.models import Announcement, Course, User
from web.services.courses import announcements

PAGE = "/courses/dl/staff/announcements/"
COURSE = "/courses/dl/"
HOSTILE = "# Room\n\nIn **room 7**, $x^2$.\n\n<script>alert(1)</script>"


def send(client: FlaskClient, place: str = PAGE, **fields: str) -> TestResponse:
    """Send a form."""
    data = {"csrf_token": token_of(client, "/account"), **fields}
    return client.post(place, data=data, follow_redirects=True)


def publish(world: World, *titles: str) -> list[int]:
    """Publish announcements, one after the other; returns their numbers."""
    with world.database.write.begin() as session:
        course = session.scalars(select(Course)).one()
        actor = session.scalars(select(User).where(User.name == "Instructor")).one()
        made = [announcements.publish(session, actor, course, each, "Text.") for each in titles]
        session.flush()
        return [each.id for each in made]


def test_everybody_in_the_course_reads_an_announcement(world: World) -> None:
    """Cleaned, with its author; nobody else does."""
    page = send(world.client("instructor"), title="Exam", text=HOSTILE).text
    assert "Published." in page

    for who in ("student", "grader"):
        page = world.client(who).get(COURSE).text
        assert "Exam</h3>" in page
        assert "<strong>room 7</strong>" in page and "<h4" in page
        assert "<script>alert" not in page
        assert "Instructor, " in page
    with world.database.write.begin() as session:
        course = Course(slug="other", title="Other")
        session.add(course)
    assert "Exam" not in world.client("admin").get("/courses/other/").text


def test_the_latest_ones_are_on_the_courses_page(world: World) -> None:
    """All are on a page of their own, the newest first."""
    publish(world, "First", "Second", "Third", "Fourth")
    client = world.client("student")

    page = client.get(COURSE).text
    everything = client.get(f"{COURSE}announcements/").text

    assert "First</h3>" not in page
    assert page.index("Fourth") < page.index("Third") < page.index("Second")
    assert f'href="{COURSE}announcements/"' in page
    assert everything.index("Second") < everything.index("First")


def test_an_announcement_is_changed_and_deleted(world: World) -> None:
    """It says that it was changed; two who edit it at once are told."""
    (number,) = publish(world, "Exam")
    client = world.client("instructor")
    place = f"{PAGE}{number}/"
    opened = form(client.get(place).text, place)
    del opened["csrf_token"]

    send(client, place, **opened | {"text": "In room 8."})
    late = send(world.client("admin"), place, **opened | {"text": "In room 9."})

    assert late.status_code == 409
    assert "somebody else changed “Text”" in late.text
    assert "In room 9." in late.text
    page = world.client("student").get(COURSE).text
    assert "In room 8." in page and "; changed " in page
    assert "“Exam” deleted." in send(client, f"{place}delete").text
    assert "Exam" not in world.client("student").get(COURSE).text
    assert client.get(place).status_code == 404


@pytest.mark.parametrize(
    ("title", "text", "words"),
    [
        (" \u202e", "Text.", "Enter a title and a text."),
        ("Exam", " ", "Enter a title and a text."),
        ("x" * 201, "Text.", "at most 200 characters"),
        ("Exam", "x" * 20_001, "at most 20000 characters"),
    ],
)
def test_an_announcement_that_will_not_do_is_refused(
    world: World, title: str, text: str, words: str
) -> None:
    """With what was typed kept, and nothing told."""
    answer = send(world.client("instructor"), title=title, text=text)

    assert answer.status_code == 400
    assert words in answer.text
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Announcement)) == 0


def test_an_announcement_of_another_course_is_not_there(world: World) -> None:
    """An instructor changes those of their own course alone."""
    (number,) = publish(world, "Exam")
    with world.database.write.begin() as session:
        session.add(Course(slug="other", title="Other"))

    assert (
        world.client("admin").get(f"/courses/other/staff/announcements/{number}/").status_code
        == 404
    )
