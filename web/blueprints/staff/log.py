"""The log: of a course, and of the whole portal."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from flask import render_template, request

from web.blueprints.resources import course_for
from web.blueprints.staff.blueprint import bp
from web.http import db, require
from web.models import Course
from web.policy import Action
from web.services import audit
from web.services.courses.local_time import FIRST_YEAR, LAST_YEAR

FILTERS: Final = ("kind", "text", "since", "until")


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
    zone = course.time_zone if course else "UTC"
    # Untrusted: all of it comes from the address bar.
    shown = {name: request.args.get(name, "")[:100] for name in FILTERS}
    last_day = _day(shown["until"])
    filters = audit.Filters(
        kind=shown["kind"],
        text=shown["text"],
        since=_begin(_day(shown["since"]), zone),
        before=_begin(last_day and last_day + timedelta(days=1), zone),
        page=request.args.get("page", 1, type=int),
    )
    return render_template(
        "staff/audit.html",
        course=course,
        zone=zone,
        shown=shown,
        kinds=list(audit.KINDS),
        log=audit.entries(db(), course, filters),
    )


def _day(text: str) -> date | None:
    """Return a day; ``None`` if there is none, or one in which no portal was."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None


def _begin(day: date | None, zone: str) -> datetime | None:
    """Return the moment at which a day begins."""
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
