"""A student's courses and assignments: see, download, submit."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import Final

from flask import Blueprint, abort, flash, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from autograder.assignment import public_data
from web import arrivals
from web.blueprints.resources import assignment_for, course_for
from web.db import now
from web.http import db, end_transaction, portal, signed_in, writing
from web.models import CourseAssignment, Membership, Role, Submission, User
from web.policy import Action, allowed
from web.services import lookup
from web.services.courses import announcements, extension_requests, snapshots
from web.services.courses.courses import zone_of
from web.services.courses.local_time import parse_local
from web.services.courses.rule_book import rules_for
from web.services.errors import RuleError
from web.services.gradebook import gradebook
from web.services.grading import student_list, student_view
from web.services.regrading.notices import notices
from web.services.submissions import queue, submitting

bp = Blueprint("courses", __name__)
_ANOTHER_NOTEBOOK: Final = (
    "This file does not look like the notebook that you downloaded here. If it is the wrong one, "
    "submit the right one; answers in it are graded all the same."
)


@bp.get("/")
def list_courses() -> str | Response:
    """Show one's courses; who has one course only goes straight to it."""
    user = signed_in()
    memberships = lookup.courses_of(db(), user)
    if len(memberships) == 1 and not user.is_admin:
        return redirect(_landing(memberships[0]))
    return render_template(
        "courses/index.html",
        memberships=memberships,
        due=student_list.due_next(db(), user, memberships),
        all_courses=lookup.all_courses(db()) if user.is_admin else [],
    )


@bp.get("/courses/<slug>/")
def show_course(slug: str) -> str:
    """Show a course's assignments by deadline: what is due next, what is open, what is past."""
    course = course_for(slug, Action.SEE_COURSE)
    user = signed_in()
    views = student_view.released(db(), user, course)
    return render_template(
        "courses/course.html",
        course=course,
        staff=allowed(db(), user, Action.SEE_STAFF_PAGES, course),
        assignments=student_list.student_list(views),
        grades=gradebook.own_grades(db(), course, user, views),
        own_late_days=student_view.late_days_in(db(), user, course),
        announcements=announcements.of_course(db(), course, announcements.SHOWN + 1),
        shown_announcements=announcements.SHOWN,
    )


@bp.get("/courses/<slug>/announcements/")
def list_announcements(slug: str) -> str:
    """Show all that a course has told everybody in it."""
    course = course_for(slug, Action.SEE_COURSE)
    found = announcements.of_course(db(), course)
    return render_template("courses/announcements.html", course=course, announcements=found)


@bp.get("/courses/<slug>/assignments/<name>/")
def show_assignment(slug: str, name: str) -> str:
    """Show an assignment: rules, downloads, the form to submit, attempts."""
    return _assignment_page(assignment_for(slug, name, Action.SEE_ASSIGNMENT))


@bp.post("/courses/<slug>/assignments/<name>/extension-requests")
def ask_for_extension(slug: str, name: str) -> Response | tuple[str, int]:
    """Ask for a later deadline; what was written into a refused request stays."""
    assignment = assignment_for(slug, name, Action.ASK_FOR_EXTENSION)
    user = signed_in()
    # Untrusted: the student's words; they are shown as plain text.
    text = request.form.get("text", "")
    try:
        until = parse_local(request.form.get("until", ""), zone_of(assignment.course))
        with writing() as session:
            rules = rules_for(session, assignment, user)
            extension_requests.ask(session, assignment, user, rules, until, text)
    except RuleError as error:
        return _assignment_page(assignment, refusal=str(error)), 400
    flash("Request sent. You will see the reply on this page.", "good")
    return redirect(url_for("courses.show_assignment", slug=slug, name=name), code=303)


def _assignment_page(assignment: CourseAssignment, refusal: str = "") -> str:
    """Render the page; beside the reason why a request is refused, what was typed stays."""
    user = signed_in()
    view = student_view.as_student(db(), user, assignment)
    counts = view.counted if view.results_visible else None
    return render_template(
        "courses/assignment.html",
        course=assignment.course,
        view=view,
        notices=[] if counts is None else notices(db(), counts, view.visibility),
        data_files=[path for path, _ in public_data(_snapshot_folder(assignment))],
        solution=assignment.solution_at and allowed(db(), user, Action.SEE_SOLUTION, assignment),
        staff=allowed(db(), user, Action.SEE_STAFF_PAGES, assignment.course),
        released=assignment.is_released(now()),
        max_megabytes=portal().settings.max_upload_bytes // 2**20,
        extension_requests=extension_requests.of_student(db(), assignment, user),
        typed=request.form if refusal else {},
        refusal=refusal,
        arrival=arrivals.kept(user),
    )


@bp.get("/courses/<slug>/assignments/<name>/notebook")
def download_notebook(slug: str, name: str) -> Response:
    """Download the notebook to fill in."""
    assignment = assignment_for(slug, name, Action.SEE_ASSIGNMENT)
    return _download(_notebook(assignment, "student"), f"{name}.ipynb")


@bp.get("/courses/<slug>/assignments/<name>/solution")
def download_solution(slug: str, name: str) -> Response:
    """Download the solved notebook, once it is released."""
    assignment = assignment_for(slug, name, Action.SEE_SOLUTION)
    return _download(_notebook(assignment, "solution"), f"{name}-solution.ipynb")


@bp.get("/courses/<slug>/assignments/<name>/data/<path:file_name>")
def download_data(slug: str, name: str, file_name: str) -> Response:
    """Download a file that belongs to the notebook."""
    assignment = assignment_for(slug, name, Action.SEE_ASSIGNMENT)
    # Untrusted: the name comes from the address bar; only names of the assignment's files match.
    files = dict(public_data(_snapshot_folder(assignment)))
    source = files.get(f"data/{file_name}") or abort(404)
    return _download(source.read_bytes(), source.name)


@bp.post("/courses/<slug>/assignments/<name>/submit")
def submit_notebook(slug: str, name: str) -> Response:
    """Accept a notebook and go to its receipt."""
    assignment = assignment_for(slug, name, Action.SUBMIT)
    user = signed_in()
    upload = request.files.get("notebook")
    if upload is None or not upload.filename:
        raise RuleError("Choose your notebook file first, then press “Submit”.")
    # Untrusted: bytes and name are the student's.
    content = upload.stream.read(portal().settings.max_upload_bytes + 1)
    if len(content) > portal().settings.max_upload_bytes:
        abort(413)
    # Who is too late is told so, whatever the file is.
    received_at = arrivals.received_at(user, content)
    submitting.check_may_submit(db(), user, assignment, received_at)
    queue.refuse_more(db(), user)
    end_transaction()
    given = _check_notebook(user, content, name, upload.filename)
    submission = _submit(user, assignment, upload.filename, content, received_at)
    flash("Submitted. This page is your receipt.", "good")
    if not given:
        flash(_ANOTHER_NOTEBOOK, "wait")
    receipt = url_for("submissions.show_submission", public_id=submission.public_id)
    return arrivals.forget(redirect(receipt, code=303))


@bp.post("/courses/<slug>/assignments/<name>/hand-in")
def submit_at_old_address(slug: str, name: str) -> Response:
    """Send on what comes from a page that was opened before the address changed."""
    assignment_for(slug, name, Action.SUBMIT)
    return redirect(url_for("courses.submit_notebook", slug=slug, name=name), code=308)


def _landing(membership: Membership) -> str:
    """Return where somebody lands in a course: staff on what waits, students on assignments."""
    student = membership.role is Role.STUDENT
    endpoint = "courses.show_course" if student else "staff.show_dashboard"
    return url_for(endpoint, slug=membership.course.slug)


def _check_notebook(user: User, content: bytes, name: str, file_name: str) -> bool:
    uploads = portal().uploads
    uploads.check(user.id)
    try:
        return submitting.check_notebook(content, name, file_name)
    except RuleError:
        uploads.note(user.id)
        raise


def _submit(
    user: User, assignment: CourseAssignment, file_name: str, content: bytes, received_at: datetime
) -> Submission:
    folder = portal().settings.submissions
    submission = None
    try:
        with writing() as session:
            submission = submitting.submit(
                session, folder, user, assignment, file_name, content, received_at
            )
    except Exception:
        if submission is not None:
            submitting.stored_file(folder, submission).unlink()
        raise
    return submission


def _notebook(assignment: CourseAssignment, kind: snapshots.Kind) -> bytes:
    snapshot = assignment.snapshot
    end_transaction()
    return snapshots.notebook(portal().settings.snapshots, snapshot, kind)


def _snapshot_folder(assignment: CourseAssignment) -> Path:
    return snapshots.snapshot_folder(portal().settings.snapshots, assignment.snapshot)


def _download(content: bytes, name: str) -> Response:
    return send_file(
        io.BytesIO(content),
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=name,
    )
