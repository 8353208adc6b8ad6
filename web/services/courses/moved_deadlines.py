"""Students are told when their own deadline moves, whatever moves it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from web.db import now
from web.models import Course, CourseAssignment
from web.services import lookup, outbox
from web.services.courses.rule_book import rule_book


@contextmanager
def telling_whose_moves(
    session: Session, assignment: CourseAssignment, user_ids: Collection[int] | None = None
) -> Iterator[None]:
    """
    Write down whose deadline is another one after the block; nobody's while it is not released.

    Args:
        session: A writing session; the caller commits.
        assignment: Which.
        user_ids: Whose can move; by default everybody's.
    """
    if not assignment.is_released(now()):
        yield
        return
    if user_ids is None:
        user_ids = [each.user_id for each in lookup.students_of(session, assignment.course)]
    before = _deadlines(session, assignment, user_ids)
    yield
    session.flush()
    after = _deadlines(session, assignment, user_ids)
    outbox.note_moved(
        session,
        assignment,
        {user_id: moment for user_id, moment in before.items() if moment != after[user_id]},
    )


@contextmanager
def telling_in_course(
    session: Session, course: Course, user_ids: Collection[int]
) -> Iterator[None]:
    """Write down whose deadline in an assignment of a course is another one after the block."""
    with ExitStack() as stack:
        query = select(CourseAssignment).where(CourseAssignment.course_id == course.id)
        for assignment in session.scalars(query).all():
            stack.enter_context(telling_whose_moves(session, assignment, user_ids))
        yield


def _deadlines(
    session: Session, assignment: CourseAssignment, user_ids: Collection[int]
) -> dict[int, datetime | None]:
    book = rule_book(session, [assignment], user_ids)
    return {user_id: book.rules(assignment, user_id).due_at for user_id in user_ids}
