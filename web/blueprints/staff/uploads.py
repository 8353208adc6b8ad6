"""Upload an assignment to a course."""

from __future__ import annotations

from flask import abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from autograder.assignment import Assignment
from web.blueprints.resources import course_for
from web.blueprints.staff.assignments import UPDATED, WAITS
from web.blueprints.staff.blueprint import bp
from web.http import end_transaction, portal, signed_in, writing
from web.models import User
from web.policy import Action
from web.services import audit, lookup
from web.services.courses import assignments, snapshots, uploads, validation, versions
from web.services.errors import RuleError


@bp.post("/courses/<slug>/staff/assignments/upload")
def upload_assignment(slug: str) -> Response:
    """Add an assignment that comes as an archive, or a new version of one that came so before."""
    course = course_for(slug, Action.UPLOAD_ASSIGNMENT)
    user, folder = signed_in(), portal().settings.snapshots
    prepared = _prepared(user)
    with writing() as session:
        snapshot = snapshots.import_version(session, prepared)
        session.flush()
        audit.record(
            session,
            user,
            "assignment.uploaded",
            course=course,
            target=prepared.name,
            content_hash=prepared.content_hash,
        )
        assignment = lookup.assignment_by_name(session, slug, prepared.name)
        if assignment is None:
            assignment = assignments.add_to_course(session, user, course, snapshot)
            words = f"“{snapshot.title}” added; validation has started."
        else:
            used = versions.propose(session, folder, user, assignment, snapshot)
            words = UPDATED if used else WAITS
    validation.request(folder, snapshot)
    flash(words, "good")
    return redirect(url_for("staff.show_assignment", slug=slug, name=assignment.name), code=303)


def _prepared(user: User) -> Assignment:
    upload = request.files.get("archive")
    if upload is None or not upload.filename:
        raise RuleError("Choose the archive first, then press “Upload”.")
    settings = portal().settings
    offered = {each.name for each in snapshots.offers(settings.assignment_folders)}
    # To unpack, to read and to build it takes seconds.
    end_transaction()
    if (request.content_length or 0) > settings.max_upload_bytes:
        abort(413)
    # Untrusted: every byte of it.
    with uploads.unpacked(upload.stream, user, settings.snapshots) as unpacked:
        if unpacked.name in offered:
            raise RuleError(
                f"An assignment “{unpacked.name}” is on the server. Give the folder and its "
                "notebook another name."
            )
        return snapshots.prepare_folder(settings.snapshots, unpacked)
