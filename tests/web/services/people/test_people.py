"""Rosters, local times, migrations."""

from __future__ import annotations

import io
import re
import tracemalloc
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from alembic import command
from alembic.config import Config
from flask.testing import FlaskClient
from sqlalchemy import event, select
from werkzeug.test import TestResponse

from tests.web.conftest import ROOT, World, token_of
from web.models import AuditEntry, Course, CourseAssignment, Invitation, Membership, Role, User
from web.services.courses.local_time import format_local, note_on, parse_local
from web.services.errors import RuleError
from web.services.people import roster, roster_file

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_roster_is_read_with_any_separator(separator: str) -> None:
    """Exports of other systems come in as they are, byte-order mark included."""
    lines = [["E-mail", "First name", "Last name"], ["Ada@Example.org", "Ada", "Lovelace"]]
    text = "\ufeff" + "\r\n".join(separator.join(line) for line in lines)

    (row,) = roster_file.parse_roster(text)

    assert (row.email, row.name) == ("ada@example.org", "Ada Lovelace")


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "empty"), ("a,b\n1,2", "first line"), ("email\nnobody", "Line 2"), ('email\n"x', "CSV")],
)
def test_broken_rosters_are_refused_with_the_place(text: str, words: str) -> None:
    """The message says what is wrong, and where."""
    with pytest.raises(RuleError, match=words):
        roster_file.parse_roster(text)


def test_rosters_are_bounded_while_they_are_read() -> None:
    """A file of line ends costs no more memory than the rows that are allowed."""
    tracemalloc.start()
    with pytest.raises(RuleError, match=f"more than {roster_file.MAX_ROWS}"):
        roster_file.parse_roster("email\n" + "\n" * 2_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    # The text itself is copied once or twice; a list for each line would take 100 MB more.
    assert peak < 30_000_000
    allowed = "email\n" + "\n".join(f"s{each}@example.org" for each in range(roster_file.MAX_ROWS))
    assert len(roster_file.parse_roster(allowed)) == roster_file.MAX_ROWS


def test_cells_that_no_column_can_hold_are_refused_with_the_line() -> None:
    """Rather than an error of the database's."""
    with pytest.raises(RuleError, match="Line 2"):
        roster_file.parse_roster("email,number\na@example.org," + "1" * 51)


def test_roster_that_is_too_large_is_not_cut_off(world: World) -> None:
    """Taken in without its end, it would lack people, and nobody would notice."""
    client = world.client("instructor")
    lines = "email,name\n" + "\n".join(f"s{n}@example.org,{'x' * 150}" for n in range(3000))
    data = {
        "csrf_token": token_of(client, "/courses/dl/staff/people/"),
        "file": (io.BytesIO(lines.encode()[:505_000]), "roster.csv"),
        "role": "student",
        "confirmed": "1",
    }
    answer = client.post("/courses/dl/staff/people/roster", data=data, follow_redirects=True)

    assert "larger than 500 kB" in answer.text
    with world.database.read() as session:
        assert len(session.scalars(select(Membership)).all()) == 4


def test_roster_taken_in_twice_adds_nobody_twice(world: World) -> None:
    """The second time all are known; new people get links, and the log says so."""
    client = world.client("instructor")
    for _ in range(2):
        data = {
            "csrf_token": token_of(client, "/courses/dl/staff/people/"),
            "text": "email,name\nlise@example.org,Lise Meitner\nada@example.org,Ada",
            "role": "student",
            "confirmed": "1",
        }
        page = client.post("/courses/dl/staff/people/roster", data=data).text
        assert "/invitation/" in page

    with world.database.read() as session:
        members = session.scalars(select(Membership)).all()
        actions = session.scalars(select(AuditEntry.action)).all()
    assert len(members) == 5
    assert actions.count("roster.taken_in") == 2


@pytest.mark.parametrize("stronger", ["admin", "instructor", "uploader"])
def test_roster_makes_no_link_for_who_is_more_elsewhere(world: World, stronger: str) -> None:
    """Whoever has not set a password yet could be impersonated by who puts them on a roster."""
    with world.database.write.begin() as session:
        person = User(email="emmy@example.org", name="Emmy", is_admin=stronger == "admin")
        person.may_upload = stronger == "uploader"
        session.add(person)
        if stronger == "instructor":
            course = Course(slug="algebra", title="Algebra")
            session.add(Membership(user=person, course=course, role=Role.INSTRUCTOR))
    client = world.client("instructor")
    people = "/courses/dl/staff/people/"
    data = {
        "csrf_token": token_of(client, people),
        "text": "email,name\nemmy@example.org,E\nlise@example.org,Lise Meitner",
        "role": "student",
        "confirmed": "1",
    }

    page = client.post(f"{people}roster", data=data).text
    with world.database.read() as session:
        members = {each.user.email: each.id for each in session.scalars(select(Membership))}
    place = f"{people}{members['emmy@example.org']}/link"
    alone = client.post(place, data=data, headers={"Referer": f"http://localhost{people}"})

    assert page.count("/invitation/") == 1
    assert "Emmy has no password yet." in page
    assert "ask an admin" in page or "Only an admin" in page
    assert "/invitation/" not in alone.text


def test_numbers_that_no_row_can_have_are_not_found(world: World) -> None:
    """Rather than an error of the database's."""
    client = world.client("instructor")
    people = "/courses/dl/staff/people/"
    data = {"csrf_token": token_of(client, people), "role": "student"}

    for number in (0, 2**31, 10**30):
        assert client.post(f"{people}{number}", data=data).status_code == 404


def test_roster_is_shown_before_it_is_taken_in(world: World) -> None:
    """First what would happen to whom; nothing has been changed by then."""
    client = world.client("instructor")
    data = {
        "csrf_token": token_of(client, "/courses/dl/staff/people/"),
        "text": "email,name\nlise@example.org,Lise Meitner\nada@example.org,Ada",
        "role": "student",
    }

    page = client.post("/courses/dl/staff/people/roster", data=data).text

    assert "Nothing has been changed yet" in page
    assert "gets an account and an invitation link" in page
    assert "No change" in page
    with world.database.read() as session:
        assert len(session.scalars(select(Membership)).all()) == 4


def test_broken_roster_stays_in_the_form(world: World) -> None:
    """The message names the line, and what was pasted can be corrected."""
    client = world.client("instructor")
    data = {
        "csrf_token": token_of(client, "/courses/dl/staff/people/"),
        "text": "email\nnobody",
        "role": "student",
    }

    answer = client.post("/courses/dl/staff/people/roster", data=data)

    assert answer.status_code == 400
    assert "Line 2" in answer.text
    assert "email\nnobody</textarea>" in answer.text


@pytest.mark.parametrize(
    ("form", "kept", "words"),
    [
        (
            {"counted": "best", "due_at": "2030-01-01T12:00", "late_percent_per_day": "140"},
            ("2030-01-01T12:00", 'value="140"'),
            "0 to 100 %",
        ),
        ({"counted": "best", "max_attempts": "three"}, ('value="three"',), "not a number"),
        ({"counted": "last", "due_at": "soon"}, ('value="soon"', '"last" selected'), "not a date"),
    ],
)
def test_refused_rules_stay_in_the_form(
    world: World, form: dict[str, str], kept: tuple[str, ...], words: str
) -> None:
    """What is wrong is said, what was typed is still there, and nothing is changed."""
    client = world.client("instructor")
    data = {"csrf_token": token_of(client, "/account"), **form}

    answer = client.post("/courses/dl/staff/assignments/xor/rules", data=data)

    assert answer.status_code == 400
    assert words in answer.text
    assert all(piece in answer.text for piece in kept)
    with world.database.read() as session:
        of_courses = select(AuditEntry.action).where(AuditEntry.course_id.is_not(None))
        assert session.scalars(of_courses).all() == ["assignment.taken_up"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-10-25T02:30", "occurs twice; the first one is used (02:30 CEST)"),
        ("2026-03-29T02:30", "02:30 does not exist, so 03:30 is used"),
        ("2026-07-01T12:00", ""),
        ("", ""),
    ],
)
def test_changing_clocks_are_noted(text: str, words: str) -> None:
    """An instructor who types an hour that exists twice or never reads what was understood."""
    assert words in note_on(text, BERLIN)
    assert bool(words) == bool(note_on(text, BERLIN))


def test_missing_and_doubled_hours_are_understood() -> None:
    """Clocks go forward and back; neither loses a deadline."""
    assert parse_local("2026-10-25T02:30", BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert parse_local("2026-03-29T02:30", BERLIN) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert parse_local("", BERLIN) is None
    with pytest.raises(RuleError):
        parse_local("tomorrow", BERLIN)


def test_local_time_comes_back_as_it_was_typed() -> None:
    """What the form shows is what was typed."""
    text = "2026-07-01T23:59"

    assert format_local(parse_local(text, BERLIN), BERLIN) == text


def test_models_and_migrations_agree(world: World) -> None:
    """A model changed without a migration fails here."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "web" / "migrations"))
    config.set_main_option("sqlalchemy.url", world.settings.database_url)

    command.check(config)
    command.downgrade(config, "base")
    command.upgrade(config, "head")


def test_roster_of_a_spreadsheet_on_windows_keeps_its_letters(world: World) -> None:
    """CSV that is not UTF-8 is read as Windows writes it; nobody's name gets question marks."""
    client = world.client("instructor")
    text = "E-Mail;Vorname;Nachname;Gruppe\nsue@example.org;Sue;Süß;Montag\n"
    data = {
        "csrf_token": token_of(client, "/courses/dl/staff/people/"),
        "file": (io.BytesIO(text.encode("cp1252")), "roster.csv"),
        "role": "student",
    }

    page = client.post("/courses/dl/staff/people/roster", data=data).text

    assert "Sue Süß" in page
    assert "Montag" in page


def test_links_of_many_come_as_csv_that_runs_nowhere(world: World) -> None:
    """For a mail merge: a line each, and no name is a formula."""
    client = world.client("instructor")
    data = {
        "csrf_token": token_of(client, "/courses/dl/staff/people/"),
        "text": "email,name\nlise@example.org,Lise Meitner\nmax@example.org,=1+1",
        "role": "student",
        "confirmed": "1",
    }

    page = client.post("/courses/dl/staff/people/roster", data=data).text

    assert re.search(r"email,name,link\s+lise@example\.org,Lise Meitner,http\S+/invitation/", page)
    assert "max@example.org,&#39;=1+1,http" in page


def test_admin_without_a_course_is_led_to_make_one(world: World) -> None:
    """The first page of the first admin has the link, other people's have not."""
    assert 'href="/admin/courses/"' in world.client("admin").get("/").text
    assert "/admin/courses/" not in world.client("instructor").get("/courses/dl/").text


def test_staff_of_a_course_without_a_release_are_led_to_their_pages(world: World) -> None:
    """Students are told to come back; staff, where to begin."""
    with world.database.write.begin() as session:
        for each in session.scalars(select(CourseAssignment)):
            each.release_at = None

    staff = world.client("instructor").get("/courses/dl/").text
    student = world.client("student").get("/courses/dl/").text

    assert "Go to the staff pages" in staff
    assert "No assignments have been released" not in staff
    assert "No assignments have been released" in student


def test_a_roster_tells_nothing_of_people_elsewhere(world: World) -> None:
    """Counting student numbers gives no names and no addresses; the log has who looked."""
    _stranger(world)
    client = world.client("instructor")

    by_number = _send(client, "student number\n4711").text
    by_address = _send(client, "email,name\nemmy@example.org,E.\nnobody@example.org,N.").text

    assert "is new, so" in by_number
    assert "Noether" not in by_number + by_address
    assert by_address.count("<td>Joins the course; gets an account") == 2
    with world.database.read() as session:
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "roster.previewed")
        ).all()
        assert [each.details for each in entries] == [{"rows": 1}, {"rows": 2}]


def test_who_is_in_the_course_is_found_by_number(world: World) -> None:
    """Whatever address the roster has; somebody elsewhere with that number is not."""
    with world.database.write.begin() as session:
        person = session.scalars(select(User).where(User.name == "Student")).one()
        person.student_number = "12"
    client = world.client("instructor")

    page = _send(client, "number,name\n12,Ada").text
    _send(client, "number,email\n12,new@example.org", confirmed="1")

    assert "No change" in page
    with world.database.read() as session:
        assert len(session.scalars(select(Membership)).all()) == 4


@pytest.mark.parametrize(
    "lines",
    [
        "a@example.org,1\nlise@example.org,4711",
        "emmy@example.org,1\nlise@example.org,2\nida@example.org,2",
    ],
)
def test_a_number_of_somebody_else_is_refused_with_the_line(world: World, lines: str) -> None:
    """Before anything is changed, and nobody is named; the log has who tries numbers."""
    _stranger(world)
    last = lines.count("\n") + 2

    answer = _send(world.client("instructor"), f"email,number\n{lines}", confirmed="1")

    assert answer.status_code == 400
    assert f"Line {last}: somebody else has the student number" in answer.text
    assert "Nothing was changed." in answer.text
    assert "Noether" not in answer.text
    with world.database.read() as session:
        assert "roster.refused" in session.scalars(select(AuditEntry.action)).all()
        assert len(session.scalars(select(Membership)).all()) == 5


def test_a_number_that_somebody_gets_meanwhile_is_refused(world: World) -> None:
    """Between looking and writing; what came before stays, and the roster can come again."""
    rows = roster_file.parse_roster("email,number\nlise@example.org,4711\nida@example.org,2")
    with world.database.read() as session:
        course = session.scalars(select(Course)).one()
        actor = session.scalars(select(User).where(User.name == "Instructor")).one()
        roster.check(session, course, rows)
    _stranger(world)

    with (
        pytest.raises(RuleError, match="lines 2 to 3"),
        world.database.write.begin() as session,
    ):
        roster.take_in(session, actor, course, rows, Role.STUDENT)
    with world.database.read() as session:
        assert session.scalar(select(User).where(User.email == "ida@example.org")) is None


def test_a_roster_is_taken_in_in_portions(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between which others write; everybody gets one link, also who stands there twice."""
    monkeypatch.setattr(roster, "PORTION", 2)
    people = [f"s{n}@example.org" for n in range(5)]
    text = "email\n" + "\n".join([*people, people[0], people[4]])

    page = _send(world.client("instructor"), text, confirmed="1").text

    assert page.count("<code>http://localhost/invitation/") == 5
    assert "5 added, 2 already in the course." in page
    with world.database.read() as session:
        query = select(AuditEntry.times).where(AuditEntry.action == "roster.taken_in")
        assert session.scalars(query).all() == [2, 1, 1]
        open_links = session.scalars(select(Invitation)).all()
        assert len(open_links) == 5


def test_a_roster_asks_the_database_little(world: World) -> None:
    """Who is meant is read at once, not for each line: nobody else can write meanwhile."""
    text = "email,number\n" + "\n".join(f"s{n}@example.org,{n}" for n in range(roster.PORTION))
    rows = roster_file.parse_roster(text)
    statements: list[str] = []

    def count(_: object, __: object, statement: str, *___: object) -> None:
        statements.append(statement)

    with world.database.write.begin() as session:
        course = session.scalars(select(Course)).one()
        actor = session.scalars(select(User).where(User.name == "Instructor")).one()
        event.listen(world.database.engine, "before_cursor_execute", count)
        first = roster.take_in(session, actor, course, rows, Role.STUDENT)
        again = roster.take_in(session, actor, course, rows, Role.STUDENT)
        event.remove(world.database.engine, "before_cursor_execute", count)

    assert (len(first.added), len(again.known)) == (roster.PORTION, roster.PORTION)
    assert len([each for each in statements if not each.startswith("INSERT")]) < 10


def _stranger(world: World) -> None:
    """Put somebody into another course."""
    with world.database.write.begin() as session:
        course = Course(slug="other", title="Another course")
        stranger = User(email="emmy@example.org", name="Emmy Noether", student_number="4711")
        session.add(Membership(user=stranger, course=course, role=Role.STUDENT))


def _send(client: FlaskClient, text: str, **more: str) -> TestResponse:
    data = {
        "csrf_token": token_of(client, "/courses/dl/staff/people/"),
        "text": text,
        "role": "student",
    }
    return client.post("/courses/dl/staff/people/roster", data=data | more)
