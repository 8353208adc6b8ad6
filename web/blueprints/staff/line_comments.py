"""Comment on single lines of a student's own code or text."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.resources import submission_for
from web.blueprints.staff.blueprint import bp
from web.http import db, signed_in, writing
from web.models import Submission
from web.policy import Action
from web.services.errors import RuleError
from web.services.grading import line_comments, marks


@bp.get("/staff/submissions/<public_id>/lines/<question_id>")
def show_lines(public_id: str, question_id: str) -> str:
    """Show a student's own cells for a question line by line, with the comments on them."""
    return _page(_submission(public_id, question_id), question_id)


@bp.post("/staff/submissions/<public_id>/lines/<question_id>")
def comment_on_line(public_id: str, question_id: str) -> Response | tuple[str, int]:
    """Write a comment to a line."""
    submission = _submission(public_id, question_id)
    # Untrusted: a made-up place, which is looked for among the student's own lines.
    cell, _, line = request.form.get("line", "").partition(":")
    try:
        place = int(cell), int(line)
    except ValueError:
        place = -1, 0
    text = request.form.get("text", "")
    try:
        with writing() as session:
            line_comments.add(session, signed_in(), submission, question_id, *place, text)
    except RuleError as error:
        return _page(submission, question_id, problem=str(error)), 400
    flash("Comment saved.", "good")
    return _back(public_id, question_id)


@bp.post("/staff/submissions/<public_id>/lines/<row:number>/delete")
def delete_line_comment(public_id: str, number: int) -> Response:
    """Delete a comment on a line."""
    submission = submission_for(public_id, Action.GRADE)
    with writing() as session:
        question_id = line_comments.delete(session, signed_in(), submission, number).question
    flash("Comment deleted.", "good")
    return _back(public_id, question_id)


def _submission(public_id: str, question_id: str) -> Submission:
    submission = submission_for(public_id, Action.GRADE)
    if marks.question_mark_of(db(), submission, question_id) is None:
        abort(404)
    return submission


def _back(public_id: str, question_id: str) -> Response:
    place = url_for("staff.show_lines", public_id=public_id, question_id=question_id)
    return redirect(place, code=303)


def _page(submission: Submission, question_id: str, *, problem: str = "") -> str:
    comments = line_comments.of_submission(db(), submission)
    return render_template(
        "staff/line_comments.html",
        course=submission.assignment.course,
        submission=submission,
        question_id=question_id,
        cells=line_comments.own_lines(submission, question_id),
        comments=[each for each in comments if each.question == question_id],
        problem=problem,
        typed=request.form,
    )
