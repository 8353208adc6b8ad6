"""The log: of a course, and of the whole portal."""

from __future__ import annotations

from flask import render_template, request

from web.blueprints.resources import course_for
from web.blueprints.staff.blueprint import bp
from web.http import db, require
from web.models import Course
from web.policy import Action
from web.services import audit


@bp.get("/courses/<slug>/staff/audit/")
def show_audit_log(slug: str) -> str:
    """Show what was done in a course."""
    return _log_page(course_for(slug, Action.SEE_AUDIT_LOG))


@bp.get("/admin/log/")
def show_whole_log() -> str:
    """Show what was done anywhere."""
    require(Action.ADMINISTER, None)
    return _log_page(None)


def _log_page(course: Course | None) -> str:
    filters = audit.Filters(
        kind=request.args.get("kind", "")[:20],
        text=request.args.get("text", "")[:100],
        page=request.args.get("page", 1, type=int),
    )
    return render_template(
        "staff/audit.html",
        course=course,
        zone=course.time_zone if course else "UTC",
        filters=filters,
        kinds=list(audit.KINDS),
        log=audit.entries(db(), course, filters),
    )
