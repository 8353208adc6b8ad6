"""Admins see how the portal is doing."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from tests.web.conftest import World, spaced
from tests.web.reports import graded
from web.db import now
from web.models import SubmissionState, WorkerProcess
from web.services.overview import system
from web.workers.heartbeat import Heartbeat

PAGE = "/admin/system/"


def test_a_quiet_portal_says_that_nobody_grades(either: World) -> None:
    """With versions of what runs, on both kinds of database."""
    page = spaced(either.client("admin").get(PAGE).text)

    assert "No grading worker is running." in page
    assert "None is known." in page
    assert ("SQLite" in page) != ("PostgreSQL" in page)
    assert "<dt>autograder</dt>" in page


def test_workers_report_themselves_until_they_end(world: World) -> None:
    """They are on the page while they run, and gone afterwards; none is lost."""
    heartbeat = Heartbeat(world.database, "machine-7", 3)
    thread = threading.Thread(target=heartbeat.run)
    thread.start()
    admin = world.client("admin")
    deadline = time.monotonic() + 30
    while "machine-7" not in admin.get(PAGE).text:
        assert time.monotonic() < deadline
        time.sleep(0.05)

    assert "No grading worker is running." not in admin.get(PAGE).text
    heartbeat.stop()
    thread.join(30)
    assert not thread.is_alive()
    page = admin.get(PAGE).text
    assert "machine-7" not in page


def test_workers_that_were_killed_are_lost_and_then_forgotten(world: World) -> None:
    """The page names them for a day."""
    started = now()
    with world.database.write.begin() as session:
        system.report_worker(session, "killed-1", 1, started)
        session.get_one(WorkerProcess, "killed-1").seen_at = now() - timedelta(minutes=3)
        system.report_worker(session, "alive-2", 1, started)
    page = spaced(world.client("admin").get(PAGE).text)
    assert "Workers do not report any longer:" in page
    assert "killed-1" in page

    with world.database.write.begin() as session:
        session.get_one(WorkerProcess, "killed-1").seen_at = now() - timedelta(days=2)
        session.flush()
        system.report_worker(session, "alive-2", 1, started)
        assert session.scalars(select(WorkerProcess.name)).all() == ["alive-2"]


def test_a_heartbeat_outlives_a_database_that_is_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reports as soon as the database is back."""
    monkeypatch.setattr("web.workers.heartbeat.BEAT_SECONDS", 0.01)
    report, failures = system.report_worker, 3

    def sometimes(session: Session, *arguments: object) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise OperationalError("away", {}, Exception())
        report(session, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(system, "report_worker", sometimes)
    heartbeat = Heartbeat(world.database, "machine-7", 1)
    thread = threading.Thread(target=heartbeat.run)
    thread.start()
    deadline = time.monotonic() + 30
    while True:
        with world.database.read() as session:
            if session.scalars(select(WorkerProcess)).all():
                break
        assert time.monotonic() < deadline
        time.sleep(0.05)
    heartbeat.stop()
    thread.join(30)


def test_the_queue_is_counted(world: World) -> None:
    """Queued, running and failed; since when the oldest waits."""
    with world.database.write.begin() as session:
        waits = graded(session, world.settings.submissions, "Student", {"q1": 1.0})
        failed = graded(session, world.settings.submissions, "Other", {"q1": 1.0})
        waits.state, failed.state = SubmissionState.QUEUED, SubmissionState.FAILED
    with world.database.read() as session:
        view = system.system_view(session, world.settings.data)

    assert (view.submissions.queued, view.submissions.running, view.submissions.failed) == (1, 0, 1)
    assert view.submissions.waiting_since is not None
    assert view.disk.total > view.disk.free > 0
    assert view.disk.database is not None and view.disk.database > 0


def test_the_last_backup_is_known(tmp_path: Path) -> None:
    """With its size; a damaged note is none; an old backup is said to be old."""
    file = tmp_path / "portal.tar.gz"
    file.write_bytes(b"12345")
    assert system.last_backup(tmp_path) is None

    system.note_backup(tmp_path, file, complete=False)

    found = system.last_backup(tmp_path)
    assert found is not None
    assert (found.size, found.file, found.complete) == (5, str(file), False)
    assert not found.is_old
    assert system.Backup(now() - timedelta(days=9), "", 0, complete=True).is_old
    (tmp_path / system.LAST_BACKUP).write_text('{"at": 7}')
    assert system.last_backup(tmp_path) is None
