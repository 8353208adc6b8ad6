"""From each page people find their way: to the course, its other pages, and their other courses."""

from __future__ import annotations

import io
import re

import pytest
from sqlalchemy import select

from tests.web.conftest import World, token_of
from tests.web.services.submissions.test_submitting import PLACE, notebook, submit
from web import words
from web.models import Course, Membership, Role, User
from web.services import audit
from web.templating import initials, logged

STAFF = "/courses/dl/staff/"
BOARD = f"{STAFF}submissions/"
HUB = "/courses/dl/staff/assignments/xor/"
DEEP = (
    f"{HUB}regrades/",
    f"{HUB}statistics",
    f"{STAFF}grading/xor/q7/",
)


def join(world: World, who: str, role: Role) -> None:
    """Let somebody be in a second course."""
    with world.database.write.begin() as session:
        user = session.scalars(select(User).where(User.name == who)).one()
        course = Course(slug="ml", title="Machine learning <1>")
        session.add(Membership(user=user, course=course, role=role))


@pytest.mark.parametrize(
    ("who", "name", "role", "landing"),
    [
        ("student", "Student", Role.STUDENT, "/courses/ml/"),
        ("student", "Student", Role.GRADER, "/courses/ml/staff/"),
    ],
)
def test_a_switcher_leads_to_other_courses(
    world: World, who: str, name: str, role: Role, landing: str
) -> None:
    """Staff land on what waits for them, students on their assignments."""
    join(world, name, role)

    page = world.client(who).get(PLACE).text

    assert f'<a href="{landing}">Machine learning &lt;1&gt;</a>' in page
    assert '<a href="/courses/dl/" aria-current="true">' in page


def test_one_course_needs_no_switcher(world: World) -> None:
    """Its title leads to its page."""
    page = world.client("student").get(PLACE).text

    assert '<a href="/courses/dl/">Deep learning for physicists</a>' in page
    assert "Machine learning" not in page


@pytest.mark.parametrize("address", DEEP)
def test_deep_pages_lead_to_their_assignment(world: World, address: str) -> None:
    """The trail holds the assignment; the tabs of the course are there too."""
    page = world.client("instructor").get(address)
    trail = re.search(r'<ol class="crumbs">.*?</ol>', page.text, re.DOTALL)

    assert page.status_code == 200
    assert trail is not None
    assert ">XOR weights</a>" in trail[0]
    assert 'aria-current="page"' in trail[0]
    assert f'<a href="{BOARD}">Submissions</a>' in page.text


def test_an_assignments_pages_lead_to_one_another(world: World) -> None:
    """Settings, regrades and exports are an instructor's; all else is for graders, too."""
    tabs = {}
    for who in ("grader", "instructor"):
        page = world.client(who).get(f"{HUB}statistics").text
        row = page.split('class="subtabs"')[1].split("</ul>", maxsplit=1)[0]
        tabs[who] = re.findall(r">([\w ]+)</a>", row)
        assert f'<a href="{HUB}">XOR weights</a>' in page

    assert tabs["grader"] == [
        "Overview",
        "Submissions",
        "Grading",
        "Statistics",
        "View as student",
    ]
    assert set(tabs["instructor"]) - set(tabs["grader"]) == {
        "Settings",
        "Extensions",
        "Regrade",
        "Export",
    }
    assert world.client("grader").get(f"{HUB}settings").status_code == 404


def test_admins_find_the_log_where_they_land(world: World) -> None:
    """And beside the courses; nobody else is shown it."""
    admin = world.client("admin")
    assert 'href="/admin/log/"' in admin.get("/").text
    page = admin.get("/admin/courses/").text
    assert 'href="/admin/log/"' in page
    assert "you get a link to send to" in page
    assert "/admin/log/" not in world.client("instructor").get("/").text


def test_students_see_no_staff_tabs(world: World) -> None:
    """Nor a way to staff pages."""
    assert STAFF not in world.client("student").get(PLACE).text
    assert STAFF in world.client("grader").get(PLACE).text


def test_an_empty_board_shows_the_next_steps_and_no_filters(world: World) -> None:
    """Five zeros and four filters over nothing tell nothing."""
    instructor = world.client("instructor")
    empty = instructor.get(BOARD).text
    submit(world.client("student"), notebook("xor"))
    filled = instructor.get(BOARD).text

    assert "Import your students" in empty
    assert "Import your students" not in world.client("grader").get(f"{BOARD}?page=1").text
    assert 'name="person"' not in empty
    assert 'name="person"' in filled


def test_the_old_address_is_sent_on(world: World) -> None:
    """A page that was opened before the change still submits."""
    client = world.client("student")
    data = {
        "csrf_token": token_of(client, PLACE),
        "notebook": (io.BytesIO(notebook("xor")), "xor.ipynb"),
    }

    answer = client.post(f"{PLACE}hand-in", data=data)

    assert answer.status_code == 308
    assert answer.location == f"{PLACE}submit"


def test_actions_of_the_log_have_words() -> None:
    """The words that are kept in rows are older than those that people read."""
    kinds = {kind for kinds in audit.KINDS.values() for kind in kinds}

    assert words.action_words("roster.taken_in") == "Roster imported"
    assert words.action_words("extension.granted") == "Extension granted"
    assert {action.partition(".")[0] for action in words.ACTIONS} <= kinds


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("2026-11-22T22:59:00+00:00", "Sun 22 Nov 2026, 23:59"),
        ("2026-11-22T23:59:00+01:00", "Sun 22 Nov 2026, 23:59"),
        ("05e7a42e" * 8, "05e7a42"),
        ("ada@example.org", "ada@example.org"),
    ],
)
def test_values_of_the_log_are_readable(value: str, shown: str) -> None:
    """Moments in the course's zone, hashes by their beginning."""
    assert logged(value, "Europe/Berlin") == shown


@pytest.mark.parametrize(
    ("name", "letters"), [("Ada Example", "AE"), ("Ada M. Lovelace", "AL"), ("ada", "A"), ("", "")]
)
def test_initials(name: str, letters: str) -> None:
    """Of the first and the last name."""
    assert initials(name) == letters
