"""What students are told, when they may know it, and in how many messages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.messages import text
from tests.web.conftest import PEOPLE, World, run_all, token_of
from tests.web.mail_server import PUBLIC, Inbox, running, with_mail
from tests.web.reports import graded
from tests.web.services.grading.test_marks import person
from tests.web.services.regrading.test_regrades import regraded
from tests.web.services.submissions.test_queue import queue
from web.db import now
from web.models import (
    CourseAssignment,
    Delivery,
    ExtensionRequest,
    Mail,
    Membership,
    Notice,
    NoticeKind,
    Regrade,
    Submission,
    User,
)
from web.services.courses import assignments, extension_requests
from web.services.courses.assignments import AssignmentRules, ExtensionTerms
from web.services.courses.rule_book import rules_for
from web.services.grading import release, requests
from web.services.notices import choices, telling
from web.services.regrading import regrades
from web.services.submissions.queue import SubmissionQueue
from web.workers.mail import MailSender
from web.workers.notices import Teller

DAY = timedelta(days=1)
ADA = PEOPLE["student"][0]
GRADER = "Grader"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """A mail server."""
    with running() as inbox:
        yield inbox


@pytest.fixture
def mailing(world: World, inbox: Inbox) -> World:
    """A portal that sends e-mail to it; students get all of it at once."""
    with world.database.write.begin() as session:
        for user in session.scalars(select(User)):
            choices.choose(session, user, {NoticeKind.GRADED: Delivery.AT_ONCE})
    return with_mail(world, inbox)


def tell(world: World) -> int:
    """Let a worker tell what may be known, and another one send it; returns how many messages."""
    Teller(world.settings, world.database).tell_due()
    assert world.settings.mail_server is not None
    return MailSender(world.settings, world.database, world.settings.mail_server).send_due()


def told(world: World, who: str = "Student") -> list[str]:
    """The subjects of what somebody sees in the portal."""
    with world.database.read() as session:
        found = session.scalars(
            select(Notice)
            .join(User, Notice.user_id == User.id)
            .where(User.name == who, Notice.told_at.is_not(None))
            .order_by(Notice.id)
        )
        return [each.subject for each in found]


def look_again(world: World) -> None:
    """Let all that waits be looked at now."""
    with world.database.write.begin() as session:
        for notice in session.scalars(select(Notice)):
            notice.look_at = now()


def the_assignment(session: Session) -> CourseAssignment:
    """The only one."""
    return session.scalars(select(CourseAssignment)).one()


def grade(world: World, who: str = "Student", **points: float) -> str:
    """Submit for somebody and grade it; returns the public id."""
    with world.database.write.begin() as session:
        return graded(session, world.settings.submissions, who, points).public_id


def rules_of(assignment: CourseAssignment, **changed: object) -> AssignmentRules:
    """The rules as they are, but for some."""
    names = AssignmentRules.__dataclass_fields__
    return AssignmentRules(**{name: getattr(assignment, name) for name in names} | changed)


def test_a_graded_submission_is_told_without_points(mailing: World, inbox: Inbox) -> None:
    """In the portal and by e-mail; the message leads to the page that knows the points."""
    public_id = grade(mailing, q1=1.0)

    assert tell(mailing) == 1

    assert told(mailing) == ["XOR weights: graded"]
    (message,) = inbox.to(ADA)
    assert f"{PUBLIC}/submissions/{public_id}/" in message.get_content()
    assert "Attempt 1 of “XOR weights”" in message.get_content()
    assert mailing.client("student").get(f"/submissions/{public_id}/").status_code == 200
    assert tell(mailing) == 0


def test_results_that_are_held_back_are_not_told(mailing: World, inbox: Inbox) -> None:
    """Not until the student sees them: at the time of the assignment, and of the student's own."""
    with mailing.database.write.begin() as session:
        assignment = the_assignment(session)
        assignment.results_at = now() + 2 * DAY
    grade(mailing, q1=1.0)
    assert (tell(mailing), told(mailing)) == (0, [])

    with mailing.database.write.begin() as session:
        the_assignment(session).results_at = now() - DAY
    look_again(mailing)
    assert (tell(mailing), told(mailing)) == (0, [])  # who may still submit sees nothing

    with mailing.database.write.begin() as session:
        assignment = the_assignment(session)
        assignment.due_at = assignment.cutoff_at = now() - timedelta(hours=1)
    look_again(mailing)
    assert tell(mailing) == 1
    assert told(mailing) == ["XOR weights: graded"]


def test_who_has_more_time_is_told_later_than_others(mailing: World, inbox: Inbox) -> None:
    """The results of an exam are visible to those whose time is over."""
    for who in ("Student", "Other"):
        grade(mailing, who, q1=1.0)
    with mailing.database.write.begin() as session:
        assignment = the_assignment(session)
        assignment.due_at = assignment.results_at = now() - timedelta(hours=1)
        terms = ExtensionTerms(now() + DAY, None, 0, "Ill.")
        assignments.extend(
            session, person(session, "Instructor"), assignment, person(session, "Student"), terms
        )
        session.query(Notice).filter_by(kind=NoticeKind.DEADLINE).delete()

    tell(mailing)

    assert told(mailing, "Other") == ["XOR weights: graded"]
    assert told(mailing) == []
    assert inbox.to(ADA) == []


def test_several_attempts_that_wait_are_one_notice(mailing: World, inbox: Inbox) -> None:
    """The latest."""
    for _ in range(2):
        grade(mailing, q1=1.0)
    last = grade(mailing, q1=2.0)

    assert tell(mailing) == 1

    assert len(told(mailing)) == 1
    assert f"{PUBLIC}/submissions/{last}/" in inbox.taken[0].get_content()


def test_a_file_that_cannot_be_read_is_told(mailing: World, inbox: Inbox) -> None:
    """Also while results are held back: its student must know."""
    with mailing.database.write.begin() as session:
        the_assignment(session).results_at = now() + DAY
    (public_id,) = queue(mailing, "Student")
    with mailing.database.write.begin() as session:
        claim = SubmissionQueue().claim(session, "w")
        assert claim is not None
        assert SubmissionQueue().refuse(session, claim, text("Not a notebook."))

    assert tell(mailing) == 1

    assert told(mailing) == ["XOR weights: the file could not be read"]
    assert public_id in inbox.taken[0].get_content()


def test_who_has_left_is_told_nothing(mailing: World) -> None:
    """The course's pages are closed to them, too."""
    grade(mailing, q1=1.0)
    with mailing.database.write.begin() as session:
        student = person(session, "Student")
        session.scalars(select(Membership).where(Membership.user == student)).one().active = False

    assert tell(mailing) == 0
    assert told(mailing) == []


def test_released_grades_are_told_to_those_who_have_some(mailing: World, inbox: Inbox) -> None:
    """Once; what comes of a release that is withdrawn in time is told to nobody."""
    grade(mailing, q1=1.0)
    tell(mailing)
    inbox.taken.clear()
    with mailing.database.write.begin() as session:
        release.release(session, person(session, "Instructor"), the_assignment(session))
        release.withdraw(session, person(session, "Instructor"), the_assignment(session))
    assert tell(mailing) == 0

    with mailing.database.write.begin() as session:
        release.release(session, person(session, "Instructor"), the_assignment(session))
    assert tell(mailing) == 1

    (message,) = inbox.taken
    assert message["To"] == ADA
    assert message["Subject"] == "XOR weights: grades released"
    assert told(mailing, "Other") == []


def test_a_message_that_has_not_gone_is_taken_back_with_the_release(
    mailing: World, inbox: Inbox
) -> None:
    """It was told in the portal already; from then on there is nothing to see there either."""
    grade(mailing, q1=1.0)
    tell(mailing)
    with mailing.database.write.begin() as session:
        release.release(session, person(session, "Instructor"), the_assignment(session))
    Teller(mailing.settings, mailing.database).tell_due()
    inbox.taken.clear()

    with mailing.database.write.begin() as session:
        release.withdraw(session, person(session, "Instructor"), the_assignment(session))

    assert tell(mailing) == 0
    assert told(mailing) == ["XOR weights: graded"]


def test_a_release_of_held_results_waits_for_them(mailing: World) -> None:
    """And then it is one notice, not one for the tests and one for the people."""
    with mailing.database.write.begin() as session:
        the_assignment(session).results_at = now() + DAY
    grade(mailing, q1=1.0)
    with mailing.database.write.begin() as session:
        release.release(session, person(session, "Instructor"), the_assignment(session))
    assert (tell(mailing), told(mailing)) == (0, [])

    with mailing.database.write.begin() as session:
        assignment = the_assignment(session)
        assignment.results_at = assignment.due_at = now() - timedelta(hours=1)
        session.query(Notice).filter_by(kind=NoticeKind.RELEASED).update({"look_at": now()})
    assert tell(mailing) == 1
    look_again(mailing)
    assert tell(mailing) == 0
    assert told(mailing) == ["XOR weights: grades released"]


def test_corrected_tests_are_told_to_those_whose_points_they_change(
    mailing: World, inbox: Inbox
) -> None:
    """Once they see their results; not to whom keeps the earlier points."""
    with mailing.database.write.begin() as session:
        regrade = regraded(session, mailing, {"q1": 5}, {"q1": 1})
    tell(mailing)
    inbox.taken.clear()
    with mailing.database.write.begin() as session:
        the_assignment(session).results_at = now() + DAY
        regrade = session.get_one(Regrade, regrade.id)
        instructor = person(session, "Instructor")
        regrades.publish(session, instructor, regrade, never_lower=True, note="A wrong sign.")
    assert tell(mailing) == 0

    with mailing.database.write.begin() as session:
        the_assignment(session).results_at = None
    look_again(mailing)
    assert tell(mailing) == 1

    (message,) = inbox.taken
    assert message["To"] == ADA
    assert message["Subject"] == "XOR weights: your points have changed"


def test_replies_are_told_without_their_words(mailing: World, inbox: Inbox) -> None:
    """To a regrade request, and to a request for more time."""
    public_id = grade(mailing, q1=1.0)
    tell(mailing)
    inbox.taken.clear()
    with mailing.database.write.begin() as session:
        submission = session.scalars(select(Submission)).one()
        asked = requests.ask(session, submission, "q1", "Please look again.")
        requests.answer(
            session, person(session, GRADER), asked, accepted=False, text="Secret words."
        )
    assert tell(mailing) == 1

    (message,) = inbox.taken
    assert message["Subject"].endswith(": reply to your regrade request")
    assert f"{PUBLIC}/submissions/{public_id}/" in message.get_content()
    assert "Secret" not in message.get_content()


def ask_for_time(session: Session) -> ExtensionRequest:
    """Let the student ask for a later deadline."""
    assignment, student = the_assignment(session), person(session, "Student")
    rules = rules_for(session, assignment, student)
    wished = now() + 9 * DAY
    return extension_requests.ask(session, assignment, student, rules, wished, "I am ill.")


def test_a_granted_extension_is_one_notice(mailing: World, inbox: Inbox) -> None:
    """The reply and the new deadline are one thing to its student."""
    with mailing.database.write.begin() as session:
        request, instructor = ask_for_time(session), person(session, "Instructor")
        until = now() + 8 * DAY
        terms = extension_requests.terms_granted(request, None, until)
        extension_requests.close(session, instructor, request, "", granted_until=until)
        assignments.extend(
            session, instructor, request.assignment, person(session, "Student"), terms
        )

    assert tell(mailing) == 1

    (message,) = inbox.taken
    assert message["Subject"].endswith(": reply to your extension request")
    assert "Your deadline is " in message.get_content()


def test_a_declined_extension_is_told(mailing: World, inbox: Inbox) -> None:
    """The deadline stays, and is not mentioned."""
    with mailing.database.write.begin() as session:
        request = ask_for_time(session)
        extension_requests.close(session, person(session, "Instructor"), request, "No.")

    assert tell(mailing) == 1
    assert "Your deadline is " not in inbox.taken[0].get_content()


def move(world: World, due_at: datetime | None) -> None:
    """Let an instructor change the deadline."""
    with world.database.write.begin() as session:
        assignment = the_assignment(session)
        assignments.set_rules(
            session,
            person(session, "Instructor"),
            assignment,
            rules_of(assignment, due_at=due_at),
        )


def test_a_deadline_that_moves_is_told_to_all_whose_it_is(mailing: World, inbox: Inbox) -> None:
    """In the course's time zone; who has an extension keeps theirs, and is told nothing."""
    with mailing.database.write.begin() as session:
        terms = ExtensionTerms(now() + 9 * DAY, None, 0, "Ill.")
        assignments.extend(
            session,
            person(session, "Instructor"),
            the_assignment(session),
            person(session, "Other"),
            terms,
        )
    tell(mailing)
    inbox.taken.clear()

    move(mailing, datetime.fromisoformat("2126-07-01T10:00+00:00"))
    tell(mailing)

    (message,) = inbox.taken
    assert message["To"] == ADA
    assert "is now Monday, 1 July 2126, 12:00 CEST." in message.get_content()
    assert "Before, it was " in message.get_content()


def test_a_deadline_that_moves_back_in_time_is_told_to_nobody(mailing: World) -> None:
    """Such as after a slip of the hand."""
    with mailing.database.read() as session:
        before = the_assignment(session).due_at
    move(mailing, now() + 5 * DAY)
    move(mailing, now() + 6 * DAY)
    move(mailing, before)

    assert tell(mailing) == 0
    with mailing.database.read() as session:
        assert session.scalars(select(Notice)).all() == []


def test_a_deadline_that_moves_twice_is_one_notice(mailing: World, inbox: Inbox) -> None:
    """With the first and the last."""
    with mailing.database.write.begin() as session:
        the_assignment(session).due_at = datetime.fromisoformat("2126-07-01T10:00+00:00")
    move(mailing, datetime.fromisoformat("2126-07-02T10:00+00:00"))
    move(mailing, datetime.fromisoformat("2126-07-03T10:00+00:00"))

    tell(mailing)

    assert len(inbox.to(ADA)) == 1
    words = " ".join(inbox.to(ADA)[0].get_content().split())
    assert "is now Wednesday, 3 July 2126" in words
    assert "Before, it was Monday, 1 July 2126" in words


def test_an_extension_that_is_taken_back_is_told(mailing: World, inbox: Inbox) -> None:
    """And one that changes attempts alone is not."""
    with mailing.database.write.begin() as session:
        who = person(session, "Instructor"), the_assignment(session), person(session, "Student")
        assignments.extend(session, *who, ExtensionTerms(None, None, 2, "Attempts."))
    assert tell(mailing) == 0
    with mailing.database.write.begin() as session:
        who = person(session, "Instructor"), the_assignment(session), person(session, "Student")
        assignments.extend(session, *who, ExtensionTerms(now() + 5 * DAY, None, 0, "Ill."))
    assert tell(mailing) == 1
    with mailing.database.write.begin() as session:
        who = person(session, "Instructor"), the_assignment(session), person(session, "Student")
        assignments.withdraw_extension(session, *who)

    assert tell(mailing) == 1


def test_a_time_multiplier_moves_the_deadlines_of_its_student(mailing: World, inbox: Inbox) -> None:
    """And of nobody else."""
    with mailing.database.read() as session:
        student = person(session, "Student")
        member = session.scalars(select(Membership).where(Membership.user == student)).one()
    client, page = mailing.client("instructor"), "/courses/dl/staff/people/"
    form = {"role": "student", "time_multiplier": "1.5", "active": "1"}
    form["csrf_token"] = token_of(client, page)

    assert client.post(f"{page}{member.id}", data=form).status_code == 303
    tell(mailing)

    (message,) = inbox.taken
    assert message["To"] == ADA
    assert message["Subject"] == "XOR weights: your deadline has changed"


def test_nobody_hears_of_an_assignment_that_is_not_released(mailing: World) -> None:
    """Its dates are not theirs to know."""
    with mailing.database.write.begin() as session:
        the_assignment(session).release_at = now() + timedelta(hours=1)
    move(mailing, now() + 5 * DAY)

    assert tell(mailing) == 0
    assert told(mailing) == []


def test_without_a_mail_server_the_portal_tells_all_the_same(world: World) -> None:
    """And no message waits for one that is set up later."""
    grade(world, q1=1.0)

    Teller(world.settings, world.database).tell_due()

    assert told(world) == ["XOR weights: graded"]
    with world.database.read() as session:
        assert session.scalars(select(Mail)).all() == []


def test_what_was_told_a_year_ago_is_forgotten(world: World) -> None:
    """What waits is not, however long."""
    grade(world, q1=1.0)
    grade(world, "Other", q1=1.0)
    Teller(world.settings, world.database).tell_due()
    with world.database.write.begin() as session:
        first, second = session.scalars(select(Notice))
        first.told_at = now() - 366 * DAY
        second.told_at, second.created_at = None, now() - 400 * DAY
        assert telling.forget_old(session) == 1

    with world.database.read() as session:
        assert session.scalars(select(Notice)).one().told_at is None


def test_a_notice_goes_with_what_undoes_it(world: World) -> None:
    """Both are written, or neither."""
    with world.database.write() as session:
        graded(session, world.settings.submissions, "Student", {"q1": 1.0})
        assert len(session.scalars(select(Notice)).all()) == 1
        session.rollback()

    with world.database.read() as session:
        assert session.scalars(select(Notice)).all() == []


def test_two_that_tell_at_once_tell_each_notice_once(portal: World, inbox: Inbox) -> None:
    """Several machines may run one each, with PostgreSQL."""
    there = with_mail(portal, inbox)
    with there.database.write.begin() as session:
        graded(session, there.settings.submissions, "Student", {"q1": 1.0})
        graded(session, there.settings.submissions, "Other", {"q1": 1.0})
        release.release(session, person(session, "Instructor"), the_assignment(session))
    tellers = [Teller(there.settings, there.database) for _ in range(4)]

    run_all([lambda teller=teller: teller.tell_due() for teller in tellers])

    with there.database.read() as session:
        assert len(session.scalars(select(Mail)).all()) == 2
