"""Admins find people of all courses, close accounts and reopen them."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.web.conftest import PASSWORD, PEOPLE, World, spaced, token_of
from web.models import AuditEntry, BrowserSession, Invitation, User
from web.services.people import accounts, directory
from web.services.people.directory import Filters, Kind

PAGE = "/admin/people/"


def number_of(world: World, who: str) -> int:
    """Return somebody's number."""
    with world.database.read() as session:
        query = select(User.id).where(User.email == PEOPLE[who][0])
        return session.scalars(query).one()


def send(client: FlaskClient, world: World, who: str, what: str) -> TestResponse:
    """Send a form on somebody's page."""
    place = f"{PAGE}{number_of(world, who)}/{what}"
    data = {"csrf_token": token_of(client, PAGE.replace("admin/people/", "account"))}
    return client.post(place, data=data, follow_redirects=True)


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        (Filters("ADA@"), ["Student"]),
        (Filters("_"), []),
        (Filters(kind=Kind.ADMINS), ["Admin"]),
        (Filters(kind=Kind.NO_COURSE), ["Admin", "Stray"]),
        (Filters(kind=Kind.CLOSED), ["Stray"]),
        (Filters(kind=Kind.NO_PASSWORD), ["Stray"]),
        (Filters("in", Kind.ADMINS), ["Admin"]),
        (Filters("77"), ["Stray"]),
    ],
)
def test_people_are_found(either: World, filters: Filters, names: list[str]) -> None:
    """By name, address and number over all courses; signs of patterns are plain letters."""
    with either.database.write.begin() as session:
        session.add(
            User(email="stray@example.org", name="Stray", student_number="1772", active=False)
        )
    with either.database.read() as session:
        assert [each.name for each in directory.search(session, filters).users] == names


def test_the_list_has_pages_and_says_when_people_came(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that is not there is the last one."""
    monkeypatch.setattr(directory, "PAGE_ROWS", 2)
    client = world.client("admin")

    page = spaced(client.get(PAGE, query_string={"page": 99}).text)

    assert "5 accounts, by name; times in UTC; page 3 of 3" in page
    with world.database.read() as session:
        found = directory.search(session, Filters("root@"))
        assert list(found.signed_in_at) == [found.users[0].id]


def test_a_deactivated_person_is_out_at_once(world: World) -> None:
    """Sessions and links end; what they did stays; the right password is not enough any more."""
    student, admin = world.client("student"), world.client("admin")
    number = number_of(world, "student")
    with world.database.write.begin() as session:
        token = accounts.invite(session, session.get_one(User, number), None)
    assert student.get("/courses/dl/").status_code == 200

    page = send(admin, world, "student", "deactivate").text

    assert "can no longer sign in" in page
    assert "Deactivated" in page
    assert student.get("/courses/dl/").status_code == 302
    with world.database.read() as session:
        own = select(BrowserSession).where(BrowserSession.user_id == number)
        assert session.scalars(own).all() == []
        links = select(Invitation).where(Invitation.user_id == number)
        assert session.scalars(links).all() == []
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "person.deactivated")
        ).one()
        assert entry.details == {"sessions_ended": 1}
    assert world.app.test_client().get(f"/invitation/{token}").status_code != 200
    with pytest.raises(accounts.SignInRefused):
        accounts.sign_in(world.database, PEOPLE["student"][0], PASSWORD, "192.0.2.1")


def test_a_reactivated_person_signs_in_with_the_same_password(world: World) -> None:
    """And is where they were; the sessions of before stay ended."""
    before, admin = world.client("student"), world.client("admin")
    send(admin, world, "student", "deactivate")

    assert "can sign in again" in send(admin, world, "student", "reactivate").text

    assert before.get("/courses/dl/").status_code == 302
    assert world.client("student").get("/courses/dl/").status_code == 200
    assert "This account is active." in send(admin, world, "student", "reactivate").text


def test_an_admin_stays(world: World) -> None:
    """Nobody closes their own account, so one is left; the page does not offer it."""
    admin = world.client("admin")

    assert "cannot deactivate your own account" in send(admin, world, "admin", "deactivate").text
    own = admin.get(f"{PAGE}{number_of(world, 'admin')}/").text
    assert "Deactivate the account" not in own
    assert admin.get("/account").status_code == 200


def test_a_link_sets_a_password_unless_the_account_is_closed(world: World) -> None:
    """It is shown once, and the log says who made it."""
    admin = world.client("admin")

    page = send(admin, world, "grader", "link").text
    assert "/invitation/" in page
    send(admin, world, "grader", "deactivate")
    assert "Reactivate the account first" in send(admin, world, "grader", "link").text


def test_a_page_shows_all_courses_of_a_person(world: World) -> None:
    """With role and status, and a way to them; a number that nobody has is no page."""
    admin = world.client("admin")

    page = spaced(admin.get(f"{PAGE}{number_of(world, 'grader')}/").text)

    assert "Deep learning for physicists</a>" in page
    assert "<td>Grader</td>" in page
    assert admin.get(f"{PAGE}999/").status_code == 404


def test_a_link_ends_before_its_account_may_upload(world: World) -> None:
    """Whoever made it for a student would get the right with the account."""
    with world.database.write.begin() as session:
        user = session.get_one(User, number_of(world, "student"))
        token = accounts.invite(session, user, None)
        admin = session.get_one(User, number_of(world, "admin"))
        directory.set_may_upload(session, admin, user, allowed=True)

    assert world.app.test_client().get(f"/invitation/{token}").status_code == 404
