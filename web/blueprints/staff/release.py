"""Release people's grades in one step; see before what students will see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.resources import assignment_for, submission_for
from web.blueprints.staff.blueprint import bp
from web.blueprints.staff.form_fields import whole_field
from web.blueprints.staff.form_versions import Shown, refuse_outdated, shown_columns, version_of
from web.blueprints.submission_page import student_page
from web.http import db, signed_in, writing
from web.models import CourseAssignment
from web.policy import Action, allowed
from web.services.courses.courses import zone_of
from web.services.courses.local_time import format_local, parse_local
from web.services.grading import release, requests, written_answers

LABELS: Final[Mapping[str, str]] = {
    "anonymous_grading": "Anonymous grading: hide names and file names from graders",
    "regrade_requests": "Students can request a regrade of a question",
    "regrade_request_days": "Days for regrade requests",
    "regrade_requests_until": "Regrade requests until",
}


@bp.get("/courses/<slug>/staff/grading/<name>/")
def show_assignment_grading(slug: str, name: str) -> str:
    """Show how far an assignment's grading is, its rules, and the release."""
    assignment = assignment_for(slug, name, Action.GRADE)
    state = release.readiness(db(), assignment)
    zone = zone_of(assignment.course)
    return render_template(
        "staff/assignment_grading.html",
        course=assignment.course,
        assignment=assignment,
        state=state,
        written=[
            (question, written_answers.queue(db(), assignment, question.id, state.marks))
            for question in written_answers.written_questions(assignment.snapshot)
        ],
        visible_from=release.visible_from(assignment),
        open_requests=requests.open_by_assignment(db(), assignment.course).get(assignment.id, 0),
        may_release=allowed(db(), signed_in(), Action.RELEASE_GRADES, assignment),
        rules_version=version_of(_rules_shown(assignment)),
        labels=LABELS,
        local=lambda moment: format_local(moment, zone),
    )


@bp.post("/courses/<slug>/staff/grading/<name>/rules")
def change_grading_rules(slug: str, name: str) -> Response:
    """Set whether names are hidden, and whether and until when students may ask."""
    assignment = assignment_for(slug, name, Action.RELEASE_GRADES)
    last = parse_local(request.form.get("regrade_requests_until", ""), zone_of(assignment.course))
    rules = release.GradingRules(
        anonymous_grading=request.form.get("anonymous_grading") == "1",
        regrade_requests=request.form.get("regrade_requests") == "1",
        regrade_requests_until=last,
        regrade_request_days=whole_field("regrade_request_days", LABELS["regrade_request_days"]),
    )
    with writing() as session:
        refuse_outdated(_rules_shown(assignment))
        release.set_grading_rules(session, signed_in(), assignment, rules)
    flash("Settings saved.", "good")
    return redirect(url_for("staff.show_assignment_grading", slug=slug, name=name), code=303)


@bp.get("/courses/<slug>/staff/grading/<name>/preview/<public_id>/")
def preview_submission(slug: str, name: str, public_id: str) -> str:
    """Show a submission exactly as its student will see it after the release."""
    assignment = assignment_for(slug, name, Action.RELEASE_GRADES)
    submission = submission_for(public_id, Action.SEE_SUBMISSION_AS_STAFF)
    if submission.assignment_id != assignment.id:
        abort(404)
    page = student_page(db(), submission, preview=True)
    return render_template("submissions/submission.html", page=page)


@bp.post("/courses/<slug>/staff/grading/<name>/release")
def release_grades(slug: str, name: str) -> Response:
    """Let students see what people gave."""
    assignment = assignment_for(slug, name, Action.RELEASE_GRADES)
    with writing() as session:
        count = release.release(session, signed_in(), assignment)
    flash(f"Released: {count} submission{'s' * (count != 1)}.", "good")
    return redirect(url_for("staff.show_assignment_grading", slug=slug, name=name), code=303)


@bp.post("/courses/<slug>/staff/grading/<name>/withdraw")
def withdraw_grades(slug: str, name: str) -> Response:
    """Hide what people gave again."""
    assignment = assignment_for(slug, name, Action.RELEASE_GRADES)
    with writing() as session:
        release.withdraw(session, signed_in(), assignment)
    flash("Manual grades are hidden again.", "good")
    return redirect(url_for("staff.show_assignment_grading", slug=slug, name=name), code=303)


@bp.post("/courses/<slug>/staff/grading/<name>/hide-results")
def hide_results(slug: str, name: str) -> Response:
    """Hold points and hidden results back again until a moment to come."""
    assignment = assignment_for(slug, name, Action.RELEASE_GRADES)
    until = parse_local(request.form.get("until", ""), zone_of(assignment.course))
    with writing() as session:
        release.hide_results(session, signed_in(), assignment, until)
    flash("Results are hidden again.", "good")
    return redirect(url_for("staff.show_assignment_grading", slug=slug, name=name), code=303)


def _rules_shown(assignment: CourseAssignment) -> dict[str, Shown]:
    return shown_columns(assignment, LABELS, zone_of(assignment.course))
