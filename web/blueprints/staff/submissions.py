"""The board of submissions, and each of them as staff and as its student see it."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from web.blueprints.resources import course_for, submission_for
from web.blueprints.staff.blueprint import bp
from web.blueprints.staff.requests import points_version
from web.blueprints.submission_page import staff_page
from web.http import db, signed_in, writing
from web.policy import Action, allowed
from web.services import audit
from web.services.courses.assignments import course_assignments
from web.services.grading.board import Filters, board
from web.services.submissions import submitting


@bp.get("/courses/<slug>/staff/submissions/")
def list_submissions(slug: str) -> str:
    """Show all submissions of a course, by filters."""
    course = course_for(slug, Action.SEE_STAFF_PAGES)
    filters = filters_in(request.args)
    names = allowed(db(), signed_in(), Action.SEE_NAMES, course)
    return render_template(
        "staff/board.html",
        course=course,
        filters=filters,
        board=board(db(), course, filters, names=names),
        assignments=course_assignments(db(), course),
    )


def filters_in(fields: MultiDict[str, str]) -> Filters:
    """Return the board's filters as an address or a form holds them."""
    return Filters(
        assignment=fields.get("assignment", "")[:100],
        state=fields.get("state", "")[:20],
        person=fields.get("person", "")[:100],
        late=fields.get("late") == "1",
        page=fields.get("page", 1, type=int),
    )


@bp.get("/staff/submissions/<public_id>/")
def show_submission(public_id: str) -> str | Response:
    """Show a submission with all that is known, or as its student sees it."""
    submission = submission_for(public_id, Action.SEE_SUBMISSION_AS_STAFF)
    if request.args.get("as") == "student":
        return redirect(url_for("submissions.show_submission", public_id=public_id))
    page = staff_page(db(), submission, chosen=request.args.get("result", type=int))
    return render_template("staff/submission.html", page=page, points_version=points_version)


@bp.post("/staff/submissions/<public_id>/retry")
def retry_grading(public_id: str) -> Response:
    """Retry what could not be graded."""
    submission = submission_for(public_id, Action.RETRY_GRADING)
    with writing() as session:
        submitting.retry(submission)
        course = submission.assignment.course
        audit.record(session, signed_in(), "submission.retried", course=course, target=public_id)
    flash("Queued for grading again.", "good")
    return redirect(url_for("staff.show_submission", public_id=public_id), code=303)
