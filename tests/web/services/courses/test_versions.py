"""A new version of an assignment grades nobody before its validation; earlier ones can be had."""

from __future__ import annotations

import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.web.conftest import ROOT, World, spaced, token_of
from tests.web.services.submissions.test_submitting import notebook, submit
from web.db import now
from web.factory import create_app
from web.models import AuditEntry, CourseAssignment, Snapshot, Submission, User
from web.services.courses import snapshots, validation, versions
from web.services.courses.validation import Validation, ValidationState
from web.workers.validation import Validator

PLACE = "/courses/dl/staff/assignments/xor/"
SETTINGS = f"{PLACE}settings"


@pytest.fixture
def changed(world: World, tmp_path: Path) -> World:
    """The portal, with a newer version of xor on the server."""
    folder = tmp_path / "newer"
    folder.mkdir()
    shutil.copytree(ROOT / "assignments" / "xor", folder / "xor")
    file = folder / "xor" / "assignment.toml"
    file.write_text(file.read_text().replace("XOR weights", "XOR again"), encoding="utf-8")
    settings = replace(world.settings, assignment_folders=(folder,))
    app = create_app(settings, world.database)
    app.testing = True
    return World(app, world.database, settings)


def send(client: FlaskClient, place: str, **fields: object) -> TestResponse:
    """Send a form of the assignment's."""
    data = {"csrf_token": token_of(client, "/account"), **fields}
    return client.post(f"{PLACE}{place}", data=data, follow_redirects=True)


def titles(world: World) -> tuple[str, str | None]:
    """Return the titles of the version that grades, and of the one that waits."""
    with world.database.read() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        waiting = assignment.next_snapshot
        return assignment.snapshot.title, waiting.title if waiting else None


def versions_by_title(world: World) -> dict[str, Snapshot]:
    """Return the versions that the portal knows."""
    with world.database.read() as session:
        return {each.title: each for each in session.scalars(select(Snapshot))}


def set_validation(world: World, state: ValidationState) -> None:
    """Let the newer version's validation have ended."""
    snapshot = versions_by_title(world)["XOR again"]
    place = world.settings.snapshots / snapshot.content_hash / validation.FILE
    faults = ("q2: caught by no test",) if state is ValidationState.INVALID else ()
    validation.write(place, Validation(state, faults=faults))


def run_validator(world: World, until: str | None) -> None:
    """Let a worker's validator run until no version waits, or one does still."""
    validator = Validator(world.settings, world.database)
    thread = threading.Thread(target=validator.run)
    thread.start()
    deadline = time.monotonic() + 30
    try:
        while titles(world)[1] != until and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        validator.stop()
        thread.join(30)


def test_a_new_version_waits_for_its_validation(changed: World) -> None:
    """Until then the present one grades, also what is submitted meanwhile."""
    client = changed.client("instructor")

    page = send(client, "update").text

    assert "The new version grades as soon as it has passed" in page
    assert "Validation queued." in page
    assert "A newer version is on the server" not in page
    assert titles(changed) == ("XOR weights", "XOR again")
    assert "Receipt" in submit(changed.client("student"), notebook()).text
    with changed.database.read() as session:
        assert session.scalars(select(Submission)).one().snapshot.title == "XOR weights"


def test_a_version_grades_once_its_validation_has_passed(changed: World) -> None:
    """A worker sees to it, and the log says who wanted it."""
    send(changed.client("instructor"), "update")
    set_validation(changed, ValidationState.VALID)

    run_validator(changed, until=None)

    assert titles(changed) == ("XOR again", None)
    with changed.database.read() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "assignment.updated")
        ).one()
        assert entry.actor is not None and entry.actor.name == "Instructor"
    assert "Receipt" in submit(changed.client("student"), notebook()).text
    with changed.database.read() as session:
        assert session.scalars(select(Submission)).one().snapshot.title == "XOR again"


@pytest.mark.parametrize("state", [ValidationState.INVALID, ValidationState.FAILED])
def test_a_version_that_is_not_valid_waits_for_staff(
    changed: World, state: ValidationState
) -> None:
    """They use it all the same, or discard it."""
    client = changed.client("instructor")
    send(client, "update")
    set_validation(changed, state)
    number = versions_by_title(changed)["XOR again"].id
    with changed.database.write.begin() as session:
        assert versions.use_validated(session, changed.settings.snapshots) == 0
    assert titles(changed) == ("XOR weights", "XOR again")
    words = "Validation failed" if state is ValidationState.INVALID else "not be completed"
    page = client.get(SETTINGS).text
    assert words in page
    assert ("Validate again" in page) == (state is ValidationState.FAILED)

    assert "Another version is waiting" in send(client, "versions/discard", version="77").text
    assert "Version discarded." in send(client, "versions/discard", version=number).text
    assert titles(changed) == ("XOR weights", None)
    assert "No version is waiting" in send(client, "versions/discard", version=number).text

    send(client, "update")
    assert "Updated." in send(client, "versions/use-waiting", version=number).text
    assert titles(changed) == ("XOR again", None)


def test_a_version_that_is_known_to_be_valid_grades_at_once(changed: World) -> None:
    """Such as one that another course has brought; so does any while nobody sees the assignment."""
    with changed.database.write.begin() as session:
        version = snapshots.prepare(
            changed.settings.snapshots, changed.settings.assignment_folders, "xor"
        )
        snapshots.import_version(session, version)
    set_validation(changed, ValidationState.VALID)

    assert "Updated." in send(changed.client("instructor"), "update").text

    assert titles(changed) == ("XOR again", None)


def test_an_unreleased_assignment_is_updated_at_once(changed: World) -> None:
    """Nobody is graded by it yet; releasing it warns of a validation that has not passed."""
    with changed.database.write.begin() as session:
        session.scalars(select(CourseAssignment)).one().release_at = None

    page = send(changed.client("instructor"), "update").text

    assert titles(changed) == ("XOR again", None)
    assert "Release without validation" in page


def test_staff_go_back_to_an_earlier_version(changed: World) -> None:
    """After they have seen what it means; submissions keep the version that graded them."""
    client = changed.client("instructor")
    submit(changed.client("student"), notebook())
    send(client, "update")
    number = versions_by_title(changed)["XOR again"].id
    send(client, "versions/use-waiting", version=number)
    submit(changed.client("student"), notebook())
    earlier = versions_by_title(changed)["XOR weights"].id

    listed = spaced(client.get(f"{PLACE}versions/").text)
    page = spaced(client.get(f"{PLACE}versions/{earlier}/").text)

    assert listed.index("XOR again") < listed.index("XOR weights</a>")
    assert "1 submission keeps the points of the current version" in page
    assert "Questions and points are the same; tests or texts differ." in page
    send(client, "versions/use", version=earlier)
    assert titles(changed) == ("XOR weights", None)
    with changed.database.read() as session:
        found = session.scalars(select(Submission).order_by(Submission.id)).all()
        assert [each.snapshot.title for each in found] == ["XOR weights", "XOR again"]
        assignment = session.scalars(select(CourseAssignment)).one()
        used = versions.used_versions(session, assignment)
        assert [(each.version.snapshot.title, each.submissions, each.current) for each in used] == [
            ("XOR weights", 1, True),
            ("XOR again", 1, False),
        ]


def test_the_overview_leads_to_the_versions(changed: World) -> None:
    """Of those who manage the course; without submissions nothing is said of any."""
    client = changed.client("instructor")
    send(client, "update")
    number = versions_by_title(changed)["XOR again"].id

    assert f'href="{PLACE}versions/"' in client.get(PLACE).text
    assert f'href="{PLACE}versions/"' not in changed.client("grader").get(PLACE).text
    page = spaced(client.get(f"{PLACE}versions/{number}/").text)
    assert "If you use this version" in page
    assert "submissions keep" not in page


def test_what_another_version_means_is_said(world: World) -> None:
    """Points and questions that differ are named."""
    with world.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        first, second, *others = assignment.snapshot.questions
        other = Snapshot(
            name="xor",
            content_hash="e" * 64,
            title="Other",
            max_tenths=70,
            questions=(replace(first, max_tenths=70), *others, replace(second, id="q99")),
        )
        session.add(other)
        session.flush()
        change = versions.change_to(session, assignment, other)

    assert change.points[1] == 70
    assert change.added == ["q99"]
    assert change.removed == [second.id]
    assert change.repriced == {first.id: (first.max_tenths, 70)}
    assert not change.same_questions


def test_a_version_of_another_course_is_not_there(world: World) -> None:
    """Only versions that this course has used or waits for are shown or used."""
    with world.database.write.begin() as session:
        stray = Snapshot(
            name="splits", content_hash="e" * 64, title="Stray", max_tenths=0, questions=()
        )
        session.add(stray)
        session.flush()
        number = stray.id
    client = world.client("instructor")

    assert client.get(f"{PLACE}versions/{number}/").status_code == 404
    assert client.get(f"{PLACE}versions/{number}/notebook").status_code == 404
    assert send(client, "versions/use", version=number).status_code == 404


def test_staff_preview_the_notebook_and_its_tests(world: World) -> None:
    """As students get it, and solved, in a frame that runs nothing."""
    client = world.client("instructor")

    page = client.get(f"{PLACE}versions/1/")
    student = client.get(f"{PLACE}versions/1/notebook?kind=student")
    solved = client.get(f"{PLACE}versions/1/notebook?kind=solution")

    assert "hidden test" in page.text and "visible test" in page.text
    assert "Question 1" in page.text
    for each in (student, solved):
        assert each.headers["Content-Security-Policy"].startswith("sandbox;")
        assert "XOR" in each.text
    assert len(solved.text) != len(student.text)


def test_a_version_waits_on_in_an_archived_course(changed: World) -> None:
    """Nothing changes there; once it is reopened the version grades."""
    send(changed.client("instructor"), "update")
    set_validation(changed, ValidationState.VALID)
    for archived_at, used in ((now(), 0), (None, 1)):
        with changed.database.write.begin() as session:
            session.scalars(select(CourseAssignment)).one().course.archived_at = archived_at
            session.flush()
            assert versions.use_validated(session, changed.settings.snapshots) == used


def test_nobody_is_asked_whose_account_is_gone(changed: World) -> None:
    """A version whose requester is not known is used all the same."""
    send(changed.client("instructor"), "update")
    set_validation(changed, ValidationState.VALID)
    with changed.database.write.begin() as session:
        session.scalars(select(CourseAssignment)).one().next_snapshot_by_id = None
        assert versions.use_validated(session, changed.settings.snapshots) == 1

    with changed.database.read() as session:
        assert session.scalars(select(User)).first() is not None
    assert titles(changed) == ("XOR again", None)
