"""Grade again after the tests have changed: start, compare, publish or discard."""

from __future__ import annotations

from flask import Response as FlaskResponse
from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.staff import bp
from web.blueprints.staff.common import assignment_for
from web.http import db, signed_in
from web.models import Regrade
from web.policy import Action
from web.services.errors import RuleError
from web.services.grading import marks
from web.services.regrading import regrades, report


@bp.get("/courses/<slug>/staff/assignments/<name>/regrades/")
def regrade_list(slug: str, name: str) -> str:
    """Show an assignment's regrades, and the form that starts one."""
    found = assignment_for(slug, name, Action.REGRADE)
    return render_template(
        "staff/regrades.html",
        course=found.course,
        assignment=found,
        regrades=regrades.of_assignment(db(), found),
        marks=marks.graded_marks(db(), found),
    )


@bp.post("/courses/<slug>/staff/assignments/<name>/regrades/")
def start_regrade(slug: str, name: str) -> Response:
    """Queue submissions to be graded again."""
    found = assignment_for(slug, name, Action.REGRADE)
    try:
        scope = regrades.Scope(request.form.get("scope", ""))
    except ValueError:
        raise RuleError("Choose which submissions are graded again.") from None
    selected = request.form.getlist("submission")
    regrade = regrades.start(db(), signed_in(), found, scope, selected)
    db().commit()
    flash("It runs in the background, behind new submissions. Students see nothing of it.", "good")
    return _to(regrade)


@bp.get("/courses/<slug>/staff/assignments/<name>/regrades/<row:number>/")
def regrade(slug: str, name: str, number: int) -> str:
    """Show how far a regrade is, and what it would change."""
    found = _regrade(slug, name, number)
    changes = regrades.changes(db(), found)
    return render_template(
        "staff/regrade.html",
        course=found.assignment.course,
        assignment=found.assignment,
        regrade=found,
        counts=regrades.progress(db(), found),
        changes=changes,
        report=report.summary(changes),
        troubled=regrades.troubled(db(), found),
    )


@bp.get("/courses/<slug>/staff/assignments/<name>/regrades/<row:number>/differences.csv")
def regrade_differences(slug: str, name: str, number: int) -> FlaskResponse:
    """Download the differences."""
    found = _regrade(slug, name, number)
    text = report.differences_csv(regrades.changes(db(), found))
    response = FlaskResponse(text, mimetype="text/csv")
    file_name = f"{found.assignment.name}-regrade-{found.id}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response


@bp.post("/courses/<slug>/staff/assignments/<name>/regrades/<row:number>/publish")
def publish_regrade(slug: str, name: str, number: int) -> Response:
    """Let the new results hold."""
    found = _regrade(slug, name, number)
    never_lower = request.form.get("never_lower") == "1"
    note = request.form.get("note", "")
    regrades.publish(db(), signed_in(), found, never_lower=never_lower, note=note)
    db().commit()
    flash("Published. Students find a notice beside their points.", "good")
    return _to(found)


@bp.post("/courses/<slug>/staff/assignments/<name>/regrades/<row:number>/discard")
def discard_regrade(slug: str, name: str, number: int) -> Response:
    """Leave all points as they are."""
    found = _regrade(slug, name, number)
    regrades.discard(db(), signed_in(), found)
    db().commit()
    flash("Discarded. All points stay as they are.", "good")
    return _to(found)


def _regrade(slug: str, name: str, number: int) -> Regrade:
    assignment = assignment_for(slug, name, Action.REGRADE)
    found = db().get(Regrade, number)
    if found is None or found.assignment_id != assignment.id:
        abort(404)
    return found


def _to(regrade: Regrade) -> Response:
    place = url_for(
        "staff.regrade",
        slug=regrade.assignment.course.slug,
        name=regrade.assignment.name,
        number=regrade.id,
    )
    return redirect(place, code=303)
