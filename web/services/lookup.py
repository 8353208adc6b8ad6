"""Find rows by what stands in an address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, contains_eager

from web.models import Course, CourseAssignment, Membership, Role, Submission, User

PRESENT_STUDENT: Final = (Membership.role == Role.STUDENT, Membership.active.is_(True))
"""What a membership is of somebody who is a student of the course now."""


def person_has(part: str) -> ColumnElement[bool]:
    """Choose people whose name, e-mail address or student number has a part."""
    columns = (User.name, User.email, User.student_number)
    # Untrusted: an underscore is one, as addresses have it, and no wildcard.
    return or_(*(column.icontains(part, autoescape=True) for column in columns))


def courses_of(session: Session, user: User) -> Sequence[Membership]:
    """Return somebody's courses, each with their role, by title; archived ones come last."""
    return session.scalars(
        select(Membership)
        .join(Course)
        .where(Membership.user_id == user.id, Membership.active.is_(True))
        .options(contains_eager(Membership.course))
        .order_by(Course.archived_at.is_not(None), Course.title)
    ).all()


def students_of(session: Session, course: Course) -> Sequence[Membership]:
    """Return a course's present students, by name."""
    return session.scalars(
        select(Membership)
        .join(User)
        .where(Membership.course_id == course.id, *PRESENT_STUDENT)
        .order_by(User.name, User.id)
    ).all()


def student_ids(session: Session, course: Course) -> Sequence[int]:
    """Return the ids of a course's present students, as users."""
    return session.scalars(
        select(Membership.user_id).where(Membership.course_id == course.id, *PRESENT_STUDENT)
    ).all()


def student_in(session: Session, course: Course, user: User) -> Membership | None:
    """Find somebody among a course's students, those who have left included."""
    return session.scalar(
        select(Membership).where(
            Membership.course_id == course.id,
            Membership.user_id == user.id,
            Membership.role == Role.STUDENT,
        )
    )


def all_courses(session: Session) -> Sequence[Course]:
    """Return every course, for admins, by title; archived ones come last."""
    order = Course.archived_at.is_not(None), Course.title
    return session.scalars(select(Course).order_by(*order)).all()


def course_by_slug(session: Session, slug: str) -> Course | None:
    """Find a course."""
    return session.scalar(select(Course).where(Course.slug == slug))


def assignment_by_name(session: Session, slug: str, name: str) -> CourseAssignment | None:
    """Find an assignment of a course."""
    return session.scalar(
        select(CourseAssignment)
        .join(Course)
        .where(Course.slug == slug, CourseAssignment.name == name)
    )


def submission_by_public_id(session: Session, public_id: str) -> Submission | None:
    """Find a submission."""
    return session.scalar(select(Submission).where(Submission.public_id == public_id))
