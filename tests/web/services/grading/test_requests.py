"""Changed points, requests of students, and the release."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.web.conftest import World, spaced
from tests.web.services.grading.test_grading import post
from tests.web.services.grading.test_marks import person, submit
from tests.web.services.submissions.test_queue import queue
from web.db import now
from web.models import AuditEntry, CourseAssignment, RegradeRequest, RequestState, Submission
from web.services.errors import RuleError
from web.services.grading import overrides, release, requests, written_answers
from web.services.grading.visible_marks import visible_mark
from web.services.grading.written_answers import Entered

GRADING = "/courses/dl/staff/grading/xor/"


def released(session: Session, world: World) -> Submission:
    """A graded submission whose points its student sees."""
    submission = submit(session, world, {"q1": 1, "q2": 3})
    written_answers.save(session, person(session, "Grader"), submission, "q7", Entered(0, (0,)))
    release.release(session, person(session, "Instructor"), submission.assignment)
    session.expire(submission)
    return submission


def test_changed_points_are_shown_with_their_reason_and_can_be_restored(world: World) -> None:
    """Staff change points on the submission's page; the student reads why; both are logged."""
    with world.database.write.begin() as session:
        public_id = submit(session, world, {"q1": 1}).public_id
    staff, student = world.client("grader"), world.client("student")
    page = f"/staff/submissions/{public_id}/"

    refused = post(staff, page, f"{page}points/q1", points="2", reason=" ")
    assert refused.status_code == 400
    post(staff, page, f"{page}points/q1", points="4,5", reason="Another right way.")
    text = student.get(f"/submissions/{public_id}/").text
    assert "Adjusted by staff to 4.5 points:</strong> Another right way." in text
    assert "<strong>4.5</strong> of 20 points</p>" in text
    post(staff, page, f"{page}points/q1/restore")
    assert "Adjusted by staff" not in student.get(f"/submissions/{public_id}/").text
    with world.database.read() as session:
        log = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()[-2:]
    assert [each.action for each in log] == ["points.changed", "points.change_removed"]
    assert (log[0].details["before"], log[0].details["points"]) == (10, 45)


@pytest.mark.parametrize(
    ("tenths", "reason", "words"),
    [
        (None, "Why", "0 to 5"),
        (51, "Why", "0 to 5"),
        (-1, "Why", "0 to 5"),
        (20, "", "Enter a reason"),
    ],
)
def test_points_out_of_range_or_without_a_reason_are_refused(
    world: World, tenths: int | None, reason: str, words: str
) -> None:
    """Nothing changes."""
    with world.database.write.begin() as session:
        submission = submit(session, world, {})
        with pytest.raises(RuleError, match=words):
            overrides.set_points(
                session, person(session, "Grader"), submission, "q1", tenths, reason
            )


def test_request_and_answer(world: World) -> None:
    """A student asks on one question, staff answer with new points, the student reads it."""
    with world.database.write.begin() as session:
        public_id = released(session, world).public_id
    student, staff = world.client("student"), world.client("grader")
    page, list_of = f"/submissions/{public_id}/", "/courses/dl/staff/requests/"

    post(student, page, f"{page}requests/q1", text="Why not $w_1 = 1$? <b onclick=x>")
    shown = student.get(page).text
    assert "Regrade request," in shown
    assert "You will see the reply under Question 1." in shown
    asked = staff.get(list_of).text
    assert "<math" in asked
    assert "onclick" not in asked
    for place in (list_of, "/staff/requests/1/"):
        beside = spaced(staff.get(place).text)
        assert "New points (max 5)" in beside
        assert "Now 1. Leave empty to keep them." in beside
    answer = {"answer": "You are right.", "points": "3", "decision": "accept"}
    post(staff, list_of, "/staff/requests/1/answer", **answer)

    text = student.get(page).text
    assert "Accepted" in text
    assert "Adjusted by staff to 3 points:</strong> You are right." in text
    assert "No open requests" in staff.get(list_of).text
    assert "You are right." in staff.get(f"{list_of}?all=1").text


def test_declined_request_changes_no_points(world: World) -> None:
    """An answer is needed; points do not come with a refusal; each request is answered once."""
    with world.database.write.begin() as session:
        submission = released(session, world)
        request = requests.ask(session, submission, "q1", "Please.")
        grader = person(session, "Grader")
        with pytest.raises(RuleError, match="only if you accept"):
            requests.answer(session, grader, request, accepted=False, text="No.", tenths=10)
        with pytest.raises(RuleError, match="Write a reply"):
            requests.answer(session, grader, request, accepted=False, text=" ")
        requests.answer(session, grader, request, accepted=False, text="The axis is wrong.")
        with pytest.raises(RuleError, match="already answered this request"):
            requests.answer(session, grader, request, accepted=True, text="Yes.")
        mark = visible_mark(session, submission)

        assert request.state is RequestState.DECLINED
        assert mark is not None
        assert mark.tenths == 50


def test_one_open_request_for_each_question(world: World) -> None:
    """The second one waits for the answer to the first; another question is free."""
    with world.database.write.begin() as session:
        submission = released(session, world)
        first = requests.ask(session, submission, "q1", "Please.")
        with pytest.raises(RuleError, match="still open"):
            requests.ask(session, submission, "q1", "Please!")
        requests.ask(session, submission, "q7", "And here?")
        requests.answer(session, person(session, "Grader"), first, accepted=False, text="No.")
        requests.ask(session, submission, "q1", "But look at line 3.")

        assert len(session.scalars(select(RegradeRequest)).all()) == 3


def test_no_request_before_the_release_or_after_the_last_day(world: World) -> None:
    """Requests need released points; instructors switch them off or set a last moment."""
    with world.database.write.begin() as session:
        submission = submit(session, world, {"q1": 1})
        assignment = submission.assignment
        with pytest.raises(RuleError, match="once this question is graded"):
            requests.ask(session, submission, "q7", "Please.")
        with pytest.raises(RuleError, match="Describe what"):
            requests.ask(session, submission, "q1", " ")
        assignment.regrade_requests_until = now() - timedelta(seconds=1)
        with pytest.raises(RuleError, match="is over"):
            requests.ask(session, submission, "q1", "Please.")
        assignment.regrade_requests_until, assignment.regrade_requests = None, False
        with pytest.raises(RuleError, match="turned off"):
            requests.ask(session, submission, "q1", "Please.")
        assignment.regrade_requests = True
        assignment.results_at = now() + timedelta(hours=1)
        with pytest.raises(RuleError, match="once this question is graded"):
            requests.ask(session, submission, "q1", "Please.")


def test_release_shows_what_the_preview_showed(world: World) -> None:
    """Before: nothing of people's; the preview: all; after: the same as the preview; and back."""
    with world.database.write.begin() as session:
        submission = submit(session, world, {"q1": 1})
        public_id = submission.public_id
        entered = Entered(0, (0, 1), comment="Nearly **there**.")
        written_answers.save(session, person(session, "Grader"), submission, "q7", entered)
        submit(session, world, {"q1": 2}, "Other")
    student, staff = world.client("student"), world.client("instructor")
    page = f"/submissions/{public_id}/"

    assert "Nearly" not in student.get(page).text
    preview = staff.get(f"{GRADING}preview/{public_id}/").text
    assert "1 of 2 students" in " ".join(staff.get(GRADING).text.split()).replace("<strong>", "")
    post(staff, GRADING, f"{GRADING}release")
    seen = student.get(page).text

    for words in ("Nearly <strong>there</strong>", "<strong>2.5</strong> of 20 points</p>"):
        assert words in preview
        assert words in seen
    with world.database.read() as session:
        assert all(session.scalars(select(Submission.released_at)))
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "grades.released")
        ).one()
        assert entry.details == {"submissions": 2, "incomplete": 1}
    post(staff, GRADING, f"{GRADING}withdraw")
    assert "Nearly" not in student.get(page).text


def test_release_waits_for_held_back_results(world: World) -> None:
    """In an exam a release takes effect with the results, not before."""
    with world.database.write.begin() as session:
        submission = released(session, world)
        submission.assignment.results_at = now() + timedelta(hours=1)
        page = f"/submissions/{submission.public_id}/"
    staff, student = world.client("instructor"), world.client("student")

    assert "become visible then" in spaced(staff.get(GRADING).text)
    assert "Graded by staff" not in student.get(page).text
    with world.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        assignment.results_at = assignment.due_at = now()
    assert "Graded by staff" in student.get(page).text


def test_nothing_to_release_is_said(world: World) -> None:
    """A second release, and a withdrawal of nothing, are refused in words."""
    with world.database.write.begin() as session:
        submission = submit(session, world, {})
        instructor = person(session, "Instructor")
        with pytest.raises(RuleError, match="Nothing has been released"):
            release.withdraw(session, instructor, submission.assignment)
        release.release(session, instructor, submission.assignment)
        with pytest.raises(RuleError, match="already been released"):
            release.release(session, instructor, submission.assignment)


def test_preview_of_the_notebook_is_for_instructors(world: World) -> None:
    """Its frame shows what the release will; neither graders nor the student can ask for it."""
    with world.database.write.begin() as session:
        submission = submit(session, world, {})
        written_answers.save(session, person(session, "Grader"), submission, "q7", Entered(0, (0,)))
        page = f"/submissions/{submission.public_id}/notebook"

    assert "partial credit" in world.client("instructor").get(f"{page}?as=preview").text
    assert "partial credit" not in world.client("student").get(page).text
    for who in ("student", "grader"):
        assert world.client(who).get(f"{page}?as=preview").status_code == 404


def test_preview_of_what_is_not_graded_counts_no_answers(world: World) -> None:
    """While a submission waits in the queue, nothing is said of answers that await a person."""
    (public_id,) = queue(world, "Student")

    text = world.client("instructor").get(f"{GRADING}preview/{public_id}/").text

    assert "Preview." in text
    assert "answers need" not in text


def test_refused_answer_stays_in_the_form(world: World) -> None:
    """Points out of range cost nobody what they have written."""
    with world.database.write.begin() as session:
        requests.ask(session, released(session, world), "q1", "Please.")
    staff, list_of = world.client("grader"), "/courses/dl/staff/requests/"
    answer = {"answer": "You are <right>.", "points": "99", "decision": "accept"}

    refused = post(staff, list_of, "/staff/requests/1/answer", **answer)

    assert refused.status_code == 400
    assert "from 0 to 5 points" in refused.text
    assert ">\nYou are &lt;right&gt;.</textarea>" in refused.text
    assert 'value="99"' in refused.text


@pytest.mark.parametrize(
    ("text", "words"),
    [("Why not <b>5</b>?" + "x" * 4000, "at most 4000"), (" \n ", "Describe what")],
)
def test_refused_request_stays_beside_its_question(world: World, text: str, words: str) -> None:
    """What is wrong stands beside the text, in the open form of this question and of no other."""
    with world.database.write.begin() as session:
        page = f"/submissions/{released(session, world).public_id}/"
    student = world.client("student")

    refused = post(student, page, f"{page}requests/q1", text=text)

    assert refused.status_code == 400
    (form,) = re.findall(r'<details class="ask" open>.*?</details>', refused.text, re.DOTALL)
    assert 'id="ask-q1"' in form
    assert words in form
    assert 'aria-invalid="true"' in form
    assert f"\n{html.escape(text)}</textarea>" in form
    assert 'href="#ask-q1"' in refused.text
    with world.database.read() as session:
        assert session.scalars(select(RegradeRequest)).all() == []


def _ask_first(session: Session, submission: Submission) -> None:
    requests.ask(session, submission, "q1", "Please.")


def _end_the_window(_: Session, submission: Submission) -> None:
    submission.assignment.regrade_requests_until = now() - timedelta(seconds=1)


def _withdraw(session: Session, submission: Submission) -> None:
    submission.assignment.results_at = now() + timedelta(hours=1)


@pytest.mark.parametrize(
    ("happens", "words"),
    [
        (_ask_first, "is still open"),
        (_end_the_window, "time for regrade requests is over"),
        (_withdraw, "once this question is graded"),
    ],
)
def test_request_that_comes_too_late_can_be_copied(
    world: World, happens: Callable[[Session, Submission], None], words: str
) -> None:
    """Where there is no form any more, the page gives the text back, with the reason."""
    with world.database.write.begin() as session:
        submission = released(session, world)
        happens(session, submission)
        page = f"/submissions/{submission.public_id}/"
    student = world.client("student")

    refused = post(student, page, f"{page}requests/q1", text="Look at <line> 3.")

    assert refused.status_code == 400
    assert words in refused.text
    assert 'readonly="">\nLook at &lt;line&gt; 3.</textarea>' in refused.text
    assert 'id="ask-q1"' not in refused.text


def test_line_ends_of_a_request_count_once(world: World) -> None:
    """A browser lets 4000 characters through and then sends two for each line's end."""
    with world.database.write.begin() as session:
        page = f"/submissions/{released(session, world).public_id}/"
    student = world.client("student")

    taken = post(student, page, f"{page}requests/q1", text="a\r\n" * 1999 + "b")

    assert taken.status_code == 303
    with world.database.read() as session:
        assert session.scalars(select(RegradeRequest.text)).one() == "a\n" * 1999 + "b"
