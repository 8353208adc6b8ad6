"""The gradebook of a course: students by assignments, with totals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from web.models import Course, CourseAssignment, Membership, User
from web.services import audit, lookup
from web.services.courses.assignments import course_assignments
from web.services.courses.rule_book import rule_book
from web.services.errors import MistakesError
from web.services.gradebook import course_grades, standing, totals
from web.services.gradebook.course_grades import CourseGrade
from web.services.gradebook.standing import Entry, Known
from web.services.gradebook.totals import Total, TotalRules
from web.services.grading import student_view
from web.services.grading.marks import Mark
from web.services.grading.student_view import StudentAssignment
from web.services.grading.visible_marks import VisibleMark

PAGE_ROWS: Final = 50
Item = TypeVar("Item")
_POINTS: Final = "points-"
_MAX_WEIGHT: Final = 1000.0
_MAX_BONUS: Final = 100.0


@dataclass(frozen=True)
class Row(Generic[Known]):
    """
    A student's line.

    Args:
        member: The student.
        entries: One for each assignment, in the gradebook's order.
        total: Of their points so far.
        grade: By the course's key.
    """

    member: Membership
    entries: tuple[Entry[Known], ...]
    total: Total
    grade: CourseGrade


@dataclass(frozen=True)
class Gradebook:
    """
    A course's gradebook.

    Args:
        course: Which.
        assignments: The columns, by deadline.
        rows: One for each student.
        concealed: Assignments whose points the reader may not see beside names.
    """

    course: Course
    assignments: Sequence[CourseAssignment]
    rows: Sequence[Row[Mark]]
    concealed: Sequence[CourseAssignment] = ()


@dataclass(frozen=True)
class GradeRules:
    """
    How a course's grade comes about.

    Args:
        weights: By assignment's id.
        may_drop: Ids of the assignments that may be dropped.
        dropped_lowest: How many of them are.
        bonus: Ids of the assignments that count as a bonus.
        bonus_percent: What they add at most, in percent of all points.
        bonus_needs_pass: Whether only to totals that pass without it.
    """

    weights: dict[int, float]
    may_drop: frozenset[int]
    dropped_lowest: int
    bonus: frozenset[int] = frozenset()
    bonus_percent: float = 0.0
    bonus_needs_pass: bool = True


@dataclass(frozen=True)
class GradebookPage:
    """
    A page of a gradebook.

    Args:
        book: With the lines of this page alone.
        students: How many there are on all pages.
        number: Which page this is, from 1.
        pages: How many there are.
        has_grades: Whether the course gives grades, not points alone.
    """

    book: Gradebook
    students: int
    number: int
    pages: int
    has_grades: bool


def gradebook_page(
    session: Session,
    course: Course,
    by: str,
    number: int,
    *,
    descending: bool,
    instructs: bool,
) -> GradebookPage:
    """
    Return a page of a course's gradebook, and read no more than that where the order allows it.

    Args:
        session: To read by.
        course: Which.
        by: As for `sorted_rows`.
        number: Which page; the nearest that there is.
        descending: Whether the largest come first.
        instructs: As for `gradebook`.
    """
    members = lookup.students_of(session, course)
    pages = max(1, -(-len(members) // PAGE_ROWS))
    number = min(max(1, number), pages)
    part = slice((number - 1) * PAGE_ROWS, number * PAGE_ROWS)
    if by == "total" or by.startswith(_POINTS):
        whole = gradebook(session, course, instructs=instructs)
        book = replace(whole, rows=sorted_rows(whole, by, descending=descending)[part])
    else:
        shown = _ordered(members, _member_key(by), descending=descending)[part]
        book = gradebook(session, course, shown, instructs=instructs)
    return GradebookPage(book, len(members), number, pages, has_grades(course, members))


def gradebook(
    session: Session,
    course: Course,
    members: Sequence[Membership] | None = None,
    *,
    instructs: bool = True,
) -> Gradebook:
    """
    Return a course's gradebook as staff see it.

    Args:
        session: To read by.
        course: Which.
        members: Of whom; by default of all students, by name.
        instructs: Whether its reader is an instructor. Graders see nothing of what is graded
            anonymously until that is released: points beside names here, and beside labels where
            they grade, would tell whose answer is whose. Nor is it in the total.
    """
    found = course_assignments(session, course)
    concealed = [] if instructs else [each for each in found if _tells_who(each)]
    assignments = [each for each in found if each not in concealed]
    members = lookup.students_of(session, course) if members is None else members
    book = rule_book(session, assignments, [each.user_id for each in members])
    entries = standing.entries_in(session, assignments, members, book)
    columns = [entries[each.id] for each in assignments]
    rules = TotalRules.of(course)
    rows = [
        _row(course, member, tuple(column[member.user_id] for column in columns), rules)
        for member in members
    ]
    return Gradebook(course, assignments, rows, concealed)


def _tells_who(assignment: CourseAssignment) -> bool:
    return assignment.anonymous_grading and assignment.grades_released_at is None


def _row(
    course: Course, member: Membership, entries: tuple[Entry[Known], ...], rules: TotalRules
) -> Row[Known]:
    total = totals.total(entries, rules)
    grade = course_grades.grade_of(course.grade_key, total, member.special_grade)
    return Row(member, entries, total, grade)


def has_grades(course: Course, members: Iterable[Membership]) -> bool:
    """Return whether a course gives grades to its students, not points alone."""
    return bool(course.grade_key) or any(each.special_grade for each in members)


def own_grades(
    session: Session,
    course: Course,
    user: User,
    views: Iterable[StudentAssignment] | None = None,
) -> Row[VisibleMark] | None:
    """
    Return a student's own line, with no more than they may see; ``None`` if they are none.

    Args:
        session: To read by.
        course: Which.
        user: Who.
        views: The course's released assignments as they find them, if they have been read already.
    """
    member = session.scalar(
        select(Membership).where(
            Membership.course_id == course.id,
            Membership.user_id == user.id,
            *lookup.PRESENT_STUDENT,
        )
    )
    if member is None:
        return None
    if views is None:
        views = student_view.released(session, user, course)
    entries = tuple(standing.entry_of(view, user.id) for view in views)
    return _row(course, member, entries, TotalRules.of(course))


def sorted_rows(book: Gradebook, by: str, *, descending: bool) -> list[Row[Mark]]:
    """
    Return a gradebook's lines in another order; who has no points there comes last.

    Args:
        book: Which.
        by: ``name``, ``section``, ``total``, or ``points-`` and an assignment's name.
        descending: Whether the largest come first.
    """
    return _ordered(book.rows, _key(book, by), descending=descending)


def _ordered(items: Sequence[Item], key: Callable[[Item], Any], *, descending: bool) -> list[Item]:
    present = [item for item in items if key(item) is not None]
    absent = [item for item in items if key(item) is None]
    return [*sorted(present, key=key, reverse=descending), *absent]


def set_rules(session: Session, actor: User, course: Course, rules: GradeRules) -> None:
    """
    Change how a course's grade comes about.

    Raises:
        MistakesError: If a weight or the number of dropped assignments cannot be.
    """
    assignments = course_assignments(session, course)
    check_rules(assignments, rules)
    before = _plain(course, assignments)
    course.dropped_lowest = rules.dropped_lowest
    course.bonus_percent, course.bonus_needs_pass = rules.bonus_percent, rules.bonus_needs_pass
    for each in assignments:
        each.weight = rules.weights.get(each.id, each.weight)
        each.may_drop = each.id in rules.may_drop
        each.is_bonus = each.id in rules.bonus
    after = _plain(course, assignments)
    changed = {key: [before[key], after[key]] for key in after if before[key] != after[key]}
    if changed:
        audit.record(session, actor, "grade_rules.changed", course=course, changed=changed)


def check_rules(assignments: Sequence[CourseAssignment], rules: GradeRules) -> None:
    """
    Check how a course's grade is to come about.

    Raises:
        MistakesError: If a weight or the number of dropped assignments cannot be; says which.
    """
    problems = {
        f"weight-{each.name}": f"A weight must be from 0 to {_MAX_WEIGHT:g}."
        for each in assignments
        if not 0 <= rules.weights.get(each.id, each.weight) <= _MAX_WEIGHT
    }
    if not 0 <= rules.dropped_lowest <= len(assignments):
        problems["dropped_lowest"] = f"From 0 to {len(assignments)} assignments can be dropped."
    if not 0 <= rules.bonus_percent <= _MAX_BONUS:
        problems["bonus_percent"] = f"The bonus must be from 0 to {_MAX_BONUS:g} %."
    if problems:
        raise MistakesError(problems)


def _plain(course: Course, assignments: Sequence[CourseAssignment]) -> dict[str, object]:
    plain: dict[str, object] = {
        "dropped_lowest": course.dropped_lowest,
        "bonus, percent": course.bonus_percent,
        "bonus needs a pass": course.bonus_needs_pass,
    }
    for each in assignments:
        plain[f"{each.name}: weight"] = each.weight
        plain[f"{each.name}: may be dropped"] = each.may_drop
        plain[f"{each.name}: counts as a bonus"] = each.is_bonus
    return plain


def _key(book: Gradebook, by: str) -> Callable[[Row[Mark]], Any]:
    """Return what lines are sorted by; an unknown word means the name."""
    places = {f"{_POINTS}{each.name}": place for place, each in enumerate(book.assignments)}
    if by in places:
        return lambda row: row.entries[places[by]].tenths
    if by == "total":
        return lambda row: row.total.share
    of_member = _member_key(by)
    return lambda row: of_member(row.member)


def _member_key(by: str) -> Callable[[Membership], Any]:
    if by == "section":
        return lambda member: member.section
    return lambda member: member.user.name.casefold()
