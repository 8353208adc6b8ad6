"""Where staff land in a course: what they have to do now, what comes next, what has just come."""

from __future__ import annotations

from typing import Any, Final

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.resources import course_for
from web.blueprints.staff.blueprint import bp
from web.http import db, portal, signed_in
from web.policy import Action, allowed
from web.services.overview.dashboard import dashboard

_FILTERS: Final = frozenset({"assignment", "state", "person", "late", "page"})


@bp.get("/courses/<slug>/staff/")
def show_dashboard(slug: str) -> str | Response:
    """Show what waits for staff; filters are those of the submissions, which were here before."""
    course = course_for(slug, Action.SEE_STAFF_PAGES)
    filters: dict[str, Any] = {name: request.args[name] for name in _FILTERS & request.args.keys()}
    if filters:
        return redirect(url_for("staff.list_submissions", slug=slug, **filters))
    return render_template(
        "staff/dashboard.html",
        course=course,
        view=dashboard(
            db(),
            course,
            portal().ungraded.of_course(db(), course),
            instructs=allowed(db(), signed_in(), Action.MANAGE_COURSE, course),
        ),
    )
