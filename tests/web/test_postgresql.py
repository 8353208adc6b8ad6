"""The portal on PostgreSQL, as several machines use it: a real server of Debian's package."""

from __future__ import annotations

import io
import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, func, select

from autograder.cli import main
from autograder.grade import Grader
from tests.web.conftest import PEOPLE, World, _settings, run_all, token_of
from tests.web.reports import graded
from web.db import Base, open_database
from web.factory import create_app
from web.models import Course, CourseAssignment, Role, Submission, SubmissionState, User
from web.services import turns
from web.services.errors import RuleError
from web.services.people import accounts, hashing, roster, roster_file, throttle
from web.services.submissions import leases, submitting
from web.services.submissions.queue import SubmissionQueue
from web.setup import init, migrate
from web.workers.grading import Worker

MIGRATIONS = Path(__file__).parents[2] / "web" / "migrations"
EMPTY = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}).encode()


def test_from_submission_to_gradebook(portal: World, engine: Grader) -> None:
    """A student submits, a worker grades it, a grader grades the proof, staff see it all."""
    student, grader = portal.client("student"), portal.client("grader")
    place = "/courses/dl/assignments/xor/"
    form = {"csrf_token": token_of(student, place), "notebook": (io.BytesIO(EMPTY), "a.ipynb")}
    receipt = student.post(f"{place}submit", data=form).headers["Location"]
    worker = Worker(portal.settings, portal.database, engine)
    assert [worker.work_once() for _ in range(2)] == [True, False]

    assert "<strong>0</strong> of 20 points" in student.get(receipt).text
    answer = f"/courses/dl/staff/grading/xor/q7/{receipt.split('/')[-2]}/"
    grade = {"version": "0", "points": "1.5", "reason": "So.", "comment": "Zoë ✓ $x^2$"}
    grade["csrf_token"] = token_of(grader, answer)
    assert grader.post(answer, data=grade).status_code == 303
    assert "1.5" in grader.get("/courses/dl/staff/submissions/").text
    assert "1.5" in grader.get("/courses/dl/staff/gradebook/").text
    log = portal.client("instructor").get("/courses/dl/staff/audit/").text
    assert "Answer graded" in log


def test_the_notebook_as_html_comes_and_goes(portal: World) -> None:
    """Back and forward again with rows in place, the first reader has it rendered."""
    with portal.database.write.begin() as session:
        public_id = graded(session, portal.settings.submissions, "Student", {}).public_id
    page = f"/submissions/{public_id}/notebook"
    first = portal.client("student").get(page).text
    portal.database.engine.dispose()
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("sqlalchemy.url", portal.settings.database_url)

    command.downgrade(config, "0005")
    command.upgrade(config, "head")

    assert "<math" in first
    assert portal.client("student").get(page).text == first


def test_search_filters_and_statistics(portal: World) -> None:
    """What databases do each in their own way: case of letters, JSON, ordering of nothing."""
    with portal.database.write.begin() as session:
        graded(session, portal.settings.submissions, "Student", {"q1": 1.0})
    client = portal.client("instructor")

    for address in ("?person=STUDENT", "?person=ada@EXAMPLE", "?state=graded", "?assignment=xor"):
        assert "1 submission," in client.get(f"/courses/dl/staff/submissions/{address}").text
    for page in ("assignments/xor/statistics", "grading/xor/", "assignments/xor/export", "people/"):
        assert client.get(f"/courses/dl/staff/{page}").status_code == 200


def test_last_allowed_attempt_is_given_once(portal: World) -> None:
    """Two at the same moment do not both become the last one, nor get the same number."""
    start = threading.Barrier(4)
    refused = []

    def submit() -> None:
        with portal.database.write() as session:
            user = session.scalars(select(User).where(User.email == PEOPLE["student"][0])).one()
            assignment = session.scalars(select(CourseAssignment)).one()
            start.wait()
            try:
                submitting.submit(
                    session, portal.settings.submissions, user, assignment, "a.ipynb", EMPTY
                )
                session.commit()
            except RuleError as error:
                refused.append(str(error))

    with portal.database.write.begin() as session:
        session.scalars(select(CourseAssignment)).one().max_attempts = 2
    run_all([submit] * 4)

    with portal.database.read() as session:
        numbers = session.scalars(select(Submission.number).order_by(Submission.number)).all()
    assert numbers == [1, 2]
    assert len(refused) == 2


@pytest.mark.parametrize("email", [PEOPLE["student"][0], "nobody@example.org"])
def test_guesses_at_once_are_not_more_than_one_after_another(
    portal: World, email: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether there is such an account or not; a lock holds the others meanwhile."""
    # So that all of them have a place: who has none is not looked at, and does not count.
    monkeypatch.setattr(hashing, "_IN_LINE", threading.BoundedSemaphore(16))
    monkeypatch.setattr(turns, "MOST_AT_ONCE", 16)
    start = threading.Barrier(16)
    words = []

    def guess() -> None:
        start.wait()
        with pytest.raises(RuleError) as error:
            accounts.sign_in(portal.database, email, "wrong", "192.0.2.1")
        words.append(str(error.value)[:8])

    run_all([guess] * 16)

    assert words.count("Too many") == 16 - throttle.MOST_FAILURES


def test_a_roster_and_the_log(portal: World) -> None:
    """A number that somebody gets meanwhile is refused by its line; the log finds who looked."""
    client = portal.client("instructor")
    people = "/courses/dl/staff/people/"
    data = {"csrf_token": token_of(client, people), "role": "student"}
    lines = {"text": "email,number\nlise@example.org,4711\nida@example.org,12"}
    client.post(f"{people}roster", data=data | lines)
    rows = roster_file.parse_roster(lines["text"])
    with portal.database.write.begin() as session:
        course = session.scalars(select(Course)).one()
        actor = session.scalars(select(User).where(User.name == "Instructor")).one()
        roster.check(session, course, rows)
        session.add(User(email="emmy@example.org", name="Emmy", student_number="4711"))
    with pytest.raises(RuleError, match="2 to 3"), portal.database.write.begin() as session:
        roster.take_in(session, actor, course, rows, Role.STUDENT)

    refused = client.post(f"{people}roster", data=data | lines | {"confirmed": "1"})
    taken = client.post(
        f"{people}roster", data=data | {"text": "email\nlise@example.org", "confirmed": "1"}
    )
    log = client.get("/courses/dl/staff/audit/?kind=people&text=INSTRUCTOR").text

    assert "Line 2: somebody else has the student number 4711" in refused.text
    assert "1 added, 0 already in the course." in taken.text
    assert "Roster import previewed" in log
    assert "Roster imported" in log


def test_many_workers_claim_each_submission_once(portal: World) -> None:
    """Transactions run side by side here; each job has one owner all the same."""
    with portal.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        assignment.attempts_per_hour = None
        user = session.scalars(select(User).where(User.email == PEOPLE["student"][0])).one()
        for _ in range(16):
            submitting.submit(
                session, portal.settings.submissions, user, assignment, "a.ipynb", EMPTY
            )
    claimed: list[int] = []

    def work() -> None:
        misses = 0
        while misses < 20:
            with portal.database.write.begin() as session:
                found = SubmissionQueue().claim(session, str(threading.get_ident()))
            if found is None:
                misses += 1
            else:
                claimed.append(found.job_id)

    run_all([work] * 4)

    with portal.database.read() as session:
        ids = session.scalars(select(Submission.id).order_by(Submission.id)).all()
        assert sorted(claimed) == ids
        states = set(session.scalars(select(Submission.state)))
        assert states == {SubmissionState.RUNNING}
        assert len(leases.owners(session)) >= 1


def test_schema_is_that_of_the_models(url: str, tmp_path: Path) -> None:
    """Migrations and models agree on PostgreSQL as well."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    migrate(replace(_settings(tmp_path), database_url=url))
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_init_makes_the_first_admin(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command that an operator types, with the address in the environment."""
    monkeypatch.setenv("AUTOGRADER_DATA", str(tmp_path))
    monkeypatch.setenv("AUTOGRADER_DATABASE_URL", url)

    assert init("root@example.org", "Root") == 0
    assert "/invitation/" in capsys.readouterr().out


def test_backup_of_sqlite_is_restored_into_postgresql(
    world: World,
    url: str,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every row is there, people sign in, and new rows get new numbers."""
    with world.database.write.begin() as session:
        graded(session, world.settings.submissions, "Student", {"q1": 1.0})
    place = tmp_path_factory.mktemp("other")
    monkeypatch.setenv("AUTOGRADER_DATA", str(world.settings.data))
    monkeypatch.delenv("AUTOGRADER_DATABASE_URL", raising=False)
    assert main(["backup", str(place / "portal.tar.gz")]) == 0

    monkeypatch.setenv("AUTOGRADER_DATA", str(place / "new"))
    monkeypatch.setenv("AUTOGRADER_DATABASE_URL", url)
    assert main(["restore", str(place / "portal.tar.gz")]) == 0

    settings = replace(_settings(place / "new"), database_url=url)
    database = open_database(url)
    restored = World(create_app(settings, database), database, settings)
    restored.app.testing = True
    assert counts(restored) == counts(world)
    assert "1 submission," in restored.client("grader").get("/courses/dl/staff/submissions/").text
    with database.write.begin() as session:
        graded(session, settings.submissions, "Other", {"q1": 1.0})
    database.engine.dispose()


def counts(world: World) -> dict[str, int]:
    """How many rows each table has; sign-ins are counted when people sign in."""
    with world.database.read() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }
