"""The queue: fair, leased, and each submission finished once."""

from __future__ import annotations

import io
import json
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from autograder.grade import Grader
from autograder.messages import text
from autograder.progress import GradingProgress
from autograder.report import Report
from tests.web.conftest import World, spaced, token_of
from tests.web.reports import report
from web.db import now
from web.models import CourseAssignment, Submission, SubmissionState, User
from web.services.courses.deadlines import Rules, penalised_tenths
from web.services.errors import RuleError
from web.services.submissions import leases, submitting
from web.services.submissions.progress import status_of
from web.services.submissions.queue import (
    MOST_WAITING,
    SubmissionQueue,
    place_in_queue,
    refuse_more,
)
from web.workers.grading import Worker

NOTEBOOK = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}).encode()


def queue(world: World, *people: str) -> list[str]:
    """Submit for each of these people, in this order; returns the public ids."""
    ids = []
    with world.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        for person in people:
            user = session.scalars(select(User).where(User.name == person)).one()
            submission = submitting.submit(
                session, world.settings.submissions, user, assignment, "a.ipynb", NOTEBOOK
            )
            ids.append(submission.public_id)
    return ids


def claim(world: World, owner: str = "w") -> str | None:
    """Claim the next one; returns its public id."""
    with world.database.write.begin() as session:
        found = SubmissionQueue().claim(session, owner)
        return found.submission.public_id if found else None


def test_a_student_with_many_attempts_does_not_hold_up_the_others(world: World) -> None:
    """The first attempt of each comes before the second of any."""
    first, second, third, others = queue(world, "Student", "Student", "Student", "Other")

    assert [claim(world) for _ in range(4)] == [first, others, second, third]


def test_a_claim_knows_the_seeds_of_the_students_other_attempts(world: World) -> None:
    """Not those of others, nor its own, which comes again where it is graded again."""
    first, other, second = queue(world, "Student", "Other", "Student")
    for seed, submission in ((5, first), (7, other)):
        with world.database.write.begin() as session:
            claimed = SubmissionQueue().claim(session, "w")
            assert claimed is not None
            assert claimed.submission.public_id == submission
            assert (claimed.seed, claimed.used_seeds) == (None, frozenset())
            found = replace(report(claimed.snapshot, {}), seed=seed)
            assert SubmissionQueue().finish(session, claimed, found, json.dumps(found.notebook))

    with world.database.write.begin() as session:
        claimed = SubmissionQueue().claim(session, "w")
        assert claimed is not None
        assert claimed.submission.public_id == second
        assert (claimed.seed, claimed.used_seeds) == (None, frozenset({5}))


def test_the_place_shown_is_that_by_which_workers_claim(either: World) -> None:
    """Also of who has several waiting, or one that is being graded."""
    queue(either, "Student", "Student", "Student", "Other")
    claim(either)
    queue(either, "Other", "Student", "Grader")
    with either.database.read() as session:
        waiting = session.scalars(
            select(Submission).where(Submission.state == SubmissionState.QUEUED)
        ).all()
        shown = {each.public_id: place_in_queue(session, each) for each in waiting}
        texts = {each.public_id: status_of(session, each).text for each in waiting}

    claimed = [str(claim(either)) for _ in waiting]

    assert [shown[each] for each in claimed] == list(range(len(claimed)))
    assert ["You are next." in texts[each] for each in claimed] == [True, *[False] * 5]


def test_a_long_queue_of_one_student_is_claimed_quickly(world: World) -> None:
    """It took the square of its length, and nobody else could write meanwhile."""
    (public_id,) = queue(world, "Student")
    with world.database.write.begin() as session:
        first = session.scalars(select(Submission)).one()
        common = {
            name: getattr(first, name)
            for name in ("assignment_id", "user_id", "snapshot_id", "file_name", "sha256")
        }
        session.add_all(
            Submission(**common, size_bytes=1, number=number) for number in range(2, 6002)
        )

    began = time.process_time()
    assert claim(world) == public_id
    assert time.process_time() - began < 1


def test_no_more_wait_than_a_person_can_have_sent(world: World) -> None:
    """What waits is graded; only then there is room for more."""
    with world.database.write.begin() as session:
        session.scalars(select(CourseAssignment)).one().attempts_per_hour = None
    queue(world, *["Student"] * MOST_WAITING)

    with world.database.read() as session:
        student, other = (
            session.scalars(select(User).where(User.name == name)).one()
            for name in ("Student", "Other")
        )
        with pytest.raises(RuleError, match="100 of your submissions are safe and waiting"):
            refuse_more(session, student)
        refuse_more(session, other)
    client = world.client("student")
    data = {
        "csrf_token": token_of(client, "/account"),
        "notebook": (io.BytesIO(NOTEBOOK), "a.ipynb"),
    }
    client.post("/courses/dl/assignments/xor/submit", data=data)
    with world.database.read() as session:
        assert len(session.scalars(select(Submission)).all()) == MOST_WAITING


def test_expired_lease_puts_a_submission_back(world: World) -> None:
    """What a worker claimed and never finished is graded by another one."""
    (only,) = queue(world, "Student")
    claim(world)
    assert claim(world) is None

    with world.database.write.begin() as session:
        later = now() + timedelta(seconds=leases.LEASE_SECONDS + 1)
        assert leases.requeue_expired(session, later) == 1

    assert claim(world, "another") == only


def test_retries_wait_longer_each_time_and_then_staff_must_look(world: World) -> None:
    """A submission that cannot be graded does not go round for ever, and holds up nobody."""
    queue(world, "Student")
    jobs, waits = SubmissionQueue(), []
    for _ in range(leases.MAX_TRIES):
        with world.database.write.begin() as session:
            submission = session.scalars(select(Submission)).one()
            at = submission.retry_at or now()
            early = jobs.claim(session, "w", at - timedelta(seconds=1))
            assert (early is None) == (submission.retry_at is not None)
            found = early or jobs.claim(session, "w", at)
            assert found is not None
            at = now()
            assert jobs.return_after_fault(session, found, text("the sandbox fell"))
            if submission.retry_at is not None:
                waits.append(round((submission.retry_at - at).total_seconds()))
                assert not jobs.any_waiting(session)
                assert "tried again soon" in status_of(session, submission).text

    with world.database.read() as session:
        submission = session.scalars(select(Submission)).one()
    assert waits == [5, 60, 300]
    assert submission.state == SubmissionState.FAILED
    assert submission.reason == text("the sandbox fell")


def test_a_clock_that_was_set_back_delays_no_retry(world: World) -> None:
    """A moment further away than any that is set now was set by another clock."""
    (only,) = queue(world, "Student")
    with world.database.write.begin() as session:
        session.scalars(select(Submission)).one().retry_at = now() + timedelta(hours=1)

    assert claim(world) == only


def test_what_we_could_not_grade_costs_no_attempt(world: World) -> None:
    """The student submits again; staff see on the board what is tried again and what failed."""
    queue(world, "Student")
    with world.database.write.begin() as session:
        submission = session.scalars(select(Submission)).one()
        submission.assignment.max_attempts = 1
        student, assignment = submission.user, submission.assignment
        with pytest.raises(RuleError, match="all 1 attempts"):
            submitting.check_may_submit(session, student, assignment, now())
        found = SubmissionQueue().claim(session, "w")
        assert found is not None
        SubmissionQueue().return_after_fault(session, found, text("the sandbox fell"))
    board = "/courses/dl/staff/submissions/"
    assert "retried after an internal error" in world.client("grader").get(board).text
    with world.database.write.begin() as session:
        session.scalars(select(Submission)).one().state = SubmissionState.FAILED

    page = spaced(world.client("student").get("/courses/dl/assignments/xor/").text)
    assert "0 used, 1 left" in page
    with world.database.write.begin() as session:
        folder = world.settings.submissions
        failed = session.scalars(select(Submission)).one()
        student, assignment = failed.user, failed.assignment
        again = submitting.submit(session, folder, student, assignment, "a.ipynb", b"{}")
        with pytest.raises(RuleError, match="all 1 attempts"):
            submitting.check_may_submit(session, student, assignment, now())
    assert again.number == 2
    assert "<strong>1</strong> need attention" in spaced(world.client("grader").get(board).text)


def test_a_worker_that_lost_its_lease_stores_nothing(world: World) -> None:
    """Two workers never both store a result."""
    queue(world, "Student")
    waiting = SubmissionQueue()
    with world.database.write.begin() as session:
        slow = waiting.claim(session, "slow")
        leases.requeue_expired(session, now() + timedelta(hours=1))
    with world.database.write.begin() as session:
        quick = waiting.claim(session, "quick")

    assert slow is not None and quick is not None
    with world.database.write.begin() as session:
        assert not waiting.extend(session, slow)
        assert not waiting.return_after_fault(session, slow, text("no"))
        assert not waiting.refuse(session, slow, text("no"))
        assert waiting.extend(session, quick)
        assert waiting.refuse(session, quick, text("no"))
        assert not waiting.refuse(session, quick, text("no"))


def test_status_follows_the_worker(world: World) -> None:
    """Nothing is done when a worker begins; then cells are the first half, and tests the second."""
    queue(world, "Student")
    with world.database.write.begin() as session:
        found = SubmissionQueue().claim(session, "w")
        assert found is not None
        parts = [status_of(session, found.submission).part]
        for progress in (GradingProgress("cell", 0, 2), GradingProgress("test", 3, 4, "q1")):
            assert SubmissionQueue().extend(session, found, progress)
            session.refresh(found.submission)
            parts.append(status_of(session, found.submission).part)

    assert parts == [0, 0.25, 1]


def test_many_workers_claim_each_submission_once(world: World) -> None:
    """Claims from several threads at once never meet."""
    ids = queue(world, *["Student", "Other"] * 8)
    claimed: list[str] = []

    def work(name: str) -> None:
        while (found := claim(world, name)) is not None:
            claimed.append(found)

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(ids) == sorted(claimed)


def test_worker_grades_and_the_student_reads_the_result(world: World, engine: Grader) -> None:
    """From the queue to the page, with the real engine; an empty notebook earns nothing."""
    (public_id,) = queue(world, "Student")
    assert Worker(world.settings, world.database, engine).work_once()

    client = world.client("student")
    page = client.get(f"/submissions/{public_id}/").text
    notebook = client.get(f"/submissions/{public_id}/notebook")

    assert "<strong>0</strong> of 20 points" in page
    assert "is not defined in your notebook" in page
    assert "sandbox" in notebook.headers["Content-Security-Policy"]
    assert client.get(f"/submissions/{public_id}/status.json").json["state"] == "graded"


class Faulty(Grader):
    """A grader with a fault that nobody has foreseen."""

    def grade(self, *_: object, **__: object) -> Report:
        """Fail as a programming error does."""
        raise ZeroDivisionError("division by zero")


def test_a_fault_that_nobody_foresaw_is_retried_and_then_shown_to_staff(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """It does not wait for the lease to end, leaves a traceback, and costs the student nothing."""
    (public_id,) = queue(world, "Student")
    with Faulty(spares=0) as grader:
        worker = Worker(world.settings, world.database, grader)
        worked = []
        for _ in range(leases.MAX_TRIES + 1):
            with world.database.write.begin() as session:
                session.scalars(select(Submission)).one().retry_at = None
            worked.append(worker.work_once())

    assert worked == [True] * leases.MAX_TRIES + [False]
    assert caplog.text.count("Traceback") == leases.MAX_TRIES
    assert "ZeroDivisionError: division by zero" in caplog.text
    attention = (
        world.client("instructor").get("/courses/dl/staff/submissions/?state=attention").text
    )
    assert public_id in attention
    page = world.client("instructor").get(f"/staff/submissions/{public_id}/").text
    assert "ZeroDivisionError" in page and "Retry grading" in page
    shown = world.client("student").get(f"/submissions/{public_id}/").text
    assert "Not graded yet" in shown and "ZeroDivisionError" not in shown


@pytest.mark.parametrize(
    ("late", "percent", "expected"), [(0, 10, 155), (1, 10, 140), (86_401, 10, 124), (10**7, 10, 0)]
)
def test_each_day_begun_costs_its_percentage(late: int, percent: float, expected: int) -> None:
    """15.5 points; rounded half up to tenths."""
    assert penalised_tenths(155, late, percent) == expected


def test_grace_is_not_late() -> None:
    """Within the grace a submission is in time; after it, all of the lateness counts."""
    due = now()
    rules = Rules(due, None, None, extended=False, time_multiplier=1.0, grace_minutes=5)

    assert rules.lateness(due + timedelta(minutes=5)).seconds == 0
    assert rules.lateness(due + timedelta(minutes=6)).seconds == 360


def test_reasons_are_stored_as_codes(world: World) -> None:
    """Why a job was put back stands as a code; sentences of an earlier version are still read."""
    (only,) = queue(world, "Student")
    claim(world)
    later = now() + timedelta(minutes=5)
    with world.database.write.begin() as session:
        leases.requeue_expired(session, later)

    def stored() -> str:
        with world.database.engine.connect() as connection:
            return str(connection.exec_driver_sql("SELECT reason FROM submission").scalar())

    with world.database.read() as session:
        (submission,) = session.scalars(select(Submission)).all()
        assert submission.public_id == only
        assert str(submission.reason) == "the grading worker stopped"
    assert json.loads(stored()) == {"code": "worker_gone", "parameters": {}}
    with world.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE submission SET reason = 'the grading worker stopped'")
    with world.database.read() as session:
        (submission,) = session.scalars(select(Submission)).all()
        assert submission.reason == text("the grading worker stopped")
