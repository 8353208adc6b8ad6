"""A database that is locked, full or away costs no try, and no grading that is finished."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from sqlalchemy import select

from autograder.progress import GradingProgress
from autograder.report import Report
from tests.web.conftest import World
from tests.web.reports import report
from tests.web.services.submissions.test_queue import queue
from tests.web.test_transactions import begin
from web import db
from web.models import CourseAssignment, Submission, SubmissionState
from web.workers import grading
from web.workers.grading import Worker


@pytest.fixture
def quick(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The portal, with an SQLite that waits for a moment only, and workers that ask soon again."""
    pragmas = [each for each in db._PRAGMAS if "busy_timeout" not in each]
    monkeypatch.setattr(db, "_PRAGMAS", (*pragmas, "busy_timeout=20"))
    for pause in ("STORE_SECONDS", "PROGRESS_SECONDS"):
        monkeypatch.setattr(grading, pause, 0.01)
    monkeypatch.setattr(grading, "LEASE_RENEWAL_SECONDS", 0.02)
    database = db.open_database(world.settings.database_url)
    yield World(world.app, database, world.settings)
    database.engine.dispose()


class Grading:
    """Stands in for the engine: while it grades, somebody else does something."""

    def __init__(self, world: World, meanwhile: Callable[[Callable[..., None]], None]) -> None:
        self.world = world
        self.meanwhile = meanwhile
        self.count = 0

    def grade(
        self, *_: object, progress: Callable[[GradingProgress], None], **__: object
    ) -> Report:
        """Return a report after that."""
        self.count += 1
        self.meanwhile(progress)
        with self.world.database.read() as session:
            snapshot = session.scalars(select(CourseAssignment)).one().snapshot
        return report(snapshot, {"q1": 1.0})


def only(world: World) -> Submission:
    """The submission that there is."""
    with world.database.read() as session:
        return session.scalars(select(Submission)).one()


def test_a_progress_note_that_meets_a_lock_is_left_out(quick: World) -> None:
    """So is the renewal of a lease: the grading goes on, and is stored."""

    def hold(progress: Callable[..., None]) -> None:
        with closing(begin(quick, wait=10)):
            progress(GradingProgress("cell", 1, 2, None))
            threading.Event().wait(0.2)

    queue(quick, "Student")
    engine = Grading(quick, hold)

    assert Worker(quick.settings, quick.database, engine).work_once()

    assert (only(quick).state, only(quick).tries, engine.count) == (SubmissionState.GRADED, 1, 1)


def test_a_finished_report_is_stored_when_the_lock_is_over(quick: World) -> None:
    """It is tried again until then; nothing is graded twice."""
    locks = []
    locked = threading.Event()

    def hold(_: object) -> None:
        locks.append(begin(quick, wait=10))
        locked.set()

    queue(quick, "Student")
    engine = Grading(quick, hold)
    work = Worker(quick.settings, quick.database, engine).work_once
    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    assert locked.wait(60)
    worker.join(0.3)
    assert worker.is_alive()
    assert only(quick).state == SubmissionState.RUNNING

    for lock in locks:
        lock.close()
    worker.join(20)

    assert not worker.is_alive()
    assert (only(quick).state, only(quick).tries, engine.count) == (SubmissionState.GRADED, 1, 1)
