"""Roles of staff take effect when the person accepts them by a link of that course."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from tests.web.conftest import PASSWORD, World, spaced, token_of
from web.db import now
from web.models import AuditEntry, Course, Membership, Role, User
from web.services.people import accounts, roster

PEOPLE = "/courses/dl/staff/people/"
NEW = "four words are long"
EMMY = "emmy@example.org"


def add(client: FlaskClient, email: str, role: str, course: str = "dl") -> list[str]:
    """Put somebody on a roster; returns the links that the page shows."""
    place = f"/courses/{course}/staff/people/"
    data = {
        "csrf_token": token_of(client, place),
        "text": f"email,name\n{email},Emmy Noether",
        "role": role,
        "confirmed": "1",
    }
    return links(client.post(f"{place}roster", data=data).text)


def links(page: str) -> list[str]:
    """The links of a page that can be used once."""
    return list(dict.fromkeys(re.findall(r"/(?:invitation|role)/[\w-]{20,}", page)))


def send(client: FlaskClient, place: str, **fields: str) -> int:
    """Send the form of a page."""
    data = {"csrf_token": token_of(client, place), **fields}
    return client.post(place, data=data).status_code


def role_of(world: World, email: str, slug: str = "dl") -> tuple[Role, Role | None, bool]:
    """What somebody is in a course, what they are offered, and whether they are in it."""
    with world.database.read() as session:
        found = session.scalars(
            select(Membership)
            .join(User)
            .join(Course)
            .where(User.email == email, Course.slug == slug)
        ).one()
        return found.role, found.offered_role, found.active


def sign_in(world: World, email: str, password: str) -> FlaskClient:
    """A browser, signed in by address and password."""
    client = world.app.test_client()
    fields = {"email": email, "password": password}
    assert send(client, "/sign-in", **fields) == 303
    return client


@pytest.fixture
def malory(world: World) -> FlaskClient:
    """The instructor of another course."""
    with world.database.write.begin() as session:
        user = session.scalars(select(User).where(User.name == "Other")).one()
        course = Course(slug="other", title="Another course")
        session.add(Membership(user=user, course=course, role=Role.INSTRUCTOR))
    return world.client("other")


def test_who_has_no_account_sets_a_password_and_accepts(world: World) -> None:
    """One link is enough; it works once, and the log has both."""
    (link,) = add(world.client("instructor"), EMMY, "grader")
    assert role_of(world, EMMY) == (Role.STUDENT, Role.GRADER, False)
    client = world.app.test_client()

    page = client.get(link).headers["Location"]
    assert send(client, page, password=NEW, again=NEW) == 303
    assert client.get("/courses/dl/staff/").status_code == 404
    accepted = client.post(link, data={"csrf_token": token_of(client, link)})
    assert accepted.headers["Location"] == "/courses/dl/staff/"

    assert client.get("/courses/dl/staff/").status_code == 200
    assert role_of(world, EMMY) == (Role.GRADER, None, True)
    assert client.get(link).status_code == 404
    with world.database.read() as session:
        assert "role.accepted" in session.scalars(select(AuditEntry.action)).all()


def test_a_student_who_is_made_a_grader_accepts(world: World) -> None:
    """Until then they stay a student; less is at once."""
    instructor, student = world.client("instructor"), world.client("student")
    with world.database.read() as session:
        member = session.scalars(select(Membership).join(User).where(User.name == "Student")).one()
    place = f"{PEOPLE}{member.id}"
    fields = {"csrf_token": token_of(instructor, PEOPLE), "active": "1", "time_multiplier": "1"}

    (link,) = links(instructor.post(place, data=fields | {"role": "grader"}).text)
    assert student.get("/courses/dl/staff/").status_code == 404
    assert world.client("grader").get(link).status_code == 404  # it is for somebody else
    assert "invited to this course as a grader" in spaced(student.get(link).text)
    assert send(student, link) == 303
    assert student.get("/courses/dl/staff/").status_code == 200
    assert instructor.post(place, data=fields | {"role": "student"}).status_code == 303
    assert student.get("/courses/dl/staff/").status_code == 404


def test_who_made_an_account_does_not_become_staff_elsewhere(
    world: World, malory: FlaskClient
) -> None:
    """An instructor makes an account, sets its password, and waits for another course's offer."""
    (invitation,) = add(malory, EMMY, "student", "other")
    assert send(world.app.test_client(), invitation, password=NEW, again=NEW) == 303
    (link,) = add(world.client("instructor"), EMMY, "instructor")
    false_emmy = sign_in(world, EMMY, NEW)

    assert false_emmy.get("/courses/dl/staff/").status_code == 404
    assert world.app.test_client().get(link).status_code == 302  # sign in first
    assert role_of(world, EMMY) == (Role.STUDENT, Role.INSTRUCTOR, False)


def test_an_old_link_does_not_reach_a_new_role(world: World, malory: FlaskClient) -> None:
    """A link for a student without a password ends when another course makes them a grader."""
    (invitation,) = add(malory, EMMY, "student", "other")
    (link,) = add(world.client("instructor"), EMMY, "grader")

    assert world.app.test_client().get(invitation).status_code == 404
    people = "/courses/other/staff/people/"
    with world.database.read() as session:
        other = session.scalars(select(Course.id).where(Course.slug == "other")).one()
        member = session.scalars(
            select(Membership.id)
            .join(User)
            .where(User.email == EMMY, Membership.course_id == other)
        ).one()
    data = {"csrf_token": token_of(malory, people)}
    assert links(malory.post(f"{people}{member}/link", data=data).text) == []
    assert world.app.test_client().get(link).status_code == 302


def test_a_link_that_offers_a_role_sets_no_password_that_is_there(world: World) -> None:
    """It is for the person, who has one."""
    (link,) = add(world.client("instructor"), "root@example.org", "grader")
    invitation = link.replace("role", "invitation")

    assert world.app.test_client().get(invitation).status_code == 404
    sign_in(world, "root@example.org", PASSWORD)


def test_an_offer_that_is_taken_back_cannot_be_accepted(world: World) -> None:
    """The link leads nowhere; nothing was given."""
    (link,) = add(world.client("instructor"), EMMY, "grader")
    with world.database.write.begin() as session:
        actor = session.scalars(select(User).where(User.name == "Instructor")).one()
        member = session.scalars(select(Membership).join(User).where(User.email == EMMY)).one()
        fields = {"time_multiplier": 1.0, "active": False}
        roster.change(session, actor, member, role=Role.STUDENT, **fields)

    assert world.app.test_client().get(link).status_code == 404


@pytest.mark.parametrize("ended", [False, True])
def test_an_admin_offers_a_new_course(world: World, *, ended: bool) -> None:
    """Its instructor accepts by the link on the page, or by another one if that has ended."""
    client = world.client("admin")
    data = {
        "csrf_token": token_of(client, "/admin/courses/"),
        "slug": "algebra",
        "title": "Algebra",
        "time_zone": "Europe/Berlin",
        "email": "ada@example.org",
    }
    (link,) = links(client.post("/admin/courses/", data=data).text)
    student = world.client("student")
    assert student.get("/courses/algebra/").status_code == 404
    with world.database.write.begin() as session:
        user = session.scalars(select(User).where(User.name == "Student")).one()
        if ended:
            accounts.end_links(session, user)
        (member,) = [each.id for each in user.memberships if each.course.slug == "algebra"]
    people = "/courses/algebra/staff/people/"
    assert (student.get(link).status_code == 404) is ended
    if ended:
        data = {"csrf_token": token_of(client, people)}
        (link,) = links(client.post(f"{people}{member}/link", data=data).text)

    assert send(student, link) == 303
    assert student.get(people).status_code == 200


def test_nobody_joins_the_staff_of_an_archived_course(world: World) -> None:
    """Nothing of it changes; once it is reopened, the link works."""
    (link,) = add(world.client("instructor"), EMMY, "grader")
    client = world.app.test_client()
    page = client.get(link).headers["Location"]
    send(client, page, password=NEW, again=NEW)
    archive(world, now())

    send(client, link)
    assert role_of(world, EMMY) == (Role.STUDENT, Role.GRADER, False)

    archive(world, None)
    assert send(client, link) == 303
    assert role_of(world, EMMY) == (Role.GRADER, None, True)


def archive(world: World, moment: datetime | None) -> None:
    """Archive the course, or let it go on."""
    with world.database.write.begin() as session:
        session.execute(update(Course).values(archived_at=moment))
