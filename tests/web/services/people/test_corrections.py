"""Names, student numbers and addresses are corrected by who may, and nobody's account is taken."""

from __future__ import annotations

import html
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.web.conftest import PASSWORD, PEOPLE, World, token_of
from tests.web.services.grading.test_marks import person
from web.models import AuditEntry, Course, Invitation, Membership, Role, User
from web.policy import Action, allowed
from web.services.people import accounts, corrections
from web.services.people.corrections import Correction, CorrectionRefused

PEOPLE_PAGE = "/courses/dl/staff/people/"


def place_of(world: World, name: str) -> str:
    """Where somebody of the course is corrected."""
    with world.database.read() as session:
        return f"{PEOPLE_PAGE}{_membership(session, name).id}/correct"


def correct(client: FlaskClient, place: str, **fields: str) -> TestResponse:
    """Send the form."""
    return client.post(place, data={"csrf_token": token_of(client, "/account"), **fields})


def make_staff_elsewhere(world: World, name: str, role: Role, *, active: bool = True) -> None:
    """Put somebody into a course of others."""
    with world.database.write.begin() as session:
        course = Course(slug="optics", title="Optics")
        user = person(session, name)
        session.add(Membership(user=user, course=course, role=role, active=active))


def _membership(session: Session, name: str) -> Membership:
    query = select(Membership).join(User).join(Course).where(User.name == name, Course.slug == "dl")
    return session.scalars(query).one()


def test_instructor_corrects_a_student(world: World) -> None:
    """The list leads to the form, the form to the list; the log has old and new of what changed."""
    client = world.client("instructor")
    place = place_of(world, "Student")
    assert f'href="{place}"' in client.get(PEOPLE_PAGE).text
    form = client.get(place).text
    assert re.findall(r'<input id="\w+".*? value="([^"]*)"', form) == [
        "Student",
        "",
        PEOPLE["student"][0],
    ]

    fields = {"name": " Ada  Lovelace ", "student_number": "007", "email": "Lovelace@Example.org"}
    answer = correct(client, place, **fields)

    assert (answer.status_code, answer.headers["Location"]) == (303, PEOPLE_PAGE)
    page = client.get(PEOPLE_PAGE).text
    assert "Ada Lovelace signs in as lovelace@example.org from now on." in page
    assert "/invitation/" not in page
    with world.database.read() as session:
        user = session.scalars(select(User).where(User.student_number == "007")).one()
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "person.corrected")
        ).one()
        assert (user.name, user.email) == ("Ada Lovelace", "lovelace@example.org")
        assert entry.target == PEOPLE["student"][0]
        assert entry.details["changed"] == {
            "name": ["Student", "Ada Lovelace"],
            "student_number": [None, "007"],
            "email": [PEOPLE["student"][0], "lovelace@example.org"],
        }
    log = client.get("/courses/dl/staff/audit/").text
    assert "Student → Ada Lovelace" in log
    assert "\u2013 → 007" in log


def test_password_stays_and_goes_with_the_new_address(world: World) -> None:
    """Who is signed in stays so; the old address opens nothing any more."""
    student = world.client("student")
    fields = {"name": "Student", "student_number": "", "email": "new@example.org"}
    correct(world.client("instructor"), place_of(world, "Student"), **fields)

    assert "new@example.org" in student.get("/account").text
    user = accounts.sign_in(world.database, "new@example.org", PASSWORD, "192.0.2.1")
    assert user.name == "Student"
    with pytest.raises(accounts.SignInRefused):
        accounts.sign_in(world.database, PEOPLE["student"][0], PASSWORD, "192.0.2.1")


@pytest.mark.parametrize(("email", "works"), [("new@example.org", 404), (None, 200)])
def test_new_address_ends_open_links(world: World, email: str | None, works: int) -> None:
    """What was sent to a wrong address sets no password; a new name leaves links, and used ones."""
    with world.database.write.begin() as session:
        user = person(session, "Student")
        used = accounts.invite(session, user, None)
    accounts.accept(world.database, used, "four words are long")
    with world.database.write.begin() as session:
        token = accounts.invite(session, person(session, "Student"), None)
    fields = {"name": "Ada", "student_number": ""} | ({"email": email} if email else {})

    answer = correct(world.client("instructor"), place_of(world, "Student"), **fields)

    assert answer.status_code == 303
    assert world.app.test_client().get(f"/invitation/{token}").status_code == works
    with world.database.read() as session:
        kept = session.scalars(select(Invitation.used_at)).all()
        assert len([at for at in kept if at]) == 1


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("name", " ", "Enter a name"),
        ("name", "x" * 201, "At most 200"),
        ("student_number", "1" * 51, "At most 50"),
        ("student_number", "4711", "Somebody else already has this student number."),
        ("email", "Grace@example.org", "Somebody else already has this address."),
        ("email", "ada@example", "Enter a valid e-mail address"),
        ("email", "ada;x@example.org", "Enter a valid e-mail address"),
        ("email", "", "Enter a valid e-mail address"),
        ("email", f"{'a' * 250}@example.org", "Enter a valid e-mail address"),
    ],
)
def test_errors_stand_beside_their_field(world: World, field: str, typed: str, words: str) -> None:
    """All that was typed is still there, and nothing is changed, not even what was right."""
    with world.database.write.begin() as session:
        person(session, "Other").student_number = "4711"
    right = {"name": "Ada <L.>", "student_number": "12", "email": "new@example.org"}

    fields = right | {field: typed}
    refused = correct(world.client("instructor"), place_of(world, "Student"), **fields)

    assert refused.status_code == 400
    parts = re.findall(r'<div class="field">.*?</div>', refused.text, re.DOTALL)
    assert len(parts) == 3
    for part, (name, value) in zip(parts, fields.items(), strict=True):
        assert f'name="{name}"' in part
        assert f'value="{html.escape(value)}"' in part
        assert (words in part) == (name == field)
        assert ('aria-invalid="true"' in part) == (name == field)
        assert (f'id="{name}-problem"' in part) == (name == field)
    with world.database.read() as session:
        user = person(session, "Student")
        assert (user.email, user.student_number) == (PEOPLE["student"][0], None)
        actions = session.scalars(select(AuditEntry.action)).all()
        assert "person.corrected" not in actions


def test_several_errors_are_told_at_once(world: World) -> None:
    """Also what only the database knows."""
    with world.database.write() as session:
        student, admin = person(session, "Student"), person(session, "Admin")
        with pytest.raises(CorrectionRefused) as refused:
            corrections.correct(session, admin, student, Correction("", "", PEOPLE["other"][0]))
        session.rollback()

    assert sorted(refused.value.problems) == ["email", "name"]


@pytest.mark.parametrize("name", ["Instructor", "Grader"])
def test_instructor_corrects_no_staff_and_not_themselves(world: World, name: str) -> None:
    """Neither by the form nor by sending it; no link leads there. An admin does."""
    place = place_of(world, name)
    client = world.client("instructor")
    fields = {"name": "New", "student_number": "", "email": "new@example.org"}

    assert place not in client.get(PEOPLE_PAGE).text
    assert client.get(place).status_code == 404
    assert correct(client, place, **fields).status_code == 404
    admin = world.client("admin")
    assert f'href="{place}"' in admin.get(PEOPLE_PAGE).text
    assert correct(admin, place, **fields).status_code == 303


@pytest.mark.parametrize("more", ["admin", "uploader", "grader", "instructor", "former instructor"])
def test_student_who_is_more_elsewhere_is_the_admins(world: World, more: str) -> None:
    """Nobody gets at an account with more rights by having it on their roster as a student."""
    if more == "admin":
        with world.database.write.begin() as session:
            person(session, "Student").is_admin = True
    elif more == "uploader":
        with world.database.write.begin() as session:
            person(session, "Student").may_upload = True
    else:
        role = Role(more.removeprefix("former "))
        make_staff_elsewhere(world, "Student", role, active="former" not in more)
    place = place_of(world, "Student")
    client = world.client("instructor")
    fields = {"name": "New", "student_number": "", "email": "new@example.org"}

    assert place not in client.get(PEOPLE_PAGE).text
    assert client.get(place).status_code == 404
    assert correct(client, place, **fields).status_code == 404
    assert correct(world.client("admin"), place, **fields).status_code == 303


@pytest.mark.parametrize("member", ["present", "former"])
def test_who_is_in_courses_of_others_is_the_admins(world: World, member: str) -> None:
    """Others send links to the address, and by number and name find whose points are whose."""
    make_staff_elsewhere(world, "Student", Role.STUDENT, active=member == "present")
    place = place_of(world, "Student")
    client = world.client("instructor")
    fields = {"name": "Ada", "student_number": "12"}

    assert place not in client.get(PEOPLE_PAGE).text
    assert client.get(place).status_code == 404
    assert correct(client, place, **fields).status_code == 404
    assert correct(client, place, **fields, email="new@example.org").status_code == 404
    admin = world.client("admin")
    assert correct(admin, place, **fields, email="new@example.org").status_code == 303
    with world.database.read() as session:
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "person.corrected")
        ).all()
        courses = {session.get_one(Course, each.course_id).slug for each in entries}
        assert courses == {"dl", "optics"}
        assert person(session, "Ada").email == "new@example.org"


def test_numbers_are_not_exchanged_by_others(world: World) -> None:
    """This course's file of points for another system would give them to somebody else."""
    with world.database.write.begin() as session:
        optics = Course(slug="optics", title="Optics")
        session.add(Membership(user=person(session, "Grader"), course=optics, role=Role.INSTRUCTOR))
        for name, number in (("Student", "4000001"), ("Other", "4000002")):
            user = person(session, name)
            user.student_number = number
            session.add(Membership(user=user, course=optics, role=Role.STUDENT))
    client = world.client("grader")
    with world.database.read() as session:
        members = session.scalars(select(Membership).join(Course).where(Course.slug == "optics"))
        places = {m.user.name: f"/courses/optics/staff/people/{m.id}/correct" for m in members}

    for name, number in (("Student", ""), ("Other", "4000001"), ("Student", "4000002")):
        fields = {"name": name, "student_number": number}
        assert correct(client, places[name], **fields).status_code == 404

    with world.database.read() as session:
        assert person(session, "Student").student_number == "4000001"


def test_instructor_of_all_their_courses_corrects_them(world: World) -> None:
    """Two courses of one instructor are not courses of others."""
    make_staff_elsewhere(world, "Student", Role.STUDENT)
    with world.database.write.begin() as session:
        optics = session.scalars(select(Course).where(Course.slug == "optics")).one()
        teacher = person(session, "Instructor")
        session.add(Membership(user=teacher, course=optics, role=Role.INSTRUCTOR))

    with world.database.read() as session:
        found, teacher = _membership(session, "Student"), person(session, "Instructor")
        assert allowed(session, teacher, Action.CORRECT_PERSON, found)
        assert not allowed(session, teacher, Action.CORRECT_PERSON, found.course)
        assert not allowed(session, teacher, Action.MANAGE_ROSTER, found)
        assert not allowed(session, person(session, "Grader"), Action.CORRECT_PERSON, found)


def test_people_of_another_course_are_not_corrected(world: World) -> None:
    """A number of another course's member under one's own course's address is not there."""
    make_staff_elsewhere(world, "Student", Role.STUDENT)
    with world.database.read() as session:
        optics = session.scalars(select(Membership).join(Course).where(Course.slug == "optics"))
        number = optics.one().id

    for who in ("instructor", "admin"):
        assert world.client(who).get(f"{PEOPLE_PAGE}{number}/correct").status_code == 404


def test_nothing_changed_is_no_entry(world: World) -> None:
    """The form sent as it came says so."""
    client = world.client("instructor")
    fields = {"name": "Student", "student_number": "", "email": PEOPLE["student"][0]}
    correct(client, place_of(world, "Student"), **fields)

    assert "No changes to save." in client.get(PEOPLE_PAGE).text
    with world.database.read() as session:
        assert "person.corrected" not in session.scalars(select(AuditEntry.action)).all()
