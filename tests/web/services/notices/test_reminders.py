"""Students are reminded of a deadline once, a day before, if they have not submitted."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.web.conftest import World, run_all
from tests.web.services.grading.test_marks import person
from tests.web.services.submissions.test_queue import queue
from web.db import now
from web.models import CourseAssignment, Extension, Membership, Notice, NoticeKind
from web.workers.notices import Teller

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def plan(world: World, due_at: datetime | None, release_at: datetime | None = None) -> None:
    """Set the dates of the only assignment."""
    with world.database.write.begin() as session:
        assignment = the_assignment(session)
        assignment.release_at = release_at or now() - 9 * DAY
        assignment.due_at = due_at


def the_assignment(session: Session) -> CourseAssignment:
    """The only one."""
    return session.scalars(select(CourseAssignment)).one()


def reminded(world: World) -> list[str]:
    """Let a worker look; returns who has been told, by name."""
    teller = Teller(world.settings, world.database)
    teller.remind_due()
    teller.tell_due()
    with world.database.read() as session:
        found = session.scalars(select(Notice).where(Notice.kind == NoticeKind.REMINDER))
        return sorted(each.user.name for each in found if each.told_at is not None)


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (25 * HOUR, []),
        (24 * HOUR - timedelta(minutes=1), ["Other", "Student"]),
        (HOUR, ["Other", "Student"]),
        (-HOUR, []),
    ],
)
def test_it_is_time_a_day_before(world: World, left: timedelta, expected: list[str]) -> None:
    """Not earlier, later if no worker ran, and never afterwards; staff are not reminded."""
    plan(world, now() + left)

    assert reminded(world) == expected


def test_each_is_reminded_once_for_a_deadline(world: World) -> None:
    """And again if it is another one."""
    plan(world, now() + 20 * HOUR)
    assert [reminded(world), reminded(world)] == [["Other", "Student"]] * 2

    plan(world, now() + 22 * HOUR)

    assert reminded(world) == ["Other", "Other", "Student", "Student"]


def test_who_has_submitted_is_not_reminded(world: World) -> None:
    """Also if that was between the look and the telling."""
    plan(world, now() + 20 * HOUR)
    queue(world, "Student")
    Teller(world.settings, world.database).remind_due()
    queue(world, "Other")

    assert reminded(world) == []


def test_who_has_more_time_is_reminded_later(world: World) -> None:
    """By an extension, or by a time multiplier: a day before their own deadline."""
    plan(world, now() + 20 * HOUR, now() - 100 * HOUR)
    with world.database.write.begin() as session:
        student, other = person(session, "Student"), person(session, "Other")
        member = session.scalars(select(Membership).where(Membership.user == other)).one()
        member.time_multiplier = 1.5
        assignment = the_assignment(session)
        session.add(
            Extension(
                assignment_id=assignment.id,
                user_id=student.id,
                due_at=now() + 40 * HOUR,
                created_by_id=student.id,
            )
        )
    assert reminded(world) == []

    # 20 hours before the deadline of the student, 0 and 60 after that of all others.
    plan(world, now() - HOUR, now() - 30 * HOUR)
    with world.database.write.begin() as session:
        session.scalars(select(Extension)).one().due_at = now() + 20 * HOUR

    assert reminded(world) == ["Other", "Student"]


@pytest.mark.parametrize("release_at", [timedelta(hours=-2), timedelta(hours=2)])
def test_an_exam_of_some_hours_reminds_nobody(world: World, release_at: timedelta) -> None:
    """Whoever sees an assignment for the first time needs no reminder of it."""
    plan(world, now() + 3 * HOUR, now() + release_at)

    assert reminded(world) == []


def test_who_has_left_and_who_comes(world: World) -> None:
    """Those are reminded who are in the course when it is time."""
    plan(world, now() + 20 * HOUR)
    with world.database.write.begin() as session:
        student = person(session, "Student")
        session.scalars(select(Membership).where(Membership.user == student)).one().active = False

    assert reminded(world) == ["Other"]


def test_an_archived_course_reminds_nobody(world: World) -> None:
    """Nobody can submit there; once it is reopened they can."""
    plan(world, now() + 20 * HOUR)
    with world.database.write.begin() as session:
        the_assignment(session).course.archived_at = now()
    assert reminded(world) == []

    with world.database.write.begin() as session:
        the_assignment(session).course.archived_at = None
    assert reminded(world) == ["Other", "Student"]


def test_without_a_deadline_there_is_nothing_to_remind_of(world: World) -> None:
    """As in an assignment for practice."""
    plan(world, None)

    assert reminded(world) == []


def test_two_that_look_at_once_remind_once(portal: World) -> None:
    """Several machines may run one each, with PostgreSQL."""
    plan(portal, now() + 20 * HOUR)
    tellers = [Teller(portal.settings, portal.database) for _ in range(4)]

    run_all([lambda teller=teller: teller.remind_due() for teller in tellers])

    assert reminded(portal) == ["Other", "Student"]
