"""The board of submissions, and each of them as staff and as its student see it."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.staff import bp
from web.blueprints.staff.common import course_for
from web.http import db, require, signed_in
from web.models import Submission
from web.policy import Action, allowed
from web.services import audit, lookup
from web.services.courses.assignments import course_assignments
from web.services.grading import marks
from web.services.grading.board import Filters
from web.services.grading.board import board as board_of
from web.services.grading.remarks import remarks_of
from web.services.grading.results import all_gradings, staff_summary
from web.services.submissions import submitting
from web.services.submissions.progress import status_of


@bp.get("/courses/<slug>/staff/")
def board(slug: str) -> str:
    """Show all submissions of a course, by filters."""
    course = course_for(slug, Action.SEE_STAFF_PAGES)
    filters = Filters(
        assignment=request.args.get("assignment", "")[:100],
        state=request.args.get("state", "")[:20],
        person=request.args.get("person", "")[:100],
        late=request.args.get("late") == "1",
        page=request.args.get("page", 1, type=int),
    )
    names = allowed(db(), signed_in(), Action.SEE_NAMES, course)
    return render_template(
        "staff/board.html",
        course=course,
        filters=filters,
        board=board_of(db(), course, filters, names=names),
        assignments=course_assignments(db(), course),
    )


@bp.get("/staff/submissions/<public_id>/")
def submission(public_id: str) -> str | Response:
    """Show a submission with all that is known, or as its student sees it."""
    found = _submission(public_id)
    require(Action.SEE_SUBMISSION_AS_STAFF, found)
    if request.args.get("as") == "student":
        return redirect(url_for("submissions.submission", public_id=public_id))
    chosen = request.args.get("result", type=int)
    gradings = all_gradings(db(), found, chosen)
    result_id = next((each.id for each in gradings if each.shown), None)
    mark = marks.mark_of(db(), found, result_id=result_id)
    return render_template(
        "staff/submission.html",
        submission=found,
        course=found.assignment.course,
        status=status_of(db(), found),
        told=staff_summary(db(), mark),
        mark=mark,
        remarks=remarks_of(db(), found, mark),
        gradings=gradings,
    )


@bp.post("/staff/submissions/<public_id>/retry")
def retry(public_id: str) -> Response:
    """Grade again what we could not grade."""
    found = _submission(public_id)
    user = require(Action.RETRY_GRADING, found)
    submitting.retry(found)
    course = found.assignment.course
    audit.record(db(), user, "submission.retried", course=course, target=found.public_id)
    db().commit()
    flash("It is in the queue again.", "good")
    return redirect(url_for("staff.submission", public_id=public_id), code=303)


def _submission(public_id: str) -> Submission:
    signed_in()
    return lookup.submission_by_public_id(db(), public_id) or abort(404)
