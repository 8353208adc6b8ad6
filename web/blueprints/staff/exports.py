"""Marks for other systems: a page that says whose, and the files."""

from __future__ import annotations

import base64
import binascii
import io
import zlib
from collections.abc import Mapping
from typing import Any, Final

from flask import abort, render_template, request, send_file
from werkzeug.wrappers import Response

from web.blueprints.resources import assignment_for, course_for
from web.blueprints.staff.blueprint import bp
from web.http import db, portal, signed_in
from web.models import CourseAssignment
from web.policy import Action
from web.services import audit
from web.services.errors import RuleError
from web.services.gradebook.exports import canvas, gradescope, moodle, plain
from web.services.gradebook.exports.filling import Filled
from web.services.gradebook.exports.selection import Choice, Selection, select_marks
from web.services.gradebook.gradebook import Gradebook, gradebook

_MAX_BYTES: Final = 5_000_000
_CSV, _ZIP = "text/csv", "application/zip"


@bp.get("/courses/<slug>/staff/assignments/<name>/export")
def show_exports(slug: str, name: str) -> str:
    """Show which scores would be exported, who is left out and why, and the formats."""
    assignment = assignment_for(slug, name, Action.EXPORT_MARKS)
    choice = _choice(request.args)
    selection = select_marks(db(), assignment, choice)
    return render_template(
        "staff/exports.html",
        course=assignment.course,
        assignment=assignment,
        choice=choice,
        selection=selection,
        not_for_canvas=canvas.without_safe_identifier(selection),
    )


@bp.post("/courses/<slug>/staff/assignments/<name>/export")
def export_marks(slug: str, name: str) -> Response | str:
    """Return a file of marks; for a file that is filled in, first what would come of it."""
    assignment = assignment_for(slug, name, Action.EXPORT_MARKS)
    choice = _choice(request.form)
    selection = select_marks(db(), assignment, choice)
    kind = request.form.get("kind", "")
    if kind == "plain":
        content = plain.assignment_csv(selection)
        return _download(selection, choice, kind, content, f"marks-{assignment.name}.csv")
    if kind == "gradescope":
        content = gradescope.results_zip(db(), selection)
        return _download(selection, choice, kind, content, f"gradescope-{assignment.name}.zip")
    if kind == "canvas":
        filled = canvas.canvas_file(selection, request.form.get("title", "")[:300])
        return _download(selection, choice, kind, filled.content, filled.file_name)
    if kind not in ("moodle", "canvas-filled"):
        raise RuleError("Choose an export format.")
    data = _uploaded()
    filled = _fill(kind, data, selection)
    if request.form.get("step") == "download":
        return _download(selection, choice, kind, filled.content, filled.file_name)
    page = render_template(
        "staff/export_filled.html",
        course=assignment.course,
        assignment=assignment,
        selection=selection,
        kind=kind,
        filled=filled,
        packed=base64.b64encode(zlib.compress(data)).decode(),
    )
    _record("marks.previewed", selection, choice, kind)
    return page


@bp.post("/courses/<slug>/staff/gradebook/export")
def export_gradebook(slug: str) -> Response:
    """Return the whole gradebook as plain CSV."""
    course = course_for(slug, Action.EXPORT_MARKS)
    choice = _choice(request.form)
    book = gradebook(db(), course)
    _record_book("gradebook.exported", book, unreleased=choice.unreleased)
    return _file(plain.course_csv(book, choice), f"gradebook-{course.slug}.csv")


@bp.post("/courses/<slug>/staff/grades/export")
def export_course_grades(slug: str) -> Response:
    """Return final grades as plain CSV."""
    course = course_for(slug, Action.EXPORT_MARKS)
    book = gradebook(db(), course)
    _record_book("gradebook.grades_exported", book)
    return _file(plain.grades_csv(book), f"grades-{course.slug}.csv")


def _choice(values: Mapping[str, str]) -> Choice:
    return Choice(values.get("unreleased") == "1", values.get("absent_as_zero") == "1")


def _fill(kind: str, data: bytes, selection: Selection) -> Filled:
    title = request.form.get("title", "")[:300]
    scale = request.form.get("scale") == "1"
    if kind == "moodle":
        return moodle.fill_worksheet(data, selection, grade_title=title, scale=scale)
    return canvas.fill_canvas_export(data, selection, title, scale=scale)


def _uploaded() -> bytes:
    """Return the uploaded file; at the second step it comes back packed into the form."""
    # Untrusted: at both steps, since a browser sends what it likes.
    packed = request.form.get("packed")
    if packed is not None:
        try:
            unpacker = zlib.decompressobj()
            data = unpacker.decompress(base64.b64decode(packed, validate=True), _MAX_BYTES)
        except (binascii.Error, zlib.error):
            abort(400)
        return data
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise RuleError("Choose a file first.")
    data = upload.stream.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        abort(413)
    return data


def _download(
    selection: Selection, choice: Choice, kind: str, content: bytes, name: str
) -> Response:
    """Send marks, with an entry in the log."""
    _record("marks.exported", selection, choice, kind)
    return _file(content, name)


def _record(action: str, selection: Selection, choice: Choice, kind: str) -> None:
    """Note in the log who read or took out which marks; a preview names persons, too."""
    assignment: CourseAssignment = selection.assignment
    with portal().database.write.begin() as session:
        audit.record(
            session,
            signed_in(),
            action,
            course=assignment.course,
            target=assignment.name,
            format=kind,
            marks=len(selection.rows),
            left_out=len(selection.left_out),
            unreleased=choice.unreleased,
            absent_as_zero=choice.absent_as_zero,
        )


def _record_book(action: str, book: Gradebook, **more: Any) -> None:
    """Note in the log who took out a whole course's points or grades."""
    with portal().database.write.begin() as session:
        audit.record(
            session, signed_in(), action, course=book.course, students=len(book.rows), **more
        )


def _file(content: bytes, name: str) -> Response:
    kind = _ZIP if name.endswith(".zip") else _CSV
    return send_file(io.BytesIO(content), mimetype=kind, as_attachment=True, download_name=name)
