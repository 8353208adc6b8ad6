"""Find what an address names, and go on only if the person may do what they came for."""

from __future__ import annotations

from flask import abort

from web.db import LARGEST_INTEGER
from web.http import db, require, signed_in
from web.models import Course, CourseAssignment, Membership, Submission
from web.policy import Action
from web.services import lookup


def course_for(slug: str, action: Action) -> Course:
    """Return a course, if the person may do this to it."""
    signed_in()
    course = lookup.course_by_slug(db(), slug) or abort(404)
    require(action, course)
    return course


def assignment_for(slug: str, name: str, action: Action) -> CourseAssignment:
    """Return an assignment of a course, if the person may do this to it."""
    signed_in()
    assignment = lookup.assignment_by_name(db(), slug, name) or abort(404)
    require(action, assignment)
    return assignment


def submission_for(public_id: str, action: Action) -> Submission:
    """Return a submission, if the person may do this to it."""
    signed_in()
    submission = lookup.submission_by_public_id(db(), public_id) or abort(404)
    require(action, submission)
    return submission


def membership_in(course: Course, number: int) -> Membership:
    """Return somebody's membership of a course."""
    # Untrusted: from a form it may be a number that no column can hold.
    membership = db().get(Membership, number) if 0 < number <= LARGEST_INTEGER else None
    if membership is None or membership.course_id != course.id:
        abort(404)
    return membership
