"""A course's settings, its archive, and its end."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from zoneinfo import available_timezones

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.resources import course_for
from web.blueprints.staff.blueprint import bp
from web.blueprints.staff.form_versions import (
    ChangedMeanwhileError,
    Shown,
    refuse_outdated,
    shown_columns,
    version_of,
)
from web.http import db, portal, signed_in, writing
from web.models import Course
from web.policy import Action, allowed
from web.services.courses import deletion, settings
from web.services.courses.courses import zone_of
from web.services.errors import RuleError
from web.services.submissions import submitting

LABELS: Final[Mapping[str, str]] = {"title": "Title", "time_zone": "Time zone"}


@bp.get("/courses/<slug>/staff/settings/")
def show_course_settings(slug: str) -> str:
    """Show a course's title and time zone, and what can be done with it as a whole."""
    return _page(course_for(slug, Action.MANAGE_COURSE))


@bp.post("/courses/<slug>/staff/settings/")
def change_course_settings(slug: str) -> Response | tuple[str, int]:
    """Change a course's title and time zone."""
    course = course_for(slug, Action.MANAGE_COURSE)
    form = request.form
    try:
        with writing() as session:
            refuse_outdated(_shown(course))
            typed = (form.get(name, "") for name in LABELS)
            settings.change(session, signed_in(), course, *typed)
    except RuleError as error:
        code = 409 if isinstance(error, ChangedMeanwhileError) else 400
        return _page(course, form, str(error)), code
    flash("Course settings saved.", "good")
    return _back(slug)


@bp.post("/courses/<slug>/staff/settings/archive")
def archive_course(slug: str) -> Response:
    """Let a course be read and no longer changed."""
    course = course_for(slug, Action.ARCHIVE_COURSE)
    with writing() as session:
        settings.archive(session, signed_in(), course)
    flash("Course archived. Everybody in it can still read it.", "good")
    return _back(slug)


@bp.post("/courses/<slug>/staff/settings/reopen")
def reopen_course(slug: str) -> Response:
    """Let an archived course go on."""
    course = course_for(slug, Action.ARCHIVE_COURSE)
    with writing() as session:
        settings.reopen(session, signed_in(), course)
    flash("Course reopened. It works as before.", "good")
    return _back(slug)


@bp.post("/courses/<slug>/staff/settings/delete")
def delete_course(slug: str) -> Response:
    """Delete an archived course with all that belongs to it; its name has to be typed."""
    course = course_for(slug, Action.DELETE_COURSE)
    deletion.check_name(course, request.form.get("name", ""))
    title = course.title
    with writing() as session:
        submissions = deletion.delete_course(session, signed_in(), course)
    # Only now: a file without a row harms nobody, a row without its file cannot be graded.
    for public_id in submissions:
        submitting.file_of(portal().settings.submissions, public_id).unlink(missing_ok=True)
    flash(f"“{title}” deleted.", "good")
    return redirect(url_for("staff.list_all_courses"), code=303)


def _back(slug: str) -> Response:
    return redirect(url_for("staff.show_course_settings", slug=slug), code=303)


def _shown(course: Course) -> dict[str, Shown]:
    return shown_columns(course, LABELS, zone_of(course))


def _page(course: Course, typed: Mapping[str, str] = MappingProxyType({}), error: str = "") -> str:
    """Render the page; beside an error what was typed stays."""
    deletes = course.archived_at and allowed(db(), signed_in(), Action.DELETE_COURSE, course)
    return render_template(
        "staff/course_settings.html",
        course=course,
        labels=LABELS,
        zones=sorted(available_timezones()),
        version=version_of(_shown(course)),
        typed=typed,
        error=error,
        to_delete=deletion.count(db(), course) if deletes else None,
    )
