"""What staff views share."""

from __future__ import annotations

from flask import abort, request

from web.http import db, require, signed_in
from web.models import Course, CourseAssignment, Membership
from web.policy import Action
from web.services import lookup
from web.services.errors import RuleError


def course_for(slug: str, action: Action) -> Course:
    """Find a course and go on only if the person may."""
    signed_in()
    course = lookup.course_by_slug(db(), slug) or abort(404)
    require(action, course)
    return course


def assignment_for(slug: str, name: str, action: Action) -> CourseAssignment:
    """Find an assignment and go on only if the person may."""
    signed_in()
    assignment = lookup.assignment_by_name(db(), slug, name) or abort(404)
    require(action, assignment)
    return assignment


def membership_of(course: Course, number: int) -> Membership:
    """Find somebody's place in a course."""
    found = db().get(Membership, number)
    if found is None or found.course_id != course.id:
        abort(404)
    return found


def number_field(name: str, what: str, *, empty: float | None = None) -> float | None:
    """
    Read a number from the form.

    Raises:
        RuleError: If it is none.
    """
    text = request.form.get(name, "").strip().replace(",", ".")
    if not text:
        return empty
    try:
        value = float(text)
    except ValueError:
        raise RuleError(f"{what}: “{text[:40]}” is not a number.") from None
    if not -1e9 < value < 1e9:
        raise RuleError(f"{what}: “{text[:40]}” is out of range.")
    return value


def whole_field(name: str, what: str) -> int | None:
    """
    Read a whole number from the form; ``None`` if it is empty.

    Raises:
        RuleError: If it is none.
    """
    value = number_field(name, what)
    if value is None:
        return None
    if value != int(value):
        raise RuleError(f"{what}: a whole number is needed.")
    return int(value)


def tenths_field(name: str, what: str) -> int | None:
    """
    Read points from the form, in tenths; ``None`` if it is empty.

    Raises:
        RuleError: If it is no number of whole tenths.
    """
    value = number_field(name, what)
    if value is None:
        return None
    tenths = round(value * 10)
    if abs(tenths - value * 10) > 1e-6:
        raise RuleError(f"{what}: tenths of points are the smallest part, such as 1.5.")
    return tenths
