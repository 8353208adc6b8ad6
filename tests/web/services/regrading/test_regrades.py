"""Grading again after the tests have changed."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.grade import Grader
from tests.web.conftest import ROOT, World, spaced
from tests.web.reports import report
from tests.web.services.grading.test_grading import post
from tests.web.services.grading.test_marks import person, submit
from tests.web.services.submissions.test_queue import queue
from web.db import now
from web.models import (
    AuditEntry,
    CourseAssignment,
    Regrade,
    RegradeJob,
    RegradeJobState,
    Result,
    Snapshot,
    Submission,
)
from web.services.errors import RuleError
from web.services.grading import marks, written_answers
from web.services.grading.written_answers import Entered
from web.services.regrading import regrades
from web.services.regrading import report as regrade_report
from web.services.regrading.queue import RegradeQueue
from web.services.regrading.regrades import Scope
from web.services.submissions import leases
from web.workers.grading import Worker

PLACE = "/courses/dl/staff/assignments/xor/"


def another_version(session: Session) -> CourseAssignment:
    """Return the assignment a newer snapshot with the same questions."""
    assignment = session.scalars(select(CourseAssignment)).one()
    old = assignment.snapshot
    assignment.snapshot = Snapshot(
        name=old.name,
        content_hash="f" * 64,
        title=old.title,
        max_tenths=old.max_tenths,
        questions=old.questions,
    )
    session.flush()
    return assignment


def regraded(session: Session, world: World, *scores: dict[str, float]) -> Regrade:
    """Attempts of Student and Other with 2 points each, graded again with these."""
    for who in ("Student", "Other")[: len(scores)]:
        submit(session, world, {"q1": 2}, who)
    assignment = another_version(session)
    regrade = regrades.start(session, person(session, "Instructor"), assignment, Scope.ALL)
    session.flush()
    for each in scores:
        claim = RegradeQueue().claim(session, "w")
        assert claim is not None
        found = report(assignment.snapshot, each)
        assert RegradeQueue().finish(session, claim, found, json.dumps(found.notebook))
    return regrade


def points(session: Session) -> list[int]:
    """What all submissions are worth, in the order of submission."""
    found = session.scalars(select(Submission).order_by(Submission.id)).all()
    return [each.tenths for each in marks.marks_of(session, found).values()]


def test_nothing_is_published_before_somebody_decides(world: World) -> None:
    """The differences are known, both results are kept, and students see what they saw."""
    with world.database.write.begin() as session:
        regrade = regraded(session, world, {"q1": 5}, {"q1": 1, "q2": 0.5})
        before = points(session)
        tally = regrade_report.summary(regrades.changes(session, regrade))

        assert before == [20, 20]
        assert len(session.scalars(select(Result)).all()) == 4
    assert (tally.total.up, tally.total.down, tally.total.same) == (1, 1, 0)
    by_name = {each.name: each for each in tally.questions}
    assert (by_name["q1"].up, by_name["q1"].down, by_name["q1"].mean) == (1, 1, 1.0)
    assert (by_name["q2"].up, by_name["q7"].same) == (1, 2)


@pytest.mark.parametrize(("never_lower", "after"), [(False, [50, 15]), (True, [50, 20])])
def test_publishing_with_and_without_never_lower(
    world: World, *, never_lower: bool, after: list[int]
) -> None:
    """Whoever gains, gains; who would lose keeps the earlier result if that was chosen."""
    with world.database.write.begin() as session:
        regrade = regraded(session, world, {"q1": 5}, {"q1": 1, "q2": 0.5})
        actor = person(session, "Instructor")
        regrades.publish(session, actor, regrade, never_lower=never_lower, note="A wrong sign.")
        found = points(session)
        kept = session.scalars(select(RegradeJob.kept).order_by(RegradeJob.id)).all()
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        with pytest.raises(RuleError, match="already been published"):
            regrades.discard(session, actor, regrade)

        assert entry is not None
        assert entry.action == "regrade.published"
    assert found == after
    assert kept == [False, never_lower]


def test_students_find_a_notice(world: World) -> None:
    """On the submission and on the assignment: when, what was corrected, and from what to what."""
    with world.database.write.begin() as session:
        regrade = regraded(session, world, {"q1": 5}, {"q1": 1})
        number = regrade.id
    staff, page = world.client("instructor"), f"{PLACE}regrades/{number}/"
    student = world.client("student")
    own = f"/submissions/{_public_id(world, 'Student')}/"
    assert "The tests were corrected" not in student.get(own).text

    post(staff, page, f"{page}publish", never_lower="1", note="Question 1 refused lists.")

    for address in (own, "/courses/dl/assignments/xor/"):
        text = " ".join(student.get(address).text.split())
        assert "The tests were corrected on" in text
        assert "from 2 to <strong>5</strong>" in text
        assert "Question 1 refused lists." in text
    other = world.client("other").get(f"/submissions/{_public_id(world, 'Other')}/").text
    assert "so you keep your 2" in " ".join(other.split())


def test_staff_read_the_earlier_result(world: World) -> None:
    """All gradings stand on the submission's page; each can be looked at."""
    with world.database.write.begin() as session:
        regrade = regraded(session, world, {"q1": 5})
        actor = person(session, "Instructor")
        regrades.publish(session, actor, regrade, never_lower=False, note="")
        first = min(session.scalars(select(Result.id)))
    page = f"/staff/submissions/{_public_id(world, 'Student')}/"
    client = world.client("grader")

    assert "<dd> 5" in spaced(client.get(page).text)
    assert "f" * 7 in client.get(page).text
    assert "<dd> 2" in spaced(client.get(f"{page}?result={first}").text)


def frame_of(client: FlaskClient, page: str) -> str:
    """Return the address of a page's frame with the executed notebook."""
    found = re.search(r'<iframe [^>]*src="([^"]+)"', client.get(page).text)
    assert found is not None
    return html.unescape(found[1])


def test_the_frame_shows_the_notebook_of_the_grading_that_is_looked_at(world: World) -> None:
    """Staff read each notebook beside its own result; nobody else's, and students only theirs."""
    with world.database.write.begin() as session:
        submit(session, world, {"q1": 2}, "Other")
        foreign = max(session.scalars(select(Result.id)))
        submission = submit(session, world, {"q1": 2}, "Student")
        assignment = another_version(session)
        regrades.start(session, person(session, "Instructor"), assignment, Scope.ALL)
        session.flush()
        for _ in range(2):
            claim = RegradeQueue().claim(session, "w")
            assert claim is not None
            found = report(assignment.snapshot, {"q1": 5}, "It ran anew.")
            assert RegradeQueue().finish(session, claim, found, json.dumps(found.notebook))
        own = select(Result.id).where(Result.submission_id == submission.id).order_by(Result.id)
        held, new = session.scalars(own)
        public_id = submission.public_id
    page = f"/staff/submissions/{public_id}/"
    grader, instructor = world.client("grader"), world.client("instructor")
    score = '<p class="result-points">5 '

    shown = grader.get(frame_of(grader, f"{page}?result={new}")).text
    assert "It ran anew." in shown
    assert score in shown
    for number in (held, foreign, 10**30, "x"):
        shown = grader.get(frame_of(grader, f"{page}?result={number}")).text
        assert "contradiction" in shown
        assert score not in shown
        assert grader.get(f"/submissions/{public_id}/notebook?as=staff&result={number}").text == (
            shown
        )
    for client, reader in ((world.client("student"), ""), (instructor, "preview")):
        address = f"/submissions/{public_id}/notebook?as={reader}&result={new}"
        assert "contradiction" in client.get(address).text


def test_people_s_grades_survive(world: World) -> None:
    """What a person gave counts before and after alike."""
    with world.database.write.begin() as session:
        submission = submit(session, world, {"q1": 2})
        written_answers.save(session, person(session, "Grader"), submission, "q7", Entered(0, (0,)))
        regrade = regrades.start(
            session, person(session, "Instructor"), another_version(session), Scope.COUNTED
        )
        session.flush()
        claim = RegradeQueue().claim(session, "w")
        assert claim is not None
        found = report(regrade.snapshot, {"q1": 3})
        RegradeQueue().finish(session, claim, found, json.dumps(found.notebook))
        (change,) = regrades.changes(session, regrade)

    assert (change.before.tenths, change.after.tenths) == (30, 40)
    assert [each.id for each in change.changed] == ["q1"]


@pytest.mark.parametrize(
    ("scope", "chosen"),
    [(Scope.ALL, [1, 2, 3]), (Scope.LATEST, [2, 3]), (Scope.COUNTED, [1, 3])],
)
def test_which_attempts_are_graded_again(world: World, scope: Scope, chosen: list[int]) -> None:
    """All, the latest of each student, or the one that counts."""
    with world.database.write.begin() as session:
        for who, score in (("Student", 5), ("Student", 1), ("Other", 2)):
            submission = submit(session, world, {"q1": score}, who)
        actor = person(session, "Instructor")
        regrades.start(session, actor, submission.assignment, scope)
        session.flush()

        found = session.scalars(select(RegradeJob.submission_id).order_by(RegradeJob.id)).all()
        assert found == chosen


def test_selected_attempts_and_one_regrade_at_a_time(world: World) -> None:
    """Those that were ticked; nothing ticked is refused, and a second regrade waits."""
    with world.database.write.begin() as session:
        submit(session, world, {})
        second = submit(session, world, {}, "Other")
        actor, assignment = person(session, "Instructor"), second.assignment
        with pytest.raises(RuleError, match="at least one graded submission"):
            regrades.start(session, actor, assignment, Scope.SELECTED, ["nobody's"])
        regrade = regrades.start(session, actor, assignment, Scope.SELECTED, [second.public_id])
        session.flush()
        assert session.scalars(select(RegradeJob.submission_id)).all() == [second.id]
        with pytest.raises(RuleError, match="still being graded"):
            regrades.publish(session, actor, regrade, never_lower=False, note="")
        with pytest.raises(RuleError, match="the current regrade"):
            regrades.start(session, actor, assignment, Scope.ALL)
        regrades.discard(session, actor, regrade)
        assert RegradeQueue().claim(session, "w") is None
        regrades.start(session, actor, assignment, Scope.ALL)


def test_differences_as_a_table_that_no_spreadsheet_runs(world: World) -> None:
    """One line a submission; a name that looks like a formula stays text."""
    with world.database.write.begin() as session:
        regrade = regraded(session, world, {"q1": 5})
        person(session, "Student").name = "=1+1"
        text = regrade_report.differences_csv(regrades.changes(session, regrade))

    (line,) = csv.DictReader(io.StringIO(text.decode()))
    assert line["name"] == "'=1+1"
    assert (line["before"], line["after"], line["difference"]) == ("2", "5", "3")
    assert (line["q1 before"], line["q1 after"], line["q7 after"]) == ("2", "5", "")


def test_lost_jobs_are_put_back_and_given_up_at_last(world: World) -> None:
    """A killed worker's job is claimed again; after some tries staff see that it failed."""
    with world.database.write.begin() as session:
        submission = submit(session, world, {})
        actor = person(session, "Instructor")
        regrade = regrades.start(session, actor, submission.assignment, Scope.ALL)
        session.flush()
        for _ in range(leases.MAX_TRIES):
            claim = RegradeQueue().claim(session, "w")
            assert claim is not None
            assert leases.owners(session) == {"w"}
            later = now() + timedelta(seconds=leases.LEASE_SECONDS + 1)
            assert leases.requeue_expired(session, later) == 1
            assert not RegradeQueue().refuse(session, claim, "too late")
            session.flush()
        assert RegradeQueue().claim(session, "w") is None
        (job,) = regrades.failed_jobs(session, regrade)

        assert job.state is RegradeJobState.FAILED
        assert job.submission.state == "graded"


def test_corrected_tests_by_the_real_worker_behind_new_submissions(
    world: World, tmp_path: Path, engine: Grader
) -> None:
    """Update, start, and work: new submissions first; the new version gives its own result."""
    folder = tmp_path / "folder" / "xor"
    shutil.copytree(ROOT / "assignments" / "xor", folder)
    settings = world.settings
    object.__setattr__(settings, "assignment_folders", (folder.parent,))
    queue(world, "Student")
    worker = Worker(settings, world.database, engine)
    assert worker.work_once()
    toml = folder / "assignment.toml"
    toml.write_text(toml.read_text().replace('title = "XOR weights"', 'title = "XOR"'))
    staff = world.client("instructor")
    post(staff, PLACE, f"{PLACE}update")
    with world.database.read() as session:
        waiting = session.scalars(select(CourseAssignment.next_snapshot_id)).one()
    post(staff, PLACE, f"{PLACE}versions/use-waiting", version=str(waiting))
    post(staff, f"{PLACE}regrades/", f"{PLACE}regrades/", scope="all")
    (new,) = queue(world, "Other")
    assert worker.work_once()
    with world.database.read() as session:
        done = session.scalars(select(Submission).where(Submission.public_id == new)).one()
        waits = session.scalars(select(RegradeJob)).one()
        assert (done.state, waits.state) == ("graded", RegradeJobState.QUEUED)
    assert worker.work_once()

    with world.database.read() as session:
        job = session.scalars(select(RegradeJob)).one()
        assert job.state is RegradeJobState.DONE
        assert job.result is not None
        assert job.result.snapshot_id != job.submission.snapshot_id
        assert job.result.id != job.submission.result_id
        assert len(session.scalars(select(Snapshot)).all()) == 2
        # The same hidden inputs: who is graded again is asked what they were asked before.
        held = job.submission.result
        assert held is not None
        assert job.result.staff_view["seed"] == held.staff_view["seed"]
        other = session.scalars(select(Submission).where(Submission.public_id == new)).one()
        assert other.result is not None
        assert other.result.staff_view["seed"] != held.staff_view["seed"]
        # Nobody who looks at one of the three notebooks has to wait until it is rendered.
        assert None not in session.scalars(select(Result.rendered)).all()
    page = staff.get(f"{PLACE}regrades/1/").text
    assert "<strong>1</strong> unchanged" in page


def _public_id(world: World, who: str) -> str:
    with world.database.read() as session:
        user = person(session, who)
        return session.scalars(
            select(Submission.public_id).where(Submission.user_id == user.id)
        ).one()
