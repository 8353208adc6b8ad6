"""A request beside what it is about, its last moment, and what became of all of them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.web.conftest import World
from tests.web.services.grading.test_grading import post
from tests.web.services.grading.test_marks import person, submit
from tests.web.services.grading.test_requests import GRADING, released
from web.db import now
from web.models import AuditEntry, CourseAssignment, RegradeRequest, Submission
from web.services.errors import RuleError
from web.services.grading import release, requests, written_answers
from web.services.grading.visible_marks import visible_mark
from web.services.grading.written_answers import Entered

LIST = "/courses/dl/staff/requests/"


def ask(session: Session, submission: Submission, question_id: str, text: str) -> int:
    """Ask as the student; returns the request's number."""
    request = requests.ask(session, submission, question_id, text)
    session.flush()
    return request.id


def two_requests(world: World) -> tuple[int, int]:
    """On a tested and on a written question, of two students."""
    with world.database.write.begin() as session:
        first = released(session, world)
        other = submit(session, world, {"q1": 1}, "Other")
        entered = Entered(0, (1,), comment="One step is missing.")
        written_answers.save(session, person(session, "Grader"), other, "q7", entered)
        release.release(session, person(session, "Instructor"), first.assignment)
        session.expire_all()
        return ask(session, first, "q1", "My sign is right."), ask(session, other, "q7", "And $b$?")


def test_page_shows_what_the_request_is_about(world: World) -> None:
    """What failed and the code's solution of a tested question; rubric and comment of a written."""
    tested, written = two_requests(world)
    client = world.client("grader")

    page = client.get(f"/staff/requests/{tested}/").text
    for words in ("My sign is right.", "Works.", "1 / 5", "Model answer", "W1", "Question 1"):
        assert words in page
    page = client.get(f"/staff/requests/{written}/").text
    for words in ("On the left stands", "<math", "One step is missing.", "0.5 / 2", "Model answer"):
        assert words in page
    assert f"/staff/requests/{written}/" in client.get(LIST).text
    for who in ("student", "other"):
        assert world.client(who).get(f"/staff/requests/{tested}/").status_code == 404


def test_reply_leads_to_the_next_open_request(world: World) -> None:
    """From one page to the next, and at last to the list; the ways beside it go both ways."""
    first, second = two_requests(world)
    client = world.client("grader")
    page, last = f"/staff/requests/{first}/", f"/staff/requests/{second}/"
    assert f'rel="next"\n     href="{last}"' in client.get(page).text
    assert f'rel="prev"\n     href="{page}"' in client.get(last).text

    refused = post(client, page, f"{page}answer", onward="1", answer="", decision="accept")
    assert refused.status_code == 400
    assert "Write a reply" in refused.text
    assert "Model answer" in refused.text
    reply = {"onward": "1", "answer": "Right.", "points": "2", "decision": "accept"}
    assert post(client, page, f"{page}answer", **reply).headers["Location"] == last
    reply |= {"points": "", "decision": "decline"}
    assert post(client, last, f"{last}answer", **reply).headers["Location"] == LIST
    assert "No other open requests" in client.get(page).text


def test_earlier_request_on_the_question_stands_beside_it(world: World) -> None:
    """Whoever asks again has read a reply, and so does who replies now."""
    first, _ = two_requests(world)
    with world.database.write.begin() as session:
        request = session.get_one(RegradeRequest, first)
        grader = person(session, "Grader")
        requests.answer(session, grader, request, accepted=False, text="See the hint.")
        again = ask(session, request.submission, "q1", "But line 3?")

    page = world.client("grader").get(f"/staff/requests/{again}/").text
    assert page.index("See the hint.") < page.index("But line 3?")


def test_names_stay_hidden_on_the_page(world: World) -> None:
    """Whoever grades without names replies without them."""
    first, _ = two_requests(world)
    with world.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        assignment.anonymous_grading = True

    page = world.client("grader").get(f"/staff/requests/{first}/").text
    assert "My sign is right." in page
    assert "Student</h1>" not in page
    assert ">Student:" not in page
    assert "View submission" not in page


def test_figures_count_and_time_replies(world: World) -> None:
    """Half of the replies came within the median time."""
    first, second = two_requests(world)
    with world.database.write.begin() as session:
        grader = person(session, "Grader")
        for number, hours, accepted in ((first, 1, True), (second, 3, False)):
            request = session.get_one(RegradeRequest, number)
            requests.answer(session, grader, request, accepted=accepted, text="Because.")
            request.created_at = now() - timedelta(hours=hours)
        ask(session, session.get_one(RegradeRequest, first).submission, "q2", "And this?")
        course = session.scalars(select(CourseAssignment)).one().course
        total, by_question = requests.figures(session, course)

    assert (total.open, total.accepted, total.declined) == (1, 1, 1)
    assert total.median_seconds == pytest.approx(2 * 3600, abs=60)
    assert {key[1]: each.open for key, each in by_question.items()} == {"q1": 0, "q2": 1, "q7": 0}
    text = world.client("grader").get(LIST).text
    assert re.search(r"Median time to reply</dt>\s*<dd>2 hours</dd>", text)


def test_days_begin_when_points_become_visible(world: World) -> None:
    """They end for what was seen long ago, and begin anew with what is new to look at."""
    with world.database.write.begin() as session:
        submission = released(session, world)
        assignment = submission.assignment
        assignment.regrade_request_days = 7
        assert submission.result is not None
        long_ago = now() - timedelta(days=8)
        submission.result.created_at = submission.released_at = long_ago
        with pytest.raises(RuleError, match="is over"):
            requests.ask(session, submission, "q1", "Please.")
        # The written answer was graded a moment ago.
        requests.ask(session, submission, "q7", "Please.")
        submission.released_at = now() - timedelta(days=6)
        requests.ask(session, submission, "q1", "Please.")
        mark = visible_mark(session, submission)
        assert mark is not None
        last = requests.last_moments(session, submission, mark.questions)
        assert last["q1"] == submission.released_at + timedelta(days=7)
        assignment.regrade_requests_until = now() + timedelta(minutes=1)
        last = requests.last_moments(session, submission, mark.questions)
        assert set(last.values()) == {assignment.regrade_requests_until}


def test_student_reads_until_when(world: World) -> None:
    """Instructors set the days with the other rules of grading; the form says the moment."""
    with world.database.write.begin() as session:
        page = f"/submissions/{released(session, world).public_id}/"
    staff, student = world.client("instructor"), world.client("student")
    assert "Possible until" not in student.get(page).text

    wrong = post(staff, GRADING, f"{GRADING}rules", regrade_requests="1", regrade_request_days="0")
    assert wrong.status_code == 400
    post(staff, GRADING, f"{GRADING}rules", regrade_requests="1", regrade_request_days="10")

    assert "Possible until" in student.get(page).text
    assert 'name="regrade_request_days" value="10"' in staff.get(GRADING).text
    with world.database.read() as session:
        query = select(AuditEntry).where(AuditEntry.action == "grading.rules_changed")
        assert session.scalars(query).one().details["request_days"] == 10
