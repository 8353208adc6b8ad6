"""The bell, the page of notices, what people choose, and the way out of messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, select, update

from tests.web.conftest import PEOPLE, World, spaced, token_of
from tests.web.mail_server import PUBLIC, SENDER, Inbox, running, with_mail
from tests.web.reports import graded
from tests.web.services.grading.test_marks import person
from web.db import now
from web.mail import MailServer
from web.models import (
    AnswerText,
    CourseAssignment,
    Delivery,
    Mail,
    Notice,
    NoticeKind,
    Result,
    Submission,
)
from web.services.grading import release
from web.services.notices import choices, paths, telling
from web.workers.mail import MailSender
from web.workers.notices import Teller

ADA = PEOPLE["student"][0]
CHOICES = "/account/notices"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
SERVER = MailServer.from_url("smtp://localhost", SENDER)


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """A mail server."""
    with running() as inbox:
        yield inbox


@pytest.fixture
def mailing(world: World, inbox: Inbox) -> World:
    """A portal that sends e-mail to it."""
    return with_mail(world, inbox)


def grade(world: World, who: str = "Student") -> str:
    """Let somebody's submission be graded, and let it be told; returns its public id."""
    with world.database.write.begin() as session:
        public_id = graded(session, world.settings.submissions, who, {"q1": 1.0}).public_id
    Teller(world.settings, world.database).tell_due()
    return public_id


def send(world: World) -> int:
    """Let a worker send what is due."""
    assert world.settings.mail_server is not None
    return MailSender(world.settings, world.database, world.settings.mail_server).send_due()


def post(world: World, place: str, **fields: str) -> int:
    """Send a form as the student; returns the status."""
    client = world.client("student")
    data = {"csrf_token": token_of(client, "/account"), **fields}
    return client.post(place, data=data).status_code


def test_the_bell_says_how_much_is_not_read(world: World) -> None:
    """On each page, of what the reader was told; a notice that is opened is read."""
    client = world.client("student")
    assert 'aria-label="Notices"' in client.get("/account").text
    public_id = grade(world)
    assert 'aria-label="Notices, 1 not read"' in client.get("/account").text
    page = client.get("/notices/").text
    assert "Attempt 1 of “XOR weights” (Deep learning for physicists) is graded" in page

    place = re.search(r'href="(/notices/\d+)"', page)
    assert place is not None
    answer = client.get(place[1])

    assert answer.headers["Location"] == f"/submissions/{public_id}/"
    assert 'aria-label="Notices"' in client.get("/account").text
    assert 'class="unread"' not in client.get("/notices/").text


def test_who_sees_the_page_has_read_the_notice(world: World) -> None:
    """However they got there."""
    public_id = grade(world)

    page = world.client("student").get(f"/submissions/{public_id}/").text

    assert 'aria-label="Notices"' in page


def test_staff_who_look_read_nothing_for_others(world: World) -> None:
    """It is the student's notice."""
    public_id = grade(world)

    world.client("instructor").get(f"/submissions/{public_id}/")

    assert 'aria-label="Notices, 1 not read"' in world.client("student").get("/account").text


def test_all_are_read_at_once(world: World) -> None:
    """By one button."""
    grade(world)

    assert post(world, "/notices/read") == 303

    assert 'aria-label="Notices"' in world.client("student").get("/account").text


def test_nobody_sees_the_notices_of_others(world: World) -> None:
    """Nor opens them by their numbers, nor any that waits."""
    grade(world)
    other = world.client("other")
    with world.database.write.begin() as session:
        number = session.scalars(select(Notice.id)).one()

    assert "XOR weights" not in other.get("/notices/").text
    assert other.get(f"/notices/{number}").status_code == 404
    with world.database.write.begin() as session:
        session.get_one(Notice, number).told_at = None
    assert world.client("student").get(f"/notices/{number}").status_code == 404
    assert 'aria-label="Notices"' in world.client("student").get("/account").text


def test_a_newer_result_takes_the_place_of_the_one_before(world: World) -> None:
    """Five attempts are one thing to read."""
    for _ in range(3):
        grade(world)

    assert 'aria-label="Notices, 1 not read"' in world.client("student").get("/account").text


def choose(world: World, **chosen: str) -> None:
    """Choose as the student."""
    assert post(world, CHOICES, **chosen) == 303


def test_each_kind_is_chosen(mailing: World, inbox: Inbox) -> None:
    """At once, or none; what is not sent is in the portal."""
    page = spaced(mailing.client("student").get(CHOICES).text)
    assert '<option value="digest" selected>Once a day</option>' in page
    choose(mailing, graded="at_once", released="none")

    public_id = grade(mailing)
    with mailing.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        release.release(session, person(session, "Instructor"), assignment)
    Teller(mailing.settings, mailing.database).tell_due()

    assert send(mailing) == 1
    assert f"/submissions/{public_id}/" in inbox.taken[0].get_content()
    assert "grades released" in mailing.client("student").get("/notices/").text


@pytest.mark.parametrize("value", ["", "weekly", "at_once\0"])
def test_a_choice_that_is_none_is_refused(mailing: World, value: str) -> None:
    """And nothing changes."""
    post(mailing, CHOICES, graded=value)

    with mailing.database.read() as session:
        assert choices.choices_of(session, person(session, "Student")) == choices.USUAL


def test_one_message_a_day(mailing: World, inbox: Inbox) -> None:
    """With all that was told since the last one, and not what was read meanwhile."""
    choose(mailing, graded="digest", released="digest")
    public_id = grade(mailing)
    with mailing.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        release.release(session, person(session, "Instructor"), assignment)
    teller = Teller(mailing.settings, mailing.database)
    teller.tell_due()
    assert (teller.write_digests(), send(mailing)) == (0, 0)
    with mailing.database.write.begin() as session:
        for notice in session.scalars(select(Notice)):
            notice.digest_at = now()

    assert (teller.write_digests(), send(mailing)) == (1, 1)
    assert (teller.write_digests(), send(mailing)) == (0, 0)

    (message,) = inbox.taken
    assert message["Subject"] == "2 notices from your courses"
    assert f"{PUBLIC}/submissions/{public_id}/" in message.get_content()
    assert f"{PUBLIC}/courses/dl/assignments/xor/" in message.get_content()


def test_what_was_read_is_in_no_digest(mailing: World, inbox: Inbox) -> None:
    """Nor what somebody does not want any more."""
    choose(mailing, graded="digest")
    public_id = grade(mailing)
    mailing.client("student").get(f"/submissions/{public_id}/")
    grade(mailing, "Other")
    with mailing.database.write.begin() as session:
        for notice in session.scalars(select(Notice)):
            notice.digest_at = now()
        choices.choose(session, person(session, "Other"), {NoticeKind.GRADED: Delivery.NONE})

    Teller(mailing.settings, mailing.database).write_digests()

    assert send(mailing) == 0


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-28T05:59", "2026-11-28T06:00"),
        ("2026-11-28T06:00", "2026-11-29T06:00"),
        # Clocks go forward in the night, then back.
        ("2027-03-27T12:00", "2027-03-28T05:00"),
        ("2027-10-30T12:00", "2027-10-31T06:00"),
    ],
)
def test_the_digest_goes_in_the_morning(at: str, expected: str) -> None:
    """At seven where the course is."""
    moments = [datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (at, expected)]

    assert telling.next_digest(moments[0], "Europe/Berlin") == moments[1]


def way_out(message_headers: str) -> str:
    """The path in a header."""
    found = re.fullmatch(f"<{re.escape(PUBLIC)}(/unsubscribe/.+)>", message_headers)
    assert found is not None
    return found[1]


def test_a_mail_program_unsubscribes_without_a_page(mailing: World, inbox: Inbox) -> None:
    """By one request, which carries no mark and no cookie; a link that is opened does nothing."""
    choose(mailing, graded="at_once")
    grade(mailing)
    send(mailing)
    place = way_out(inbox.taken[0]["List-Unsubscribe"])
    client = mailing.app.test_client()
    assert f"Stop sending {ADA} e-mail of this kind" in client.get(place).text
    assert chosen(mailing)[NoticeKind.GRADED] is Delivery.AT_ONCE

    answer = client.post(place, data=ONE_CLICK)

    assert answer.status_code == 200
    assert chosen(mailing) == {**choices.USUAL, NoticeKind.GRADED: Delivery.NONE}


def chosen(world: World) -> dict[NoticeKind, Delivery]:
    """What the student gets."""
    with world.database.read() as session:
        return choices.choices_of(session, person(session, "Student"))


def test_no_more_of_the_daily_message(mailing: World) -> None:
    """It has several kinds: all that come once a day end."""
    choose(mailing, graded="digest", deadline="digest")
    with mailing.database.read() as session:
        user = person(session, "Student")
        token = choices.unsubscribe_token(mailing.settings.secret_key, user, choices.DIGEST)

    mailing.app.test_client().post(f"/unsubscribe/{token}", data=ONE_CLICK)

    found = chosen(mailing)
    assert found[NoticeKind.GRADED] is found[NoticeKind.DEADLINE] is Delivery.NONE
    assert found[NoticeKind.RELEASED] is Delivery.AT_ONCE


@pytest.mark.parametrize("change", ["x", ".x", ""])
def test_what_we_have_not_signed_unsubscribes_nobody(mailing: World, change: str) -> None:
    """Nobody turns off the messages of others."""
    with mailing.database.read() as session:
        user = person(session, "Student")
        token = choices.unsubscribe_token("another key", user, "graded")

    client = mailing.app.test_client()

    assert client.get(f"/unsubscribe/{token}{change}").status_code == 404
    assert client.post(f"/unsubscribe/{token}{change}", data=ONE_CLICK).status_code == 404
    assert chosen(mailing) == choices.USUAL


def test_without_a_mail_server_no_choice_is_offered(world: World) -> None:
    """The page has the calendar alone."""
    page = world.client("student").get(CHOICES).text

    assert "Once a day" not in page
    assert re.findall(r"<h[1-6][^>]*>([^<]+)", page) == ["Calendar"]
    assert post(world, CHOICES, graded="none") == 404


def test_a_notice_goes_with_what_it_is_about(either: World) -> None:
    """Where a submission is deleted, so are its notices and their messages, on both databases."""
    with_messages = replace(either.settings, mail_server=SERVER, public_url=PUBLIC)
    with either.database.write.begin() as session:
        choices.choose(session, person(session, "Student"), {NoticeKind.GRADED: Delivery.AT_ONCE})
        graded(session, either.settings.submissions, "Student", {"q1": 1.0})
    Teller(with_messages, either.database).tell_due()
    with either.database.write.begin() as session:
        assert len(session.scalars(select(Mail)).all()) == 1
        session.execute(update(Submission).values(result_id=None))
        for table in (AnswerText, Result, Submission):
            session.execute(delete(table))

    with either.database.read() as session:
        assert session.scalars(select(Notice)).all() == []
        assert session.scalars(select(Mail)).all() == []


def test_paths_in_messages_are_those_of_the_pages(world: World) -> None:
    """What writes messages knows nothing of HTTP, so that it has a table of its own."""
    grade(world)
    with world.database.read() as session, world.app.test_request_context():
        url_for = world.app.url_for
        submission = session.scalars(select(Submission)).one()
        assignment = submission.assignment
        expected = {
            paths.of_submission(submission): url_for(
                "submissions.show_submission", public_id=submission.public_id
            ),
            paths.of_assignment(assignment): url_for(
                "courses.show_assignment", slug=assignment.course.slug, name=assignment.name
            ),
            paths.of_invitation("T"): url_for("account.show_invitation", token="T"),
            paths.of_role("T"): url_for("account.show_role", token="T"),
            paths.of_choices(): url_for("notices.show_choices"),
            paths.of_unsubscribing("T"): url_for("notices.show_unsubscribe", token="T"),
        }
    assert all(ours == theirs for ours, theirs in expected.items())
    assert len(expected) == 6
