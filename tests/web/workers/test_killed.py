"""Killed in the middle of grading and started again: each submission is graded, once."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import func, select

from autograder.assignment import load_assignment
from tests.web.conftest import ROOT, World
from web.demo.notebooks import Work, notebook
from web.models import CourseAssignment, Result, Submission, SubmissionState, User
from web.services.submissions import leases, submitting

BOUND_SECONDS = 100.0


@contextmanager
def serving(world: World) -> Iterator[subprocess.Popen[bytes]]:
    """Run `autograder serve`; leads a session of its own, and ends with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    places = {
        "AUTOGRADER_DATA": str(world.settings.data),
        "AUTOGRADER_ASSIGNMENTS": str(ROOT / "assignments"),
        "AUTOGRADER_WORKERS": "1",
    }
    with (world.settings.data / "serve.log").open("ab") as log:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("autograder"), "serve", "--port", str(port)],
            env={**os.environ, **places},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(30)


def submit(world: World) -> None:
    """Two attempts of one student and one of another, all solved."""
    submit_content(world, notebook(load_assignment(ROOT / "assignments" / "xor"), Work()))


def submit_content(world: World, content: bytes) -> None:
    """Submit the same notebook three times."""
    with world.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        for person in ("Student", "Other", "Student"):
            user = session.scalars(select(User).where(User.name == person)).one()
            submitting.submit(
                session, world.settings.submissions, user, assignment, "a.ipynb", content
            )


def states(world: World) -> list[SubmissionState]:
    """Where the submissions stand."""
    with world.database.read() as session:
        return list(session.scalars(select(Submission.state).order_by(Submission.id)))


def wait_for(world: World, enough: Callable[[list[SubmissionState]], bool]) -> None:
    """Look often into the database until it is so."""
    deadline = time.monotonic() + BOUND_SECONDS
    while not enough(states(world)):
        assert time.monotonic() < deadline, states(world)
        time.sleep(0.01)


def one_is_running(found: list[SubmissionState]) -> bool:
    """Whether a worker is at it."""
    return SubmissionState.RUNNING in found


def all_are_done(found: list[SubmissionState]) -> bool:
    """Whether nothing waits or runs."""
    return not {SubmissionState.QUEUED, SubmissionState.RUNNING} & set(found)


def check_each_is_graded_once(world: World) -> None:
    """Each is graded with one result, and one had a second try."""
    with world.database.read() as session:
        found = session.scalars(select(Submission)).all()
        counts = session.execute(
            select(Result.submission_id, func.count()).group_by(Result.submission_id)
        ).all()
    assert [submission.state for submission in found] == [SubmissionState.GRADED] * 3
    assert sorted(tuple(row) for row in counts) == sorted((each.id, 1) for each in found)
    assert all(each.result_id is not None and each.lease_owner is None for each in found)
    assert sorted(each.tries for each in found) == [1, 1, 2]


def kill_session(leader: int) -> None:
    """SIGKILL for every process of a session, at one moment as far as that goes."""
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(ProcessLookupError):
            if os.getsid(int(place.name)) == leader:
                os.kill(int(place.name), signal.SIGKILL)


def grading_process(supervisor: int) -> int:
    """The id of the process that grades."""
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    return next(
        int(child)
        for child in children
        if b"run_worker" in Path(f"/proc/{child}/cmdline").read_bytes()
    )


def test_killed_portal_grades_each_submission_once_when_it_is_back(world: World) -> None:
    """SIGKILL for all processes while one submission runs; the next start grades what is left."""
    submit(world)
    with serving(world) as process:
        wait_for(world, one_is_running)
        kill_session(process.pid)
        process.wait(10)
    assert one_is_running(states(world))

    with serving(world):
        wait_for(world, all_are_done)

    check_each_is_graded_once(world)


def test_killed_grading_process_is_started_again_and_its_submission_graded(world: World) -> None:
    """The portal goes on; what ran is put back at once, long before its lease would end."""
    submit(world)
    with serving(world) as process:
        wait_for(world, one_is_running)
        killed = time.monotonic()
        os.kill(grading_process(process.pid), signal.SIGKILL)
        wait_for(world, all_are_done)
        assert time.monotonic() - killed < leases.LEASE_SECONDS
        assert process.poll() is None

    check_each_is_graded_once(world)
