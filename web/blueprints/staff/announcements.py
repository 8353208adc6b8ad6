"""Write, change and delete what a course tells everybody in it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.resources import course_for
from web.blueprints.staff.blueprint import bp
from web.blueprints.staff.form_versions import (
    ChangedMeanwhileError,
    Shown,
    refuse_outdated,
    version_of,
)
from web.http import db, signed_in, writing
from web.models import Announcement, Course
from web.policy import Action
from web.services.courses import announcements
from web.services.errors import RuleError


@bp.get("/courses/<slug>/staff/announcements/")
def list_announcements(slug: str) -> str:
    """Show a course's announcements, and the form for another one."""
    return _page(course_for(slug, Action.MANAGE_COURSE))


@bp.post("/courses/<slug>/staff/announcements/")
def publish_announcement(slug: str) -> Response | tuple[str, int]:
    """Tell everybody in a course something."""
    course = course_for(slug, Action.MANAGE_COURSE)
    title, text = _typed()
    try:
        with writing(grades=False) as session:
            announcements.publish(session, signed_in(), course, title, text)
    except RuleError as error:
        return _page(course, typed=request.form, error=str(error)), 400
    flash("Published. Everybody in the course sees it on the course's page.", "good")
    return _back(slug)


@bp.get("/courses/<slug>/staff/announcements/<row:number>/")
def show_announcement(slug: str, number: int) -> str:
    """Show the form that changes an announcement."""
    course = course_for(slug, Action.MANAGE_COURSE)
    return _page(course, _found(course, number))


@bp.post("/courses/<slug>/staff/announcements/<row:number>/")
def change_announcement(slug: str, number: int) -> Response | tuple[str, int]:
    """Change an announcement."""
    course = course_for(slug, Action.MANAGE_COURSE)
    found = _found(course, number)
    title, text = _typed()
    try:
        with writing(grades=False) as session:
            refuse_outdated(_shown(found))
            announcements.change(session, signed_in(), found, title, text)
    except RuleError as error:
        code = 409 if isinstance(error, ChangedMeanwhileError) else 400
        return _page(course, found, request.form, str(error)), code
    flash("Saved.", "good")
    return _back(slug)


@bp.post("/courses/<slug>/staff/announcements/<row:number>/delete")
def delete_announcement(slug: str, number: int) -> Response:
    """Delete an announcement."""
    course = course_for(slug, Action.MANAGE_COURSE)
    found = _found(course, number)
    with writing(grades=False) as session:
        announcements.delete(session, signed_in(), found)
    flash(f"“{found.title}” deleted.", "good")
    return _back(slug)


def _typed() -> tuple[str, str]:
    # Untrusted: shown as cleaned Markdown.
    text = request.form.get("text", "").replace("\r\n", "\n")
    return request.form.get("title", ""), text


def _found(course: Course, number: int) -> Announcement:
    return announcements.find(db(), course, number) or abort(404)


def _shown(found: Announcement) -> dict[str, Shown]:
    return {"title": Shown("Title", found.title), "text": Shown("Text", found.text)}


def _back(slug: str) -> Response:
    return redirect(url_for("staff.list_announcements", slug=slug), code=303)


def _page(
    course: Course,
    edited: Announcement | None = None,
    typed: Mapping[str, str] = MappingProxyType({}),
    error: str = "",
) -> str:
    """Render the page; beside an error what was typed stays."""
    return render_template(
        "staff/announcements.html",
        course=course,
        announcements=announcements.of_course(db(), course),
        edited=edited,
        version=version_of(_shown(edited)) if edited else "",
        typed=typed,
        error=error,
    )
