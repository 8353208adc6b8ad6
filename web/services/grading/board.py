"""What staff see of a course's submissions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from web.models import Course, CourseAssignment, Submission, SubmissionState, User
from web.services.grading.marks import Mark, marks_of

PAGE_ROWS: Final = 100


@dataclass(frozen=True)
class Filters:
    """
    Which submissions to show.

    Args:
        assignment: Name of the assignment; empty: all.
        state: A state, ``"attention"`` for what staff must look at; empty: all.
        person: Part of a name, e-mail address or student number.
        late: Only what came after the deadline.
        page: From 1.
    """

    assignment: str = ""
    state: str = ""
    person: str = ""
    late: bool = False
    page: int = 1


@dataclass(frozen=True)
class BoardView:
    """
    A page of submissions.

    Args:
        rows: The newest first.
        marks: What they are worth, by their ids.
        total: How many match.
        counts: How many of the course there are, by state.
        page: Which page this is, from 1.
        pages: How many pages the matches fill.
    """

    rows: Sequence[Submission]
    marks: dict[int, Mark]
    total: int
    counts: dict[str, int]
    page: int
    pages: int


def board(session: Session, course: Course, filters: Filters, *, names: bool) -> BoardView:
    """
    Return the submissions of a course that match.

    Args:
        session: To read.
        course: Whose submissions.
        filters: Which of them.
        names: Whether who asks may see all names; else a search by name finds nothing where they
            are hidden, since a match would show whose it is.
    """
    matching = _filtered(course, filters, names=names)
    total = session.scalar(select(func.count()).select_from(matching.subquery())) or 0
    pages = max(1, -(-total // PAGE_ROWS))
    page = min(max(1, filters.page), pages)
    rows = session.scalars(
        select(Submission)
        .where(Submission.id.in_(matching))
        .order_by(Submission.received_at.desc(), Submission.id.desc())
        .offset((page - 1) * PAGE_ROWS)
        .limit(PAGE_ROWS)
    ).all()
    return BoardView(rows, marks_of(session, rows), total, _counts(session, course), page, pages)


def _filtered(course: Course, filters: Filters, *, names: bool) -> Select[Any]:
    query = (
        select(Submission.id)
        .join(CourseAssignment, Submission.assignment_id == CourseAssignment.id)
        .join(User, Submission.user_id == User.id)
        .where(CourseAssignment.course_id == course.id)
    )
    if filters.assignment:
        query = query.where(CourseAssignment.name == filters.assignment)
    if filters.state == "attention":
        query = query.where(Submission.state == SubmissionState.FAILED)
    elif filters.state in set(SubmissionState):
        query = query.where(Submission.state == filters.state)
    if filters.late:
        query = query.where(Submission.late_seconds > 0)
    if filters.person:
        part = f"%{filters.person.strip()}%"
        query = query.where(
            or_(User.name.ilike(part), User.email.ilike(part), User.student_number.ilike(part))
        )
        if not names:
            query = query.where(CourseAssignment.anonymous_grading.is_(False))
    return query


def _counts(session: Session, course: Course) -> dict[str, int]:
    rows = session.execute(
        select(Submission.state, func.count())
        .join(CourseAssignment, Submission.assignment_id == CourseAssignment.id)
        .where(CourseAssignment.course_id == course.id)
        .group_by(Submission.state)
    ).all()
    return {str(state): int(count) for state, count in rows}
