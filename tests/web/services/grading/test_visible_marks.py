"""What a student sees waits for their own last moment, and tells nothing of what is held back."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.web.conftest import World, spaced, token_of
from tests.web.reports import graded
from tests.web.services.grading.test_marks import person, submit
from tests.web.services.regrading.test_regrades import regraded
from web.db import now
from web.models import CountedAttempt, CourseAssignment, Extension, Membership, Submission
from web.services.gradebook.gradebook import own_grades
from web.services.grading import requests, student_view, visible_marks, written_answers
from web.services.grading.written_answers import Entered
from web.services.regrading import regrades
from web.services.regrading.notices import notices
from web.services.visibility import Visibility, longer_waits, visibility_for

BERLIN = ZoneInfo("Europe/Berlin")
PLACE = "/courses/dl/assignments/xor/"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def closed(session: Session) -> CourseAssignment:
    """The assignment, due two hours ago; solution and results have been visible for one."""
    assignment = session.scalars(select(CourseAssignment)).one()
    assignment.release_at = now() - 10 * DAY
    assignment.due_at = now() - 2 * HOUR
    assignment.solution_at = assignment.results_at = now() - HOUR
    return assignment


def other_answer(session: Session, world: World, scores: dict[str, float]) -> Submission:
    """An attempt of Student's with another written answer, which nobody has graded."""
    folder = world.settings.submissions
    return graded(session, folder, "Student", scores, answer="Another proof.")


def extend(session: Session, who: str) -> None:
    """Give somebody an extension until tomorrow."""
    assignment, student = closed(session), person(session, who)
    session.add(
        Extension(
            assignment_id=assignment.id,
            user_id=student.id,
            due_at=now() + DAY,
            created_by_id=student.id,
        )
    )


def stretch(session: Session, who: str) -> None:
    """Give somebody half as much time again."""
    student = person(session, who)
    session.scalars(select(Membership).filter_by(user_id=student.id)).one().time_multiplier = 1.5


@pytest.mark.parametrize("give", [extend, stretch])
def test_who_may_still_submit_sees_no_solution(world: World, give: object) -> None:
    """By an extension or a time multiplier; the others do, and staff read who waits."""
    assert callable(give)
    with world.database.write.begin() as session:
        closed(session)
        give(session, "Student")
    student, other = world.client("student"), world.client("other")

    assert student.get(PLACE + "solution").status_code == 404
    assert "Download the solution" not in student.get(PLACE).text
    assert other.get(PLACE + "solution").status_code == 200
    assert "Download the solution" in other.get(PLACE).text
    page = spaced(world.client("instructor").get("/courses/dl/staff/assignments/xor/settings").text)
    assert "wait until their own last moment: Student (until" in page


def test_who_extends_reads_that_the_solution_was_open(world: World) -> None:
    """Whoever could download it before may have it, whatever is hidden from now on."""
    with world.database.write.begin() as session:
        closed(session)
        student_id = person(session, "Student").id
    staff = world.client("instructor")
    page = "/courses/dl/staff/assignments/xor/"
    due_at = (now() + DAY).isoformat()
    data = {"csrf_token": token_of(staff, page), "student": str(student_id), "due_at": due_at}
    words = "Student may already have downloaded the solution"

    granted = staff.post(f"{page}extensions", data=data, follow_redirects=True)
    assert words in granted.text
    assert world.client("student").get(PLACE + "solution").status_code == 404
    assert words not in staff.post(f"{page}extensions", data=data, follow_redirects=True).text


def test_late_work_holds_the_solution_back(world: World) -> None:
    """Until nobody can submit it, late or not."""
    with world.database.write.begin() as session:
        closed(session).cutoff_at = now() + DAY
    assert world.client("student").get(PLACE + "solution").status_code == 404


def test_without_an_end_of_submitting_there_is_no_solution(world: World) -> None:
    """Who may always submit could always use it."""
    with world.database.write.begin() as session:
        closed(session).due_at = None
    assert world.client("student").get(PLACE + "solution").status_code == 404


def test_results_that_are_held_back_wait_as_well(world: World) -> None:
    """Marks, hidden tests and totals, on every page; with the student's own moment."""
    with world.database.write.begin() as session:
        submission = submit(session, world, {"q1": 5})
        other = submit(session, world, {"q1": 5}, "Other")
        extend(session, "Student")
        session.flush()
        seen = [visible_marks.visible_mark(session, each) for each in (submission, other)]
        own = own_grades(session, submission.assignment.course, submission.user)
        until = now() + DAY
        (waiting,) = longer_waits(session, submission.assignment)

        assert own is not None
        assert [entry.tenths for entry in own.entries] == [None]
        assert waiting.user.name == "Student"
    assert seen[0] is None
    assert seen[1] is not None and seen[1].tenths == 50
    page = world.client("student").get(f"/submissions/{submission.public_id}/").text
    assert f"hidden until {until.astimezone(BERLIN):%a %-d %b %Y}" in spaced(page)
    assert "<strong>5</strong> of" not in page


def test_moments() -> None:
    """What is due at once is; what waits ends one moment after the last one to submit."""
    at = now()
    assert Visibility(at, None, None, at + DAY).results
    assert not Visibility(at, at - HOUR, at - HOUR, at).results
    assert not Visibility(at, at - HOUR, at - HOUR, at).solution
    past = Visibility(at, at - HOUR, at - HOUR, at - timedelta(microseconds=1))
    assert past.results and past.solution
    assert Visibility(at, at - HOUR, at - HOUR, None).results
    assert Visibility(at, at, at, at + DAY).results_from == at + DAY


def test_a_regrade_s_notice_tells_nothing_that_is_not_released(world: World) -> None:
    """Points of people are in it once they are on the page."""
    with world.database.write.begin() as session:
        regrade = regraded(session, world, {"q1": 5})
        submission = session.scalars(select(Submission)).one()
        instructor = person(session, "Instructor")
        written_answers.save(session, instructor, submission, "q7", Entered(0, (0, 1, 2)))
        regrades.publish(session, instructor, regrade, never_lower=True, note="")
        assignment, student = submission.assignment, submission.user
        visibility = visibility_for(session, assignment, student)
        (before,) = notices(session, submission, visibility)
        submission.released_at = now()
        (after,) = notices(session, submission, visibility)

    assert (before.before.tenths, before.after.tenths) == (20, 50)
    assert after.before.tenths - 20 == after.after.tenths - 50 > 0


def test_which_attempt_counts_tells_nothing_that_is_not_released(world: World) -> None:
    """A grade that lowers what the first attempt can become is not to be noticed."""
    with world.database.write.begin() as session:
        first = submit(session, world, {"q1": 2})
        other_answer(session, world, {"q1": 1})
        assignment, student = first.assignment, first.user
        before = _shown(session, assignment, first)
        grader = person(session, "Grader")
        written_answers.save(session, grader, first, "q7", Entered(0, (), 0))
        after = _shown(session, assignment, first)
        assignment.results_at = now() + DAY
        held_back = student_view.as_student(session, student, assignment)

    assert before == after == (1, [20])
    assert held_back.counted is None
    assert not held_back.marks


def _shown(
    session: Session, assignment: CourseAssignment, submission: Submission
) -> tuple[int | None, list[int | None]]:
    """Return which attempt counts on a student's page, and the points among their grades."""
    view = student_view.as_student(session, submission.user, assignment)
    own = own_grades(session, assignment.course, submission.user)
    assert own is not None
    counted = None if view.counted is None else view.counted.number
    return counted, [entry.tenths for entry in own.entries]


def test_a_newer_attempt_that_awaits_a_person_takes_no_points_away(world: World) -> None:
    """What students see of their points does not fall by submitting, if the best counts."""
    with world.database.write.begin() as session:
        first = submit(session, world, {"q1": 3})
        grader = person(session, "Grader")
        written_answers.save(session, grader, first, "q7", Entered(0, (0,)))
        first.released_at = now()
        before = _shown(session, first.assignment, first)
        other_answer(session, world, {"q1": 3})
        after = _shown(session, first.assignment, first)
        first.assignment.counted = CountedAttempt.LAST
        last = _shown(session, first.assignment, first)

    assert after == before
    assert last[0] == 2


def test_the_answer_to_a_request_is_hidden_with_the_points(world: World) -> None:
    """It may tell them; after a release that was taken back it waits for the next one."""
    with world.database.write.begin() as session:
        submission = submit(session, world, {"q1": 3})
        grader = person(session, "Grader")
        written_answers.save(session, grader, submission, "q7", Entered(0, (), 0))
        submission.released_at = now()
        request = requests.ask(session, submission, "q7", "Why none?")
        session.flush()
        submission.released_at = None
        requests.answer(session, grader, request, accepted=True, text="Two then.", tenths=20)
        address = submission.public_id
    page = f"/submissions/{address}/"

    assert "Two then." not in world.client("student").get(page).text
    assert "Two then." in world.client("grader").get(f"/staff{page}").text
    with world.database.write.begin() as session:
        session.scalars(select(Submission)).one().released_at = now()
    assert "Two then." in world.client("student").get(page).text
