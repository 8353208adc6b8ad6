"""Workers prepare what is released before anybody submits."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from autograder.assignment import load_assignment
from autograder.grade import Grader
from tests.web.conftest import World
from web.db import now
from web.models import CourseAssignment
from web.services.courses.assignments import snapshots_in_use
from web.services.courses.snapshots import snapshot_folder
from web.workers.warm_up import WarmUp


def test_what_is_released_is_prepared_once(world: World) -> None:
    """The first look prepares it, the second finds nothing new; libraries are imported by then."""
    with Grader(spares=0) as grader:
        warm_up = WarmUp(world.settings, world.database, grader)

        assert [warm_up.prepare_new() for _ in range(2)] == [1, 0]

        with world.database.read() as session:
            snapshot = session.scalars(select(CourseAssignment)).one().snapshot
        assignment = load_assignment(snapshot_folder(world.settings.snapshots, snapshot))
        assert grader._pools.keys() == {assignment.environment}


def test_only_what_can_be_handed_in_is_prepared(world: World) -> None:
    """Not what is yet to be released, nor what is closed."""
    moments = [
        (now() + timedelta(hours=1), None),
        (None, None),
        (now() - timedelta(days=2), now() - timedelta(days=1)),
        (now() - timedelta(days=2), None),
    ]
    found = []
    for release_at, due_at in moments:
        with world.database.write.begin() as session:
            assignment = session.scalars(select(CourseAssignment)).one()
            assignment.release_at, assignment.due_at = release_at, due_at
            session.flush()
            found.append(len(snapshots_in_use(session, 8)))

    assert found == [0, 0, 0, 1]


def test_broken_content_does_not_end_the_warm_up(world: World) -> None:
    """The first submission meets the fault, and staff see it there."""
    with world.database.read() as session:
        snapshot = session.scalars(select(CourseAssignment)).one().snapshot
    folder = snapshot_folder(world.settings.snapshots, snapshot)
    (folder / "assignment.toml").write_text("title = ")

    with Grader(spares=0) as grader:
        assert WarmUp(world.settings, world.database, grader).prepare_new() == 1
