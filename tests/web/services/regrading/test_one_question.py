"""A regrade of one question leaves what all others gave; results can be hidden again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.web.conftest import World, token_of
from tests.web.reports import report
from tests.web.services.grading.test_marks import mark, person, submit
from tests.web.services.regrading.test_regrades import PLACE, another_version
from web.db import now
from web.models import Regrade, RegradeJobState, Submission
from web.services.errors import RuleError
from web.services.gradebook.gradebook import own_grades
from web.services.grading import release, written_answers
from web.services.grading.visible_marks import visible_mark
from web.services.grading.written_answers import Entered
from web.services.regrading import regrades
from web.services.regrading.queue import RegradeQueue
from web.services.regrading.regrades import Scope

GRADING = "/courses/dl/staff/grading/xor/"


def started(session: Session, world: World) -> tuple[Submission, Regrade]:
    """A submission with 2 and 1 points and a graded proof; a regrade of question 1 has begun."""
    submission = submit(session, world, {"q1": 2, "q2": 1})
    written_answers.save(session, person(session, "Grader"), submission, "q7", Entered(0, (0,)))
    assignment = another_version(session)
    actor = person(session, "Instructor")
    regrade = regrades.start(session, actor, assignment, Scope.ALL, question="q1")
    session.flush()
    return submission, regrade


def run(session: Session, regrade: Regrade) -> None:
    """Grade it again: all questions come out otherwise."""
    claim = RegradeQueue().claim(session, "w")
    assert claim is not None
    found = report(regrade.snapshot, {"q1": 5, "q2": 0, "q3": 1}, "Another run.")
    assert RegradeQueue().finish(session, claim, found, json.dumps(found.notebook))


def test_the_results_of_all_others_stay(world: World) -> None:
    """Points, reports of staff and student, the notebook, and what a person gave."""
    with world.database.write.begin() as session:
        submission, regrade = started(session, world)
        old = submission.result
        before = mark(session, submission).tenths
        assert old is not None
        run(session, regrade)
        (change,) = regrades.changes(session, regrade)
        regrades.publish(
            session, person(session, "Instructor"), regrade, never_lower=False, note=""
        )
        session.flush()
        new = submission.result
        found = mark(session, submission)

        assert new is not None and new is not old
        assert [each.id for each in change.changed] == ["q1"]
        assert found.tenths == before + 30
        assert found.complete
        assert submission.score_tenths == new.score_tenths == 60
        assert "Another run." not in new.notebook
        for view in ("staff_view", "student_view"):
            assert getattr(new, view)["score"] == 6.0
            scores = {each["id"]: each["score"] for each in getattr(new, view)["questions"]}
            assert (scores["q1"], scores["q2"], scores["q3"]) == (5.0, 1.0, 0.0)


def test_a_damaged_result_is_not_half_replaced(world: World) -> None:
    """Its job fails, and says what to do."""
    with world.database.write.begin() as session:
        submission, regrade = started(session, world)
        assert submission.result is not None
        submission.result.student_view = {}
        session.flush()
        run(session, regrade)
        (job,) = regrades.failed_jobs(session, regrade)
        assert job.state is RegradeJobState.FAILED
        assert "regrade all" in str(job.reason)


def test_versions_that_differ_elsewhere_are_refused(world: World) -> None:
    """So are questions that a person grades, or that nobody knows."""
    with world.database.write.begin() as session:
        submission = submit(session, world, {"q1": 2})
        assignment = another_version(session)
        actor = person(session, "Instructor")
        for question in ("q7", "q99"):
            with pytest.raises(RuleError, match="graded by tests"):
                regrades.start(session, actor, assignment, Scope.ALL, question=question)
        first, second, *others = assignment.snapshot.questions
        worth_more = replace(second, max_tenths=second.max_tenths + 10)
        assignment.snapshot.questions = (first, worth_more, *others)
        session.flush()
        with pytest.raises(RuleError, match="Regrade all questions"):
            regrades.start(session, actor, assignment, Scope.ALL, question="q1")
        regrades.start(session, actor, assignment, Scope.ALL, question="q2")
        assert submission.result is not None


def test_the_form_starts_it(world: World) -> None:
    """And the page of the regrade names the question."""
    with world.database.write.begin() as session:
        submit(session, world, {"q1": 2})
    client = world.client("instructor")
    page = f"{PLACE}regrades/"
    data = {"csrf_token": token_of(client, page), "scope": "all", "question": "q1"}

    answer = client.post(page, data=data, follow_redirects=True)

    assert "Question 1 only; the results of all others are kept" in answer.text
    with world.database.read() as session:
        assert session.scalars(select(Regrade.question)).all() == ["q1"]


def test_results_that_became_visible_too_early_are_hidden_again(world: World) -> None:
    """On every page of the student, until the moment that the instructor names."""
    with world.database.write.begin() as session:
        submission = submit(session, world, {"q1": 2})
        assignment, actor = submission.assignment, person(session, "Instructor")
        with pytest.raises(RuleError, match="date in the future"):
            release.hide_results(session, actor, assignment, now() - timedelta(hours=1))
        with pytest.raises(RuleError, match="date in the future"):
            release.hide_results(session, actor, assignment, None)
        address = submission.public_id
    student, staff = world.client("student"), world.client("instructor")
    page = f"/submissions/{address}/"
    assert "<strong>2</strong> of 20 points" in student.get(page).text

    data = {"csrf_token": token_of(staff, GRADING), "until": "2100-01-02T03:04"}
    assert staff.post(f"{GRADING}hide-results", data=data).status_code == 303

    assert "<strong>2</strong> of 20 points" not in student.get(page).text
    with world.database.write.begin() as session:
        submission = session.scalars(select(Submission)).one()
        own = own_grades(session, submission.assignment.course, submission.user)
        assert own is not None
        assert visible_mark(session, submission) is None
        assert [entry.tenths for entry in own.entries] == [None]
        with pytest.raises(RuleError, match="already hidden"):
            release.hide_results(session, actor, submission.assignment, now() + timedelta(days=1))
