"""Versions of an assignment: look at them, go back to an earlier one, let a new one wait."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from flask import Response as FlaskResponse
from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from autograder.assignment import load_assignment
from autograder.assignment.listed_tests import list_tests
from autograder.errors import RenderError
from autograder.render.page import notebook_html, stylesheet
from web.blueprints.resources import assignment_for
from web.blueprints.staff.assignments import UPDATED
from web.blueprints.staff.blueprint import bp
from web.http import db, end_transaction, portal, signed_in, writing
from web.models import CourseAssignment, Snapshot
from web.policy import Action
from web.rendering import renderer
from web.security import MATH_FONT, NOTEBOOK_FLAG
from web.services.courses import assignments, snapshots, validation, versions
from web.services.errors import RuleError

KINDS: Final[dict[str, snapshots.Kind]] = {"student": "student", "solution": "solution"}


@bp.get("/courses/<slug>/staff/assignments/<name>/versions/")
def list_versions(slug: str, name: str) -> str:
    """Show which versions of an assignment have graded, and which one does."""
    assignment = assignment_for(slug, name, Action.MANAGE_ASSIGNMENT)
    return render_template(
        "staff/versions.html",
        course=assignment.course,
        assignment=assignment,
        used=versions.used_versions(db(), assignment),
    )


@bp.get("/courses/<slug>/staff/assignments/<name>/versions/<row:number>/")
def show_version(slug: str, name: str, number: int) -> str:
    """Show a version's notebook and tests, and what it would mean to use it."""
    assignment = assignment_for(slug, name, Action.MANAGE_ASSIGNMENT)
    snapshot = _version(assignment, number)
    folder = portal().settings.snapshots
    loaded = load_assignment(snapshots.snapshot_folder(folder, snapshot))
    current = snapshot.id == assignment.snapshot_id
    return render_template(
        "staff/version.html",
        course=assignment.course,
        assignment=assignment,
        snapshot=snapshot,
        validation=validation.validation_of(folder, snapshot),
        tests=list_tests(loaded),
        change=None if current else versions.change_to(db(), assignment, snapshot),
        waits=snapshot.id == assignment.next_snapshot_id,
    )


@bp.get("/courses/<slug>/staff/assignments/<name>/versions/<row:number>/notebook")
def preview_notebook(slug: str, name: str, number: int) -> FlaskResponse:
    """Show a version's notebook, as students get it or solved, for a frame that runs nothing."""
    assignment = assignment_for(slug, name, Action.MANAGE_ASSIGNMENT)
    snapshot = _version(assignment, number)
    kind = KINDS.get(request.args.get("kind", ""), "student")
    # To build and to render it takes a while.
    end_transaction()
    source = snapshots.notebook(portal().settings.snapshots, snapshot, kind)
    try:
        body = _rendered(source.decode(), tuple(each.id for each in snapshot.questions))
    except (RenderError, OSError):
        body = None
    page = render_template(
        "staff/version_notebook.html",
        title=snapshot.title,
        body=body,
        css=stylesheet(),
        font=url_for("static", filename=MATH_FONT),
    )
    response = FlaskResponse(page)
    response.headers[NOTEBOOK_FLAG] = "1"
    return response


@bp.post("/courses/<slug>/staff/assignments/<name>/versions/use")
def use_version(slug: str, name: str) -> Response:
    """Go back to a version that has graded before; earlier submissions keep theirs."""
    assignment = assignment_for(slug, name, Action.MANAGE_ASSIGNMENT)
    snapshot = _version(assignment, request.form.get("version", 0, type=int))
    with writing() as session:
        if snapshot.id == assignment.next_snapshot_id:
            raise RuleError("This version waits for its validation. Use it in the settings.")
        assignments.use_snapshot(session, signed_in(), assignment, snapshot)
    flash(UPDATED, "good")
    return _settings(slug, name)


@bp.post("/courses/<slug>/staff/assignments/<name>/versions/use-waiting")
def use_waiting_version(slug: str, name: str) -> Response:
    """Use the version that waits although its validation has not passed."""
    assignment = assignment_for(slug, name, Action.MANAGE_ASSIGNMENT)
    with writing() as session:
        _refuse_another(assignment)
        versions.use_without_validation(session, signed_in(), assignment)
    flash(UPDATED, "good")
    return _settings(slug, name)


@bp.post("/courses/<slug>/staff/assignments/<name>/versions/discard")
def discard_version(slug: str, name: str) -> Response:
    """Let the version that waits wait no longer."""
    assignment = assignment_for(slug, name, Action.MANAGE_ASSIGNMENT)
    with writing() as session:
        _refuse_another(assignment)
        versions.discard(session, signed_in(), assignment)
    flash("Version discarded. The current version goes on grading.", "good")
    return _settings(slug, name)


# A version never changes; what could not be rendered is tried again.
@lru_cache(maxsize=16)
def _rendered(notebook: str, questions: tuple[str, ...]) -> str:
    return notebook_html(renderer().render(notebook, questions), {})


def _version(assignment: CourseAssignment, number: int) -> Snapshot:
    return versions.version_in(db(), assignment, number) or abort(404)


def _refuse_another(assignment: CourseAssignment) -> None:
    """Go on only if the version that waits is the one which the form was about."""
    waiting = assignment.next_snapshot_id
    if waiting is not None and request.form.get("version", 0, type=int) != waiting:
        raise RuleError("Another version is waiting by now. Check it, then decide.")


def _settings(slug: str, name: str) -> Response:
    return redirect(url_for("staff.show_assignment", slug=slug, name=name), code=303)
