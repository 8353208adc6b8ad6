"""A course after it was made: its settings, its archive, its end."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Table, func, select
from werkzeug.test import TestResponse

from tests.web.conftest import World, spaced, token_of
from tests.web.test_policy_routes import MAY, routes
from web.blueprints.staff import course_settings
from web.db import Base, now
from web.models import AuditEntry, Course, CourseAssignment, Submission, User
from web.services.courses import deletion, settings
from web.services.submissions import submitting

PAGE = "/courses/dl/staff/settings/"
# Forms that stay in an archived course: they only read, or concern the course as a whole.
STAY = {
    "staff.download_selected",
    "staff.export_marks",
    "staff.export_gradebook",
    "staff.export_course_grades",
    "staff.copy_course",
    "staff.archive_course",
    "staff.reopen_course",
    "staff.delete_course",
}


def send(client: FlaskClient, place: str = PAGE, **fields: object) -> TestResponse:
    """Send a form."""
    data = {"csrf_token": token_of(client, "/account"), **fields}
    return client.post(place, data=data, follow_redirects=True)


def set_archived(world: World, *, archived: bool = True) -> None:
    """Archive the course, or reopen it."""
    with world.database.write.begin() as session:
        course = session.scalars(select(Course).where(Course.slug == "dl")).one()
        admin = session.scalars(select(User).where(User.is_admin)).one()
        (settings.archive if archived else settings.reopen)(session, admin, course)


def counts(world: World) -> dict[str, int]:
    """Return how many rows each table has."""
    with world.database.read() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }


def contents(world: World) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows, but those of the log, of sessions, and of who just looks at an answer."""
    left_out = ("audit_entry", "browser_session", "sign_in_attempt", "grading_claim")
    with world.database.read() as session:
        return {
            table.name: [tuple(row) for row in session.execute(select(table))]
            for table in Base.metadata.sorted_tables
            if table.name not in left_out
        }


def test_title_and_time_zone_are_changed(world: World) -> None:
    """Moments stay the moments that they are, and pages show them in the new zone."""
    client = world.client("instructor")
    with world.database.read() as session:
        before = session.scalars(select(CourseAssignment.due_at)).one()

    page = send(client, title="  Deep   learning ", time_zone="Asia/Tokyo").text

    assert "Course settings saved." in page
    assert "Times are shown in Asia/Tokyo." in page
    with world.database.read() as session:
        course = session.scalars(select(Course)).one()
        assert (course.title, course.time_zone) == ("Deep learning", "Asia/Tokyo")
        assert session.scalars(select(CourseAssignment.due_at)).one() == before


@pytest.mark.parametrize(
    ("title", "zone", "words"),
    [
        (" \u202e ", "Europe/Berlin", "Enter a title"),
        ("Optics", "Mars/Olympus", "Unknown time zone"),
        ("Optics", "../../etc/passwd", "Unknown time zone"),
    ],
)
def test_settings_that_will_not_do_are_refused(
    world: World, title: str, zone: str, words: str
) -> None:
    """With what was typed kept, and nothing changed."""
    answer = send(world.client("instructor"), title=title, time_zone=zone)

    assert answer.status_code == 400
    assert words in answer.text
    assert f'value="{zone}"' in answer.text
    with world.database.read() as session:
        assert session.scalars(select(Course.time_zone)).one() == "Europe/Berlin"


def test_an_archived_course_is_read_and_not_changed(world: World) -> None:
    """Every page opens as before; every form that changes something is refused, for everybody."""
    addresses = routes(world)
    before_pages = {}
    clients = {who: world.client(who) for who in ("student", "instructor")}
    pages = [
        each
        for each in addresses
        if each[1] == "GET" and each[2].startswith("/courses/dl/") and "notebook" not in each[0]
    ]
    for who, client in clients.items():
        for endpoint, _, address in pages:
            before_pages[who, endpoint] = client.get(address).status_code
    set_archived(world)
    before = contents(world)

    for who, client in clients.items():
        for endpoint, _, address in pages:
            answer = client.get(address)
            assert answer.status_code == before_pages[who, endpoint], (who, endpoint)
            if who != "student" and answer.mimetype == "text/html" and answer.status_code == 200:
                assert "This course is archived." in answer.text, endpoint
        token = token_of(client, "/account")
        for endpoint, method, address in addresses:
            course_form = endpoint.partition(".")[0] in ("staff", "courses", "submissions")
            if method != "POST" or not course_form or endpoint in STAY or "/admin/" in address:
                continue
            answer = client.post(address, data={"csrf_token": token}, follow_redirects=True)
            assert answer.status_code in (400, 404), (who, endpoint)
            if who in MAY[endpoint, method] or answer.status_code == 400:
                assert "this course is archived" in answer.text, (who, endpoint)

    assert contents(world) == before


def test_forms_of_an_archived_course_cannot_be_filled_in(world: World) -> None:
    """Signing out and exports work; after it is reopened all else does, too."""
    set_archived(world)
    client = world.client("instructor")

    page = client.get("/courses/dl/staff/assignments/").text
    assert page.count('<fieldset class="bare" disabled>') >= 2
    assert '<fieldset class="bare" disabled>' not in page.split("Sign out")[0]
    assert '<fieldset class="bare" disabled>' not in client.get(PAGE).text.split("Archive</h2>")[1]

    assert "Course reopened." in send(client, f"{PAGE}reopen").text
    assert "disabled" not in client.get("/courses/dl/staff/assignments/").text


def test_a_notebook_that_is_sent_to_an_archived_course_is_refused(world: World) -> None:
    """Its student is told why; nothing is stored."""
    set_archived(world)
    client = world.client("student")
    place = "/courses/dl/assignments/xor/"

    page = send(client, f"{place}submit", notebook=(io.BytesIO(b"{}"), "a.ipynb"))

    assert "this course is archived" in page.text
    assert '<fieldset class="bare" disabled>' in client.get(place).text
    assert counts(world)["submission"] == 0


def test_what_begins_before_the_archive_ends_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever archives a course while a form is on its way is not overtaken by it."""
    client = world.client("instructor")
    token = token_of(client, "/account")
    found = course_settings.course_for

    def then_archived(*arguments: object) -> Course:
        course: Course = found(*arguments)  # type: ignore[arg-type]
        set_archived(world)
        return course

    monkeypatch.setattr(course_settings, "course_for", then_archived)
    data = {"csrf_token": token, "title": "Late", "time_zone": "Europe/Berlin"}

    assert "this course is archived" in client.post(PAGE, data=data).text
    with world.database.read() as session:
        assert session.scalars(select(Course.title)).one() == "Deep learning for physicists"


def test_archived_courses_come_last(world: World) -> None:
    """In the list of one's courses, with a word; their deadlines are none to come."""
    with world.database.write.begin() as session:
        session.add(Course(slug="zz", title="Zoology"))
    set_archived(world)

    page = world.client("admin").get("/").text

    assert page.index("Zoology") < page.index("Deep learning for physicists")
    assert "archived" in page
    assert "Due next" not in world.client("student").get("/").text


def test_only_an_archived_course_is_deleted_and_only_by_its_name(world: World) -> None:
    """What would go is counted before."""
    routes(world)  # puts something into each table
    client = world.client("admin")

    assert "To delete the course, archive it first." in spaced(client.get(PAGE).text)
    assert "Archive the course first." in send(client, f"{PAGE}delete", name="dl").text
    set_archived(world)
    page = spaced(client.get(PAGE).text)
    assert "1 submission with its file" in page
    assert "4 people&#39;s memberships" in page or "4 people's memberships" in page
    assert "Nothing was deleted." in send(client, f"{PAGE}delete", name="Deep learning").text
    assert "Delete</h2>" not in world.client("instructor").get(PAGE).text
    assert counts(world)["course"] == 1


def test_nothing_is_left_of_a_deleted_course(either: World) -> None:
    """Rows and files; another course, accounts and versions are untouched, and the log tells it."""
    world = either
    with world.database.write.begin() as session:
        session.add(Course(slug="other", title="Other", archived_at=now() - timedelta(days=1)))
    routes(world)
    with world.database.read() as session:
        submission = session.scalars(select(Submission)).one()
        file = submitting.stored_file(world.settings.submissions, submission)
    set_archived(world)
    before = counts(world)
    client = world.client("admin")
    assert file.is_file()

    page = send(client, f"{PAGE}delete", name="dl").text

    assert "“Deep learning for physicists” deleted." in page
    assert not file.exists()
    after = counts(world)
    kept = {"user", "snapshot", "browser_session", "audit_entry", "course", "sign_in_attempt"}
    assert {name for name, number in after.items() if number} <= kept
    assert (after["user"], after["snapshot"], after["course"]) == (
        before["user"],
        before["snapshot"],
        1,
    )
    with world.database.read() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "course.deleted")
        ).one()
        assert entry.details["deleted"]["submission with its file"] == 1


def test_what_belongs_to_a_course_is_every_table_that_leads_to_it(world: World) -> None:
    """A new table either belongs to a course, or is named here."""
    with world.database.read() as session:
        course = session.scalars(select(Course)).one()
    owned = {table.name for table in deletion.owned_by(course.id) if isinstance(table, Table)}

    assert set(Base.metadata.tables) - owned == {
        "browser_session",
        "instance",
        "notice_choice",
        "sign_in_attempt",
        "snapshot",
        "user",
        "worker_process",
    }
