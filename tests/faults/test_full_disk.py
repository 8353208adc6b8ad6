"""A full disk: nothing is accepted that is not kept, and nothing that was graded is lost."""

from __future__ import annotations

import io
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from tests.faults.test_clock_and_leases import states
from tests.web.conftest import World, token_of
from tests.web.reports import report
from tests.web.services.submissions.test_queue import queue
from tests.web.services.submissions.test_submitting import files, notebook, stored, submit
from tests.web.workers.test_database_away import Grading, quick
from web.models import Snapshot, SubmissionState
from web.workers.grading import Worker

__all__ = ["quick"]
PAGES = ("/courses/dl/", "/courses/dl/assignments/xor/")
MUCH = "x" * 300_000


@contextmanager
def no_room_for_files() -> Iterator[None]:
    """Let no file of this process grow, as on a full disk; a database's log is one, too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_an_upload_that_cannot_be_kept(world: World) -> None:
    """It is not accepted, uses no attempt and leaves nothing; pages stand, and the next one is."""
    world.app.testing = False
    student = world.client("student")
    submit(student, notebook("perceptron"))  # starts what reads files
    form = {
        "csrf_token": token_of(student, PAGES[1]),
        "notebook": (io.BytesIO(notebook("xor")), "xor.ipynb"),
    }

    with no_room_for_files():
        answer = student.post(f"{PAGES[1]}submit", data=form)
        pages = [student.get(page).status_code for page in PAGES]

    assert answer.status_code in {500, 503}
    assert "Try again" in answer.text
    assert pages == [200, 200]
    assert (stored(world), files(world)) == ([], [])
    assert "Receipt" in submit(student, notebook("xor")).text
    assert [each.number for each in stored(world)] == [1]


def test_a_result_that_finds_no_room(quick: World) -> None:
    """It is stored once there is some; till then pages stand, and nothing is graded again."""
    full = threading.Event()

    @event.listens_for(quick.database.engine, "checkout")
    def measure(connection: Any, *_: object) -> None:
        # The least that it takes is what the database has now.
        connection.execute(f"PRAGMA max_page_count={1 if full.is_set() else 2**31}")

    class Large(Grading):
        def grade(self, *arguments: Any, **options: Any) -> Any:
            super().grade(*arguments, **options)
            with self.world.database.read() as session:
                snapshot = session.get_one(Snapshot, 1)
            return report(snapshot, {"q1": 5.0}, MUCH)

    queue(quick, "Student")
    student = quick.client("student")
    engine = Large(quick, lambda _: full.set())
    work = Worker(quick.settings, quick.database, engine).work_once
    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    assert full.wait(60)
    worker.join(0.5)
    assert worker.is_alive()
    assert states(quick) == [(SubmissionState.RUNNING, 1)]
    assert [student.get(page).status_code for page in PAGES] == [200, 200]

    full.clear()
    worker.join(30)

    assert not worker.is_alive()
    assert states(quick) == [(SubmissionState.GRADED, 1)]
    assert engine.count == 1
