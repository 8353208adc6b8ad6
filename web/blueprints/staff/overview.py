"""An assignment's own pages begin here: how far it is, and what waits in it."""

from __future__ import annotations

from flask import render_template

from web.blueprints.resources import assignment_for
from web.blueprints.staff.blueprint import bp
from web.http import db, portal, signed_in
from web.policy import Action, allowed
from web.services.courses import validation
from web.services.overview.assignment import assignment_overview


@bp.get("/courses/<slug>/staff/assignments/<name>/")
def show_overview(slug: str, name: str) -> str:
    """Show an assignment at a glance."""
    assignment = assignment_for(slug, name, Action.SEE_STAFF_PAGES)
    ungraded = portal().ungraded.of_course(db(), assignment.course)
    instructs = allowed(db(), signed_in(), Action.MANAGE_ASSIGNMENT, assignment)
    return render_template(
        "staff/overview.html",
        course=assignment.course,
        view=assignment_overview(db(), assignment, ungraded, instructs=instructs),
        validation=validation.validation_of(portal().settings.snapshots, assignment.snapshot),
    )
