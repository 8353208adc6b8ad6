"""Regrade after the tests have changed: start, compare, publish or discard."""

from __future__ import annotations

from flask import Response as FlaskResponse
from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.resources import assignment_for
from web.blueprints.staff.blueprint import bp
from web.http import db, signed_in, writing
from web.models import Regrade
from web.policy import Action
from web.services.errors import RuleError
from web.services.grading import marks
from web.services.regrading import regrades, report


@bp.get("/courses/<slug>/staff/assignments/<name>/regrades/")
def list_regrades(slug: str, name: str) -> str:
    """Show an assignment's regrades, and the form that starts one."""
    assignment = assignment_for(slug, name, Action.REGRADE)
    return render_template(
        "staff/regrades.html",
        course=assignment.course,
        assignment=assignment,
        regrades=regrades.of_assignment(db(), assignment),
        marks=marks.graded_marks(db(), assignment),
    )


@bp.post("/courses/<slug>/staff/assignments/<name>/regrades/")
def start_regrade(slug: str, name: str) -> Response:
    """Queue submissions to be graded again."""
    assignment = assignment_for(slug, name, Action.REGRADE)
    try:
        scope = regrades.Scope(request.form.get("scope", ""))
    except ValueError:
        raise RuleError("Choose which submissions to regrade.") from None
    selected = request.form.getlist("submission")
    question = request.form.get("question", "")[:60] or None
    with writing() as session:
        regrade = regrades.start(session, signed_in(), assignment, scope, selected, question)
    flash("Regrade started in the background. Students see nothing until you publish it.", "good")
    return _to(regrade)


@bp.get("/courses/<slug>/staff/assignments/<name>/regrades/<row:number>/")
def show_regrade(slug: str, name: str, number: int) -> str:
    """Show how far a regrade is, and what it would change."""
    regrade = _regrade(slug, name, number)
    changes = regrades.changes(db(), regrade)
    return render_template(
        "staff/regrade.html",
        course=regrade.assignment.course,
        assignment=regrade.assignment,
        regrade=regrade,
        counts=regrades.progress(db(), regrade),
        changes=changes,
        report=report.summary(changes),
        failed_jobs=regrades.failed_jobs(db(), regrade),
    )


@bp.get("/courses/<slug>/staff/assignments/<name>/regrades/<row:number>/differences.csv")
def download_differences(slug: str, name: str, number: int) -> FlaskResponse:
    """Download the differences."""
    regrade = _regrade(slug, name, number)
    text = report.differences_csv(regrades.changes(db(), regrade))
    response = FlaskResponse(text, mimetype="text/csv")
    file_name = f"{regrade.assignment.name}-regrade-{regrade.id}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response


@bp.post("/courses/<slug>/staff/assignments/<name>/regrades/<row:number>/publish")
def publish_regrade(slug: str, name: str, number: int) -> Response:
    """Let the new results hold."""
    regrade = _regrade(slug, name, number)
    never_lower = request.form.get("never_lower") == "1"
    note = request.form.get("note", "")
    with writing() as session:
        regrades.publish(session, signed_in(), regrade, never_lower=never_lower, note=note)
    flash("Published. Students see a notice beside their points.", "good")
    return _to(regrade)


@bp.post("/courses/<slug>/staff/assignments/<name>/regrades/<row:number>/discard")
def discard_regrade(slug: str, name: str, number: int) -> Response:
    """Leave all points as they are."""
    regrade = _regrade(slug, name, number)
    with writing() as session:
        regrades.discard(session, signed_in(), regrade)
    flash("Discarded. All points remain unchanged.", "good")
    return _to(regrade)


def _regrade(slug: str, name: str, number: int) -> Regrade:
    assignment = assignment_for(slug, name, Action.REGRADE)
    regrade = db().get(Regrade, number)
    if regrade is None or regrade.assignment_id != assignment.id:
        abort(404)
    return regrade


def _to(regrade: Regrade) -> Response:
    place = url_for(
        "staff.show_regrade",
        slug=regrade.assignment.course.slug,
        name=regrade.assignment.name,
        number=regrade.id,
    )
    return redirect(place, code=303)
