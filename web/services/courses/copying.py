"""Copy a course to the next term: its assignments and rules, without its students."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from web.db import UtcDateTime, now
from web.models import (
    AssignmentVersion,
    Course,
    CourseAssignment,
    Membership,
    QuestionRubric,
    Role,
    SavedComment,
    SecondMarking,
    User,
)
from web.services import audit
from web.services.courses.assignments import course_assignments
from web.services.courses.courses import check_slug, zone_of
from web.services.courses.settings import check_title
from web.services.errors import RuleError, refuse_duplicates
from web.services.people import accounts

MOST_WEEKS: Final = 520
LAST_YEAR: Final = 2200
_NOT_COPIED: Final = {
    "course": frozenset({"id", "slug", "title", "created_at", "archived_at"}),
    "course_assignment": frozenset(
        {
            "id",
            "course_id",
            "created_at",
            "grades_released_at",
            "next_snapshot_id",
            "next_snapshot_by_id",
        }
    ),
}
"""All other columns are settings, also those that are added later."""
_FOR_GRADING: Final[tuple[type[SavedComment | QuestionRubric | SecondMarking], ...]] = (
    SavedComment,
    QuestionRubric,
    SecondMarking,
)
"""What graders of an assignment have prepared, and nothing that they did."""


@dataclass(frozen=True)
class CopyTerms:
    """
    How a course is copied.

    Args:
        slug: The copy's name in addresses.
        title: The copy's title.
        weeks: By how many weeks its dates are later.
        assignments: The ids of the assignments that are copied.
        staff: The ids of the memberships of staff who are in the copy, too.
    """

    slug: str
    title: str
    weeks: int
    assignments: frozenset[int]
    staff: frozenset[int]


@dataclass(frozen=True)
class MovedAssignment:
    """
    An assignment, and when the copy's would be.

    Args:
        assignment: Of the course that is copied.
        release_at: From when the copy's is visible.
        due_at: The copy's deadline.
        visible_at_once: Whether the copy's would be visible from the beginning.
    """

    assignment: CourseAssignment
    release_at: datetime | None
    due_at: datetime | None
    visible_at_once: bool


def check_weeks(weeks: int) -> int:
    """
    Check by how many weeks dates are to be moved.

    Raises:
        RuleError: If it is out of range.
    """
    if not 0 <= weeks <= MOST_WEEKS:
        raise RuleError(f"Dates can be moved by 0 to {MOST_WEEKS} weeks.")
    return weeks


def moved(moment: datetime | None, weeks: int, zone: ZoneInfo) -> datetime | None:
    """
    Return a moment some weeks later: the same day of the week at the same time on the clock.

    Raises:
        RuleError: If no course could be that late.
    """
    if moment is None:
        return None
    # Without its zone, so that a change of the clocks between them moves nothing.
    local = moment.astimezone(zone).replace(tzinfo=None, fold=0)
    if local.year + weeks / 52 >= LAST_YEAR:
        raise RuleError(f"With so many weeks a date would be after the year {LAST_YEAR - 1}.")
    return (local + timedelta(weeks=weeks)).replace(tzinfo=zone).astimezone(UTC)


def preview(session: Session, course: Course, weeks: int) -> list[MovedAssignment]:
    """
    Return a course's assignments with the dates that a copy's would have.

    Raises:
        RuleError: If the weeks are out of range.
    """
    zone, at = zone_of(course), now()
    check_weeks(weeks)
    found = []
    for each in course_assignments(session, course):
        release_at = moved(each.release_at, weeks, zone)
        visible = release_at is not None and release_at <= at
        found.append(MovedAssignment(each, release_at, moved(each.due_at, weeks, zone), visible))
    return found


def staff_of(session: Session, course: Course) -> Sequence[Membership]:
    """Return a course's present staff, instructors first."""
    found = session.scalars(
        select(Membership)
        .join(User)
        .where(
            Membership.course_id == course.id,
            Membership.active.is_(True),
            Membership.role != Role.STUDENT,
        )
        .order_by(User.name, User.id)
    ).all()
    return sorted(found, key=lambda each: each.role is not Role.INSTRUCTOR)


def suggested_title(title: str) -> str:
    """Return a title for the next year, if there is a year in it."""
    year = now().year
    for known in (str(year - 1), str(year)):
        if known in title:
            return title.replace(known, str(int(known) + 1))
    return title


def copy_course(session: Session, actor: User, course: Course, terms: CopyTerms) -> Course:
    """
    Copy a course: its settings, assignments with their rules and rubrics, and chosen staff.

    Who copies it instructs the copy, but for an admin, who need not. Staff keep the role that they
    have accepted in this course: the copy shows them nothing that they have not seen here.

    Args:
        session: A writing session; the caller commits.
        actor: Who.
        course: Which.
        terms: How.

    Raises:
        RuleError: If the copy's name is taken or none, or a date would be out of range.
    """
    check_weeks(terms.weeks)
    copy = Course(slug=check_slug(terms.slug), title=check_title(terms.title), **_settings(course))
    with refuse_duplicates(session, "Another course already uses this URL name."):
        session.add(copy)
    chosen = [each for each in course_assignments(session, course) if each.id in terms.assignments]
    for assignment in chosen:
        _copy_assignment(session, actor, assignment, copy, terms.weeks)
    staff = _copy_staff(session, actor, course, copy, terms.staff)
    audit.record(
        session,
        actor,
        "course.copied",
        course=copy,
        target=copy.slug,
        copy_of=course.slug,
        weeks=terms.weeks,
        assignments=len(chosen),
        staff=staff,
    )
    return copy


def _settings(row: Course | CourseAssignment) -> dict[str, Any]:
    """Return the columns of a row that are settings."""
    left_out = _NOT_COPIED[row.__tablename__]
    names = [column.key for column in row.__table__.columns if column.key not in left_out]
    return {name: getattr(row, name) for name in names}


def _copy_assignment(
    session: Session, actor: User, assignment: CourseAssignment, copy: Course, weeks: int
) -> None:
    values = _settings(assignment)
    zone = zone_of(copy)
    for column in assignment.__table__.columns:
        if isinstance(column.type, UtcDateTime) and column.key in values:
            values[column.key] = moved(values[column.key], weeks, zone)
    made = CourseAssignment(course_id=copy.id, **values)
    session.add(made)
    session.flush()
    session.add(
        AssignmentVersion(assignment_id=made.id, snapshot_id=made.snapshot_id, used_by_id=actor.id)
    )
    for table in _FOR_GRADING:
        rows = select(table).where(table.assignment_id == assignment.id).order_by(table.id)
        for row in session.scalars(rows).all():
            names = [column.key for column in row.__table__.columns if column.key != "id"]
            copied = {name: getattr(row, name) for name in names}
            session.add(table(**copied | {"assignment_id": made.id}))


def _copy_staff(
    session: Session, actor: User, course: Course, copy: Course, chosen: Collection[int]
) -> list[str]:
    roles = {each.user_id: each.role for each in staff_of(session, course) if each.id in chosen}
    if not actor.is_admin:
        roles[actor.id] = Role.INSTRUCTOR
    for user_id, role in roles.items():
        session.add(Membership(user_id=user_id, course_id=copy.id, role=role))
    users = session.scalars(select(User).where(User.id.in_(roles)).order_by(User.email)).all()
    # Links that were made in this course must not reach into the copy.
    accounts.end_links_of(session, users)
    return [each.email for each in users]
