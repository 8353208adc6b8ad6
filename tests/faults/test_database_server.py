"""PostgreSQL is killed while a submission is graded: the result is stored when it is back."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import text

from autograder.report import Report
from tests.faults.processes import kill
from tests.faults.test_clock_and_leases import states
from tests.web.conftest import World
from tests.web.services.submissions.test_queue import queue
from tests.web.workers.test_database_away import Grading
from web.models import SubmissionState
from web.workers import grading
from web.workers.grading import AWAY, Worker


class Crashing(Grading):
    """Stands in for the engine: when it has graded, one of the server's processes is killed."""

    def grade(self, *arguments: Any, **options: Any) -> Report:
        """Return a report after that."""
        found = super().grade(*arguments, **options)
        # One that is killed takes all others with it: what they share may be broken.
        with suppress(*AWAY), self.world.database.read() as session:
            kill(session.scalars(text("SELECT pg_backend_pid()")).one())
        return found


def test_a_server_that_is_killed(portal: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It throws everybody out and recovers; no try is lost, and nothing is graded again."""
    monkeypatch.setattr(grading, "STORE_SECONDS", 0.05)
    student = portal.client("student")
    queue(portal, "Student")
    engine = Crashing(portal, lambda _: None)

    assert Worker(portal.settings, portal.database, engine).work_once()

    assert states(portal) == [(SubmissionState.GRADED, 1)]
    assert engine.count == 1
    assert student.get("/courses/dl/assignments/xor/").status_code == 200
