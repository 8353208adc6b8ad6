"""What is done to several submissions of the board at once: extend, regrade, download."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response as FlaskResponse
from flask import flash, redirect, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.resources import course_for
from web.blueprints.staff.blueprint import bp
from web.blueprints.staff.extensions import as_list, extensions_page
from web.blueprints.staff.submissions import filters_in
from web.http import db, portal, require, signed_in, writing
from web.models import Course, CourseAssignment, Submission
from web.policy import Action, allowed
from web.services import audit, lookup
from web.services.errors import RuleError
from web.services.grading import board
from web.services.regrading import regrades
from web.services.submissions import submitting
from web.services.submissions.archive import ArchivedFile, safe_name, unique_names, write_archive


@bp.post("/courses/<slug>/staff/selected/extend")
def extend_selected(slug: str) -> str:
    """Show the form that extends the deadline of those whose submissions are selected."""
    course = course_for(slug, Action.MANAGE_COURSE)
    chosen = _selected(course)
    assignment = _one_assignment(chosen, Action.MANAGE_ASSIGNMENT)
    theirs = {each.user_id for each in chosen}
    students = [each for each in lookup.students_of(db(), course) if each.user_id in theirs]
    if not students:
        raise RuleError("None of the selected submissions is of a student of this course.")
    return extensions_page(assignment, {"people": as_list(students)})


@bp.post("/courses/<slug>/staff/selected/regrade")
def regrade_selected(slug: str) -> Response:
    """Queue the selected submissions to be graded again; nobody sees it before it is published."""
    assignment, ids = _to_regrade(course_for(slug, Action.MANAGE_COURSE))
    with writing() as session:
        regrade = regrades.start(session, signed_in(), assignment, regrades.Scope.SELECTED, ids)
    flash("Regrade started in the background. Students see nothing until you publish it.", "good")
    place = url_for("staff.show_regrade", slug=slug, name=assignment.name, number=regrade.id)
    return redirect(place, code=303)


@bp.post("/courses/<slug>/staff/selected/download")
def download_selected(slug: str) -> FlaskResponse:
    """Download the selected notebooks as they were submitted, as one archive."""
    course = course_for(slug, Action.SEE_STAFF_PAGES)
    files = _files(_selected(course))
    # Not in the request's session, which would read all of the submissions again.
    with portal().database.write.begin() as session:
        audit.record(
            session, signed_in(), "submission.downloaded", course=course, notebooks=len(files)
        )
    response = FlaskResponse(write_archive(files), mimetype="application/zip")
    name = f"{safe_name(course.slug)}-notebooks.zip"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _selected(course: Course) -> Sequence[Submission]:
    form = request.form
    names = allowed(db(), signed_in(), Action.SEE_NAMES, course)
    ticked = None if form.get("everything") == "1" else form.getlist("submission")
    found = board.selected(db(), course, filters_in(form), ticked, names=names)
    if not found:
        raise RuleError("Tick at least one submission first.")
    return found


def _to_regrade(course: Course) -> tuple[CourseAssignment, list[str]]:
    """Return plain names of the submissions: rows would be read again where writing begins."""
    chosen = _selected(course)
    return _one_assignment(chosen, Action.REGRADE), [each.public_id for each in chosen]


def _one_assignment(chosen: Sequence[Submission], action: Action) -> CourseAssignment:
    """Return the assignment of all of these submissions, if the person may do this to it."""
    assignment = chosen[0].assignment
    require(action, assignment)
    if any(each.assignment_id != assignment.id for each in chosen):
        raise RuleError(
            "The selected submissions are for several assignments. Filter the list by assignment, "
            "then select again."
        )
    return assignment


def _files(chosen: Sequence[Submission]) -> list[ArchivedFile]:
    """Return notebooks by their names, in whose order nothing tells what belongs together."""
    folder = portal().settings.submissions
    assignments = {each.assignment for each in chosen}
    named = {each.id for each in assignments if allowed(db(), signed_in(), Action.SEE_NAMES, each)}
    called = sorted(
        ((_name(each, named=each.assignment_id in named), each) for each in chosen),
        key=lambda pair: pair[0],
    )
    names = unique_names(name for name, _ in called)
    return [
        ArchivedFile(name, submitting.stored_file(folder, each), each.received_at)
        for name, (_, each) in zip(names, called, strict=True)
    ]


def _name(submission: Submission, *, named: bool) -> str:
    """Name a notebook by student and attempt, or as the board does where names are hidden."""
    user = submission.user
    who = (user.student_number or user.email) if named else submission.label
    return f"{submission.assignment.name}/{safe_name(who)}-attempt-{submission.number}.ipynb"
