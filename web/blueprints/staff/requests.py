"""Students' requests to look at a question again, and their answers; changed points."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.staff import bp
from web.blueprints.staff.common import course_for, tenths_field
from web.http import db, require, signed_in
from web.models import Course, RegradeRequest, Submission, User
from web.policy import Action
from web.services import lookup
from web.services.errors import RuleError
from web.services.grading import overrides, requests


@bp.get("/courses/<slug>/staff/requests/")
def regrade_requests(slug: str) -> str:
    """Show what students ask to look at again: those that wait the longest first."""
    course = course_for(slug, Action.SEE_STAFF_PAGES)
    return _page(course, everything=request.args.get("all") == "1")


@bp.post("/staff/requests/<row:number>/answer")
def answer_request(number: int) -> Response | tuple[str, int]:
    """Answer a student's request, with new points if they are right."""
    signed_in()
    found = db().get(RegradeRequest, number) or abort(404)
    user = require(Action.GRADE, found.submission)
    course = found.submission.assignment.course
    try:
        _answer(user, found)
    except RuleError as error:
        db().rollback()
        return _page(course, refused=number, error=str(error)), 400
    db().commit()
    flash("The student sees your answer now.", "good")
    return redirect(url_for("staff.regrade_requests", slug=course.slug), code=303)


def _answer(user: User, found: RegradeRequest) -> None:
    decision = request.form.get("decision")
    if decision not in ("accept", "decline"):
        raise RuleError("Choose whether you accept or decline.")
    requests.answer(
        db(),
        user,
        found,
        accepted=decision == "accept",
        text=request.form.get("answer", ""),
        tenths=tenths_field("points", "New points"),
    )


def _page(
    course: Course, *, everything: bool = False, refused: int | None = None, error: str = ""
) -> str:
    """Render the page; what was typed into a refused answer stays."""
    return render_template(
        "staff/requests.html",
        course=course,
        requests=requests.of_course(db(), course, only_open=not everything),
        everything=everything,
        refused=refused,
        error=error,
        typed=request.form,
    )


@bp.post("/staff/submissions/<public_id>/points/<question_id>")
def change_points(public_id: str, question_id: str) -> Response:
    """Give a question other points, with a reason that the student reads."""
    found = _submission(public_id)
    user = require(Action.GRADE, found)
    tenths = tenths_field("points", "Points")
    overrides.set_points(db(), user, found, question_id, tenths, request.form.get("reason", ""))
    db().commit()
    flash("The points are changed.", "good")
    return redirect(url_for("staff.submission", public_id=public_id), code=303)


@bp.post("/staff/submissions/<public_id>/points/<question_id>/restore")
def restore_points(public_id: str, question_id: str) -> Response:
    """Take a change of points back."""
    found = _submission(public_id)
    user = require(Action.GRADE, found)
    overrides.remove(db(), user, found, question_id)
    db().commit()
    flash("What the tests or a person gave holds again.", "good")
    return redirect(url_for("staff.submission", public_id=public_id), code=303)


def _submission(public_id: str) -> Submission:
    signed_in()
    return lookup.submission_by_public_id(db(), public_id) or abort(404)
