"""A student's courses and assignments: see, download, hand in."""

from __future__ import annotations

import io
from pathlib import Path

from flask import Blueprint, abort, flash, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from autograder.assignment import public_data
from web.db import now
from web.http import db, end_transaction, portal, require, signed_in
from web.models import Course, CourseAssignment, Role
from web.policy import Action, allowed, role_in
from web.services import lookup
from web.services.courses import snapshots
from web.services.errors import RuleError
from web.services.gradebook import gradebook
from web.services.grading import student_view
from web.services.regrading import regrades
from web.services.submissions import submitting

bp = Blueprint("courses", __name__)


@bp.get("/")
def index() -> str | Response:
    """Show one's courses; who has one course only goes straight to it."""
    user = signed_in()
    memberships = lookup.courses_of(db(), user)
    if len(memberships) == 1 and not user.is_admin:
        return redirect(url_for("courses.course", slug=memberships[0].course.slug))
    others = lookup.all_courses(db()) if user.is_admin else []
    return render_template("courses/index.html", memberships=memberships, all_courses=others)


@bp.get("/courses/<slug>/")
def course(slug: str) -> str:
    """Show a course's assignments with state, points and deadline."""
    found = _course(slug)
    user = require(Action.SEE_COURSE, found)
    role = Role.INSTRUCTOR if user.is_admin else role_in(db(), user, found)
    return render_template(
        "courses/course.html",
        course=found,
        staff=student_view.is_staff(role),
        assignments=student_view.released(db(), user, found),
        grades=gradebook.own_grades(db(), found, user),
    )


@bp.get("/courses/<slug>/assignments/<name>/")
def assignment(slug: str, name: str) -> str:
    """Show an assignment: rules, downloads, the form to hand in, attempts."""
    found = _assignment(slug, name)
    user = require(Action.SEE_ASSIGNMENT, found)
    view = student_view.as_student(db(), user, found)
    counts = view.counted if view.results_visible else None
    return render_template(
        "courses/assignment.html",
        course=found.course,
        view=view,
        notices=regrades.notices(db(), counts) if counts is not None else [],
        data_files=[path for path, _ in public_data(_snapshot_folder(found))],
        solution=allowed(db(), user, Action.SEE_SOLUTION, found) and found.solution_at,
        staff=allowed(db(), user, Action.SEE_STAFF_PAGES, found.course),
        released=found.release_at is not None and found.release_at <= now(),
        max_megabytes=portal().settings.max_upload_bytes // 2**20,
    )


@bp.get("/courses/<slug>/assignments/<name>/notebook")
def notebook(slug: str, name: str) -> Response:
    """Download the notebook to fill in."""
    found = _assignment(slug, name)
    require(Action.SEE_ASSIGNMENT, found)
    return _download(_notebook(found, "student"), f"{name}.ipynb")


@bp.get("/courses/<slug>/assignments/<name>/solution")
def solution(slug: str, name: str) -> Response:
    """Download the solved notebook, once it is released."""
    found = _assignment(slug, name)
    require(Action.SEE_SOLUTION, found)
    return _download(_notebook(found, "solution"), f"{name}-solution.ipynb")


@bp.get("/courses/<slug>/assignments/<name>/data/<path:file_name>")
def data(slug: str, name: str, file_name: str) -> Response:
    """Download a file that belongs to the notebook."""
    found = _assignment(slug, name)
    require(Action.SEE_ASSIGNMENT, found)
    # Untrusted: the name comes from the address bar; only names of the assignment's files match.
    files = dict(public_data(_snapshot_folder(found)))
    source = files.get(f"data/{file_name}") or abort(404)
    return _download(source.read_bytes(), source.name)


@bp.post("/courses/<slug>/assignments/<name>/hand-in")
def submit(slug: str, name: str) -> Response:
    """Accept a notebook and go to its receipt."""
    found = _assignment(slug, name)
    user = require(Action.SUBMIT, found)
    upload = request.files.get("notebook")
    if upload is None or not upload.filename:
        raise RuleError("Choose a notebook first, then hand it in.")
    # Untrusted: bytes and name are the student's.
    content = upload.stream.read(portal().settings.max_upload_bytes + 1)
    if len(content) > portal().settings.max_upload_bytes:
        abort(413)
    # Who is too late is told so, whatever the file is.
    received_at = now()
    submitting.check_may_submit(db(), user, found, received_at)
    end_transaction()
    submission = submitting.submit(
        db(), portal().settings.submissions, user, found, upload.filename, content, received_at
    )
    try:
        db().commit()
    except Exception:
        submitting.stored_file(portal().settings.submissions, submission).unlink()
        raise
    flash("Your notebook has arrived. This page is your receipt.", "good")
    return redirect(url_for("submissions.submission", public_id=submission.public_id), code=303)


def _course(slug: str) -> Course:
    signed_in()
    return lookup.course_by_slug(db(), slug) or abort(404)


def _assignment(slug: str, name: str) -> CourseAssignment:
    signed_in()
    return lookup.assignment_by_name(db(), slug, name) or abort(404)


def _notebook(found: CourseAssignment, kind: snapshots.Kind) -> bytes:
    snapshot = found.snapshot
    end_transaction()
    return snapshots.notebook(portal().settings.snapshots, snapshot, kind)


def _snapshot_folder(found: CourseAssignment) -> Path:
    return snapshots.snapshot_folder(portal().settings.snapshots, found.snapshot)


def _download(content: bytes, name: str) -> Response:
    return send_file(
        io.BytesIO(content),
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=name,
    )
