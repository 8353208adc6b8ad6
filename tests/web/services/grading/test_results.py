"""What of a result a student reads, at once and while an exam's results are held back."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from autograder.messages import text
from autograder.report import QuestionResult, Report, SourceLine, TestResult
from autograder.verdict import Verdict
from tests.web.conftest import World
from tests.web.reports import finish, notebook
from tests.web.services.submissions.test_queue import queue
from web.db import now
from web.models import CountedAttempt, CourseAssignment, Submission
from web.services.courses.deadlines import duration

SECRET = "test_xor.py:7: got 3.25, expected SECRET"
HIDDEN = "Right for any number of samples"


def telling(submission: Submission) -> Report:
    """A report with a public test, a hidden one with a hint, and a line of the student's."""
    public = TestResult("p", "q1", "The worked number.", Verdict.PASSED, True, Fraction(1))
    hidden = TestResult(
        "h",
        "q1",
        HIDDEN,
        Verdict.ERROR,
        False,
        Fraction(1),
        detail=SECRET,
        message=text("Your code raised ValueError."),
        hint="Where is the ReLU?",
        line=SourceLine(1, 1, "a = 1"),
    )
    question = QuestionResult(
        "q1", Fraction(5), Fraction(1), Verdict.ERROR, (public, hidden), "No ReLU"
    )
    written = QuestionResult("q7", Fraction(2), None, Verdict.PENDING)
    content_hash = submission.snapshot.content_hash
    return Report("xor", "XOR", content_hash, "0" * 64, 1, (question, written), (), notebook())


@pytest.fixture
def public_id(world: World) -> str:
    """A graded submission of the student's."""
    (found,) = queue(world, "Student")
    with world.database.write.begin() as session:
        submission = session.scalars(select(Submission)).one()
        finish(session, submission, telling(submission))
    return found


def hold_back(world: World, counted: CountedAttempt = CountedAttempt.BEST) -> None:
    """Make it an exam."""
    with world.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        assignment.results_at = now() + timedelta(days=1)
        assignment.counted = counted


@pytest.mark.parametrize("page", ["/submissions/{}/", "/submissions/{}/notebook"])
def test_student_reads_hints_and_lines_but_no_detail(
    world: World, public_id: str, page: str
) -> None:
    """Titles, messages, the hint and the line stand there, on the page and beside the cells."""
    text = world.client("student").get(page.format(public_id)).text

    for told in (HIDDEN, "Your code raised ValueError", "Where is the ReLU?", "Cell 1, line 1"):
        assert told in text
    assert "SECRET" not in text
    assert "No ReLU" not in text


@pytest.mark.parametrize("page", ["/submissions/{}/", "/submissions/{}/notebook"])
def test_held_back_results_tell_nothing_hidden(world: World, public_id: str, page: str) -> None:
    """In an exam only the checks of the notebook are there: no points, no hint, no verdict."""
    hold_back(world)

    text = world.client("student").get(page.format(public_id)).text

    assert "The worked number." in text
    for held in (HIDDEN, "ReLU", "ValueError", "SECRET", "Cell 1, line 1"):
        assert held not in text
    assert "1 / 5" not in text


@pytest.mark.parametrize(("counted", "chips"), [(CountedAttempt.BEST, 0), (CountedAttempt.LAST, 1)])
def test_which_attempt_is_best_is_held_back_too(
    world: World, public_id: str, counted: CountedAttempt, chips: int
) -> None:
    """That an attempt counts as the best would tell something of its hidden checks."""
    hold_back(world, counted)

    page = world.client("student").get("/courses/dl/assignments/xor/").text

    assert page.count(">counts</span>") == chips


def test_hidden_scores_say_until_when(world: World, public_id: str) -> None:
    """A question's outcome names the day, in the course's time zone."""
    hold_back(world)
    day = (now() + timedelta(days=1)).astimezone(ZoneInfo("Europe/Berlin"))

    page = world.client("student").get(f"/submissions/{public_id}/").text

    assert f"Hidden until {day:%-d %b}" in page


@pytest.mark.parametrize(
    ("who", "reader", "back"),
    [("student", "", "/submissions/{}/"), ("grader", "&as=staff", "/staff/submissions/{}/")],
)
def test_the_notebook_in_full_page_leads_back(
    world: World, public_id: str, who: str, reader: str, back: str
) -> None:
    """In a frame a way back would lead nowhere, so it is not there."""
    client, link = world.client(who), f'href="{back.format(public_id)}"'

    assert link in client.get(f"/submissions/{public_id}/notebook?full=1{reader}").text
    assert link not in client.get(f"/submissions/{public_id}/notebook?full={reader}").text


def test_staff_read_all_of_it_also_while_it_is_held_back(world: World, public_id: str) -> None:
    """Details and the recognised mistake, on the page and beside the cells."""
    hold_back(world)
    client = world.client("grader")

    for page in (f"/staff/submissions/{public_id}/", f"/submissions/{public_id}/notebook?as=staff"):
        text = client.get(page).text
        assert "SECRET" in text
        assert "No ReLU" in text
    student = world.client("student").get(f"/submissions/{public_id}/notebook?as=staff")
    assert student.status_code == 404


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (20, "1 minute"),
        (3 * 3600, "3 hours"),
        (86_400 + 3600 + 120, "1 day and 1 hour"),
        (2 * 86_400, "2 days"),
    ],
)
def test_lengths_of_time_are_said_as_people_do(seconds: int, words: str) -> None:
    """The two largest units, no zeros."""
    assert duration(seconds) == words


def test_result_leads_back_to_submitting_while_that_is_open(world: World, public_id: str) -> None:
    """Who has read what failed goes on from there; staff, and a closed assignment, do not."""
    page = f"/submissions/{public_id}/"
    assert "Submit again" in world.client("student").get(page).text
    assert "Submit again" not in world.client("instructor").get(page).text

    with world.database.write.begin() as session:
        session.scalars(select(CourseAssignment)).one().due_at = now() - timedelta(days=1)

    assert "Submit again" not in world.client("student").get(page).text
