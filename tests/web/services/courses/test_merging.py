"""Two accounts of one person become one."""

from __future__ import annotations

from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from tests.web.conftest import PEOPLE, World, spaced, token_of
from tests.web.reports import graded
from web.db import Base
from web.models import AuditEntry, Course, Membership, Role, Submission, User
from web.services.courses import merging
from web.services.grading import comments
from web.services.people import accounts

TWIN = "twin@example.org"


def add_twin(world: World, *, number: str | None = "77", in_course: bool = False) -> int:
    """Add another account of the student's, a grader elsewhere; returns the student's id."""
    with world.database.write.begin() as session:
        twin = User(email=TWIN, name="Twin", student_number=number)
        other = Course(slug="other", title="Other course")
        session.add_all([twin, other, Membership(user=twin, course=other, role=Role.GRADER)])
        if in_course:
            course = session.scalars(select(Course).where(Course.slug == "dl")).one()
            session.add(Membership(user=twin, course=course, role=Role.STUDENT))
        session.flush()
        accounts.invite(session, twin, None)
        query = select(User.id).where(User.email == PEOPLE["student"][0])
        return session.scalars(query).one()


def send(client: FlaskClient, number: int, **fields: str) -> TestResponse:
    """Send the form."""
    data = {"csrf_token": token_of(client, "/account"), "email": TWIN, **fields}
    return client.post(f"/admin/people/{number}/merge", data=data, follow_redirects=True)


def twins(world: World) -> int:
    """Return how many accounts have the twin's address."""
    with world.database.read() as session:
        return session.scalar(select(func.count()).where(User.email == TWIN)) or 0


def test_all_of_one_account_becomes_the_others(either: World) -> None:
    """Courses, log, links and number; nothing refers to the account that is gone."""
    student = add_twin(either)
    with either.database.write.begin() as session:
        twin = session.scalars(select(User).where(User.email == TWIN)).one()
        submission = graded(session, either.settings.submissions, "Other", {"q1": 1.0})
        comments.add(session, twin, submission.assignment, "q7", "Why?")
        twin_id = twin.id

    page = send(either.client("admin"), student, confirmed=TWIN).text

    assert "Merged." in page
    assert "Other course</a>" in page
    assert twins(either) == 0
    with either.database.read() as session:
        kept = session.get_one(User, student)
        assert kept.student_number == "77"
        assert {(each.course.slug, each.role) for each in kept.memberships} == {
            ("dl", Role.STUDENT),
            ("other", Role.GRADER),
        }
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "comment.kept")).one()
        assert entry.actor_id == student
        for column in merging._references():
            assert not session.scalar(select(func.count()).where(column == twin_id)), column


def test_what_it_means_is_shown_first(world: World) -> None:
    """Nothing is changed before it is confirmed for this very account."""
    student = add_twin(world, in_course=True)
    admin = world.client("admin")

    for fields in ({}, {"confirmed": "ada@example.org"}):
        page = spaced(send(admin, student, **fields).text)
        assert "Nothing has been changed yet." in page
        assert "is in “Other course” from then on." in page
        assert "Both are in “Deep learning for physicists”" in page
        assert twins(world) == 1
    send(admin, student, confirmed=TWIN)
    assert twins(world) == 0


def test_accounts_with_work_in_the_same_course_stay_two(world: World) -> None:
    """Whose attempts count would be a guess; the other direction is refused as well."""
    student = add_twin(world, in_course=True)
    with world.database.write.begin() as session:
        graded(session, world.settings.submissions, "Twin", {"q1": 1.0})

    answer = send(world.client("admin"), student, confirmed=TWIN)

    assert answer.status_code == 400
    assert "Such accounts cannot be merged" in answer.text
    with world.database.read() as session:
        assert session.scalars(select(Submission)).one().user.name == "Twin"


def test_what_cannot_be_merged_is_refused(world: World) -> None:
    """An address that nobody has, the account itself, an administrator's."""
    student = add_twin(world)
    admin = world.client("admin")

    for email, words in (
        ("nobody@example.org", "No account has this e-mail address."),
        (PEOPLE["student"][0], "This is the same account."),
        (PEOPLE["admin"][0], "cannot be merged into another one"),
    ):
        answer = send(admin, student, email=email, confirmed=email)
        assert answer.status_code == 400
        assert words in answer.text


def test_the_kept_account_keeps_its_number(world: World) -> None:
    """Two numbers are no reason to lose one's own."""
    student = add_twin(world)
    with world.database.write.begin() as session:
        session.get_one(User, student).student_number = "42"

    send(world.client("admin"), student, confirmed=TWIN)

    with world.database.read() as session:
        assert session.get_one(User, student).student_number == "42"
        assert len(Base.metadata.tables) > 20


def test_a_link_of_the_kept_account_does_not_reach_into_the_others_courses(world: World) -> None:
    """It was made by somebody in whose course its owner is a student."""
    student = add_twin(world)
    with world.database.write.begin() as session:
        token = accounts.invite(session, session.get_one(User, student), None)
    assert world.app.test_client().get(f"/invitation/{token}").status_code == 200

    assert "Merged." in send(world.client("admin"), student, confirmed=TWIN).text

    assert world.app.test_client().get(f"/invitation/{token}").status_code == 404
