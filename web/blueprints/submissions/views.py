"""One submission: receipt, live progress, result, the executed notebook."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Final

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from werkzeug.wrappers import Response as WerkzeugResponse

from autograder.render.findings import SummaryView, label
from autograder.render.page import annotated_notebook_html, stylesheet
from web.blueprints.resources import submission_for
from web.blueprints.submission_page import RejectedRequest, student_page
from web.blueprints.submissions.streams import EventStream, StreamPlaces
from web.db import Database
from web.http import db, end_transaction, portal, signed_in, writing
from web.models import Submission
from web.policy import Action
from web.security import MATH_FONT, NOTEBOOK_FLAG
from web.services.errors import RuleError
from web.services.grading import requests, visible_marks
from web.services.grading.results import chosen_mark, staff_summary, student_summary
from web.services.submissions import submitting
from web.services.submissions.progress import Status, status_of
from web.services.submissions.rendering import rendered_notebook

bp = Blueprint("submissions", __name__, url_prefix="/submissions")

# Further streams are told to ask again instead. Nobody needs more than two windows at a time.
STREAMS: Final = StreamPlaces(12, each=2)
# What a reader of the executed notebook must be allowed to do, beside its student.
_ACTIONS: Final = {"staff": Action.SEE_SUBMISSION_AS_STAFF, "preview": Action.RELEASE_GRADES}


@bp.get("/<public_id>/")
def show_submission(public_id: str) -> str:
    """Show the receipt, and the result once there is one."""
    submission = submission_for(public_id, Action.SEE_SUBMISSION)
    return _page(submission)


def _page(submission: Submission, rejected: RejectedRequest | None = None) -> str:
    page = student_page(db(), submission, rejected=rejected)
    return render_template("submissions/submission.html", page=page)


@bp.post("/<public_id>/requests/<question_id>")
def ask_for_regrade(public_id: str, question_id: str) -> WerkzeugResponse | tuple[str, int]:
    """Ask to look at a question again; what was written into a refused request stays."""
    submission = submission_for(public_id, Action.ASK_FOR_REGRADE)
    # Untrusted: the student's words; they are shown as cleaned Markdown, or as plain text.
    text = request.form.get("text", "")
    try:
        with writing() as session:
            requests.ask(session, submission, question_id, text)
    except RuleError as error:
        return _page(submission, RejectedRequest(question_id, text, str(error))), 400
    flash(f"Request sent. You will see the reply under Question {label(question_id)}.", "good")
    return redirect(url_for("submissions.show_submission", public_id=public_id), code=303)


@bp.get("/<public_id>/status.json")
def show_status(public_id: str) -> Response:
    """Report where it stands, for browsers that ask again and again."""
    submission = submission_for(public_id, Action.SEE_SUBMISSION)
    return jsonify(asdict(status_of(db(), submission)))


@bp.get("/<public_id>/events")
def stream_status(public_id: str) -> Response:
    """Report where it stands, as server-sent events."""
    submission = submission_for(public_id, Action.SEE_SUBMISSION)
    reader_id = signed_in().id
    if not STREAMS.take(reader_id):
        abort(503)
    look = partial(_look, portal().database, submission.id)
    stream = EventStream(look, closed=partial(STREAMS.give_back, reader_id))
    response = Response(stream, mimetype="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"
    response.call_on_close(stream.close)
    return response


@bp.get("/<public_id>/file")
def download_file(public_id: str) -> Response | tuple[str, int]:
    """Return the bytes exactly as they came."""
    submission = submission_for(public_id, Action.SEE_SUBMISSION)
    path = submitting.stored_file(portal().settings.submissions, submission)
    if not path.is_file():
        title = "This file is damaged"
        advice = "It is missing on the server. Please contact the course staff."
        return render_template("error.html", code=404, title=title, advice=advice), 404
    return send_file(
        path,
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=f"{submission.assignment.name}-{submission.number}.ipynb",
    )


@bp.get("/<public_id>/notebook")
def show_notebook(public_id: str) -> Response:
    """
    Show the executed notebook, each result beside its cell.

    It is for a frame that runs nothing and fetches nothing but our font; ``?as=staff`` tells all
    that is known, of the grading ``result`` if there are several, and ``?as=preview`` what the
    student will know after the release.
    """
    reader = request.args.get("as", "")
    submission = submission_for(public_id, _ACTIONS.get(reader, Action.SEE_SUBMISSION))
    result_id, summary = _result_for(submission, reader)
    if result_id is None or summary is None:
        abort(404)
    # Should it be rendered now, nobody waits for that.
    end_transaction()
    notebook = rendered_notebook(portal().database, result_id)
    # Untrusted: student code made every output; it was cleaned, and the policy is a second wall.
    body = None if notebook is None else annotated_notebook_html(notebook, summary)
    page = render_template(
        "submissions/notebook.html",
        body=body,
        css=stylesheet(),
        font=url_for("static", filename=MATH_FONT),
        submission=submission,
    )
    response = Response(page)
    response.headers[NOTEBOOK_FLAG] = "1"
    return response


def _result_for(submission: Submission, reader: str) -> tuple[int | None, SummaryView | None]:
    """Return the result that a reader looks at, and what they may know of it."""
    if reader == "staff":
        chosen = request.args.get("result", type=int)
        mark = chosen_mark(db(), submission, chosen)
        return (None if mark is None else mark.result_id), staff_summary(db(), mark)
    # Students look at the one that holds: what a regrade gave is theirs once it is published.
    if reader == "preview":
        seen = visible_marks.preview_marks(db(), [submission]).get(submission.id)
    else:
        seen = visible_marks.visible_mark(db(), submission)
    return submission.result_id, student_summary(submission, seen)


def _look(database: Database, submission_id: int) -> Status:
    with database.read() as session:
        return status_of(session, session.get_one(Submission, submission_id))
