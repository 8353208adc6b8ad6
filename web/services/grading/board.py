"""What staff see of a course's submissions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from web.models import Course, CourseAssignment, Submission, SubmissionState, User
from web.services.courses.assignments import course_assignments
from web.services.courses.deadlines import Lateness
from web.services.courses.rule_book import RuleBook, rule_book
from web.services.grading.marks import Mark, marks_of
from web.services.lookup import person_has

_NEWEST_FIRST: Final = (Submission.received_at.desc(), Submission.id.desc())
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
        late: How late those are that came after the deadline, by their ids.
        total: How many match.
        counts: How many of the course there are, by state.
        page: Which page this is, from 1.
        pages: How many pages the matches fill.
    """

    rows: Sequence[Submission]
    marks: dict[int, Mark]
    late: Mapping[int, Lateness]
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
    assignments = course_assignments(session, course)
    matching = _filtered(course, filters, names=names)
    if filters.late:
        late = _late(session, matching, rule_book(session, assignments), assignments)
        total = len(late)
    else:
        total = session.scalar(select(func.count()).select_from(matching.subquery())) or 0
    pages = max(1, -(-total // PAGE_ROWS))
    page = min(max(1, filters.page), pages)
    start = (page - 1) * PAGE_ROWS
    query = select(Submission).order_by(*_NEWEST_FIRST)
    if filters.late:
        query = query.where(Submission.id.in_(late[start : start + PAGE_ROWS]))
    else:
        query = query.where(Submission.id.in_(matching)).offset(start).limit(PAGE_ROWS)
    rows = session.scalars(query).all()
    book = rule_book(session, assignments, {each.user_id for each in rows})
    return BoardView(
        rows,
        marks_of(session, rows, book=book),
        _lateness(book, rows),
        total,
        _counts(session, course),
        page,
        pages,
    )


def selected(
    session: Session,
    course: Course,
    filters: Filters,
    public_ids: Iterable[str] | None,
    *,
    names: bool,
) -> Sequence[Submission]:
    """
    Return what was selected on the board, by assignment, student and attempt.

    Args:
        session: To read.
        course: Whose submissions.
        filters: Of the page.
        public_ids: Of those that were ticked; ``None``: all that match the filters.
        names: As for `board`.
    """
    query = select(Submission)
    if public_ids is not None:
        # Untrusted: they choose among the course's submissions, and find no others.
        query = query.where(Submission.id.in_(_filtered(course, Filters(), names=names)))
        query = query.where(Submission.public_id.in_(list(public_ids)[:PAGE_ROWS]))
        chosen = list(session.scalars(query))
    else:
        query = query.where(Submission.id.in_(_filtered(course, filters, names=names)))
        chosen = list(session.scalars(query))
        if filters.late:
            late = _lateness(rule_book(session, course_assignments(session, course)), chosen)
            chosen = [each for each in chosen if each.id in late]
    return sorted(chosen, key=lambda each: (each.assignment_id, each.user_id, each.number))


def _late(
    session: Session,
    matching: Select[Any],
    book: RuleBook,
    assignments: Sequence[CourseAssignment],
) -> list[int]:
    """Return the ids of those that are late by the rules as they stand now, the newest first."""
    by_id = {each.id: each for each in assignments}
    columns = (Submission.assignment_id, Submission.user_id, Submission.received_at)
    rows = session.execute(
        select(Submission.id, *columns)
        .where(Submission.id.in_(matching), Submission.practice.is_(False))
        .order_by(*_NEWEST_FIRST)
    )
    return [
        number
        for number, assignment_id, user_id, received_at in rows
        if book.is_late(by_id[assignment_id], user_id, received_at)
    ]


def _lateness(book: RuleBook, rows: Sequence[Submission]) -> dict[int, Lateness]:
    """Return how late those are that are late, by their ids."""
    found = {each.id: book.rules(each.assignment, each.user_id).lateness_of(each) for each in rows}
    return {number: lateness for number, lateness in found.items() if lateness.seconds}


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
    if filters.person:
        query = query.where(person_has(filters.person.strip()))
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
