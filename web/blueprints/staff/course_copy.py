"""Copy a course to the next term."""

from __future__ import annotations

from typing import Final

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.resources import course_for
from web.blueprints.staff.blueprint import bp
from web.blueprints.staff.form_fields import whole_field
from web.db import LARGEST_INTEGER
from web.http import db, signed_in, writing
from web.models import Course
from web.policy import Action
from web.services.courses import copying
from web.services.courses.copying import CopyTerms
from web.services.errors import RuleError

A_YEAR: Final = 52


@bp.get("/courses/<slug>/staff/copy/")
def show_copy(slug: str) -> str:
    """Show the form that copies a course, filled in for the next year."""
    course = course_for(slug, Action.COPY_COURSE)
    everything = frozenset(each.id for each in course.assignments)
    terms = CopyTerms("", copying.suggested_title(course.title), A_YEAR, everything, frozenset())
    return _page(course, terms)


@bp.post("/courses/<slug>/staff/copy/")
def copy_course(slug: str) -> Response | str | tuple[str, int]:
    """Copy a course; dates that have not been shown yet are shown first."""
    course = course_for(slug, Action.COPY_COURSE)
    terms = CopyTerms(
        request.form.get("slug", "")[:100],
        request.form.get("title", "")[:300],
        A_YEAR,
        _numbers("assignment"),
        _numbers("staff"),
    )
    try:
        weeks = copying.check_weeks(whole_field("weeks", "Weeks") or 0)
        terms = CopyTerms(terms.slug, terms.title, weeks, terms.assignments, terms.staff)
        if request.form.get("preview") == "1" or request.form.get("previewed") != str(weeks):
            return _page(course, terms, unconfirmed=True)
        with writing() as session:
            copy = copying.copy_course(session, signed_in(), course, terms)
    except RuleError as error:
        return _page(course, terms, str(error)), 400
    flash(f"“{copy.title}” created. Add its students under “People”.", "good")
    return redirect(url_for("staff.list_assignments", slug=copy.slug), code=303)


def _numbers(name: str) -> frozenset[int]:
    # Untrusted: what names no row of this course chooses nothing.
    given = request.form.getlist(name, type=int)
    return frozenset(each for each in given if 0 < each <= LARGEST_INTEGER)


def _page(course: Course, terms: CopyTerms, error: str = "", *, unconfirmed: bool = False) -> str:
    try:
        moved = copying.preview(db(), course, terms.weeks)
    except RuleError as refusal:
        terms = CopyTerms(terms.slug, terms.title, 0, terms.assignments, terms.staff)
        moved, error = copying.preview(db(), course, 0), str(refusal)
    return render_template(
        "staff/course_copy.html",
        course=course,
        terms=terms,
        moved=moved,
        people=copying.staff_of(db(), course),
        error=error,
        unconfirmed=unconfirmed and not error,
    )
