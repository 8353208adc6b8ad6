"""A clock that is set, or a database that was away, costs no grading that is under way."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import select

from autograder.progress import GradingProgress
from tests.web.conftest import World
from tests.web.services.submissions.test_queue import queue
from tests.web.test_transactions import begin
from tests.web.workers.test_database_away import Grading, quick
from web import db
from web.models import Submission, SubmissionState
from web.services.submissions import leases
from web.services.submissions.queue import SubmissionQueue
from web.workers import grading
from web.workers.grading import Worker

__all__ = ["quick"]
NOW = (grading, leases, "web.services.submissions.queue", "web.models.submissions")


def states(world: World) -> list[tuple[SubmissionState, int]]:
    """Where the submissions stand, and how often they were claimed."""
    with world.database.read() as session:
        found = session.scalars(select(Submission).order_by(Submission.id)).all()
        return [(each.state, each.tries) for each in found]


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_is_set_while_a_notebook_runs(
    world: World, monkeypatch: pytest.MonkeyPatch, hours: float
) -> None:
    """Ahead, all leases have ended; back, they end too late. Whoever holds one renews it first."""
    monkeypatch.setattr(grading, "SWEEP_SECONDS", -1.0)

    def set_clock(progress: object) -> None:
        other.work_once()
        for place in NOW:
            name = place if isinstance(place, str) else place.__name__
            monkeypatch.setattr(f"{name}.now", lambda: db.now() + timedelta(hours=hours))
        assert not other.work_once()
        assert callable(progress)
        progress(GradingProgress("cell", 1, 2))
        # By now the lease has been renewed, and sweeping harms nobody.
        other._swept = 0.0
        assert not other.work_once()

    queue(world, "Student")
    engine = Grading(world, set_clock)
    other = Worker(world.settings, world.database, engine, "other")

    assert Worker(world.settings, world.database, engine, "first").work_once()

    assert states(world) == [(SubmissionState.GRADED, 1)]
    assert engine.count == 1


def test_a_process_that_stood_still(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """When it goes on, the leases of its own workers have ended; they renew them first."""
    monkeypatch.setattr(grading, "SWEEP_SECONDS", -1.0)
    monkeypatch.setattr(grading, "HELD_UP_SECONDS", 0.2)

    def stand_still(_: object) -> None:
        other.work_once()
        end_leases(world, "first")
        time.sleep(0.3)
        assert not other.work_once()

    queue(world, "Student")
    engine = Grading(world, stand_still)
    other = Worker(world.settings, world.database, engine, "other")

    assert Worker(world.settings, world.database, engine, "first").work_once()

    assert states(world) == [(SubmissionState.GRADED, 1)]
    assert engine.count == 1


def end_leases(world: World, owner: str) -> None:
    """Let a worker's leases have ended long ago."""
    with closing(sqlite3.connect(world.settings.data / "portal.sqlite3")) as connection:
        ended = "UPDATE submission SET lease_until = '2020-01-01' WHERE lease_owner = ?"
        assert connection.execute(ended, [owner]).rowcount == 1
        connection.commit()


def test_a_database_that_was_away_leaves_time_to_renew_leases(
    quick: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who could not renew its own takes none for ended; others could not renew theirs either."""
    monkeypatch.setattr(grading, "LEASE_RENEWAL_SECONDS", 15.0)
    monkeypatch.setattr(grading, "SWEEP_SECONDS", -1.0)

    def away(progress: object) -> None:
        end_leases(quick, "other")
        assert callable(progress)
        with closing(begin(quick)):
            progress(GradingProgress("cell", 1, 2))

    queue(quick, "Student", "Other")
    with quick.database.write.begin() as session:
        claim = SubmissionQueue().claim(session, "other")
    assert claim is not None
    engine = Grading(quick, away)
    worker = Worker(quick.settings, quick.database, engine)

    assert [worker.work_once(), worker.work_once()] == [True, False]

    assert states(quick) == [(SubmissionState.RUNNING, 1), (SubmissionState.GRADED, 1)]
    with quick.database.write.begin() as session:
        assert SubmissionQueue().extend(session, claim)
