"""After the last moment a notebook may be submitted to practise: graded, and never part of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.web.conftest import World, spaced, token_of
from tests.web.reports import graded
from tests.web.services.grading.test_marks import person
from tests.web.services.submissions.test_submitting import notebook, stored, submit, submit_anyway
from web.db import now
from web.models import CountedAttempt, CourseAssignment, Extension, User
from web.services import lookup
from web.services.errors import RuleError
from web.services.gradebook import standing
from web.services.gradebook.gradebook import own_grades
from web.services.gradebook.standing import Standing
from web.services.grading import marks, release, requests, student_view
from web.services.regrading import regrades
from web.services.regrading.regrades import Scope
from web.services.submissions import submitting

PLACE = "/courses/dl/assignments/xor/"
RULES = "/courses/dl/staff/assignments/xor/rules"


def closed(session: Session) -> CourseAssignment:
    """The assignment, closed an hour ago, with practice."""
    assignment = session.scalars(select(CourseAssignment)).one()
    assignment.due_at = now() - timedelta(hours=1)
    assignment.practice = True
    return assignment


def test_practice_is_graded_and_never_counts(world: World) -> None:
    """Neither as the best nor as the last attempt, in no total, and in no release."""
    with world.database.write.begin() as session:
        folder = world.settings.submissions
        regular = graded(session, folder, "Student", {"q1": 2})
        assignment, student = closed(session), person(session, "Student")
        practice = graded(session, folder, "Student", {"q1": 5})
        only = graded(session, folder, "Other", {"q1": 5})
        release.release(session, person(session, "Instructor"), assignment)
        session.expire_all()
        for assignment.counted in CountedAttempt:
            session.flush()
            found = marks.counted_marks(session, assignment)
            assert {key: mark.submission.id for key, mark in found.items()} == {
                student.id: regular.id
            }
            view = student_view.as_student(session, student, assignment)
            assert view.counted is not None and view.counted.id == regular.id
            assert view.marks[practice.id].tenths == 50
        members = lookup.students_of(session, assignment.course)
        entries = standing.entries(session, assignment, members)
        own = own_grades(session, assignment.course, student)

        assert own is not None
        assert [each.tenths for each in own.entries] == [20]
        assert entries[only.user_id].standing is Standing.NOT_SUBMITTED
        assert practice.released_at is None
        assert practice.practice and only.practice and not regular.practice
        with pytest.raises(RuleError, match="practice"):
            requests.ask(session, practice, "q1", "Please.")
        regrade = regrades.start(session, student, assignment, Scope.LATEST)
        jobs = regrades.jobs_of(session, regrade)
        assert [job.submission_id for job in jobs] == [regular.id]


def test_pages_say_that_it_is_practice(world: World) -> None:
    """The form, the receipt, the list of attempts and the board."""
    with world.database.write.begin() as session:
        closed(session)
    client = world.client("student")

    assert "practice: it is graded, but not part of the grade" in spaced(client.get(PLACE).text)
    assert "Practice, not part of the grade" in submit(client, notebook()).text
    page = spaced(client.get(PLACE).text)
    assert "practice, not part of the grade" in page
    assert "0 used" in page
    assert ">practice</span>" in world.client("grader").get("/courses/dl/staff/submissions/").text


def test_practice_stays_practice_whatever_changes(world: World) -> None:
    """An extension that comes later lets its student submit anew; it costs no attempt."""
    with world.database.write.begin() as session:
        assignment = closed(session)
        assignment.max_attempts = 1
        folder = world.settings.submissions
        practice = graded(session, folder, "Student", {"q1": 5})
        student = session.get_one(User, practice.user_id)
        assert submitting.check_may_submit(session, student, assignment, now())
        session.add(
            Extension(
                assignment_id=assignment.id,
                user_id=student.id,
                due_at=now() + timedelta(days=1),
                created_by_id=student.id,
            )
        )
        session.flush()
        assert not submitting.check_may_submit(session, student, assignment, now())
        assert marks.counted_marks(session, assignment) == {}


def test_without_the_rule_nothing_is_accepted(world: World) -> None:
    """As before; instructors switch it on with the other rules."""
    with world.database.write.begin() as session:
        closed(session).practice = False
        due_at = now() - timedelta(hours=1)
    assert "closed" in submit_anyway(world.client("student")).text
    assert stored(world) == []
    page = world.client("student").get("/courses/dl/assignments/xor/").text
    assert "You can request an extension below." in page and "Why do you need more time?" in page

    staff = world.client("instructor")
    form = {"due_at": due_at.isoformat(), "counted": "best", "practice": "1"}
    release_at = (now() - timedelta(days=1)).isoformat()
    form |= {"csrf_token": token_of(staff, "/account"), "release_at": release_at}
    assert staff.post(RULES, data=form).status_code == 303
    assert "Practice" in submit(world.client("student"), notebook()).text
